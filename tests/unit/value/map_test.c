/* SPDX-License-Identifier: Apache-2.0 */
/* Maps: order, growth, sharing, deleting, merging. */
#include "check.h"

#include "runtime/value/map.h"

static void literal_reads_back(void **state)
{
	tr_value v = TR_DICT("a", tr_int(1), "b", tr_string("two"), "a", tr_int(3));

	(void)state;
	assert_shown(v, "{a: 3, b: \"two\"}");
	assert_int_equal(tr_map_len(v), 2);
	assert_int_equal(tr_as_int(tr_map_get_s(v, "a"), -1), 3);
	assert_int_equal(tr_as_int(tr_map_get_n(v, "ab", 1), -1), 3);
	assert_false(tr_is_valid(tr_map_get_s(v, "c")));
	assert_int_equal(tr_value_err(tr_map_get_s(v, "c")), TR_OK);
	tr_drop(v);
}

static void put_in_place_when_own(void **state)
{
	tr_value v = tr_map_put_s(tr_map_with(2), "a", tr_int(1));
	tr_box *box = v.as.box;

	(void)state;
	v = tr_map_put_s(v, "a", tr_int(2));
	assert_ptr_equal(v.as.box, box);
	v = tr_map_put_s(v, "b", tr_int(2));
	assert_ptr_equal(v.as.box, box);
	tr_drop(v);
}

/* Among so many keys some have equal hashes; each still has its own value, and what is not there is not found. */
static void keys_of_equal_hashes_are_told_apart(void **state)
{
	enum {
		KEYS = 200000
	};
	tr_value v = tr_map_with(KEYS);

	(void)state;
	for (int i = 0; i < KEYS; i++)
		v = tr_map_put(v, tr_int(i), tr_int(-i));
	assert_int_equal(tr_map_len(v), KEYS);
	for (int i = 0; i < KEYS; i++)
		assert_int_equal(tr_as_int(tr_map_get(v, tr_int(i)), 1), -i);
	for (int i = KEYS; i < 2 * KEYS; i++)
		assert_false(tr_is_valid(tr_map_get(v, tr_int(i))));
	tr_drop(v);
}

/* A copy has room for what is in it; it does not inherit room, else it would grow with every copy. */
static void copies_do_not_grow(void **state)
{
	tr_value map = tr_map();

	(void)state;
	for (int i = 0; i < 2000; i++) {
		tr_value before = tr_keep(map);
		map = tr_map_put(map, tr_int(i), tr_int(i));
		assert_true(tr_is_valid(map));
		tr_drop(before);
		map = tr_map_del(map, tr_int(i));
		assert_int_equal(tr_map_len(map), 0);
	}
	tr_drop(map);
}

static void put_copies_when_shared(void **state)
{
	tr_value inner = tr_string("inner");
	tr_value a = TR_DICT("x", tr_keep(inner), "y", tr_int(1));
	tr_value b = tr_map_put_s(tr_keep(a), "y", tr_int(2));
	tr_value c = tr_map_put_s(tr_keep(a), "z", tr_int(3));

	(void)state;
	assert_int_equal(tr_refcount(inner), 4);
	assert_shown(a, "{x: \"inner\", y: 1}");
	assert_shown(b, "{x: \"inner\", y: 2}");
	assert_shown(c, "{x: \"inner\", y: 1, z: 3}");
	tr_drop(a);
	tr_drop(b);
	tr_drop(c);
	assert_int_equal(tr_refcount(inner), 1);
	tr_drop(inner);
}

static tr_value numbered(int from, int to)
{
	tr_value v = tr_map();

	for (int i = from; i < to; i++)
		v = tr_map_put(v, tr_stringf("key %d", i), tr_int(i));
	return v;
}

static void check_numbered(tr_value v, int from, int to, int without)
{
	int at = 0;

	for (int i = from; i < to; i++) {
		char key[32];
		snprintf(key, sizeof(key), "key %d", i);
		assert_int_equal(tr_as_int(tr_map_get_s(v, key), -1), i == without ? -1 : i);
		if (i != without)
			assert_int_equal(tr_as_int(tr_map_entries(v)[at++].value, -1), i);
	}
	assert_int_equal(tr_map_len(v), at);
}

static void grows_and_keeps_order(void **state)
{
	(void)state;
	for (int n = 0; n < 200; n++) {
		tr_value v = numbered(0, n);
		check_numbered(v, 0, n, -1);
		tr_drop(v);
	}
	tr_value v = numbered(0, 100000);
	check_numbered(v, 0, 100000, -1);
	tr_drop(v);
}

static void deletes_any_entry(void **state)
{
	(void)state;
	for (int n = 1; n < 40; n++) {
		for (int gone = 0; gone < n; gone++) {
			tr_value key = tr_stringf("key %d", gone);
			tr_value all = numbered(0, n);
			tr_value shared = tr_map_del(tr_keep(all), key);
			check_numbered(all, 0, n, -1);
			check_numbered(shared, 0, n, gone);
			all = tr_map_del(all, key);
			check_numbered(all, 0, n, gone);
			assert_true(tr_equal(all, shared));
			all = tr_map_del(all, key);
			check_numbered(all, 0, n, gone);
			tr_drop(all);
			tr_drop(shared);
			tr_drop(key);
		}
	}
}

