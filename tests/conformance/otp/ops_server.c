/* SPDX-License-Identifier: Apache-2.0 */
/* A gen_server whose callbacks perform what they are asked, and the operations around it. */
#include "tests/conformance/otp/script.h"

#include <troupe/sys.h>

#include "tests/conformance/otp/script_server.h"

static tr_next decided(struct script *s)
{
	tr_next next = s->next;

	s->next = tr_noreply();
	return next;
}

/* arg: [name, operations] or [name, operations, more operations] */
static tr_next server_init(void *state, tr_value arg)
{
	struct script *s = state;

	*s = script_new();
	world_name(s->world, script_text(tr_array_at(arg, 0)), tr_pid_value(tr_self()));
	script_log(s, "init", tr_absent());
	script_run(s, tr_array_at(arg, 1));
	script_run(s, tr_array_at(arg, 2));
	return decided(s);
}

static tr_next server_call(void *state, tr_value request, tr_from from)
{
	struct script *s = state;

	s->from = from;
	script_log(s, "call", tr_keep(request));
	script_request(s, request);
	return decided(s);
}

static tr_next server_cast(void *state, tr_value request)
{
	struct script *s = state;

	script_log(s, "cast", tr_keep(request));
	script_request(s, request);
	return decided(s);
}

static tr_next server_info(void *state, tr_value message)
{
	struct script *s = state;

	script_log(s, "info", tr_keep(message));
	script_request(s, message);
	return decided(s);
}

static tr_next server_continue(void *state, tr_value arg)
{
	struct script *s = state;

	script_log(s, "continue", tr_keep(arg));
	script_request(s, arg);
	return decided(s);
}

static tr_next server_timeout(void *state)
{
	struct script *s = state;

	script_log(s, "timeout", tr_absent());
	script_run(s, s->on_timeout);
	return decided(s);
}

static void server_terminate(void *state, tr_value reason)
{
	struct script *s = state;

	script_log(s, "terminate", tr_keep(reason));
	script_run(s, s->on_terminate);
}

static tr_value server_show(void *state)
{
	(void)state;
	return tr_atom("shown");
}

const tr_gen_server script_server = {
    .name = "script",
    .state_size = sizeof(struct script),
    .init = server_init,
    .handle_call = server_call,
    .handle_cast = server_cast,
    .handle_info = server_info,
    .handle_continue = server_continue,
    .handle_timeout = server_timeout,
    .terminate = server_terminate,
    .show = server_show,
};

/* ---- starting and asking -------------------------------------------------------------------------------------------
 */

static void start(struct script *s, const tr_value *a, tr_value ops, const char *name, bool link, int64_t deadline)
{
	tr_spawn_options options = {.name = name};
	tr_value arg = TR_LIST(tr_keep(a[0]), tr_keep(ops));

	script_started(s, script_text(a[0]),
		       link ? tr_gen_server_start_link(&script_server, arg, &options, deadline)
			    : tr_gen_server_start(&script_server, arg, &options, deadline));
}

static void op_start(struct script *s, const tr_value *a)
{
	start(s, a, a[1], NULL, false, TR_FOREVER);
}

static void op_start_link(struct script *s, const tr_value *a)
{
	start(s, a, a[1], NULL, true, TR_FOREVER);
}

static void op_start_named(struct script *s, const tr_value *a)
{
	start(s, a, a[2], script_text(a[1]), false, TR_FOREVER);
}

static void op_start_link_named(struct script *s, const tr_value *a)
{
	start(s, a, a[2], script_text(a[1]), true, TR_FOREVER);
}

static void op_start_in(struct script *s, const tr_value *a)
{
	start(s, a, a[2], NULL, false, tr_in(script_ms(a[1])));
}

static void op_cast(struct script *s, const tr_value *a)
{
	if (tr_is(a[0], TR_ARRAY))
		tr_cast_name(script_text(tr_array_at(a[0], 1)), tr_keep(a[1]));
	else
		tr_cast(script_pid(s, a[0]), tr_keep(a[1]));
}

static void op_stop_server(struct script *s, const tr_value *a)
{
	script_err(s, "stop", tr_stop(script_pid(s, a[0]), tr_keep(a[1]), tr_in(SCRIPT_PATIENCE)));
}

static void op_stop_server_in(struct script *s, const tr_value *a)
{
	script_err(s, "stop", tr_stop(script_pid(s, a[0]), tr_keep(a[1]), tr_in(script_ms(a[2]))));
}

