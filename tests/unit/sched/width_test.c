/* SPDX-License-Identifier: Apache-2.0 */
/* How many schedulers a load is given: loads that one serves best, loads that need all, handlers that overstay. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "runtime/sched/width.h"

#define TICK 2000000 /* ns */

/* Messages that a load gets through in a tick with so many schedulers. */
typedef uint64_t load(uint32_t used);

static uint64_t one_mailbox(uint32_t used)
{
	return used == 1 ? 100000 : 25000;
}
static uint64_t pairs(uint32_t used)
{
	return used * 40000ull;
}
static uint64_t two_are_best(uint32_t used)
{
	return used == 1 ? 50000 : used == 2 ? 90000 : used == 4 ? 60000 : 30000;
}
static uint64_t few_messages(uint32_t used)
{
	return used * 100ull;
}
static uint64_t silence(uint32_t used)
{
	return used * 0ull;
}

struct run {
	struct width w;
	uint64_t messages;
	int64_t now;
};

static void begin(struct run *r, uint32_t all)
{
	*r = (struct run){0};
	width_init(&r->w, all, 0, 0);
}

/* So many ticks of a load; how many of them were spent with `wanted` schedulers? */
static int ticks(struct run *r, load *its, int n, uint32_t wanted, bool stuck)
{
	int spent = 0;
	for (int i = 0; i < n; i++) {
		spent += r->w.used == wanted;
		r->messages += its(r->w.used);
		r->now += TICK;
		uint32_t used = width_tick(&r->w, r->messages, r->now, stuck);
		assert_true(used >= 1 && used <= r->w.all);
		assert_int_equal(used, r->w.used);
	}
	return spent;
}

static void one_serves_one_mailbox(void **state)
{
	(void)state;
	struct run r;
	begin(&r, 2);
	assert_true(ticks(&r, one_mailbox, 1000, 1, false) > 980);
}

static void all_serve_pairs(void **state)
{
	(void)state;
	struct run r;
	begin(&r, 2);
	assert_true(ticks(&r, pairs, 1000, 2, false) > 980);
	begin(&r, 8);
	assert_true(ticks(&r, pairs, 1000, 8, false) > 950);
}

static void some_serve_best(void **state)
{
	(void)state;
	struct run r;
	begin(&r, 8);
	assert_true(ticks(&r, two_are_best, 2000, 2, false) > 1900);
}

static void a_load_that_changes(void **state)
{
	(void)state;
	struct run r;
	begin(&r, 8);
	ticks(&r, one_mailbox, 1000, 1, false);
	assert_int_equal(r.w.best, 1);
	ticks(&r, pairs, 1000, 8, false);
	assert_int_equal(r.w.best, 8);
}

static void nobody_rests_without_messages(void **state)
{
	(void)state;
	struct run r;
	begin(&r, 4);
	assert_int_equal(ticks(&r, few_messages, 500, 4, false), 500);
	ticks(&r, one_mailbox, 100, 1, false);
	assert_true(r.w.used < 4);
	ticks(&r, silence, 1, 1, false); /* another program had the core */
	assert_true(r.w.used < 4);
	ticks(&r, one_mailbox, 1, 1, false);
	assert_true(r.w.used < 4);
	ticks(&r, silence, 2, 1, false);
	assert_int_equal(r.w.used, 4);
}

static void nobody_rests_beside_a_long_handler(void **state)
{
	(void)state;
	struct run r;
	begin(&r, 2);
	ticks(&r, one_mailbox, 100, 1, false);
	assert_int_equal(r.w.used, 1);
	ticks(&r, one_mailbox, 1, 1, true);
	assert_int_equal(r.w.used, 2);
	assert_int_equal(ticks(&r, one_mailbox, 100, 2, true), 100);
}

static void one_alone(void **state)
{
	(void)state;
	struct run r;
	begin(&r, 1);
	assert_int_equal(ticks(&r, one_mailbox, 100, 1, false), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_serves_one_mailbox),
	    cmocka_unit_test(all_serve_pairs),
	    cmocka_unit_test(some_serve_best),
	    cmocka_unit_test(a_load_that_changes),
	    cmocka_unit_test(nobody_rests_without_messages),
	    cmocka_unit_test(nobody_rests_beside_a_long_handler),
	    cmocka_unit_test(one_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