static void delete_with_the_entrys_own_key(void **state)
{
	tr_value v = numbered(0, 20);

	(void)state;
	while (tr_map_len(v) > 0)
		v = tr_map_del(v, tr_map_entries(v)[tr_map_len(v) / 2].key);
	assert_null(tr_map_entries(v));
	tr_drop(v);
}

/* A seeded run of puts and deletes beside a plain array that says what must be there. */
static void agrees_with_a_model(void **state)
{
	int model[64];
	uint32_t seed = 12345;
	tr_value v = tr_map();
	size_t live = 0;

	(void)state;
	for (int i = 0; i < 64; i++)
		model[i] = -1;
	for (int step = 0; step < 20000; step++) {
		seed = seed * 1664525u + 1013904223u;
		int k = (int)(seed >> 20) % 64;
		/* Phases that grow and phases that shrink. */
		if ((seed >> 8) % 16 < (step / 500 % 2 ? 6u : 10u)) {
			live += model[k] < 0;
			model[k] = step;
			v = tr_map_put(v, tr_int(k), tr_int(step));
		} else {
			live -= model[k] >= 0;
			model[k] = -1;
			v = tr_map_del(v, tr_int(k));
		}
		assert_int_equal(tr_map_len(v), live);
		assert_int_equal(tr_as_int(tr_map_get(v, tr_int(k)), -1), model[k]);
	}
	for (int k = 0; k < 64; k++)
		assert_int_equal(tr_as_int(tr_map_get(v, tr_int(k)), -1), model[k]);
	tr_drop(v);
}

static void any_kind_is_a_key(void **state)
{
	tr_value keys[] = {tr_nil(),
			   tr_bool(true),
			   tr_int(1),
			   tr_float(1),
			   TR_A(ok),
			   tr_string("ok"),
			   tr_binary("ok", 2),
			   TR_LIST(tr_int(1), tr_int(2)),
			   TR_DICT("a", tr_int(1)),
			   tr_pid_value((tr_pid){1}),
			   tr_ref_value((tr_ref){1}),
			   tr_float(0)};
	size_t n = sizeof(keys) / sizeof(keys[0]);
	tr_value v = tr_map();

	(void)state;
	for (size_t i = 0; i < n; i++)
		v = tr_map_put(v, tr_keep(keys[i]), tr_int((int64_t)i));
	assert_int_equal(tr_map_len(v), n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(tr_as_int(tr_map_get(v, keys[i]), -1), i);
	assert_int_equal(tr_as_int(tr_map_get(v, tr_float(-0.0)), -1), 11);
	tr_drop(v);
	for (size_t i = 0; i < n; i++)
		tr_drop(keys[i]);
}

static void deep_keys_are_refused(void **state)
{
	tr_value key = tr_array();

	(void)state;
	for (int i = 0; i < 7; i++)
		key = TR_LIST(key);
	tr_value v = tr_map_put(tr_map(), tr_keep(key), tr_nil());
	assert_true(tr_is_valid(v));
	assert_true(tr_is_nil(tr_map_get(v, key)));
	assert_err(tr_map_put(v, TR_LIST(key), tr_nil()), TR_EDEPTH);
}

static void merges(void **state)
{
	tr_value a = read_json("{\"a\":1,\"m\":{\"x\":1,\"y\":{\"p\":1}}}");
	tr_value b = read_json("{\"m\":{\"y\":{\"q\":2},\"z\":3},\"b\":2}");
	tr_value flat = tr_map_merge(tr_keep(a), tr_keep(b));
	tr_value deep = tr_map_merge_deep(tr_keep(a), tr_keep(b));

	(void)state;
	assert_shown(flat, "{a: 1, m: {y: {q: 2}, z: 3}, b: 2}");
	assert_shown(deep, "{a: 1, m: {x: 1, y: {p: 1, q: 2}, z: 3}, b: 2}");
	assert_shown(a, "{a: 1, m: {x: 1, y: {p: 1}}}");
	assert_shown(b, "{m: {y: {q: 2}, z: 3}, b: 2}");
	tr_drop(flat);
	tr_drop(deep);
	/* Now as the only holder, which may work in place. */
	deep = tr_map_merge_deep(a, b);
	assert_shown(deep, "{a: 1, m: {x: 1, y: {p: 1, q: 2}, z: 3}, b: 2}");
	tr_drop(deep);
	assert_err(tr_map_merge(tr_map(), tr_int(1)), TR_ETYPE);
	assert_err(tr_map_merge_deep(tr_invalid(TR_EIO), tr_map()), TR_EIO);
}

static void too_deep_a_merge_is_refused(void **state)
{
	tr_value a = tr_int(1), b = tr_int(2);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		a = TR_DICT("k", a);
		b = TR_DICT("k", b);
	}
	assert_err(tr_map_merge_deep(a, b), TR_EDEPTH);
}

