/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests, versions, ranges, settings, grants, patterns: what is accepted, and what is said about the rest. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/host/config.h"
#include "plugins/host/grants.h"
#include "plugins/host/manifest.h"
#include "plugins/host/pattern.h"
#include <string.h>
#include <troupe/codec.h>
#include <troupe/testing.h>

static const char whole[] =
    "{\"id\": \"greet\", \"version\": \"1.2.0\", \"description\": \"d\", \"author\": \"a\", \"license\": \"MIT\","
    "\"capabilities\": [\"tool:greet\", {\"provider:llm\": {\"models\": [\"m\"]}}],"
    "\"provides\": {\"node_handler\": \"greet\", \"provider\": [\"a\", \"b\"]},"
    "\"depends_on\": {\"http\": \">=1.0 <2\"}, \"needs\": [\"net\", \"fs:/data\", \"secret:KEY\", \"call:http\", "
    "\"exec\"],"
    "\"hooks\": [{\"type\": \"around\", \"point\": \"task_execute\", \"priority\": 10, \"on_crash\": \"fail\", "
    "\"time\": 2}],"
    "\"config\": {\"n\": {\"type\": \"int\", \"default\": 3, \"min\": 1, \"max\": 9}},"
    "\"isolation\": \"shared\", \"limits\": {\"mailbox\": 7, \"concurrency\": 2, \"memory\": 1000, \"time\": 1.5}}";

static void reads_every_key(void **state)
{
	manifest m;
	tr_value faults;

	(void)state;
	assert_int_equal(manifest_read(tr_s(whole), &m, &faults), TR_OK);
	assert_int_equal(tr_array_len(faults), 0);
	assert_string_equal(m.id, "greet");
	assert_int_equal(m.version.part[1], 2);
	assert_true(manifest_has_tool(&m, "greet"));
	assert_false(manifest_has_tool(&m, "llm"));
	assert_int_equal(tr_array_len(tr_map_get_s(m.provides, "provider")), 2);
	assert_int_equal(tr_array_len(tr_map_get_s(m.provides, "node_handler")), 1);
	assert_int_equal(m.hook_count, 1);
	assert_int_equal(m.hooks[0].type, HOOK_AROUND);
	assert_string_equal(m.hooks[0].point, "task_execute");
	assert_int_equal(m.hooks[0].priority, 10);
	assert_true(m.hooks[0].fail_on_crash);
	assert_int_equal(m.hooks[0].time_ns, 2 * TR_SECOND);
	assert_int_equal(m.mailbox, 7);
	assert_int_equal(m.concurrency, 2);
	assert_int_equal(m.memory, 1000);
	assert_int_equal(m.time_ns, 1500 * TR_MS);
	manifest_fini(&m);
	tr_drop(faults);
}

static void gives_defaults(void **state)
{
	manifest m;
	tr_value faults;

	(void)state;
	assert_int_equal(manifest_read(tr_s("{\"id\": \"a\", \"version\": \"0.1\"}"), &m, &faults), TR_OK);
	assert_int_equal(m.time_ns, 0);
	assert_true(m.mailbox > 1000);
	assert_true(m.concurrency > 1);
	assert_false(m.isolated);
	assert_int_equal(m.hook_count, 0);
	manifest_fini(&m);
	tr_drop(faults);
}

static bool mentions(tr_value faults, const char *start)
{
	for (size_t i = 0; i < tr_array_len(faults); i++)
		if (strncmp(tr_as_cstr(tr_array_at(faults, i), ""), start, strlen(start)) == 0)
			return true;
	return false;
}

static void names_all_faults_at_once(void **state)
{
	static const char bad[] =
	    "{\"id\": \"No Good\", \"version\": \"1\", \"colour\": 3, \"capabilities\": [5, \"tool:Bad Kind\"],"
	    "\"provides\": {\"thing\": \"x\", \"store\": 4}, \"depends_on\": {\"http\": \"newest\"}, \"needs\": "
	    "[\"everything\"],"
	    "\"hooks\": [{\"type\": \"during\", \"point\": \"lunch\", \"priority\": 500, \"on_crash\": \"cry\", "
	    "\"extra\": 1}],"
	    "\"config\": {\"a\": {\"type\": \"int\", \"default\": \"x\"}, \"b\": {\"type\": \"colour\"}},"
	    "\"isolation\": \"total\", \"limits\": {\"mailbox\": 0, \"time\": -1, \"speed\": 3}}";
	static const char *const expected[] = {
	    "id: ",
	    "version: ",
	    "colour: ",
	    "capabilities[0]: ",
	    "capabilities[1]: ",
	    "provides.thing: ",
	    "provides.store: ",
	    "depends_on.http: ",
	    "needs[0]: ",
	    "hooks[0].extra: ",
	    "hooks[0]: type",
	    "hooks[0]: point",
	    "hooks[0]: priority",
	    "hooks[0]: on_crash",
	    "config.a: ",
	    "config.b: ",
	    "isolation: ",
	    "limits.mailbox: ",
	    "limits.time: ",
	    "limits.speed: ",
	};
	manifest m;
	tr_value faults;

	(void)state;
	assert_int_equal(manifest_read(tr_s(bad), &m, &faults), TR_EINVAL);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (!mentions(faults, expected[i]))
			fail_msg("no fault begins with \"%s\"", expected[i]);
	assert_false(tr_is_valid(m.source));
	tr_drop(faults);
}

