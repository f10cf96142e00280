/* SPDX-License-Identifier: Apache-2.0 */
/** The loop of a step run: an actor an iteration, at most so many at once, results in the order of the index. */
#include "actors/protocol.h"
#include "actors/worker/iteration.h"
#include "actors/worker/iteration_report.h"
#include "actors/worker/loop_ask.h"
#include "actors/worker/path.h"
#include "actors/worker/place.h"
#include "actors/worker/step_run_internal.h"
#include "actors/worker/writes.h"

/* ---- slots ---- */

static uint32_t slot_take(step_loop *l)
{
	if (l->first_free != NO_SLOT) {
		uint32_t slot = l->first_free;
		l->first_free = l->slots[slot].next_free;
		return slot;
	}
	uint32_t count = l->slot_count == 0 ? 8 : l->slot_count * 2;
	loop_slot *grown = tr_realloc(l->slots, count * sizeof *grown);
	if (grown == NULL)
		return NO_SLOT;
	l->slots = grown;
	for (uint32_t i = l->slot_count; i < count; i++)
		l->slots[i] =
		    (loop_slot){.index = -1, .next_free = i + 1 < count ? i + 1 : NO_SLOT, .report = tr_absent()};
	uint32_t slot = l->slot_count;
	l->first_free = l->slots[slot].next_free;
	l->slot_count = count;
	return slot;
}

static void slot_free(step_loop *l, uint32_t slot)
{
	tr_clear(&l->slots[slot].report);
	l->slots[slot] = (loop_slot){.index = -1, .next_free = l->first_free, .report = tr_absent()};
	l->first_free = slot;
	l->live--;
}

/* The slot of a message [_, slot, index, …] when that iteration is still in it. */
static loop_slot *slot_of(step_loop *l, int64_t slot, int64_t index)
{
	if (slot < 0 || slot >= (int64_t)l->slot_count || l->slots[slot].index != index || index < 0)
		return NULL;
	return &l->slots[slot];
}

void step_loop_free(step_loop **lp)
{
	step_loop *l = *lp;
	*lp = NULL;
	if (l == NULL)
		return;
	for (uint32_t i = 0; i < l->slot_count; i++)
		tr_clear(&l->slots[i].report);
	tr_free(l->slots);
	loop_source_fini(&l->source);
	results_fini(&l->results);
	renderer_fini(&l->render);
	plugin_call_fini(&l->cursor.call);
	tr_clear(&l->cursor.rows);
	tr_clear(&l->resumed);
	tr_clear(&l->vars_written);
	tr_clear(&l->iter_shape);
	tr_free(l);
}

/* ---- iterations ---- */

/* A cursor's rows are not counted beforehand: no `last`, no `count`. */
static tr_value iter_shape(const step_run *s)
{
	tr_value iter = tr_map_put(tr_map_with(5), path_key(s->run->step->loop.iterator), tr_nil());
	iter = tr_map_put_s(iter, "index", tr_nil());
	iter = tr_map_put_s(iter, "first", tr_nil());
	if (s->run->step->loop.cursor)
		return iter;
	iter = tr_map_put_s(iter, "last", tr_nil());
	return tr_map_put_s(iter, "count", tr_int(s->loop->source.count));
}

static tr_value iter_of(const step_run *s, int64_t index)
{
	const step_loop *l = s->loop;
	tr_value iter = tr_keep(l->iter_shape);
	tr_value iterator = tr_keep(tr_map_entries(iter)[0].key);
	iter = tr_map_put(iter, iterator, loop_source_at(&l->source, index - l->base));
	iter = tr_map_put_s(iter, "index", tr_int(index));
	iter = tr_map_put_s(iter, "first", tr_bool(index == 0));
	if (s->run->step->loop.cursor)
		return iter;
	return tr_map_put_s(iter, "last", tr_bool(index == l->source.count - 1));
}

