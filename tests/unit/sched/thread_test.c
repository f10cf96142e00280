/* SPDX-License-Identifier: Apache-2.0 */
/* What is a thread's own, asked for in one function before and after an actor has moved to another thread. */
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "runtime/actor/lock.h"
#include "runtime/sched/sched.h"
#include "tests/unit/actor/kit.h"

/* As macros they are a look into a table whose address, the thread's, is kept; as functions they are not. */
#if defined(isalpha) || defined(isspace)
#error "<ctype.h> must give functions, see cmake/troupe.cmake"
#endif

/* The truth: nothing that these give can be kept. */
static int *(*volatile errno_of_thread)(void) = __errno_location;
static pthread_t (*volatile thread_itself)(void) = pthread_self;
static __attribute__((noinline)) uint32_t spins_of_thread(void)
{
	__asm__ volatile("");
	return spin_depth;
}

static _Atomic int moves;
static spin lock;

/* All in one function, as inlining makes it of a helper that fails, one that blocks and one that fails again. */
static inline __attribute__((always_inline)) bool all_mine(void)
{
	spin_lock(&lock);
	bool counted = spins_of_thread() == 1;
	spin_unlock(&lock);
	return counted && spins_of_thread() == 0 && &errno == errno_of_thread() &&
	       pthread_equal(sched_self()->thread, thread_itself());
}

static void traveller(tr_value arg)
{
	(void)arg;
	/* On a busy machine the other threads may get no time while the first rounds are done. */
	int64_t until = tr_in(60 * TR_SECOND);
	pthread_t at = thread_itself();
	for (int i = 0; i < 400 || (atomic_load(&moves) == 0 && tr_now() < until); i++) {
		EXPECT(all_mine());
		if (i % 3 == 0)
			tr_yield();
		else
			tr_sleep_until(tr_in((int64_t)(tr_random() % 50000)));
		EXPECT(all_mine());
		if (!pthread_equal(at, thread_itself()))
			atomic_fetch_add(&moves, 1);
		at = thread_itself();
	}
}

static void travel_body(tr_value arg)
{
	(void)arg;
	tr_ref refs[64];
	for (int i = 0; i < 64; i++)
		refs[i] = tr_spawn_opt(traveller, tr_nil(), &(tr_spawn_options){.monitor = true}).monitor;
	for (int i = 0; i < 64; i++) {
		tr_value down = tr_receive_ref(refs[i], tr_in(90 * TR_SECOND));
		EXPECT(TR_IS_A(tr_array_at(down, 4), normal));
		tr_drop(down);
	}
	EXPECT(atomic_load(&moves) > 0);
}

static void what_is_the_threads_is_asked_for_anew(void **state)
{
	(void)state;
	atomic_store(&moves, 0);
	kit_run(travel_body, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_the_threads_is_asked_for_anew)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
