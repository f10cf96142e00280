/* SPDX-License-Identifier: Apache-2.0 */
/* Shared objects: what is read from them without running them, hostile files, and loading, upgrading and unloading in a
 * running node. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/host/elf.h"
#include "world.h"
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *object(const char *name)
{
	static char path[600];

	snprintf(path, sizeof(path), "%s/lib%s.so", getenv("TEST_PLUGINS"), name);
	return path;
}

static char *slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	static char bytes[1 << 22];

	assert_non_null(f);
	*n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	assert_true(*n > 0 && *n < sizeof(bytes));
	return bytes;
}

/* ---- reading
 * -----------------------------------------------------------------------------------------------------------------------------
 */

static void reads_without_running(void **state)
{
	elf_plugin found;
	char why[200] = "";
	size_t n;

	(void)state;
	tr_str bytes = {slurp(object("greet_1"), &n), n};
	assert_int_equal(elf_plugin_read(bytes, &found, why, sizeof(why)), TR_OK);
	assert_int_equal(found.abi, TR_PLUGIN_ABI);
	assert_int_equal(found.size, sizeof(tr_plugin));
	assert_true(found.manifest.n > 10 && memcmp(found.manifest.p, "{\"id\": \"greet\"", 14) == 0);
	bytes.p = slurp(object("greet_abi"), &bytes.n);
	assert_int_equal(elf_plugin_read(bytes, &found, why, sizeof(why)), TR_OK);
	assert_int_equal(found.abi, 99);
}

static void refuses_other_files(void **state)
{
	elf_plugin found;
	char why[200];

	(void)state;
	assert_int_equal(elf_plugin_read(tr_s(""), &found, why, sizeof(why)), TR_ECORRUPT);
	assert_int_equal(elf_plugin_read(tr_s("#!/bin/sh\necho hello\n"), &found, why, sizeof(why)), TR_ECORRUPT);
	assert_non_null(strstr(why, "no ELF"));
	size_t n;
	char *bytes = slurp(object("no_plugin"), &n);
	assert_int_equal(elf_plugin_read((tr_str){bytes, n}, &found, why, sizeof(why)), TR_ENOENT);
	assert_non_null(strstr(why, "no manifest"));
}

/* Cut off anywhere: an answer, no read beyond the end (the copy is exact, so that a sanitizer sees one). */
static void survives_truncation(void **state)
{
	elf_plugin found;
	char why[200];
	size_t n;
	char *bytes = slurp(object("greet_1"), &n);

	(void)state;
	for (size_t cut = 0; cut < n; cut += cut < 4096 || n - cut < 4096 ? 13 : 997) {
		char *exact = malloc(cut + 1);
		assert_non_null(exact);
		memcpy(exact, bytes, cut);
		char *end = malloc(cut == 0 ? 1 : cut);
		memcpy(end, exact, cut);
		tr_err err = elf_plugin_read((tr_str){end, cut}, &found, why, sizeof(why));
		if (err == TR_OK)
			fail_msg("a file cut at %zu of %zu was taken", cut, n);
		free(end);
		free(exact);
	}
}

/* Every word of the header and of the section table replaced by extremes, and random bytes changed: an answer each
 * time. */
static void survives_damage(void **state)
{
	static const uint64_t extremes[] = {0, 1, 0x7fffffff, 0xffffffff, UINT64_MAX, UINT64_MAX / 2, UINT64_MAX - 64};
	elf_plugin found;
	char why[200];
	size_t n;
	char *bytes = slurp(object("greet_1"), &n);
	char *copy = malloc(n);
	Elf64_Ehdr head;

	(void)state;
	memcpy(&head, bytes, sizeof(head));
	size_t table = head.e_shoff, table_end = table + (size_t)head.e_shnum * sizeof(Elf64_Shdr);
	for (size_t at = 0; at + 8 <= n; at += 4) {
		if (at >= sizeof(head) && at < table)
			at = table;
		if (at + 8 > table_end)
			break;
		for (size_t i = 0; i < sizeof(extremes) / sizeof(extremes[0]); i++) {
			memcpy(copy, bytes, n);
			memcpy(copy + at, &extremes[i], i < 3 ? 4 : 8);
			if (elf_plugin_read((tr_str){copy, n}, &found, why, sizeof(why)) == TR_OK)
				assert_true(found.manifest.p >= copy &&
					    found.manifest.p + found.manifest.n <= copy + n);
		}
	}
	uint64_t seed = 4711;
	for (int round = 0; round < 3000; round++) {
		memcpy(copy, bytes, n);
		for (int k = 0; k < 8; k++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
			copy[(seed >> 20) % n] = (char)(seed >> 56);
		}
		if (elf_plugin_read((tr_str){copy, n}, &found, why, sizeof(why)) == TR_OK)
			assert_true(found.manifest.p >= copy && found.manifest.p + found.manifest.n <= copy + n);
	}
	free(copy);
}

