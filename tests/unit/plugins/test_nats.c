/* SPDX-License-Identifier: Apache-2.0 */
/* The tool kind nats against a real server with JetStream (docs/playbook.md, section 10). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/actions/nats/nats.h"
#include "plugins/actions/nats/nkey.h"
#include "plugins/host/command.h"
#include "server.h"
#include "world.h"
#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>
#include <unistd.h>

#define SEED   "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"
#define PUBLIC "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"

static world w;
static server servers;
static int port, tls_port, operator_port;
static char folder[256];

static const builtin trusted[] = {{nats_manifest, &nats_plugin, true}};

/* ---- asking ---- */

static tr_value url(void)
{
	return tr_stringf("nats://127.0.0.1:%d", port);
}

static tr_value auth(void)
{
	return TR_DICT("url", url(), "user", tr_string("troupe"), "password", tr_string("opensesame"));
}

/* Takes more: the inputs of the operation. */
static tr_value ask(const char *operation, tr_value more)
{
	return world_run(&w, "nats", tr_map_merge(TR_DICT("operation", tr_string(operation), "auth", auth()), more));
}

static tr_value ask_as(tr_value who, const char *operation, tr_value more)
{
	return ask(operation, tr_map_put_s(more, "auth", who));
}

static tr_value good(tr_value o)
{
	if (!succeeded(o))
		show("an error", o);
	assert_true(succeeded(o));
	return o;
}

static void check_error(tr_value o, const char *kind, bool retryable, const char *part)
{
	if (strcmp(error_kind(o), kind) != 0 || strstr(error_message(o), part) == NULL)
		show(kind, o);
	assert_string_equal(error_kind(o), kind);
	assert_int_equal(tr_as_bool(TR_GET(o, "error", "retryable"), !retryable), retryable);
	assert_non_null(strstr(error_message(o), part));
	tr_drop(o);
}

static void check_status(tr_value o, const char *status)
{
	good(o);
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "status"), "?"), status);
	tr_drop(o);
}

/* The API of the server itself, through the kind. */
static void create_stream(const char *name, const char *subjects, int64_t max_payload)
{
	tr_value data = TR_DICT("name", tr_string(name), "subjects", TR_LIST(tr_string(subjects)), "storage",
				tr_string("file"), "max_msgs_per_subject",
				tr_int(strncmp(name, "KV_", 3) == 0 ? 1 : -1), "max_msg_size", tr_int(max_payload));
	tr_value o =
	    good(ask("request", TR_DICT("subject", tr_stringf("$JS.API.STREAM.CREATE.%s", name), "data", data)));

	assert_false(tr_is_valid(TR_GET(o, "result", "data", "error")));
	tr_drop(o);
}

static int start(void **state)
{
	(void)state;
	if (!server_start(&servers, "nats_server.py") ||
	    sscanf(servers.line, "%d %d %d %255s", &port, &tls_port, &operator_port, folder) != 4)
		return -1;
	tr_value grants = TR_DICT("nats", TR_LIST(tr_stringf("fs:%s", folder)));
	plugin_host_options options = {.builtins = trusted, .builtin_count = 1, .grants = grants};
	tr_value reason = world_start(&w, &options);
	assert_false(tr_is_valid(reason));
	tr_drop(grants);
	create_stream("KV_box", "$KV.box.>", -1);
	create_stream("LOG", "log.>", 1000);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	server_stop(&servers);
	return 0;
}

static tr_value at(const char *key)
{
	return TR_DICT("bucket", tr_string("box"), "key", tr_string(key));
}

static tr_value put(const char *key, tr_value v)
{
	return ask("kv_put", tr_map_put_s(at(key), "value", v));
}

/* ---- buckets ---- */

