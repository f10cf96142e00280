/* SPDX-License-Identifier: Apache-2.0 */
/* Restart intensity: the boundaries in number and time, and agreement with a naive twin. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "supervisors/intensity.h"

static void none_allowed(void **state)
{
	struct intensity in;

	(void)state;
	intensity_init(&in, 0, 1000);
	assert_int_equal(intensity_add(&in, 5), INTENSITY_REACHED);
	intensity_fini(&in);
}

static void as_many_as_allowed_and_no_more(void **state)
{
	(void)state;
	for (uint32_t limit = 1; limit < 70; limit++) {
		struct intensity in;
		intensity_init(&in, limit, 1000);
		for (uint32_t i = 0; i < limit; i++)
			assert_int_equal(intensity_add(&in, 7), INTENSITY_OK);
		assert_int_equal(intensity_add(&in, 7), INTENSITY_REACHED);
		intensity_fini(&in);
	}
}

static void exactly_a_period_old_still_counts(void **state)
{
	struct intensity in;

	(void)state;
	intensity_init(&in, 1, 1000);
	assert_int_equal(intensity_add(&in, 0), INTENSITY_OK);
	assert_int_equal(intensity_add(&in, 1000), INTENSITY_REACHED);
	assert_int_equal(intensity_add(&in, 1001), INTENSITY_OK);
	assert_int_equal(in.count, 1);
	intensity_fini(&in);
}

/* The stamps of all restarts; the k-th is too much when more than `limit` lie within the period. */
static bool naive_reached(const int64_t *stamps, size_t n, int64_t now, uint32_t limit, int64_t period)
{
	size_t within = 0;

	for (size_t i = 0; i < n; i++)
		within += now - stamps[i] <= period;
	return within + 1 > limit;
}

static void agrees_with_a_naive_twin(void **state)
{
	static int64_t stamps[2000];

	(void)state;
	srand(7);
	for (int round = 0; round < 20; round++) {
		uint32_t limit = (uint32_t)(rand() % 40) + 1;
		struct intensity in;
		size_t n = 0;
		int64_t now = 0;
		intensity_init(&in, limit, 100);
		for (int i = 0; i < 2000; i++) {
			now += rand() % 10;
			bool reached = naive_reached(stamps, n, now, limit, 100);
			assert_int_equal(intensity_add(&in, now), reached ? INTENSITY_REACHED : INTENSITY_OK);
			if (!reached)
				stamps[n++] = now;
		}
		intensity_fini(&in);
	}
}

static void memory_follows_use_not_the_limit(void **state)
{
	struct intensity in;

	(void)state;
	intensity_init(&in, UINT32_MAX, 1);
	for (int64_t now = 0; now < 100000; now += 2)
		assert_int_equal(intensity_add(&in, now), INTENSITY_OK);
	assert_true(in.cap <= 8);
	intensity_fini(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(none_allowed),
	    cmocka_unit_test(as_many_as_allowed_and_no_more),
	    cmocka_unit_test(exactly_a_period_old_still_counts),
	    cmocka_unit_test(agrees_with_a_naive_twin),
	    cmocka_unit_test(memory_follows_use_not_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
