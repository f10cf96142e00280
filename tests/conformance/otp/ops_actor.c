/* SPDX-License-Identifier: Apache-2.0 */
/* Operations: spawning, messages, names, groups, timers, calls. */
#include "tests/conformance/otp/script.h"

/* ---- spawning and ending ------------------------------------------------------------------------------------------
 */

static tr_spawned spawn(struct script *s, const tr_value *a, tr_value ops, const tr_spawn_options *options)
{
	tr_spawned made = tr_spawn_opt(script_body, TR_LIST(tr_keep(a[0]), tr_keep(ops)), options);

	if (made.err != TR_OK)
		script_log(s, "spawn failed", tr_atom(made.err == TR_EEXIST ? "taken" : tr_err_name(made.err)));
	else
		world_name(s->world, script_text(a[0]), tr_pid_value(made.pid));
	return made;
}

static void op_spawn(struct script *s, const tr_value *a)
{
	spawn(s, a, a[1], &(tr_spawn_options){.link = false});
}

static void op_spawn_link(struct script *s, const tr_value *a)
{
	spawn(s, a, a[1], &(tr_spawn_options){.link = true});
}

static void op_spawn_monitor(struct script *s, const tr_value *a)
{
	tr_spawned made = spawn(s, a, a[2], &(tr_spawn_options){.monitor = true});

	world_name(s->world, script_text(a[1]), tr_ref_value(made.monitor));
}

static void op_spawn_link_monitor(struct script *s, const tr_value *a)
{
	tr_spawned made = spawn(s, a, a[2], &(tr_spawn_options){.link = true, .monitor = true});

	world_name(s->world, script_text(a[1]), tr_ref_value(made.monitor));
}

/* A name for an actor that has ended already. */
static void op_dead(struct script *s, const tr_value *a)
{
	tr_value none = tr_array();
	tr_spawned made = spawn(s, a, none, &(tr_spawn_options){.monitor = true});

	tr_drop(none);
	tr_drop(tr_receive_ref(made.monitor, tr_in(SCRIPT_PATIENCE)));
}

static void op_exit(struct script *s, const tr_value *a)
{
	(void)s;
	tr_exit(tr_keep(a[0]));
}

static void op_alive(struct script *s, const tr_value *a)
{
	script_log(s, "alive", tr_bool(tr_alive(script_pid(s, a[0]))));
}

static void op_log(struct script *s, const tr_value *a)
{
	script_log(s, "says", tr_keep(a[0]));
}

/* ---- messages ------------------------------------------------------------------------------------------------------
 */

static void op_send(struct script *s, const tr_value *a)
{
	tr_send(script_pid(s, a[0]), tr_keep(a[1]));
}

static void op_send_name(struct script *s, const tr_value *a)
{
	tr_err err = tr_send_name(script_text(a[0]), tr_keep(a[1]));

	if (err != TR_OK)
		script_err(s, "send", err);
}

static void got(const struct script *s, tr_value message, const char *otherwise)
{
	if (tr_is_valid(message))
		script_log(s, "got", message);
	else
		script_log(s, otherwise, tr_absent());
}

static bool fits(tr_value pattern, tr_value v)
{
	if (tr_str_is(tr_as_str(pattern), "_"))
		return true;
	if (!tr_is(pattern, TR_ARRAY))
		return tr_equal(pattern, v) || (tr_is(v, TR_STRING) && tr_str_eq(tr_as_str(pattern), tr_as_str(v)));
	if (!tr_is(v, TR_ARRAY) || tr_array_len(v) != tr_array_len(pattern))
		return false;
	for (size_t i = 0; i < tr_array_len(v); i++)
		if (!fits(tr_array_at(pattern, i), tr_array_at(v, i)))
			return false;
	return true;
}

static bool match(void *pattern, tr_value message)
{
	return fits(*(tr_value *)pattern, message);
}

static void op_recv(struct script *s, const tr_value *a)
{
	(void)a;
	got(s, tr_receive(tr_in(SCRIPT_PATIENCE)), SCRIPT_IN_VAIN);
}

