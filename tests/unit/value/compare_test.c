/* SPDX-License-Identifier: Apache-2.0 */
/* Equality, order, hashes, and values too deep for recursion. */
#include <math.h>
#include <stdlib.h>

#include "check.h"

static int sign(int r)
{
	return (r > 0) - (r < 0);
}

/* In ascending order, each different from all others. */
static size_t ladder(tr_value *v)
{
	size_t n = 0;

	v[n++] = tr_nil();
	v[n++] = tr_bool(false);
	v[n++] = tr_bool(true);
	v[n++] = tr_float(-INFINITY);
	v[n++] = tr_int(INT64_MIN);
	v[n++] = tr_int(-1);
	v[n++] = tr_float(-0.5);
	v[n++] = tr_int(0);
	v[n++] = tr_float(0.5);
	v[n++] = tr_int(1);
	v[n++] = tr_int(INT64_C(9007199254740992));
	v[n++] = tr_int(INT64_C(9007199254740993)); /* no double */
	v[n++] = tr_float(9007199254740994.0);
	v[n++] = tr_int(INT64_MAX);
	v[n++] = tr_float(9223372036854775808.0);
	v[n++] = tr_float((double)NAN);
	v[n++] = tr_atom("alpha");
	v[n++] = tr_atom("alphab");
	v[n++] = tr_atom("beta");
	v[n++] = tr_pid_value((tr_pid){1});
	v[n++] = tr_pid_value((tr_pid){2});
	v[n++] = tr_ref_value((tr_ref){1});
	v[n++] = tr_string("");
	v[n++] = tr_string("a");
	v[n++] = tr_string("aa");
	v[n++] = tr_string("b");
	v[n++] = tr_string("\xC3\xA9");
	v[n++] = tr_binary("", 0);
	v[n++] = tr_binary("a", 1);
	v[n++] = tr_array();
	v[n++] = TR_LIST(tr_nil());
	v[n++] = TR_LIST(tr_int(1));
	v[n++] = TR_LIST(tr_int(1), tr_int(0));
	v[n++] = TR_LIST(tr_int(1), TR_LIST(tr_int(5)));
	v[n++] = TR_LIST(tr_int(1), TR_LIST(tr_int(5)), tr_int(0));
	v[n++] = TR_LIST(tr_int(2));
	v[n++] = tr_map();
	v[n++] = read_json("{\"a\":1}");
	v[n++] = read_json("{\"a\":2}");
	v[n++] = read_json("{\"b\":0}");
	v[n++] = read_json("{\"a\":1,\"b\":{\"x\":1}}");
	v[n++] = read_json("{\"b\":{\"x\":2},\"a\":1}");
	v[n++] = read_json("{\"a\":1,\"c\":0}");
	v[n++] = read_json("{\"c\":0,\"b\":1}");
	return n;
}

static void a_total_order(void **state)
{
	tr_value a[64], b[64];
	size_t n = ladder(a);

	(void)state;
	assert_int_equal(ladder(b), n);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++) {
			int expected = (i > j) - (i < j);
			if (sign(tr_compare(a[i], b[j])) != expected || tr_equal(a[i], b[j]) != (i == j))
				fail_msg("rungs %zu and %zu: %d", i, j, tr_compare(a[i], b[j]));
			if (i == j)
				assert_true(tr_hash(a[i]) == tr_hash(b[j]));
			else
				assert_true(tr_hash(a[i]) != tr_hash(b[j]));
		}
	}
	for (size_t i = 0; i < n; i++) {
		tr_drop(a[i]);
		tr_drop(b[i]);
	}
}

static void numbers_of_both_kinds(void **state)
{
	(void)state;
	assert_int_equal(tr_compare(tr_int(1), tr_float(1)), 0);
	assert_false(tr_equal(tr_int(1), tr_float(1)));
	assert_true(tr_equal(tr_float((double)NAN), tr_float((double)-NAN)));
	assert_true(tr_hash(tr_float((double)NAN)) == tr_hash(tr_float((double)-NAN)));
	assert_true(tr_equal(tr_float(0.0), tr_float(-0.0)));
	assert_true(tr_hash(tr_float(0.0)) == tr_hash(tr_float(-0.0)));
	/* As keys they are two, and the order of maps knows. */
	tr_value a = tr_map_put(tr_map(), tr_int(1), tr_nil()), b = tr_map_put(tr_map(), tr_float(1), tr_nil());
	assert_int_equal(sign(tr_compare(a, b)), -1);
	assert_int_equal(sign(tr_compare(b, a)), 1);
	tr_drop(a);
	tr_drop(b);
}