static bool is_parallel(const step_run *s)
{
	return s->run->step->loop.mode == PB_PARALLEL;
}

/* In a sequential loop an iteration sees what the ones before it wrote; in a parallel one all see the same. */
static tr_value vars_for(step_run *s)
{
	step_loop *l = s->loop;
	tr_value vars = tr_keep(l->render.names.vars);
	return is_parallel(s) ? vars : shared_into(&l->results.shared, vars);
}

static bool spawn(step_run *s, int64_t index, tr_value events)
{
	step_loop *l = s->loop;
	uint32_t slot = slot_take(l);
	if (slot == NO_SLOT)
		return false;
	l->live++;
	iteration_start start = {.run = tr_keep(s->run_object),
				 .iter = iter_of(s, index),
				 .vars = vars_for(s),
				 .ctx = tr_keep(l->render.names.ctx),
				 .resume = tr_is_valid(events) ? tr_keep(events) : tr_nil(),
				 .index = index,
				 .slot = slot,
				 .parallel = is_parallel(s)};
	tr_spawned spawned = iteration_spawn(&start);
	l->slots[slot].index = index;
	l->slots[slot].pid = spawned.pid;
	if (spawned.pid.bits == 0)
		slot_free(l, slot);
	return spawned.pid.bits != 0;
}

static void fill(step_run *s)
{
	step_loop *l = s->loop;
	while (!l->stopping && l->live < l->most && l->next_index < l->base + l->source.count) {
		int64_t index = l->next_index++;
		tr_value events = tr_map_get(l->resumed, tr_int(index));
		if (tr_is_nil(events))
			continue; /* it was done before */
		if (!spawn(s, index, events))
			tr_exitf("step %.*s: an iteration could not be spawned", TR_STR(s->run->step->name));
		tr_reduce(10);
	}
}

/* ---- the end ---- */

static tr_value with_vars(step_loop *l, tr_value payload)
{
	l->vars_written = shared_writes(&l->results.shared, l->vars_written);
	return tr_map_len(l->vars_written) > 0 ? tr_map_put_s(payload, "vars", tr_keep(l->vars_written)) : payload;
}

void step_loop_fail(step_run *s, tr_value error)
{
	step_loop *l = s->loop;
	const pb_loop *loop = &s->run->step->loop;
	error = fault_place(s->run->book, error, loop->in != NULL ? loop->in->pos : loop->pos);
	tr_value payload = TR_DICT("error", error, "stats", results_stats(&l->results));
	step_run_end(s, EVENT_STEP_FAILED, with_vars(l, payload));
}

/* From here on the step's name gives its result (taken). */
static void bind_own(step_loop *l, tr_value result)
{
	names *n = &l->render.names;
	n->vars = shared_into(&l->results.shared, n->vars);
	tr_assign(&n->own, refs_wrap(result, REFS_DEPTH));
	n->wrapped = true;
}

/* {results, stats}, or what the step's own policy makes of it; *stats besides. Invalid with *error set when that cannot
 * be rendered. */
static tr_value loop_result(step_run *s, tr_value *stats, tr_value *error)
{
	step_loop *l = s->loop;
	const pb_result_policy *policy = &s->run->step->result;
	tr_value result = results_take(&l->results, error);
	if (!tr_is_valid(result))
		return result;
	tr_assign(stats, tr_keep(tr_map_get_s(result, "stats")));
	if (!policy->present || policy->value == NULL)
		return result;
	bind_own(l, tr_keep(result));
	tr_drop(result);
	return render_value(&l->render, policy->value, error);
}

