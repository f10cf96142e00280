/* SPDX-License-Identifier: Apache-2.0 */
/* Registered names and process groups. */
#include <stdio.h>

#include "runtime/actor/node.h"
#include "tests/unit/actor/kit.h"

static void waits(tr_value arg)
{
	(void)arg;
	tr_drop(tr_receive(TR_FOREVER));
}

static void register_body(tr_value arg)
{
	(void)arg;
	tr_pid p = tr_spawn(waits, tr_nil());
	EXPECT(tr_register("one", p) == TR_OK);
	EXPECT(tr_register("one", tr_self()) == TR_EEXIST);
	EXPECT(tr_register("two", p) == TR_EEXIST); /* it has a name */
	EXPECT(tr_pid_eq(tr_whereis("one"), p));
	EXPECT_SHOWS(tr_name_of(p), "\"one\"");
	EXPECT(tr_is_nil(tr_name_of(tr_self())));
	EXPECT(tr_unregister("one") == TR_OK);
	EXPECT(tr_unregister("one") == TR_ENOENT);
	EXPECT(tr_register("two", p) == TR_OK);
	EXPECT(tr_send_name("two", tr_nil()) == TR_OK);
	EVENTUALLY(!tr_alive(p));
	EVENTUALLY(tr_whereis("two").bits == 0);
	EXPECT(tr_send_name("two", tr_string("x")) == TR_ENOPROC);
	EXPECT(tr_register("three", p) == TR_ENOPROC);
	EXPECT(tr_register("", tr_self()) == TR_EINVAL);
	char name[32];
	for (int i = 0; i < 500; i++) {
		(void)snprintf(name, sizeof name, "n%d", i);
		EXPECT(tr_register(name, tr_spawn(waits, tr_nil())) == TR_OK);
	}
	for (int i = 0; i < 500; i++) {
		(void)snprintf(name, sizeof name, "n%d", i);
		EXPECT(tr_send_name(name, tr_nil()) == TR_OK);
	}
}
static void names(void **state)
{
	(void)state;
	kit_run(register_body, 0);
}

/* Who registers another actor leaves what that one owns alone. */
static void calls_nobody(tr_value arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++) {
		EXPECT(!tr_is_valid(tr_call_name("nobody", tr_nil(), TR_FOREVER)));
		EXPECT(TR_IS_A(tr_call_reason(), noproc));
		tr_set_note(tr_int(i));
	}
	tr_drop(tr_receive(TR_FOREVER));
}
static void of_another_body(tr_value arg)
{
	(void)arg;
	tr_pid p = tr_spawn(waits, tr_nil());
	EXPECT(tr_register("quiet", p) == TR_OK);
	EXPECT(node_actor(tr_here(), p)->extra == NULL);
	EXPECT(tr_unregister("quiet") == TR_OK);
	tr_send(p, tr_nil());
	/* Both sides at it at once, for the thread sanitizer. */
	for (int i = 0; i < 200; i++) {
		p = tr_spawn_link(calls_nobody, tr_nil());
		tr_yield();
		EXPECT(tr_register("busy", p) == TR_OK);
		EXPECT_SHOWS(tr_name_of(p), "\"busy\"");
		EXPECT(tr_unregister("busy") == TR_OK);
		EXPECT(tr_is_nil(tr_name_of(p)));
		EXPECT(tr_register("busy", p) == TR_OK);
		EXPECT(tr_send_name("busy", tr_nil()) == TR_OK);
		EVENTUALLY(tr_whereis("busy").bits == 0);
	}
}
static void names_of_others(void **state)
{
	(void)state;
	kit_run(of_another_body, 4);
}

/* Many names at once, gone in another order: both ways of finding one agree. */
static void many_names_body(tr_value arg)
{
	(void)arg;
	enum {
		MANY = 1000
	};
	static tr_pid pids[MANY];
	char name[32];
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof name, "m%d", i);
		tr_spawned s = tr_spawn_opt(waits, tr_nil(), &(tr_spawn_options){.name = name});
		EXPECT(s.err == TR_OK);
		pids[i] = s.pid;
	}
	for (int i = MANY; (i -= 2) >= 0;) {
		(void)snprintf(name, sizeof name, "m%d", i);
		EXPECT(tr_unregister(name) == TR_OK);
	}
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof name, "m%d", i);
		tr_value known = tr_name_of(pids[i]);
		EXPECT(tr_whereis(name).bits == (i % 2 ? pids[i].bits : 0));
		EXPECT(i % 2 ? tr_str_is(tr_as_str(known), name) : tr_is_nil(known));
		tr_drop(known);
		EXPECT(tr_register("other", pids[i]) == (i % 2 ? TR_EEXIST : TR_OK));
		if (i % 2 == 0)
			EXPECT(tr_unregister("other") == TR_OK);
		tr_send(pids[i], tr_nil());
	}
	EVENTUALLY(tr_whereis("m1").bits == 0 && tr_whereis("m999").bits == 0);
}
static void many_names(void **state)
{
	(void)state;
	kit_run(many_names_body, 2);
}

