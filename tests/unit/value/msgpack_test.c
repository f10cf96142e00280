/* SPDX-License-Identifier: Apache-2.0 */
/* MessagePack in and out, base64; hostile input. */
#include <math.h>

#include "check.h"

static tr_value round_trip(tr_value v)
{
	tr_buf out = {0};
	size_t used = 0;

	assert_int_equal(tr_msgpack_write(&out, v), TR_OK);
	size_t length = out.n;
	tr_buf_puts(&out, "more"); /* only the front is read */
	tr_value back = tr_msgpack_read(tr_buf_str(&out), &used, NULL, NULL);
	assert_true(tr_is_valid(back));
	assert_int_equal(used, length);
	tr_buf_fini(&out);
	return back;
}

static void every_kind_survives(void **state)
{
	tr_value v = tr_array();
	char text[70000];

	(void)state;
	memset(text, 'x', sizeof(text));
	static const int64_t ints[] = {
	    0,         1,  127, 128, 255,  256,  65535,  65536,  UINT32_MAX, (int64_t)UINT32_MAX + 1,
	    INT64_MAX, -1, -32, -33, -128, -129, -32768, -32769, INT32_MIN,  (int64_t)INT32_MIN - 1,
	    INT64_MIN};
	for (size_t i = 0; i < sizeof(ints) / sizeof(ints[0]); i++)
		v = tr_array_push(v, tr_int(ints[i]));
	static const size_t lengths[] = {0, 1, 31, 32, 255, 256, 65535, 65536};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		v = tr_array_push(v, tr_string_n(text, lengths[i]));
		v = tr_array_push(v, tr_binary(text, lengths[i]));
		tr_value list = tr_array(), map = tr_map();
		for (size_t k = 0; k < lengths[i]; k++) {
			list = tr_array_push(list, tr_nil());
			map = tr_map_put(map, tr_int((int64_t)k), tr_bool(k % 2));
		}
		v = tr_array_push(v, list);
		v = tr_array_push(v, map);
	}
	v = tr_array_push(v, tr_float(1.5));
	v = tr_array_push(v, tr_float((double)NAN));
	v = tr_array_push(v, tr_float((double)-INFINITY));
	v = tr_array_push(v, TR_A(ok));
	v = tr_array_push(v, tr_pid_value((tr_pid){UINT64_MAX}));
	v = tr_array_push(v, tr_ref_value((tr_ref){1}));
	v = tr_array_push(v, tr_map_put(tr_map(), TR_LIST(tr_int(1)), TR_DICT("k", tr_nil())));
	tr_value back = round_trip(v);
	assert_true(tr_equal(v, back));
	tr_drop(v);
	tr_drop(back);
}

static void shortest_forms(void **state)
{
	tr_value v = TR_LIST(tr_int(5), tr_int(-32), tr_int(200), tr_string("ab"), tr_nil(), tr_bool(true), tr_map());
	tr_buf out = {0};

	(void)state;
	assert_int_equal(tr_msgpack_write(&out, v), TR_OK);
	assert_int_equal(out.n, 11);
	assert_memory_equal(out.p,
			    "\x97\x05\xe0\xcc\xc8\xa2"
			    "ab\xc0\xc3\x80",
			    11);
	tr_buf_fini(&out);
	tr_drop(v);
}

static void forms_others_write(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *shown;
	} cases[] = {{"\xca\x3f\xc0\x00\x00", 5, "1.5"},
		     {"\xcf\0\0\0\0\0\0\0\x01", 9, "1"},
		     {"\xd3\xff\xff\xff\xff\xff\xff\xff\xff", 9, "-1"},
		     {"\xd1\xff\xfe", 3, "-2"},
		     {"\xdb\0\0\0\x01z", 6, "\"z\""},
		     {"\xdd\0\0\0\x01\xc2", 6, "{false}"},
		     {"\xdf\0\0\0\x01\xa1k\x07", 8, "{k: 7}"},
		     {"\x82\xa1k\x01\xa1k\x02", 7, "{k: 2}"},
		     {"\xc7\x02\x01ok", 5, "ok"},
		     {"\xd5\x01ok", 4, "ok"},
		     {"\xc8\x00\x08\x02\0\0\0\0\0\0\0\x09", 12, "<0.9.0>"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tr_decode_error e;
		tr_value v = tr_msgpack_read((tr_str){cases[i].bytes, cases[i].n}, NULL, NULL, &e);
		if (!tr_is_valid(v))
			fail_msg("case %zu: %s", i, e.message);
		assert_shown(v, cases[i].shown);
		tr_drop(v);
	}
}

