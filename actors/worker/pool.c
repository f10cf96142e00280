/* SPDX-License-Identifier: Apache-2.0 */
/** A worker pool. */
#include "actors/worker/pool.h"
#include "actors/event/event.h"
#include "actors/event/step_command.h"
#include "actors/protocol.h"
#include "actors/worker/model_cache.h"
#include "actors/worker/run_table.h"
#include "actors/worker/step_run.h"

#include <stdio.h>
#include <troupe/log.h>

#define START_TIMEOUT (30 * TR_SECOND)

typedef struct pool {
	char *subject;
	tr_pid runs; /* supervisor of the step runs */
	char *runs_name;
	uint32_t concurrency;
	tr_value env;
	model_cache models;
	run_table table;
	uint32_t counted; /* entries of the table that count */
	tr_value *queue;  /* commands that wait, each an object: a ring */
	size_t queue_head, queue_count, queue_capacity;
} pool;

/* ---- the queue ---- */

static bool queue_push(pool *p, tr_value command)
{
	if (p->queue_count == p->queue_capacity) {
		size_t capacity = p->queue_capacity == 0 ? 64 : p->queue_capacity * 2;
		tr_value *grown = tr_alloc(capacity * sizeof *grown);
		if (grown == NULL) {
			tr_drop(command);
			return false;
		}
		for (size_t i = 0; i < p->queue_count; i++)
			grown[i] = p->queue[(p->queue_head + i) % p->queue_capacity];
		tr_free(p->queue);
		p->queue = grown;
		p->queue_capacity = capacity;
		p->queue_head = 0;
	}
	p->queue[(p->queue_head + p->queue_count++) % p->queue_capacity] = command;
	return true;
}

static tr_value queue_pop(pool *p)
{
	tr_value command = p->queue[p->queue_head];
	p->queue_head = (p->queue_head + 1) % p->queue_capacity;
	p->queue_count--;
	return command;
}

static bool is_run(tr_value command, int64_t execution_id, int64_t step_run_id)
{
	const step_command *c = step_command_of(command);
	return c->execution_id == execution_id && (step_run_id == 0 || (int64_t)c->step_run_id == step_run_id);
}

/* Take those of an execution (and step run, unless 0) out of the queue. */
static void queue_forget(pool *p, int64_t execution_id, int64_t step_run_id)
{
	for (size_t left = p->queue_count; left > 0; left--) {
		tr_value command = queue_pop(p);
		if (is_run(command, execution_id, step_run_id))
			tr_drop(command);
		else
			queue_push(p, command);
	}
}

/* ---- failures that the step run cannot report itself ---- */

static void tell_execution(int64_t execution_id, tr_pid reply_to, tr_value message)
{
	char subject[48];
	snprintf(subject, sizeof subject, "event.%lld", (long long)execution_id);
	tr_pid to = tr_whereis(subject);
	tr_send(to.bits != 0 ? to : reply_to, message);
}

static void report_failed(int64_t execution_id, uint64_t step_run_id, uint32_t attempt, tr_pid reply_to, tr_value error)
{
	event e;
	event_init(&e, EVENT_STEP_FAILED);
	e.time_us = tr_wall_us();
	e.execution_id = execution_id;
	e.step_run_id = step_run_id;
	e.attempt = attempt;
	e.status = "error";
	e.payload = TR_DICT("error", error);
	tr_value message = TR_LIST(TR_A(event), tr_pid_value(tr_self()), tr_int(0), tr_int((int64_t)step_run_id),
				   tr_int(attempt), TR_LIST(event_to_value(&e)));
	event_fini(&e);
	tell_execution(execution_id, reply_to, message);
}

static void refuse(const step_command *c, const char *kind, tr_value message)
{
	report_failed(c->execution_id, c->step_run_id, c->attempt, c->reply_to,
		      TR_DICT("kind", tr_string(kind), "message", message, "retryable", tr_bool(false)));
}

/* ---- starting ---- */

