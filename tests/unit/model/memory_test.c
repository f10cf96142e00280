/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of a load fails once: no crash, no leak, and never a playbook that is not whole. */
#include "model_kit.h"
#include "sample.h"
#include <troupe/testing.h>

static void every_allocation_may_fail(void **state)
{
	(void)state;
	playbook *whole = load_with(sample, NULL, -1);
	playbook_free(&whole); /* names that are interned once are there now */
	int64_t before = tr_test_live_blocks();
	bool done = false;
	for (int64_t n = 0; !done; n += 1 + n / 200) {
		diagnostics d;
		tr_test_fail_alloc(n);
		diagnostics_init(&d, "test.yaml");
		playbook *p = playbook_load("test.yaml", tr_s(sample), NULL, &d);
		done = !tr_test_alloc_failed();
		tr_test_fail_alloc(-1);
		assert_true(p != NULL || d.errors > 0);
		if (p != NULL) {
			/* the failure hit something that a load can do without, such as a diagnostic's text */
			assert_int_equal(p->step_count, 4);
			assert_non_null(p->steps[3].incoming);
		}
		playbook_free(&p);
		diagnostics_fini(&d);
		if (tr_test_live_blocks() != before)
			print_error("allocation %lld\n", (long long)n);
		assert_int_equal(tr_test_live_blocks(), before);
		assert_true(n < 1000000);
	}
}

static void a_load_leaves_nothing_behind(void **state)
{
	(void)state;
	int64_t before = tr_test_live_blocks();
	for (int i = 0; i < 3; i++) {
		playbook *p = load_with(sample, NULL, -1);
		playbook_free(&p);
	}
	assert_int_equal(tr_test_live_blocks(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_allocation_may_fail),
	    cmocka_unit_test(a_load_leaves_nothing_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
