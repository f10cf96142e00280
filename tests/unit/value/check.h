/* SPDX-License-Identifier: Apache-2.0 */
/* What every test of the values includes. */
#ifndef TEST_VALUE_CHECK_H
#define TEST_VALUE_CHECK_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <troupe/codec.h>
#include <troupe/testing.h>

/* Borrows v. */
#define assert_shown(v, expected)                                       \
	do {                                                            \
		tr_buf shown_ = {0};                                    \
		tr_show(&shown_, (v), 10000);                           \
		assert_string_equal(tr_buf_str(&shown_).p, (expected)); \
		tr_buf_fini(&shown_);                                   \
	} while (0)

#define assert_err(v, expected)                                                              \
	do {                                                                                 \
		tr_value bad_ = (v);                                                         \
		assert_false(tr_is_valid(bad_));                                             \
		assert_string_equal(tr_err_name(tr_value_err(bad_)), tr_err_name(expected)); \
	} while (0)

static inline tr_value read_json(const char *text)
{
	tr_decode_error error;
	tr_value v = tr_json_read(tr_s(text), NULL, &error);

	if (!tr_is_valid(v))
		fail_msg("%s: %s at %zu", text, error.message, error.offset);
	return v;
}

/* Group set-up and tear-down that find leaks: every block allocated in the group must be freed in it. */
static inline int count_blocks(void **state)
{
	(void)state;
	tr_test_live_blocks();
	return 0;
}

static inline int no_blocks_left(void **state)
{
	(void)state;
	if (tr_test_live_blocks() != 0)
		print_error("%lld blocks were not freed\n", (long long)tr_test_live_blocks());
	return tr_test_live_blocks() == 0 ? 0 : -1;
}

#define RUN_LEAK_CHECKED(tests) cmocka_run_group_tests(tests, count_blocks, no_blocks_left)

#endif
