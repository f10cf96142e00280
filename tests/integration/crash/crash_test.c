/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole process is killed at random points of a mixed load, in strict mode: while it runs, while it starts, while
 * it resumes. A data folder is used by a number of processes that are killed one after the other; the last one runs to
 * the end, then everything is checked (crash_check.c).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/integration/crash/crash_check.h"
#include "tests/integration/crash/crash_child.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILLS      50 /* TROUPE_CRASH_ROUNDS says another number */
#define A_FOLDER   10 /* kills before a folder is finished and checked */
#define MOST_LINES 1200
#define MOST_MS    120

struct life {
	char folder[64];
	acknowledged *seen;
	size_t seen_count;
	uint64_t random;
	size_t kills;
	FILE *finished;
};

static uint64_t draw(struct life *r, uint64_t below)
{
	r->random = r->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (r->random >> 33) % below;
}

static void note(struct life *r, int64_t id, uint64_t seq)
{
	for (size_t i = r->seen_count; i-- > 0;) {
		if (r->seen[i].id != id)
			continue;
		if (seq > r->seen[i].seq)
			r->seen[i].seq = seq;
		return;
	}
	r->seen = realloc(r->seen, (r->seen_count + 1) * sizeof *r->seen);
	assert_non_null(r->seen);
	r->seen[r->seen_count++] = (acknowledged){id, seq};
}

static pid_t start(struct life *r, const char *how_many_new, int *out)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)close(ends[0]);
		(void)close(ends[1]);
		(void)execl("/proc/self/exe", "crash", r->folder, how_many_new, (char *)NULL);
		_exit(9);
	}
	(void)close(ends[1]);
	*out = ends[0];
	return pid;
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A whole line: what was told is durable. */
static void take_line(struct life *r, const char *line)
{
	int64_t id;
	uint64_t seq;

	if (sscanf(line, "e %" SCNd64 " %" SCNu64, &id, &seq) == 2)
		note(r, id, seq);
	else if (sscanf(line, "d %" SCNd64, &id) == 1)
		fprintf(r->finished, "%" PRId64 "\n", id);
}

/* Reads what the process tells, and kills it behind so many lines or milliseconds (each 0: never). What it wrote before
 * it died counts too; a last line that was cut is no line. */
static void listen_and_kill(struct life *r, pid_t pid, int in, uint64_t behind_lines, int64_t behind_ms)
{
	char buffer[8192];
	size_t n = 0;
	uint64_t lines = 0;
	int64_t end = now_ms() + behind_ms;
	bool killed = false;

	for (;;) {
		struct pollfd p = {.fd = in, .events = POLLIN};
		bool timed = behind_ms > 0 && !killed;
		int64_t left = end - now_ms();
		ssize_t got = 0;

		if (poll(&p, 1, !timed ? -1 : left > 0 ? (int)left : 0) > 0) {
			got = read(in, buffer + n, sizeof buffer - 1 - n);
			if (got <= 0)
				return;
		}
		n += (size_t)got;
		buffer[n] = '\0';
		char *line = buffer;
		for (char *stop; (stop = strchr(line, '\n')) != NULL; line = stop + 1, lines++) {
			*stop = '\0';
			take_line(r, line);
		}
		n -= (size_t)(line - buffer);
		memmove(buffer, line, n + 1);
		if (!killed && ((behind_lines > 0 && lines >= behind_lines) || (timed && now_ms() >= end))) {
			assert_int_equal(kill(pid, SIGKILL), 0);
			killed = true;
		}
	}
}

/* The exit status, -1 when it was killed. */
static int run(struct life *r, const char *how_many_new, uint64_t behind_lines, int64_t behind_ms)
{
	char path[100];
	int in, status;
	pid_t pid;

	(void)snprintf(path, sizeof path, "%s/finished", r->folder);
	pid = start(r, how_many_new, &in);
	r->finished = fopen(path, "a");
	assert_non_null(r->finished);
	listen_and_kill(r, pid, in, behind_lines, behind_ms);
	(void)fclose(r->finished);
	(void)close(in);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void remove_folder(const char *folder)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)execlp("rm", "rm", "-rf", folder, (char *)NULL);
		_exit(9);
	}
	(void)waitpid(pid, NULL, 0);
}

static void one_life(uint64_t seed, size_t kills, char **reference, crash_totals *totals, size_t *killed)
{
	struct life r = {.random = seed};
	int status;

	(void)snprintf(r.folder, sizeof r.folder, "/tmp/troupe-crash-XXXXXX");
	assert_non_null(mkdtemp(r.folder));
	(void)draw(&r, 2);
	while (r.kills < kills) {
		bool by_time = draw(&r, 3) == 0;
		const char *fresh = draw(&r, 3) > 0 ? "3" : "1";

		status = run(&r, fresh, by_time ? 0 : 1 + draw(&r, MOST_LINES),
			     by_time ? 1 + (int64_t)draw(&r, MOST_MS) : 0);
		if (status > 0)
			fail_msg("seed %" PRIu64 ": a process ended with %d; the data is in %s", seed, status,
				 r.folder);
		r.kills += status < 0;
	}
	status = run(&r, kills == 0 ? "1" : "0", 0, 0);
	if (status != 0)
		fail_msg("seed %" PRIu64 ": the last resume ended with %d; the data is in %s", seed, status, r.folder);
	crash_check(r.folder, r.seen, r.seen_count, reference, totals);
	*killed += r.kills;
	remove_folder(r.folder);
	free(r.seen);
}

static void killed_anywhere_it_ends_as_if_nothing_had_happened(void **state)
{
	const char *text = getenv("TROUPE_CRASH_ROUNDS");
	size_t wanted = text == NULL ? KILLS : (size_t)strtoul(text, NULL, 10), killed = 0;
	crash_totals totals = {0};
	char *reference = NULL;

	(void)state;
	/* First one that is never killed: what it completes is what all others must complete. */
	for (uint64_t seed = 0; killed < wanted || seed == 0; seed++)
		one_life(seed,
			 seed == 0                    ? 0
			 : wanted - killed < A_FOLDER ? wanted - killed
						      : A_FOLDER,
			 &reference, &totals, &killed);
	print_message("%zu kills; %zu executions (%zu of them children), %zu events, %zu witnessed tasks, "
		      "%zu of them run again because their end was not acknowledged\n",
		      killed, totals.executions, totals.children, totals.events, totals.tasks, totals.twice);
	free(reference);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(killed_anywhere_it_ends_as_if_nothing_had_happened),
	};

	if (argc == 3)
		return crash_child(argv[1], argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
