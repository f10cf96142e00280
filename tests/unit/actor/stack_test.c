/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks: pools, overflow, sizes. And the small structures of the kernel: slabs, relations. */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <troupe/base.h>

#include "runtime/actor/relation.h"
#include "runtime/actor/slab.h"
#include "runtime/actor/stack.h"
#include "tests/unit/actor/kit.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

/* ---- contexts ---------------------------------------------------------------------------------------------------- */

static struct stack main_stack;
static struct stack *other;
static int steps;

static void bounce(void *arg)
{
	struct stack *k = arg;
	stack_arrived(k);
	for (;;) {
		steps++;
		stack_switch(k, &main_stack);
	}
}
static void switching(void **state)
{
	(void)state;
	struct stack_pool pool;
	stack_pool_init(&pool, 65536);
	stack_native(&main_stack);
	other = stack_new(&pool, 0);
	assert_non_null(other);
	stack_start(other, bounce);
	for (int i = 1; i <= 1000; i++) {
		stack_switch(&main_stack, other);
		assert_int_equal(steps, i);
		assert_true(stack_used(other) > 0 && stack_used(other) < 4096);
	}
	stack_free(&pool, other);
	struct stack *again = stack_new(&pool, 0);
	assert_ptr_equal(again, other); /* the warm one first */
	stack_free(&pool, again);
	stack_pool_fini(&pool);
}

static void classes(void **state)
{
	(void)state;
	struct stack_pool pool;
	stack_pool_init(&pool, 65536);
	assert_int_equal(stack_class(&pool, 1), 0);
	assert_int_equal(stack_class(&pool, 65536), 0);
	assert_true(stack_class(&pool, 8u << 20) > 0);
	assert_int_equal(stack_class(&pool, (size_t)1 << 40), STACK_CLASSES);
	struct stack *big = stack_new(&pool, stack_class(&pool, 8u << 20));
	assert_true((size_t)(big->high - big->low) >= (8u << 20) + STACK_GUARD);
	memset(big->low + STACK_GUARD, 1, 8u << 20);
	stack_free(&pool, big);
	stack_pool_fini(&pool);
}

static void red_zone(void **state)
{
	(void)state;
	struct stack_pool pool;
	stack_pool_init(&pool, 65536);
	pool.guards_left = 0;
	struct stack *k = stack_new(&pool, 0);
	assert_false(k->guarded);
	assert_true(stack_intact(k));
	k->low[64] = 1;
	assert_false(stack_intact(k));
	stack_pool_fini(&pool);
}

/* ---- overflow ------------------------------------------------------------------------------------------------------
 */

static volatile int depth_limit = 10000000;
static int recurse(int n)
{
	volatile char block[128];
	block[0] = (char)n;
	if (n >= depth_limit)
		return 0;
	return recurse(n + 1) + block[0];
}
static void overflows(tr_value arg)
{
	(void)arg;
	(void)recurse(0);
}
static void overflow_body(tr_value arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++) {
		tr_spawned s =
		    tr_spawn_opt(overflows, tr_nil(), &(tr_spawn_options){.monitor = true, .label = "deep one"});
		tr_value down = tr_receive_ref(s.monitor, tr_in(60 * TR_SECOND));
		EXPECT(TR_IS_A(tr_array_at(down, 4), stack_overflow));
		tr_drop(down);
	}
}
static void overflow_is_an_exit_reason(void **state)
{
	(void)state;
#ifdef SANITIZED
	skip(); /* the sanitizers report the fault first */
#endif
	kit_run(overflow_body, 0);
}

static void uses_much(tr_value arg)
{
	volatile char block[400 * 1024];
	(void)arg;
	memset((void *)(uintptr_t)block, 7, sizeof block);
	tr_sleep_until(tr_in(TR_MS));
	EXPECT(block[sizeof block - 1] == 7 && block[0] == 7);
}
static void large_body(tr_value arg)
{
	(void)arg;
	for (int i = 0; i < 10; i++) {
		tr_spawned s =
		    tr_spawn_opt(uses_much, tr_nil(), &(tr_spawn_options){.monitor = true, .stack_size = 512 * 1024});
		tr_value down = tr_receive_ref(s.monitor, TR_FOREVER);
		EXPECT(TR_IS_A(tr_array_at(down, 4), normal));
		tr_drop(down);
	}
}
static void larger_stacks(void **state)
{
	(void)state;
	kit_run(large_body, 0);
	kit_run(large_body, 1);
}

