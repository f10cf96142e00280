/* SPDX-License-Identifier: Apache-2.0 */
/* The store of credentials and the plugin in front of it (docs/playbook.md, section 10, auth). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/actions/http/http.h"
#include "plugins/actions/nats/nats.h"
#include "plugins/shared/auth/auth.h"
#include "plugins/shared/auth/credentials.h"
#include "plugins/shared/auth/vault.h"
#include "server.h"
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET "correct-horse-battery"

static char folder[] = "/tmp/troupe-credentials-XXXXXX", file[256], key_file[300];
static server http;
static int port;
static world w;

static const vault_key by_file = {0};
static const vault_key by_passphrase = {.passphrase = "a long passphrase"};

static tr_value replace(tr_value all, void *arg)
{
	tr_drop(all);
	return tr_keep(*(tr_value *)arg);
}

static tr_value one(void)
{
	return TR_DICT("api", TR_DICT("type", tr_string("bearer"), "token", tr_string(SECRET)));
}

static void write_with(const vault_key *key)
{
	char why[VAULT_TEXT] = "";
	tr_value all = one();

	unlink(file);
	assert_int_equal(vault_change(file, key, replace, &all, why), TR_OK);
	tr_drop(all);
}

static void check_readable(const vault_key *key)
{
	char why[VAULT_TEXT] = "";
	tr_value all = vault_read(file, key, why), expected = one();

	assert_true(tr_equal(all, expected));
	tr_drop(all);
	tr_drop(expected);
}

static void check_refused(const vault_key *key, tr_err err, const char *part)
{
	char why[VAULT_TEXT] = "";
	tr_value all = vault_read(file, key, why);

	assert_false(tr_is_valid(all));
	assert_int_equal(tr_value_err(all), err);
	assert_non_null(strstr(why, part));
}

static void what_is_put_in_comes_out(void **state)
{
	(void)state;
	struct stat st;
	write_with(&by_file);
	check_readable(&by_file);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	assert_int_equal(stat(key_file, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	write_with(&by_passphrase);
	check_readable(&by_passphrase);
}

static void another_key_is_refused(void **state)
{
	(void)state;
	char digits[65];
	memset(digits, 'a', 64);
	digits[64] = '\0';
	write_with(&by_file);
	check_refused(&(vault_key){.key = digits}, TR_EDENIED, "not the one");
	check_refused(&(vault_key){.key = "abc"}, TR_EINVAL, "64 hexadecimal");
	check_refused(&(vault_key){.key_file = "/no/such/key"}, TR_ENOENT, "/no/such/key");
	assert_int_equal(chmod(key_file, 0644), 0);
	check_refused(&by_file, TR_EDENIED, "chmod 600");
	assert_int_equal(chmod(key_file, 0600), 0);
	write_with(&by_passphrase);
	check_refused(&(vault_key){.passphrase = "another"}, TR_EDENIED, "not the one");
	check_refused(&by_file, TR_ENOENT, "TROUPE_CREDENTIAL_PASSPHRASE");
}

/* A passphrase in the environment does not lock anew what a key has locked, and the other way about. */
static void a_file_stays_locked_as_it_was(void **state)
{
	(void)state;
	char why[VAULT_TEXT] = "";
	static const vault_key both = {.passphrase = "a long passphrase"};
	tr_value all = one();
	write_with(&by_file);
	assert_int_equal(vault_change(file, &both, replace, &all, why), TR_OK);
	check_readable(&by_file);
	assert_int_equal(vault_rekey(file, &by_file, true, why), TR_ENOENT);
	assert_non_null(strstr(why, "TROUPE_CREDENTIAL_PASSPHRASE"));
	check_readable(&by_file);
	assert_int_equal(vault_rekey(file, &both, true, why), TR_OK);
	check_readable(&by_passphrase);
	check_refused(&by_file, TR_ENOENT, "locked by a passphrase");
	assert_int_equal(vault_rekey(file, &both, false, why), TR_OK);
	check_readable(&by_file);
	unlink(file);
	assert_int_equal(vault_rekey(file, &both, true, why), TR_ENOENT);
	tr_drop(all);
}