static void maps_regardless_of_order(void **state)
{
	tr_value a = tr_map(), b = tr_map();

	(void)state;
	for (int i = 0; i < 100; i++) {
		a = tr_map_put(a, tr_int(i), tr_stringf("%d", i));
		b = tr_map_put(b, tr_int(99 - i), tr_stringf("%d", 99 - i));
	}
	assert_true(tr_equal(a, b));
	assert_int_equal(tr_compare(a, b), 0);
	assert_true(tr_hash(a) == tr_hash(b));
	b = tr_map_put(b, tr_int(50), tr_nil());
	assert_false(tr_equal(a, b));
	assert_int_equal(sign(tr_compare(b, a)), -1);
	tr_drop(a);
	tr_drop(b);
}

static tr_value nested(size_t depth, tr_value core)
{
	for (size_t i = 0; i < depth; i++)
		core = i % 2 == 0 ? TR_LIST(core) : tr_map_put(tr_map_with(1), tr_int(1), core);
	return core;
}

/* Under valgrind and the sanitizers fewer levels: recursion would end in a stack overflow with those as well. */
static bool is_slow(void)
{
	return getenv("UNDER_VALGRIND") != NULL || getenv("UNDER_SANITIZER") != NULL;
}

static void deeper_than_any_stack(void **state)
{
	size_t depth = is_slow() ? 200000 : 1000000;
	tr_value a = nested(depth, tr_int(1)), b = nested(depth, tr_int(1)), c = nested(depth, tr_int(2));
	tr_buf out = {0};

	(void)state;
	assert_true(tr_equal(a, b));
	assert_false(tr_equal(a, c));
	assert_int_equal(tr_compare(a, b), 0);
	assert_int_equal(sign(tr_compare(a, c)), -1);
	assert_int_equal(sign(tr_compare(c, b)), 1);
	assert_true(tr_hash(a) == tr_hash(b));
	assert_true(tr_value_size(a) > depth * sizeof(tr_value));
	tr_show(&out, a, 1000000);
	assert_true(out.n < 1000);
	tr_buf_clear(&out);
	assert_int_equal(tr_json_write(&out, a, 0), TR_OK);
	assert_true(out.n > depth);
	tr_buf_clear(&out);
	assert_int_equal(tr_msgpack_write(&out, a), TR_OK);
	tr_buf_fini(&out);
	tr_drop(a);
	tr_drop(b);
	tr_drop(c);
}

static void ten_million_levels_are_freed(void **state)
{
	tr_value v = tr_string("core");
	int levels = is_slow() ? 1000000 : 10000000;

	(void)state;
	for (int i = 0; i < levels; i++)
		v = TR_LIST(v);
	tr_drop(v);
}

/* Two references a level to the level below: 2^100 occurrences of one core. */
static void sharing_does_not_explode(void **state)
{
	tr_value v = tr_int(1), other;
	tr_buf out = {0};

	(void)state;
	for (int i = 0; i < 100; i++)
		v = i % 2 ? TR_LIST(v, tr_keep(v)) : TR_DICT("l", v, "r", tr_keep(v));
	assert_true(tr_hash(v) == tr_hash(v));
	assert_true(tr_value_size(v) > 1000);
	tr_show(&out, v, 300);
	assert_true(out.n <= 300);
	other = tr_keep(v);
	assert_true(tr_equal(v, other));
	assert_int_equal(tr_compare(v, other), 0);
	tr_drop(other);
	tr_drop(v);
	tr_buf_clear(&out);
	tr_buf_fini(&out);
}

static void size_grows_with_content(void **state)
{
	tr_value s = tr_string("0123456789"), list = TR_LIST(tr_keep(s), tr_keep(s));
	size_t one = tr_value_size(s);

	(void)state;
	assert_int_equal(tr_value_size(tr_int(1)), sizeof(tr_value));
	assert_true(one > 10 + sizeof(tr_value));
	assert_true(tr_value_size(list) >= 2 * one);
	tr_drop(s);
	tr_drop(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_total_order),
	    cmocka_unit_test(numbers_of_both_kinds),
	    cmocka_unit_test(maps_regardless_of_order),
	    cmocka_unit_test(deeper_than_any_stack),
	    cmocka_unit_test(ten_million_levels_are_freed),
	    cmocka_unit_test(sharing_does_not_explode),
	    cmocka_unit_test(size_grows_with_content),
	};

	return RUN_LEAK_CHECKED(tests);
}
