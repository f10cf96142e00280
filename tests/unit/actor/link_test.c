/* SPDX-License-Identifier: Apache-2.0 */
/* Links, monitors and exit signals: OTP's rules, one test a rule. */
#include "tests/unit/actor/kit.h"

static void waits(tr_value arg)
{
	(void)arg;
	tr_drop(tr_receive(TR_FOREVER));
}
static void exits_with_arg(tr_value arg)
{
	tr_exit(tr_keep(arg));
}
static void exits_when_told(tr_value arg)
{
	(void)arg;
	tr_exit(tr_receive(TR_FOREVER));
}
static void traps_and_forwards(tr_value arg)
{
	tr_trap_exit(true);
	tr_send(tr_as_pid(arg), tr_string("ready"));
	for (;;)
		tr_send(tr_as_pid(arg), tr_receive(TR_FOREVER));
}

static tr_value expect_exit(tr_pid from)
{
	tr_value m = tr_receive(tr_in(60 * TR_SECOND));
	EXPECT(TR_IS_A(tr_array_at(m, 0), exit) && tr_array_len(m) == 3);
	EXPECT(tr_pid_eq(tr_as_pid(tr_array_at(m, 1)), from));
	tr_value reason = tr_keep(tr_array_at(m, 2));
	tr_drop(m);
	return reason;
}

static tr_value expect_down(tr_ref ref, tr_pid from)
{
	tr_value m = tr_receive(tr_in(60 * TR_SECOND));
	EXPECT(TR_IS_A(tr_array_at(m, 0), down) && tr_array_len(m) == 5);
	EXPECT(tr_ref_eq(tr_as_ref(tr_array_at(m, 1)), ref));
	EXPECT(TR_IS_A(tr_array_at(m, 2), process));
	EXPECT(tr_pid_eq(tr_as_pid(tr_array_at(m, 3)), from));
	tr_value reason = tr_keep(tr_array_at(m, 4));
	tr_drop(m);
	return reason;
}

static bool silence(void)
{
	return !tr_is_valid(tr_receive(tr_in(3 * TR_MS)));
}

static void trap_body(tr_value arg)
{
	(void)arg;
	EXPECT(!tr_trap_exit(true));
	EXPECT(tr_trap_exit(true));
	tr_pid p = tr_spawn_link(exits_with_arg, tr_string("why"));
	EXPECT_SHOWS(expect_exit(p), "\"why\"");
	p = tr_spawn_link(waits, tr_nil());
	tr_send(p, tr_nil());
	EXPECT_SHOWS(expect_exit(p), "normal");
	/* A link's `kill` is an ordinary reason. */
	p = tr_spawn_link(exits_with_arg, TR_A(kill));
	EXPECT_SHOWS(expect_exit(p), "kill");
	/* kill sent with exit/2 shows as killed. */
	p = tr_spawn_link(waits, tr_nil());
	tr_exit_signal(p, TR_A(kill));
	EXPECT_SHOWS(expect_exit(p), "killed");
}
static void trapped_exits_are_messages(void **state)
{
	(void)state;
	kit_run(trap_body, 0);
	kit_run(trap_body, 1);
}

static void chain(tr_value arg)
{
	if (tr_as_int(arg, 0) == 0)
		tr_exit(tr_string("end of the chain"));
	tr_spawn_link(chain, tr_int(tr_as_int(arg, 0) - 1));
	tr_drop(tr_receive(TR_FOREVER));
}
static void chain_body(tr_value arg)
{
	(void)arg;
	tr_trap_exit(true);
	tr_pid p = tr_spawn_link(chain, tr_int(100));
	EXPECT_SHOWS(expect_exit(p), "\"end of the chain\"");
}
static void exits_travel_along_links(void **state)
{
	(void)state;
	kit_run(chain_body, 0);
}

