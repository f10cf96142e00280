/* SPDX-License-Identifier: Apache-2.0 */
/* A gen_statem whose callbacks perform what they are asked, and the operations around it. */
#include "tests/conformance/otp/script.h"

#include <stdio.h>
#include <string.h>

/* ---- callbacks -----------------------------------------------------------------------------------------------------
 */

static tr_step machine_init(tr_machine *m, void *data, tr_value arg)
{
	struct script *s = data;

	*s = script_new();
	s->machine = m;
	s->on_enter = tr_own_value(tr_array());
	s->step = tr_next_state(tr_atom("s1"));
	world_name(s->world, script_text(tr_array_at(arg, 0)), tr_pid_value(tr_self()));
	script_log(s, "init", tr_absent());
	script_run(s, tr_array_at(arg, 1));
	return s->step;
}

static const char *type_name(tr_event_type type)
{
	static const char *const names[] = {
	    [TR_EVENT_CALL] = "call",
	    [TR_EVENT_CAST] = "cast",
	    [TR_EVENT_INFO] = "info",
	    [TR_EVENT_INTERNAL] = "internal",
	    [TR_EVENT_TIMEOUT] = "timeout",
	    [TR_EVENT_STATE_TIMEOUT] = "state_timeout",
	    [TR_EVENT_NAMED_TIMEOUT] = "named_timeout",
	    [TR_EVENT_ENTER] = "enter",
	};
	return names[type];
}

static void log_event(const struct script *s, tr_value state, const tr_event *e)
{
	char text[120];

	if (e->type == TR_EVENT_NAMED_TIMEOUT)
		snprintf(text, sizeof(text), "%s %s %s", script_text(state), type_name(e->type), script_text(e->name));
	else
		snprintf(text, sizeof(text), "%s %s", script_text(state), type_name(e->type));
	script_log(s, text, tr_keep(e->content));
}

static void enter(struct script *s, tr_value state)
{
	for (size_t i = 0; i < tr_array_len(s->on_enter); i++) {
		tr_value rule = tr_array_at(s->on_enter, i);
		if (tr_equal(tr_array_at(rule, 0), state))
			script_run(s, tr_array_at(rule, 1));
	}
}

static tr_step machine_event(tr_machine *m, void *data, tr_value state, const tr_event *e)
{
	struct script *s = data;

	s->machine = m;
	s->step = tr_keep_state();
	if (e->type == TR_EVENT_CALL)
		s->from = e->from;
	log_event(s, state, e);
	if (e->type == TR_EVENT_ENTER)
		enter(s, state);
	else
		script_request(s, e->content);
	return s->step;
}

static tr_step machine_state(tr_machine *m, void *data, const tr_event *e)
{
	return machine_event(m, data, tr_state_of(m), e);
}

static void machine_terminate(void *data, tr_value state, tr_value reason)
{
	struct script *s = data;
	char text[80];

	snprintf(text, sizeof(text), "%s terminate", script_text(state));
	script_log(s, text, tr_keep(reason));
	script_run(s, s->on_terminate);
}

static const tr_state states[] = {
    {"s1", machine_state}, {"s2", machine_state}, {"s3", machine_state}, {"s4", machine_state}, {"s5", machine_state}};

#define MACHINE(enters, ...)                                                                                       \
	{                                                                                                          \
		.name = "script", .data_size = sizeof(struct script), .init = machine_init, .enter_calls = enters, \
		.terminate = machine_terminate, __VA_ARGS__                                                        \
	}

static const tr_gen_statem machines[2][2] = {
    {MACHINE(false, .handle_event = machine_event), MACHINE(true, .handle_event = machine_event)},
    {MACHINE(false, .states = states, .state_count = 5), MACHINE(true, .states = states, .state_count = 5)},
};

/* ---- operations ----------------------------------------------------------------------------------------------------
 */

/* [name, handle or functions, enter calls, operations of init] */
static void start(struct script *s, const tr_value *a, bool link)
{
	bool functions = strcmp(script_text(a[1]), "functions") == 0;
	const tr_gen_statem *machine = &machines[functions][tr_as_bool(a[2], false)];
	tr_value arg = TR_LIST(tr_keep(a[0]), tr_keep(a[3]));

	script_started(s, script_text(a[0]),
		       link ? tr_gen_statem_start_link(machine, arg, NULL, TR_FOREVER)
			    : tr_gen_statem_start(machine, arg, NULL, TR_FOREVER));
}

static void op_statem(struct script *s, const tr_value *a)
{
	start(s, a, false);
}

static void op_statem_link(struct script *s, const tr_value *a)
{
	start(s, a, true);
}

static void op_next(struct script *s, const tr_value *a)
{
	tr_drop(s->step.value);
	s->step = tr_next_state(tr_keep(a[0]));
}

static void op_repeat(struct script *s, const tr_value *a)
{
	(void)a;
	s->step = tr_repeat_state();
}

static void op_postpone(struct script *s, const tr_value *a)
{
	(void)a;
	tr_postpone(s->machine);
}

static void op_next_event(struct script *s, const tr_value *a)
{
	const char *type = script_text(a[0]);
	tr_event_type t = strcmp(type, "cast") == 0   ? TR_EVENT_CAST
			  : strcmp(type, "info") == 0 ? TR_EVENT_INFO
						      : TR_EVENT_INTERNAL;

	tr_next_event(s->machine, t, NULL, tr_keep(a[1]));
}

static void op_event_timeout(struct script *s, const tr_value *a)
{
	tr_event_timeout(s->machine, script_ms(a[0]), tr_keep(a[1]));
}

static void op_state_timeout(struct script *s, const tr_value *a)
{
	tr_state_timeout(s->machine, script_ms(a[0]), tr_keep(a[1]));
}

static void op_named_timeout(struct script *s, const tr_value *a)
{
	tr_named_timeout(s->machine, tr_keep(a[0]), script_ms(a[1]), tr_keep(a[2]));
}

/* In this state the first operations, in others the second. */
static void op_in(struct script *s, const tr_value *a)
{
	script_run(s, tr_equal(tr_state_of(s->machine), a[0]) ? a[1] : a[2]);
}

static void op_on_enter(struct script *s, const tr_value *a)
{
	s->on_enter = tr_own_value(tr_array_push(tr_keep(s->on_enter), TR_LIST(tr_keep(a[0]), tr_keep(a[1]))));
}

const struct script_entry ops_statem[] = {
    {"statem", 4, op_statem},
    {"statem_link", 4, op_statem_link},
    {"next", 1, op_next},
    {"repeat", 0, op_repeat},
    {"postpone", 0, op_postpone},
    {"next_event", 2, op_next_event},
    {"event_timeout", 2, op_event_timeout},
    {"state_timeout", 2, op_state_timeout},
    {"named_timeout", 3, op_named_timeout},
    {"in", 3, op_in},
    {"on_enter", 2, op_on_enter},
    {NULL, 0, NULL},
};
