/* SPDX-License-Identifier: Apache-2.0 */
/* Atoms, also from many threads at once. */
#include <pthread.h>

#include "check.h"

static void fixed_atoms_have_their_numbers(void **state)
{
	(void)state;
#define X(name)                                                    \
	do {                                                       \
		tr_value v_ = tr_atom(tr_as_cstr(TR_A(name), "")); \
		assert_int_equal(v_.as.bits, TR_ATOM_##name);      \
		assert_true(TR_IS_A(v_, name));                    \
	} while (0);
	TR_ATOMS(X)
#undef X
	assert_string_equal(tr_as_cstr(TR_A(ok), ""), "ok");
	assert_string_equal(tr_as_cstr(TR_A(true_), ""), "true");
	assert_string_equal(tr_as_cstr(TR_A(continue_), ""), "continue");
	assert_string_equal(tr_as_cstr(TR_A(down), ""), "DOWN");
	assert_string_equal(tr_as_cstr(TR_A(exit), ""), "EXIT");
	assert_string_equal(tr_as_cstr(TR_A(one_for_one), ""), "one_for_one");
	assert_int_equal(TR_ATOM_ok, 1);
}

static void same_name_same_bits(void **state)
{
	tr_value a = tr_atom("a_name_of_this_test"), b = tr_atom_n("a_name_of_this_test!", 19);

	(void)state;
	assert_int_equal(a.as.bits, b.as.bits);
	assert_true(a.as.bits >= TR_ATOM_FIXED_END);
	assert_true(tr_equal(a, b));
	assert_false(tr_equal(a, tr_atom("another")));
	tr_value s = tr_string("a_name_of_this_test");
	assert_false(tr_equal(a, s));
	tr_drop(s);
}

static void names_are_bounded(void **state)
{
	char name[257];

	(void)state;
	memset(name, 'x', sizeof(name));
	assert_true(tr_is_valid(tr_atom_n(name, 255)));
	assert_err(tr_atom_n(name, 256), TR_EFULL);
	assert_err(tr_atom(NULL), TR_EINVAL);
	assert_err(tr_atom("\xff"), TR_EENCODING);
	assert_err(tr_atom_n("a\0b", 3), TR_EENCODING);
	assert_string_equal(tr_as_cstr(tr_atom(""), "no"), "");
	/* A number that was never given out has no text, and is no way into memory. */
	assert_int_equal(tr_as_str(tr_value_make(TR_ATOM, 0, UINT64_MAX)).n, 0);
	assert_int_equal(tr_as_str(tr_value_make(TR_ATOM, 0, 900000)).n, 0);
}

static void without_memory(void **state)
{
	bool worked = false;

	(void)state;
	for (int n = 0; !worked; n++) {
		tr_test_fail_alloc(n);
		tr_value v = tr_atom("an atom for which there is no memory at first");
		worked = !tr_test_alloc_failed();
		tr_test_fail_alloc(-1);
		if (!worked)
			assert_err(v, TR_ENOMEM);
		else
			assert_true(tr_is_valid(v));
	}
}

enum {
	THREADS = 4,
	NAMES = 5000
};
static uint64_t seen[THREADS][NAMES];

static void *intern(void *arg)
{
	uint64_t *mine = arg;

	for (int i = 0; i < NAMES; i++) {
		char name[32];
		snprintf(name, sizeof(name), "atom number %d", i);
		tr_value v = tr_atom(name);
		if (!tr_str_is(tr_as_str(v), name))
			return arg;
		mine[i] = v.as.bits;
	}
	return NULL;
}

static void threads_agree(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, intern, seen[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		void *failed;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	for (int i = 1; i < THREADS; i++)
		assert_memory_equal(seen[i], seen[0], sizeof(seen[0]));
	for (int i = 1; i < NAMES; i++)
		assert_true(seen[0][i] != seen[0][i - 1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fixed_atoms_have_their_numbers),
	    cmocka_unit_test(same_name_same_bits),
	    cmocka_unit_test(names_are_bounded),
	    cmocka_unit_test(without_memory),
	    cmocka_unit_test(threads_agree),
	};

	return RUN_LEAK_CHECKED(tests);
}
