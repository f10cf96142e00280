/* SPDX-License-Identifier: Apache-2.0 */
/* The runner actor. */
#include "cli/runner.h"

#include "actors/engine/catalog.h"
#include "actors/protocol.h"
#include "cli/others.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <troupe/io.h>
#include <troupe/log.h>

#define RUNNER_NAME "runner"
#define TICK_NS     (100 * TR_MS)
#define CALL_NS     (30 * TR_SECOND)
#define STUCK_COUNT 10               /* answers in a row */
#define RESTART_NS  (60 * TR_SECOND) /* an execution that crashed is taken up again before that */

/* The job is the waiting thread's; the value only carries it into the actor. */
static void not_ours(void *data)
{
	(void)data;
}

static const tr_class job_class = {"run job", not_ours};

static void problem(run_job *job, const char *what, tr_value answer)
{
	tr_buf text = {0};
	if (!tr_is_valid(answer))
		tr_buf_puts(&text, tr_err_text(tr_value_err(answer)));
	else if (tr_is(tr_array_at(answer, 1), TR_STRING))
		tr_buf_puts(&text, tr_as_cstr(tr_array_at(answer, 1), ""));
	else
		tr_show(&text, answer, 300);
	(void)snprintf(job->problem, sizeof job->problem, "%s: %s", what, text.p != NULL ? text.p : "out of memory");
	tr_buf_fini(&text);
}

/* A playbook that hooks of plugins refuse is shown as the checker would show it. */
static void ask_faults(run_job *job)
{
	tr_value ask = TR_LIST(tr_atom("validate"), tr_keep(job->file), tr_string_n(job->source.p, job->source.n));
	tr_value answer = tr_call_name(SUBJECT_CATALOG, ask, tr_in(CALL_NS));
	if (TR_IS_A(tr_array_at(answer, 0), ok))
		tr_assign(&job->faults, tr_keep(tr_array_at(answer, 1)));
	tr_drop(answer);
}

/* The execution's pid, {0} when it could not be started. */
static tr_pid begin(run_job *job)
{
	tr_pid none = {0};
	tr_value put = TR_LIST(tr_atom("put"), tr_keep(job->file), tr_string_n(job->source.p, job->source.n),
			       catalog_model_value(job->playbook));
	tr_value answer = tr_call_name(SUBJECT_CATALOG, put, tr_in(CALL_NS));
	if (!TR_IS_A(tr_array_at(answer, 0), ok)) {
		problem(job, "the catalog did not take the playbook", answer);
		ask_faults(job);
		tr_drop(answer);
		return none;
	}
	tr_value request = TR_DICT("hash", tr_keep(tr_array_at(answer, 1)), "file", tr_keep(job->file), "payload",
				   tr_keep(job->payload), "watch", tr_pid_value(tr_self()));
	tr_drop(answer);
	answer = tr_call_name(SUBJECT_EXECUTIONS, TR_LIST(TR_A(start), request), tr_in(CALL_NS));
	tr_pid pid = tr_as_pid(tr_array_at(answer, 2));
	if (TR_IS_A(tr_array_at(answer, 0), ok))
		job->execution_id = tr_as_int(tr_array_at(answer, 1), 0);
	else
		problem(job, "the execution could not be started", answer);
	tr_drop(answer);
	return pid;
}

/* In an actor of its own: an execution that waits for the disk answers late, and what else comes must be heard
 * meanwhile. */
static void cancel_body(tr_value id)
{
	tr_value request = TR_LIST(TR_A(cancel), tr_keep(id), tr_string("interrupted"));
	tr_drop(tr_call_name(SUBJECT_EXECUTIONS, request, tr_in(CALL_NS)));
}

static void cancel(run_job *job)
{
	job->interrupted = true;
	if (tr_spawn(cancel_body, tr_int(job->execution_id)).bits == 0)
		(void)snprintf(job->problem, sizeof job->problem,
			       "the execution could not be cancelled: out of memory");
}

/* [pid]: the store may be in the middle of a write that does not come back. */
static void condition_body(tr_value runner)
{
	tr_value answer = tr_call_name(SUBJECT_STORE, TR_LIST(tr_atom("condition")), tr_in(CALL_NS));
	tr_send(tr_as_pid(runner), TR_LIST(tr_atom("condition"), tr_is_valid(answer) ? answer : tr_nil()));
}

static void ask_condition(run_job *job)
{
	if (job->interrupted && !job->asking)
		job->asking = tr_spawn(condition_body, tr_pid_value(tr_self())).bits != 0;
}

bool runner_stuck(run_job *job, tr_value condition, const char *what_then)
{
	job->stuck_count = tr_is(condition, TR_STRING) ? job->stuck_count + 1 : 0;
	if (job->stuck_count < STUCK_COUNT)
		return false;
	job->stuck = true;
	(void)snprintf(job->problem, sizeof job->problem,
		       "the event store cannot write (%.200s); execution %" PRId64 " keeps what its log has, and %s",
		       tr_as_cstr(condition, "?"), job->execution_id, what_then);
	return true;
}