static void hostile_bytes_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		tr_err err;
		size_t offset;
	} cases[] = {
	    {"", 0, TR_ECLOSED, 0},
	    {"\xc1", 1, TR_ECORRUPT, 0},
	    {"\x91\xc1", 2, TR_ECORRUPT, 1},
	    {"\xdd\xff\xff\xff\xff\xc0", 6, TR_ECLOSED, 0}, /* four billion items in one byte */
	    {"\xdf\xff\xff\xff\xff\xc0", 6, TR_ECLOSED, 0},
	    {"\xdb\xff\xff\xff\xff"
	     "a",
	     6, TR_ECLOSED, 0},
	    {"\xc6\xff\xff\xff\xff"
	     "a",
	     6, TR_ECLOSED, 0},
	    {"\xc9\xff\xff\xff\xff\x01"
	     "a",
	     7, TR_ECLOSED, 0},
	    {"\xcf\x80\0\0\0\0\0\0\0", 9, TR_ERANGE, 0},
	    {"\xa2\xc3\x28", 3, TR_EENCODING, 0},
	    {"\x81\xa1\xff\xc0", 4, TR_EENCODING, 1},
	    {"\xd4\x05\x00", 3, TR_EUNSUPPORTED, 0},
	    {"\xd6\xff\0\0\0\0", 6, TR_EUNSUPPORTED, 0},
	    {"\xd6\x02\0\0\0\0", 6, TR_ECORRUPT, 0},
	    {"\xd4\x01\xff", 3, TR_EENCODING, 0},
	    {"\x92\x01", 2, TR_ECLOSED, 0},
	    {"\xcb\0\0", 3, TR_ECLOSED, 0},
	    {"\xd9", 1, TR_ECLOSED, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tr_decode_error e = {0};
		tr_value v = tr_msgpack_read((tr_str){cases[i].bytes, cases[i].n}, NULL, NULL, &e);
		if (tr_value_err(v) != cases[i].err || e.err != cases[i].err || e.offset != cases[i].offset)
			fail_msg("case %zu: %s at %zu", i, tr_err_name(tr_value_err(v)), e.offset);
		assert_true(e.message[0] != '\0');
		assert_int_equal(e.line, 0);
	}
}

/* Every front of a message asks for more; no change of one byte does harm. */
static void cut_and_flipped(void **state)
{
	tr_value v = read_json("{\"a\":[1,2.5,\"text\",{\"b\":null}],\"c\":[[],[[]],true]}");
	tr_buf out = {0};

	(void)state;
	v = tr_map_put(v, TR_A(ok), tr_pid_value((tr_pid){99}));
	assert_int_equal(tr_msgpack_write(&out, v), TR_OK);
	for (size_t n = 0; n < out.n; n++)
		assert_err(tr_msgpack_read((tr_str){out.p, n}, NULL, NULL, NULL), TR_ECLOSED);
	for (size_t at = 0; at < out.n; at++) {
		char was = out.p[at];
		for (int c = 0; c < 256; c++) {
			out.p[at] = (char)c;
			tr_drop(tr_msgpack_read(tr_buf_str(&out), NULL, NULL, NULL));
		}
		out.p[at] = was;
	}
	tr_buf_fini(&out);
	tr_drop(v);
}

static void limits(void **state)
{
	char deep[200];
	tr_decode_limits l = {.max_items = 4};

	(void)state;
	memset(deep, '\x91', sizeof(deep));
	deep[128] = '\xc0';
	tr_value v = tr_msgpack_read((tr_str){deep, 129}, NULL, NULL, NULL);
	assert_true(tr_is_valid(v));
	tr_drop(v);
	deep[128] = '\x91';
	assert_err(tr_msgpack_read((tr_str){deep, 200}, NULL, NULL, NULL), TR_EDEPTH);
	v = tr_msgpack_read(tr_s("\x93\x01\x01\x01"), NULL, &l, NULL);
	assert_true(tr_is_valid(v));
	tr_drop(v);
	assert_err(tr_msgpack_read(tr_s("\x94\x01\x01\x01\x01"), NULL, &l, NULL), TR_ELIMIT);
	l = (tr_decode_limits){.max_bytes = 3};
	assert_err(tr_msgpack_read(tr_s("\x93\x01\x01\x01"), NULL, &l, NULL), TR_ELIMIT);
	v = tr_msgpack_read(tr_s("\x92\x01\x01\x01"), NULL, &l, NULL);
	assert_int_equal(tr_array_len(v), 2);
	tr_drop(v);
}

