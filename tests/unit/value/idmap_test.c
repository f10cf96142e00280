/* SPDX-License-Identifier: Apache-2.0 */
/* The table from ids to pointers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/value/idmap.h"

/* Numbers in a row, and such that differ in their upper bits alone. */
static uint64_t id_of(size_t k, unsigned spread)
{
	return (uint64_t)k << spread;
}

/* Against a plain array: the same after a long random life. */
static void live(unsigned spread)
{
	enum {
		KEYS = 500
	};
	static uint32_t things[KEYS];
	void *twin[KEYS + 1] = {NULL};
	idmap t = {0};
	uint64_t seed = 12345, key;

	for (int i = 0; i < 20000; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
		size_t k = (size_t)(seed >> 33) % KEYS + 1;
		if ((seed >> 20) % 3 != 0) {
			assert_int_equal(idmap_put(&t, id_of(k, spread), &things[k - 1]), TR_OK);
			twin[k] = &things[k - 1];
		} else {
			assert_ptr_equal(idmap_del(&t, id_of(k, spread)), twin[k]);
			twin[k] = NULL;
		}
		if (i % 1000 == 0)
			for (size_t j = 1; j <= KEYS; j++)
				assert_ptr_equal(idmap_get(&t, id_of(j, spread)), twin[j]);
	}
	size_t left = 0;
	for (size_t j = 1; j <= KEYS; j++)
		left += twin[j] != NULL;
	assert_int_equal(idmap_count(&t), left);
	while (idmap_any(&t, &key) != NULL)
		idmap_del(&t, key);
	assert_int_equal(idmap_count(&t), 0);
	assert_int_equal(idmap_put(&t, 0, things), TR_EINVAL);
	idmap_fini(&t);
}

static void it_keeps_its_promises(void **state)
{
	(void)state;
	live(0);
	live(40);
	live(54);
}

/* How far each id is from where it was to be. */
static uint64_t steps(const idmap *t, unsigned spread, size_t count)
{
	uint64_t run = 0, longest = 0;

	for (uint32_t i = 0; i < idmap_capacity(t); i++) {
		run = ((const struct idmap_slot *)t->at)[i].id != 0 ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	for (size_t k = 1; k <= count; k++)
		assert_non_null(idmap_get(t, id_of(k, spread)));
	return longest;
}

static void ids_of_a_pattern_do_not_meet(void **state)
{
	enum {
		COUNT = 3000
	};

	(void)state;
	for (unsigned spread = 0; spread <= 48; spread += 8) {
		idmap t = {0};

		for (size_t k = 1; k <= COUNT; k++)
			assert_int_equal(idmap_put(&t, id_of(k, spread), &t), TR_OK);
		assert_true(steps(&t, spread, COUNT) < COUNT / 4);
		idmap_fini(&t);
	}
}

/* A table that was large and is empty again holds nothing. */
static void memory_comes_back(void **state)
{
	idmap t = {0};

	(void)state;
	for (uint64_t i = 1; i <= 1000; i++)
		assert_int_equal(idmap_put(&t, i, &t), TR_OK);
	assert_true(idmap_capacity(&t) >= 1024);
	for (uint64_t i = 1; i < 1000; i++)
		assert_ptr_equal(idmap_del(&t, i), &t);
	assert_true(idmap_capacity(&t) <= 64);
	assert_ptr_equal(idmap_get(&t, 1000), &t);
	assert_ptr_equal(idmap_del(&t, 1000), &t);
	assert_int_equal(t.at, 0);
	assert_null(idmap_del(&t, 1000));
}

/* One thing at a time costs nothing; more than one, or a pointer that leaves no bit free, costs a table. */
static void an_only_entry_needs_no_memory(void **state)
{
	uint32_t things[3];
	uint32_t place = 0;
	uint64_t id = 0;
	idmap t = {0};

	(void)state;
	for (uint64_t i = 1; i <= 10; i++) {
		assert_int_equal(idmap_put(&t, i, &things[0]), TR_OK);
		assert_int_equal(idmap_put(&t, i, &things[1]), TR_OK); /* replaced */
		assert_int_equal(idmap_count(&t), 1);
		assert_int_equal(idmap_capacity(&t), 0);
		assert_null(idmap_get(&t, i + 1));
		assert_null(idmap_get(&t, 0));
		assert_null(idmap_del(&t, i + 1));
		assert_ptr_equal(idmap_get(&t, i), &things[1]);
		assert_ptr_equal(idmap_del(&t, i), &things[1]);
		assert_int_equal(idmap_count(&t), 0);
		assert_null(idmap_any(&t, &id));
	}
	assert_int_equal(idmap_put(&t, 7, NULL), TR_EINVAL);
	assert_int_equal(idmap_put(&t, 7, &things[0]), TR_OK);
	assert_ptr_equal(idmap_next(&t, &place, &id), &things[0]);
	assert_int_equal(id, 7);
	assert_null(idmap_next(&t, &place, &id));
	assert_int_equal(idmap_put(&t, 8, &things[2]), TR_OK);
	assert_int_equal(idmap_count(&t), 2);
	assert_ptr_equal(idmap_get(&t, 7), &things[0]);
	assert_ptr_equal(idmap_get(&t, 8), &things[2]);
	idmap_fini(&t);

	char *odd = (char *)&things[0] + 1;
	assert_int_equal(idmap_put(&t, 7, &things[0]), TR_OK);
	assert_int_equal(idmap_put(&t, 7, odd), TR_OK);
	assert_int_equal(idmap_count(&t), 1);
	assert_ptr_equal(idmap_get(&t, 7), odd);
	assert_ptr_equal(idmap_del(&t, 7), odd);
	idmap_fini(&t);
	assert_int_equal(idmap_put(&t, 7, odd), TR_OK);
	assert_ptr_equal(idmap_any(&t, &id), odd);
	idmap_fini(&t);
}

/* Each entry once, whatever the size. */
static void all_are_walked(void **state)
{
	static uint32_t things[100];

	(void)state;
	for (size_t n = 0; n <= 100; n++) {
		idmap t = {0};
		uint32_t place = 0;
		uint64_t id = 0, sum = 0;
		size_t seen = 0;
		void *p;

		for (size_t i = 1; i <= n; i++)
			assert_int_equal(idmap_put(&t, i, &things[i - 1]), TR_OK);
		while ((p = idmap_next(&t, &place, &id)) != NULL) {
			assert_ptr_equal(p, &things[id - 1]);
			sum += id;
			seen++;
		}
		assert_int_equal(seen, n);
		assert_int_equal(sum, n * (n + 1) / 2);
		idmap_fini(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_keeps_its_promises), cmocka_unit_test(ids_of_a_pattern_do_not_meet),
	    cmocka_unit_test(memory_comes_back),     cmocka_unit_test(an_only_entry_needs_no_memory),
	    cmocka_unit_test(all_are_walked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