/* The name is free before anybody hears of the end. */
static void free_body(tr_value arg)
{
	(void)arg;
	for (int i = 0; i < 300; i++) {
		tr_spawned s = tr_spawn_opt(waits, tr_nil(), &(tr_spawn_options){.monitor = true, .name = "again"});
		EXPECT(s.err == TR_OK);
		tr_send_name("again", tr_nil());
		tr_drop(tr_receive_ref(s.monitor, TR_FOREVER));
	}
}
static void names_are_freed_first(void **state)
{
	(void)state;
	kit_run(free_body, 0);
}

static void racer(tr_value arg)
{
	for (int i = 0; i < 300; i++) {
		if (tr_register("contested", tr_self()) == TR_OK) {
			EXPECT(tr_pid_eq(tr_whereis("contested"), tr_self()));
			tr_yield();
			EXPECT(tr_unregister("contested") == TR_OK);
		} else {
			tr_yield();
		}
	}
	tr_send(tr_as_pid(arg), TR_A(ok));
}
static void race_body(tr_value arg)
{
	(void)arg;
	for (int i = 0; i < 8; i++)
		tr_spawn_link(racer, tr_pid_value(tr_self()));
	for (int i = 0; i < 8; i++)
		tr_drop(tr_receive(TR_FOREVER));
	EXPECT(tr_whereis("contested").bits == 0);
}
static void one_actor_a_name(void **state)
{
	(void)state;
	kit_run(race_body, 4);
}

static size_t members(const char *group)
{
	tr_value all = tr_group_members(group);
	size_t n = tr_array_len(all);
	tr_drop(all);
	return n;
}

static void group_body(tr_value arg)
{
	(void)arg;
	EXPECT(members("g") == 0);
	tr_pid p[5];
	for (int i = 0; i < 5; i++) {
		p[i] = tr_spawn(waits, tr_nil());
		EXPECT(tr_group_join("g", p[i]) == TR_OK);
	}
	EXPECT(tr_group_join("g", p[0]) == TR_OK); /* twice a member, as in pg */
	EXPECT(tr_group_join("h", p[0]) == TR_OK);
	EXPECT(members("g") == 6);
	EXPECT(tr_group_leave("g", p[0]) == TR_OK);
	EXPECT(members("g") == 5);
	EXPECT(tr_group_leave("h", p[1]) == TR_ENOENT);
	tr_group_join("g", tr_self());
	EXPECT(tr_group_send("g", TR_LIST(tr_string("all"))) == 6);
	EXPECT_SHOWS(tr_receive(0), "{\"all\"}");
	EVENTUALLY(members("g") == 1); /* those who got the message have ended */
	EVENTUALLY(members("h") == 0);
	EXPECT(tr_group_join("g", p[2]) == TR_ENOPROC);
	EXPECT(tr_group_join("", tr_self()) == TR_EINVAL);
	EXPECT(tr_group_send("nobody", tr_string("x")) == 0);
	for (int i = 0; i < 2000; i++)
		EXPECT(tr_group_join("many", tr_spawn(waits, tr_nil())) == TR_OK);
	EXPECT(tr_group_send("many", tr_nil()) == 2000);
	EVENTUALLY(members("many") == 0);
}
static void groups(void **state)
{
	(void)state;
	kit_run(group_body, 0);
	kit_run(group_body, 1);
}

