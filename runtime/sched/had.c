/* SPDX-License-Identifier: Apache-2.0 */
/* The thread's clock, and its state in /proc. */
#include "runtime/sched/had.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void had_enter(struct had_thread *t)
{
	clockid_t clock;

	if (pthread_getcpuclockid(pthread_self(), &clock) != 0)
		return;
	atomic_store_explicit(&t->clock, (int)clock, memory_order_relaxed);
	atomic_store_explicit(&t->tid, (int)gettid(), memory_order_release);
}

int64_t had_cpu_ns(const struct had_thread *t)
{
	struct timespec cpu;

	if (atomic_load_explicit(&t->tid, memory_order_acquire) == 0 ||
	    clock_gettime((clockid_t)atomic_load_explicit(&t->clock, memory_order_relaxed), &cpu) != 0)
		return -1;
	return (int64_t)cpu.tv_sec * 1000000000 + cpu.tv_nsec;
}

bool had_runnable(const struct had_thread *t)
{
	char path[64], text[256];

	(void)snprintf(path, sizeof path, "/proc/self/task/%d/stat",
		       atomic_load_explicit(&t->tid, memory_order_acquire));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	const char *name_end = strrchr(text, ')'); /* TID (name) STATE … */
	return name_end != NULL && name_end[1] == ' ' && name_end[2] == 'R';
}
