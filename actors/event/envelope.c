/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON envelope of an event: what people and other systems read. */
#include "actors/event/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static const char *const entities[EVENT_TYPE_END] = {[EVENT_NONE] = "",
#define X(name, text, alias, who, entity) [EVENT_##name] = entity,
						     EVENT_TYPES(X)
#undef X
};

tr_value event_time_text(int64_t time_us)
{
	int64_t us = time_us % 1000000;
	time_t seconds;
	struct tm tm;
	char text[40];

	if (us < 0)
		us += 1000000;
	seconds = (time_t)((time_us - us) / 1000000);
	if (gmtime_r(&seconds, &tm) == NULL || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return tr_nil();
	return tr_stringf("%s.%06" PRId64 "Z", text, us);
}

/* Ids go beyond what a JSON reader's double holds, so they are text. */
static tr_value id_text(uint64_t id)
{
	return id == 0 ? tr_nil() : tr_stringf("%" PRIu64, id);
}

static tr_value entity_id(const event *e)
{
	switch (e->type) {
	case EVENT_TOKEN_CREATED:
	case EVENT_TOKEN_PENDING:
	case EVENT_TOKEN_DROPPED:
		return tr_stringf("token/%" PRId64, tr_as_int(event_get(e, "token"), 0));
	case EVENT_TASK_STARTED:
	case EVENT_TASK_PROCESSED:
	case EVENT_TASK_RETRIED:
		return tr_stringf("step_run/%" PRIu64 "/task_run/%" PRIu64, e->step_run_id, e->task_run_id);
	case EVENT_ITERATION_STARTED:
	case EVENT_ITERATION_DONE:
		return tr_stringf("step_run/%" PRIu64 "/iteration/%" PRId64, e->step_run_id, e->iteration);
	case EVENT_STEP_SCHEDULED:
	case EVENT_NEXT_EVALUATED:
	case EVENT_STEP_STARTED:
	case EVENT_LOOP_STARTED:
	case EVENT_LOOP_DONE:
	case EVENT_STEP_DONE:
	case EVENT_STEP_FAILED:
	case EVENT_CHILD_STARTED:
	case EVENT_CHILD_DONE:
		return tr_stringf("step_run/%" PRIu64, e->step_run_id);
	default:
		return tr_stringf("%" PRId64, e->execution_id);
	}
}

tr_value event_envelope(const event *e, bool alias)
{
	if (e->type <= EVENT_NONE || e->type >= EVENT_TYPE_END)
		return tr_invalid(TR_EINVAL);
	return TR_DICT("event_id", id_text(e->event_id), "seq", tr_int((int64_t)e->seq), "event_type",
		       tr_string(alias ? event_type_alias(e->type) : event_type_text(e->type)), "timestamp",
		       event_time_text(e->time_us), "execution_id", tr_stringf("%" PRId64, e->execution_id), "source",
		       tr_string(event_type_source(e->type) == EVENT_SERVER ? "server" : "worker"), "entity_type",
		       tr_string(entities[e->type]), "entity_id", entity_id(e), "parent_id", id_text(e->parent_id),
		       "step_run_id", e->step_run_id == 0 ? tr_nil() : tr_int((int64_t)e->step_run_id), "task_run_id",
		       e->task_run_id == 0 ? tr_nil() : tr_int((int64_t)e->task_run_id), "iteration",
		       e->iteration < 0 ? tr_nil() : tr_int(e->iteration), "attempt",
		       e->attempt == 0 ? tr_nil() : tr_int((int64_t)e->attempt), "status",
		       e->status == NULL ? tr_nil() : tr_string(e->status), "duration_ms",
		       e->duration_us < 0 ? tr_nil() : tr_float((double)e->duration_us / 1000.0), "trace_id",
		       e->trace_id == 0 ? tr_nil() : tr_stringf("%016" PRIx64, e->trace_id), "payload",
		       event_payload(e));
}
