/* SPDX-License-Identifier: Apache-2.0 */
/* Driving a machine along a log. */
#include "actors/engine/redrive.h"

#include "actors/engine/machine_state.h"

#include <string.h>

#define ID_EPOCH_MS  INT64_C(1704067200000)
#define MOST_REPORTS 4096u

struct drive {
	routes *routes;
	int64_t id;
	const tr_value *items;
	size_t count;
	size_t at; /* of the recorded event that comes next */
	machine *m;
	machine_world world;
	id_generator ids;
	redrive_result *result;
	bool strayed;       /* in this turn the machine decided something else */
	bool resync;        /* behind a difference: the rest of that turn, nobody took the execution up */
	bool same_ids;      /* decided events had the recorded ids */
	tr_value decided;   /* what it was, when it strayed */
	size_t inputs_left; /* events of this turn that the log gave, still to come back */
};

/* ---- comparing ------------------------------------------------------------------------------------------------------
 */

static tr_value plain(const event *e)
{
	tr_value key = tr_string("annotations"), v = event_payload(e);
	if (tr_is_valid(tr_map_get(v, key)))
		v = tr_map_del(v, key);
	tr_drop(key);
	return tr_is(v, TR_MAP) && tr_map_len(v) == 0 ? (tr_drop(v), tr_nil()) : v;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_event(const event *a, const event *b)
{
	bool same = a->type == b->type && a->step_run_id == b->step_run_id && a->task_run_id == b->task_run_id &&
		    a->iteration == b->iteration && a->attempt == b->attempt && same_text(a->status, b->status);
	if (same) {
		tr_value x = plain(a), y = plain(b);
		/* Written to disk and read again, a value is the same; a duration depends on the clock. */
		same = tr_equal(x, y) || a->type == EVENT_PLAYBOOK_PROCESSED;
		if (same && a->type == EVENT_PLAYBOOK_PROCESSED)
			same = tr_equal(tr_map_get_s(x, "status"), tr_map_get_s(y, "status"));
		tr_drop(x);
		tr_drop(y);
	}
	return same;
}

static bool failed_for_deaths(const event *e)
{
	tr_value error = tr_map_get_s(e->payload, "error");

	return e->type == EVENT_STEP_FAILED && tr_str_is(tr_as_str(tr_map_get_s(error, "kind")), "process_died");
}

static void on_event(void *arg, const event *e)
{
	struct drive *d = arg;
	event recorded;
	if (d->strayed || d->at >= d->count) /* the log may end in the middle of a turn */
		return;
	if (event_from_value(d->items[d->at], &recorded) == TR_OK && same_event(&recorded, e)) {
		d->same_ids = d->same_ids && recorded.event_id == e->event_id && recorded.time_us == e->time_us;
		d->at++;
		if (d->inputs_left > 0 || failed_for_deaths(e)) {
			d->inputs_left -= d->inputs_left > 0;
			d->result->given++;
		} else {
			d->result->decided++;
		}
	} else {
		d->strayed = true;
		tr_assign(&d->decided, event_to_value(e));
	}
	event_fini(&recorded);
}

static void on_effect(void *arg, const machine_effect *effect)
{
	(void)arg;
	(void)effect;
}

/* ---- the world as it was --------------------------------------------------------------------------------------------
 */

static int64_t time_of_id(uint64_t id)
{
	return ((int64_t)(id >> 22) + ID_EPOCH_MS) * 1000;
}

/* The clock of the turn that begins at `from` with `given` events from outside: the first decided event tells it. */
static void set_world(struct drive *d, size_t from, size_t given)
{
	event e;
	d->world.ids = &d->ids;
	if (from > 0 && event_from_value(d->items[from - 1], &e) == TR_OK) {
		d->ids.last = e.event_id;
		event_fini(&e);
	} else {
		d->ids.last = 0;
	}
	if (event_from_value(d->items[from], &e) != TR_OK)
		return;
	d->ids.node = (uint32_t)(e.event_id >> 12) & 0x3ff;
	d->world.now_us = given == 0 ? e.time_us : time_of_id(e.event_id);
	event_fini(&e);
	if (given > 0 && from + given < d->count && event_from_value(d->items[from + given], &e) == TR_OK) {
		if (event_type_source(e.type) == EVENT_SERVER)
			d->world.now_us = e.time_us;
		event_fini(&e);
	}
}

/* The machine after the first `n` events of the log. */
static tr_err rebuild(struct drive *d, size_t n)
{
	tr_err err = TR_OK;
	if (d->m != NULL)
		machine_free(&d->m);
	d->m = machine_new(d->routes, d->id);
	if (d->m == NULL)
		return TR_ENOMEM;
	for (size_t i = 0; i < n && err == TR_OK; i++) {
		event e;
		err = event_from_value(d->items[i], &e);
		if (err == TR_OK)
			err = machine_apply(d->m, &e);
		event_fini(&e);
	}
	d->at = n;
	d->same_ids = false;
	return err;
}

/* ---- turns ----------------------------------------------------------------------------------------------------------
 */

static bool ends_run(event_type t)
{
	return t == EVENT_STEP_DONE || t == EVENT_STEP_FAILED || t == EVENT_LOOP_DONE;
}

/* How many events from `from` on are reports of one step run. Several reports in a row with nothing decided between
 * them are as good as one. */
static size_t reports_at(const struct drive *d, size_t from, uint64_t run)
{
	size_t n = 0;
	for (bool going = true; going && from + n < d->count && n < MOST_REPORTS; n++) {
		event e;
		if (event_from_value(d->items[from + n], &e) != TR_OK)
			break;
		bool reported = event_type_source(e.type) == EVENT_WORKER || e.type == EVENT_WARNING;
		going = !ends_run(e.type);
		bool belongs = reported && e.step_run_id == run;
		event_fini(&e);
		if (!belongs)
			break;
	}
	return n;
}

static tr_err report(struct drive *d, const machine_sink *sink, uint64_t run)
{
	size_t n = reports_at(d, d->at, run);
	const step_run *r = run_of(d->m, run);
	event *events = n == 0 || r == NULL ? NULL : tr_alloc(n * sizeof *events);
	if (events == NULL)
		return n == 0 || r == NULL ? TR_ENOENT : TR_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		(void)event_from_value(d->items[d->at + i], &events[i]);
		events[i].event_id = 0;
	}
	set_world(d, d->at, n);
	d->inputs_left = n;
	tr_err err = machine_report(d->m, &d->world, sink, run, r->attempt, events, n);
	for (size_t i = 0; i < n; i++)
		event_fini(&events[i]);
	tr_free(events);
	return err;
}