static void show_event(run_job *job, tr_value value)
{
	event e;
	if (event_from_value(value, &e) != TR_OK)
		return;
	view_event(job->view, &e);
	event_fini(&e);
}

static bool word_is(tr_value tag, const char *word)
{
	return tr_is(tag, TR_ATOM) && tr_str_is(tr_as_str(tag), word);
}

/* False when it is over. */
static bool take(run_job *job, tr_value m)
{
	tr_value tag = tr_array_at(m, 0);
	if (TR_IS_A(tag, event)) {
		show_event(job, tr_array_at(m, 2));
	} else if (TR_IS_A(tag, done)) {
		job->summary = tr_keep(tr_array_at(m, 2));
		return false;
	} else if (TR_IS_A(tag, down)) {
		tr_buf why = {0};
		tr_show(&why, tr_array_at(m, 4), 300);
		(void)snprintf(job->problem, sizeof job->problem, "the execution's actor ended: %s",
			       why.p != NULL ? why.p : "");
		tr_buf_fini(&why);
		if (tr_pid_eq(tr_as_pid(tr_array_at(m, 3)), job->execution))
			job->down_ns = tr_now(); /* it is started again, and says so */
	} else if (word_is(tag, "restarted")) {
		job->down_ns = 0;
		job->execution = tr_as_pid(tr_array_at(m, 2));
		tr_monitor(job->execution);
	} else if (word_is(tag, "gone")) {
		(void)snprintf(job->problem, sizeof job->problem, "%s", tr_as_cstr(tr_array_at(m, 2), ""));
		return false;
	} else if (TR_IS_A(m, tick)) {
		if (job->down_ns != 0 && tr_now() - job->down_ns > RESTART_NS)
			return false;
		view_tick(job->view, tr_wall_us());
		ask_condition(job);
		tr_send_at(tr_self(), TR_A(tick), tr_in(TICK_NS));
	} else if (TR_IS_A(tag, info)) {
		view_say(job->view, tr_as_str(tr_array_at(m, 1)));
	} else if (tr_is(tr_array_at(m, 1), TR_INT) && tr_equal(tag, tr_atom("signal"))) {
		switch (patience_signal(&job->signals, tr_now())) {
		case PATIENCE_ASKED:
			cancel(job);
			break;
		case PATIENCE_SAME:
			break;
		case PATIENCE_OVER: /* do not wait for the cancelled steps */
			return false;
		}
	} else if (word_is(tag, "condition")) {
		job->asking = false;
		return !runner_stuck(job, tr_array_at(m, 1), "'troupe resume' goes on with it when there is room");
	}
	return true;
}

static bool is_own(const void *arg, int64_t id)
{
	const run_job *job = arg;
	return job->execution_id == id;
}

static void see_to_its_end(run_job *job)
{
	tr_monitor(job->execution);
	tr_send(tr_self(), TR_A(tick));
	for (bool going = true; going;) {
		tr_value m = tr_receive(TR_FOREVER);
		going = take(job, m);
		tr_drop(m);
	}
	view_end(job->view);
}

static void runner_body(tr_value arg)
{
	run_job *job = tr_as_object(arg, &job_class);
	tr_signal_subscribe(SIGINT);
	tr_signal_subscribe(SIGTERM);
	tr_signal_subscribe(SIGHUP);
	job->execution = begin(job);
	if (job->execution.bits != 0)
		see_to_its_end(job);
	others who = {"run", is_own, job};
	if (job->interrupted || !others_wait(&who))
		others_leave(&who);
}

void runner_log(void *arg, tr_value record)
{
	const style *s = arg;
	tr_buf text = {0};
	tr_log_show(&text, record, s->color);
	/* Before and after its time there is no runner, and nothing drawn that could be spoilt. */
	if (text.err != TR_OK ||
	    tr_send_name(RUNNER_NAME, TR_LIST(TR_A(info), tr_string_lossy(text.p, text.n))) != TR_OK)
		fprintf(stderr, "%.*s", TR_STR(tr_buf_str(&text)));
	tr_buf_fini(&text);
}

tr_err runner_run(tr_node *node, run_job *job)
{
	job->summary = tr_absent();
	tr_spawn_options options = {.label = "runner", .name = RUNNER_NAME};
	tr_spawned s = tr_node_spawn(node, runner_body, tr_object(&job_class, job), &options);
	if (s.err != TR_OK)
		return s.err;
	tr_value reason = tr_node_wait(node, s.pid, TR_FOREVER);
	/* One that ended before it was waited for gives no reason; what it said itself stands. */
	if (!TR_IS_A(reason, normal) && !tr_is_valid(job->summary) && job->problem[0] == '\0')
		problem(job, "the runner ended", reason);
	tr_drop(reason);
	return TR_OK;
}
