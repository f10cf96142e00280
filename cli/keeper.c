/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper actor. */
#include "cli/keeper.h"

#include "actors/protocol.h"
#include "actors/store/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>
#include <troupe/io.h>
#include <troupe/log.h>
#include <unistd.h>

#define RESUME_NS   (300 * TR_SECOND)
#define SHUTDOWN_NS (30 * TR_SECOND)
#define COMPACT_NS  (600 * TR_SECOND)

static void not_ours(void *data)
{
	(void)data;
}

static const tr_class job_class = {"keeper job", not_ours};

struct look {
	const char *data;
	tr_value list;
};

static void *do_look(void *arg)
{
	struct look *l = arg;
	l->list = store_unfinished_executions(l->data);
	return NULL;
}

/* A child may have been taken up by its parent before its turn comes, and may even have ended. */
static void resume_one(keeper_job *job, tr_value id, size_t others)
{
	tr_value answer = tr_call_name(SUBJECT_EXECUTIONS, TR_LIST(TR_A(resume), id, tr_nil(), tr_int((int64_t)others)),
				       tr_in(RESUME_NS));
	const char *why = tr_is_valid(answer) ? tr_as_cstr(tr_array_at(answer, 1), "no reason was given")
					      : tr_err_text(tr_value_err(answer));

	if (TR_IS_A(tr_array_at(answer, 0), ok) || strcmp(why, REFUSAL_RUNS) == 0) {
		job->resumed++;
	} else if (strstr(why, REFUSAL_LACKING) != NULL) {
		job->waiting++; /* `executions` has said which, and takes it up */
	} else if (strcmp(why, REFUSAL_OVER) != 0) {
		job->failed++;
		tr_log(TR_WARNING, tr_absent(), "execution %" PRId64 " is not resumed: %s", tr_as_int(id, 0), why);
	}
	tr_drop(answer);
}

static void resume_all(keeper_job *job)
{
	struct look l = {.data = job->data, .list = tr_absent()};
	tr_err err;
	(void)tr_dirty(do_look, &l, &err);
	for (size_t i = 0; i < tr_array_len(l.list); i++)
		resume_one(job, tr_array_at(l.list, i), tr_array_len(l.list) - 1);
	tr_drop(l.list);
}

/* Old executions go while the node runs; in an actor of its own, so that a signal is heard meanwhile. */
static void compact_body(tr_value policy)
{
	tr_drop(tr_call_name(SUBJECT_STORE, TR_LIST(tr_atom("compact"), tr_keep(policy)), TR_FOREVER));
}

static void compact_now(const keeper_job *job)
{
	if (!job->policy.pack && job->policy.keep_us == 0 && job->policy.keep_count == 0)
		return;
	(void)tr_spawn(compact_body, compact_policy_value(&job->policy));
	(void)tr_send_at(tr_self(), TR_A(tick), tr_in(COMPACT_NS));
}

/* False: whoever waits for that line waits in vain. One who has closed the pipe does not wait. */
static bool say_ready(const keeper_job *job)
{
	if (job->json) {
		tr_value v =
		    TR_DICT("ready", tr_bool(true), "pid", tr_int(getpid()), "data",
			    tr_string_lossy(job->data, strlen(job->data)), "resumed", tr_int((int64_t)job->resumed),
			    "waiting", tr_int((int64_t)job->waiting), "not_resumed", tr_int((int64_t)job->failed));
		tr_buf text = {0};
		if (tr_json_write(&text, v, TR_JSON_COMPACT) == TR_OK)
			printf("%s\n", text.p);
		tr_buf_fini(&text);
		tr_drop(v);
	} else {
		printf("ready: process %ld, data folder %s, %zu executions resumed", (long)getpid(), job->data,
		       job->resumed);
		if (job->waiting > 0)
			printf(", %zu wait for a plugin", job->waiting);
		printf("\n");
	}
	errno = 0;
	return (fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE;
}

static void keeper_body(tr_value arg)
{
	keeper_job *job = tr_as_object(arg, &job_class);
	tr_signal_subscribe(SIGINT);
	tr_signal_subscribe(SIGTERM);
	tr_signal_subscribe(SIGHUP);
	resume_all(job);
	compact_now(job);
	for (bool going = say_ready(job); going;) {
		tr_value m = tr_receive(TR_FOREVER);
		tr_value tag = tr_array_at(m, 0);
		going = !(TR_IS_A(tag, stop) || tr_equal(tag, tr_atom("signal")));
		if (TR_IS_A(m, tick))
			compact_now(job);
		tr_drop(m);
	}
	tr_value answer = tr_call_name(SUBJECT_EXECUTIONS, TR_LIST(TR_A(shutdown)), tr_in(SHUTDOWN_NS));
	if (!TR_IS_A(answer, ok))
		(void)snprintf(job->problem, sizeof job->problem, "%s",
			       tr_is_valid(answer) ? tr_as_cstr(tr_array_at(answer, 1), "executions did not end")
						   : tr_err_text(tr_value_err(answer)));
	tr_drop(answer);
}

tr_err keeper_run(tr_node *node, keeper_job *job)
{
	tr_spawn_options options = {.label = "keeper", .name = KEEPER_NAME};
	tr_spawned s = tr_node_spawn(node, keeper_body, tr_object(&job_class, job), &options);
	if (s.err != TR_OK)
		return s.err;
	tr_drop(tr_node_wait(node, s.pid, TR_FOREVER));
	return TR_OK;
}