/* ---- in a running node
 * -----------------------------------------------------------------------------------------------------------------------
 */

static world w;

static int start(void **state)
{
	(void)state;
	world_with(&w, NULL, 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	return 0;
}

static tr_value load(const char *name)
{
	return world_ask(&w, TR_LIST(tr_atom("load"), tr_string(object(name))));
}

static tr_value upgrade(const char *id, const char *name)
{
	return world_ask(&w, TR_LIST(tr_atom("upgrade"), tr_string(id), tr_string(object(name))));
}

static tr_value unload(const char *id, bool cascade)
{
	return world_ask(&w, TR_LIST(tr_atom("unload"), tr_string(id), tr_bool(cascade)));
}

static void check_ok(tr_value reply)
{
	bool ok = TR_IS_A(reply, ok) || TR_IS_A(tr_array_at(reply, 0), ok);

	if (!ok)
		show("refused", reply);
	assert_true(ok);
	tr_drop(reply);
}

static void check_refused(tr_value reply, const char *says)
{
	const char *text = tr_as_cstr(tr_array_at(reply, 1), "");

	assert_true(TR_IS_A(tr_array_at(reply, 0), error));
	if (strstr(text, says) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", says, text);
	tr_drop(reply);
}

static void check_greeting(const char *expected)
{
	tr_value o = world_run(&w, "greet", TR_DICT("who", tr_string("me")));

	if (!tr_str_is(tr_as_str(tr_map_get_s(o, "result")), expected))
		show(expected, o);
	assert_true(tr_str_is(tr_as_str(tr_map_get_s(o, "result")), expected));
	tr_drop(o);
}

static void lives_from_load_to_unload(void **state)
{
	(void)state;
	check_ok(load("greet_1"));
	check_greeting("hello me, 1, 1.0.0");
	check_greeting("hello me, 2, 1.0.0");
	check_refused(load("greet_1"), "one with this id is loaded");
	check_ok(upgrade("greet", "greet_2"));
	check_greeting("hello me, 3, 2.0.0"); /* the counter crossed */
	tr_value info = world_ask(&w, TR_LIST(tr_atom("info"), tr_string("greet")));
	assert_true(tr_str_is(tr_as_str(tr_map_get_s(info, "version")), "2.0.0"));
	assert_int_equal(tr_as_int(TR_GET(info, "commands", "done"), 0), 3);
	tr_drop(info);
	check_ok(unload("greet", false));
	tr_value o = world_run(&w, "greet", tr_map());
	assert_string_equal(error_kind(o), "no_plugin");
	tr_drop(o);
	check_refused(unload("greet", false), "no plugin greet is loaded");
	check_ok(load("greet_1")); /* and once more */
	check_greeting("hello me, 1, 1.0.0");
}

static void a_failed_upgrade_leaves_the_old_one(void **state)
{
	(void)state;
	check_ok(load("greet_1"));
	check_greeting("hello me, 1, 1.0.0");
	check_refused(upgrade("greet", "greet_bad"), "failed in its upgrade");
	check_greeting("hello me, 2, 1.0.0");
	check_refused(upgrade("greet", "greet_abi"), "ABI 99");
	check_refused(upgrade("greet", "friend"), "holds plugin friend, not greet");
	check_greeting("hello me, 3, 1.0.0");
}

static void dependencies_hold(void **state)
{
	(void)state;
	check_refused(load("friend"), "friend depends on greet >=1.0 <2, which is not there");
	check_ok(load("greet_1"));
	check_ok(load("friend"));
	check_refused(unload("greet", false), "plugin friend depends on greet");
	check_refused(upgrade("greet", "greet_2"), "is not in that range");
	check_ok(unload("greet", true));
	tr_value list = world_ask(&w, TR_LIST(tr_atom("list")));
	assert_int_equal(tr_array_len(list), 0);
	tr_drop(list);
}

static void refuses_before_any_code_runs(void **state)
{
	char path[] = "/tmp/troupe-test-XXXXXX";
	int fd = mkstemp(path);
	size_t n;
	char *bytes = slurp(object("greet_1"), &n);

	(void)state;
	check_refused(load("greet_abi"), "ABI 99"); /* its constructor would end the process */
	check_refused(load("no_plugin"), "no manifest");
	check_refused(load("does_not_exist"), "does not exist");
	check_refused(world_ask(&w, TR_LIST(tr_atom("load"), tr_string("/tmp"))), "not a regular file");
	check_refused(world_ask(&w, TR_LIST(tr_atom("load"), tr_string(path))), "is empty");
	assert_int_equal(write(fd, "only text", 9), 9);
	check_refused(world_ask(&w, TR_LIST(tr_atom("load"), tr_string(path))), "no ELF");
	assert_int_equal(pwrite(fd, bytes, n / 2, 0), (ssize_t)(n / 2));
	check_refused(world_ask(&w, TR_LIST(tr_atom("load"), tr_string(path))), "");
	close(fd);
	unlink(path);
}

/* Commands flow while the plugin is upgraded back and forth: each one is answered, none is lost. */
static tr_value flow(tr_value arg)
{
	enum {
		N = 2000
	};
	static tr_ref refs[N];
	int64_t good = 0;

	for (int i = 0; i < N; i++) {
		refs[i] = command_send("greet", tr_map());
		if (i == N / 4)
			tr_send(tr_as_pid(arg), tr_nil());
	}
	for (int i = 0; i < N; i++) {
		tr_value o = command_wait(refs[i]);
		good += succeeded(o);
		tr_drop(o);
	}
	return tr_int(good);
}

static tr_value upgrade_in_flow(tr_value arg)
{
	(void)arg;
	tr_value path = tr_string(object("greet_2"));
	tr_value reply =
	    tr_call_name("plugins", TR_LIST(tr_atom("upgrade"), tr_string("greet"), path), tr_in(30 * TR_SECOND));
	bool ok = TR_IS_A(tr_array_at(reply, 0), ok);
	tr_drop(reply);
	return tr_bool(ok);
}

static void flow_body(tr_value arg)
{
	tr_send(tr_as_pid(arg), flow(arg));
}

static tr_value both(tr_value arg)
{
	(void)arg;
	tr_spawn_link(flow_body, tr_pid_value(tr_self()));
	tr_drop(tr_receive(tr_in(30 * TR_SECOND))); /* a quarter is out */
	tr_value upgraded = upgrade_in_flow(tr_nil());
	tr_value good = tr_receive(tr_in(30 * TR_SECOND));
	return TR_LIST(upgraded, good);
}

static void no_command_is_lost_in_an_upgrade(void **state)
{
	(void)state;
	check_ok(load("greet_1"));
	tr_value v = world_do(&w, both, tr_nil());
	assert_true(tr_as_bool(tr_array_at(v, 0), false));
	assert_int_equal(tr_as_int(tr_array_at(v, 1), 0), 2000);
	tr_drop(v);
	check_greeting("hello me, 2001, 2.0.0");
}

/* The manager ends and comes back: what is loaded goes on. */
static tr_value kill_manager(tr_value arg)
{
	tr_pid before = tr_whereis("plugins");

	(void)arg;
	tr_exit_signal(before, TR_A(kill));
	int64_t end = tr_in(60 * TR_SECOND);
	tr_value list = tr_absent();
	while (!tr_is(list, TR_ARRAY) && tr_now() < end) {
		tr_yield();
		list = tr_call_name("plugins", TR_LIST(tr_atom("list")), tr_in(TR_SECOND));
	}
	return TR_LIST(list, tr_bool(tr_pid_eq(before, tr_whereis("plugins"))));
}

static void a_new_manager_finds_what_is_there(void **state)
{
	(void)state;
	check_ok(load("greet_1"));
	check_greeting("hello me, 1, 1.0.0");
	tr_value v = world_do(&w, kill_manager, tr_nil());
	assert_int_equal(tr_array_len(tr_array_at(v, 0)), 1);
	assert_false(tr_as_bool(tr_array_at(v, 1), true));
	tr_drop(v);
	check_greeting("hello me, 2, 1.0.0");
	check_ok(unload("greet", false));
}

static void loads_folders_at_the_start(void **state)
{
	world other;
	plugin_host_options options = {.paths = TR_LIST(tr_string(getenv("TEST_PLUGINS")))};

	(void)state;
	assert_false(tr_is_valid(world_start(&other, &options))); /* the bad ones are left out */
	tr_drop(options.paths);
	tr_value list = world_ask(&other, TR_LIST(tr_atom("list")));
	bool greet = false;
	for (size_t i = 0; i < tr_array_len(list); i++)
		greet = greet || tr_str_is(tr_as_str(tr_map_get_s(tr_array_at(list, i), "id")), "greet");
	assert_true(greet);
	tr_drop(list);
	world_stop(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_without_running),
	    cmocka_unit_test(refuses_other_files),
	    cmocka_unit_test(survives_truncation),
	    cmocka_unit_test(survives_damage),
	    cmocka_unit_test_setup_teardown(lives_from_load_to_unload, start, stop),
	    cmocka_unit_test_setup_teardown(a_failed_upgrade_leaves_the_old_one, start, stop),
	    cmocka_unit_test_setup_teardown(dependencies_hold, start, stop),
	    cmocka_unit_test_setup_teardown(refuses_before_any_code_runs, start, stop),
	    cmocka_unit_test_setup_teardown(no_command_is_lost_in_an_upgrade, start, stop),
	    cmocka_unit_test_setup_teardown(a_new_manager_finds_what_is_there, start, stop),
	    cmocka_unit_test(loads_folders_at_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