/* The step's own `set`: applied when the loop is done. */
static bool own_writes(step_run *s, tr_value result, tr_value *error)
{
	step_loop *l = s->loop;
	const pb_step *step = s->run->step;
	if (step->set_count == 0)
		return true;
	bind_own(l, tr_keep(result));
	writes w = {0};
	bool good = writes_render(&w, step->sets, step->set_count, false, &l->render, error);
	if (good) {
		writes_ctx_event(step_run_events(s), w.ctx, -1, tr_wall_us());
		l->vars_written = shared_writes(&l->results.shared, l->vars_written);
		if (tr_is_valid(w.vars))
			l->vars_written =
			    tr_map_merge(tr_is_valid(l->vars_written) ? l->vars_written : tr_map(), tr_keep(w.vars));
		shared_fini(&l->results.shared); /* they are among the writes now, and the step's own win */
	}
	writes_fini(&w);
	return good;
}

static void finish(step_run *s)
{
	step_loop *l = s->loop;
	tr_value error = tr_absent(), stats = tr_nil();
	results_close(&l->results, l->render.names.vars);
	if (tr_is_valid(l->results.clash)) {
		step_loop_fail(s, tr_keep(l->results.clash));
		return;
	}
	if (!loop_ask_end(s->run, &l->results, &error)) {
		tr_value first = tr_map_get_s(tr_array_at(l->results.failures, 0), "error");
		step_loop_fail(s, tr_is(error, TR_MAP) ? fault_place_of(error, first) : error);
		return;
	}
	tr_value result = loop_result(s, &stats, &error);
	if (!tr_is_valid(result) || !own_writes(s, result, &error)) {
		tr_drop(result);
		tr_drop(stats);
		step_loop_fail(s, error);
		return;
	}
	step_run_end(s, EVENT_LOOP_DONE, with_vars(l, TR_DICT("stats", stats, "result", result)));
}

static void show(const step_run *s)
{
	const step_loop *l = s->loop;
	long long done = (long long)(l->results.success + l->results.failed);
	tr_set_note(tr_stringf("%.*s: %lld of %lld iterations done, %u running, %lld failed",
			       TR_STR(s->run->step->name), done, (long long)(l->base + l->source.count), l->live,
			       (long long)l->results.failed));
}

void step_loop_go_on(step_run *s)
{
	step_loop *l = s->loop;
	fill(s);
	show(s);
	bool given_out = l->next_index >= l->base + l->source.count;
	if (given_out && !l->stopping && !step_cursor_over(s))
		step_cursor_fetch(s);
	else if (l->live == 0 && !s->ending && (l->stopping || given_out))
		finish(s);
}

/* ---- what iterations say ---- */

static void forget_seen_warnings(step_run *s, event_list *events)
{
	for (size_t i = 0; i < events->count; i++) {
		event *e = &events->items[i];
		if (e->type != EVENT_WARNING)
			continue;
		pb_pos at = {(uint32_t)tr_as_int(tr_map_get_s(e->payload, "line"), 0),
			     (uint32_t)tr_as_int(tr_map_get_s(e->payload, "column"), 0)};
		if (render_first_time(&s->loop->render, tr_as_cstr(tr_map_get_s(e->payload, "code"), ""), at))
			continue;
		event_fini(e);
		events->count--;
		for (size_t j = i; j < events->count; j++)
			events->items[j] = events->items[j + 1];
		i--;
	}
}

static void told(step_run *s, tr_value object)
{
	iteration_report *r = iteration_report_of(object);
	loop_slot *from = r == NULL ? NULL : slot_of(s->loop, r->slot, r->index);
	if (from == NULL || s->ending)
		return; /* it was ended meanwhile */
	forget_seen_warnings(s, &r->events);
	step_run_add_all(s, &r->events);
	if (r->over)
		tr_assign(&from->report, tr_keep(object));
	if (r->ack)
		outbox_wait(&s->out, wait_slot((uint32_t)r->slot, r->over));
	outbox_flush(&s->out, !r->ack);
}