static void normal_body(tr_value arg)
{
	(void)arg;
	tr_pid p = tr_spawn_link(waits, tr_nil());
	tr_send(p, tr_nil());
	EVENTUALLY(!tr_alive(p));
	EXPECT(silence()); /* normal does not kill a linked actor */
	p = tr_spawn(waits, tr_nil());
	tr_exit_signal(p, TR_A(normal));
	tr_sleep_until(tr_in(2 * TR_MS));
	EXPECT(tr_alive(p));
	tr_exit_signal(p, TR_A(shutdown));
	EVENTUALLY(!tr_alive(p));
	tr_pid t = tr_spawn(traps_and_forwards, tr_pid_value(tr_self()));
	tr_drop(tr_receive(TR_FOREVER));
	tr_exit_signal(t, TR_A(normal));
	tr_value m = tr_receive(TR_FOREVER);
	EXPECT(TR_IS_A(tr_array_at(m, 0), exit) && tr_pid_eq(tr_as_pid(tr_array_at(m, 1)), tr_self()));
	EXPECT(TR_IS_A(tr_array_at(m, 2), normal));
	tr_drop(m);
	tr_exit_signal(t, TR_A(kill));
	EVENTUALLY(!tr_alive(t));
}
static void normal_is_ignored_by_others(void **state)
{
	(void)state;
	kit_run(normal_body, 0);
}

static void self_normal(tr_value arg)
{
	(void)arg;
	tr_exit_signal(tr_self(), TR_A(normal));
	tr_exit(tr_string("lived on"));
}
static void self_kill(tr_value arg)
{
	(void)arg;
	tr_trap_exit(true);
	tr_exit_signal(tr_self(), TR_A(kill));
	tr_exit(tr_string("lived on"));
}
static void self_trapped(tr_value arg)
{
	(void)arg;
	tr_trap_exit(true);
	tr_exit_signal(tr_self(), tr_string("me"));
	EXPECT_SHOWS(expect_exit(tr_self()), "\"me\"");
}
static void signals_to_oneself(void **state)
{
	(void)state;
	kit_run_reason(self_normal, "normal");
	kit_run_reason(self_kill, "killed");
	kit_run_reason(self_trapped, "normal");
}

static void unlink_body(tr_value arg)
{
	(void)arg;
	tr_trap_exit(true);
	tr_pid p = tr_spawn_link(exits_when_told, tr_nil());
	tr_unlink(p);
	tr_send(p, tr_string("bye"));
	EVENTUALLY(!tr_alive(p));
	EXPECT(silence());
	/* Again linked after unlinking: linked. */
	p = tr_spawn_link(exits_when_told, tr_nil());
	tr_unlink(p);
	EXPECT(tr_link(p) == TR_OK);
	EXPECT(tr_link(p) == TR_OK); /* once is enough */
	tr_send(p, tr_string("bye"));
	EXPECT_SHOWS(expect_exit(p), "\"bye\"");
	EXPECT(silence());
	EXPECT(tr_link(p) == TR_OK); /* dead: noproc comes back */
	EXPECT_SHOWS(expect_exit(p), "noproc");
	EXPECT(tr_link(tr_self()) == TR_OK); /* and is no link */
	tr_value info = tr_info(tr_here(), tr_self());
	for (size_t i = 0; i < tr_array_len(tr_map_get_s(info, "links")); i++)
		EXPECT(!tr_pid_eq(tr_as_pid(tr_array_at(tr_map_get_s(info, "links"), i)), tr_self()));
	EXPECT(tr_is(info, TR_MAP));
	tr_drop(info);
	EXPECT(tr_link((tr_pid){0}) == TR_EINVAL);
}
static void unlink_and_relink(void **state)
{
	(void)state;
	kit_run(unlink_body, 0);
	kit_run(unlink_body, 1);
}