static void objects_are_refused(void **state)
{
	static const tr_class cls = {"c", NULL};
	tr_value v = TR_LIST(tr_object(&cls, NULL));
	tr_buf out = {0};

	(void)state;
	assert_int_equal(tr_msgpack_write(&out, v), TR_ETYPE);
	assert_int_equal(tr_msgpack_write(&out, tr_invalid(TR_EIO)), TR_EIO);
	tr_buf_fini(&out);
	tr_drop(v);
}

static void base64_vectors(void **state)
{
	static const char *const cases[][2] = {{"", ""},
					       {"f", "Zg=="},
					       {"fo", "Zm8="},
					       {"foo", "Zm9v"},
					       {"foob", "Zm9vYg=="},
					       {"fooba", "Zm9vYmE="},
					       {"foobar", "Zm9vYmFy"},
					       {"\xff\xfe\xfd", "//79"}};
	static const char *const bad[] = {
	    "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9\n", "Zm-v", "Zm9vYg==\n"};
	tr_buf out = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tr_buf_clear(&out);
		tr_base64_write(&out, tr_s(cases[i][0]));
		assert_string_equal(tr_buf_str(&out).p, cases[i][1]);
		tr_buf_clear(&out);
		assert_int_equal(tr_base64_read(&out, tr_s(cases[i][1])), TR_OK);
		assert_string_equal(tr_buf_str(&out).p, cases[i][0]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tr_buf_clear(&out);
		tr_buf_puts(&out, "kept");
		assert_int_equal(tr_base64_read(&out, tr_s(bad[i])), TR_ESYNTAX);
		assert_string_equal(out.p, "kept");
	}
	tr_buf_fini(&out);
}

static tr_value read_with(tr_str bytes, const tr_decode_limits *limits)
{
	return tr_msgpack_read(bytes, NULL, limits, NULL);
}

/* Two names that are no atoms yet, and one that is. */
static void foreign_atoms_are_bounded(void **state)
{
	static const char bytes[] = "\x93\xc7\x0e\x01never_seen_one\xc7\x0e\x01never_seen_two\xc7\x02\x01ok";
	const tr_str s = {bytes, sizeof(bytes) - 1};
	const tr_decode_limits known = {.known_atoms_only = true}, one = {.max_new_atoms = 1},
			       two = {.max_new_atoms = 2};

	(void)state;
	tr_value v = read_with(s, &known);
	assert_true(tr_is(tr_array_at(v, 0), TR_STRING));
	assert_true(tr_str_is(tr_as_str(tr_array_at(v, 1)), "never_seen_two"));
	assert_true(TR_IS_A(tr_array_at(v, 2), ok));
	tr_drop(v);
	assert_false(tr_is_valid(tr_atom_known("never_seen_one", 14)));
	assert_int_equal(tr_value_err(read_with(s, &one)), TR_ELIMIT);
	assert_true(tr_is_valid(tr_atom_known("never_seen_one", 14)));
	assert_false(tr_is_valid(tr_atom_known("never_seen_two", 14)));
	v = read_with(s, &two);
	assert_true(tr_is(tr_array_at(v, 1), TR_ATOM));
	assert_true(tr_equal(tr_array_at(v, 1), tr_atom_known("never_seen_two", 14)));
	tr_drop(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_kind_survives),       cmocka_unit_test(shortest_forms),
	    cmocka_unit_test(forms_others_write),        cmocka_unit_test(hostile_bytes_are_refused),
	    cmocka_unit_test(cut_and_flipped),           cmocka_unit_test(limits),
	    cmocka_unit_test(objects_are_refused),       cmocka_unit_test(base64_vectors),
	    cmocka_unit_test(foreign_atoms_are_bounded),
	};

	return RUN_LEAK_CHECKED(tests);
}