static bool by_parent(const event *e)
{
	return tr_str_is(tr_as_str(tr_map_get_s(e->payload, "by")), "parent");
}

static tr_err start_child(struct drive *d, const machine_sink *sink, const event *e)
{
	machine_child c = {.key = tr_map_get_s(e->payload, "key"),
			   .step_run_id = e->step_run_id,
			   .iteration = e->iteration,
			   .label = tr_map_get_s(e->payload, "label"),
			   .path = tr_map_get_s(e->payload, "path"),
			   .hash = tr_map_get_s(e->payload, "hash"),
			   .waited = tr_as_bool(tr_map_get_s(e->payload, "wait"), true),
			   .execution_id = tr_as_int(tr_map_get_s(e->payload, "execution_id"), 0)};

	return machine_child_start(d->m, &d->world, sink, &c);
}

static tr_err give(struct drive *d, const machine_sink *sink, const event *e)
{
	set_world(d, d->at, 0);
	d->inputs_left = 1;
	switch (e->type) {
	case EVENT_EXECUTION_REQUESTED:
		return machine_start(d->m, &d->world, sink, tr_map_get_s(e->payload, "playbook"),
				     tr_map_get_s(e->payload, "payload"), tr_map_get_s(e->payload, "parent"));
	case EVENT_EXECUTION_CANCELLED:
		if (tr_is_valid(tr_map_get_s(e->payload, "status")))
			return machine_expire(d->m, &d->world, sink);
		return machine_cancel(d->m, &d->world, sink, tr_as_str(tr_map_get_s(e->payload, "reason")));
	case EVENT_EXECUTION_PAUSED:
		return machine_pause(d->m, &d->world, sink, by_parent(e));
	case EVENT_EXECUTION_RESUMED:
		return machine_unpause(d->m, &d->world, sink, by_parent(e));
	case EVENT_CHILD_STARTED:
		return start_child(d, sink, e);
	case EVENT_CHILD_DONE:
		return machine_child_done(d->m, &d->world, sink, tr_as_int(tr_map_get_s(e->payload, "execution_id"), 0),
					  tr_as_cstr(tr_map_get_s(e->payload, "status"), ""));
	case EVENT_STEP_SCHEDULED:
		return machine_lose_run(d->m, &d->world, sink, e->step_run_id, e->attempt - 1,
					tr_as_cstr(tr_map_get_s(e->payload, "lost"), ""));
	default:
		d->inputs_left = 0;
		return e->step_run_id != 0 ? report(d, sink, e->step_run_id) : TR_ENOENT;
	}
}

static bool taken_up(const event *e)
{
	return e->type == EVENT_STEP_SCHEDULED && e->attempt > 1 && !tr_is_valid(tr_map_get_s(e->payload, "lost"));
}

/* When the process had died that had the execution before, and which step runs failed for it: whoever took it up then
 * has noted it. That is done with each step run once, in the order of their numbers: behind that another took it up. A
 * step run that failed is an input, as what workers report is. */
static void find_deaths(struct drive *d, size_t from)
{
	uint64_t before = 0;

	d->world.died_us = 0;
	tr_assign(&d->world.died, tr_map());
	for (bool going = true; going && from < d->count; from++) {
		event e;
		if (event_from_value(d->items[from], &e) != TR_OK)
			break;
		bool failed = failed_for_deaths(&e);
		going = (failed || taken_up(&e)) && e.step_run_id > before;
		before = e.step_run_id;
		if (going && failed)
			d->world.died = tr_map_put(d->world.died, tr_int((int64_t)e.step_run_id),
						   tr_keep(tr_map_get_s(e.payload, "error")));
		else if (going && d->world.died_us == 0)
			d->world.died_us = tr_as_int(tr_map_get_s(tr_map_get_s(e.payload, "died"), "at_us"), 0);
		event_fini(&e);
	}
}