/* pg:monitor: what happens to a group is told in order, with what there was before. */
static void group_monitor_body(tr_value arg)
{
	(void)arg;
	tr_pid first = tr_spawn(waits, tr_nil()), second = tr_spawn(waits, tr_nil());
	tr_value now = tr_absent();
	EXPECT(tr_group_join("g", first) == TR_OK);
	tr_ref g = tr_group_monitor("g", &now);
	EXPECT(g.bits != 0 && tr_array_len(now) == 1 && tr_pid_eq(tr_as_pid(tr_array_at(now, 0)), first));
	tr_drop(now);
	tr_ref all = tr_group_monitor(NULL, &now);
	EXPECT(tr_array_len(tr_map_get_s(now, "g")) == 1 && tr_map_len(now) == 1);
	tr_drop(now);
	EXPECT(tr_group_join("g", second) == TR_OK);
	EXPECT(tr_group_join("h", second) == TR_OK);
	tr_value names = tr_groups();
	EXPECT(tr_array_len(names) == 2);
	tr_drop(names);
	tr_send(second, tr_nil());
	static const struct {
		bool of_all;
		const char *what;
		const char *group;
	} told[] = {{false, "join", "g"},  {true, "join", "g"},  {true, "join", "h"},
		    {false, "leave", "g"}, {true, "leave", "g"}, {true, "leave", "h"}};
	bool left_g = false, left_h = false;
	for (size_t i = 0; i < 6; i++) {
		tr_value m = tr_receive(tr_in(60 * TR_SECOND));
		EXPECT(kit_atom_is(m, 1, told[i].what));
		tr_str group = tr_as_str(tr_array_at(m, 2));
		EXPECT(tr_pid_eq(tr_as_pid(tr_array_at(tr_array_at(m, 3), 0)), second));
		if (i < 3) {
			EXPECT(tr_ref_eq(tr_as_ref(tr_array_at(m, 0)), told[i].of_all ? all : g) ||
			       tr_str_is(group, "g"));
			EXPECT(tr_str_is(group, told[i].group));
		}
		left_g = left_g || (i >= 3 && tr_str_is(group, "g"));
		left_h = left_h || (i >= 3 && tr_str_is(group, "h"));
		tr_drop(m);
	}
	EXPECT(left_g && left_h);
	EXPECT(tr_group_leave("g", first) == TR_OK); /* told, but not read before the end of the monitor */
	EXPECT(tr_group_demonitor(g) == TR_OK);
	EXPECT(tr_group_demonitor(g) == TR_ENOENT);
	tr_value last = tr_receive(0);
	EXPECT(tr_ref_eq(tr_as_ref(tr_array_at(last, 0)), all) && kit_atom_is(last, 1, "leave"));
	tr_drop(last);
	EXPECT(tr_group_demonitor(all) == TR_OK);
	EXPECT(tr_group_join("g", first) == TR_OK);
	EXPECT(!tr_is_valid(tr_receive(0)));
	EXPECT(tr_group_monitor("", NULL).bits == 0);
}

static void watches_and_ends(tr_value arg)
{
	EXPECT(tr_group_monitor("g", NULL).bits != 0);
	tr_send(tr_as_pid(arg), TR_A(done));
}

/* Whoever monitors and ends is forgotten; updates reach all who still monitor, in one order. */
static void group_watchers_body(tr_value arg)
{
	(void)arg;
	for (int i = 0; i < 50; i++)
		tr_spawn(watches_and_ends, tr_pid_value(tr_self()));
	for (int i = 0; i < 50; i++)
		tr_drop(tr_receive(TR_FOREVER));
	tr_ref g = tr_group_monitor("g", NULL);
	tr_pid members_of_g[200];
	for (int i = 0; i < 200; i++) {
		members_of_g[i] = tr_spawn(waits, tr_nil());
		EXPECT(tr_group_join("g", members_of_g[i]) == TR_OK);
	}
	tr_group_send("g", tr_nil());
	int joined = 0, left = 0;
	while (left < 200) {
		tr_value m = tr_receive(tr_in(60 * TR_SECOND));
		EXPECT(tr_ref_eq(tr_as_ref(tr_array_at(m, 0)), g));
		joined += kit_atom_is(m, 1, "join");
		left += kit_atom_is(m, 1, "leave");
		EXPECT(joined >= left);
		tr_drop(m);
	}
	EXPECT(joined == 200 && !tr_is_valid(tr_receive(0)));
}

static void group_monitors(void **state)
{
	(void)state;
	kit_run(group_monitor_body, 1);
	kit_run(group_monitor_body, 0);
	kit_run(group_watchers_body, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names),
	    cmocka_unit_test(names_of_others),
	    cmocka_unit_test(many_names),
	    cmocka_unit_test(names_are_freed_first),
	    cmocka_unit_test(one_actor_a_name),
	    cmocka_unit_test(groups),
	    cmocka_unit_test(group_monitors),
	};
	return cmocka_run_group_tests_name("kernel.name", tests, NULL, NULL);
}
