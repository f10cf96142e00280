/* SPDX-License-Identifier: Apache-2.0 */
/* JSON in and out. */
#include <math.h>

#include "check.h"

#define assert_json(v, flags, expected)                                         \
	do {                                                                    \
		tr_value text_ = tr_json_string((v), (flags));                  \
		assert_string_equal(tr_as_cstr(text_, "(failed)"), (expected)); \
		tr_drop(text_);                                                 \
	} while (0)

static void texts_survive_the_round_trip(void **state)
{
	static const char *const texts[] = {"null",
					    "true",
					    "false",
					    "0",
					    "-1",
					    "9223372036854775807",
					    "-9223372036854775808",
					    "1.0",
					    "-0.0",
					    "0.1",
					    "1e+16",
					    "1e-05",
					    "0.0001",
					    "123456789.125",
					    "5e-324",
					    "1.7976931348623157e+308",
					    "\"\"",
					    "\"a b\"",
					    "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u0000\"",
					    "\"\xC3\xA9\xF0\x9F\x98\x80\"",
					    "[]",
					    "{}",
					    "[1,[2,[3,{}]],[]]",
					    "{\"b\":1,\"a\":{\"c\":[true,null]},\"\":0}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		tr_value v = read_json(texts[i]);
		assert_json(v, TR_JSON_COMPACT, texts[i]);
		tr_drop(v);
	}
}

static void white_space_and_escapes(void **state)
{
	tr_value v = read_json(" \t\r\n{ \"\\u0061\" : [ 1 , \"\\uD83D\\uDE00\\/\" ] } \n");

	(void)state;
	assert_json(v, 0, "{\"a\":[1,\"\xF0\x9F\x98\x80/\"]}");
	tr_drop(v);
}

static void the_last_duplicate_wins(void **state)
{
	tr_value v = read_json("{\"a\":1,\"b\":2,\"a\":3}");

	(void)state;
	assert_json(v, 0, "{\"a\":3,\"b\":2}");
	tr_drop(v);
}