static void section_10_nats_key_value(void **state)
{
	(void)state;
	tr_value o = good(put("a.b", tr_string("one")));
	int64_t first = tr_as_int(TR_GET(o, "result", "revision"), 0);
	assert_true(first > 0);
	assert_string_equal(tr_as_cstr(TR_GET(o, "nats", "operation"), ""), "kv_put");
	tr_drop(o);
	o = good(ask("kv_get", at("a.b")));
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "value"), ""), "one");
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "status"), ""), "success");
	assert_int_equal(tr_as_int(TR_GET(o, "result", "revision"), 0), first);
	assert_non_null(strstr(tr_as_cstr(TR_GET(o, "result", "created"), ""), "T"));
	tr_drop(o);
	/* Only over the revision that one knows of. */
	check_error(ask("kv_put", tr_map_put_s(tr_map_put_s(at("a.b"), "value", tr_int(1)), "revision", tr_int(0))),
		    "conflict", false, "kv_put of key a.b in bucket box");
	check_status(
	    ask("kv_put", tr_map_put_s(tr_map_put_s(at("a.b"), "value", tr_string("two")), "revision", tr_int(first))),
	    "success");
	check_status(ask("kv_delete", at("a.b")), "success");
	check_status(ask("kv_get", at("a.b")), "not_found");
}

static void section_10_nats_absent_is_a_success(void **state)
{
	(void)state;
	tr_value o = good(ask("kv_get", at("nothing")));
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "status"), ""), "not_found");
	assert_true(tr_is_nil(TR_GET(o, "result", "value")));
	tr_drop(o);
	check_status(ask("kv_delete", at("nothing")), "not_found");
	check_status(ask("js_get", TR_DICT("stream", tr_string("LOG"), "seq", tr_int(1000000))), "not_found");
	check_status(ask("js_get", TR_DICT("stream", tr_string("LOG"), "subject", tr_string("log.none"))), "not_found");
	/* A bucket or stream that is not there is a mistake. */
	check_error(ask("kv_get", TR_DICT("bucket", tr_string("no"), "key", tr_string("k"))), "not_found", false,
		    "stream not found");
	check_error(ask("kv_put", TR_DICT("bucket", tr_string("no"), "key", tr_string("k"), "value", tr_int(1))),
		    "not_found", false,
		    "there is no bucket no; whoever runs the server makes it, with 'nats kv add no'");
	check_error(ask("kv_keys", TR_DICT("bucket", tr_string("no"))), "not_found", false, "stream not found");
}

static int64_t count_keys(tr_value more)
{
	tr_value o = good(ask("kv_keys", tr_map_put_s(more, "bucket", tr_string("box"))));
	int64_t n = (int64_t)tr_array_len(TR_GET(o, "result", "keys"));

	assert_int_equal(tr_as_int(TR_GET(o, "result", "count"), -1), n);
	tr_drop(o);
	return n;
}

static tr_value put_many(tr_value arg)
{
	tr_ref refs[50];
	char key[32];

	for (int round = 0; round < 24; round++) {
		for (int i = 0; i < 50; i++) {
			(void)snprintf(key, sizeof key, "many.%d", round * 50 + i);
			refs[i] = command_send("nats", tr_map_merge(TR_DICT("operation", tr_string("kv_put"), "value",
									    tr_int(i), "auth", tr_keep(arg)),
								    at(key)));
		}
		for (int i = 0; i < 50; i++) {
			tr_value o = command_wait(refs[i]);
			if (!succeeded(o))
				return o;
			tr_drop(o);
		}
	}
	return tr_nil();
}

static void section_10_nats_keys(void **state)
{
	(void)state;
	assert_int_equal(count_keys(TR_DICT("filter", tr_string("none.>"))), 0);
	tr_drop(good(put("list.a", tr_int(1))));
	tr_drop(good(put("list.b", tr_int(1))));
	tr_drop(good(put("list.c", tr_int(1))));
	tr_drop(good(ask("kv_delete", at("list.b"))));
	tr_value o = good(ask("kv_keys", TR_DICT("bucket", tr_string("box"), "filter", tr_string("list.*"))));
	tr_value keys = TR_GET(o, "result", "keys");
	assert_int_equal(tr_array_len(keys), 2);
	assert_string_equal(tr_as_cstr(tr_array_at(keys, 0), ""), "list.a");
	assert_string_equal(tr_as_cstr(tr_array_at(keys, 1), ""), "list.c");
	tr_drop(o);
	/* Concurrent writers over one connection, then more keys than a batch has. */
	tr_value many = world_do(&w, put_many, auth());
	if (!tr_is_nil(many))
		show("put_many", many);
	assert_true(tr_is_nil(many));
	assert_int_equal(count_keys(TR_DICT("filter", tr_string("many.*"))), 1200);
	check_error(ask("kv_keys", TR_DICT("bucket", tr_string("box"), "max_keys", tr_int(700))), "too_large", false,
		    "more than 700 keys");
	/* The server keeps no consumer of ours. */
	o = good(ask("request", TR_DICT("subject", tr_string("$JS.API.CONSUMER.NAMES.KV_box"))));
	assert_int_equal(tr_as_int(TR_GET(o, "result", "data", "total"), -1), 0);
	tr_drop(o);
}