static void a_map_like_another(void **state)
{
	tr_value shape = TR_DICT("a", tr_nil(), "b", tr_nil()), kept = tr_string("kept"), many = tr_map(), like;
	const tr_value good[] = {tr_int(1), tr_keep(kept)}, bad[] = {tr_keep(kept), tr_invalid(TR_ERANGE)};
	tr_value numbers[40];

	(void)state;
	like = map_like(shape, good);
	assert_shown(like, "{a: 1, b: \"kept\"}");
	assert_int_equal(tr_refcount(like), 1);
	tr_drop(like);
	assert_err(map_like(shape, bad), TR_ERANGE);
	assert_int_equal(tr_refcount(kept), 1);
	/* So many keys are found by an index. */
	for (int64_t i = 0; i < 40; i++) {
		many = tr_map_put(many, tr_int(i), tr_nil());
		numbers[i] = tr_int(100 + i);
	}
	like = map_like(many, numbers);
	for (int64_t i = 0; i < 40; i++)
		assert_int_equal(tr_as_int(tr_map_get(like, tr_int(i)), -1), 100 + i);
	assert_true(tr_is_nil(tr_map_get(many, tr_int(3))));
	tr_drop(like);
	tr_drop(many);
	tr_drop(shape);
	tr_drop(kept);
}

/* They are one value that nobody counts; whoever puts something in gets a map or an array of their own. */
static void empty_ones_stay_empty(void **state)
{
	tr_value map = tr_map_put_s(tr_map(), "a", tr_int(1)), array = tr_array_push(tr_array(), tr_int(1));

	(void)state;
	assert_int_equal(tr_map_len(tr_map()), 0);
	assert_int_equal(tr_array_len(tr_array()), 0);
	assert_ptr_equal(tr_map().as.box, tr_map().as.box);
	assert_int_equal(tr_map_len(map), 1);
	assert_int_equal(tr_array_len(array), 1);
	tr_drop(map);
	tr_drop(array);
}

static void paths(void **state)
{
	tr_value v = read_json("{\"error\":{\"kind\":{\"deep\":7}},\"n\":1}");

	(void)state;
	assert_int_equal(tr_as_int(TR_GET(v, "error", "kind", "deep"), 0), 7);
	assert_false(tr_is_valid(TR_GET(v, "error", "no", "deep")));
	assert_false(tr_is_valid(TR_GET(v, "n", "x")));
	tr_drop(v);
}

static void invalid_arguments_pass_through(void **state)
{
	tr_value kept = tr_string("kept");

	(void)state;
	assert_err(tr_map_put(tr_map(), tr_invalid(TR_EIO), tr_keep(kept)), TR_EIO);
	assert_err(tr_map_put(tr_map(), tr_keep(kept), tr_invalid(TR_EBUSY)), TR_EBUSY);
	assert_err(tr_map_put(tr_invalid(TR_ENOENT), tr_keep(kept), tr_keep(kept)), TR_ENOENT);
	assert_err(tr_map_put(tr_int(1), tr_keep(kept), tr_keep(kept)), TR_ETYPE);
	assert_err(tr_map_put_s(tr_map(), "k", tr_absent()), TR_EINVAL);
	assert_err(tr_map_put_s(tr_map(), "\xff", tr_nil()), TR_EENCODING);
	assert_err(TR_DICT("a", tr_keep(kept), "b", tr_invalid(TR_ERANGE), "c", tr_keep(kept)), TR_ERANGE);
	assert_err(tr_map_del(tr_keep(kept), kept), TR_ETYPE);
	assert_int_equal(tr_refcount(kept), 1);
	tr_drop(kept);
	assert_int_equal(tr_map_len(tr_int(1)), 0);
	assert_false(tr_is_valid(tr_map_get_s(tr_int(1), "a")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(literal_reads_back),
	    cmocka_unit_test(keys_of_equal_hashes_are_told_apart),
	    cmocka_unit_test(put_in_place_when_own),
	    cmocka_unit_test(copies_do_not_grow),
	    cmocka_unit_test(put_copies_when_shared),
	    cmocka_unit_test(grows_and_keeps_order),
	    cmocka_unit_test(deletes_any_entry),
	    cmocka_unit_test(delete_with_the_entrys_own_key),
	    cmocka_unit_test(agrees_with_a_model),
	    cmocka_unit_test(any_kind_is_a_key),
	    cmocka_unit_test(deep_keys_are_refused),
	    cmocka_unit_test(merges),
	    cmocka_unit_test(too_deep_a_merge_is_refused),
	    cmocka_unit_test(a_map_like_another),
	    cmocka_unit_test(empty_ones_stay_empty),
	    cmocka_unit_test(paths),
	    cmocka_unit_test(invalid_arguments_pass_through),
	};

	return RUN_LEAK_CHECKED(tests);
}