static size_t slurp(char *to, size_t room)
{
	FILE *f = fopen(file, "rb");
	assert_non_null(f);
	size_t n = fread(to, 1, room, f);
	(void)fclose(f);
	return n;
}

static void spill(const char *from, size_t n)
{
	FILE *f = fopen(file, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(from, 1, n, f), n);
	(void)fclose(f);
}

static void each_damaged_byte_is_found(void **state)
{
	(void)state;
	char bytes[4096], why[VAULT_TEXT];
	write_with(&by_file);
	size_t n = slurp(bytes, sizeof bytes);
	assert_null(memmem(bytes, n, SECRET, strlen(SECRET)));
	for (size_t i = 0; i < n; i++) {
		bytes[i] = (char)(bytes[i] ^ 1);
		spill(bytes, n);
		tr_value all = vault_read(file, &by_file, why);
		assert_false(tr_is_valid(all));
		bytes[i] = (char)(bytes[i] ^ 1);
	}
	for (size_t i = 0; i < n; i++) {
		spill(bytes, i);
		tr_value all = vault_read(file, &by_file, why);
		assert_false(tr_is_valid(all));
	}
	spill(bytes, n);
	check_readable(&by_file);
}

/* ---- through plugins ---- */

static tr_value get_with(const char *auth)
{
	return world_run(&w, "http",
			 TR_DICT("url", tr_stringf("http://127.0.0.1:%d/echo", port), "auth", tr_string(auth)));
}

static void a_task_names_its_credential(void **state)
{
	(void)state;
	write_with(&by_file);
	tr_value o = get_with("api");
	if (!succeeded(o))
		show("the request", o);
	assert_true(succeeded(o));
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "data", "headers", "authorization"), ""), "Bearer " SECRET);
	tr_drop(o);
	o = get_with("nobody");
	assert_string_equal(error_kind(o), "auth");
	assert_non_null(strstr(error_message(o), "troupe credential add nobody"));
	tr_drop(o);
}

static void a_changed_file_is_seen(void **state)
{
	(void)state;
	char why[VAULT_TEXT] = "";
	tr_value all = TR_DICT("second", TR_DICT("type", tr_string("bearer"), "token", tr_string("t2")));
	tr_drop(get_with("api"));
	assert_int_equal(vault_change(file, &by_file, replace, &all, why), TR_OK);
	tr_drop(all);
	tr_value o = get_with("second");
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "data", "headers", "authorization"), ""), "Bearer t2");
	tr_drop(o);
	o = get_with("api");
	assert_string_equal(error_kind(o), "auth");
	tr_drop(o);
}

static tr_value ask_directly(tr_value arg)
{
	(void)arg;
	return tr_plugin_call("credentials", TR_LIST(tr_atom("get"), tr_string("api")), tr_in(60 * TR_SECOND));
}

/* Wherever messages are shown, logs and reports, the secret is not. */
static void what_is_handed_out_does_not_show(void **state)
{
	(void)state;
	tr_buf text = {0};
	write_with(&by_file);
	tr_value answer = world_do(&w, ask_directly, tr_nil());
	tr_show(&text, answer, 10000);
	tr_buf_putc(&text, '\0');
	assert_null(strstr(text.p, SECRET));
	assert_non_null(strstr(text.p, "secret"));
	assert_true(tr_is(secret_open(tr_array_at(answer, 1)), TR_MAP));
	tr_buf_fini(&text);
	tr_drop(answer);
}