/* ---- values ---- */

static void check_round_trip(tr_value v)
{
	tr_value put_it = good(put("value", tr_keep(v))), o = good(ask("kv_get", at("value")));

	if (!tr_equal(TR_GET(o, "result", "value"), v))
		show("what came back", o);
	assert_true(tr_equal(TR_GET(o, "result", "value"), v));
	tr_drop(put_it);
	tr_drop(o);
	o = good(ask("request", TR_DICT("subject", tr_string("echo"), "data", tr_keep(v))));
	assert_true(tr_equal(TR_GET(o, "result", "data"), v));
	tr_drop(o);
	tr_drop(v);
}

static void section_10_nats_values(void **state)
{
	(void)state;
	check_round_trip(tr_string(""));
	check_round_trip(tr_string("žluťoučký 🐎"));
	check_round_trip(tr_string("{\"looks\": \"like JSON\"}"));
	check_round_trip(tr_string("42"));
	check_round_trip(tr_int(INT64_MIN));
	check_round_trip(tr_int(INT64_MAX));
	check_round_trip(tr_float(0.1));
	check_round_trip(tr_bool(false));
	check_round_trip(tr_nil());
	check_round_trip(tr_binary("\0\xff\r\nabc", 7));
	check_round_trip(tr_binary("plain", 5));
	check_round_trip(TR_DICT("a", TR_LIST(tr_int(1), tr_nil(), TR_DICT("b", tr_string("ü")))));
	tr_value big = tr_array();
	for (int i = 0; i < 20000; i++)
		big = tr_array_push(big, tr_stringf("item number %d", i));
	check_round_trip(big);
	/* JSON knows no NaN. */
	tr_value o = good(put("nan", tr_float(__builtin_nan(""))));
	tr_drop(o);
	o = good(ask("kv_get", at("nan")));
	assert_true(tr_is_nil(TR_GET(o, "result", "value")));
	tr_drop(o);
}

static void section_10_nats_headers(void **state)
{
	(void)state;
	tr_value headers = TR_DICT("X-One", tr_string("a b"), "X-Many", TR_LIST(tr_string("1"), tr_int(2)), "X-None",
				   tr_nil(), "content-type", tr_string("text/x-own"));
	tr_value o =
	    good(ask("request", TR_DICT("subject", tr_string("echo"), "headers", headers, "data", tr_string("{}"))));
	tr_value back = TR_GET(o, "result", "headers");
	assert_string_equal(tr_as_cstr(tr_map_get_s(back, "X-One"), ""), "a b");
	assert_int_equal(tr_array_len(tr_map_get_s(back, "X-Many")), 2);
	assert_string_equal(tr_as_cstr(tr_array_at(tr_map_get_s(back, "X-Many"), 1), ""), "2");
	assert_false(tr_is_valid(tr_map_get_s(back, "X-None")));
	assert_string_equal(tr_as_cstr(tr_map_get_s(back, "content-type"), ""), "text/x-own");
	assert_false(tr_is_valid(tr_map_get_s(back, "Content-Type")));
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "data"), ""), "{}");
	tr_drop(o);
	check_error(ask("publish", TR_DICT("subject", tr_string("x"), "headers", TR_DICT("A", tr_string("b\r\nC: d")))),
		    "input", false, "header \"A\"");
	check_error(ask("publish", TR_DICT("subject", tr_string("x"), "headers", tr_int(1))), "input", false,
		    "headers must be");
	/* What others write has no type: JSON is known by how it begins. */
	o = good(ask("request", TR_DICT("subject", tr_string("$JS.API.INFO"))));
	assert_true(tr_is(TR_GET(o, "result", "data"), TR_MAP));
	assert_true(tr_is(TR_GET(o, "result", "body"), TR_STRING));
	tr_drop(o);
}

