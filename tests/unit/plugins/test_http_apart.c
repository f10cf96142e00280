/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the tool kind http share handles and connections, and nothing else: what a server sees of one is what it
 * sees when there was none before it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/actions/http/http.h"
#include "server.h"
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/codec.h>

/* Inputs; @ is the server's port, # the one with TLS, whose certificate nobody knows. */
static const char *const cases[] = {
    "{'url': 'http://127.0.0.1:@/echo'}",
    "{'url': 'http://127.0.0.1:@/echo', 'auth': {'type': 'bearer', 'token': 'of-one'}}",
    "{'url': 'http://127.0.0.1:@/echo', 'auth': {'type': 'bearer', 'token': 'of-another'}}",
    "{'url': 'http://127.0.0.1:@/echo', 'auth': {'type': 'basic', 'username': 'u', 'password': 'p'}}",
    "{'url': 'http://127.0.0.1:@/echo', 'headers': {'X-One': '1', 'Cookie': 'a=b'}}",
    "{'url': 'http://127.0.0.1:@/echo', 'headers': {'User-Agent': 'mine', 'Accept-Encoding': 'identity'}}",
    "{'url': 'http://127.0.0.1:@/echo?q=1', 'params': {'page': 2}}",
    "{'url': 'http://me:secret@127.0.0.1:@/echo'}",
    "{'url': 'http://127.0.0.1:@/echo', 'method': 'POST', 'json': {'a': 1}}",
    "{'url': 'http://127.0.0.1:@/echo', 'method': 'POST', 'body': 'a longer text than that, without a type'}",
    "{'url': 'http://127.0.0.1:@/echo', 'method': 'POST'}",
    "{'url': 'http://127.0.0.1:@/echo', 'method': 'PUT', 'form': {'b': 2}, 'headers': {'X-Two': '2'}}",
    "{'url': 'http://127.0.0.1:@/echo', 'method': 'DELETE'}",
    "{'url': 'http://127.0.0.1:@/echo', 'method': 'DELETE', 'json': [1]}",
    "{'url': 'http://127.0.0.1:@/echo', 'method': 'GET', 'json': {'unusual': true}}",
    "{'url': 'http://127.0.0.1:@/echo', 'method': 'HEAD'}",
    "{'url': 'http://127.0.0.1:@/echo', 'method': 'POST', 'form': {'c': 'd'}, 'files': {'f': 'in a file'}}",
    "{'url': 'http://127.0.0.1:@/redirect/2', 'auth': {'type': 'bearer', 'token': 'of-a-third'}}",
    "{'url': 'http://127.0.0.1:@/go?status=307&to=http://him:hidden@localhost:@/echo', 'method': 'POST', 'json': 1}",
    "{'url': 'http://127.0.0.1:@/go?to=http://him:hidden@localhost:@/echo'}",
    "{'url': 'http://127.0.0.1:@/status/500', 'timeout': {'connect': 5, 'read': 20, 'total': 30}}",
    "{'url': 'http://far.example/', 'proxy': 'http://127.0.0.1:@'}",
    "{'url': 'http://far.example/', 'proxy': 'http://pu:pp@127.0.0.1:@', 'auth': {'type': 'bearer', 'token': 'x'}}",
    "{'url': 'http://127.0.0.1:@/echo', 'proxy': ''}",
    "{'url': 'https://localhost:#/echo', 'verify_ssl': false}",
    "{'url': 'https://localhost:#/echo', 'verify_ssl': false, 'auth': {'type': 'bearer', 'token': 'tls'}}",
    "{'url': 'https://localhost:#/echo'}",
    "{'url': 'https://localhost:#/echo', 'verify_ssl': false, 'proxy': 'http://tu:tp@127.0.0.1:@'}",
};

enum {
	N = sizeof(cases) / sizeof(cases[0])
};

static const builtin trusted[] = {{http_manifest, &http_plugin, true}};
static server web;
static int port, tls_port;
static tr_value alone[N]; /* what was seen of each */

