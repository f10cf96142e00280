/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A loop whose source is a task that is run again until it gives no row. The rows of each run are appended before their
 * iterations start, so that a loop that is taken up again has the rows it had claimed.
 */
#include "actors/protocol.h"
#include "actors/worker/loop_ask.h"
#include "actors/worker/refs.h"
#include "actors/worker/step_run_internal.h"
#include "actors/worker/workbook.h"
#include "plugins/host/secret_ref.h"

bool step_cursor_over(const step_run *s)
{
	return !s->run->step->loop.cursor || s->loop->cursor.exhausted;
}

static tr_value context(const step_run *s)
{
	const run_scope *run = s->run;
	unsigned long long step_run_id = (unsigned long long)run->step_run_id;
	tr_str step = run->step->name, path = run->book->path.n > 0 ? run->book->path : run->book->name;
	const names *n = &s->loop->render.names;
	tr_value scope = TR_DICT("args", tr_keep(run->args), "workload", tr_keep(run->workload), "ctx", tr_keep(n->ctx),
				 "vars", tr_keep(n->vars), "iter", tr_map());
	return TR_DICT("execution_id", run_scope_execution(run), "playbook", tr_string_n(path.p, path.n), "file",
		       tr_keep(run_scope_file(run)), "step", tr_string_n(step.p, step.n), "step_run_id",
		       tr_int((int64_t)run->step_run_id), "label", tr_string(CURSOR_LABEL), "attempt", tr_int(1),
		       "iteration", tr_nil(), "idempotency_key",
		       tr_stringf("%lld/%llu/%s/%u", (long long)run->execution_id, step_run_id, CURSOR_LABEL,
				  s->loop->cursor.fetches),
		       "deadline_ns", tr_int(TR_FOREVER), "scope", scope);
}

static void failed(step_run *s, tr_value error)
{
	step_loop_stop(s, "stopped");
	step_loop_fail(s, error);
}

static void answered(step_run *s, tr_value outcome)
{
	loop_cursor *c = &s->loop->cursor;
	tr_value error = tr_absent(), rows = loop_ask_rows(s->run, outcome, &error);
	if (tr_is_valid(rows) && secret_ref_inside(rows, NULL)) {
		tr_drop(rows);
		rows = tr_absent();
		error = TR_DICT(
		    "kind", tr_string("forged_reference"), "message",
		    tr_string("the rows hold {kind: secret_ref}; only Troupe itself puts that in the place of a "
			      "secret, so it is not taken from outside"),
		    "retryable", tr_bool(false));
	}
	if (!tr_is_valid(rows)) {
		failed(s, error);
		return;
	}
	tr_assign(&c->rows, rows);
	c->appending = true;
	event *e = event_list_add(step_run_events(s), EVENT_TASK_PROCESSED);
	if (e == NULL)
		tr_exitf("step %.*s: out of memory", TR_STR(s->run->step->name));
	e->time_us = tr_wall_us();
	e->status = "success";
	e->payload = TR_DICT("label", tr_string(CURSOR_LABEL), "outcome",
			     TR_DICT("status", tr_string("success"), "result", tr_keep(rows)), "directive",
			     tr_string("continue"));
	step_run_add(s);
	outbox_wait(&s->out, WAIT_CURSOR);
	outbox_flush(&s->out, false);
}

/* The cursor's task, rendered. False with *error. */
static bool task(step_run *s, work *w, tr_value *error)
{
	renderer *r = &s->loop->render;
	tr_value input = render_value(r, s->run->step->loop.in, error), key = tr_string("kind"),
		 label = tr_string(CURSOR_LABEL);
	*w = (work){.kind = tr_keep(tr_map_get(input, key)), .input = tr_map_del(input, key)};
	bool good = tr_is(w->kind, TR_STRING) && workbook_resolve(w, r, label, error);
	tr_drop(key);
	tr_drop(label);
	return good;
}

void step_cursor_fetch(step_run *s)
{
	step_loop *l = s->loop;
	loop_cursor *c = &l->cursor;
	if (plugin_call_out(&c->call) || c->appending)
		return;
	c->fetches++;
	tr_value error = tr_absent();
	work w;
	if (!task(s, &w, &error)) {
		work_fini(&w);
		failed(s, tr_is_valid(error) ? error : tr_nil());
		return;
	}
	tr_value outcome = plugin_call_send(&c->call, TR_DICT("kind", w.kind, "input", w.input, "context", context(s)));
	if (!tr_is_valid(outcome))
		return;
	answered(s, outcome);
	tr_drop(outcome);
}

bool step_cursor_message(step_run *s, tr_value message)
{
	tr_value outcome = plugin_call_answer(&s->loop->cursor.call, message);
	if (!tr_is_valid(outcome))
		return false;
	if (!s->ending)
		answered(s, outcome);
	tr_drop(outcome);
	return true;
}

/* More rows behind those that were given out. */
static void take(step_run *s, tr_value rows)
{
	step_loop *l = s->loop;
	l->base += l->source.count;
	l->source.count = (int64_t)tr_array_len(rows);
	l->cursor.exhausted = l->source.count == 0;
	tr_assign(&l->source.items, rows);
}

void step_cursor_acked(step_run *s)
{
	loop_cursor *c = &s->loop->cursor;
	c->appending = false;
	tr_value rows = c->rows;
	c->rows = tr_absent();
	take(s, rows);
}

/* Here the rows are kept from the first on: which of them are done is only known at the end of the log. */
void step_cursor_resume(step_run *s, const event *e)
{
	step_loop *l = s->loop;
	if (e->type != EVENT_TASK_PROCESSED || !tr_str_is(tr_as_str(tr_map_get_s(e->payload, "label")), CURSOR_LABEL))
		return;
	tr_value rows = TR_GET(e->payload, "outcome", "result");
	rows = refs_is(rows) ? refs_load(rows) : tr_keep(rows);
	l->cursor.fetches++;
	l->cursor.exhausted = tr_array_len(rows) == 0;
	tr_value all = tr_is(l->source.items, TR_ARRAY) ? l->source.items : tr_array();
	l->source.items = tr_array_concat(all, rows);
	l->source.count = (int64_t)tr_array_len(l->source.items);
}