static void faults(tr_value arg)
{
	(void)arg;
	tr_set_label("the guilty one");
	static volatile uintptr_t nowhere = 16;
	*(volatile int *)nowhere = 1;
}
/* A fault of the node itself kills the process and names the actor. */
static void other_faults_name_the_actor(void **state)
{
	(void)state;
#ifdef SANITIZED
	skip();
#endif
	int fds[2];
	char text[8192] = "";
	assert_int_equal(pipe(fds), 0);
	pid_t child = fork();
	if (child == 0) {
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		signal(SIGSEGV, SIG_DFL);
		tr_drop(tr_run(&(tr_node_options){.crash_dump = ""}, faults, tr_nil()));
		_exit(0);
	}
	close(fds[1]);
	size_t n = 0;
	for (ssize_t got; (got = read(fds[0], text + n, sizeof text - 1 - n)) > 0;)
		n += (size_t)got;
	close(fds[0]);
	int status = 0;
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status));
	assert_non_null(strstr(text, "crash dump"));
	assert_non_null(strstr(text, "the guilty one"));
}

/* ---- parked stacks
 * ---------------------------------------------------------------------------------------------------- */

static void sleeper(tr_value arg)
{
	tr_value m = tr_receive(TR_FOREVER);
	tr_send(tr_as_pid(arg), m);
}
static void park_many_body(tr_value arg)
{
	(void)arg;
	enum {
		N = 3000
	};
	static tr_pid pids[N];
	for (int i = 0; i < N; i++)
		pids[i] = tr_spawn(sleeper, tr_pid_value(tr_self()));
	tr_yield();
	int64_t sum = 0;
	for (int i = 0; i < N; i++)
		tr_send(pids[i], tr_int(i));
	for (int i = 0; i < N; i++)
		sum += tr_as_int(tr_receive(tr_in(60 * TR_SECOND)), -1000000);
	EXPECT(sum == (int64_t)N * (N - 1) / 2);
}
static void thousands_parked(void **state)
{
	(void)state;
	kit_run(park_many_body, 0);
}

/* ---- slabs
 * ------------------------------------------------------------------------------------------------------------- */

static void slabs(void **state)
{
	(void)state;
	struct block {
		struct slab_link free;
		uint32_t index;
		char rest[44];
	};
	struct slab slab;
	struct slab_cache a = {0}, b = {0};
	static struct block *taken[5000];
	static unsigned char seen[8192];
	memset(seen, 0, sizeof seen);
	assert_true(slab_init(&slab, sizeof(struct block), 0, offsetof(struct block, index), 1000000));
	for (size_t i = 0; i < 5000; i++) {
		taken[i] = slab_take(&slab, &a);
		assert_non_null(taken[i]);
		assert_int_equal(seen[taken[i]->index]++, 0); /* never the same block twice */
		assert_ptr_equal(slab_at(&slab, taken[i]->index), taken[i]);
	}
	for (size_t i = 0; i < 5000; i++)
		slab_give(&slab, &b, taken[i]); /* by another thread's cache */
	uint32_t bump = slab.bump;
	for (size_t i = 0; i < 4800; i++)
		assert_non_null(slab_take(&slab, &a));
	assert_int_equal(slab.bump, bump); /* what was given back is used again */
	assert_null(slab_at(&slab, 999999));
	slab_fini(&slab);
}

static void slab_bound(void **state)
{
	(void)state;
	struct slab slab;
	struct slab_cache cache = {0};
	assert_true(slab_init(&slab, 1u << 15, 0, SIZE_MAX, 128));
	for (int i = 0; i < 128; i++)
		assert_non_null(slab_take(&slab, &cache));
	assert_null(slab_take(&slab, &cache));
	slab_fini(&slab);
}

/* ---- relations against a naive twin
 * -------------------------------------------------------------------------------------- */

static void relations(void **state)
{
	(void)state;
	static unsigned char twin[6][512];
	struct relations *r = NULL;
	uint64_t x = 88172645463325252u;
	memset(twin, 0, sizeof twin);
	for (int i = 0; i < 60000; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		enum relation_kind kind = (enum relation_kind)(1 + x % 5);
		uint64_t key = 1 + (x >> 8) % (i < 30000 ? 500 : 4);
		struct relation *e = relation_find(r, kind, key);
		assert_int_equal(e != NULL, twin[kind][key]);
		if (e == NULL) {
			assert_true(relation_add(&r, kind, key, key * 3));
			twin[kind][key] = 1;
		} else {
			assert_int_equal(e->peer, key * 3);
			relation_remove(&r, e);
			twin[kind][key] = 0;
		}
	}
	uint32_t n = 0, walked = 0;
	for (int k = 1; k < 6; k++)
		for (int i = 0; i < 512; i++)
			n += twin[k][i];
	for (uint32_t i = 0; relation_next(r, &i) != NULL;)
		walked++;
	assert_int_equal(walked, n);
	assert_int_equal(r == NULL ? 0 : r->n, n);
	tr_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(switching),        cmocka_unit_test(classes),
	    cmocka_unit_test(red_zone),         cmocka_unit_test(overflow_is_an_exit_reason),
	    cmocka_unit_test(larger_stacks),    cmocka_unit_test(other_faults_name_the_actor),
	    cmocka_unit_test(thousands_parked), cmocka_unit_test(slabs),
	    cmocka_unit_test(slab_bound),       cmocka_unit_test(relations),
	};
	return cmocka_run_group_tests_name("kernel.stack", tests, NULL, NULL);
}
