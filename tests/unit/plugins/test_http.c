/* SPDX-License-Identifier: Apache-2.0 */
/* The tool kind http against a real server (tests/support/http_server.py). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/actions/http/answer.h"
#include "plugins/actions/http/http.h"
#include "plugins/host/command.h"
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static world w;
static int plain_port, tls_port, server_in;
static pid_t server;

static void start_server(void)
{
	int in[2], out[2];

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	server = fork();
	if (server == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		execlp("python3", "python3", TEST_SOURCE_DIR "/tests/support/http_server.py", (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	server_in = in[1];
	FILE *f = fdopen(out[0], "r");
	assert_int_equal(fscanf(f, "%d %d", &plain_port, &tls_port), 2);
	fclose(f);
}

static const builtin trusted[] = {{http_manifest, &http_plugin, true}};

static int start(void **state)
{
	(void)state;
	setenv("no_proxy", "*", 1);
	start_server();
	world_with(&w, trusted, 1);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	close(server_in);
	waitpid(server, NULL, 0);
	return 0;
}

/* ---- asking
 * ---------------------------------------------------------------------------------------------------------------------------
 */

static tr_value at(const char *path)
{
	return tr_stringf("http://127.0.0.1:%d%s", plain_port, path);
}

/* A GET of a path with further inputs (taken; may be a map). */
static tr_value get_with(const char *path, tr_value more)
{
	return world_run(&w, "http", tr_map_merge(TR_DICT("url", at(path)), more));
}

static tr_value get(const char *path)
{
	return get_with(path, tr_map());
}

#define RESULT(outcome, ...) TR_GET(outcome, "result", __VA_ARGS__)

static void check_text(tr_value v, const char *expected)
{
	if (!tr_str_is(tr_as_str(v), expected))
		show("instead of the expected text", v);
	assert_true(tr_str_is(tr_as_str(v), expected));
}

static void check_kind(tr_value outcome, const char *kind, bool retryable)
{
	if (strcmp(error_kind(outcome), kind) != 0)
		show(kind, outcome);
	assert_string_equal(error_kind(outcome), kind);
	assert_int_equal(tr_as_bool(TR_GET(outcome, "error", "retryable"), !retryable), retryable);
}

/* ---- what is sent
 * -----------------------------------------------------------------------------------------------------------------------
 */

static void sends_params(void **state)
{
	(void)state;
	tr_value params = TR_DICT("page", tr_int(3), "none", tr_nil(), "tag", TR_LIST(tr_string("a"), tr_string("b")),
				  "q", tr_string("x y&z=\xc3\xa9"), "flag", tr_bool(true), "f", tr_float(1.5));
	tr_value o = get_with("/echo?own=1", TR_DICT("params", params));
	assert_true(succeeded(o));
	check_text(RESULT(o, "data", "path"), "/echo?own=1&page=3&tag=a&tag=b&q=x%20y%26z%3d%c3%a9&flag=true&f=1.5");
	assert_int_equal(tr_as_int(RESULT(o, "status_code"), 0), 200);
	check_text(RESULT(o, "headers", "content-type"), "application/json");
	check_text(RESULT(o, "headers", "x-twice"), "a, b");
	assert_true(tr_as_float(RESULT(o, "elapsed"), -1) >= 0);
	assert_int_equal(tr_as_int(TR_GET(o, "http", "status"), 0), 200);
	assert_true(tr_is(RESULT(o, "body"), TR_STRING));
	tr_drop(o);
}

