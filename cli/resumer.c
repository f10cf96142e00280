/* SPDX-License-Identifier: Apache-2.0 */
/* The resumer actor, and its remote sibling. */
#include "cli/resumer.h"

#include "actors/protocol.h"
#include "cli/others.h"
#include "cli/owner.h"
#include "cli/style.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <troupe/io.h>

#define CALL_NS     (300 * TR_SECOND)
#define CALL_MS     300000
#define SHUTDOWN_NS (30 * TR_SECOND)
#define LOOK_MS     100

static void not_ours(void *data)
{
	(void)data;
}

static const tr_class job_class = {"resume job", not_ours};

void resumer_log(void *arg, tr_value record)
{
	const style *s = arg;
	tr_buf text = {0};
	tr_log_show(&text, record, s->color);
	fprintf(stderr, "%.*s", TR_STR(tr_buf_str(&text)));
	tr_buf_fini(&text);
}

static resume_one *one_of(resume_job *job, int64_t id)
{
	for (size_t i = 0; i < job->count; i++)
		if (job->all[i].id == id)
			return &job->all[i];
	return NULL;
}

static size_t open_count(const resume_job *job)
{
	size_t n = 0;
	for (size_t i = 0; i < job->count; i++)
		n += job->all[i].begun && !job->all[i].over && !tr_is_valid(job->all[i].summary) &&
		     job->all[i].problem[0] == '\0';
	return n;
}

static void begun(const resume_job *job, resume_one *one)
{
	one->begun = true;
	if (!job->quiet)
		fprintf(stderr, "execution %" PRId64 " of %s goes on\n", one->id, tr_as_cstr(one->playbook, "?"));
}

/* ---- in this process ------------------------------------------------------------------------------------------------
 */

static tr_value ask(tr_value request)
{
	return tr_call_name(SUBJECT_EXECUTIONS, request, tr_in(CALL_NS));
}

static void refused(resume_one *one, tr_value answer)
{
	(void)snprintf(one->problem, sizeof one->problem, "%s",
		       tr_is_valid(answer) ? tr_as_cstr(tr_array_at(answer, 1), "it was refused")
					   : tr_err_text(tr_value_err(answer)));
}

static void watch_here(resume_one *one, tr_pid pid)
{
	one->pid = pid;
	(void)tr_monitor(pid);
}

/* Its parent has taken it up before its turn came: its end is watched like that of those begun here. When it is over
 * already, it had been seen to its end, and there is nothing to add. */
static void join_running(resume_job *job, resume_one *one)
{
	tr_value answer = ask(TR_LIST(tr_string("watch"), tr_int(one->id), tr_pid_value(tr_self())));
	char name[40];
	(void)snprintf(name, sizeof name, "event.%" PRId64, one->id);
	tr_pid pid = tr_whereis(name);
	begun(job, one);
	one->over = !TR_IS_A(answer, ok) || pid.bits == 0;
	if (!one->over)
		watch_here(one, pid);
	tr_drop(answer);
}

static void begin_here(resume_job *job, resume_one *one)
{
	tr_value answer =
	    ask(TR_LIST(TR_A(resume), tr_int(one->id), tr_pid_value(tr_self()), tr_int((int64_t)job->count - 1)));
	if (!TR_IS_A(tr_array_at(answer, 0), ok)) {
		refused(one, answer);
		if (strstr(one->problem, REFUSAL_RUNS) != NULL) {
			one->problem[0] = '\0';
			join_running(job, one);
		} else if (strcmp(one->problem, REFUSAL_OVER) == 0) {
			one->problem[0] = '\0';
			one->over = true;
			begun(job, one);
		}
	} else {
		begun(job, one);
		watch_here(one, tr_as_pid(tr_array_at(answer, 1)));
	}
	if (one->begun && one->unpause)
		tr_drop(ask(TR_LIST(tr_string("unpause"), tr_int(one->id))));
	tr_drop(answer);
}

/* It would wait for ever for one that waits for a plugin. */
static void hold_parents(resume_job *job, const resume_one *child)
{
	resume_one *one = one_of(job, child->parent);
	for (size_t depth = 0; one != NULL && one->problem[0] == '\0' && depth < job->count; depth++) {
		(void)snprintf(one->problem, sizeof one->problem, "its sub-playbook %" PRId64 ": %.300s", child->id,
			       child->problem);
		one = one_of(job, one->parent);
	}
}

/* Sub-playbooks first, the innermost ahead: whether they can go on is known before who waits for them does. */
static void begin_all_here(resume_job *job)
{
	for (size_t i = job->count; i-- > 0;) {
		resume_one *one = &job->all[i];
		if (one->parent == 0 || one->problem[0] != '\0')
			continue;
		begin_here(job, one);
		if (strstr(one->problem, REFUSAL_LACKING) != NULL)
			hold_parents(job, one);
	}
	for (size_t i = 0; i < job->count; i++)
		if (job->all[i].parent == 0 && job->all[i].problem[0] == '\0')
			begin_here(job, &job->all[i]);
}

/* One that crashed is taken up again, and says so. Without a summary before its end it was shut down. */
static void take_down(resume_job *job, tr_pid pid, tr_value reason)
{
	for (size_t i = 0; i < job->count && (TR_IS_A(reason, normal) || TR_IS_A(reason, shutdown)); i++) {
		resume_one *one = &job->all[i];
		if (tr_pid_eq(one->pid, pid) && !one->over && !tr_is_valid(one->summary))
			(void)snprintf(one->problem, sizeof one->problem, "its actor ended; it can be resumed again");
	}
}