/* ---- streams ---- */

static tr_value publish_to_log(tr_value data, const char *key)
{
	return world_run_in(
	    &w, "nats",
	    TR_DICT("operation", tr_string("js_publish"), "auth", auth(), "subject", tr_string("log.a"), "data", data),
	    TR_DICT("idempotency_key", tr_string(key)));
}

static void section_10_nats_streams(void **state)
{
	(void)state;
	tr_value o = good(publish_to_log(TR_DICT("n", tr_int(1)), "task/1"));
	int64_t seq = tr_as_int(TR_GET(o, "result", "seq"), 0);
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "stream"), ""), "LOG");
	assert_false(tr_as_bool(TR_GET(o, "result", "duplicate"), true));
	tr_drop(o);
	/* A task that is tried again stores its message once. */
	o = good(publish_to_log(TR_DICT("n", tr_int(1)), "task/1"));
	assert_true(tr_as_bool(TR_GET(o, "result", "duplicate"), false));
	assert_int_equal(tr_as_int(TR_GET(o, "result", "seq"), 0), seq);
	tr_drop(o);
	tr_drop(good(publish_to_log(tr_string("last"), "task/2")));
	o = good(ask("js_get", TR_DICT("stream", tr_string("LOG"), "seq", tr_int(seq))));
	assert_int_equal(tr_as_int(TR_GET(o, "result", "data", "n"), 0), 1);
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "subject"), ""), "log.a");
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "headers", "Nats-Msg-Id"), ""), "task/1");
	tr_drop(o);
	o = good(ask("js_get", TR_DICT("stream", tr_string("LOG"), "subject", tr_string("log.a"))));
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "data"), ""), "last");
	tr_drop(o);
	check_error(ask("js_publish", TR_DICT("subject", tr_string("log.b"), "stream", tr_string("OTHER"))), "conflict",
		    false, "expected stream");
	check_error(ask("js_publish", TR_DICT("subject", tr_string("nowhere"))), "not_found", false, "no stream takes");
	check_error(ask("js_publish", TR_DICT("subject", tr_string("echo"), "data", tr_int(1))), "nats", false, "no ");
	tr_buf text = {0};
	for (int i = 0; i < 3000; i++)
		tr_buf_putc(&text, 'x');
	check_error(ask("js_publish", TR_DICT("subject", tr_string("log.b"), "data", tr_string_buf(&text))),
		    "too_large", false, "size");
}

/* ---- subjects ---- */

static void section_10_nats_publish_and_request(void **state)
{
	(void)state;
	/* What the server has confirmed is in the stream that takes the subject. */
	tr_value o = good(ask("publish", TR_DICT("subject", tr_string("log.p"), "data", tr_string("sent"))));
	assert_int_equal(tr_as_int(TR_GET(o, "result", "size"), -1), 4);
	tr_drop(o);
	o = good(ask("js_get", TR_DICT("stream", tr_string("LOG"), "subject", tr_string("log.p"))));
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "data"), ""), "sent");
	tr_drop(o);
	check_error(ask("request", TR_DICT("subject", tr_string("nobody.here"))), "no_responders", true,
		    "nobody listens at nobody.here");
	static const char *const wrong[] = {"a b", "a..b", ".a", "a.", "a.*", ">", "a\r\nPUB x 0", "*.a"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		check_error(ask("publish", TR_DICT("subject", tr_string(wrong[i]))), "input", false, "subject");
	check_error(ask("publish", TR_DICT("subject", tr_string_n("a\0b", 3))), "input", false, "subject has a NUL");
	check_error(
	    ask("kv_put", TR_DICT("bucket", tr_string("box"), "key", tr_string_n("a\0b", 3), "value", tr_int(1))),
	    "input", false, "key has a NUL");
	check_error(ask("publish", TR_DICT("subject", tr_string("a"), "url", tr_string_n("nats://a\0b", 10))), "input",
		    false, "url has a NUL");
	check_error(ask("publish", TR_DICT("subject", tr_string("a"), "auth",
					   TR_DICT("url", tr_string("nats://169.254.169.254:4222")))),
		    "denied", false, "link-local");
	check_error(ask("publish", tr_map()), "input", false, "publish needs subject");
	check_error(ask("kv_gte", tr_map()), "input", false, "operation must be one of");
	check_error(ask("kv_get", TR_DICT("bucket", tr_string("box"), "key", tr_string("a.*"))), "input", false,
		    "a key has");
	tr_buf text = {0};
	for (int i = 0; i < 1100000; i++)
		tr_buf_putc(&text, 'x');
	check_error(ask("publish", TR_DICT("subject", tr_string("x"), "data", tr_string_buf(&text))), "too_large",
		    false, "larger than the server allows");
}

