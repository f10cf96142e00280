/* SPDX-License-Identifier: Apache-2.0 */
/** A loop that goes on behind the events that an earlier owner had appended. */
#include "actors/worker/path.h"
#include "actors/worker/step_run_internal.h"

/* What a done iteration had written, from its task events. */
static void written(tr_value events, tr_value *shared, tr_value *vars)
{
	for (size_t i = 0; i < tr_array_len(events); i++) {
		event e;
		if (event_from_value(tr_array_at(events, i), &e) == TR_OK) {
			tr_value list = writes_shared_back(e.payload), map = tr_map_get_s(e.payload, "vars");
			if (tr_is_valid(list))
				*shared = tr_array_concat(*shared, list);
			if (tr_is(map, TR_MAP))
				*vars = tr_map_merge(*vars, tr_keep(map));
		}
		event_fini(&e);
	}
}

static void done_before(step_run *s, const event *e, tr_value events)
{
	step_loop *l = s->loop;
	names *n = &l->render.names;
	tr_value shared = tr_array(), vars = tr_map();
	written(events, &shared, &vars);
	if (s->run->step->loop.mode != PB_PARALLEL)
		step_loop_take_vars(l, vars);
	tr_drop(vars);
	bool good = tr_str_is(tr_as_str(tr_map_get_s(e->payload, "status")), "success");
	results_add(&l->results, e->iteration, good, tr_keep(tr_map_get_s(e->payload, "result")),
		    tr_keep(tr_map_get_s(e->payload, "error")), shared, n->vars);
	l->resumed = tr_map_put(l->resumed, tr_int(e->iteration), tr_nil());
}

bool step_loop_resume(step_run *s, tr_value resume)
{
	step_loop *l = s->loop;
	bool started = false;
	if (tr_array_len(resume) > 0)
		l->resumed = tr_map();
	for (size_t i = 0; i < tr_array_len(resume); i++) {
		tr_value v = tr_array_at(resume, i);
		event e;
		if (event_from_value(v, &e) != TR_OK)
			continue;
		if (e.type == EVENT_LOOP_STARTED)
			started = true;
		if (e.iteration < 0 && s->run->step->loop.cursor)
			step_cursor_resume(s, &e);
		if (e.iteration >= 0) {
			tr_value key = tr_int(e.iteration);
			tr_value events = tr_map_get(l->resumed, key);
			if (e.type == EVENT_ITERATION_DONE)
				done_before(s, &e, events);
			else
				l->resumed = tr_map_put(
				    l->resumed, key,
				    tr_array_push(tr_is_valid(events) ? tr_keep(events) : tr_array(), tr_keep(v)));
		}
		event_fini(&e);
	}
	return started;
}