static void refuses_what_is_no_manifest(void **state)
{
	static const char *const texts[] = {"", "{", "[]", "3", "{\"id\": }", "\xff\xfe"};
	manifest m;
	tr_value faults;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_not_equal(manifest_read(tr_s(texts[i]), &m, &faults), TR_OK);
		assert_int_equal(tr_array_len(faults), 1);
		tr_drop(faults);
	}
}

/* Each allocation fails in turn: the reading says so, and nothing is left behind. */
static void survives_lack_of_memory(void **state)
{
	manifest m;
	tr_value faults;
	int64_t before = tr_test_live_blocks();

	(void)state;
	for (int64_t n = 0; n < 5000; n++) {
		tr_test_fail_alloc(n);
		tr_err err = manifest_read(tr_s(whole), &m, &faults);
		bool failed = tr_test_alloc_failed();
		tr_test_fail_alloc(-1);
		if (err == TR_OK)
			manifest_fini(&m);
		tr_drop(faults);
		assert_int_equal(tr_test_live_blocks(), before);
		if (!failed)
			return;
	}
	fail_msg("reading a manifest never ended");
}

static version v(const char *text)
{
	version out;

	assert_true(version_read(tr_s(text), &out));
	return out;
}

static void compares_versions(void **state)
{
	static const char *const rising[] = {"0.9",          "1.0.0-alpha",   "1.0.0-alpha.1", "1.0.0-alpha.beta",
					     "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",    "1.0.0",
					     "1.0.1",        "1.10.0",        "2.0.0"};

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(rising) / sizeof(rising[0]); i++) {
		version a = v(rising[i]), b = v(rising[i + 1]);
		if (version_compare(&a, &b) >= 0 || version_compare(&b, &a) <= 0 || version_compare(&a, &a) != 0)
			fail_msg("%s is not below %s", rising[i], rising[i + 1]);
	}
	version any;
	static const char *const bad[] = {"",       "1",      "1.",  "01.2.3",          "1.2.3.4",
					  "1.2.3-", "1.2.3+", "a.b", "1.2.99999999999", "-1.2"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (version_read(tr_s(bad[i]), &any))
			fail_msg("\"%s\" was taken for a version", bad[i]);
}

