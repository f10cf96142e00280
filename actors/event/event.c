/* SPDX-License-Identifier: Apache-2.0 */
/* Events in their four forms: struct, array value, msgpack record. The JSON envelope is in envelope.c. */
#include "actors/event/event.h"

#include <string.h>
#include <troupe/codec.h>

#include "actors/event/shape.h"
#include "runtime/value/msgpack.h"

static const struct type_row {
	const char *text, *alias;
	event_source source;
} type_rows[EVENT_TYPE_END] = {[EVENT_NONE] = {"", "", EVENT_SERVER},
#define X(name, text, alias, who, entity) [EVENT_##name] = {text, alias, EVENT_##who},
			       EVENT_TYPES(X)
#undef X
};

/* Statuses by their number on disk. */
static const char *const status_texts[] = {NULL,
#define X(name, text) text,
					   EVENT_STATUSES(X)
#undef X
};
#define STATUS_COUNT (sizeof(status_texts) / sizeof(status_texts[0]))

static const struct type_row *type_row(event_type t)
{
	return (int)t > 0 && t < EVENT_TYPE_END ? &type_rows[t] : &type_rows[EVENT_NONE];
}

const char *event_type_text(event_type t)
{
	return type_row(t)->text;
}
const char *event_type_alias(event_type t)
{
	return type_row(t)->alias;
}
event_source event_type_source(event_type t)
{
	return type_row(t)->source;
}

event_type event_type_from_text(tr_str text)
{
	if (text.n == 0)
		return EVENT_NONE;
	for (int t = EVENT_NONE + 1; t < EVENT_TYPE_END; t++)
		if (tr_str_is(text, type_rows[t].text) || tr_str_is(text, type_rows[t].alias))
			return (event_type)t;
	return EVENT_NONE;
}

const char *event_status(tr_str text)
{
	for (size_t i = 1; i < STATUS_COUNT; i++)
		if (tr_str_is(text, status_texts[i]))
			return status_texts[i];
	return NULL;
}

void event_init(event *e, event_type t)
{
	*e = (event){.type = t, .iteration = -1, .duration_us = -1, .payload = tr_nil()};
}

void event_fini(event *e)
{
	for (int i = 0; e->shaped && i < EVENT_FIELDS; i++)
		tr_clear(&e->field[i]);
	tr_drop(e->payload);
	e->payload = tr_nil();
}

/* The number of a status, 0 for none, -1 for a text that is not in the table. */
static int status_number(const char *status)
{
	if (status == NULL)
		return 0;
	for (size_t i = 1; i < STATUS_COUNT; i++)
		if (status == status_texts[i])
			return (int)i;
	for (size_t i = 1; i < STATUS_COUNT; i++)
		if (strcmp(status, status_texts[i]) == 0)
			return (int)i;
	return -1;
}

/* The positions are on disk: only append. */
enum field {
	FIELD_EVENT_ID,
	FIELD_SEQ,
	FIELD_TIME,
	FIELD_EXECUTION,
	FIELD_TYPE,
	FIELD_ATTEMPT,
	FIELD_STEP_RUN,
	FIELD_TASK_RUN,
	FIELD_ITERATION,
	FIELD_PARENT,
	FIELD_TRACE,
	FIELD_STATUS,
	FIELD_DURATION,
	FIELD_PAYLOAD,
	FIELD_COUNT
};

/* Fills the numbers; the payload is left out. */
static tr_err event_fields(const event *e, int64_t f[FIELD_PAYLOAD])
{
	int status = status_number(e->status);

	if (e->type <= EVENT_NONE || e->type >= EVENT_TYPE_END || status < 0)
		return TR_EINVAL;
	f[FIELD_EVENT_ID] = (int64_t)e->event_id;
	f[FIELD_SEQ] = (int64_t)e->seq;
	f[FIELD_TIME] = e->time_us;
	f[FIELD_EXECUTION] = e->execution_id;
	f[FIELD_TYPE] = (int64_t)e->type;
	f[FIELD_ATTEMPT] = (int64_t)e->attempt;
	f[FIELD_STEP_RUN] = (int64_t)e->step_run_id;
	f[FIELD_TASK_RUN] = (int64_t)e->task_run_id;
	f[FIELD_ITERATION] = e->iteration;
	f[FIELD_PARENT] = (int64_t)e->parent_id;
	f[FIELD_TRACE] = (int64_t)e->trace_id;
	f[FIELD_STATUS] = status;
	f[FIELD_DURATION] = e->duration_us;
	return TR_OK;
}

tr_value event_to_value(const event *e)
{
	int64_t f[FIELD_PAYLOAD];
	tr_value items[FIELD_COUNT];
	tr_err err = event_fields(e, f);

	if (err != TR_OK)
		return tr_invalid(err);
	for (int i = 0; i < FIELD_PAYLOAD; i++)
		items[i] = tr_int(f[i]);
	items[FIELD_PAYLOAD] = event_payload(e);
	return tr_array_from(items, FIELD_COUNT);
}