static tr_value input_of(size_t which)
{
	tr_buf text = {0};

	for (const char *p = cases[which]; *p != '\0'; p++) {
		bool is_port = p > cases[which] && p[-1] == ':';
		if (is_port && (*p == '@' || *p == '#'))
			tr_buf_putf(&text, "%d", *p == '@' ? port : tls_port);
		else
			tr_buf_putc(&text, *p == '\'' ? '"' : *p);
	}
	tr_value input = tr_json_read(tr_buf_str(&text), NULL, NULL);
	assert_true(tr_is(input, TR_MAP));
	tr_buf_fini(&text);
	return input;
}

static bool needs_tls(size_t which)
{
	return strchr(cases[which], '#') != NULL;
}

/* The end of a form's parts is drawn by lot. */
static tr_value without_boundary(tr_value data)
{
	const char *type = tr_as_cstr(TR_GET(data, "headers", "content-type"), "");
	const char *boundary = strstr(type, "boundary=");

	if (boundary == NULL)
		return tr_keep(data);
	boundary += strlen("boundary=");
	tr_buf text = {0};
	const char *from = tr_as_cstr(TR_GET(data, "body"), "");
	for (const char *p; (p = strstr(from, boundary)) != NULL; from = p + strlen(boundary))
		tr_buf_put(&text, from, (size_t)(p - from));
	tr_buf_puts(&text, from);
	tr_value headers = tr_map_put_s(tr_keep(TR_GET(data, "headers")), "content-type",
					tr_string_n(type, (size_t)(boundary - type)));
	tr_value seen = tr_map_put_s(tr_keep(data), "headers", headers);
	return tr_map_put_s(seen, "body", tr_string_buf(&text));
}

static tr_value or_nil(tr_value v)
{
	return tr_is_valid(v) ? tr_keep(v) : tr_nil();
}

/* Takes the outcome. */
static tr_value seen_of(tr_value outcome)
{
	tr_value data = TR_GET(outcome, "result", "data");
	tr_value seen = TR_DICT("error", tr_string(succeeded(outcome) ? "" : error_kind(outcome)), "status",
				or_nil(TR_GET(outcome, "http", "status")), "data",
				tr_is_valid(data) ? without_boundary(data) : tr_nil());

	assert_true(tr_is_valid(seen));
	tr_drop(outcome);
	return seen;
}

/* Takes the outcome. */
static bool as_alone(size_t which, tr_value outcome)
{
	tr_value seen = seen_of(outcome);
	bool same = tr_equal(seen, alone[which]);

	if (!same) {
		fprintf(stderr, "%s\n", cases[which]);
		show("was seen", seen);
		show("alone", alone[which]);
	}
	tr_drop(seen);
	return same;
}