static void refusals_say_where(void **state)
{
	static const struct {
		const char *text;
		tr_err err;
		size_t line, column; /* 0: not looked at */
	} cases[] = {
	    {"", TR_ESYNTAX, 1, 1},
	    {"  ", TR_ESYNTAX, 1, 3},
	    {"[1,", TR_ESYNTAX, 1, 4},
	    {"{\"a\":1}x", TR_ESYNTAX, 1, 8},
	    {"1 2", TR_ESYNTAX, 1, 0},
	    {"[1,\n 2,\n ?]", TR_ESYNTAX, 3, 2},
	    {"{\"a\" 1}", TR_ESYNTAX, 1, 0},
	    {"{a:1}", TR_ESYNTAX, 1, 2},
	    {"[1,]", TR_ESYNTAX, 1, 4},
	    {"01", TR_ESYNTAX, 1, 0},
	    {"1.", TR_ESYNTAX, 1, 0},
	    {"+1", TR_ESYNTAX, 1, 0},
	    {"NaN", TR_ESYNTAX, 1, 0},
	    {"'a'", TR_ESYNTAX, 1, 0},
	    {"\"a\nb\"", TR_ESYNTAX, 0, 0},
	    {"\"\\x\"", TR_ESYNTAX, 1, 0},
	    {"\"abc", TR_ESYNTAX, 1, 0},
	    {"/* c */ 1", TR_ESYNTAX, 1, 0},
	    {"9223372036854775808", TR_ERANGE, 1, 1},
	    {"[1,\n-9223372036854775809]", TR_ERANGE, 2, 1},
	    {"[1e400 ]", TR_ERANGE, 1, 2},
	    {"\"a\xff\"", TR_EENCODING, 1, 3},
	    {"[\"\\uD800\"]", TR_EENCODING, 1, 3},
	    {"[\"\\uDC00\"]", TR_EENCODING, 1, 3},
	    {"[\"\\uD800\\u0041\"]", TR_EENCODING, 1, 3},
	    {"[\"\\uD800x\"]", TR_EENCODING, 1, 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tr_decode_error e = {0};
		tr_value v = tr_json_read(tr_s(cases[i].text), NULL, &e);
		if (tr_is_valid(v))
			fail_msg("accepted: %s", cases[i].text);
		if (tr_value_err(v) != cases[i].err || e.err != cases[i].err)
			fail_msg("%s: %s", cases[i].text, tr_err_name(tr_value_err(v)));
		if ((cases[i].line && e.line != cases[i].line) || (cases[i].column && e.column != cases[i].column))
			fail_msg("%s: %zu:%zu", cases[i].text, e.line, e.column);
		assert_true(e.message[0] != '\0');
		assert_null(strchr(e.message, '\n'));
		assert_true(e.offset <= strlen(cases[i].text));
		assert_err(tr_json_read(tr_s(cases[i].text), NULL, NULL), cases[i].err);
	}
}

static void escaped_backslashes_are_no_surrogates(void **state)
{
	tr_value v = read_json("\"\\\\uD800\"");

	(void)state;
	assert_string_equal(tr_as_cstr(v, ""), "\\uD800");
	tr_drop(v);
}

static void limits(void **state)
{
	char deep[300];
	tr_decode_error e;

	(void)state;
	for (size_t n = 127; n <= 130; n++) {
		memset(deep, '[', n);
		memset(deep + n, ']', n);
		tr_value v = tr_json_read((tr_str){deep, 2 * n}, NULL, &e);
		if (n <= 128)
			assert_true(tr_is_valid(v));
		else
			assert_err(v, TR_EDEPTH);
		tr_drop(v);
	}
	assert_int_equal(e.column, 129);
	tr_decode_limits l = {.max_depth = 2};
	assert_err(tr_json_read(tr_s("[[[]]]"), &l, &e), TR_EDEPTH);
	l = (tr_decode_limits){.max_items = 3};
	tr_value v = tr_json_read(tr_s("[1,2]"), &l, NULL);
	assert_true(tr_is_valid(v));
	tr_drop(v);
	assert_err(tr_json_read(tr_s("[1,2,3]"), &l, &e), TR_ELIMIT);
	l = (tr_decode_limits){.max_bytes = 4};
	assert_err(tr_json_read(tr_s("12345"), &l, &e), TR_ELIMIT);
}

static void kinds_without_a_json_form(void **state)
{
	tr_value v = TR_LIST(TR_A(ok), tr_pid_value((tr_pid){3}), tr_ref_value((tr_ref){4}), tr_binary("\xff\xfe", 2),
			     tr_float((double)NAN), tr_float((double)INFINITY));
	static const tr_class cls = {"c", NULL};

	(void)state;
	assert_json(v, 0, "[\"ok\",\"<0.3.0>\",\"#Ref<4>\",\"//4=\",null,null]");
	tr_drop(v);
	v = tr_object(&cls, NULL);
	assert_err(tr_json_string(v, 0), TR_ETYPE);
	v = TR_DICT("o", v);
	assert_err(tr_json_string(v, TR_JSON_SORT_KEYS), TR_ETYPE);
	tr_drop(v);
	assert_err(tr_json_string(tr_invalid(TR_EIO), 0), TR_EIO);
}

static void keys_become_text(void **state)
{
	tr_value v = tr_map();

	(void)state;
	v = tr_map_put(v, tr_int(-1), tr_int(0));
	v = tr_map_put(v, tr_nil(), tr_int(1));
	v = tr_map_put(v, tr_bool(true), tr_int(2));
	v = tr_map_put(v, TR_A(ok), tr_int(3));
	v = tr_map_put(v, tr_float(1.5), tr_int(4));
	v = tr_map_put(v, TR_LIST(tr_int(1), tr_string("q")), tr_int(5));
	assert_json(v, 0, "{\"-1\":0,\"null\":1,\"true\":2,\"ok\":3,\"1.5\":4,\"[1,\\\"q\\\"]\":5}");
	tr_drop(v);
}

static void pretty_sorted_ascii(void **state)
{
	tr_value v = read_json("{\"b\":[1,{}],\"a\":{\"d\":[],\"c\":\"\xC3\xA9\xF0\x9F\x98\x80\"},\"aa\":null}");

	(void)state;
	assert_json(v, TR_JSON_SORT_KEYS,
		    "{\"a\":{\"c\":\"\xC3\xA9\xF0\x9F\x98\x80\",\"d\":[]},\"aa\":null,\"b\":[1,{}]}");
	assert_json(v, TR_JSON_PRETTY | TR_JSON_SORT_KEYS | TR_JSON_ASCII,
		    "{\n  \"a\": {\n    \"c\": \"\\u00e9\\ud83d\\ude00\",\n    \"d\": []\n  },\n  \"aa\": null,\n"
		    "  \"b\": [\n    1,\n    {}\n  ]\n}");
	tr_drop(v);
}

/* Seeded bit patterns: whatever the double, its text reads back as the same bits. */
static void doubles_round_trip(void **state)
{
	uint64_t seed = 42;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		double d, back;
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		memcpy(&d, &seed, sizeof(d));
		if (i % 2 == 0)
			d = (double)(int64_t)(seed >> 40) / 1000;
		if (!isfinite(d))
			continue;
		tr_value text = tr_json_string(tr_float(d), 0);
		tr_value v = tr_json_read(tr_as_str(text), NULL, NULL);
		assert_int_equal(tr_type_of(v), TR_FLOAT);
		back = tr_as_float(v, 0);
		if (memcmp(&back, &d, sizeof(d)) != 0)
			fail_msg("%a -> %s -> %a", d, tr_as_cstr(text, ""), back);
		tr_drop(text);
	}
}