static void op_recv_one(struct script *s, const tr_value *a)
{
	tr_value pattern = a[0];

	got(s, tr_receive_match(match, &pattern, tr_in(SCRIPT_PATIENCE)), SCRIPT_IN_VAIN);
}

static void op_recv_in(struct script *s, const tr_value *a)
{
	tr_value pattern = a[0];

	got(s, tr_receive_match(match, &pattern, script_ms(a[1]) == 0 ? 0 : tr_in(script_ms(a[1]))), "nothing");
}

static void op_recv_ref(struct script *s, const tr_value *a)
{
	got(s, tr_receive_ref(tr_as_ref(world_find(s->world, script_text(a[0]))), tr_in(SCRIPT_PATIENCE)),
	    SCRIPT_IN_VAIN);
}

static void op_flush(struct script *s, const tr_value *a)
{
	(void)a;
	for (tr_value m = tr_receive(0); tr_is_valid(m); m = tr_receive(0))
		script_log(s, "had", m);
	script_log(s, "flushed", tr_absent());
}

/* Wait for a message and perform what it asks. */
static void op_obey(struct script *s, const tr_value *a)
{
	(void)a;
	tr_value message = tr_own_value(tr_receive(tr_in(SCRIPT_PATIENCE)));

	if (tr_is_valid(message))
		script_request(s, message);
	else
		script_log(s, SCRIPT_IN_VAIN, tr_absent());
}

/* ---- names and groups ----------------------------------------------------------------------------------------------
 */

static void op_register(struct script *s, const tr_value *a)
{
	script_log(s, "register",
		   tr_register(script_text(a[0]), script_pid(s, a[1])) == TR_OK ? TR_A(ok) : TR_A(error));
}

static void op_unregister(struct script *s, const tr_value *a)
{
	script_log(s, "unregister", tr_unregister(script_text(a[0])) == TR_OK ? TR_A(ok) : TR_A(error));
}

static void op_whereis(struct script *s, const tr_value *a)
{
	tr_pid pid = tr_whereis(script_text(a[0]));

	script_log(s, "whereis", pid.bits != 0 ? tr_pid_value(pid) : TR_A(undefined));
}

static void op_name_of(struct script *s, const tr_value *a)
{
	script_log(s, "name", tr_name_of(script_pid(s, a[0])));
}

static void op_join(struct script *s, const tr_value *a)
{
	tr_group_join(script_text(a[0]), script_pid(s, a[1]));
}

static void op_leave(struct script *s, const tr_value *a)
{
	script_log(s, "leave",
		   tr_group_leave(script_text(a[0]), script_pid(s, a[1])) == TR_OK ? TR_A(ok) : tr_atom("not_joined"));
}

/* Members in the order in which they got their names, one a line; waits until there are as many as said. */
static void op_members(struct script *s, const tr_value *a)
{
	int64_t until = tr_in(SCRIPT_PATIENCE);
	tr_value members = tr_group_members(script_text(a[0]));

	while ((int64_t)tr_array_len(members) != tr_as_int(a[1], 0) && tr_now() < until) {
		tr_drop(members);
		tr_yield();
		members = tr_group_members(script_text(a[0]));
	}
	script_log(s, "members", tr_int((int64_t)tr_array_len(members)));
	for (size_t i = 0; tr_is_valid(world_at(s->world, i)); i++)
		for (size_t m = 0; m < tr_array_len(members); m++)
			if (tr_equal(tr_array_at(members, m), world_at(s->world, i)))
				script_log(s, "member", world_at(s->world, i));
	tr_drop(members);
}

/* ---- timers --------------------------------------------------------------------------------------------------------
 */

static void op_timer(struct script *s, const tr_value *a)
{
	tr_ref timer = tr_send_at(script_pid(s, a[1]), tr_keep(a[3]), tr_in(script_ms(a[2])));

	world_name(s->world, script_text(a[0]), tr_ref_value(timer));
}

static void op_cancel(struct script *s, const tr_value *a)
{
	int64_t left = tr_cancel_timer(tr_as_ref(world_find(s->world, script_text(a[0]))));

	script_log(s, left >= 0 ? "timer was armed" : "timer was gone", tr_absent());
}