static tr_value scope_for(pool *p, tr_value command)
{
	const step_command *c = step_command_of(command);
	const model_cache_entry *model = model_cache_get(&p->models, c->hash);
	if (model == NULL) {
		refuse(c, "no_playbook",
		       tr_stringf("the catalog does not have the playbook %s", tr_as_cstr(c->hash, "(no hash)")));
		return tr_absent();
	}
	const run_place place = {.book = model->book,
				 .words = model->words,
				 .pures = model->pures,
				 .keep = model->keep,
				 .env = p->env,
				 .supervisor = p->runs,
				 .concurrency = p->concurrency};
	tr_value run = run_scope_new(&place, command);
	if (!tr_is_valid(run))
		refuse(c, "bad_command",
		       tr_stringf("the step run's command cannot be performed: %s", tr_err_text(tr_value_err(run))));
	return run;
}

static void note_run(pool *p, const step_command *c, const tr_spawned *spawned, bool counted)
{
	run_entry entry = {.execution_id = c->execution_id,
			   .step_run_id = c->step_run_id,
			   .attempt = c->attempt,
			   .pid = spawned->pid,
			   .monitor = spawned->monitor,
			   .reply_to = c->reply_to,
			   .counted = counted};
	if (run_table_add(&p->table, &entry) == NULL)
		tr_exitf("pool %s: out of memory", p->subject);
	p->counted += entry.counted;
}

/* Takes the command. */
static void start(pool *p, tr_value command)
{
	const step_command *c = step_command_of(command);
	tr_value run = scope_for(p, command);
	if (tr_is_valid(run)) {
		/* A step that waits for another playbook would, counted, keep that playbook's steps from their turn. */
		bool counted = !run_scope_of(run)->texts->waits;
		tr_spawned spawned = step_run_spawn(run);
		if (spawned.err == TR_OK)
			note_run(p, c, &spawned, counted);
		else
			refuse(c, "crash",
			       tr_stringf("the step run could not be started: %s", tr_err_text(spawned.err)));
	}
	tr_drop(command);
}

static void start_waiting(pool *p)
{
	while (p->queue_count > 0 && p->counted < p->concurrency)
		start(p, queue_pop(p));
}

/* The same step run again with a later attempt: whoever still has it has lost it. */
static bool is_new(pool *p, const step_command *c)
{
	run_entry *have = run_table_find(&p->table, c->execution_id, c->step_run_id);
	if (have == NULL)
		return true;
	if (have->attempt >= c->attempt)
		return false;
	/* It may hang, and what it has out at a plugin must not go on. */
	tr_exit_signal(have->pid, TR_A(kill));
	tr_demonitor(have->monitor);
	p->counted -= have->counted;
	run_table_remove(&p->table, have);
	return true;
}

static void command(pool *p, tr_value said)
{
	tr_value command = step_command_read(said);
	const step_command *c = step_command_of(command);
	if (c == NULL)
		return;
	if (is_new(p, c)) {
		if (p->counted < p->concurrency && p->queue_count == 0)
			start(p, tr_keep(command));
		else if (!queue_push(p, tr_keep(command)))
			refuse(c, "busy", tr_string("the worker pool has no room for another command"));
	}
	tr_drop(command);
}

/* ---- cancelling ---- */

static void cancel_one(void *arg, const run_entry *e)
{
	const tr_value *reason = arg;
	tr_send(e->pid, TR_LIST(TR_A(cancel), tr_keep(*reason)));
}

/* [cancel, execution_id, step_run_id | nil, reason] */
static void cancel(pool *p, tr_value message)
{
	int64_t execution_id = tr_as_int(tr_array_at(message, 1), 0);
	int64_t step_run_id = tr_as_int(tr_array_at(message, 2), 0);
	tr_value reason = tr_array_at(message, 3);
	if (!tr_is_valid(reason))
		reason = tr_nil();
	queue_forget(p, execution_id, step_run_id);
	if (step_run_id == 0) {
		run_table_each(&p->table, execution_id, cancel_one, &reason);
		return;
	}
	const run_entry *e = run_table_find(&p->table, execution_id, (uint64_t)step_run_id);
	if (e != NULL)
		cancel_one(&reason, e);
}

/* ---- ends ---- */

/* The execution decides whether it is given out again. Takes the reason. */
static void tell_lost(int64_t execution_id, int64_t step_run_id, uint32_t attempt, tr_pid reply_to, tr_value reason)
{
	tell_execution(execution_id, reply_to, TR_LIST(tr_atom("lost"), tr_int(step_run_id), tr_int(attempt), reason));
}

