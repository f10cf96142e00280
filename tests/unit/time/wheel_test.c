/* SPDX-License-Identifier: Apache-2.0 */
/* The timer wheel against a naive twin: nothing early, nothing late, nothing lost, in order. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "runtime/time/wheel.h"

#define N 3000

static struct wheel wheel;
static struct wheel_node nodes[N];
static int64_t due[N]; /* WHEEL_NEVER: not armed */
static int64_t now;
static int64_t last_fired;
static size_t fired;

static uint64_t x = 88172645463325252u;
static uint64_t draw(void)
{
	x ^= x << 13, x ^= x >> 7, x ^= x << 17;
	return x;
}

static void on_fire(struct wheel_node *node, void *arg)
{
	size_t i = (size_t)(node - nodes);
	assert_ptr_equal(arg, &wheel);
	assert_true(due[i] <= now);
	assert_true(due[i] != WHEEL_NEVER);
	due[i] = WHEEL_NEVER;
	fired++;
}

static int64_t distance(void)
{
	/* From microseconds to beyond the horizon. */
	return (int64_t)(draw() >> (4 + draw() % 58));
}

static void against_a_twin(void **state)
{
	(void)state;
	size_t armed = 0, cancelled = 0;
	now = 123456789;
	wheel_init(&wheel, 5, now);
	for (size_t i = 0; i < N; i++)
		due[i] = WHEEL_NEVER;
	for (int step = 0; step < 60000; step++) {
		size_t i = draw() % N;
		if (due[i] == WHEEL_NEVER) {
			int64_t d = distance();
			due[i] = now > INT64_MAX - d ? INT64_MAX - 1 : now + d;
			wheel_arm(&wheel, &nodes[i], due[i]);
			armed++;
		} else if (draw() % 3 == 0) {
			assert_true(wheel_disarm(&wheel, &nodes[i]));
			assert_false(wheel_disarm(&wheel, &nodes[i]));
			due[i] = WHEEL_NEVER;
			cancelled++;
		}
		if (draw() % 4 == 0) {
			now += (int64_t)(draw() >> (24 + draw() % 30));
			while (wheel_expire(&wheel, now, 1 + draw() % 50, on_fire, &wheel) > 0)
				continue;
		}
		assert_int_equal(wheel.count, armed - cancelled - fired);
		/* Nothing is more than one tick late, and the wheel knows when to look next. */
		if (step % 100 == 0)
			for (size_t k = 0; k < N; k++)
				if (due[k] != WHEEL_NEVER) {
					assert_true(due[k] > now - (INT64_C(2) << WHEEL_SHIFT));
					assert_true(wheel_next(&wheel) <= due[k] + (INT64_C(1) << WHEEL_SHIFT));
				}
	}
	assert_true(fired > 1000 && cancelled > 1000);
}

static void in_order(struct wheel_node *node, void *arg)
{
	(void)arg;
	assert_true(node->deadline >= last_fired);
	last_fired = node->deadline;
	fired++;
}

static void ordered_within_a_tick(void **state)
{
	(void)state;
	wheel_init(&wheel, 0, 0);
	memset(nodes, 0, sizeof nodes);
	fired = 0;
	last_fired = 0;
	for (size_t i = 0; i < N; i++)
		wheel_arm(&wheel, &nodes[i], (int64_t)(draw() % (64 * 65536)));
	while (wheel_expire(&wheel, 70 * 65536, 7, in_order, NULL) > 0)
		continue;
	assert_int_equal(fired, N);
	assert_true(wheel_next(&wheel) == WHEEL_NEVER);
}

static bool refuse(struct wheel_node *node, void *arg)
{
	(void)node;
	return *(bool *)arg;
}

static void edges(void **state)
{
	(void)state;
	struct wheel_node node = {0};
	bool yes = false;
	wheel_init(&wheel, 0, 1000000);
	fired = 0;
	last_fired = INT64_MIN;
	wheel_arm(&wheel, &node, -5); /* long over */
	assert_int_equal(wheel_expire(&wheel, 1065536, 10, in_order, NULL), 1);
	wheel_arm(&wheel, &node, INT64_MAX - 1);
	assert_false(wheel_disarm_if(&wheel, &node, refuse, &yes));
	yes = true;
	assert_true(wheel_disarm_if(&wheel, &node, refuse, &yes));
	assert_int_equal(wheel_expire(&wheel, INT64_MAX / 2, 10, in_order, NULL), 0);
	/* A leap of the clock over everything. */
	wheel_arm(&wheel, &node, INT64_MAX / 2 + 10);
	assert_int_equal(wheel_expire(&wheel, INT64_MAX - 100, 10, in_order, NULL), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(against_a_twin),
	    cmocka_unit_test(ordered_within_a_tick),
	    cmocka_unit_test(edges),
	};
	return cmocka_run_group_tests_name("kernel.wheel", tests, NULL, NULL);
}