/* ---- being ended ---- */

static void section_10_nats_timeout(void **state)
{
	(void)state;
	check_error(ask("request", TR_DICT("subject", tr_string("silent"), "timeout", tr_float(2))), "timeout", true,
		    "no answer from silent in time");
	check_error(ask("request", TR_DICT("subject", tr_string("silent"), "timeout", tr_int(0))), "input", false,
		    "timeout must be");
}

/* Until the server knows of that many messages to "silent", then cancel. */
static tr_value cancel_one(tr_value arg)
{
	tr_ref ref = command_send("nats", tr_keep(tr_array_at(arg, 0)));
	tr_value echoed = command_wait(command_send("nats", tr_keep(tr_array_at(arg, 1))));

	tr_drop(echoed);
	tr_send_name("command.nats", command_cancel(ref));
	return command_wait(ref);
}

static void section_10_nats_cancellation(void **state)
{
	(void)state;
	tr_value silent = TR_DICT("operation", tr_string("request"), "subject", tr_string("silent"), "auth", auth());
	tr_value echo = TR_DICT("operation", tr_string("request"), "subject", tr_string("echo"), "auth", auth());

	check_error(world_do(&w, cancel_one, TR_LIST(silent, echo)), "cancelled", false, "");
	check_status(ask("request", TR_DICT("subject", tr_string("echo"))),
		     "success"); /* the connection is still good */
}

/* ---- connections ---- */

static void section_10_nats_identities(void **state)
{
	(void)state;
	char public[NKEY_PUBLIC_SIZE];
	assert_true(nkey_public(tr_s(SEED), public));
	assert_string_equal(public, PUBLIC);
	assert_false(nkey_public(tr_s("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VX"), public));
	assert_false(nkey_public(tr_s(PUBLIC), public));
	check_status(ask_as(TR_DICT("url", url(), "nkey_seed", tr_string(SEED)), "request",
			    TR_DICT("subject", tr_string("echo"))),
		     "success");
	check_status(ask_as(TR_DICT("url", tr_stringf("troupe:opensesame@127.0.0.1:%d", port)), "request",
			    TR_DICT("subject", tr_string("echo"))),
		     "success");
	check_status(ask_as(TR_DICT("host", tr_string("127.0.0.1"), "port", tr_int(port), "user", tr_string("troupe"),
				    "password", tr_string("opensesame")),
			    "request", TR_DICT("subject", tr_string("echo"))),
		     "success");
	check_error(ask_as(TR_DICT("url", url(), "user", tr_string("troupe"), "password", tr_string("no")), "publish",
			   TR_DICT("subject", tr_string("x"))),
		    "auth", false, "Authorization Violation");
	check_error(
	    ask_as(TR_DICT("url", url(), "nkey_seed", tr_string("SUx")), "publish", TR_DICT("subject", tr_string("x"))),
	    "auth", false, "nkey_seed");
	check_error(ask_as(tr_nil(), "publish", TR_DICT("subject", tr_string("x"))), "auth", false,
		    "no server is named");
	check_error(ask_as(tr_nil(), "publish", TR_DICT("subject", tr_string("x"), "url", tr_string("http://a"))),
		    "input", false, "nats://host:4222");
	check_error(ask_as(tr_nil(), "publish", TR_DICT("subject", tr_string("x"), "url", tr_string("127.0.0.1:1"))),
		    "connection", true, "");
}

/* A server whose accounts are those of an operator, who signs them (tests/support/nats_server.py). */
static tr_value with_creds(const char *name)
{
	return TR_DICT("url", tr_stringf("nats://127.0.0.1:%d", operator_port), "creds_file",
		       tr_stringf("%s/%s.creds", folder, name));
}

