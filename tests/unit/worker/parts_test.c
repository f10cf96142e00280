/* SPDX-License-Identifier: Apache-2.0 */
/** The pure parts of the data plane: retry arithmetic, reducers, loop sources, results in order, dotted keys. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/worker/loop_source.h"
#include "actors/worker/path.h"
#include "actors/worker/results.h"
#include "actors/worker/retry.h"
#include "actors/worker/run_table.h"
#include "controllers_kit.h"

#include <math.h>
#include <troupe/actor.h>
#include <troupe/codec.h>

static tr_value json(const char *text)
{
	return tr_json_read(tr_s(text), NULL, NULL);
}

static void assert_json(tr_value v, const char *text)
{
	tr_value expected = json(text);
	assert_true(tr_is_valid(expected));
	tr_buf shown = {0};
	tr_show(&shown, v, 500);
	if (!tr_equal(v, expected))
		fail_msg("%s is not %s", shown.p, text);
	tr_buf_fini(&shown);
	tr_drop(expected);
}

static void retry_jitter_stays_within_its_fraction_and_below_the_cap(void **state)
{
	(void)state;
	retry_terms t = {.delay = 10, .jitter = 0.2, .backoff = PB_BACKOFF_FIXED};
	assert_int_equal(retry_delay_ns(&t, 1, 0), 8 * TR_SECOND);
	assert_int_equal(retry_delay_ns(&t, 1, UINT64_C(1) << 63), 10 * TR_SECOND);
	assert_true(retry_delay_ns(&t, 1, UINT64_MAX) > 11 * TR_SECOND);
	assert_true(retry_delay_ns(&t, 1, UINT64_MAX) <= 12 * TR_SECOND);
	t.max_delay = 11;
	assert_int_equal(retry_delay_ns(&t, 1, UINT64_MAX), 11 * TR_SECOND);
}

static void retry_delays_are_never_negative_or_endless(void **state)
{
	(void)state;
	retry_terms t = {.delay = -5};
	assert_int_equal(retry_delay_ns(&t, 1, 0), 0);
	t.delay = NAN;
	assert_int_equal(retry_delay_ns(&t, 1, 0), 0);
	t = (retry_terms){.delay = 1e300, .backoff = PB_BACKOFF_EXPONENTIAL};
	int64_t longest = retry_delay_ns(&t, 4000000000u, 0);
	assert_true(longest > 0 && longest <= INT64_C(365) * 86400 * TR_SECOND);
}

static tr_value reduced(pb_reducer r, const char *have, const char *value)
{
	return shared_reduce(r, have != NULL ? json(have) : tr_absent(), json(value));
}

static void reducers_do_as_they_are_called(void **state)
{
	(void)state;
	static const struct {
		pb_reducer r;
		const char *have, *value, *expected;
	} rows[] = {
	    {PB_REDUCE_ADD, NULL, "2", "2"},
	    {PB_REDUCE_ADD, "3", "2", "5"},
	    {PB_REDUCE_ADD, "3", "0.5", "3.5"},
	    {PB_REDUCE_APPEND, NULL, "1", "[1]"},
	    {PB_REDUCE_APPEND, "[1]", "[2]", "[1, [2]]"},
	    {PB_REDUCE_MAX, "3", "7", "7"},
	    {PB_REDUCE_MAX, "3", "2.5", "3"},
	    {PB_REDUCE_MIN, "3", "2.5", "2.5"},
	    {PB_REDUCE_MIN, "\"b\"", "\"a\"", "\"a\""},
	    {PB_REDUCE_FIRST, "1", "2", "1"},
	    {PB_REDUCE_FIRST, NULL, "2", "2"},
	    {PB_REDUCE_LAST, "1", "2", "2"},
	    {PB_REDUCE_MERGE, "{\"a\": {\"x\": 1}}", "{\"a\": {\"y\": 2}}", "{\"a\": {\"x\": 1, \"y\": 2}}"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		tr_value v = reduced(rows[i].r, rows[i].have, rows[i].value);
		assert_json(v, rows[i].expected);
		tr_drop(v);
	}
}

static void reducers_refuse_what_does_not_go_together(void **state)
{
	(void)state;
	assert_int_equal(tr_value_err(reduced(PB_REDUCE_ADD, "\"x\"", "2")), TR_ETYPE);
	assert_int_equal(tr_value_err(reduced(PB_REDUCE_APPEND, "1", "2")), TR_ETYPE);
	assert_int_equal(tr_value_err(reduced(PB_REDUCE_MAX, "1", "\"a\"")), TR_ETYPE);
	assert_int_equal(tr_value_err(reduced(PB_REDUCE_MERGE, "[1]", "{}")), TR_ETYPE);
	assert_false(shared_suits(PB_REDUCE_ADD, tr_nil()));
	assert_true(shared_suits(PB_REDUCE_APPEND, tr_nil()));
}

static void adding_beyond_64_bits_becomes_a_float(void **state)
{
	(void)state;
	tr_value v = shared_reduce(PB_REDUCE_ADD, tr_int(INT64_MAX), tr_int(1));
	assert_true(tr_is(v, TR_FLOAT));
}

static void a_loop_goes_over_lists_mappings_numbers_and_null(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		int64_t count;
		const char *second;
	} rows[] = {{"[5, 6]", 2, "6"}, {"{\"a\": 1, \"b\": 2}", 2, "[\"b\", 2]"},
		    {"3", 3, "1"},      {"null", 0, NULL},
		    {"-4", 0, NULL},    {"[]", 0, NULL}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		loop_source s;
		assert_true(loop_source_init(&s, json(rows[i].in)));
		assert_int_equal(s.count, rows[i].count);
		if (rows[i].second != NULL) {
			tr_value v = loop_source_at(&s, 1);
			assert_json(v, rows[i].second);
			tr_drop(v);
		}
		loop_source_fini(&s);
	}
	loop_source s;
	assert_false(loop_source_init(&s, json("\"text\"")));
}

static const refs_origin origin_text = {1, {"s", 1}, {"s", 1}, NULL};

/* A table, and where results come from that are asked for there. Drop it. */
static tr_value results_begin(results *r)
{
	tr_value table = controllers_table(), error = tr_absent();
	refs_origin origin = origin_text;
	origin.pures = pure_table_of(table);
	assert_true(results_init(r, &origin, &error));
	return table;
}