/* An iteration that ended without a word is a failed one. */
static void crashed(step_run *s, uint32_t slot, tr_value reason)
{
	loop_slot *from = &s->loop->slots[slot];
	tr_buf shown = {0};
	tr_show(&shown, reason, 300);
	tr_value error = TR_DICT(
	    "kind", tr_string("crash"), "message",
	    tr_stringf("the actor of iteration %lld ended: %.*s", (long long)from->index, TR_STR(tr_buf_str(&shown))),
	    "retryable", tr_bool(true));
	tr_buf_fini(&shown);
	event *e = event_list_add(step_run_events(s), EVENT_ITERATION_DONE);
	if (e != NULL) {
		e->iteration = from->index;
		e->status = "error";
		e->payload = TR_DICT("status", tr_string("error"), "result", tr_nil(), "error", tr_keep(error));
	}
	tr_assign(&from->report,
		  iteration_report_object(&(iteration_report){.over = true, .result = tr_nil(), .error = error}));
	step_run_add(s);
	outbox_wait(&s->out, wait_slot(slot, true));
	outbox_flush(&s->out, false);
}

static bool exited(step_run *s, tr_value message)
{
	step_loop *l = s->loop;
	tr_pid pid = tr_as_pid(tr_array_at(message, 1));
	tr_value reason = tr_array_at(message, 2);
	if (TR_IS_A(reason, normal))
		return true;
	if (tr_pid_eq(pid, s->run->supervisor))
		return false;
	for (uint32_t i = 0; i < l->slot_count; i++) {
		if (l->slots[i].index < 0 || !tr_pid_eq(l->slots[i].pid, pid))
			continue;
		if (!tr_is_valid(l->slots[i].report) && !s->ending)
			crashed(s, i, reason);
		return true;
	}
	return l->stopping; /* one that was ended */
}

bool step_loop_message(step_run *s, tr_value message)
{
	tr_value tag = tr_array_at(message, 0);
	if (step_cursor_message(s, message))
		return true;
	if (TR_IS_A(tag, event)) {
		told(s, tr_array_at(message, 1));
		return true;
	}
	return TR_IS_A(tag, exit) && exited(s, message);
}

/* ---- what was appended counts ---- */

/* What an iteration has written. What comes from the log may be references: templates see what they stand for. */
void step_loop_take_vars(step_loop *l, tr_value vars)
{
	tr_value seen = refs_wrap(tr_keep(vars), 1);
	l->render.names.vars = path_put_all(l->render.names.vars, seen);
	tr_drop(seen);
	l->vars_written = tr_map_merge(tr_is_valid(l->vars_written) ? l->vars_written : tr_map(), tr_keep(vars));
}

static void taken_over(step_run *s, uint32_t slot)
{
	step_loop *l = s->loop;
	const iteration_report *r = iteration_report_of(l->slots[slot].report);
	names *n = &l->render.names;
	if (r == NULL)
		tr_exitf("step %.*s: out of memory", TR_STR(s->run->step->name));
	bool good = r->good;
	if (!is_parallel(s) && tr_is(r->vars, TR_MAP))
		step_loop_take_vars(l, r->vars);
	n->ctx = path_put_all(n->ctx, r->ctx);
	int64_t index = l->slots[slot].index;
	tr_value error = good ? tr_absent() : tr_keep(r->error);
	tr_err err =
	    results_add(&l->results, index, good, tr_keep(r->result), tr_keep(r->error), tr_keep(r->shared), n->vars);
	slot_free(l, slot);
	if (err != TR_OK)
		tr_exitf("step %.*s: the results of its loop: %s", TR_STR(s->run->step->name), tr_err_text(err));
	bool enough = !good && loop_ask_failed(s->run, index, error, &l->results, &l->most);
	tr_drop(error);
	if (enough || tr_is_valid(l->results.clash))
		step_loop_stop(s, "stopped");
}

void step_loop_acked(step_run *s, uint64_t who)
{
	step_loop *l = s->loop;
	uint32_t slot = (uint32_t)((who - WAIT_SLOTS) >> 1);
	if (slot >= l->slot_count || l->slots[slot].index < 0)
		return;
	if ((who & 1) != 0)
		taken_over(s, slot);
	else
		tr_send(l->slots[slot].pid, TR_LIST(TR_A(ack), tr_int(slot), TR_A(ok)));
}