static void section_10_nats_credentials(void **state)
{
	(void)state;
	char text[4096], path[300];
	check_status(ask_as(with_creds("good"), "publish", TR_DICT("subject", tr_string("allowed"))), "success");
	check_error(ask_as(with_creds("good"), "request", TR_DICT("subject", tr_string("allowed"))), "no_responders",
		    true, "");
	check_error(ask_as(with_creds("good"), "publish", TR_DICT("subject", tr_string("forbidden"))), "denied", false,
		    "forbidden");
	(void)snprintf(path, sizeof path, "%s/good.creds", folder);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	(void)fclose(f);
	tr_value who = TR_DICT("url", tr_stringf("nats://127.0.0.1:%d", operator_port), "creds", tr_string(text));
	check_status(ask_as(who, "publish", TR_DICT("subject", tr_string("allowed"))), "success");
	/* Signed by an account that the operator did not sign; over; with another's seed; without any. */
	check_error(ask_as(with_creds("stranger"), "publish", TR_DICT("subject", tr_string("allowed"))), "auth", false,
		    "Authorization Violation");
	check_error(ask_as(with_creds("expired"), "publish", TR_DICT("subject", tr_string("allowed"))), "auth", false,
		    "");
	check_error(ask_as(with_creds("mixed"), "publish", TR_DICT("subject", tr_string("allowed"))), "auth", false,
		    "Authorization Violation");
	check_error(ask_as(with_creds("none"), "publish", TR_DICT("subject", tr_string("allowed"))), "auth", false,
		    "creds_file");
}

static void section_10_nats_the_servers_permissions(void **state)
{
	(void)state;
	tr_value reader = TR_DICT("url", url(), "user", tr_string("reader"), "password", tr_string("opensesame"));

	check_status(ask_as(tr_keep(reader), "publish", TR_DICT("subject", tr_string("allowed"))), "success");
	check_error(ask_as(tr_keep(reader), "publish", TR_DICT("subject", tr_string("echo"))), "denied", false,
		    "publish to echo");
	check_error(ask_as(tr_keep(reader), "request", TR_DICT("subject", tr_string("echo"))), "denied", false,
		    "publish to echo");
	check_status(ask_as(reader, "publish", TR_DICT("subject", tr_string("allowed"))), "success");
}

static tr_value tls_server(const char *scheme)
{
	return TR_DICT("url", tr_stringf("%s://localhost:%d", scheme, tls_port), "token", tr_string("opensesame"));
}

static void section_10_nats_tls(void **state)
{
	(void)state;
	if (tls_port == 0)
		skip();
	tr_value ca = tr_stringf("%s/ca.pem", folder);
	check_status(ask_as(tr_map_put_s(tls_server("tls"), "ca_file", tr_keep(ca)), "publish",
			    TR_DICT("subject", tr_string("x"))),
		     "success");
	check_status(
	    ask_as(tls_server("tls"), "publish", TR_DICT("subject", tr_string("x"), "verify_ssl", tr_bool(false))),
	    "success");
	check_error(ask_as(tls_server("tls"), "publish", TR_DICT("subject", tr_string("x"))), "tls", false, "");
	/* The certificate is another host's. */
	tr_value elsewhere = tr_map_put_s(tls_server("tls"), "url", tr_stringf("tls://127.0.0.1:%d", tls_port));
	check_error(ask_as(tr_map_put_s(elsewhere, "ca_file", ca), "publish", TR_DICT("subject", tr_string("x"))),
		    "tls", false, "");
	check_error(ask_as(tls_server("nats"), "publish", TR_DICT("subject", tr_string("x"))), "tls", false, "");
}

/* Which is said whichever way the server lets it be known: nobody at the API, nobody at the subject. */
static void a_server_without_jetstream_is_named(void **state)
{
	static const char *const operations[] = {"kv_get", "kv_put", "kv_delete", "kv_keys", "js_publish", "js_get"};

	(void)state;
	if (tls_port == 0)
		skip();
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
		tr_value input = TR_DICT("bucket", tr_string("b"), "key", tr_string("k"), "value", tr_int(1), "subject",
					 tr_string("orders.new"), "stream", tr_string("LOG"), "data", tr_int(1),
					 "verify_ssl", tr_bool(false));
		check_error(ask_as(tls_server("tls"), operations[i], input), "unavailable", false,
			    "JetStream does not answer: it is not enabled on this server (start it with 'nats-server "
			    "-js'");
	}
}

