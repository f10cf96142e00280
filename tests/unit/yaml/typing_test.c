/* SPDX-License-Identifier: Apache-2.0 */
/* Plain scalars mean what PyYAML's safe loader takes them for. */
#include "yaml_kit.h"
#include "playbook/yaml/resolve.h"
#include <math.h>

static void assert_int_of(const char *text, int64_t want)
{
	tr_value v = yaml_resolve(tr_s(text));
	if (!tr_is(v, TR_INT))
		print_error("%s is no integer\n", text);
	assert_true(tr_is(v, TR_INT));
	assert_int_equal(v.as.i, want);
}

static void assert_float_of(const char *text, double want)
{
	tr_value v = yaml_resolve(tr_s(text));
	if (!tr_is(v, TR_FLOAT))
		print_error("%s is no float\n", text);
	assert_true(tr_is(v, TR_FLOAT));
	assert_true(v.as.d == want || (isnan(v.as.d) && isnan(want)));
}

static void assert_text(const char *text)
{
	tr_value v = yaml_resolve(tr_s(text));
	if (tr_is_valid(v))
		print_error("%s is %s\n", text, tr_type_name(tr_type_of(v)));
	assert_false(tr_is_valid(v));
	assert_int_equal(tr_value_err(v), TR_OK);
}

static void integers(void **state)
{
	(void)state;
	assert_int_of("0", 0);
	assert_int_of("-17", -17);
	assert_int_of("+3", 3);
	assert_int_of("1_000_000", 1000000);
	assert_int_of("010", 8);
	assert_int_of("-010", -8);
	assert_int_of("0_7", 7);
	assert_int_of("0x1F", 31);
	assert_int_of("-0xff", -255);
	assert_int_of("0b1010_0001", 161);
	assert_int_of("1:30", 90);
	assert_int_of("190:20:30", 685230);
	assert_int_of("-1:00", -60);
	assert_int_of("9223372036854775807", INT64_MAX);
	assert_int_of("-9223372036854775808", INT64_MIN);
}

static void integers_beyond_64_bits_are_an_error(void **state)
{
	(void)state;
	assert_int_equal(tr_value_err(yaml_resolve(tr_s("9223372036854775808"))), TR_ERANGE);
	assert_int_equal(tr_value_err(yaml_resolve(tr_s("-9223372036854775809"))), TR_ERANGE);
	assert_int_equal(tr_value_err(yaml_resolve(tr_s("0xffffffffffffffffff"))), TR_ERANGE);
	assert_refused(tr_s("a: 18446744073709551616\n"), NULL, "integer-range", 1, 4);
}

static void floats(void **state)
{
	(void)state;
	assert_float_of("1.5", 1.5);
	assert_float_of("-0.25", -0.25);
	assert_float_of("1.", 1.0);
	assert_float_of(".5", 0.5);
	assert_float_of("1_0.2_5", 10.25);
	assert_float_of("1.5e+3", 1500.0);
	assert_float_of("2.5E-1", 0.25);
	assert_float_of("1:30.5", 90.5);
	assert_float_of(".inf", HUGE_VAL);
	assert_float_of("-.INF", -HUGE_VAL);
	assert_float_of(".NaN", (double)NAN);
	assert_float_of("1.0e+400", HUGE_VAL);
}

static void words(void **state)
{
	(void)state;
	static const char *const truths[] = {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
	static const char *const lies[] = {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
	for (size_t i = 0; i < sizeof truths / sizeof *truths; i++) {
		assert_true(tr_equal(yaml_resolve(tr_s(truths[i])), tr_bool(true)));
		assert_true(tr_equal(yaml_resolve(tr_s(lies[i])), tr_bool(false)));
	}
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
		assert_true(tr_is_nil(yaml_resolve(tr_s(nulls[i]))));
}

static void text_that_looks_like_more(void **state)
{
	(void)state;
	static const char *const texts[] = {
	    "y",          "n",      "yES",
	    "nULL",       "None",   "08",
	    "09.5x",      "0o17",   "1e3",
	    "1e+3",       "1.0e5",  "0x",
	    "0xZZ",       "0b2",    "1:60",
	    "1:",         ":30",    "1.2.3",
	    "+",          "-",      ".",
	    "..",         "+.5",    "-.5",
	    "_1",         "1__a",   "--1",
	    "12a",        "=",      "<<x",
	    "2001-01-01", "12:30:", "2001-12-14t21:59:43.10-05:00",
	    "1,000",      "0x_",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_text(texts[i]);
}

static void timestamps_stay_text(void **state)
{
	(void)state;
	assert_reads_as("[2024-02-29, 2001-12-14 21:59:43.10 -5, 2001-12-14T21:59:43Z]",
			"[\"2024-02-29\",\"2001-12-14 21:59:43.10 -5\",\"2001-12-14T21:59:43Z\"]");
}

static void quotes_make_text(void **state)
{
	(void)state;
	assert_reads_as("['1', \"yes\", 'null', \"1.5\", '']", "[\"1\",\"yes\",\"null\",\"1.5\",\"\"]");
	assert_reads_as("a: |\n  12\nb: >-\n  true\n", "{\"a\":\"12\\n\",\"b\":\"true\"}");
	/* The same text plain and in quotes, each again. */
	assert_reads_as("[yes, 'yes', yes, \"yes\", 1, '1', 1, ~, '~', ~, !!str 1, 1, '', a, 'a', a]",
			"[true,\"yes\",true,\"yes\",1,\"1\",1,null,\"~\",null,\"1\",1,\"\",\"a\",\"a\",\"a\"]");
}

static void tags_decide(void **state)
{
	(void)state;
	assert_reads_as("[!!str 12, !!int '12', !!float 1, !!bool 'yes', !!null x, ! 3, !!timestamp 2001-01-01]",
			"[\"12\",12,1.0,true,null,\"3\",\"2001-01-01\"]");
	assert_reads_as("!!map {a: !!seq [1]}", "{\"a\":[1]}");
	assert_reads_as("!!binary |\n  aGVs\n  bG8=\n", "\"aGVsbG8=\"");
	assert_refused(tr_s("!!set {a, b}"), NULL, "unknown-tag", 1, 1);
	assert_refused(tr_s("- !!bool maybe"), NULL, "bad-scalar", 1, 3);
	assert_refused(tr_s("- !mine x"), NULL, "unknown-tag", 1, 3);
}

static void keys_are_typed_too(void **state)
{
	(void)state;
	diagnostics d;
	diagnostics_init(&d, NULL);
	yaml_document *doc = yaml_parse("x", tr_s("on: 1\n2: two\n'3': three\n"), NULL, &d);
	assert_non_null(doc);
	const yaml_node *root = yaml_root(doc);
	assert_true(tr_equal(root->pairs[0].key->value, tr_bool(true)));
	assert_true(tr_equal(root->pairs[1].key->value, tr_int(2)));
	assert_null(yaml_get(root, "on"));
	assert_null(yaml_get(root, "2"));
	assert_non_null(yaml_get(root, "3"));
	yaml_free(&doc);
	diagnostics_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(integers),
	    cmocka_unit_test(integers_beyond_64_bits_are_an_error),
	    cmocka_unit_test(floats),
	    cmocka_unit_test(words),
	    cmocka_unit_test(text_that_looks_like_more),
	    cmocka_unit_test(timestamps_stay_text),
	    cmocka_unit_test(quotes_make_text),
	    cmocka_unit_test(tags_decide),
	    cmocka_unit_test(keys_are_typed_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