/* Ask several; the answers in the order of the list. */
static void op_multi_call(struct script *s, const tr_value *a)
{
	tr_pid pids[16];
	size_t n = tr_array_len(a[0]);

	for (size_t i = 0; i < n && i < 16; i++)
		pids[i] = script_pid(s, tr_array_at(a[0], i));
	tr_value replies = tr_multi_call(pids, n, tr_keep(a[1]), tr_in(script_ms(a[2])));
	for (size_t i = 0; i < n; i++) {
		tr_value reply = tr_map_get(replies, tr_pid_value(pids[i]));
		if (tr_is_valid(reply))
			script_log(s, "reply", TR_LIST(tr_pid_value(pids[i]), tr_keep(reply)));
		else
			script_log(s, "no reply", tr_pid_value(pids[i]));
	}
	tr_drop(replies);
}

/* ---- sys -----------------------------------------------------------------------------------------------------------
 */

static void op_suspend(struct script *s, const tr_value *a)
{
	script_err(s, "suspend", tr_sys_suspend(script_pid(s, a[0]), tr_in(SCRIPT_PATIENCE)));
}

static void op_resume(struct script *s, const tr_value *a)
{
	script_err(s, "resume", tr_sys_resume(script_pid(s, a[0]), tr_in(SCRIPT_PATIENCE)));
}

static void op_get_state(struct script *s, const tr_value *a)
{
	tr_value state = tr_sys_get_state(script_pid(s, a[0]), tr_in(SCRIPT_PATIENCE));

	script_log(s, "state", tr_is_valid(state) ? state : tr_atom("none"));
}

/* ---- inside callbacks ----------------------------------------------------------------------------------------------
 */

static void op_reply(struct script *s, const tr_value *a)
{
	if (s->machine != NULL) {
		tr_reply(s->from, tr_keep(a[0]));
		return;
	}
	s->next.kind = TR_NEXT_REPLY;
	s->next.reply = tr_keep(a[0]);
	s->handled.reply = tr_keep(a[0]);
}

static void op_stop(struct script *s, const tr_value *a)
{
	if (s->machine != NULL) {
		s->step = tr_stop_machine(tr_keep(a[0]));
		return;
	}
	s->next.kind = TR_NEXT_STOP;
	s->next.reason = tr_keep(a[0]);
}

static void op_stop_reply(struct script *s, const tr_value *a)
{
	s->next.kind = TR_NEXT_STOP_REPLY;
	s->next.reason = tr_keep(a[0]);
	s->next.reply = tr_keep(a[1]);
}

static void op_idle(struct script *s, const tr_value *a)
{
	s->next.timeout_ns = script_ms(a[0]);
}

static void op_continue(struct script *s, const tr_value *a)
{
	s->next.then = tr_keep(a[0]);
}

static void op_hibernate(struct script *s, const tr_value *a)
{
	(void)a;
	s->next.hibernate = true;
	if (s->machine != NULL)
		tr_machine_hibernate(s->machine);
}

static void op_save_from(struct script *s, const tr_value *a)
{
	world_save_from(s->world, script_text(a[0]), s->from);
}

static void op_on_timeout(struct script *s, const tr_value *a)
{
	s->on_timeout = script_keep(a[0]);
}

static void op_on_terminate(struct script *s, const tr_value *a)
{
	s->on_terminate = script_keep(a[0]);
}

const struct script_entry ops_server[] = {
    {"start", 2, op_start},
    {"start_link", 2, op_start_link},
    {"start_named", 3, op_start_named},
    {"start_link_named", 3, op_start_link_named},
    {"start_in", 3, op_start_in},
    {"cast", 2, op_cast},
    {"stop", 2, op_stop_server},
    {"stop", 3, op_stop_server_in},
    {"multi_call", 3, op_multi_call},
    {"suspend", 1, op_suspend},
    {"resume", 1, op_resume},
    {"get_state", 1, op_get_state},
    {"reply", 1, op_reply},
    {"stop", 1, op_stop},
    {"stop_reply", 2, op_stop_reply},
    {"idle", 1, op_idle},
    {"continue", 1, op_continue},
    {"hibernate", 0, op_hibernate},
    {"save_from", 1, op_save_from},
    {"on_timeout", 1, op_on_timeout},
    {"on_terminate", 1, op_on_terminate},
    {NULL, 0, NULL},
};
