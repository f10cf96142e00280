/* SPDX-License-Identifier: Apache-2.0 */
/* A signal that is delivered twice is one request; a later one is impatience. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/patience.h"

static void a_double_delivery_is_one_request(void **state)
{
	patience p = {0};

	(void)state;
	assert_int_equal(patience_signal(&p, 1000), PATIENCE_ASKED);
	assert_int_equal(patience_signal(&p, 1000), PATIENCE_SAME);
	assert_int_equal(patience_signal(&p, 1000 + PATIENCE_SAME_NS - 1), PATIENCE_SAME);
}

static void a_later_one_is_impatience(void **state)
{
	patience p = {0};

	(void)state;
	assert_int_equal(patience_signal(&p, -5), PATIENCE_ASKED);
	assert_int_equal(patience_signal(&p, -5 + PATIENCE_SAME_NS), PATIENCE_OVER);
}

/* Who keeps pressing does not begin anew each time. */
static void the_first_one_counts(void **state)
{
	patience p = {0};

	(void)state;
	assert_int_equal(patience_signal(&p, 0), PATIENCE_ASKED);
	assert_int_equal(patience_signal(&p, PATIENCE_SAME_NS / 2), PATIENCE_SAME);
	assert_int_equal(patience_signal(&p, PATIENCE_SAME_NS), PATIENCE_OVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_double_delivery_is_one_request),
	    cmocka_unit_test(a_later_one_is_impatience),
	    cmocka_unit_test(the_first_one_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