static void op_sleep(struct script *s, const tr_value *a)
{
	(void)s;
	tr_sleep_until(tr_in(script_ms(a[0])));
}

/* ---- calls ---------------------------------------------------------------------------------------------------------
 */

static void called(const struct script *s, tr_value reply)
{
	if (tr_is_valid(reply))
		script_log(s, "reply", reply);
	else if (tr_value_err(reply) == TR_ETIMEOUT)
		script_log(s, "call failed", TR_A(timeout));
	else
		script_log(s, "call failed", tr_keep(tr_call_reason()));
}

static void call(const struct script *s, const tr_value *a, int64_t deadline)
{
	if (tr_is(a[0], TR_ARRAY)) /* [reg, name] */
		called(s, tr_call_name(script_text(tr_array_at(a[0], 1)), tr_keep(a[1]), deadline));
	else
		called(s, tr_call(script_pid(s, a[0]), tr_keep(a[1]), deadline));
}

static void op_call(struct script *s, const tr_value *a)
{
	call(s, a, tr_in(SCRIPT_PATIENCE));
}

static void op_call_in(struct script *s, const tr_value *a)
{
	call(s, a, tr_in(script_ms(a[2])));
}

static bool is_call(void *arg, tr_value message)
{
	tr_from from;
	tr_value request;

	(void)arg;
	return tr_is_call(message, &from, &request);
}

/* A plain actor takes a call and keeps the caller under a key. */
static void op_take_call(struct script *s, const tr_value *a)
{
	tr_from from;
	tr_value request;
	tr_value message = tr_own_value(tr_receive_match(is_call, NULL, tr_in(SCRIPT_PATIENCE)));

	if (tr_is_call(message, &from, &request)) {
		world_save_from(s->world, script_text(a[0]), from);
		script_log(s, "asked", tr_keep(request));
	}
}

static void op_answer(struct script *s, const tr_value *a)
{
	tr_reply(world_from(s->world, script_text(a[0])), tr_keep(a[1]));
}

/* ---- choices -------------------------------------------------------------------------------------------------------
 */

/* The n-th time these operations, the last ones ever after. */
static void op_nth(struct script *s, const tr_value *a)
{
	size_t n = world_count(s->world, script_text(a[0]));
	size_t last = tr_array_len(a[1]) - 1;

	script_run(s, tr_array_at(a[1], n < last ? n : last));
}

static void op_times(struct script *s, const tr_value *a)
{
	for (int64_t i = 0; i < tr_as_int(a[0], 0); i++)
		script_run(s, a[1]);
}

const struct script_entry ops_actor[] = {
    {"spawn", 2, op_spawn},
    {"spawn_link", 2, op_spawn_link},
    {"spawn_monitor", 3, op_spawn_monitor},
    {"spawn_link_monitor", 3, op_spawn_link_monitor},
    {"dead", 1, op_dead},
    {"exit", 1, op_exit},
    {"alive", 1, op_alive},
    {"log", 1, op_log},
    {"send", 2, op_send},
    {"send_name", 2, op_send_name},
    {"recv", 0, op_recv},
    {"recv", 1, op_recv_one},
    {"recv", 2, op_recv_in},
    {"recv_ref", 1, op_recv_ref},
    {"flush", 0, op_flush},
    {"obey", 0, op_obey},
    {"register", 2, op_register},
    {"unregister", 1, op_unregister},
    {"whereis", 1, op_whereis},
    {"name_of", 1, op_name_of},
    {"join", 2, op_join},
    {"leave", 2, op_leave},
    {"members", 2, op_members},
    {"timer", 4, op_timer},
    {"cancel", 1, op_cancel},
    {"sleep", 1, op_sleep},
    {"call", 2, op_call},
    {"call", 3, op_call_in},
    {"take_call", 1, op_take_call},
    {"answer", 2, op_answer},
    {"nth", 2, op_nth},
    {"times", 2, op_times},
    {NULL, 0, NULL},
};