static void checks_ranges(void **state)
{
	static const struct {
		const char *range, *version;
		bool in;
	} cases[] = {
	    {"*", "9.9.9", true},           {">=1.2 <2", "1.2.0", true}, {">=1.2 <2", "2.0.0", false},
	    {">=1.2 <2", "1.1.9", false},   {"1.2.3", "1.2.3", true},    {"1.2.3", "1.2.4", false},
	    {"^1.4", "1.9.0", true},        {"^1.4", "2.0.0", false},    {"^0.3.1", "0.3.9", true},
	    {"^0.3.1", "0.4.0", false},     {"~1.4.2", "1.4.9", true},   {"~1.4.2", "1.5.0", false},
	    {"<=1.0, >0.5", "1.0.0", true}, {">1.0.0", "1.0.0", false},  {"~1", "1.9.0", true},
	    {"~1", "2.0.0", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		version at = v(cases[i].version);
		if (version_in_range(&at, tr_s(cases[i].range)) != cases[i].in)
			fail_msg("%s in \"%s\" should be %d", cases[i].version, cases[i].range, cases[i].in);
	}
	static const char *const bad[] = {"", " ", "newest", ">=", "=>1.0", "1.2 ||", "><1.0"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (version_range_valid(tr_s(bad[i])))
			fail_msg("\"%s\" was taken for a range", bad[i]);
}

static void applies_settings(void **state)
{
	tr_value schema = tr_json_read(tr_s("{\"n\": {\"type\": \"int\", \"default\": 3, \"min\": 1},"
					    "\"who\": {\"type\": \"string\", \"required\": true},"
					    "\"mode\": {\"type\": \"string\", \"enum\": [\"a\", \"b\"]},"
					    "\"rate\": {\"type\": \"number\"}}"),
				       NULL, NULL);
	fault_list found;

	(void)state;
	faults_init(&found);
	tr_value given = TR_DICT("who", tr_string("me"), "rate", tr_int(2));
	tr_value config = config_apply(schema, given, "p", &found);
	assert_false(faults_any(&found));
	assert_int_equal(tr_as_int(tr_map_get_s(config, "n"), 0), 3);
	assert_true(tr_is_nil(tr_map_get_s(config, "mode")));
	tr_drop(config);
	tr_drop(given);

	given = TR_DICT("n", tr_int(0), "mode", tr_string("c"), "rate", tr_string("fast"), "x", tr_int(1));
	config = config_apply(schema, given, "p", &found);
	assert_true(mentions(found.list, "p.n: "));
	assert_true(mentions(found.list, "p.mode: "));
	assert_true(mentions(found.list, "p.rate: "));
	assert_true(mentions(found.list, "p.x: "));
	assert_true(mentions(found.list, "p.who: is required"));
	assert_int_equal(tr_array_len(found.list), 5);
	tr_drop(config);
	tr_drop(given);
	tr_drop(found.list);
	tr_drop(schema);
}

static void matches_grants(void **state)
{
	static const struct {
		const char *held, *wanted;
		bool covers;
	} cases[] = {
	    {"net", "net", true},
	    {"net", "net:example.com", true},
	    {"net", "net:link-local", false},
	    {"net:example.com", "net", false},
	    {"net:a", "net:b", false},
	    {"*", "exec", true},
	    {"fs:/data", "fs:/data/x", true},
	    {"fs:/data", "fs:/database", false},
	    {"fs:/data", "fs:/data", true},
	    {"fs:/data", "fs:/data/../etc", false},
	    {"fs:/data", "fs:/", false},
	    {"fs:/", "fs:/etc", true},
	    {"fs:*", "fs:/etc", true},
	    {"secret:A", "secret:B", false},
	    {"secret:*", "secret:B", true},
	    {"call:http", "call:http", true},
	    {"call:http", "exec", false},
	    {"exec", "exec", true},
	    {"fs:/data", "fs:/data//x", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (grant_covers(tr_s(cases[i].held), tr_s(cases[i].wanted)) != cases[i].covers)
			fail_msg("%s covers %s should be %d", cases[i].held, cases[i].wanted, cases[i].covers);
	static const char *const bad[] = {"", "nets", "fs:", "fs:data", "fs:/a/../b", "secret:", "exec:ls", "call"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (grant_valid(tr_s(bad[i])))
			fail_msg("\"%s\" was taken for a grant", bad[i]);
}

static void narrows_grants(void **state)
{
	tr_value needs = TR_LIST(tr_string("fs:*"), tr_string("net"), tr_string("exec"));
	tr_value granted = TR_LIST(tr_string("fs:/data"), tr_string("net:a"), tr_string("secret:X"));
	tr_value got = grants_effective(needs, granted), missing = grants_missing(needs, granted);

	(void)state;
	assert_int_equal(tr_array_len(got), 2); /* the folder and the host, not the secret it did not ask for */
	assert_true(grants_cover(got, tr_s("fs:/data/f")));
	assert_false(grants_cover(got, tr_s("fs:/etc")));
	assert_true(grants_cover(got, tr_s("net:a")));
	assert_false(grants_cover(got, tr_s("net:b")));
	assert_false(grants_cover(got, tr_s("secret:X")));
	assert_int_equal(tr_array_len(missing), 3);
	tr_drop(got);
	tr_drop(missing);
	tr_drop(needs);
	tr_drop(granted);
}

static void matches_patterns(void **state)
{
	static const struct {
		const char *pattern, *subject;
		bool matches;
	} cases[] = {
	    {"a.b", "a.b", true},   {"a.*", "a.b", true},     {"a.*", "a", false}, {"a.*", "a.b.c", false},
	    {"a.>", "a.b.c", true}, {"a.>", "a", false},      {">", "x.y", true},  {"*.b", "a.b", true},
	    {"*.b", "a.c", false},  {"a.*.c", "a.b.c", true}, {"a", "a.b", false}, {"ab", "a", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (pattern_matches(tr_s(cases[i].pattern), tr_s(cases[i].subject)) != cases[i].matches)
			fail_msg("%s matches %s should be %d", cases[i].pattern, cases[i].subject, cases[i].matches);
	assert_false(pattern_valid(tr_s("a.>.b")));
	assert_false(pattern_valid(tr_s("a*.b")));
	assert_false(pattern_valid(tr_s("a..b")));
	assert_false(pattern_valid(tr_s("a.")));
	assert_false(subject_valid(tr_s("a.*")));
	assert_true(pattern_valid(tr_s("a.*.>")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_every_key),
	    cmocka_unit_test(gives_defaults),
	    cmocka_unit_test(names_all_faults_at_once),
	    cmocka_unit_test(refuses_what_is_no_manifest),
	    cmocka_unit_test(survives_lack_of_memory),
	    cmocka_unit_test(compares_versions),
	    cmocka_unit_test(checks_ranges),
	    cmocka_unit_test(applies_settings),
	    cmocka_unit_test(matches_grants),
	    cmocka_unit_test(narrows_grants),
	    cmocka_unit_test(matches_patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
