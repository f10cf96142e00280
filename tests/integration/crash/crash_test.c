/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole process is killed at random points of a mixed load, sometimes again while it resumes. After the last resume
 * every execution has ended as it would have without the kill, no event that was told to be durable is missing, and no
 * task that was completed ran again.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "actors/event/event.h"
#include "actors/store/reader.h"
#include "tests/integration/crash/crash_child.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 8

struct acknowledged {
	int64_t id;
	uint64_t seq;
};

struct round {
	char data[64];
	struct acknowledged *seen; /* the highest seq of each execution */
	size_t seen_count;
	uint64_t random;
};

static uint64_t draw(struct round *r, uint64_t below)
{
	r->random = r->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (r->random >> 33) % below;
}

static void note(struct round *r, int64_t id, uint64_t seq)
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
	r->seen[r->seen_count++] = (struct acknowledged){id, seq};
}

/* Start the child, kill it behind so many acknowledged events (0: never); its exit status, -1 when it was killed. */
static int child(struct round *r, const char *how, uint64_t kill_behind)
{
	int ends[2], status;
	uint64_t lines = 0;
	int64_t id;
	uint64_t seq;
	pid_t pid;
	FILE *in;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)close(ends[0]);
		(void)close(ends[1]);
		(void)execl("/proc/self/exe", "crash", how, r->data, (char *)NULL);
		_exit(9);
	}
	(void)close(ends[1]);
	in = fdopen(ends[0], "r");
	assert_non_null(in);
	/* What it wrote before it died counts too: read to the end. A last line that was cut is no line. */
	while (fscanf(in, "%" SCNd64 " %" SCNu64, &id, &seq) == 2) {
		if (fgetc(in) != '\n')
			break;
		note(r, id, seq);
		if (++lines == kill_behind)
			assert_int_equal(kill(pid, SIGKILL), 0);
	}
	(void)fclose(in);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A task run that was completed: which step run, iteration, task and attempt. */
static tr_value task_key(const event *e)
{
	return TR_LIST(tr_int((int64_t)e->step_run_id), tr_int(e->iteration),
		       tr_keep(tr_map_get_s(e->payload, "label")), tr_int(e->attempt));
}

static void check_log(struct round *r, int64_t id)
{
	tr_buf notes = {0};
	tr_value events = store_read_execution(r->data, id, &notes), completed = tr_map();
	uint64_t seq = 0;
	event_type last = EVENT_NONE;

	assert_true(tr_is_valid(events));
	for (size_t i = 0; i < tr_array_len(events); i++) {
		event e;

		assert_int_equal(event_from_value(tr_array_at(events, i), &e), TR_OK);
		assert_int_equal(e.seq, ++seq);
		last = e.type;
		if (e.type == EVENT_TASK_PROCESSED) {
			tr_value key = task_key(&e);

			if (tr_is_valid(tr_map_get(completed, key)))
				fail_msg("execution %" PRId64 ": event %" PRIu64 " completes a task again", id, seq);
			completed = tr_map_put(completed, key, tr_bool(true));
		}
		event_fini(&e);
	}
	assert_int_equal(last, EVENT_PLAYBOOK_PROCESSED);
	for (size_t i = 0; i < r->seen_count; i++)
		if (r->seen[i].id == id)
			assert_true(seq >= r->seen[i].seq);
	tr_drop(completed);
	tr_drop(events);
	tr_buf_fini(&notes);
}

static void check_all(struct round *r)
{
	tr_value list = store_list_executions(r->data);

	assert_true(tr_array_len(list) > 0);
	for (size_t i = 0; i < tr_array_len(list); i++)
		check_log(r, strtoll(tr_as_cstr(tr_map_get_s(tr_array_at(list, i), "execution_id"), "0"), NULL, 10));
	/* Nor is a whole execution missing. */
	for (size_t i = 0; i < r->seen_count; i++) {
		bool found = false;

		for (size_t j = 0; j < tr_array_len(list) && !found; j++)
			found = strtoll(tr_as_cstr(tr_map_get_s(tr_array_at(list, j), "execution_id"), "0"), NULL,
					10) == r->seen[i].id;
		assert_true(found);
	}
	tr_drop(list);
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

static void one_round(uint64_t seed)
{
	struct round r = {.random = seed};
	int status;

	(void)snprintf(r.data, sizeof r.data, "/tmp/troupe-crash-XXXXXX");
	assert_non_null(mkdtemp(r.data));
	(void)draw(&r, 2);
	(void)child(&r, "run", 1 + draw(&r, 9000));
	while (draw(&r, 2) == 0)
		(void)child(&r, "resume", 1 + draw(&r, 2000));
	status = child(&r, "resume", 0);
	if (status != 0)
		fail_msg("seed %" PRIu64 ": resume ended with %d; the data is in %s", seed, status, r.data);
	check_all(&r);
	remove_folder(r.data);
	free(r.seen);
}

static void killed_anywhere_it_ends_as_if_nothing_had_happened(void **state)
{
	const char *text = getenv("TROUPE_CRASH_ROUNDS");
	long rounds = text == NULL ? ROUNDS : strtol(text, NULL, 10);

	(void)state;
	for (long i = 0; i < rounds; i++) {
		one_round((uint64_t)i + 1);
		if ((i + 1) % 10 == 0)
			print_message("%ld rounds\n", i + 1);
	}
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
