/* SPDX-License-Identifier: Apache-2.0 */
/* The tool kind http on its way: HTTP/2, proxies, which hosts it keeps away from, and large bodies that go to the
 * store. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "actors/protocol.h"
#include "actors/store/store_actor.h"
#include "plugins/actions/http/http.h"
#include "plugins/shared/address.h"
#include "server.h"
#include "world.h"
#include <arpa/inet.h>
#include <glob.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static world w;
static server plain, modern;
static int port, tls_port, h2_port;
static char folder[] = "/tmp/troupe-http-XXXXXX";

static const builtin trusted[] = {{http_manifest, &http_plugin, true}};
static const char *const services[] = {SUBJECT_ARTIFACTS, NULL};

/* A node with a store; takes settings of the plugin. */
static void open_world(world *of, tr_value settings)
{
	tr_value config = TR_DICT("http", settings);
	plugin_host_options options = {.builtins = trusted, .builtin_count = 1, .config = config, .services = services};
	tr_spawn_options named = {.name = SUBJECT_ARTIFACTS};
	tr_value reason = world_start(of, &options);

	if (tr_is_valid(reason))
		show("the world", reason);
	assert_false(tr_is_valid(reason));
	tr_started s = tr_node_gen_server(of->node, &artifacts_server, TR_DICT("data", tr_string(folder)), &named);
	assert_true(s.pid.bits != 0);
	tr_drop(config);
}

static int start(void **state)
{
	(void)state;
	setenv("no_proxy", "*", 1);
	if (mkdtemp(folder) == NULL || !server_start(&plain, "http_server.py") ||
	    sscanf(plain.line, "%d %d", &port, &tls_port) != 2 || !server_start(&modern, "h2_server.py") ||
	    sscanf(modern.line, "%d", &h2_port) != 1)
		return -1;
	open_world(&w, TR_DICT("memory_body", tr_int(100000)));
	return 0;
}

static int stop(void **state)
{
	char command[300];

	(void)state;
	world_stop(&w);
	server_stop(&plain);
	server_stop(&modern);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

static tr_value at(const char *host, const char *path)
{
	return tr_stringf("http://%s:%d%s", host, port, path);
}

/* Takes more. */
static tr_value get_in(world *of, tr_value url, tr_value more)
{
	return world_run(of, "http", tr_map_merge(TR_DICT("url", url), more));
}

static void check_denied(tr_value o, const char *part)
{
	if (strcmp(error_kind(o), "denied") != 0)
		show("denied", o);
	assert_string_equal(error_kind(o), "denied");
	assert_false(tr_as_bool(TR_GET(o, "error", "retryable"), true));
	assert_non_null(strstr(error_message(o), part));
	tr_drop(o);
}

static tr_value good(tr_value o)
{
	if (!succeeded(o))
		show("an error", o);
	assert_true(succeeded(o));
	return o;
}

/* ---- protocols ---- */

static void speaks_http_2(void **state)
{
	(void)state;
	if (h2_port == 0)
		skip();
	tr_value url = tr_stringf("https://localhost:%d/hello", h2_port);
	for (int i = 0; i < 3; i++) {
		tr_value o = good(get_in(&w, tr_keep(url), TR_DICT("verify_ssl", tr_bool(false))));
		assert_string_equal(tr_as_cstr(TR_GET(o, "http", "version"), ""), "2");
		assert_string_equal(tr_as_cstr(TR_GET(o, "result", "data", "over"), ""), "http/2");
		tr_drop(o);
	}
	tr_drop(url);
	tr_value o = good(get_in(&w, at("127.0.0.1", "/echo"), tr_map()));
	assert_string_equal(tr_as_cstr(TR_GET(o, "http", "version"), ""), "1.1");
	tr_drop(o);
}

static void keeps_no_cookies(void **state)
{
	(void)state;
	tr_value o = good(get_in(&w, at("127.0.0.1", "/cookie"), tr_map()));
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "headers", "set-cookie"), ""), "a=b; Path=/");
	tr_drop(o);
	o = good(get_in(&w, at("127.0.0.1", "/echo"), tr_map()));
	assert_false(tr_is_valid(TR_GET(o, "result", "data", "headers", "cookie")));
	tr_drop(o);
}

/* ---- proxies ---- */