tr_err event_from_value(tr_value v, event *e)
{
	const tr_value *items = tr_array_items(v);
	int64_t f[FIELD_PAYLOAD];

	event_init(e, EVENT_NONE);
	/* A later version may have appended fields; those it has before them mean the same. */
	if (!tr_is(v, TR_ARRAY) || tr_array_len(v) < FIELD_COUNT)
		return TR_ECORRUPT;
	for (int i = 0; i < FIELD_PAYLOAD; i++) {
		if (!tr_is(items[i], TR_INT))
			return TR_ECORRUPT;
		f[i] = tr_as_int(items[i], 0);
	}
	if (f[FIELD_TYPE] <= EVENT_NONE || f[FIELD_TYPE] >= EVENT_TYPE_END || f[FIELD_STATUS] < 0 ||
	    f[FIELD_STATUS] >= (int64_t)STATUS_COUNT || f[FIELD_ATTEMPT] < 0 || f[FIELD_ATTEMPT] > UINT32_MAX)
		return TR_ECORRUPT;
	if (!tr_is(items[FIELD_PAYLOAD], TR_MAP) && !tr_is_nil(items[FIELD_PAYLOAD]))
		return TR_ECORRUPT;
	*e = (event){
	    .event_id = (uint64_t)f[FIELD_EVENT_ID],
	    .seq = (uint64_t)f[FIELD_SEQ],
	    .time_us = f[FIELD_TIME],
	    .execution_id = f[FIELD_EXECUTION],
	    .type = (event_type)f[FIELD_TYPE],
	    .attempt = (uint32_t)f[FIELD_ATTEMPT],
	    .step_run_id = (uint64_t)f[FIELD_STEP_RUN],
	    .task_run_id = (uint64_t)f[FIELD_TASK_RUN],
	    .iteration = f[FIELD_ITERATION],
	    .parent_id = (uint64_t)f[FIELD_PARENT],
	    .trace_id = (uint64_t)f[FIELD_TRACE],
	    .status = status_texts[f[FIELD_STATUS]],
	    .duration_us = f[FIELD_DURATION],
	    .payload = tr_keep(items[FIELD_PAYLOAD]),
	};
	return TR_OK;
}

static inline unsigned char *put_int(unsigned char *at, int64_t v)
{
	if (v >= 0 && v < 128) {
		*at = (unsigned char)v;
		return at + 1;
	}
	return at + msgpack_int(at, v);
}

/* What stands before the payload: the fields in their order on disk. Writes up to 1 + 9 * FIELD_PAYLOAD bytes. */
static unsigned char *put_fields(unsigned char *at, const event *e, int status)
{
	_Static_assert(FIELD_COUNT < 16, "the header is a fixarray");
	*at++ = 0x90 | FIELD_COUNT;
	at = put_int(at, (int64_t)e->event_id);
	at = put_int(at, (int64_t)e->seq);
	at = put_int(at, e->time_us);
	at = put_int(at, e->execution_id);
	at = put_int(at, (int64_t)e->type);
	at = put_int(at, (int64_t)e->attempt);
	at = put_int(at, (int64_t)e->step_run_id);
	at = put_int(at, (int64_t)e->task_run_id);
	at = put_int(at, e->iteration);
	at = put_int(at, (int64_t)e->parent_id);
	at = put_int(at, (int64_t)e->trace_id);
	at = put_int(at, status);
	return put_int(at, e->duration_us);
}

tr_err event_encode(tr_buf *out, const event *e)
{
	int status = status_number(e->status);

	if (e->type <= EVENT_NONE || e->type >= EVENT_TYPE_END || status < 0)
		return TR_EINVAL;
	unsigned char *at = (unsigned char *)tr_buf_reserve(out, 1 + 9 * FIELD_PAYLOAD + SHAPE_ROOM);

	if (at == NULL)
		return out->err;
	size_t n = (size_t)(put_fields(at, e, status) - at);

	if (e->shaped)
		return shape_encode(out, n, e);
	out->n += n;
	tr_err err = tr_msgpack_write(out, e->payload);
	return err != TR_OK ? err : out->err;
}

tr_err event_decode(tr_str bytes, event *e)
{
	size_t used = 0;
	tr_value v = tr_msgpack_read(bytes, &used, NULL, NULL);
	tr_err err;

	event_init(e, EVENT_NONE);
	if (!tr_is_valid(v))
		return tr_value_err(v) == TR_ENOMEM ? TR_ENOMEM : TR_ECORRUPT;
	err = used == bytes.n ? event_from_value(v, e) : TR_ECORRUPT;
	tr_drop(v);
	return err;
}

#define ID_EPOCH_MS INT64_C(1704067200000) /* 2024-01-01T00:00:00Z */

uint64_t id_next(id_generator *g, int64_t wall_us)
{
	int64_t since = wall_us / 1000 - ID_EPOCH_MS;
	uint64_t ms = since > 0 ? (uint64_t)since & ((UINT64_C(1) << 41) - 1) : 0;
	uint64_t last_ms = g->last >> 22;
	uint64_t counter = 0;

	/* A clock that stands or goes back: count on; when the counter is spent, borrow the next millisecond. */
	if (g->last != 0 && ms <= last_ms) {
		ms = last_ms;
		counter = (g->last & 0xfff) + 1;
		if (counter > 0xfff) {
			ms++;
			counter = 0;
		}
	}
	g->last = ms << 22 | (uint64_t)(g->node & 0x3ff) << 12 | counter;
	if (g->last == 0)
		g->last = 1; /* 0 means "none" everywhere */
	return g->last;
}
