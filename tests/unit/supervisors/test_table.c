/* SPDX-License-Identifier: Apache-2.0 */
/* The table of children: equal keys, removal in the middle of probes, agreement with a naive twin. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "supervisors/table.h"

/* The table never looks inside a child: addresses of bytes will do. */
static char places[512];

static struct child *place(size_t i)
{
	return (struct child *)(void *)&places[i];
}

static bool is_the(const struct child *child, const void *arg)
{
	return (const void *)child == arg;
}

static void empty_table_has_nobody(void **state)
{
	struct table t = {0};

	(void)state;
	assert_null(table_find(&t, 1, NULL, NULL));
	assert_false(table_remove(&t, 1, place(0)));
	table_fini(&t);
}

static void equal_keys_are_told_apart(void **state)
{
	struct table t = {0};

	(void)state;
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(table_put(&t, 99, place(i)), TR_OK);
	assert_ptr_equal(table_find(&t, 99, is_the, place(13)), place(13));
	assert_true(table_remove(&t, 99, place(13)));
	assert_null(table_find(&t, 99, is_the, place(13)));
	assert_false(table_remove(&t, 99, place(13)));
	for (size_t i = 0; i < 20; i++) {
		if (i != 13)
			assert_ptr_equal(table_find(&t, 99, is_the, place(i)), place(i));
	}
	table_fini(&t);
}

static void agrees_with_a_naive_twin(void **state)
{
	static uint64_t key_of[sizeof(places)];
	static bool there[sizeof(places)];
	struct table t = {0};
	size_t count = 0;

	(void)state;
	srand(11);
	for (int step = 0; step < 200000; step++) {
		size_t i = (size_t)rand() % sizeof(places);
		if (there[i]) {
			assert_true(table_remove(&t, key_of[i], place(i)));
			count--;
		} else {
			key_of[i] = (uint64_t)(rand() % 300);
			assert_int_equal(table_put(&t, key_of[i], place(i)), TR_OK);
			count++;
		}
		there[i] = !there[i];
		size_t j = (size_t)rand() % sizeof(places);
		struct child *found = table_find(&t, key_of[j], is_the, place(j));
		assert_ptr_equal(found, there[j] ? place(j) : NULL);
		assert_int_equal(t.count, count);
	}
	table_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(empty_table_has_nobody),
	    cmocka_unit_test(equal_keys_are_told_apart),
	    cmocka_unit_test(agrees_with_a_naive_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
