/* SPDX-License-Identifier: Apache-2.0 */
/* The running test, in the process's own state: signal handlers and exit handlers are the process's, too. Handlers only
 * format into a buffer of their own and write it. */
#include "plugins/kit/progress.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT 60

static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
#define FAULTS (sizeof faults / sizeof faults[0])

static struct {
	size_t all, begun, passed;
	unsigned limit;
	pid_t pid; /* a forked child ends as it likes */
	struct sigaction former[FAULTS];
	_Atomic(const char *) running; /* NULL: none */
} now;

static __attribute__((format(printf, 1, 2))) void say(const char *fmt, ...)
{
	char text[700];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	n = n < 0 ? 0 : n < (int)sizeof text ? n : (int)sizeof text - 1;
	(void)!write(STDERR_FILENO, text, (size_t)n);
}

static void say_count(void)
{
	say("%zu of %zu tests passed, %zu did not run\n", now.passed, now.all, now.all - now.begun);
}

/* The test that runs, once; NULL when there is none, or it has been told of. */
static const char *take_running(void)
{
	return getpid() == now.pid ? atomic_exchange(&now.running, NULL) : NULL;
}

static void on_limit(int sig)
{
	(void)sig;
	const char *name = take_running();
	if (name == NULL)
		return;
	say("FAILED  %s: it did not end within %u s (" PROGRESS_LIMIT " sets the limit, 0: none)\n", name, now.limit);
	say_count();
	_exit(1);
}

static const char *fault_name(int sig)
{
	return sig == SIGSEGV  ? "segmentation fault"
	       : sig == SIGBUS ? "bus error"
	       : sig == SIGFPE ? "arithmetic fault"
	       : sig == SIGILL ? "illegal instruction"
			       : "aborted";
}

/* Whoever was there before (a sanitizer, or the default that kills) has it when the fault happens again. */
static void on_fault(int sig)
{
	const char *name = take_running();
	if (name != NULL) {
		say("FAILED  %s: %s (signal %d)\n", name, fault_name(sig), sig);
		say_count();
	}
	for (size_t i = 0; i < FAULTS; i++)
		if (faults[i] == sig)
			(void)sigaction(sig, &now.former[i], NULL);
}

static void on_end(int status, void *arg)
{
	(void)arg;
	const char *name = take_running();
	if (name == NULL)
		return;
	say("FAILED  %s: something, probably a plugin, called exit(%d) in the middle\n", name, status);
	say_count();
	_exit(1);
}

static bool read_limit(void)
{
	const char *text = getenv(PROGRESS_LIMIT);
	char *end = NULL;
	now.limit = LIMIT;
	if (text == NULL || text[0] == '\0')
		return true;
	errno = 0;
	long n = strtol(text, &end, 10);
	if (errno != 0 || *end != '\0' || n < 0 || n > 1000000) {
		fprintf(stderr, PROGRESS_LIMIT " is a number of seconds, not '%s'\n", text);
		return false;
	}
	now.limit = (unsigned)n;
	return true;
}

bool progress_begin(size_t n)
{
	now.all = n;
	now.pid = getpid();
	if (!read_limit())
		return false;
	struct sigaction limit = {.sa_handler = on_limit, .sa_flags = SA_ONSTACK},
			 fault = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK};
	sigemptyset(&limit.sa_mask);
	sigemptyset(&fault.sa_mask);
	(void)sigaction(SIGALRM, &limit, NULL);
	for (size_t i = 0; i < FAULTS; i++)
		(void)sigaction(faults[i], &fault, &now.former[i]);
	(void)on_exit(on_end, NULL);
	return true;
}

void progress_test(const char *name)
{
	now.begun++;
	atomic_store(&now.running, name);
	(void)alarm(now.limit);
}

void progress_result(bool good)
{
	(void)alarm(0);
	const char *name = atomic_exchange(&now.running, NULL);
	now.passed += good;
	fprintf(stderr, "%s  %s\n", good ? "ok    " : "FAILED", name != NULL ? name : "?");
}

int progress_end(void)
{
	fprintf(stderr, "%zu of %zu tests passed\n", now.passed, now.all);
	return now.passed == now.all ? 0 : 1;
}