/* The server that listens at control.restart is killed and started again. */
static void a_lost_connection_is_retryable_and_replaced(void **state)
{
	(void)state;
	check_error(ask("request", TR_DICT("subject", tr_string("control.restart"))), "connection", true, "lost");
	for (;;) {
		tr_value o = ask("request", TR_DICT("subject", tr_string("echo"), "data", tr_int(1)));
		bool ok = succeeded(o), again = tr_as_bool(TR_GET(o, "error", "retryable"), false);
		if (!ok && !again)
			show("after the restart", o);
		tr_drop(o);
		assert_true(ok || again);
		if (ok)
			break;
	}
	/* What was stored is still there. */
	check_status(ask("kv_get", at("list.a")), "success");
}

/* ---- grants ---- */

static void a_host_needs_its_grant(void **state)
{
	(void)state;
	world other;
	static const builtin untrusted[] = {{nats_manifest, &nats_plugin, false}};
	tr_value grants = TR_DICT("nats", TR_LIST(tr_string("net:nats.example")));
	plugin_host_options options = {.builtins = untrusted, .builtin_count = 1, .grants = grants};
	tr_value reason = world_start(&other, &options);

	assert_false(tr_is_valid(reason));
	check_error(world_run(&other, "nats",
			      TR_DICT("operation", tr_string("publish"), "subject", tr_string("x"), "url", url())),
		    "denied", false, "net:127.0.0.1");
	check_error(world_run(&other, "nats",
			      TR_DICT("operation", tr_string("publish"), "subject", tr_string("x"), "auth",
				      TR_DICT("url", tr_string("nats://nats.example"), "creds_file",
					      tr_string("/etc/passwd")))),
		    "connection", true, "nats.example");
	world_stop(&other);
	tr_drop(grants);
}

/* What a task names, not only what the kind may read. */
static void files_of_a_task_need_the_operators_grant(void **state)
{
	static const char *const fields[] = {"creds_file", "ca_file", "cert_file", "key_file"};
	char link[300];
	(void)state;

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		tr_value who = TR_DICT("url", url(), fields[i], tr_string("/etc/passwd"));
		check_error(ask_as(who, "publish", TR_DICT("subject", tr_string("x"))), "denied", false,
			    "nats may not use /etc/passwd: the grant fs:/etc is missing: the operator gives it with "
			    "--grant fs:/etc, or");
	}
	tr_value out = tr_stringf("%s/../../etc/passwd", folder);
	check_error(ask_as(TR_DICT("url", url(), "creds_file", out), "publish", TR_DICT("subject", tr_string("x"))),
		    "denied", false, "/etc/passwd");
	(void)snprintf(link, sizeof link, "%s/link.creds", folder);
	assert_int_equal(symlink("/etc/passwd", link), 0);
	check_error(
	    ask_as(TR_DICT("url", url(), "creds_file", tr_string(link)), "publish", TR_DICT("subject", tr_string("x"))),
	    "denied", false, "/etc/passwd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(section_10_nats_key_value),
	    cmocka_unit_test(section_10_nats_absent_is_a_success),
	    cmocka_unit_test(section_10_nats_keys),
	    cmocka_unit_test(section_10_nats_values),
	    cmocka_unit_test(section_10_nats_headers),
	    cmocka_unit_test(section_10_nats_streams),
	    cmocka_unit_test(section_10_nats_publish_and_request),
	    cmocka_unit_test(section_10_nats_timeout),
	    cmocka_unit_test(section_10_nats_cancellation),
	    cmocka_unit_test(section_10_nats_identities),
	    cmocka_unit_test(section_10_nats_credentials),
	    cmocka_unit_test(section_10_nats_the_servers_permissions),
	    cmocka_unit_test(section_10_nats_tls),
	    cmocka_unit_test(a_server_without_jetstream_is_named),
	    cmocka_unit_test(a_lost_connection_is_retryable_and_replaced),
	    cmocka_unit_test(a_host_needs_its_grant),
	    cmocka_unit_test(files_of_a_task_need_the_operators_grant),
	};
	return cmocka_run_group_tests_name("nats", tests, start, stop);
}
