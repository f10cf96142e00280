/* SPDX-License-Identifier: Apache-2.0 */
/* The ready queues, alone and under thieves: every actor comes out exactly once. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>

#include "runtime/actor/actor.h"
#include "runtime/sched/queue.h"

#define N 200000u

static struct actor *actors; /* only addresses count, and `link` for the lane */
static _Atomic unsigned char *seen;
static struct runq fifo;
static struct deque lifo;
static struct lane lane;
static _Atomic int owner_done;
static _Atomic int count;

static void take(struct actor *a)
{
	assert_int_equal(atomic_fetch_add(&seen[a - actors], 1), 0);
	atomic_fetch_add(&count, 1);
}

static void *thief(void *arg)
{
	struct actor *batch[16];
	(void)arg;
	for (;;) {
		int last = atomic_load(&owner_done);
		uint32_t n = runq_steal(&fifo, batch, 16);
		for (uint32_t i = 0; i < n; i++)
			take(batch[i]);
		struct actor *a = deque_steal(&lifo), *b = lane_pop(&lane);
		if (a != NULL)
			take(a);
		if (b != NULL)
			take(b);
		if (last && n == 0 && a == NULL && b == NULL)
			return NULL;
	}
}

static void under_thieves(void **state)
{
	(void)state;
	pthread_t threads[2];
	actors = aligned_alloc(64, N * sizeof *actors);
	seen = calloc(N, 1);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, thief, NULL);
	for (uint32_t i = 0; i < N; i++) {
		struct actor *a = &actors[i], *out;
		if (i % 3 == 0 ? !runq_push(&fifo, a) : i % 3 == 1 ? !deque_push(&lifo, a) : true)
			lane_push(&lane, a);
		if (i % 5 == 0 && (out = runq_pop(&fifo)) != NULL)
			take(out);
		if (i % 7 == 0 && (out = deque_pop(&lifo)) != NULL)
			take(out);
	}
	struct actor *out;
	while ((out = deque_pop(&lifo)) != NULL)
		take(out);
	atomic_store(&owner_done, 1);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	while ((out = runq_pop(&fifo)) != NULL || (out = lane_pop(&lane)) != NULL)
		take(out);
	assert_int_equal(count, N);
	free(actors);
	free((void *)(uintptr_t)seen);
}

static void orders(void **state)
{
	(void)state;
	static struct runq f;
	static struct deque l;
	static struct lane n;
	static struct actor a[QUEUE_SIZE + 1];
	for (uint32_t i = 0; i < QUEUE_SIZE; i++) {
		assert_true(runq_push(&f, &a[i]));
		assert_true(deque_push(&l, &a[i]));
	}
	assert_false(runq_push(&f, &a[QUEUE_SIZE]));
	assert_false(deque_push(&l, &a[QUEUE_SIZE]));
	assert_ptr_equal(runq_pop(&f), &a[0]);
	assert_ptr_equal(deque_pop(&l), &a[QUEUE_SIZE - 1]);
	assert_ptr_equal(deque_steal(&l), &a[0]);
	struct actor *batch[8];
	assert_int_equal(runq_steal(&f, batch, 8), 8);
	assert_ptr_equal(batch[7], &a[8]);
	assert_int_equal(runq_length(&f), QUEUE_SIZE - 9);
	for (int i = 0; i < 5; i++)
		lane_push(&n, &a[i]);
	assert_ptr_equal(lane_take(&n, 4), &a[4]);
	assert_ptr_equal(lane_take(&n, 1), &a[1]);
	lane_push(&n, &a[9]);
	assert_ptr_equal(lane_pop(&n), &a[0]);
	assert_ptr_equal(lane_pop(&n), &a[2]);
	assert_ptr_equal(lane_pop(&n), &a[3]);
	assert_ptr_equal(lane_pop(&n), &a[9]);
	assert_null(lane_pop(&n));
	assert_null(lane_take(&n, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(orders), cmocka_unit_test(under_thieves)};
	return cmocka_run_group_tests_name("kernel.queue", tests, NULL, NULL);
}
