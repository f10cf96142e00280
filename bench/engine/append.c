/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events appended a second: the store alone, without actors, in batches of a step's events from many executions; beside
 * it the same bytes written and synced with nothing else, and SQLite with a row an event.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actors/event/frame.h"
#include "bench/engine/bench.h"

#define EXECUTIONS 1000
#define STEP       7   /* events of a noop step */
#define BATCH      350 /* events a commit: 50 executions that did a step each */

struct rates {
	double ours, disk, sqlite;
};

TR_NORETURN static void broken(const char *what, int why)
{
	fprintf(stderr, "bench_engine: %s: %s\n", what, strerror(why < 0 ? -why : why));
	exit(1);
}

/* An event as a step run makes it. */
static tr_err put_event(tr_buf *out, int64_t execution, uint64_t seq)
{
	event e;
	tr_err err;

	event_init(&e, EVENT_TASK_PROCESSED);
	e.execution_id = execution;
	e.seq = seq;
	e.event_id = (uint64_t)execution + seq;
	e.time_us = 1700000000000000;
	e.step_run_id = seq / STEP + 1;
	e.task_run_id = e.attempt = 1;
	e.trace_id = (uint64_t)execution;
	e.duration_us = 12;
	e.status = "success";
	e.payload = TR_DICT("label", tr_string("work"), "outcome",
			    TR_DICT("status", tr_string("success"), "result", TR_DICT("status", tr_string("noop"))),
			    "directive", tr_string("continue"));
	err = store_frame(out, &e);
	event_fini(&e);
	return err;
}

/* One batch: a step's frames of each of some executions. */
struct batch {
	tr_buf frames[BATCH / STEP];
	int64_t execution[BATCH / STEP];
	bool first[BATCH / STEP];
};

static void batch_make(struct batch *b, int64_t *done)
{
	for (int64_t i = 0; i < BATCH / STEP; i++, ++*done) {
		b->execution[i] = 1 + *done % EXECUTIONS;
		b->first[i] = *done < EXECUTIONS;
		tr_buf_clear(&b->frames[i]);
		for (int k = 0; k < STEP; k++)
			if (put_event(&b->frames[i], b->execution[i], (uint64_t)(*done / EXECUTIONS * STEP + k + 1)) !=
			    TR_OK)
				broken("an event cannot be encoded", EINVAL);
	}
}

static int batch_append(file_store *s, const struct batch *b, bool sync)
{
	for (int i = 0; i < BATCH / STEP; i++) {
		char folder_name[40];

		(void)snprintf(folder_name, sizeof folder_name, "bench/%lld", (long long)b->execution[i]);
		if (file_store_add(s, b->execution[i], tr_buf_str(&b->frames[i]), b->first[i] ? folder_name : NULL) !=
		    TR_OK)
			return -EINVAL;
	}
	return file_store_commit(s, sync);
}

static double ours(durability how, int64_t batches)
{
	static struct batch b;
	folder data;
	file_store_error error;
	int64_t done = 0;
	double spent = 0, start;
	int err = 0;

	folder_make(data);
	file_store *s = file_store_open(data, &disk_real, NULL, &error);
	if (s == NULL)
		broken(error.text, error.os_error);
	for (int64_t i = 0; i < batches && err == 0; i++) {
		batch_make(&b, &done);
		start = wall_seconds();
		err = batch_append(s, &b, how == DURABILITY_STRICT);
		spent += wall_seconds() - start;
	}
	start = wall_seconds();
	if (err == 0)
		err = file_store_sync(s);
	spent += wall_seconds() - start;
	if (err != 0)
		broken("the store cannot write", err);
	file_store_close(&s);
	for (int i = 0; i < BATCH / STEP; i++)
		tr_buf_fini(&b.frames[i]);
	folder_remove(data);
	return (double)(batches * BATCH) / spent;
}

/* What the disk itself gives: each batch's bytes, written and synced. */
static double disk_alone(durability how, int64_t batches)
{
	folder data;
	char path[300];
	tr_buf bytes = {0};
	double start, rate;
	int fd;

	folder_make(data);
	(void)snprintf(path, sizeof path, "%s/bytes", data);
	for (uint64_t i = 0; i < BATCH; i++)
		(void)put_event(&bytes, 1, i + 1);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd < 0)
		broken(path, errno);
	start = wall_seconds();
	for (int64_t b = 0; b < batches; b++)
		if (write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n || (how == DURABILITY_STRICT && fdatasync(fd) != 0))
			broken(path, errno);
	if (fdatasync(fd) != 0)
		broken(path, errno);
	rate = (double)(batches * BATCH) / (wall_seconds() - start);
	close(fd);
	tr_buf_fini(&bytes);
	folder_remove(data);
	return rate;
}

static double sqlite(durability how, int64_t batches)
{
#ifdef BENCH_SQLITE
	folder data;
	char path[300];
	tr_buf one = {0};
	double rate;

	folder_make(data);
	(void)snprintf(path, sizeof path, "%s/events.db", data);
	(void)put_event(&one, 1, 1);
	rate = sqlite_rate(path, batches, BATCH, one.n, how == DURABILITY_STRICT);
	tr_buf_fini(&one);
	folder_remove(data);
	return rate;
#else
	(void)how;
	(void)batches;
	return 0;
#endif
}

void bench_append(void)
{
	static const durability how[] = {DURABILITY_STRICT, DURABILITY_BATCHED};

	for (size_t d = 0; d < 2; d++) {
		bool strict = how[d] == DURABILITY_STRICT;
		const char *bench = strict ? "append_strict" : "append_batched";
		int64_t batches = scaled(strict ? 1000 : 4000);

		if (!durability_wanted(how[d]))
			continue;
		bench_result(bench, "troupe", ours(how[d], batches), "events/s");
		bench_result(bench, "disk", disk_alone(how[d], batches), "events/s");
		double rate = sqlite(how[d], batches);
		if (rate > 0)
			bench_result(bench, "sqlite", rate, "events/s");
		else
			fprintf(stderr,
				"%s: built without libsqlite3-dev (packaging/setup bench), so SQLite is left out\n",
				bench);
	}
}
