/* SPDX-License-Identifier: Apache-2.0 */
/* What a plugin has others do for it is bounded by its own grants, in both isolations and through a third plugin. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/actions/http/http.h"
#include "plugins/actions/secrets/secrets.h"
#include "plugins/actions/shell/shell.h"
#include "plugins/controller/playbook/playbook.h"
#include "plugins/host/process/child.h"
#include "plugins/shared/auth/credentials.h"
#include "plugins/shared/auth/vault.h"
#include "server.h"
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/io.h>

static char folder[] = "/tmp/troupe-deputy-XXXXXX", file[256], key_file[300];
static server http;
static int port;
static world w;

static const builtin trusted[] = {{http_manifest, &http_plugin, true},
				  {credentials_manifest, &credentials_plugin, true},
				  {secrets_manifest, &secrets_plugin, true},
				  {shell_manifest, &shell_plugin, true},
				  {playbook_manifest, &playbook_plugin, true}};

/* "narrow" may do little, "wide" all; both call everybody. */
static void start_with(const char *narrow, const char *wide)
{
	const char *objects = getenv("TEST_PLUGINS");
	tr_value few = TR_LIST(tr_string("call:*"), tr_string("secret:api"), tr_string("net:127.0.0.1"),
			       tr_string("net:link-local"), tr_string("fs:/srv/few"));
	tr_value much = TR_LIST(tr_string("*"));
	tr_value paths = TR_LIST(tr_stringf("%s/lib%s.so", objects, narrow), tr_stringf("%s/lib%s.so", objects, wide));
	tr_value grants = TR_DICT(narrow, few, wide, much);
	tr_value config = TR_DICT("credentials", TR_DICT("file", tr_string(file)), "secrets",
				  TR_DICT("env", TR_LIST(tr_string("HOME"))));
	plugin_host_options options = {.builtins = trusted,
				       .builtin_count = sizeof trusted / sizeof trusted[0],
				       .grants = grants,
				       .config = config,
				       .paths = paths};
	assert_false(tr_is_valid(world_start(&w, &options)));
	assert_int_equal(tr_reactor_start(w.node), TR_OK);
	tr_drop(grants);
	tr_drop(config);
	tr_drop(paths);
}

static tr_value have_done(const char *plugin, const char *how, const char *kind, tr_value input)
{
	return TR_DICT("kind", tr_string(plugin), "how", tr_string("run"), "input",
		       TR_DICT("how", tr_string(how), "kind", tr_string(kind), "input", input));
}

static tr_value input_of(tr_value doing)
{
	tr_value input = tr_keep(tr_map_get_s(doing, "input"));

	tr_drop(doing);
	return input;
}

static tr_value ask(const char *plugin, const char *how, const char *kind, tr_value input)
{
	return world_run(&w, plugin, input_of(have_done(plugin, how, kind, input)));
}

static tr_value request(const char *auth, const char *host)
{
	return TR_DICT("url", tr_stringf("http://%s:%d/echo", host, port), "auth", tr_string(auth));
}

static void check_ok(tr_value o)
{
	if (!succeeded(o))
		show("refused", o);
	assert_true(succeeded(o));
	tr_drop(o);
}

static void check_refused(tr_value o, const char *kind, const char *part)
{
	if (strcmp(error_kind(o), kind) != 0 || strstr(error_message(o), part) == NULL)
		show("not refused so", o);
	assert_string_equal(error_kind(o), kind);
	assert_non_null(strstr(error_message(o), part));
	tr_drop(o);
}

static void check_bounds(const char *plugin)
{
	check_ok(ask(plugin, "run", "http", request("api", "127.0.0.1")));
	check_refused(ask(plugin, "run", "http", request("other", "127.0.0.1")), "auth",
		      "the grant secret:other is missing");
	check_refused(ask(plugin, "run", "http", request("api", "example.invalid")), "denied", "net:example.invalid");
	check_refused(ask(plugin, "run", "shell", TR_DICT("cmds", TR_LIST(tr_string("true")))), "denied", "exec");
	check_refused(ask(plugin, "run", "secrets", TR_DICT("name", tr_string("HOME"))), "denied", "secret:HOME");
	check_refused(
	    ask(plugin, "run", "secrets", TR_DICT("name", tr_string("other"), "provider", tr_string("credential"))),
	    "denied", "secret:other");
	check_ok(
	    ask(plugin, "run", "secrets",
		TR_DICT("name", tr_string("api"), "provider", tr_string("credential"), "field", tr_string("token"))));
	check_refused(ask(plugin, "run", "playbook", TR_DICT("path", tr_string("x"))), "denied",
		      "the grant net is missing");
}