static int start(void **state)
{
	static const char *const names[] = {"no_proxy",    "NO_PROXY",  "http_proxy", "https_proxy",
					    "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
	world w;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unsetenv(names[i]);
	if (!server_start(&web, "http_server.py") || sscanf(web.line, "%d %d", &port, &tls_port) != 2)
		return -1;
	for (size_t i = 0; i < N; i++) {
		if (needs_tls(i) && tls_port == 0)
			continue;
		world_with(&w, trusted, 1);
		alone[i] = seen_of(world_run(&w, "http", input_of(i)));
		world_stop(&w);
	}
	return 0;
}

static int stop(void **state)
{
	(void)state;
	for (size_t i = 0; i < N; i++)
		tr_drop(alone[i]);
	server_stop(&web);
	return 0;
}

/* ---- each by itself
 * ------------------------------------------------------------------------------------------------------------ */

static void check_header(size_t which, const char *name, const char *expected)
{
	tr_value v = TR_GET(alone[which], "data", "headers", name);

	assert_string_equal(tr_as_cstr(v, "(none)"), expected);
}

/* What is compared with below is what it should be. */
static void one_request_says_what_it_should(void **state)
{
	tr_value headers = TR_GET(alone[0], "data", "headers");

	(void)state;
	assert_int_equal(tr_map_len(headers), 4); /* these and host */
	check_header(0, "accept", "*/*");
	check_header(0, "user-agent", "troupe/" TR_VERSION_STRING);
	assert_non_null(strstr(tr_as_cstr(TR_GET(headers, "accept-encoding"), ""), "gzip"));
	check_header(1, "authorization", "Bearer of-one");
	check_header(2, "authorization", "Bearer of-another");
	check_header(3, "authorization", "Basic dTpw");
	check_header(4, "x-one", "1");
	check_header(5, "user-agent", "mine");
	check_header(5, "accept-encoding", "identity");
	check_header(7, "authorization", "Basic bWU6c2VjcmV0");
	check_header(8, "content-type", "application/json");
	check_header(9, "content-type", "(none)");
	check_header(10, "content-length", "0");
	check_header(12, "content-length", "(none)");
	assert_string_equal(tr_as_cstr(TR_GET(alone[14], "data", "body"), ""), "{\"unusual\":true}");
	check_header(17, "authorization", "Bearer of-a-third");
	assert_string_equal(tr_as_cstr(TR_GET(alone[20], "error"), ""), "server_error");
}

static void proxies_are_told_who_asks(void **state)
{
	tr_value agents = TR_GET(alone[21], "data", "headers", "user-agent");

	(void)state;
	assert_int_equal(tr_array_len(agents), 1);
	assert_string_equal(tr_as_cstr(tr_array_at(agents, 0), ""), "troupe/" TR_VERSION_STRING);
	assert_true(tr_is_nil(TR_GET(alone[21], "data", "auth")));
	assert_string_equal(tr_as_cstr(TR_GET(alone[22], "data", "auth"), ""), "Basic cHU6cHA=");
	if (tls_port == 0)
		skip();
	assert_string_equal(tr_as_cstr(TR_GET(alone[26], "error"), ""), "tls");
	world w;
	world_with(&w, trusted, 1);
	tr_drop(world_run(&w, "http", input_of(27)));
	tr_value o = world_run(&w, "http", TR_DICT("url", tr_stringf("http://127.0.0.1:%d/agent", port)));
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "data", "agent"), ""), "troupe/" TR_VERSION_STRING);
	tr_drop(o);
	world_stop(&w);
}

/* ---- behind each other, and beside
 * --------------------------------------------------------------------------------------------- */

static void check(world *w, size_t which)
{
	if (!needs_tls(which) || tls_port != 0)
		assert_true(as_alone(which, world_run(w, "http", input_of(which))));
}

/* Each comes right behind each other, and behind itself. */
static void each_behind_each(void **state)
{
	world w;

	(void)state;
	world_with(&w, trusted, 1);
	for (size_t i = 0; i < N; i++) {
		check(&w, i);
		check(&w, i);
		for (size_t k = i + 1; k < N; k++) {
			check(&w, k);
			check(&w, i);
		}
	}
	world_stop(&w);
}

static tr_value crowd(tr_value none)
{
	enum {
		TIMES = 4
	};
	tr_ref refs[N * TIMES];
	int64_t good = 0, all = 0;

	tr_drop(none);
	for (size_t i = 0; i < (size_t)N * TIMES; i++)
		if (!needs_tls(i % N) || tls_port != 0)
			refs[i] = command_send("http", input_of(i % N));
	for (size_t i = 0; i < (size_t)N * TIMES; i++) {
		if (needs_tls(i % N) && tls_port == 0)
			continue;
		good += as_alone(i % N, command_wait(refs[i]));
		all++;
	}
	return tr_bool(good == all);
}

static void all_at_once(void **state)
{
	world w;

	(void)state;
	world_with(&w, trusted, 1);
	for (int i = 0; i < 3; i++)
		assert_true(tr_as_bool(world_do(&w, crowd, tr_nil()), false));
	world_stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_request_says_what_it_should),
	    cmocka_unit_test(proxies_are_told_who_asks),
	    cmocka_unit_test(each_behind_each),
	    cmocka_unit_test(all_at_once),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