static void doubles_are_short(void **state)
{
	static const struct {
		double d;
		const char *text;
	} cases[] = {{0.3, "0.3"},
		     {0.1 + 0.2, "0.30000000000000004"},
		     {100, "100.0"},
		     {1e15, "1000000000000000.0"},
		     {1e16, "1e+16"},
		     {123456789012345680.0, "1.2345678901234568e+17"},
		     {0.0001, "0.0001"},
		     {0.00001, "1e-05"},
		     {1.5e-7, "1.5e-07"},
		     {2.5, "2.5"},
		     {1e22, "1e+22"},
		     {1e23, "1e+23"},
		     {-1.0 / 3, "-0.3333333333333333"},
		     {9007199254740993.0, "9007199254740992.0"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_json(tr_float(cases[i].d), 0, cases[i].text);
}

static void rows_share_their_keys(void **state)
{
	tr_value v = read_json("[{\"name\":1},{\"name\":2}]");
	tr_value k1 = tr_map_entries(tr_array_at(v, 0))[0].key, k2 = tr_map_entries(tr_array_at(v, 1))[0].key;

	(void)state;
	assert_ptr_equal(k1.as.box, k2.as.box);
	assert_int_equal(tr_refcount(k1), 2);
	tr_drop(v);
}

/* What a row is does not depend on the rows around it, however they look alike. */
static void rows_are_read_as_if_alone(void **state)
{
	static const char wide[] = "{\"a\":0,\"b\":1,\"c\":2,\"d\":3,\"e\":4,\"f\":5,\"g\":6,\"h\":7,\"i\":8,"
				   "\"j\":9,\"k\":10,\"l\":11,\"m\":12,\"n\":13,\"o\":14,\"p\":15,\"q\":16,\"r\":17}";
	static const char *const rows[] = {
	    "{\"a\":1,\"b\":2,\"c\":3}",
	    "{\"a\":1,\"b\":2,\"a\":4}",
	    "{\"a\":1,\"a\":2,\"b\":3,\"a\":5}",
	    "{\"b\":1,\"a\":2}",
	    "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6}",
	    "{}",
	    "{\"a\":[1,2,3,4,5,6,7],\"b\":{\"x\":{\"y\":[{}]}}}",
	    "{\"a\":[{\"q\":1},{\"q\":2,\"r\":3}],\"b\":{\"x\":{\"y\":[{\"z\":0}],\"y\":7}}}",
	    "{\"a\":[[],[1],[]],\"b\":[]}",
	    "{\"a\":{\"b\":{\"c\":1}},\"b\":{\"c\":{\"a\":1}},\"c\":0}",
	    "[{\"a\":1},[2]]",
	    "\"text\"",
	    wide,
	    "{\"a\":\"\",\"\":\"a\",\"ab\":null}"};
	enum {
		N = sizeof(rows) / sizeof(rows[0])
	};

	(void)state;
	for (size_t i = 0; i < (size_t)N * N * N; i++) {
		const char *three[] = {rows[i / N / N], rows[i / N % N], rows[i % N]};
		char text[1024];
		(void)snprintf(text, sizeof text, "[%s,%s,%s]", three[0], three[1], three[2]);
		tr_value list = read_json(text);
		for (size_t k = 0; k < 3; k++) {
			tr_value alone = read_json(three[k]);
			assert_true(tr_equal(tr_array_at(list, k), alone));
			for (size_t e = 0; e < tr_map_len(alone); e++)
				assert_true(tr_equal(tr_map_get(tr_array_at(list, k), tr_map_entries(alone)[e].key),
						     tr_map_entries(alone)[e].value));
			tr_drop(alone);
		}
		tr_drop(list);
	}
}

static void parts_of_rows_are_counted(void **state)
{
	tr_decode_limits limits = {.max_items = 11}; /* the list, two rows, two pairs in each */
	tr_decode_error error;
	tr_value v = tr_json_read(tr_s("[{\"a\":1,\"b\":2},{\"a\":1,\"b\":2}]"), &limits, &error);

	(void)state;
	assert_true(tr_is(v, TR_ARRAY));
	tr_drop(v);
	limits.max_items = 10;
	v = tr_json_read(tr_s("[{\"a\":1,\"b\":2},{\"a\":1,\"b\":2}]"), &limits, &error);
	assert_int_equal(tr_value_err(v), TR_ELIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_survive_the_round_trip),
	    cmocka_unit_test(white_space_and_escapes),
	    cmocka_unit_test(the_last_duplicate_wins),
	    cmocka_unit_test(refusals_say_where),
	    cmocka_unit_test(escaped_backslashes_are_no_surrogates),
	    cmocka_unit_test(limits),
	    cmocka_unit_test(kinds_without_a_json_form),
	    cmocka_unit_test(keys_become_text),
	    cmocka_unit_test(pretty_sorted_ascii),
	    cmocka_unit_test(doubles_round_trip),
	    cmocka_unit_test(doubles_are_short),
	    cmocka_unit_test(rows_share_their_keys),
	    cmocka_unit_test(rows_are_read_as_if_alone),
	    cmocka_unit_test(parts_of_rows_are_counted),
	};

	return RUN_LEAK_CHECKED(tests);
}