void step_loop_stop(step_run *s, const char *why)
{
	step_loop *l = s->loop;
	l->stopping = true;
	plugin_call_cancel(&l->cursor.call);
	for (uint32_t i = 0; i < l->slot_count; i++) {
		if (l->slots[i].index < 0)
			continue;
		if (!tr_is_valid(l->slots[i].report)) {
			event *e = event_list_add(step_run_events(s), EVENT_ITERATION_DONE);
			if (e != NULL) {
				e->iteration = l->slots[i].index;
				e->status = "cancelled";
				e->payload = TR_DICT("status", tr_string("cancelled"), "result", tr_nil(), "error",
						     TR_DICT("kind", tr_string(why)));
			}
			tr_exit_signal(l->slots[i].pid, TR_A(shutdown));
		}
		slot_free(l, i);
	}
	step_run_add(s);
}

/* ---- beginning ---- */

static void started_event(step_run *s)
{
	const pb_loop *loop = &s->run->step->loop;
	event *e = event_list_add(step_run_events(s), EVENT_LOOP_STARTED);
	if (e == NULL)
		return;
	e->time_us = tr_wall_us();
	e->status = "running";
	e->payload =
	    TR_DICT("count", tr_int(s->loop->source.count), "mode",
		    tr_string(is_parallel(s) ? "parallel" : "sequential"), "iterator", path_key(loop->iterator));
	step_run_add(s);
}

static step_loop *loop_new(step_run *s)
{
	step_loop *l = tr_alloc(sizeof *l);
	if (l == NULL)
		return NULL;
	l->first_free = NO_SLOT;
	l->render.events = step_run_events(s);
	l->render.now_us = tr_wall_us();
	names *n = &l->render.names;
	n->run = s->run;
	n->iter = tr_map();
	n->vars = tr_keep(s->run->vars);
	n->ctx = tr_keep(s->run->ctx);
	return l;
}

/* Rendered; nil when the playbook leaves it open. */
static tr_value max_in_flight(step_run *s)
{
	const pb_expr *most = s->run->step->loop.max_in_flight;
	return most == NULL ? tr_nil() : tr_float(render_number(&s->loop->render, most, s->run->concurrency));
}

/* What it goes over, how much of it at once, how its results are kept. False with *error. */
static bool prepare(step_run *s, tr_value *error)
{
	step_loop *l = s->loop;
	const pb_loop *loop = &s->run->step->loop;
	refs_origin origin = {s->run->execution_id, s->run->step->name, s->run->step->name, s->run->pures};
	if (!results_init(&l->results, &origin, error))
		return false;
	/* A cursor's rows come later: until then the loop goes over nothing. */
	tr_value in = loop->cursor ? tr_nil() : render_value(&l->render, loop->in, error);
	return tr_is_valid(in) && loop_ask_plan(s->run, in, max_in_flight(s), &l->source, &l->most, error);
}

void step_loop_begin(step_run *s, tr_value resume)
{
	s->loop = loop_new(s);
	if (s->loop == NULL)
		tr_exitf("step %.*s: out of memory", TR_STR(s->run->step->name));
	step_loop *l = s->loop;
	tr_value error = tr_absent();
	if (!prepare(s, &error)) {
		step_loop_fail(s, tr_is_valid(error) ? error : tr_nil());
		return;
	}
	l->iter_shape = iter_shape(s);
	if (!step_loop_resume(s, resume))
		started_event(s);
	step_loop_go_on(s);
	outbox_flush(&s->out, true);
}

tr_value step_loop_show(const step_loop *l)
{
	return TR_DICT("count", tr_int(l->base + l->source.count), "done",
		       tr_int(l->results.success + l->results.failed), "failed", tr_int(l->results.failed), "running",
		       tr_int(l->live));
}