static void goes_through_a_proxy(void **state)
{
	(void)state;
	unsetenv("no_proxy");
	tr_value proxy = tr_stringf("http://127.0.0.1:%d", port);
	tr_value o = good(get_in(&w, tr_string("http://far.example/x?y=1"), TR_DICT("proxy", tr_keep(proxy))));
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "data", "proxied"), ""), "http://far.example/x?y=1");
	tr_drop(o);
	if (tls_port != 0) {
		tr_value url = tr_stringf("https://localhost:%d/echo", tls_port);
		o = good(get_in(&w, url, TR_DICT("proxy", tr_keep(proxy), "verify_ssl", tr_bool(false))));
		tr_drop(o);
		o = good(get_in(&w, at("127.0.0.1", "/tunnels"), TR_DICT("proxy", tr_string(""))));
		assert_int_equal(tr_as_int(TR_GET(o, "result", "data"), 0), 1);
		tr_drop(o);
	}
	tr_value bare = tr_stringf("127.0.0.1:%d", port); /* http://, as everywhere */
	tr_drop(good(get_in(&w, tr_string("http://far.example/x"), TR_DICT("proxy", bare))));
	/* What lies behind a proxy is looked at as well. */
	check_denied(get_in(&w, tr_string("http://169.254.169.254/"), TR_DICT("proxy", tr_keep(proxy))),
		     "net:link-local");
	check_denied(get_in(&w, tr_string("http://far.example/"), TR_DICT("proxy", tr_string("http://[fe80::1]:8080"))),
		     "net:link-local");
	tr_drop(proxy);
	setenv("no_proxy", "*", 1);
}

/* ---- hosts ---- */

static bool local(const char *text)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in four = {.sin_family = AF_INET};
	bool is;

	if (inet_pton(AF_INET6, text, &six.sin6_addr) == 1)
		is = address_is_local((const struct sockaddr *)&six);
	else if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
		is = address_is_local((const struct sockaddr *)&four);
	else
		return address_text_is_local(text);
	assert_int_equal(is, address_text_is_local(text));
	return is;
}

static void knows_addresses(void **state)
{
	static const char *const near[] = {"169.254.169.254",
					   "169.254.0.1",
					   "fe80::1",
					   "febf::1",
					   "[fe80::1%eth0]",
					   "::ffff:169.254.1.1",
					   "::ffff:a9fe:a9fe",
					   "64:ff9b::169.254.169.254",
					   "::169.254.169.254",
					   "fd00:ec2::254",
					   "100.100.100.200",
					   "168.63.129.16",
					   "2002:a9fe:a9fe::1",
					   "[2002:a9fe:a9fe::1]",
					   "64:ff9b:1::a9fe:a9fe",
					   "64:ff9b:1:a9fe:a9:fe00::",
					   "2001:0:808:808::5601:5601"};
	static const char *const far[] = {"127.0.0.1",
					  "::1",
					  "10.0.0.1",
					  "169.253.0.1",
					  "fec0::1",
					  "fd00:ec2::255",
					  "8.8.8.8",
					  "localhost",
					  "169.254.example",
					  "",
					  "2002:808:808::1",
					  "64:ff9b:1::808:808",
					  "2001:db8::5601:5601"};

	(void)state;
	for (size_t i = 0; i < sizeof near / sizeof *near; i++)
		assert_true(local(near[i]));
	for (size_t i = 0; i < sizeof far / sizeof *far; i++)
		assert_false(local(far[i]));
	tr_value list =
	    TR_LIST(tr_string("example.com"), tr_string("*.internal"), tr_string("10.1.0.0/16"), tr_string("fd00::/9"));
	assert_true(host_in("Example.COM", list));
	assert_true(host_in("example.com.", list));
	assert_true(host_in("a.internal.", list));
	assert_false(host_in("www.example.com", list));
	assert_true(host_in("a.b.internal", list));
	assert_false(host_in("internal", list));
	assert_true(host_in("10.1.255.255", list));
	assert_false(host_in("10.2.0.0", list));
	assert_true(host_in("[fd7f::1]", list));
	assert_false(host_in("fd80::1", list));
	assert_false(tr_is_valid(address_list_fault(list)));
	tr_drop(list);
	static const char *const wrong[] = {"10.0.0.0/abc", "10.0.0.0/", "10.0.0.0/33", "fd00::/129", "name/8", ""};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		list = TR_LIST(tr_string("example.com"), tr_string(wrong[i]));
		assert_string_equal(tr_as_cstr(address_list_fault(list), "?"), wrong[i]);
		assert_false(host_in("8.8.8.8", list));
		tr_drop(list);
	}
}