static tr_value results_list(results *r)
{
	tr_value error = tr_absent(), all = results_take(r, &error);
	assert_true(tr_is_valid(all));
	tr_value list = tr_keep(tr_map_get_s(all, "results"));
	tr_drop(all);
	return list;
}

static tr_value append_one(int64_t v)
{
	return TR_LIST(TR_LIST(tr_string("all"), tr_int(PB_REDUCE_APPEND), tr_int(v)));
}

static void results_and_shared_writes_come_out_in_index_order(void **state)
{
	(void)state;
	static const int64_t order[] = {3, 0, 4, 2, 1};
	results r;
	tr_value table = results_begin(&r);
	for (size_t i = 0; i < 5; i++) {
		int64_t index = order[i];
		assert_int_equal(
		    results_add(&r, index, true, tr_int(index * 10), tr_nil(), append_one(index), tr_nil()), TR_OK);
	}
	tr_value vars = shared_into(&r.shared, tr_map());
	assert_json(vars, "{\"all\": [0, 1, 2, 3, 4]}");
	tr_value list = results_list(&r);
	assert_json(list, "[0, 10, 20, 30, 40]");
	tr_drop(vars);
	tr_drop(list);
	results_fini(&r);
	tr_drop(table);
}

static void results_count_and_list_failures(void **state)
{
	(void)state;
	results r;
	tr_value table = results_begin(&r);
	results_add(&r, 1, false, tr_nil(), json("{\"kind\": \"x\"}"), tr_nil(), tr_nil());
	results_add(&r, 0, true, tr_int(1), tr_nil(), tr_nil(), tr_nil());
	tr_value stats = results_stats(&r);
	assert_json(stats, "{\"total\": 2, \"success\": 1, \"failed\": 1, \"failures\": [{\"index\": 1, \"error\": "
			   "{\"kind\": \"x\"}}]}");
	tr_drop(stats);
	tr_value list = results_list(&r);
	assert_json(list, "[1, {\"status\": \"error\", \"error\": {\"kind\": \"x\"}}]");
	tr_drop(list);
	assert_int_equal(results_add(&r, 0, true, tr_int(1), tr_nil(), tr_nil(), tr_nil()), TR_EEXIST);
	results_fini(&r);
	tr_drop(table);
}