static void link_dead(tr_value arg)
{
	(void)arg;
	tr_pid p = tr_spawn(exits_with_arg, TR_A(normal));
	EVENTUALLY(!tr_alive(p));
	tr_link(p);
	tr_sleep_until(tr_in(60 * TR_SECOND));
}
static void linking_to_the_dead_kills(void **state)
{
	(void)state;
	kit_run_reason(link_dead, "noproc");
}

static bool is_text(void *arg, tr_value m)
{
	(void)arg;
	return tr_is(m, TR_STRING);
}
static void monitor_flush_body(tr_value arg)
{
	(void)arg;
	tr_ref late = tr_monitor((tr_pid){12345678});
	tr_send(tr_self(), tr_string("text"));
	EXPECT_SHOWS(tr_receive_match(is_text, NULL, 0), "\"text\""); /* so the DOWN has arrived, too */
	tr_demonitor(late);
	EXPECT(silence());
	tr_ref r = tr_monitor(tr_self());
	tr_demonitor(r);
	EXPECT(silence());
}
static void monitor_once_body(tr_value arg)
{
	(void)arg;
	tr_pid p = tr_spawn(exits_when_told, tr_nil());
	tr_ref a = tr_monitor(p), b = tr_monitor(p), c = tr_monitor(p);
	tr_demonitor(b);
	tr_send(p, tr_string("over"));
	tr_value m = tr_receive_ref(a, TR_FOREVER);
	EXPECT(tr_is_valid(m));
	tr_drop(m);
	EXPECT_SHOWS(expect_down(c, p), "\"over\"");
	EXPECT(silence());
	tr_ref late = tr_monitor(p);
	EXPECT_SHOWS(expect_down(late, p), "noproc");
}
static void monitors(void **state)
{
	(void)state;
	kit_run(monitor_once_body, 0);
	kit_run(monitor_flush_body, 0);
}

/* Signals and messages between two actors arrive in the order they were sent. */
static void sender(tr_value arg)
{
	tr_pid to = tr_as_pid(arg);
	for (int i = 0; i < 100; i++)
		tr_send(to, tr_int(i));
	tr_exit(tr_string("last"));
}
static void order_body(tr_value arg)
{
	(void)arg;
	tr_trap_exit(true);
	for (int round = 0; round < 200; round++) {
		tr_pid p = tr_spawn_link(sender, tr_pid_value(tr_self()));
		for (int i = 0; i < 100; i++)
			EXPECT(tr_as_int(tr_receive(TR_FOREVER), -1) == i);
		EXPECT_SHOWS(expect_exit(p), "\"last\"");
	}
}
static void signal_order(void **state)
{
	(void)state;
	kit_run(order_body, 0);
}

static void many_monitors_body(tr_value arg)
{
	(void)arg;
	static tr_ref refs[3000];
	tr_pid p = tr_spawn(exits_when_told, tr_nil());
	for (int i = 0; i < 3000; i++)
		refs[i] = tr_monitor(p);
	for (int i = 0; i < 3000; i += 2)
		tr_demonitor(refs[i]);
	tr_send(p, tr_string("over"));
	for (int i = 1; i < 3000; i += 2) {
		tr_value m = tr_receive_ref(refs[i], tr_in(60 * TR_SECOND));
		EXPECT(tr_is_valid(m));
		tr_drop(m);
	}
	EXPECT(silence());
}
static void thousands_of_relations(void **state)
{
	(void)state;
	kit_run(many_monitors_body, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(trapped_exits_are_messages),
	    cmocka_unit_test(exits_travel_along_links),
	    cmocka_unit_test(normal_is_ignored_by_others),
	    cmocka_unit_test(signals_to_oneself),
	    cmocka_unit_test(unlink_and_relink),
	    cmocka_unit_test(linking_to_the_dead_kills),
	    cmocka_unit_test(monitors),
	    cmocka_unit_test(signal_order),
	    cmocka_unit_test(thousands_of_relations),
	};
	return cmocka_run_group_tests_name("kernel.link", tests, NULL, NULL);
}