/* The store hands out what its caller was granted by name, and nothing else. */
static void each_credential_needs_its_grant(void **state)
{
	(void)state;
	world other;
	static const builtin untrusted[] = {{http_manifest, &http_plugin, false},
					    {credentials_manifest, &credentials_plugin, true}};
	tr_value grants =
	    TR_DICT("http", TR_LIST(tr_string("net"), tr_string("call:credentials"), tr_string("secret:api")));
	tr_value config = TR_DICT("credentials", TR_DICT("file", tr_string(file)));
	plugin_host_options options = {.builtins = untrusted, .builtin_count = 2, .config = config, .grants = grants};
	char why[VAULT_TEXT] = "";
	tr_value all = tr_map_put_s(one(), "other", TR_DICT("type", tr_string("bearer"), "token", tr_string("t2")));
	unlink(file);
	assert_int_equal(vault_change(file, &by_file, replace, &all, why), TR_OK);
	assert_false(tr_is_valid(world_start(&other, &options)));
	tr_value url = tr_stringf("http://127.0.0.1:%d/echo", port);
	tr_value o = world_run(&other, "http", TR_DICT("url", tr_keep(url), "auth", tr_string("api")));
	assert_true(succeeded(o));
	tr_drop(o);
	o = world_run(&other, "http", TR_DICT("url", url, "auth", tr_string("other")));
	assert_string_equal(error_kind(o), "auth");
	assert_non_null(strstr(error_message(o), "the grant secret:other is missing"));
	tr_drop(o);
	world_stop(&other);
	tr_drop(all);
	tr_drop(grants);
	tr_drop(config);
}

static tr_value publish(tr_value auth)
{
	return TR_DICT("operation", tr_string("publish"), "subject", tr_string("x"), "auth", auth);
}

/* A file that a stored credential names is the operator's word; the same from a task waits for a grant, also when the
 * task puts it over the credential. */
static void files_of_stored_credentials_need_no_grant(void **state)
{
	(void)state;
	world other;
	static const builtin both[] = {{nats_manifest, &nats_plugin, true},
				       {credentials_manifest, &credentials_plugin, true}};
	tr_value config = TR_DICT("credentials", TR_DICT("file", tr_string(file)));
	plugin_host_options options = {.builtins = both, .builtin_count = 2, .config = config};
	char why[VAULT_TEXT] = "";
	tr_value fields = TR_DICT("url", tr_string("nats://127.0.0.1:1"), "creds_file", tr_string("/etc/hostname"));
	tr_value all = tr_map_put_s(one(), "stored", tr_keep(fields));
	unlink(file);
	assert_int_equal(vault_change(file, &by_file, replace, &all, why), TR_OK);
	assert_false(tr_is_valid(world_start(&other, &options)));
	tr_value o = world_run(&other, "nats", publish(tr_string("stored")));
	assert_string_equal(error_kind(o), "auth"); /* it was read, and is no credentials */
	assert_non_null(strstr(error_message(o), "no user JWT"));
	tr_drop(o);
	o = world_run(&other, "nats", publish(fields));
	assert_string_equal(error_kind(o), "denied");
	tr_drop(o);
	o = world_run(&other, "nats",
		      publish(TR_DICT("credential", tr_string("stored"), "creds_file", tr_string("/etc/hostname"))));
	assert_string_equal(error_kind(o), "denied");
	assert_non_null(strstr(error_message(o), "--grant fs:/etc"));
	tr_drop(o);
	world_stop(&other);
	tr_drop(all);
	tr_drop(config);
}

/* ---- the world ---- */

static const builtin trusted[] = {{http_manifest, &http_plugin, true},
				  {credentials_manifest, &credentials_plugin, true}};

static int start(void **state)
{
	(void)state;
	setenv("no_proxy", "*", 1);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(file, sizeof file, "%s/credentials", folder);
	(void)snprintf(key_file, sizeof key_file, "%s.key", file);
	if (!server_start(&http, "http_server.py") || sscanf(http.line, "%d", &port) != 1)
		return -1;
	return world_with_config(&w, trusted, 2, TR_DICT("credentials", TR_DICT("file", tr_string(file)))) ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	server_stop(&http);
	return folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_put_in_comes_out),
	    cmocka_unit_test(another_key_is_refused),
	    cmocka_unit_test(a_file_stays_locked_as_it_was),
	    cmocka_unit_test(each_credential_needs_its_grant),
	    cmocka_unit_test(files_of_stored_credentials_need_no_grant),
	    cmocka_unit_test(each_damaged_byte_is_found),
	    cmocka_unit_test(a_task_names_its_credential),
	    cmocka_unit_test(a_changed_file_is_seen),
	    cmocka_unit_test(what_is_handed_out_does_not_show),
	};
	return cmocka_run_group_tests_name("credentials", tests, start, stop);
}