/* The plugin with the grants does it for the one without. */
static void check_chain(const char *narrow, const char *wide)
{
	check_ok(ask(wide, "run", "http", request("other", "127.0.0.1")));
	check_ok(ask(wide, "run", "shell", TR_DICT("cmds", TR_LIST(tr_string("true")))));
	check_ok(ask(narrow, "run", wide, input_of(have_done(wide, "run", "http", request("api", "127.0.0.1")))));
	check_refused(ask(narrow, "run", wide, input_of(have_done(wide, "run", "http", request("other", "127.0.0.1")))),
		      "auth", "the grant secret:other is missing");
	check_refused(ask(narrow, "run", wide,
			  input_of(have_done(wide, "run", "shell", TR_DICT("cmds", TR_LIST(tr_string("true")))))),
		      "denied", "exec");
	tr_value o = ask(narrow, "run", wide, input_of(have_done(wide, "granted", "exec", tr_map())));
	assert_false(tr_as_bool(TR_GET(o, "result", "both"), true));
	assert_false(tr_as_bool(TR_GET(o, "result", "caller"), true));
	tr_drop(o);
	o = ask(narrow, "run", wide, input_of(have_done(wide, "granted", "fs:/srv/few/a", tr_map())));
	assert_true(tr_as_bool(TR_GET(o, "result", "both"), false));
	tr_drop(o);
	o = ask(wide, "granted", "exec", tr_map());
	assert_true(tr_as_bool(TR_GET(o, "result", "both"), false));
	assert_true(tr_as_bool(TR_GET(o, "result", "caller"), false));
	tr_drop(o);
	/* What looks like the host's own message to an isolated plugin is a call like any other. */
	o = ask(narrow, "call", wide, input_of(have_done(wide, "run", "http", request("other", "127.0.0.1"))));
	assert_string_equal(tr_as_cstr(tr_map_get_s(o, "result"), ""), "a call");
	tr_drop(o);
}

static void bounded_from_a_process_of_its_own(void **state)
{
	(void)state;
	start_with("apart", "inside");
	check_bounds("apart");
	check_chain("apart", "inside");
	world_stop(&w);
}

static void bounded_in_the_node(void **state)
{
	(void)state;
	start_with("inside", "apart");
	check_bounds("inside");
	check_chain("inside", "apart");
	/* A command that went past tr_plugin_run. */
	check_ok(ask("inside", "by hand", "http", request("api", "127.0.0.1")));
	check_refused(ask("inside", "by hand", "http", request("other", "127.0.0.1")), "auth", "secret:other");
	world_stop(&w);
}

/* ---- the world ---- */

static tr_value replace(tr_value all, void *arg)
{
	tr_drop(all);
	return tr_keep(*(tr_value *)arg);
}

static int start(void **state)
{
	(void)state;
	char why[VAULT_TEXT] = "";
	static const vault_key key = {0};
	tr_value all = TR_DICT("api", TR_DICT("type", tr_string("bearer"), "token", tr_string("the-first-token")),
			       "other", TR_DICT("type", tr_string("bearer"), "token", tr_string("the-second-token")));

	setenv("no_proxy", "*", 1);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(file, sizeof file, "%s/credentials", folder);
	(void)snprintf(key_file, sizeof key_file, "%s.key", file);
	assert_int_equal(vault_change(file, &key, replace, &all, why), TR_OK);
	tr_drop(all);
	return server_start(&http, "http_server.py") && sscanf(http.line, "%d", &port) == 1 ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	server_stop(&http);
	return folder_remove(folder);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], PLUGIN_CHILD_WORD) == 0)
		return plugin_child_main();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bounded_from_a_process_of_its_own),
	    cmocka_unit_test(bounded_in_the_node),
	};
	return cmocka_run_group_tests_name("deputy", tests, start, stop);
}
