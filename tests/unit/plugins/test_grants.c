/* SPDX-License-Identifier: Apache-2.0 */
/* What a plugin has no grant for is refused, and the grant is named: by the host in either isolation, and in a process
 * of its own by the kernel, also to a plugin that makes the system call itself. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/host/process/child.h"
#include "world.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/io.h>
#include <unistd.h>

static tr_value other_call(void *state, tr_value request, tr_from from)
{
	(void)state;
	(void)request;
	(void)from;
	return TR_A(ok);
}

static const tr_plugin other = {TR_PLUGIN_HEAD, .call = other_call};
static const builtin builtins[] = {{"{\"id\": \"enemy\", \"version\": \"1.0.0\"}", &other, false},
				   {"{\"id\": \"friend\", \"version\": \"1.0.0\"}", &other, false}};
static world w;
static char folder[] = "/tmp/troupe-grants-XXXXXX", file[64];

static void start_with(tr_value grants)
{
	const char *objects = getenv("TEST_PLUGINS");
	plugin_host_options options = {
	    .builtins = builtins,
	    .builtin_count = 2,
	    .grants = TR_DICT("*", grants),
	    .paths = TR_LIST(tr_stringf("%s/librogue.so", objects), tr_stringf("%s/libhousemate.so", objects))};
	assert_false(tr_is_valid(world_start(&w, &options)));
	tr_drop(options.grants);
	tr_drop(options.paths);
	assert_int_equal(tr_reactor_start(w.node), TR_OK);
}

static int start(void **state)
{
	(void)state;
	start_with(tr_array());
	return 0;
}

static int start_granted(void **state)
{
	(void)state;
	start_with(TR_LIST(tr_string("net"), tr_string("exec"), tr_stringf("fs:%s", folder)));
	return 0;
}

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	return 0;
}

static tr_value ask(const char *plugin, const char *what, const char *path)
{
	return world_run(&w, plugin, TR_DICT("do", tr_string(what), "path", tr_string(path)));
}

static void check_reach(const char *plugin, const char *of_file, const char *exec, const char *net)
{
	tr_value o = ask(plugin, "reach", file), r = tr_map_get_s(o, "result");

	if (!tr_str_is(tr_as_str(tr_map_get_s(r, "file")), of_file))
		show(plugin, o);
	assert_string_equal(tr_as_cstr(tr_map_get_s(r, "file"), ""), of_file);
	assert_string_equal(tr_as_cstr(tr_map_get_s(r, "exec"), ""), exec);
	assert_string_equal(tr_as_cstr(tr_map_get_s(r, "net"), ""), net);
	assert_string_equal(tr_as_cstr(tr_map_get_s(r, "call"), ""), "EDENIED"); /* its manifest does not need it */
	assert_false(tr_as_bool(tr_map_get_s(r, "secret"), true));
	tr_drop(o);
}

static void the_host_refuses_what_is_not_granted(void **state)
{
	(void)state;
	check_reach("housemate", "EDENIED", "EDENIED", "EDENIED");
	check_reach("rogue", "EDENIED", "EDENIED", "EDENIED");
}

/* 127.0.0.1:1 answers nobody, so being allowed to try is an error of another name. */
static void grants_open_the_door(void **state)
{
	(void)state;
	check_reach("housemate", "EDENIED", "OK", "EIO"); /* its manifest asks for no fs: a grant alone gives nothing */
	check_reach("rogue", "EDENIED", "OK", "EIO");
}

static int64_t system_call(const char *what, const char *path)
{
	tr_value o = ask("rogue", what, path);
	int64_t n = tr_as_int(tr_map_get_s(o, "result"), -1);

	tr_drop(o);
	return n;
}

static void the_kernel_refuses_system_calls(void **state)
{
	(void)state;
	assert_int_equal(system_call("socket", ""), EPERM);
	assert_int_equal(system_call("exec", ""), EPERM);
	assert_int_equal(system_call("fork", ""), EPERM);
	assert_int_equal(system_call("open", "/etc/passwd"), EACCES);
	assert_int_equal(system_call("open", file), EACCES);
}

static void the_kernel_knows_the_grants(void **state)
{
	(void)state;
	assert_int_equal(system_call("socket", ""), 0);
	assert_int_equal(system_call("open", "/etc/passwd"), EACCES);
}

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/secret.txt", folder);
	FILE *f = fopen(file, "w");
	return f == NULL || fclose(f) != 0 ? -1 : 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(folder);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], PLUGIN_CHILD_WORD) == 0)
		return plugin_child_main();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_host_refuses_what_is_not_granted, start, stop),
	    cmocka_unit_test_setup_teardown(grants_open_the_door, start_granted, stop),
	    cmocka_unit_test_setup_teardown(the_kernel_refuses_system_calls, start, stop),
	    cmocka_unit_test_setup_teardown(the_kernel_knows_the_grants, start_granted, stop),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