static void check_tries(tr_value addresses, bool link_local, tr_value expected)
{
	tr_value tries = address_list_tries(addresses, link_local);

	assert_true(tr_equal(tries, expected));
	tr_drop(tries);
	tr_drop(expected);
}

static void several_addresses_are_tried(void **state)
{
	(void)state;
	tr_value list = TR_LIST(tr_string("::1"), tr_string("169.254.0.1"), tr_string("127.0.0.1"));
	check_tries(list, false, TR_LIST(tr_string("::1"), tr_string("127.0.0.1")));
	check_tries(list, true, tr_keep(list));
	for (int i = 0; i < 4; i++)
		list = tr_array_push(list, tr_stringf("10.0.0.%d", i));
	check_tries(list, false,
		    TR_LIST(tr_string("::1"), tr_string("127.0.0.1"), tr_string("10.0.0.0"), tr_string("10.0.0.1")));
	tr_drop(list);
	list = TR_LIST(tr_string("fe80::1"));
	check_tries(list, false, tr_array());
	check_tries(tr_absent(), false, tr_array());
	tr_drop(list);
}

static void refuses_lists_that_are_none(void **state)
{
	tr_value config = TR_DICT("http", TR_DICT("deny", TR_LIST(tr_string("10.0.0.0/abc"))));
	plugin_host_options options = {.builtins = trusted, .builtin_count = 1, .config = config};
	world other;

	(void)state;
	tr_value reason = world_start(&other, &options);
	tr_buf text = {0};
	tr_show(&text, reason, 1000);
	if (!tr_is_valid(reason) || strstr(text.p, "10.0.0.0/abc") == NULL)
		show("refused", reason);
	assert_true(tr_is_valid(reason));
	assert_non_null(strstr(text.p, "10.0.0.0/abc"));
	tr_buf_fini(&text);
	tr_drop(reason);
	tr_drop(config);
}

static void keeps_to_its_lists(void **state)
{
	world other;
	char path[100];

	(void)state;
	(void)snprintf(path, sizeof path, "/go?to=http://localhost:%d/echo", port);
	open_world(&other, TR_DICT("deny", TR_LIST(tr_string("localhost"))));
	check_denied(get_in(&other, at("localhost", "/echo"), tr_map()), "the settings deny it");
	tr_drop(good(get_in(&other, at("127.0.0.1", "/echo"), tr_map())));
	check_denied(get_in(&other, at("127.0.0.1", path), tr_map()), "the settings deny it"); /* nor by a redirect */
	world_stop(&other);
	/* A network is denied behind every name, as it turns out when that is looked up. */
	open_world(&other, TR_DICT("deny", TR_LIST(tr_string("127.0.0.0/8"), tr_string("::1"))));
	check_denied(get_in(&other, at("localhost", "/echo"), tr_map()), "the settings deny");
	check_denied(get_in(&other, at("127.0.0.1", "/echo"), tr_map()), "the settings deny");
	world_stop(&other);
	open_world(&other, TR_DICT("allow", TR_LIST(tr_string("localhost"))));
	tr_drop(good(get_in(&other, at("localhost", "/echo"), tr_map())));
	check_denied(get_in(&other, at("127.0.0.1", "/echo"), tr_map()), "allow other hosts only");
	world_stop(&other);
}

/* ---- large bodies ---- */

static tr_value load(tr_value ref)
{
	return tr_call_name(SUBJECT_ARTIFACTS, TR_LIST(tr_atom("get"), tr_keep(ref)), tr_in(60 * TR_SECOND));
}

