/* SPDX-License-Identifier: Apache-2.0 */
/* The tool kind secrets: its providers (cloud services by a stand-in, tests/support/secrets_server.py), and that what
 * it gives is hidden. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/actions/http/http.h"
#include "plugins/actions/secrets/secrets.h"
#include "plugins/shared/auth/credentials.h"
#include "server.h"
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/log.h>

static char folder[] = "/tmp/troupe-secrets-XXXXXX";
static server services;
static int port;
static world w;

static tr_value get(const char *provider, const char *name, tr_value more)
{
	return world_run(&w, "secrets",
			 tr_map_merge(TR_DICT("provider", tr_string(provider), "name", tr_string(name)), more));
}

static void check_value(tr_value o, const char *expected)
{
	if (!tr_str_is(tr_as_str(TR_GET(o, "result", "value")), expected))
		show(expected, o);
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "value"), ""), expected);
	tr_drop(o);
}

static void check_error(tr_value o, const char *kind, const char *part)
{
	if (strcmp(error_kind(o), kind) != 0 || strstr(error_message(o), part) == NULL)
		show(kind, o);
	assert_string_equal(error_kind(o), kind);
	assert_non_null(strstr(error_message(o), part));
	tr_drop(o);
}

static tr_value address(void)
{
	return tr_stringf("http://127.0.0.1:%d", port);
}

static void section_10_secrets_env(void **state)
{
	(void)state;
	setenv("TEST_SECRET_A", "env-value-1", 1);
	setenv("OTHER_SECRET", "env-value-2", 1);
	check_value(get("env", "TEST_SECRET_A", tr_map()), "env-value-1");
	check_error(get("env", "OTHER_SECRET", tr_map()), "denied", "secret:OTHER_SECRET");
	check_error(get("env", "TEST_SECRET_NONE", tr_map()), "not_found", "TEST_SECRET_NONE");
	check_error(get("nowhere", "x", tr_map()), "input", "env, file, credential");
	check_error(world_run(&w, "secrets", TR_DICT("provider", tr_string("env"))), "input", "needs the name");
}

static void section_10_secrets_file(void **state)
{
	(void)state;
	char path[256];
	(void)snprintf(path, sizeof path, "%s/db", folder);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs("file-value-1\n", f);
	(void)fclose(f);
	check_value(get("file", "db", tr_map()), "file-value-1");
	check_error(get("file", "none", tr_map()), "not_found", "none");
	check_error(get("file", "../../etc/passwd", tr_map()), "denied", "leads out");
	check_error(get("file", "/etc/passwd", tr_map()), "denied", "leads out");
}

static tr_value vault(const char *token)
{
	return TR_DICT("address", address(), "token", tr_string(token));
}

static void section_10_secrets_vault(void **state)
{
	(void)state;
	check_value(
	    get("vault", "secret/app", TR_DICT("auth", vault("vault-token-12345"), "field", tr_string("password"))),
	    "vault-value-1");
	check_value(
	    get("vault", "secret/app",
		TR_DICT("auth", vault("vault-token-12345"), "field", tr_string("password"), "version", tr_int(1))),
	    "vault-old");
	tr_value o = get("vault", "secret/app", TR_DICT("auth", vault("vault-token-12345")));
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "value", "user"), ""), "v-user");
	tr_drop(o);
	check_error(get("vault", "secret/app", TR_DICT("auth", vault("wrong"))), "auth", "403");
	check_error(get("vault", "secret/none", TR_DICT("auth", vault("vault-token-12345"))), "not_found", "404");
	check_error(get("vault", "secret/app", TR_DICT("auth", vault("vault-token-12345"), "field", tr_string("nope"))),
		    "not_found", "no field nope");
	check_error(get("vault", "secret/app", tr_map()), "auth", "VAULT_TOKEN");
}

static tr_value google(const char *token)
{
	return TR_DICT("endpoint", address(), "token", tr_string(token), "project", tr_string("p1"));
}

static void section_10_secrets_gcp(void **state)
{
	(void)state;
	check_value(get("gcp", "s1", TR_DICT("auth", google("google-token-12345"))), "google-value-1");
	check_value(
	    get("gcp", "projects/p1/secrets/s1",
		TR_DICT("auth", google("google-token-12345"), "version", tr_int(3), "field", tr_string("token"))),
	    "google-value-3");
	check_error(get("gcp", "s1", TR_DICT("auth", google("wrong"))), "auth", "401");
	check_error(get("gcp", "s1", TR_DICT("auth", google("google-token-12345"), "version", tr_int(9))), "not_found",
		    "404");
}

static tr_value amazon(const char *key, const char *token)
{
	tr_value auth =
	    TR_DICT("endpoint", tr_stringf("http://127.0.0.1:%d/", port), "access_key_id", tr_string("AKIDEXAMPLE"),
		    "secret_access_key", tr_string(key), "region", tr_string("eu-north-1"));
	return *token != '\0' ? tr_map_put_s(auth, "session_token", tr_string(token)) : auth;
}

static void section_10_secrets_aws(void **state)
{
	(void)state;
	check_value(get("aws", "prod/plain", TR_DICT("auth", amazon("aws-secret-key-12345", ""))), "aws-value-2");
	check_value(
	    get("aws", "prod/db",
		TR_DICT("auth", amazon("aws-secret-key-12345", "aws-session-12345"), "field", tr_string("password"))),
	    "aws-value-1");
	check_error(get("aws", "prod/plain", TR_DICT("auth", amazon("wrong-key-12345", ""))), "auth", "403");
	check_error(get("aws", "prod/none", TR_DICT("auth", amazon("aws-secret-key-12345", ""))), "client_error",
		    "400");
}

/* What was given is a secret of the node: shown, it is masked; alone, it is where it can be had again. */
static void section_10_secrets_are_hidden(void **state)
{
	(void)state;
	setenv("TEST_SECRET_B", "hide \"me\" & more", 1);
	tr_drop(get("env", "TEST_SECRET_B", tr_map()));
	tr_value said = TR_LIST(tr_string("hide \"me\" & more"), tr_string("say hide \"me\" & more!"),
				tr_string("json: hide \\\"me\\\" & more"),
				tr_string("?q=hide%20%22me%22%20%26%20more&x"), tr_string("hide me"), tr_int(7));
	tr_value hidden = tr_redact(w.node, said);
	assert_string_equal(tr_as_cstr(TR_GET(tr_array_at(hidden, 0), "kind"), ""), "secret_ref");
	assert_string_equal(tr_as_cstr(TR_GET(tr_array_at(hidden, 0), "input", "name"), ""), "TEST_SECRET_B");
	assert_string_equal(tr_as_cstr(tr_array_at(hidden, 1), ""), "say ***!");
	assert_string_equal(tr_as_cstr(tr_array_at(hidden, 2), ""), "json: ***");
	assert_string_equal(tr_as_cstr(tr_array_at(hidden, 3), ""), "?q=***&x");
	assert_string_equal(tr_as_cstr(tr_array_at(hidden, 4), ""), "hide me");
	assert_int_equal(tr_as_int(tr_array_at(hidden, 5), 0), 7);
	tr_drop(hidden);
}

