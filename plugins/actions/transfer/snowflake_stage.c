/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A task may be ended at any moment, also while nobody knows whether the statement that makes the table has arrived.
 * So that one is sent once more under its own id, for which Snowflake performs it once: when it is over the table is
 * there or never will be, and can be dropped. Behind one's back it would be made after it was dropped.
 */
#include "plugins/actions/transfer/snowflake_stage.h"

#include <troupe/log.h>
#include <troupe/node.h>

#define SETTLE_NS  (300 * TR_SECOND) /* for how long a server that cannot be reached is asked again */
#define PAUSE_NS   (250 * TR_MS)
#define LONGEST_NS (15 * TR_SECOND)

struct snow_stage {
	tr_node *node;
	tr_pid plugin;
	snow_wire *wire; /* the transfer's; not used when the actor ends */
	tr_value handed; /* of the wire */
	tr_value name;
	tr_value making, id; /* the request, as long as it is not known to be over; else absent */
	bool there;          /* or may be */
};

static void stage_free(snow_stage *s)
{
	tr_drop(s->handed);
	tr_drop(s->name);
	tr_drop(s->making);
	tr_drop(s->id);
	tr_free(s);
}

/* ---- when the task ends ---- */

static tr_value or_nil(tr_value v)
{
	return tr_is_valid(v) ? tr_keep(v) : tr_nil();
}

static void stage_end(void *arg)
{
	snow_stage *s = arg;

	if (s->there)
		(void)tr_node_send(s->node, s->plugin,
				   TR_LIST(tr_atom("settle"), TR_LIST(tr_keep(s->handed), tr_keep(s->name),
								      or_nil(s->making), or_nil(s->id))));
	stage_free(s);
}

/* The server's own word: the statement is over. Else nobody knows. */
static bool is_said(tr_value fault)
{
	return tr_is_valid(tr_map_get_s(fault, "snowflake"));
}

static tr_value drop(snow_wire *w, const char *name)
{
	tr_buf sql = {0};

	tr_buf_putf(&sql, "DROP TABLE IF EXISTS %s", name);
	return snow_place_do(w, &sql, 1);
}

static tr_value settle(snow_wire *w, tr_value order)
{
	tr_value making = tr_array_at(order, 2), id = tr_array_at(order, 3), fault = tr_absent();

	if (!tr_is_nil(making)) {
		tr_drop(snow_wire_run_as(w, tr_keep(making), tr_keep(id), true, &fault));
		if (tr_is_valid(fault) && !is_said(fault))
			return fault;
		tr_drop(fault);
	}
	return drop(w, tr_as_cstr(tr_array_at(order, 1), ""));
}

void snow_stage_settle(tr_value order)
{
	int64_t end = tr_in(SETTLE_NS), pause = PAUSE_NS;
	snow_wire w;

	for (;;) {
		tr_value fault = snow_wire_take_on(&w, tr_array_at(order, 0), end);
		if (!tr_is_valid(fault))
			fault = settle(&w, order);
		if (!tr_is_valid(fault))
			return;
		bool last = is_said(fault) || tr_in(pause) >= end;
		if (last)
			tr_log(
			    TR_WARNING, tr_absent(), "the table %s of a transfer that was ended stays in Snowflake: %s",
			    tr_as_cstr(tr_array_at(order, 1), "?"), tr_as_cstr(TR_GET(fault, "error", "message"), "?"));
		tr_drop(fault);
		if (last)
			return;
		tr_sleep_until(tr_in(pause));
		pause = pause * 2 > LONGEST_NS ? LONGEST_NS : pause * 2;
	}
}

/* ---- while it lasts ---- */

/* A chunk's rows are numbered, so that the last of those with one key can be told. */
static tr_value request_of(snow_stage *s)
{
	tr_value why, text = tr_stringf("CREATE TRANSIENT TABLE %s (N NUMBER(38,0), R VARIANT)", snow_stage_name(s));
	tr_value request = snow_request(s->wire, text, tr_absent(), &why);

	tr_drop(text);
	return request;
}

static tr_value name_of(tr_str table)
{
	tr_buf name = {0};
	size_t place = snow_table_place(table);

	if (place > 0) {
		snow_put_table(&name, (tr_str){table.p, place - 1});
		tr_buf_putc(&name, '.');
	}
	tr_buf_putf(&name, "\"TROUPE_TRANSFER_%016llX\"", (unsigned long long)tr_random());
	return tr_string_buf(&name);
}

tr_value snow_stage_make(snow_stage **stage, snow_wire *w, tr_str table)
{
	snow_stage *s = *stage = tr_alloc(sizeof(*s));
	tr_value fault = tr_absent();

	if (s == NULL)
		return tr_outcome_error("busy", true, "out of memory");
	*s = (snow_stage){tr_here(),   w->plugin,      w,   snow_wire_hand_on(w), name_of(table),
			  tr_absent(), snow_wire_id(), true};
	s->making = request_of(s);
	if (tr_own(s, stage_end) != TR_OK) {
		*stage = NULL;
		return tr_outcome_error("busy", true, "out of memory");
	}
	tr_drop(snow_wire_run_as(w, tr_keep(s->making), tr_keep(s->id), false, &fault));
	if (!tr_is_valid(fault) || is_said(fault)) {
		tr_clear(&s->making);
		tr_clear(&s->id);
		s->there = !tr_is_valid(fault);
	}
	return fault;
}

const char *snow_stage_name(const snow_stage *s)
{
	return tr_as_cstr(s->name, "");
}

void snow_stage_drop(snow_stage *s)
{
	if (!s->there || tr_is_valid(s->making))
		return;
	tr_value fault = drop(s->wire, snow_stage_name(s));
	s->there = tr_is_valid(fault);
	tr_drop(fault);
}
