/* SPDX-License-Identifier: Apache-2.0 */
/* The decisions that need no actor: every cell. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "supervisors/decide.h"

static void reasons_have_classes(void **state)
{
	(void)state;
	tr_value pair = TR_LIST(TR_A(shutdown), tr_string("because"));
	tr_value triple = TR_LIST(TR_A(shutdown), tr_int(1), tr_int(2));
	tr_value text = tr_string("shutdown");

	assert_int_equal(reason_classify(TR_A(normal)), REASON_NORMAL);
	assert_int_equal(reason_classify(TR_A(shutdown)), REASON_SHUTDOWN);
	assert_int_equal(reason_classify(pair), REASON_SHUTDOWN);
	assert_int_equal(reason_classify(triple), REASON_ABNORMAL);
	assert_int_equal(reason_classify(text), REASON_ABNORMAL);
	assert_int_equal(reason_classify(TR_A(kill)), REASON_ABNORMAL);
	assert_int_equal(reason_classify(TR_A(killed)), REASON_ABNORMAL);
	tr_drop(pair);
	tr_drop(triple);
	tr_drop(text);
}

static void every_restart_type_by_every_reason(void **state)
{
	static const enum verdict want[3][REASON_CLASSES] = {
	    [TR_PERMANENT] = {VERDICT_RESTART, VERDICT_RESTART, VERDICT_RESTART},
	    [TR_TRANSIENT] = {VERDICT_KEEP, VERDICT_KEEP, VERDICT_RESTART},
	    [TR_TEMPORARY] = {VERDICT_FORGET, VERDICT_FORGET, VERDICT_FORGET},
	};
	static const bool reported[3][REASON_CLASSES] = {
	    [TR_PERMANENT] = {true, true, true},
	    [TR_TRANSIENT] = {false, false, true},
	    [TR_TEMPORARY] = {false, false, true},
	};

	(void)state;
	for (int type = 0; type < 3; type++) {
		for (int reason = 0; reason < REASON_CLASSES; reason++) {
			assert_int_equal(decide_exit((tr_restart)type, (enum reason_class)reason), want[type][reason]);
			assert_int_equal(decide_report_exit((tr_restart)type, (enum reason_class)reason),
					 reported[type][reason]);
		}
	}
}

static void stops_that_are_reported(void **state)
{
	tr_value pair = TR_LIST(TR_A(shutdown), tr_int(1));

	(void)state;
	assert_false(decide_report_stop(TR_PERMANENT, false, TR_A(shutdown)));
	assert_true(decide_report_stop(TR_PERMANENT, false, TR_A(normal)));
	assert_true(decide_report_stop(TR_PERMANENT, false, pair));
	assert_false(decide_report_stop(TR_TRANSIENT, false, TR_A(normal)));
	assert_false(decide_report_stop(TR_TEMPORARY, false, pair));
	assert_true(decide_report_stop(TR_TEMPORARY, false, TR_A(killed)));
	assert_false(decide_report_stop(TR_PERMANENT, true, TR_A(killed)));
	assert_true(decide_report_stop(TR_PERMANENT, true, TR_A(shutdown)));
	assert_false(decide_report_stop(TR_TRANSIENT, true, TR_A(shutdown)));
	tr_drop(pair);
}

static void significant_children_end_the_supervisor(void **state)
{
	(void)state;
	assert_false(decide_auto_shutdown(TR_AUTO_NEVER, true, 0));
	assert_false(decide_auto_shutdown(TR_AUTO_ANY_SIGNIFICANT, false, 0));
	assert_true(decide_auto_shutdown(TR_AUTO_ANY_SIGNIFICANT, true, 3));
	assert_false(decide_auto_shutdown(TR_AUTO_ALL_SIGNIFICANT, true, 1));
	assert_true(decide_auto_shutdown(TR_AUTO_ALL_SIGNIFICANT, true, 0));
	assert_false(decide_auto_shutdown(TR_AUTO_ALL_SIGNIFICANT, false, 0));
}

static void backoff_doubles_up_to_its_bound(void **state)
{
	(void)state;
	assert_int_equal(decide_backoff(0, 0, 5, 0), 0);
	for (uint32_t n = 1; n < 100; n++) {
		int64_t whole = n < 11 ? INT64_C(10) << (n - 1) : 10000;
		if (whole > 10000)
			whole = 10000;
		assert_int_equal(decide_backoff(10, 10000, n, 0), whole);
		for (uint64_t jitter = 1; jitter < 5000; jitter += 7) {
			int64_t delay = decide_backoff(10, 10000, n, jitter);
			assert_true(delay <= whole && delay >= whole - whole / 4);
		}
	}
	assert_int_equal(decide_backoff(TR_SECOND, 0, 60, 0), 30 * TR_SECOND);
	assert_int_equal(decide_backoff(INT64_MAX / 2, INT64_MAX, 60, 0), INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reasons_have_classes),
	    cmocka_unit_test(every_restart_type_by_every_reason),
	    cmocka_unit_test(stops_that_are_reported),
	    cmocka_unit_test(significant_children_end_the_supervisor),
	    cmocka_unit_test(backoff_doubles_up_to_its_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