/* One that begins with another is hidden whole, whichever was told first. */
static void a_secret_that_begins_another_leaves_no_rest(void **state)
{
	(void)state;
	static const char *const told[] = {"begin-and-rest", "begin-", "start-", "start-and-rest"};
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(tr_redact_add(w.node, tr_s(told[i]), tr_absent()), TR_OK);
	tr_value hidden = tr_redact(w.node, tr_string("a begin-and-rest b start-and-rest c begin-other"));
	assert_string_equal(tr_as_cstr(hidden, ""), "a *** b *** c ***other");
	tr_drop(hidden);
}

static const builtin trusted[] = {{http_manifest, &http_plugin, true},
				  {secrets_manifest, &secrets_plugin, true},
				  {credentials_manifest, &credentials_plugin, true}};

static int start(void **state)
{
	(void)state;
	setenv("no_proxy", "*", 1);
	assert_non_null(mkdtemp(folder));
	if (!server_start(&services, "secrets_server.py") || sscanf(services.line, "%d", &port) != 1)
		return -1;
	return world_with_config(
		   &w, trusted, 3,
		   TR_DICT("secrets", TR_DICT("folder", tr_string(folder), "env", TR_LIST(tr_string("TEST_*")))))
		   ? 0
		   : -1;
}

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	server_stop(&services);
	return folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(section_10_secrets_env),
	    cmocka_unit_test(section_10_secrets_file),
	    cmocka_unit_test(section_10_secrets_vault),
	    cmocka_unit_test(section_10_secrets_gcp),
	    cmocka_unit_test(section_10_secrets_aws),
	    cmocka_unit_test(section_10_secrets_are_hidden),
	    cmocka_unit_test(a_secret_that_begins_another_leaves_no_rest),
	};
	return cmocka_run_group_tests_name("secrets", tests, start, stop);
}
