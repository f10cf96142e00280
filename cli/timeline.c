/* SPDX-License-Identifier: Apache-2.0 */
/* Events into step runs and tasks. */
#include "cli/timeline.h"

#include "cli/fault_text.h"

#include <string.h>

void timeline_init(timeline *t)
{
	*t = (timeline){.status = "running",
			.playbook = tr_absent(),
			.result = tr_absent(),
			.failures = tr_absent(),
			.warnings = tr_array(),
			.by_id = tr_map(),
			.started = tr_map()};
}

static void run_fini(timeline_run *r)
{
	for (size_t i = 0; i < r->task_count; i++) {
		tr_drop(r->tasks[i].label);
		tr_drop(r->tasks[i].kind);
		tr_drop(r->tasks[i].error);
	}
	tr_free(r->tasks);
	tr_drop(r->step);
	tr_drop(r->error);
}

void timeline_fini(timeline *t)
{
	for (size_t i = 0; i < t->count; i++)
		run_fini(&t->runs[i]);
	tr_free(t->runs);
	tr_drop(t->playbook);
	tr_drop(t->result);
	tr_drop(t->failures);
	tr_drop(t->warnings);
	tr_drop(t->by_id);
	tr_drop(t->started);
}

static timeline_run *run_of_event(const timeline *t, const event *e)
{
	int64_t at = tr_as_int(tr_map_get(t->by_id, tr_int((int64_t)e->step_run_id)), -1);
	return at >= 0 && (size_t)at < t->count ? &t->runs[at] : NULL;
}

static tr_err scheduled(timeline *t, const event *e)
{
	timeline_run *r = run_of_event(t, e);
	if (r != NULL) {
		r->attempts = e->attempt;
		r->status = "scheduled";
		return TR_OK;
	}
	if (t->count == t->capacity) {
		size_t capacity = t->capacity == 0 ? 64 : t->capacity * 2;
		timeline_run *more = tr_realloc(t->runs, capacity * sizeof *more);
		if (more == NULL)
			return TR_ENOMEM;
		t->runs = more;
		t->capacity = capacity;
	}
	t->runs[t->count] = (timeline_run){.id = e->step_run_id,
					   .step = tr_keep(tr_map_get_s(e->payload, "step")),
					   .attempts = e->attempt,
					   .scheduled_us = e->time_us,
					   .status = "scheduled",
					   .total = -1,
					   .error = tr_absent()};
	t->by_id = tr_map_put(t->by_id, tr_int((int64_t)e->step_run_id), tr_int((int64_t)t->count));
	t->count++;
	return tr_value_err(t->by_id);
}

static timeline_task *task_of(timeline_run *r, tr_value label, tr_value kind)
{
	for (size_t i = 0; i < r->task_count; i++)
		if (tr_equal(r->tasks[i].label, label))
			return &r->tasks[i];
	timeline_task *more = tr_realloc(r->tasks, (r->task_count + 1) * sizeof *more);
	if (more == NULL)
		return NULL;
	r->tasks = more;
	timeline_task *task = &r->tasks[r->task_count++];
	*task = (timeline_task){.label = tr_keep(label), .kind = tr_keep(kind), .error = tr_absent()};
	return task;
}

static void take_error(tr_value *to, tr_value error)
{
	tr_value text = fault_text(error);
	if (tr_is_valid(text))
		tr_assign(to, text);
}

