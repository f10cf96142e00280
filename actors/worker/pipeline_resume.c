/* SPDX-License-Identifier: Apache-2.0 */
/** Going on behind the events that an earlier owner of the pipeline had appended. */
#include "actors/worker/path.h"
#include "actors/worker/pipeline_internal.h"

static int64_t task_index(const pipeline *p, tr_str label)
{
	for (size_t i = 0; i < p->step->task_count; i++) {
		if (tr_str_eq(p->step->tasks[i].label, label))
			return (int64_t)i;
	}
	return -1;
}

/* ctx as the command has it already holds all that was appended; the rest is the pipeline's own. Templates see values
 * that load themselves; what was written is told again at the end, as the event has it. */
static void apply(pipeline *p, writes *w, tr_value payload)
{
	tr_value vars = tr_map_get_s(payload, "vars");
	const tr_entry *e = tr_map_entries(vars);
	tr_clear(&w->ctx);
	pipeline_apply(p, w);
	for (size_t i = 0, n = tr_map_len(vars); i < n; i++)
		if (tr_is(tr_map_get(p->vars_written, e[i].key), TR_OBJECT))
			p->vars_written = tr_map_put(p->vars_written, tr_keep(e[i].key), tr_keep(e[i].value));
}

static void retried(pipeline *p, const event *e)
{
	writes w = {0};
	writes_from_payload(&w, e->payload);
	apply(p, &w, e->payload);
	if (tr_is_valid(w.prev)) {
		names_note(&p->render.names, w.prev);
		tr_assign(&p->render.names.prev, tr_keep(w.prev));
	}
	writes_fini(&w);
	if (p->attempt == 0)
		p->visits[p->pc]++;
	p->attempt = e->attempt + 1;
	p->again_deadline_us = 0;
	p->again_not_before_us = e->time_us + tr_as_int(tr_map_get_s(e->payload, "delay_us"), 0);
	tr_assign(&p->render.names.task, path_key(pipeline_task(p)->label));
}

static void processed(pipeline *p, const event *e)
{
	names *n = &p->render.names;
	tr_value kept = tr_map_get_s(tr_map_get_s(e->payload, "outcome"), "result");
	tr_str directive = tr_as_str(tr_map_get_s(e->payload, "directive"));
	bool skipped = tr_str_is(tr_as_str(TR_GET(e->payload, "outcome", "status")), "skipped");
	if (p->attempt == 0)
		p->visits[p->pc]++;
	p->attempt = 0;
	p->again_deadline_us = p->again_not_before_us = 0;
	writes w = {0};
	writes_from_payload(&w, e->payload);
	apply(p, &w, e->payload);
	if (!skipped) {
		/* As the event has it: it may be the step's result, and goes into the next event like that. */
		tr_value result = tr_is_valid(kept) ? kept : tr_nil();
		names_note(n, result);
		names_note(n, w.prev);
		n->results = tr_map_put(n->results, path_key(pipeline_task(p)->label), tr_keep(result));
		tr_assign(&n->prev, tr_keep(tr_is_valid(w.prev) ? w.prev : result));
		n->ran = true;
		p->directives++;
	}
	writes_fini(&w);
	if (tr_str_is(directive, "fail")) {
		tr_value error = tr_map_get_s(e->payload, "error");
		pipeline_end_badly(p, tr_is_valid(error) ? tr_keep(error)
							 : tr_keep(TR_GET(e->payload, "outcome", "error")));
		return;
	}
	int64_t to = tr_str_is(directive, "jump") ? task_index(p, tr_as_str(tr_map_get_s(e->payload, "to"))) : -1;
	p->pc = to >= 0 ? (uint32_t)to : p->pc + 1;
	if (tr_str_is(directive, "break") || p->pc >= p->step->task_count) {
		p->pc = (uint32_t)p->step->task_count;
		p->state = BETWEEN;
	}
}

/* The time of a task that was under way goes on. */
static void started(pipeline *p, const event *e)
{
	int64_t at = task_index(p, tr_as_str(tr_map_get_s(e->payload, "label")));
	p->again_deadline_us = tr_as_int(tr_map_get_s(e->payload, "deadline_us"), 0);
	p->again_pc = (uint32_t)at;
	p->again_attempt = e->attempt;
}

void pipeline_resume(pipeline *p, const event *e)
{
	uint32_t run = (uint32_t)e->task_run_id;
	if (run > p->task_runs)
		p->task_runs = run;
	if (e->type == EVENT_TASK_STARTED)
		started(p, e);
	if (p->state != AT_TASK || (e->type != EVENT_TASK_RETRIED && e->type != EVENT_TASK_PROCESSED))
		return;
	int64_t at = task_index(p, tr_as_str(tr_map_get_s(e->payload, "label")));
	if (at < 0)
		return;
	p->pc = (uint32_t)at;
	if (e->type == EVENT_TASK_RETRIED)
		retried(p, e);
	else
		processed(p, e);
}
