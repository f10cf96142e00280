/* SPDX-License-Identifier: Apache-2.0 */
/* Registered names and process groups. */
#include <stdio.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names),
	    cmocka_unit_test(names_are_freed_first),
	    cmocka_unit_test(one_actor_a_name),
	    cmocka_unit_test(groups),
	};
	return cmocka_run_group_tests_name("kernel.name", tests, NULL, NULL);
}