static tr_value crash_text(tr_value reason)
{
	tr_buf shown = {0};
	tr_show(&shown, reason, 200);
	tr_value text = tr_stringf("the step run's actor ended: %.*s", TR_STR(tr_buf_str(&shown)));
	tr_buf_fini(&shown);
	return text;
}

/* [heartbeat, execution, execution_id, step_run_id, attempt]: the step run answers itself. One that waits in the queue
 * is not looked for there: while there is a queue it is taken to be in it. */
static void heartbeat(pool *p, tr_value message)
{
	tr_pid asker = tr_as_pid(tr_array_at(message, 1));
	int64_t execution_id = tr_as_int(tr_array_at(message, 2), 0),
		step_run_id = tr_as_int(tr_array_at(message, 3), 0);
	uint32_t attempt = (uint32_t)tr_as_int(tr_array_at(message, 4), 0);
	const run_entry *e = run_table_find(&p->table, execution_id, (uint64_t)step_run_id);
	if (e != NULL && e->attempt == attempt)
		tr_send(e->pid, tr_keep(message));
	else if (p->queue_count > 0)
		tr_send(asker, TR_LIST(tr_atom("beat"), tr_int(step_run_id), tr_int(attempt)));
	else
		tell_lost(execution_id, step_run_id, attempt, asker, tr_string("its worker pool does not know it"));
}

/* [DOWN, ref, process, pid, reason] */
static void down(pool *p, tr_value message)
{
	run_entry *e = run_table_of_pid(&p->table, tr_as_pid(tr_array_at(message, 3)));
	if (e == NULL || !tr_ref_eq(e->monitor, tr_as_ref(tr_array_at(message, 1))))
		return;
	tr_value reason = tr_array_at(message, 4);
	if (!TR_IS_A(reason, normal))
		tell_lost(e->execution_id, (int64_t)e->step_run_id, e->attempt, e->reply_to, crash_text(reason));
	p->counted -= e->counted;
	run_table_remove(&p->table, e);
	start_waiting(p);
}

/* ---- callbacks ---- */

static tr_next pool_info(void *state, tr_value message)
{
	pool *p = state;
	tr_value tag = tr_array_at(message, 0);
	if (TR_IS_A(tag, command))
		command(p, tr_array_at(message, 1));
	else if (TR_IS_A(tag, down))
		down(p, message);
	else if (TR_IS_A(tag, cancel))
		cancel(p, message);
	else if (tr_is(tag, TR_ATOM) && tr_str_is(tr_as_str(tag), "heartbeat"))
		heartbeat(p, message);
	return tr_noreply();
}

static tr_value pool_show(void *state)
{
	const pool *p = state;
	return TR_DICT("subject", tr_string(p->subject), "running", tr_int((int64_t)p->table.count), "waiting",
		       tr_int((int64_t)p->queue_count), "concurrency", tr_int(p->concurrency));
}

static tr_next pool_call(void *state, tr_value request, tr_from from)
{
	(void)request;
	(void)from;
	return tr_next_reply(pool_show(state));
}

/* A pool that was restarted finds the step runs of the one before it. */
static void adopt(pool *p)
{
	tr_value children = tr_supervisor_which_children(p->runs, tr_in(START_TIMEOUT));
	for (size_t i = 0; i < tr_array_len(children); i++) {
		tr_pid pid = tr_as_pid(tr_map_get_s(tr_array_at(children, i), "pid"));
		tr_value who = pid.bits != 0 ? tr_call(pid, tr_atom("identify"), tr_in(TR_SECOND)) : tr_absent();
		if (!tr_is(who, TR_MAP))
			continue;
		run_entry entry = {.execution_id = tr_as_int(tr_map_get_s(who, "execution_id"), 0),
				   .step_run_id = (uint64_t)tr_as_int(tr_map_get_s(who, "step_run_id"), 0),
				   .attempt = (uint32_t)tr_as_int(tr_map_get_s(who, "attempt"), 1),
				   .pid = pid,
				   .monitor = tr_monitor(pid),
				   .reply_to = tr_as_pid(tr_map_get_s(who, "reply_to")),
				   .counted = true};
		if (run_table_add(&p->table, &entry) != NULL)
			p->counted++;
		tr_drop(who);
	}
	tr_drop(children);
}