static tr_err task_event(timeline *t, timeline_run *r, const event *e)
{
	timeline_task *task = task_of(r, tr_map_get_s(e->payload, "label"), tr_map_get_s(e->payload, "kind"));
	if (task == NULL)
		return TR_ENOMEM;
	tr_value key = TR_LIST(tr_int((int64_t)e->step_run_id), tr_int((int64_t)e->task_run_id));
	tr_value outcome = tr_map_get_s(e->payload, "outcome");
	tr_value error = tr_map_get_s(e->type == EVENT_TASK_RETRIED ? e->payload : outcome, "error");
	if (e->type == EVENT_TASK_STARTED) {
		task->runs++;
		if (task->start_us == 0 || e->time_us < task->start_us)
			task->start_us = e->time_us;
		t->started = tr_map_put(t->started, key, tr_int(e->time_us));
		return tr_value_err(t->started);
	}
	int64_t start = tr_as_int(tr_map_get(t->started, key), e->time_us);
	task->busy_us += e->duration_us >= 0 ? e->duration_us : e->time_us - start;
	task->end_us = e->time_us > task->end_us ? e->time_us : task->end_us;
	task->retries += e->type == EVENT_TASK_RETRIED;
	task->failed +=
	    e->type == EVENT_TASK_PROCESSED && tr_str_is(tr_as_str(tr_map_get_s(outcome, "status")), "error");
	take_error(&task->error, error);
	t->started = tr_map_del(t->started, key);
	tr_drop(key);
	return tr_value_err(t->started);
}

static void ended(timeline_run *r, const event *e)
{
	r->end_us = e->time_us;
	r->status = e->status != NULL ? e->status : e->type == EVENT_STEP_FAILED ? "failed" : "success";
	if (e->type == EVENT_STEP_FAILED)
		take_error(&r->error, tr_map_get_s(e->payload, "error"));
}

static tr_err run_event(timeline *t, timeline_run *r, const event *e)
{
	tr_str status = tr_as_str(tr_map_get_s(e->payload, "status"));
	switch (e->type) {
	case EVENT_STEP_STARTED:
		r->start_us = r->start_us == 0 ? e->time_us : r->start_us;
		r->status = "running";
		break;
	case EVENT_TASK_STARTED:
	case EVENT_TASK_PROCESSED:
	case EVENT_TASK_RETRIED:
		return task_event(t, r, e);
	case EVENT_LOOP_STARTED:
		r->total = tr_as_int(tr_map_get_s(e->payload, "count"), 0);
		r->done = r->failed = 0;
		break;
	case EVENT_ITERATION_DONE:
		r->done++;
		r->failed += tr_str_is(status, "error") || tr_str_is(status, "failed");
		break;
	case EVENT_LOOP_DONE:
	case EVENT_STEP_DONE:
	case EVENT_STEP_FAILED:
		ended(r, e);
		break;
	default:
		break;
	}
	return TR_OK;
}

tr_err timeline_add(timeline *t, const event *e)
{
	t->events++;
	t->last_us = e->time_us > t->last_us ? e->time_us : t->last_us;
	if (e->type == EVENT_EXECUTION_REQUESTED) {
		t->started_us = e->time_us;
		tr_assign(&t->playbook, tr_keep(tr_map_get_s(e->payload, "playbook")));
	} else if (e->type == EVENT_EXECUTION_PAUSED || e->type == EVENT_EXECUTION_RESUMED) {
		t->held = e->type == EVENT_EXECUTION_RESUMED ? NULL : e->status != NULL ? e->status : "paused";
	} else if (e->type == EVENT_WORKFLOW_FINISHED) {
		tr_assign(&t->result, tr_keep(tr_map_get_s(e->payload, "result")));
		tr_assign(&t->failures, tr_keep(tr_map_get_s(e->payload, "failures")));
	} else if (e->type == EVENT_PLAYBOOK_PROCESSED) {
		const char *status = event_status(tr_as_str(tr_map_get_s(e->payload, "status")));
		t->status = status != NULL ? status : e->status != NULL ? e->status : "success";
		t->finished = true;
	} else if (e->type == EVENT_STEP_SCHEDULED) {
		return scheduled(t, e);
	} else if (e->type == EVENT_WARNING) {
		t->warnings = tr_array_push(t->warnings, tr_keep(e->payload));
	}
	timeline_run *r = e->step_run_id != 0 ? run_of_event(t, e) : NULL;
	return r == NULL ? TR_OK : run_event(t, r, e);
}