static void results_far_out_of_order_are_kept(void **state)
{
	(void)state;
	results r;
	tr_value table = results_begin(&r);
	for (int64_t i = 9999; i >= 0; i--)
		assert_int_equal(results_add(&r, i, true, tr_int(i), tr_nil(), tr_nil(), tr_nil()), TR_OK);
	tr_value list = results_list(&r);
	assert_int_equal(tr_array_len(list), 10000);
	for (size_t i = 0; i < 10000; i++)
		assert_int_equal(tr_as_int(tr_array_at(list, i), -1), i);
	tr_drop(list);
	results_fini(&r);
	tr_drop(table);
}

static void dotted_keys_make_their_way(void **state)
{
	(void)state;
	tr_value v = path_put(tr_map(), tr_s("a.b.c"), tr_int(1));
	v = path_put(v, tr_s("a.d"), tr_int(2));
	v = path_put(v, tr_s("x"), tr_int(3));
	assert_json(v, "{\"a\": {\"b\": {\"c\": 1}, \"d\": 2}, \"x\": 3}");
	assert_int_equal(tr_as_int(path_get(v, tr_s("a.b.c")), 0), 1);
	assert_false(tr_is_valid(path_get(v, tr_s("x.y"))));
	assert_false(tr_is_valid(path_get(v, tr_s("a.q"))));
	v = path_put(v, tr_s("x.y"), tr_int(4));
	assert_json(tr_map_get_s(v, "x"), "{\"y\": 4}");
	tr_drop(v);
}

static void runs_are_found_by_number_and_by_pid(void **state)
{
	(void)state;
	run_table t = {0};
	for (uint64_t i = 1; i <= 1000; i++) {
		run_entry e = {.execution_id = (int64_t)(i % 7), .step_run_id = i, .pid = {i * 3}};
		assert_non_null(run_table_add(&t, &e));
	}
	for (uint64_t i = 1; i <= 1000; i += 2)
		run_table_remove(&t, run_table_of_pid(&t, (tr_pid){i * 3}));
	assert_int_equal(t.count, 500);
	assert_null(run_table_find(&t, 1 % 7, 1));
	run_entry *e = run_table_find(&t, 500 % 7, 500);
	assert_non_null(e);
	assert_int_equal(e->pid.bits, 1500);
	run_table_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(retry_jitter_stays_within_its_fraction_and_below_the_cap),
	    cmocka_unit_test(retry_delays_are_never_negative_or_endless),
	    cmocka_unit_test(reducers_do_as_they_are_called),
	    cmocka_unit_test(reducers_refuse_what_does_not_go_together),
	    cmocka_unit_test(adding_beyond_64_bits_becomes_a_float),
	    cmocka_unit_test(a_loop_goes_over_lists_mappings_numbers_and_null),
	    cmocka_unit_test(results_and_shared_writes_come_out_in_index_order),
	    cmocka_unit_test(results_count_and_list_failures),
	    cmocka_unit_test(results_far_out_of_order_are_kept),
	    cmocka_unit_test(dotted_keys_make_their_way),
	    cmocka_unit_test(runs_are_found_by_number_and_by_pid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