/* Somebody took the execution up where the log ended then. */
static bool try_recover(struct drive *d, const machine_sink *sink, tr_err *err)
{
	size_t from = d->at;
	*err = rebuild(d, from);
	if (*err != TR_OK)
		return false;
	d->strayed = false;
	d->inputs_left = 0;
	set_world(d, from, 0);
	find_deaths(d, from);
	(void)machine_recover(d->m, &d->world, sink);
	d->result->recovers += d->at > from && !d->resync;
	d->resync = d->resync && d->at == from;
	return d->at > from;
}

/* A step run that failed for deaths looks like a report, and others may have been taken up at once with it. */
static bool try_recover_all(struct drive *d, const machine_sink *sink, size_t from, tr_err *err)
{
	size_t reported = d->at;
	tr_value decided = tr_keep(d->decided);
	redrive_result before = *d->result;

	d->at = from;
	if (try_recover(d, sink, err) && (!d->strayed || d->at > reported)) {
		tr_drop(decided);
		d->result->given--; /* counted once more */
		d->result->decided -= reported - from - 1;
		if (d->strayed)
			*err = rebuild(d, d->at);
		return true;
	}
	*d->result = before;
	d->at = reported;
	tr_assign(&d->decided, decided);
	return false;
}

static void differ(struct drive *d, size_t at)
{
	redrive_result *r = d->result;
	if (r->differences < REDRIVE_MOST)
		r->first[r->differences] = (redrive_difference){
		    at + 1, tr_keep(d->items[at]), tr_is_valid(d->decided) ? tr_keep(d->decided) : tr_nil()};
	r->differences++;
	tr_assign(&d->decided, tr_absent());
}

static tr_err turn(struct drive *d, const machine_sink *sink)
{
	size_t from = d->at;
	event e;
	tr_err err = event_from_value(d->items[from], &e);
	if (err != TR_OK)
		return err;
	d->strayed = false;
	if (e.type == EVENT_EXECUTION_PAUSED && !by_parent(&e) && tr_is(tr_map_get_s(e.payload, "by"), TR_STRING)) {
		/* Written by whoever repaired the log, not by a machine. */
		err = machine_apply(d->m, &e);
		d->at += err == TR_OK;
		d->result->given += err == TR_OK;
		event_fini(&e);
		return err;
	}
	bool failed = failed_for_deaths(&e);
	tr_err given = give(d, sink, &e);
	event_fini(&e);
	if (given == TR_ENOMEM)
		return given;
	if (!d->strayed && d->at > from) {
		d->resync = false;
		return TR_OK;
	}
	if (failed && d->strayed && d->at > from && (try_recover_all(d, sink, from, &err) || err != TR_OK))
		return err;
	if (try_recover(d, sink, &err) && !d->strayed)
		return TR_OK;
	if (err != TR_OK)
		return err;
	if (d->strayed && d->at > from) /* the log ended there, and was taken up in turn */
		return rebuild(d, d->at);
	differ(d, d->at);
	d->resync = true;
	return rebuild(d, d->at + 1);
}

static tr_err compare_state(struct drive *d)
{
	machine *driven = d->m;
	d->m = NULL;
	tr_err err = rebuild(d, d->count);
	if (err == TR_OK && driven != NULL) {
		tr_value x = machine_digest(driven), y = machine_digest(d->m);
		d->result->compared_state = true;
		d->result->same_state = tr_is_valid(x) && tr_equal(x, y);
		tr_drop(x);
		tr_drop(y);
	}
	if (driven != NULL)
		machine_free(&driven);
	return err;
}

tr_err redrive(routes *r, int64_t execution_id, tr_value events, const machine_world *world, redrive_result *result)
{
	struct drive d = {.routes = r,
			  .id = execution_id,
			  .items = tr_array_items(events),
			  .count = tr_array_len(events),
			  .world = *world,
			  .result = result,
			  .decided = tr_absent()};
	machine_sink sink = {on_event, on_effect, &d};
	d.world.died = tr_absent();
	*result = (redrive_result){0};
	/* A log that does not replay is told as that. */
	tr_err err = rebuild(&d, d.count);
	result->events = d.m != NULL ? machine_seq(d.m) : 0;
	if (err == TR_OK)
		err = rebuild(&d, 0);
	d.same_ids = true;
	while (err == TR_OK && d.at < d.count)
		err = turn(&d, &sink);
	if (err == TR_OK && d.same_ids && machine_seq(d.m) == d.count)
		err = compare_state(&d);
	if (d.m != NULL)
		machine_free(&d.m);
	tr_drop(d.decided);
	tr_drop(d.world.died);
	return err;
}

void redrive_fini(redrive_result *result)
{
	for (size_t i = 0; i < REDRIVE_MOST && i < result->differences; i++) {
		tr_drop(result->first[i].recorded);
		tr_drop(result->first[i].decided);
	}
}