static void sends_bodies(void **state)
{
	tr_value map = TR_DICT("a", tr_int(1), "b", tr_string("x y"));
	struct {
		const char *key;
		tr_value value;
		const char *body, *type;
	} cases[] = {
	    {"json", tr_keep(map), "{\"a\":1,\"b\":\"x y\"}", "application/json"},
	    {"payload", tr_keep(map), "{\"a\":1,\"b\":\"x y\"}", "application/json"},
	    {"data", tr_keep(map), "{\"a\":1,\"b\":\"x y\"}", "application/json"},
	    {"form", tr_keep(map), "a=1&b=x%20y", "application/x-www-form-urlencoded"},
	    {"body", tr_string("plain"), "plain", NULL},
	    {"json", tr_string("text"), "\"text\"", "application/json"},
	    {"body", tr_binary("\x01\x02", 2), "\x01\x02", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tr_value o = get_with("/echo", TR_DICT("method", tr_string("post"), cases[i].key, cases[i].value));
		check_text(RESULT(o, "data", "method"), "POST");
		check_text(RESULT(o, "data", "body"), cases[i].body);
		tr_value type = RESULT(o, "data", "headers", "content-type");
		if (cases[i].type != NULL)
			check_text(type, cases[i].type);
		else
			assert_false(tr_is_valid(type));
		tr_drop(o);
	}
	tr_drop(map);
	tr_value o = get_with("/echo", TR_DICT("method", tr_string("PUT"), "data", TR_DICT("k", tr_int(1)), "headers",
					       TR_DICT("Content-Type", tr_string("application/x-www-form-urlencoded"),
						       "X-N", tr_int(5))));
	check_text(RESULT(o, "data", "body"), "k=1");
	check_text(RESULT(o, "data", "headers", "x-n"), "5");
	tr_drop(o);
}

static void sends_files(void **state)
{
	(void)state;
	tr_value file =
	    TR_DICT("filename", tr_string("a.csv"), "content", tr_string("1,2"), "content_type", tr_string("text/csv"));
	tr_value o = get_with("/echo", TR_DICT("method", tr_string("POST"), "form", TR_DICT("kind", tr_string("x")),
					       "files", TR_DICT("upload", file)));
	const char *body = tr_as_cstr(RESULT(o, "data", "body"), "");
	assert_non_null(strstr(body, "name=\"kind\""));
	assert_non_null(strstr(body, "name=\"upload\"; filename=\"a.csv\""));
	assert_non_null(strstr(body, "Content-Type: text/csv"));
	assert_non_null(strstr(body, "1,2"));
	tr_drop(o);
}

static void sends_credentials(void **state)
{
	struct {
		tr_value auth;
		const char *header, *value;
	} cases[] = {
	    {TR_DICT("type", tr_string("bearer"), "token", tr_string("t0k")), "authorization", "Bearer t0k"},
	    {TR_DICT("type", tr_string("basic"), "username", tr_string("u"), "password", tr_string("p")),
	     "authorization", "Basic dTpw"},
	    {TR_DICT("type", tr_string("api_key"), "key", tr_string("k")), "x-api-key", "k"},
	    {TR_DICT("type", tr_string("header"), "name", tr_string("X-Mine"), "value", tr_string("v")), "x-mine", "v"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tr_value o = get_with("/echo", TR_DICT("auth", cases[i].auth));
		check_text(RESULT(o, "data", "headers", cases[i].header), cases[i].value);
		tr_drop(o);
	}
	tr_value o = get_with("/echo", TR_DICT("auth", tr_string("unknown_credential")));
	check_kind(o, "auth", false);
	tr_drop(o);
	tr_value url = tr_stringf("http://me:secret@127.0.0.1:%d/echo", plain_port);
	o = world_run(&w, "http", TR_DICT("url", url));
	check_text(RESULT(o, "data", "headers", "authorization"), "Basic bWU6c2VjcmV0");
	assert_null(strstr(tr_as_cstr(RESULT(o, "url"), "secret"), "secret")); /* it shows nowhere */
	tr_drop(o);
}

/* http://127.0.0.1:PORT/echo, a NUL, .evil */
static tr_value url_with_nul(void)
{
	tr_value good = at("/echo");
	tr_buf text = {0};

	tr_buf_put(&text, tr_as_str(good).p, tr_as_str(good).n);
	tr_buf_put(&text, "\0.evil", 6);
	tr_drop(good);
	return tr_string_buf(&text);
}

static tr_value upload(const char *type, size_t n)
{
	return TR_DICT("url", at("/echo"), "method", tr_string("POST"), "files",
		       TR_DICT("f", TR_DICT("content", tr_string("x"), "content_type", tr_string_n(type, n))));
}

static void refuses_bad_inputs(void **state)
{
	tr_value inputs[] = {
	    tr_map(),
	    TR_DICT("url", tr_string("ftp://example.com/x")),
	    TR_DICT("url", tr_string("not a url")),
	    TR_DICT("url", tr_string("file:///etc/passwd")),
	    TR_DICT("url", at("/echo"), "method", tr_string("G\r\nET")),
	    TR_DICT("url", at("/echo"), "headers", TR_DICT("X", tr_string("a\r\nEvil: 1"))),
	    TR_DICT("url", at("/echo"), "headers", tr_string("X: 1")),
	    TR_DICT("url", at("/echo"), "json", tr_map(), "body", tr_string("x")),
	    TR_DICT("url", at("/echo"), "timeout", tr_int(-1)),
	    TR_DICT("url", at("/echo"), "params", tr_string("a=1")),
	    TR_DICT("url", at("/echo"), "max_body", tr_int(0)),
	    TR_DICT("url", at("/echo"), "verify_ssl", tr_string("perhaps")),
	    TR_DICT("url", url_with_nul()),
	    TR_DICT("url", at("/echo"), "proxy", tr_string_n("http://a\0.b", 11)),
	    upload("a/b\r\nEvil-Part: 1", 18),
	    upload("a/b\0c", 5),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		tr_value o = world_run(&w, "http", inputs[i]);
		check_kind(o, "input", false);
		tr_drop(o);
	}
}

static void escapes_nul(void **state)
{
	(void)state;
	tr_value o = get_with("/echo", TR_DICT("params", TR_DICT("a", tr_string_n("x\0y&z=1", 7))));
	assert_non_null(strstr(tr_as_cstr(TR_GET(o, "result", "data", "path"), ""), "/echo?a=x%00y%26z%3"));
	tr_drop(o);
}

static void refuses_answers_that_contradict(void **state)
{
	(void)state;
	tr_value o = get("/lengths/5/9");
	check_kind(o, "protocol", false);
	tr_drop(o);
	o = get("/lengths/9/9");
	assert_true(succeeded(o));
	check_text(TR_GET(o, "result", "headers", "content-length"), "9");
	tr_drop(o);
	o = get("/headers/1048576");
	check_kind(o, "too_large", false);
	assert_non_null(strstr(error_message(o), "headers that are too large"));
	tr_drop(o);
}

/* ---- what comes back
 * ---------------------------------------------------------------------------------------------------------------------
 */

static void sorts_statuses(void **state)
{
	static const struct {
		int status;
		const char *kind;
		bool retryable;
	} cases[] = {
	    {400, "client_error", false}, {401, "auth", false},        {403, "auth", false},
	    {404, "not_found", false},    {408, "client_error", true}, {422, "client_error", false},
	    {429, "rate_limit", true},    {500, "server_error", true}, {503, "server_error", true},
	};
	char path[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(path, sizeof(path), "/status/%d", cases[i].status);
		tr_value o = get(path);
		check_kind(o, cases[i].kind, cases[i].retryable);
		assert_int_equal(tr_as_int(TR_GET(o, "error", "status"), 0), cases[i].status);
		assert_int_equal(tr_as_int(TR_GET(o, "http", "status"), 0), cases[i].status);
		assert_true(tr_is(RESULT(o, "data", "said"), TR_STRING)); /* the body is kept */
		tr_drop(o);
	}
	tr_value o = get("/status/204");
	assert_true(succeeded(o));
	assert_true(tr_is_nil(RESULT(o, "data")));
	tr_drop(o);
}

static void reads_retry_after(void **state)
{
	(void)state;
	tr_value o = get("/status/429?retry_after=7");
	assert_int_equal(tr_as_int(TR_GET(o, "error", "retry_after"), -1), 7);
	tr_drop(o);
	o = get("/status/503?retry_after=Wed,%2021%20Oct%202015%2007:28:00%20GMT"); /* past: at once */
	assert_int_equal(tr_as_int(TR_GET(o, "error", "retry_after"), -1), 0);
	tr_drop(o);
	o = get("/status/503?retry_after=soon");
	assert_false(tr_is_valid(TR_GET(o, "error", "retry_after")));
	tr_drop(o);
	/* 2015-10-21 07:28:00 UTC is 1445412480. */
	assert_true(http_retry_after("Wed, 21 Oct 2015 07:28:00 GMT", INT64_C(1445412470) * 1000000) > 9.9);
	assert_true(http_retry_after("1.5", 0) > 1.4);
	assert_true(http_retry_after("", 0) < 0);
	assert_true(http_retry_after("-5", 0) < 0);
}

static void reads_bodies(void **state)
{
	(void)state;
	tr_value o = get("/raw?type=text/plain&body=hello");
	check_text(RESULT(o, "data"), "hello");
	check_text(RESULT(o, "body"), "hello");
	tr_drop(o);
	o = get("/raw?type=text/plain&body={%22a%22:1}"); /* JSON by its content */
	assert_int_equal(tr_as_int(RESULT(o, "data", "a"), 0), 1);
	tr_drop(o);
	o = get("/raw?type=application/vnd.api%2Bjson&body=[1]");
	assert_int_equal(tr_array_len(RESULT(o, "data")), 1);
	tr_drop(o);
	o = get("/raw?type=application/octet-stream&body=%FF%FE");
	assert_true(tr_is(RESULT(o, "body"), TR_BINARY));
	tr_drop(o);
	o = get("/gzip");
	assert_true(tr_as_bool(RESULT(o, "data", "packed"), false));
	tr_drop(o);
	o = get_with("/echo", TR_DICT("method", tr_string("HEAD")));
	assert_true(succeeded(o));
	tr_drop(o);
}

static void tells_broken_json(void **state)
{
	(void)state;
	tr_value o = get("/broken");
	check_kind(o, "body", false);
	assert_true(tr_is_nil(RESULT(o, "data")));
	check_text(RESULT(o, "body"), "{not json");
	assert_non_null(strstr(error_message(o), "line 1"));
	tr_drop(o);
}

static void bounds_bodies(void **state)
{
	(void)state;
	tr_value o = get_with("/bytes?n=1000", TR_DICT("max_body", tr_int(1000)));
	assert_true(succeeded(o));
	tr_drop(o);
	o = get_with("/bytes?n=1001", TR_DICT("max_body", tr_int(1000)));
	check_kind(o, "too_large", false);
	tr_drop(o);
}

static void follows_redirects(void **state)
{
	(void)state;
	tr_value o = get("/redirect/3");
	check_text(RESULT(o, "data", "path"), "/echo");
	tr_drop(o);
	o = get_with("/redirect/3", TR_DICT("follow_redirects", tr_int(3)));
	check_text(RESULT(o, "data", "path"), "/echo");
	tr_drop(o);
	o = get_with("/redirect/3", TR_DICT("follow_redirects", tr_int(2)));
	check_kind(o, "redirect", false);
	assert_non_null(strstr(tr_as_cstr(TR_GET(o, "error", "message"), ""), "more than 2 redirects"));
	tr_drop(o);
	o = get_with("/redirect/1", TR_DICT("follow_redirects", tr_bool(false)));
	assert_int_equal(tr_as_int(RESULT(o, "status_code"), 0), 302);
	tr_drop(o);
	o = get_with("/go?to=/echo&status=303", TR_DICT("method", tr_string("POST"), "json", tr_map()));
	check_text(RESULT(o, "data", "method"), "GET");
	check_text(RESULT(o, "data", "body"), "");
	tr_drop(o);
	o = get_with("/go?to=/echo&status=307", TR_DICT("method", tr_string("POST"), "body", tr_string("again")));
	check_text(RESULT(o, "data", "method"), "POST");
	check_text(RESULT(o, "data", "body"), "again");
	tr_drop(o);
	o = get("/go?to=file:///etc/passwd");
	assert_false(succeeded(o));
	tr_drop(o);
}

static void keeps_secrets_at_home(void **state)
{
	char path[100];
	tr_value auth = TR_DICT("type", tr_string("bearer"), "token", tr_string("t"));

	(void)state;
	tr_value o = get_with("/go?to=/echo", TR_DICT("auth", tr_keep(auth)));
	check_text(RESULT(o, "data", "headers", "authorization"), "Bearer t");
	tr_drop(o);
	snprintf(path, sizeof(path), "/go?to=http://localhost:%d/echo", plain_port); /* another origin */
	o = get_with(path,
		     TR_DICT("auth", auth, "headers", TR_DICT("Cookie", tr_string("c=1"), "X-Other", tr_string("o"))));
	assert_false(tr_is_valid(RESULT(o, "data", "headers", "authorization")));
	assert_false(tr_is_valid(RESULT(o, "data", "headers", "cookie")));
	check_text(RESULT(o, "data", "headers", "x-other"), "o");
	tr_drop(o);
}

/* ---- what goes wrong on the way
 * --------------------------------------------------------------------------------------------------------- */

static void tells_connections_that_break(void **state)
{
	(void)state;
	tr_value o = get("/half");
	check_kind(o, "connection", true);
	assert_non_null(strstr(error_message(o), "cut off"));
	tr_drop(o);
	o = get("/drop");
	check_kind(o, "connection", true);
	tr_drop(o);
	o = world_run(&w, "http", TR_DICT("url", tr_string("http://127.0.0.1:1/")));
	check_kind(o, "connection", true);
	tr_drop(o);
	o = world_run(&w, "http", TR_DICT("url", tr_string("http://no-such-host.invalid/")));
	check_kind(o, "connection", true);
	tr_drop(o);
}

static void keeps_its_time(void **state)
{
	(void)state;
	tr_value o = get_with("/hold", TR_DICT("timeout", tr_float(0.1)));
	check_kind(o, "timeout", true);
	tr_drop(o);
	o = get_with("/hold",
		     TR_DICT("timeout", TR_DICT("total", tr_float(0.1), "connect", tr_int(1), "read", tr_int(1))));
	check_kind(o, "timeout", true);
	tr_drop(o);
}

#define STREAMS 96

static tr_value send_streams(tr_value arg)
{
	tr_ref refs[STREAMS];

	for (int64_t i = 0; i < STREAMS; i++)
		refs[i] =
		    command_send("http", TR_DICT("url", tr_keep(arg), "timeout", tr_float(0.01 + 0.004 * (double)i)));
	for (int64_t i = 0; i < STREAMS; i++) {
		tr_value o = command_wait(refs[i]);
		tr_str kind = tr_as_str(TR_GET(o, "error", "kind"));

		if (!tr_str_is(kind, "timeout") && !tr_str_is(tr_as_str(tr_map_get_s(o, "status")), "success"))
			return o;
		tr_drop(o);
	}
	return tr_nil();
}

/* The time of each is over somewhere in the middle of its content: also when it is paused and just to go on. */
static void streams_that_run_out_of_time(void **state)
{
	(void)state;
	tr_value o = world_do(&w, send_streams, at("/stream?n=30000000"));
	assert_true(tr_is_nil(o));
	tr_drop(o);
}

/* Cancelled: the connection is closed, which the server notices. */
static tr_value cancel_held(tr_value arg)
{
	tr_ref ref = command_send("http", TR_DICT("url", tr_keep(arg)));

	/* The runner is waiting on the wire, or about to: either way nothing of it may stay. */
	tr_yield();
	tr_send_name("command.http", command_cancel(ref));
	return command_wait(ref);
}

static void cancel_reaches_the_wire(void **state)
{
	(void)state;
	tr_value o = world_do(&w, cancel_held, at("/hold"));
	check_kind(o, "cancelled", false);
	tr_drop(o);
	o = get_with("/hold", TR_DICT("timeout", tr_float(1)));
	tr_drop(o);
	o = get("/gone");
	assert_true(tr_as_int(RESULT(o, "data"), 0) >= 1);
	tr_drop(o);
}

static void checks_certificates(void **state)
{
	(void)state;
	if (tls_port == 0)
		skip();
	tr_value url = tr_stringf("https://localhost:%d/echo", tls_port);
	tr_value o = world_run(&w, "http", TR_DICT("url", tr_keep(url)));
	check_kind(o, "tls", false);
	tr_drop(o);
	o = world_run(&w, "http", TR_DICT("url", tr_keep(url), "verify_ssl", tr_bool(false)));
	assert_true(succeeded(o));
	tr_drop(o);
	tr_drop(url);
}

static void keeps_away_from_metadata(void **state)
{
	(void)state;
	tr_value o = world_run(
	    &w, "http", TR_DICT("url", tr_string("http://169.254.169.254/latest/meta-data"), "timeout", tr_int(5)));
	check_kind(o, "denied", false);
	assert_non_null(strstr(error_message(o), "net:link-local"));
	tr_drop(o);
}

static void needs_its_grant(void **state)
{
	static const builtin untrusted[] = {{http_manifest, &http_plugin, false}};
	world other;
	plugin_host_options options = {
	    .builtins = untrusted, .builtin_count = 1, .grants = TR_DICT("http", TR_LIST(tr_string("net:localhost")))};

	(void)state;
	assert_false(tr_is_valid(world_start(&other, &options)));
	tr_drop(options.grants);
	tr_value o = world_run(&other, "http", TR_DICT("url", at("/echo")));
	check_kind(o, "denied", false);
	assert_non_null(strstr(error_message(o), "net:127.0.0.1"));
	tr_drop(o);
	o = world_run(&other, "http", TR_DICT("url", tr_stringf("http://localhost:%d/echo", plain_port)));
	assert_true(succeeded(o));
	tr_drop(o);
	char path[100]; /* a redirect does not lead out of the grant */
	snprintf(path, sizeof(path), "http://localhost:%d/go?to=http://127.0.0.1:%d/echo", plain_port, plain_port);
	o = world_run(&other, "http", TR_DICT("url", tr_string(path)));
	check_kind(o, "denied", false);
	tr_drop(o);
	world_stop(&other);
}

/* ---- many at once
 * ------------------------------------------------------------------------------------------------------------------------
 */

static tr_value storm(tr_value url)
{
	enum {
		N = 300
	};
	static tr_ref refs[N];
	int64_t good = 0;

	for (int i = 0; i < N; i++)
		refs[i] = command_send("http", TR_DICT("url", tr_keep(url)));
	for (int i = 0; i < N; i++) {
		tr_value o = command_wait(refs[i]);
		good += succeeded(o);
		tr_drop(o);
	}
	return tr_int(good);
}

static int64_t connections(void)
{
	tr_value o = get("/connections");
	int64_t n = tr_as_int(RESULT(o, "data"), -1);

	tr_drop(o);
	return n;
}

static void reuses_connections(void **state)
{
	(void)state;
	tr_drop(get("/echo"));
	int64_t before = connections();
	for (int i = 0; i < 20; i++)
		tr_drop(get("/echo"));
	assert_int_equal(connections(), before);
	tr_value good = world_do(&w, storm, at("/echo"));
	assert_int_equal(tr_as_int(good, 0), 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sends_params),
	    cmocka_unit_test(sends_bodies),
	    cmocka_unit_test(sends_files),
	    cmocka_unit_test(sends_credentials),
	    cmocka_unit_test(refuses_bad_inputs),
	    cmocka_unit_test(escapes_nul),
	    cmocka_unit_test(refuses_answers_that_contradict),
	    cmocka_unit_test(sorts_statuses),
	    cmocka_unit_test(reads_retry_after),
	    cmocka_unit_test(reads_bodies),
	    cmocka_unit_test(tells_broken_json),
	    cmocka_unit_test(bounds_bodies),
	    cmocka_unit_test(follows_redirects),
	    cmocka_unit_test(keeps_secrets_at_home),
	    cmocka_unit_test(tells_connections_that_break),
	    cmocka_unit_test(keeps_its_time),
	    cmocka_unit_test(streams_that_run_out_of_time),
	    cmocka_unit_test(cancel_reaches_the_wire),
	    cmocka_unit_test(checks_certificates),
	    cmocka_unit_test(keeps_away_from_metadata),
	    cmocka_unit_test(needs_its_grant),
	    cmocka_unit_test(reuses_connections),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