/* However the actor ends, also by `kill`. */
static void pool_release(void *state)
{
	pool *p = state;
	while (p->queue_count > 0)
		tr_drop(queue_pop(p));
	tr_free(p->queue);
	run_table_fini(&p->table);
	model_cache_fini(&p->models);
	tr_clear(&p->env);
	tr_free(p->subject);
	tr_free(p->runs_name);
}

/* arg: {name, concurrency, env} */
static tr_next pool_init(void *state, tr_value arg)
{
	pool *p = state;
	if (tr_own(p, pool_release) != TR_OK)
		return tr_next_stop(tr_string("out of memory"));
	const char *name = tr_as_cstr(tr_map_get_s(arg, "name"), "default");
	tr_buf subject = {0}, runs = {0};
	tr_buf_putf(&subject, "command.%s", name);
	tr_buf_putf(&runs, "step_runs.%s", name);
	p->subject = subject.p;
	p->runs_name = runs.p;
	if (subject.err != TR_OK || runs.err != TR_OK)
		return tr_next_stop(tr_string("out of memory"));
	p->concurrency = (uint32_t)tr_as_int(tr_map_get_s(arg, "concurrency"), POOL_CONCURRENCY);
	p->env = tr_keep(tr_map_get_s(arg, "env"));
	p->runs = tr_whereis(p->runs_name);
	if (p->runs.bits == 0)
		return tr_next_stop(tr_stringf("the supervisor %s is not there", p->runs_name));
	tr_err err = tr_register(p->subject, tr_self());
	if (err != TR_OK)
		return tr_next_stop(tr_stringf("the name %s: %s", p->subject, tr_err_text(err)));
	adopt(p);
	return tr_noreply();
}

static const tr_gen_server pool_server = {.name = "pool",
					  .state_size = sizeof(pool),
					  .init = pool_init,
					  .handle_call = pool_call,
					  .handle_info = pool_info,
					  .show = pool_show};

/* ---- the supervisors ---- */

static tr_started refuse_start(tr_value arg, tr_value extra)
{
	(void)arg;
	(void)extra;
	return (tr_started){.reason = tr_string("step runs are spawned by their pool")};
}

tr_child_spec pool_child(const pool_options *options)
{
	const char *name = options->name != NULL ? options->name : "default";
	char runs[160];
	snprintf(runs, sizeof runs, "step_runs.%s", name);
	uint32_t concurrency = options->concurrency > 0 ? options->concurrency : POOL_CONCURRENCY;
	tr_value env = tr_is(options->env, TR_MAP) ? tr_keep(options->env) : tr_map();
	tr_value arg = TR_DICT("name", tr_string(name), "concurrency", tr_int(concurrency), "env", env);

	/* The pool spawns the step runs and they join; one that ends is never started again by its supervisor: the
	 * execution decides on another attempt. */
	tr_child_spec run = {.start = refuse_start,
			     .arg = tr_nil(),
			     .restart = TR_TEMPORARY,
			     .shutdown_ns = 2 * TR_SECOND,
			     .label = "step"};
	tr_supervisor_spec run_spec = {.strategy = TR_SIMPLE_ONE_FOR_ONE,
				       .intensity = 10,
				       .children = &run,
				       .child_count = 1,
				       .name = runs,
				       .label = "step runs"};
	tr_child_spec children[2] = {{.id = "step_runs",
				      .start = tr_supervisor_start,
				      .arg = tr_supervisor_arg(&run_spec),
				      .restart = TR_PERMANENT,
				      .type = TR_SUPERVISOR},
				     {.id = "pool",
				      .server = &pool_server,
				      .arg = arg,
				      .restart = TR_PERMANENT,
				      .shutdown_ns = 2 * TR_SECOND,
				      .label = "worker pool"}};
	tr_supervisor_spec spec = {.strategy = TR_REST_FOR_ONE,
				   .intensity = 10,
				   .period_ns = 10 * TR_SECOND,
				   .children = children,
				   .child_count = 2,
				   .label = "worker pool supervisor"};
	return (tr_child_spec){.id = "pool",
			       .start = tr_supervisor_start,
			       .arg = tr_supervisor_arg(&spec),
			       .restart = TR_PERMANENT,
			       .type = TR_SUPERVISOR};
}