static size_t files_in(const char *pattern)
{
	char path[300];
	glob_t found;

	(void)snprintf(path, sizeof path, "%s/%s", folder, pattern);
	size_t n = glob(path, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
	globfree(&found);
	return n;
}

static void check_stored(const char *path, tr_value more, tr_type type, size_t size)
{
	tr_value o = good(get_in(&w, at("127.0.0.1", path), more)), ref = TR_GET(o, "result", "data");

	assert_string_equal(tr_as_cstr(tr_map_get_s(ref, "kind"), ""), "result_ref");
	assert_true(tr_equal(ref, TR_GET(o, "result", "body")));
	assert_int_equal(tr_as_int(TR_GET(o, "result", "size"), 0), size);
	assert_string_equal(tr_as_cstr(TR_GET(o, "result", "sha256"), ""), tr_as_cstr(tr_map_get_s(ref, "key"), "?"));
	tr_value back = world_do(&w, load, tr_keep(ref)), v = tr_array_at(back, 1);
	assert_true(TR_IS_A(tr_array_at(back, 0), ok));
	assert_int_equal(tr_type_of(v), type);
	tr_str bytes = tr_as_str(v);
	assert_int_equal(bytes.n, size);
	for (size_t i = 0; i < bytes.n; i++)
		if (bytes.p[i] != (type == TR_BINARY ? '\xff' : "0123456789abcde\n"[i % 16]))
			fail_msg("byte %zu is another one", i);
	tr_drop(back);
	tr_drop(o);
}

static void large_bodies_go_to_the_store(void **state)
{
	(void)state;
	/* Not a whole number of pieces, and many of them. */
	check_stored("/stream?n=10000019", tr_map(), TR_STRING, 10000019);
	check_stored("/stream?n=3000000&type=application/json", TR_DICT("stream", tr_bool(true)), TR_STRING, 3000000);
	assert_int_equal(files_in("artifacts/*/*"), 2);
	assert_int_equal(files_in("spool/*"), 0);
	/* Small ones, and JSON unless it is asked for, are there as they are. */
	tr_value o = good(get_in(&w, at("127.0.0.1", "/stream?n=90000"), tr_map()));
	assert_int_equal(tr_as_str(TR_GET(o, "result", "body")).n, 90000);
	tr_drop(o);
	o = get_in(&w, at("127.0.0.1", "/stream?n=3000000&type=application/json"), tr_map());
	assert_string_equal(error_kind(o), "body");
	assert_int_equal(tr_as_str(TR_GET(o, "result", "body")).n, 3000000);
	tr_drop(o);
	/* max_body counts what is stored, too; what had come by then is gone. */
	o = get_in(&w, at("127.0.0.1", "/stream?n=3000000"), TR_DICT("max_body", tr_int(2000000)));
	assert_string_equal(error_kind(o), "too_large");
	tr_drop(o);
	assert_int_equal(files_in("artifacts/*/*"), 2);
}

static void bytes_that_are_no_text_are_binary(void **state)
{
	char body[400], path[600];

	(void)state;
	memset(body, 0, sizeof body);
	for (size_t i = 0; i + 3 < sizeof body; i += 3)
		memcpy(body + i, "%FF", 4);
	(void)snprintf(path, sizeof path, "/raw?type=image/x&body=%s", body);
	tr_value o = good(get_in(&w, at("127.0.0.1", path), tr_map())); /* below the limit */
	assert_true(tr_is(TR_GET(o, "result", "body"), TR_BINARY));
	tr_drop(o);
	check_stored("/stream?n=700000&fill=ff", tr_map(), TR_BINARY, 700000);
}

/* Without a store they are in memory, as far as max_body allows. */
static void without_a_store_bodies_stay_in_memory(void **state)
{
	world other;

	(void)state;
	world_with(&other, trusted, 1);
	tr_value o = good(get_in(&other, at("127.0.0.1", "/stream?n=6000000"), tr_map()));
	assert_int_equal(tr_as_str(TR_GET(o, "result", "body")).n, 6000000);
	tr_drop(o);
	world_stop(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(speaks_http_2),
	    cmocka_unit_test(keeps_no_cookies),
	    cmocka_unit_test(goes_through_a_proxy),
	    cmocka_unit_test(knows_addresses),
	    cmocka_unit_test(several_addresses_are_tried),
	    cmocka_unit_test(refuses_lists_that_are_none),
	    cmocka_unit_test(keeps_to_its_lists),
	    cmocka_unit_test(large_bodies_go_to_the_store),
	    cmocka_unit_test(bytes_that_are_no_text_are_binary),
	    cmocka_unit_test(without_a_store_bodies_stay_in_memory),
	};
	return cmocka_run_group_tests_name("http on its way", tests, start, stop);
}
