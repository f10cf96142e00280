/* SPDX-License-Identifier: Apache-2.0 */
/* The remote sibling of the runner: the same job, without a node in this process. */
#include "cli/follow.h"

#include "actors/protocol.h"
#include "cli/owner.h"
#include "cli/plugin_faults.h"
#include "cli/stuck_store.h"
#include "runtime/time/clock.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TICK_MS      100
#define CALL_MS      30000
#define WATCHED_MS   600000
#define CONDITION_MS 2000
#define GOES_ON      "; the execution goes on when a node takes it up again"

/* ---- the start ----------------------------------------------------------------------------------------------------
 */

static void signals(sigset_t *set, int how)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGHUP);
	(void)sigprocmask(how, set, NULL);
}

struct starting {
	run_job *job;
	stuck_store store;
	sigset_t signals; /* held back while whoever watches waits */
	bool watch, said;
	bool given_up; /* the node has been asked, and will do it */
};

/* Who watches waits for room, as it would while the execution runs, until a signal comes. */
static bool wait_on(void *arg)
{
	struct starting *s = arg;
	bool writes = stuck_store_look(&s->store);
	s->given_up = !writes && !s->watch;
	if (!s->watch)
		return writes;
	if (!writes && !s->said)
		fprintf(stderr, "troupe run: the event store of its node cannot write (%s); waiting for room\n",
			s->store.condition);
	s->said = s->said || !writes;
	if (sigtimedwait(&s->signals, NULL, &(struct timespec){0}) <= 0)
		return true;
	s->job->interrupted = s->job->stuck = true;
	s->given_up = !writes;
	return false;
}

static void not_started(const struct starting *s, const char *why)
{
	run_job *job = s->job;
	if (s->given_up) {
		(void)snprintf(job->problem, sizeof job->problem,
			       "the event store of its node cannot write (%.200s); the node has been asked and begins "
			       "the execution when there is room",
			       s->store.condition);
		return;
	}
	job->again = !job->interrupted && owner_is_again(why);
	bool gone = job->lost = strncmp(why, REMOTE_GONE_TEXT, strlen(REMOTE_GONE_TEXT)) == 0;
	(void)snprintf(job->problem, sizeof job->problem, "%s%s%s",
		       job->again ? "" : "the execution could not be started: ",
		       job->interrupted ? "the node has not answered yet" : why,
		       gone || job->interrupted ? "; 'troupe executions' tells whether it had begun" : "");
}

/* The node answers when the execution's first events are durable. Takes the request. */
static bool start(remote *r, struct starting *s, tr_value request)
{
	char why[400];
	tr_value answer;
	bool good = remote_call_while(r, SUBJECT_EXECUTIONS, TR_LIST(tr_string("start"), request),
				      s->watch ? WATCHED_MS : CALL_MS, wait_on, s, &answer, why, sizeof why);
	if (good)
		s->job->execution_id = tr_as_int(tr_array_at(answer, 1), 0);
	else
		not_started(s, why);
	tr_drop(answer);
	stuck_store_fini(&s->store);
	return good;
}

bool follow_start(remote *r, const char *data, run_job *job, bool watch)
{
	char why[400];
	tr_value answer;
	tr_value put = TR_LIST(tr_string("put"), tr_keep(job->file), tr_string_n(job->source.p, job->source.n));
	if (!remote_call(r, SUBJECT_CATALOG, put, CALL_MS, &answer, why, sizeof why)) {
		/* Nothing has begun: whoever owns the folder next can do it as well. */
		job->again = owner_is_again(why) || strncmp(why, REMOTE_GONE_TEXT, strlen(REMOTE_GONE_TEXT)) == 0;
		(void)snprintf(job->problem, sizeof job->problem, "%s%s",
			       job->again ? "" : "the catalog did not take the playbook: ", why);
		if (!job->again)
			(void)plugin_faults_ask(r, job->file, job->source, &job->faults);
		return false;
	}
	/* [ok, hash] */
	tr_value request = TR_DICT("hash", tr_keep(tr_array_at(answer, 1)), "file", tr_keep(job->file), "payload",
				   tr_keep(job->payload), "watch", tr_bool(watch));
	tr_drop(answer);
	struct starting s = {.job = job, .store = {.data = data}, .watch = watch};
	if (watch)
		signals(&s.signals, SIG_BLOCK);
	bool good = start(r, &s, request);
	if (watch && !good)
		signals(&s.signals, SIG_UNBLOCK);
	return good;
}

