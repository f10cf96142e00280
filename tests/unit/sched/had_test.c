/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread has had of the processors. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "runtime/sched/had.h"

struct subject {
	struct had_thread had;
	int to_read;
	_Atomic bool spins;
	pthread_t thread;
};

static void *subject_main(void *arg)
{
	struct subject *s = arg;
	char byte;

	had_enter(&s->had);
	while (atomic_load(&s->spins))
		continue;
	(void)!read(s->to_read, &byte, 1);
	return NULL;
}

/* So often, 1 ms apart, is it looked at for what must come. */
#define LOOKS 20000

static bool comes(const struct subject *s, bool runnable)
{
	for (int i = 0; i < LOOKS; i++) {
		if (had_runnable(&s->had) == runnable)
			return true;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return false;
}

/* Its time does not grow any more. */
static bool rests(const struct subject *s)
{
	for (int i = 0; i < LOOKS; i++) {
		int64_t before = had_cpu_ns(&s->had);
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		if (had_cpu_ns(&s->had) == before)
			return true;
	}
	return false;
}

static void a_thread_that_computes_and_one_that_waits(void **state)
{
	struct subject s = {.spins = true};
	int ends[2];

	(void)state;
	assert_int_equal(had_cpu_ns(&s.had), -1);
	assert_false(had_runnable(&s.had));
	assert_int_equal(pipe(ends), 0);
	s.to_read = ends[0];
	assert_int_equal(pthread_create(&s.thread, NULL, subject_main, &s), 0);
	while (had_cpu_ns(&s.had) < 0)
		continue;
	assert_true(comes(&s, true));
	int64_t before = had_cpu_ns(&s.had);
	while (had_cpu_ns(&s.had) < before + 1000000)
		continue; /* it computes: its time grows */
	assert_true(had_runnable(&s.had));

	atomic_store(&s.spins, false);
	assert_true(comes(&s, false)); /* asleep in the kernel */
	assert_true(rests(&s));

	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(pthread_join(s.thread, NULL), 0);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_thread_that_computes_and_one_that_waits),
	};
	return cmocka_run_group_tests_name("had", tests, NULL, NULL);
}