/* [restarted, id, pid] or [gone, id, text] */
static void take_crashed(resume_one *one, tr_str what, tr_value said)
{
	if (tr_str_is(what, "restarted"))
		watch_here(one, tr_as_pid(said));
	else if (tr_str_is(what, "gone"))
		(void)snprintf(one->problem, sizeof one->problem, "%s", tr_as_cstr(said, "it crashed too often"));
}

static void take(resume_job *job, tr_value m)
{
	tr_value tag = tr_array_at(m, 0);
	resume_one *one = one_of(job, tr_as_int(tr_array_at(m, 1), 0));
	if (TR_IS_A(tag, done)) {
		if (one != NULL && !tr_is_valid(one->summary))
			one->summary = tr_keep(tr_array_at(m, 2));
	} else if (TR_IS_A(tag, down)) {
		take_down(job, tr_as_pid(tr_array_at(m, 3)), tr_array_at(m, 4));
	} else if (tr_equal(tag, tr_atom("signal"))) {
		job->interrupted = true;
	} else if (tr_is(tag, TR_ATOM) && one != NULL) {
		take_crashed(one, tr_as_str(tag), tr_array_at(m, 2));
	}
}

static bool is_own(const void *arg, int64_t id)
{
	const resume_job *job = arg;
	for (size_t i = 0; i < job->count; i++)
		if (job->all[i].id == id)
			return true;
	return false;
}

static void resumer_body(tr_value arg)
{
	resume_job *job = tr_as_object(arg, &job_class);
	tr_signal_subscribe(SIGINT);
	tr_signal_subscribe(SIGTERM);
	tr_signal_subscribe(SIGHUP);
	begin_all_here(job);
	while (open_count(job) > 0 && !job->interrupted) {
		tr_value m = tr_receive(TR_FOREVER);
		take(job, m);
		tr_drop(m);
	}
	others who = {"resume", is_own, job};
	if (job->interrupted || !others_wait(&who))
		others_leave(&who);
	/* Interrupted: what runs stays as it is in its log. */
	tr_drop(tr_call_name(SUBJECT_EXECUTIONS, TR_LIST(TR_A(shutdown)), tr_in(SHUTDOWN_NS)));
}

tr_err resumer_run(tr_node *node, resume_job *job)
{
	tr_spawn_options options = {.label = "resumer", .name = "runner"};
	tr_spawned s = tr_node_spawn(node, resumer_body, tr_object(&job_class, job), &options);
	if (s.err != TR_OK)
		return s.err;
	tr_drop(tr_node_wait(node, s.pid, TR_FOREVER));
	return TR_OK;
}

/* ---- in another -----------------------------------------------------------------------------------------------------
 */

static void begin_there(remote *r, resume_job *job, resume_one *one, bool wait)
{
	tr_value answer;
	if (remote_call(r, SUBJECT_EXECUTIONS,
			TR_LIST(tr_string("resume"), tr_int(one->id), tr_bool(wait), tr_int((int64_t)job->count - 1)),
			CALL_MS, &answer, one->problem, sizeof one->problem)) {
		begun(job, one);
		tr_drop(answer);
	} else if (strstr(one->problem, REFUSAL_RUNS) != NULL) {
		one->problem[0] = '\0';
		if (!wait || remote_watch(r, one->id, one->problem, sizeof one->problem))
			begun(job, one);
	} else if (strcmp(one->problem, REFUSAL_OVER) == 0) {
		one->problem[0] = '\0';
		one->over = true;
		begun(job, one);
	}
	if (one->begun && one->unpause) {
		char why[200];
		if (remote_call(r, SUBJECT_EXECUTIONS, TR_LIST(tr_string("unpause"), tr_int(one->id)), CALL_MS, &answer,
				why, sizeof why))
			tr_drop(answer);
	}
}

static void take_frame(resume_job *job, tr_value frame)
{
	resume_one *one = one_of(job, tr_as_int(tr_array_at(frame, 2), 0));
	if (one == NULL)
		return;
	if (TR_IS_A(tr_array_at(frame, 1), done) && !tr_is_valid(one->summary))
		one->summary = tr_keep(tr_array_at(frame, 3));
	if (!TR_IS_A(tr_array_at(frame, 1), down))
		return;
	one->lost = true;
	(void)snprintf(one->problem, sizeof one->problem, "its actor ended: %s",
		       tr_as_cstr(tr_array_at(frame, 3), "?"));
}

void resumer_ask(remote *r, resume_job *job, bool wait)
{
	sigset_t set, before;
	char why[300] = "";
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	for (size_t i = 0; i < job->count; i++) {
		begin_there(r, job, &job->all[i], wait);
		if (i == 0 && owner_is_again(job->all[0].problem)) {
			(void)snprintf(job->again, sizeof job->again, "%.290s", job->all[0].problem);
			return;
		}
	}
	(void)sigprocmask(SIG_BLOCK, &set, &before);
	while (wait && open_count(job) > 0 && !job->interrupted && why[0] == '\0') {
		tr_value frame;
		if (remote_next(r, LOOK_MS, &frame, why, sizeof why) == REMOTE_FRAME)
			take_frame(job, frame);
		tr_drop(frame);
		job->interrupted = sigtimedwait(&set, NULL, &(struct timespec){0}) > 0;
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	for (size_t i = 0; i < job->count && why[0] != '\0'; i++) {
		resume_one *one = &job->all[i];
		if (tr_is_valid(one->summary) || one->problem[0] != '\0')
			continue;
		(void)snprintf(one->problem, sizeof one->problem, "%s; it can be resumed again", why);
		one->lost = true;
	}
}