/* ---- while it runs -------------------------------------------------------------------------------------------------
 */

static void show_events(run_job *job, tr_value events)
{
	for (size_t i = 0; i < tr_array_len(events); i++) {
		event e;
		if (event_from_value(tr_array_at(events, i), &e) == TR_OK)
			view_event(job->view, &e);
		event_fini(&e);
	}
}

/* [0, event | done | down | error, …]; false when it is over. */
static bool take(run_job *job, tr_value frame)
{
	tr_value what = tr_array_at(frame, 1);
	if (TR_IS_A(what, error)) {
		job->lost = true;
		(void)snprintf(job->problem, sizeof job->problem, "%s" GOES_ON,
			       tr_as_cstr(tr_array_at(frame, 2), "refused"));
		return false;
	}
	if (tr_as_int(tr_array_at(frame, 2), 0) != job->execution_id)
		return true;
	if (TR_IS_A(what, event)) {
		show_events(job, tr_array_at(frame, 3));
	} else if (TR_IS_A(what, done)) {
		job->summary = tr_keep(tr_array_at(frame, 3));
		return false;
	} else if (TR_IS_A(what, down)) {
		job->lost = true;
		(void)snprintf(job->problem, sizeof job->problem, "the execution's actor ended: %s",
			       tr_as_cstr(tr_array_at(frame, 3), "no reason was given"));
		return false;
	}
	return true;
}

/* False: its node cannot write that it is cancelled; what is asked for is done when it can. */
static bool ask_condition(remote *r, run_job *job)
{
	char why[200];
	tr_value answer;
	if (!job->interrupted ||
	    !remote_call(r, SUBJECT_STORE, TR_LIST(tr_string("condition")), CONDITION_MS, &answer, why, sizeof why))
		return true;
	bool stuck = runner_stuck(job, answer, "the node cancels it when there is room");
	tr_drop(answer);
	return !stuck;
}

/* False: asked twice, do not wait for the cancelled steps. */
static bool take_signal(remote *r, run_job *job, const sigset_t *set)
{
	char why[200];
	if (sigtimedwait(set, NULL, &(struct timespec){0}) <= 0)
		return true;
	patience_word word = patience_signal(&job->signals, clock_monotonic_ns(NULL));
	if (word != PATIENCE_ASKED)
		return word == PATIENCE_SAME;
	job->interrupted = true;
	if (!remote_post(r, SUBJECT_EXECUTIONS,
			 TR_LIST(tr_string("cancel"), tr_int(job->execution_id), tr_string("interrupted")), why,
			 sizeof why))
		(void)snprintf(job->problem, sizeof job->problem, "it could not be cancelled: %s", why);
	return true;
}

void follow(remote *r, run_job *job)
{
	sigset_t set;
	signals(&set, SIG_BLOCK);
	int64_t shown_us = 0;
	for (bool going = true; going;) {
		tr_value frame;
		char why[300];
		remote_news news = remote_next(r, TICK_MS, &frame, why, sizeof why);
		if (news == REMOTE_GONE) {
			job->lost = true;
			(void)snprintf(job->problem, sizeof job->problem, "%s" GOES_ON, why);
			going = false;
		} else if (news == REMOTE_FRAME) {
			going = take(job, frame);
			tr_drop(frame);
		}
		going = take_signal(r, job, &set) && going;
		int64_t now = clock_wall_us(NULL);
		if (going && now - shown_us >= TICK_MS * 1000) {
			view_tick(job->view, now);
			shown_us = now;
			going = ask_condition(r, job);
		}
	}
	view_end(job->view);
	signals(&set, SIG_UNBLOCK);
}
