/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The executions of this node, and those among them that crashed: each is started again and goes on from its log, with
 * an intensity of its own, so that one that crashes for ever takes no other with it.
 */
#include "actors/engine/executions_state.h"
#include "actors/engine/execution_state.h"
#include "actors/engine/roll.h"
#include "actors/protocol.h"

#include <inttypes.h>
#include <stdio.h>
#include <troupe/log.h>

#define CALL_NS      (30 * TR_SECOND)
#define MOST_CRASHES 5u /* within the period; one more and it is left to whoever resumes it */
#define PERIOD_NS    (60 * TR_SECOND)
#define DELAY_NS     (50 * TR_MS) /* before the second try; doubled for each further one */

void running_free(running *r)
{
	tr_drop(r->what);
	if (r->asked != NULL)
		tr_drop(r->asked->ensure);
	tr_free(r->asked);
	tr_free(r);
}

static void running_release(void *ptr)
{
	running_free(ptr);
}

running *running_of(const executions *s, int64_t id)
{
	return id > 0 ? idmap_get(&s->by_id, (uint64_t)id) : NULL;
}

/* ---- what is known of one: [path, parent, pid, events, pid, events …], one value here and on the roll ---------------
 */

#define FIRST_WATCHER 2u

tr_value running_path(const running *r)
{
	return tr_array_at(r->what, 0);
}

tr_value running_parent(const running *r)
{
	return tr_array_at(r->what, 1);
}

static size_t watcher_count(const running *r)
{
	size_t n = tr_array_len(r->what);

	return n < FIRST_WATCHER ? 0 : (n - FIRST_WATCHER) / 2;
}

static running_watcher watcher_at(const running *r, size_t i)
{
	return (running_watcher){tr_as_pid(tr_array_at(r->what, FIRST_WATCHER + 2 * i)),
				 tr_as_bool(tr_array_at(r->what, FIRST_WATCHER + 2 * i + 1), true)};
}

tr_value running_watchers(const running *r)
{
	size_t n = watcher_count(r);
	tr_value all = tr_array_with(n);

	for (size_t i = 0; i < n; i++)
		all = tr_array_push(all, TR_LIST(tr_pid_value(watcher_at(r, i).pid), tr_bool(watcher_at(r, i).events)));
	return all;
}

static running *known_as(int64_t id, tr_value what)
{
	running *r = tr_is_valid(what) ? tr_alloc(sizeof *r) : NULL;

	if (r == NULL) {
		tr_drop(what);
		return NULL;
	}
	*r = (running){.id = id, .started_us = tr_wall_us(), .what = what, .since = tr_now()};
	return r;
}

running *running_new(int64_t id, tr_value path, running_watcher who, tr_value parent)
{
	if (who.pid.bits == 0)
		return known_as(id, TR_LIST(path, parent));
	return known_as(id, TR_LIST(path, parent, tr_pid_value(who.pid), tr_bool(who.events)));
}

/* The roll keeps it. */
static void let_go(executions *s, running *r)
{
	if (r->monitor.bits != 0)
		(void)idmap_del(&s->by_monitor, r->monitor.bits);
	(void)idmap_del(&s->by_id, (uint64_t)r->id);
	running_free(r);
}

static void forget(executions *s, running *r)
{
	roll_drop(r->id);
	let_go(s, r);
}

static void enter(executions *s, running *r, tr_pid pid)
{
	r->pid = pid;
	r->monitor = tr_monitor(pid);
	if (idmap_put(&s->by_id, (uint64_t)r->id, r) != TR_OK || idmap_put(&s->by_monitor, r->monitor.bits, r) != TR_OK)
		tr_exit(TR_A(enomem));
}

tr_err running_adopt(executions *s, int64_t id, tr_pid pid)
{
	running *r = running_new(id, tr_nil(), RUNNING_UNWATCHED, tr_nil());

	if (r == NULL)
		return TR_ENOMEM;
	enter(s, r, pid);
	return TR_OK;
}

static void return_one(executions *s, int64_t id, tr_value what)
{
	running *r = known_as(id, tr_keep(what));

	if (r == NULL || idmap_put(&s->by_id, (uint64_t)id, r) != TR_OK)
		tr_exit(TR_A(enomem));
	(void)tr_send(tr_self(), TR_LIST(tr_atom("again"), tr_int(id)));
}

void running_return(executions *s)
{
	tr_value all = roll_all();

	for (size_t i = 0; i < tr_map_len(all); i++) {
		const tr_entry *e = &tr_map_entries(all)[i];
		int64_t id = tr_as_int(e->key, 0);
		running *r = running_of(s, id);

		if (id == ROLL_LACKING)
			executions_adopt_lacking(s, e->value);
		else if (r == NULL && id > 0)
			return_one(s, id, e->value);
		else if (r != NULL) /* it never ended; what is known of it was lost here */
			tr_assign(&r->what, tr_keep(e->value));
	}
	tr_drop(all);
}

tr_value running_extra(const executions *s, int64_t id)
{
	tr_value extra = TR_DICT("execution_id", tr_int(id), "env", tr_keep(s->env), "node", tr_int(s->node));

	if (s->lease_ns > 0)
		extra = tr_map_put_s(extra, "lease_ns", tr_int(s->lease_ns));
	if (s->snapshot_every != 0)
		extra = tr_map_put_s(extra, "snapshot_every", tr_int(s->snapshot_every));
	if (s->crash_limit != 0)
		extra = tr_map_put_s(extra, "crash_limit", tr_int(s->crash_limit));
	if (idmap_count(&s->by_id) > 0)
		extra = tr_map_put_s(extra, "beside", tr_int((int64_t)idmap_count(&s->by_id)));
	return s->check_replay ? tr_map_put_s(extra, "check_replay", tr_bool(true)) : extra;
}

static void crashed(executions *s, running *r, tr_value reason);

/* Whoever is taken up again stays known; a former self whose supervisor was killed may still be about to end. */
static void not_started(executions *s, running *r, tr_value reason)
{
	tr_pid former = tr_as_pid(tr_array_at(reason, 1));

	if (running_of(s, r->id) != r)
		forget(s, r);
	else if (tr_str_is(tr_as_str(tr_array_at(reason, 0)), "already_started") && former.bits != 0)
		enter(s, r, former);
	else
		crashed(s, r, reason);
}

tr_value running_start(executions *s, running *r, tr_value extra)
{
	tr_pid supervisor = tr_whereis(EXECUTIONS_SUPERVISOR);
	tr_started started;
	tr_buf why = {.max = 400};
	tr_value answer;

	if (r == NULL || supervisor.bits == 0 || !tr_is_valid(extra)) {
		tr_drop(extra);
		if (r != NULL)
			not_started(s, r, tr_nil());
		return executions_refuse(supervisor.bits == 0 ? "the executions' supervisor is not there"
							      : "out of memory");
	}
	/* Whoever is killed while it waits for the supervisor gives up what it has; one that is entered is not its own.
	 */
	bool entered = running_of(s, r->id) == r;
	if (!entered && tr_own(r, running_release) != TR_OK) {
		tr_drop(extra);
		return executions_refuse("out of memory");
	}
	started = tr_supervisor_start_instance(supervisor, extra, tr_in(CALL_NS));
	if (!entered)
		(void)tr_disown(r);
	if (started.pid.bits != 0) {
		enter(s, r, started.pid);
		if (!entered)
			roll_keep(r->id, r->what);
		return TR_LIST(TR_A(ok), tr_int(r->id), tr_pid_value(started.pid));
	}
	not_started(s, r, started.reason);
	tr_show(&why, started.reason, 300);
	answer = TR_LIST(TR_A(error), tr_stringf("the execution cannot be started: %s", why.p == NULL ? "?" : why.p));
	tr_buf_fini(&why);
	tr_drop(started.reason);
	return answer;
}

void running_watch(running *r, running_watcher who)
{
	for (size_t i = 0; i < watcher_count(r); i++)
		if (tr_pid_eq(watcher_at(r, i).pid, who.pid))
			return;
	tr_value what = tr_array_push(tr_keep(r->what), tr_pid_value(who.pid));

	what = tr_array_push(what, tr_bool(who.events));
	if (!tr_is_valid(what))
		tr_exit(TR_A(enomem));
	tr_assign(&r->what, what);
	roll_keep(r->id, r->what);
}

static running_asked *asked_of(running *r)
{
	if (r->asked == NULL)
		r->asked = tr_alloc(sizeof *r->asked);
	return r->asked;
}

void running_forward(running *r, tr_value request, tr_from from)
{
	running_asked *a = asked_of(r);

	if (a != NULL)
		a->calls[a->count++ % RUNNING_ASKED] = from;
	(void)tr_send(r->pid, TR_LIST(TR_A(call), tr_ref_value(from.ref), tr_pid_value(from.pid), request));
}

void running_ensure(running *r, tr_value request)
{
	running_asked *a = asked_of(r);
	tr_value later = tr_map_put_s(tr_keep(request), "fresh", tr_bool(false)); /* it has begun by then */

	if (a == NULL || !tr_is_valid(later))
		tr_exit(TR_A(enomem));
	tr_assign(&a->ensure, later);
}

/* An answer to a call that has its answer goes nowhere. */
static void answer_asked(running *r)
{
	running_asked *a = r->asked;

	for (uint32_t i = 0; a != NULL && i < a->count && i < RUNNING_ASKED; i++)
		tr_reply(a->calls[i], executions_refuse("the execution ended before it answered; ask again"));
	if (a != NULL)
		a->count = 0;
}

/* ---- crashes ---------------------------------------------------------------------------------------------------- */

/* Too many: its log is whole, and it waits for somebody who resumes it. */
static void give_up(executions *s, running *r, const char *reason)
{
	char why[500];

	(void)snprintf(why, sizeof why,
		       "execution %" PRId64
		       " ended %u times within a minute, the last time by: %s; its log is whole and "
		       "it can be resumed",
		       r->id, r->crashes, reason);
	tr_log(TR_ERROR, tr_absent(), "%s", why);
	for (size_t i = 0; i < watcher_count(r); i++)
		(void)tr_send(watcher_at(r, i).pid, TR_LIST(tr_atom("gone"), tr_int(r->id), tr_string(why)));
	if (tr_is(running_parent(r), TR_MAP))
		parent_refuse(running_parent(r), r->id, why);
	forget(s, r);
}

/* Without a store nothing can go on: that is no fault of the execution's. */
static bool lost_store(tr_value reason)
{
	return tr_str_is(tr_as_str(tr_array_at(reason, 0)), "no_store");
}

static void crashed(executions *s, running *r, tr_value reason)
{
	int64_t now = tr_now(), delay = 0;
	tr_buf text = {.max = 300};

	if (lost_store(reason)) {
		r->pid = (tr_pid){0};
		r->monitor = (tr_ref){0};
		(void)tr_send_at(tr_self(), TR_LIST(tr_atom("again"), tr_int(r->id)), tr_in(DELAY_NS));
		return;
	}

	if (now - r->since > PERIOD_NS) {
		r->since = now;
		r->crashes = 0;
	}
	tr_show(&text, reason, 250);
	if (r->crashes++ > 0)
		delay = DELAY_NS << (r->crashes - 2);
	if (r->crashes > MOST_CRASHES) {
		give_up(s, r, text.p == NULL ? "?" : text.p);
	} else {
		/* One that ended before it was watched: its log tells how. */
		if (!TR_IS_A(reason, noproc))
			tr_log(TR_WARNING, tr_absent(),
			       "execution %" PRId64 " crashed and is taken up from its log: %s", r->id,
			       text.p == NULL ? "?" : text.p);
		r->pid = (tr_pid){0};
		r->monitor = (tr_ref){0};
		(void)tr_send_at(tr_self(), TR_LIST(tr_atom("again"), tr_int(r->id)), tr_in(delay));
	}
	tr_buf_fini(&text);
}

/* What its parent asked for while it ended did not reach it: that comes next. */
static void ended(executions *s, running *r)
{
	if (r->asked != NULL && tr_is_valid(r->asked->ensure))
		(void)tr_send(tr_self(), TR_LIST(tr_atom("ensure_child"), tr_keep(r->asked->ensure)));
	forget(s, r);
}

void running_down(executions *s, tr_value message)
{
	running *r = idmap_del(&s->by_monitor, tr_as_ref(tr_array_at(message, 1)).bits);
	tr_value reason = tr_array_at(message, 4);

	if (r == NULL)
		return;
	answer_asked(r);
	/* One that waits for a plugin has said so first; it may have ended before it could be watched. */
	if (s->closing || TR_IS_A(reason, normal) || executions_is_lacking(s, r->id))
		ended(s, r);
	else if (TR_IS_A(reason, shutdown)) /* with all others: whoever is started next finds it on the roll */
		let_go(s, r);
	else
		crashed(s, r, reason);
}

void running_again(executions *s, int64_t id)
{
	running *r = running_of(s, id);
	tr_value extra;

	if (r == NULL || r->pid.bits != 0 || s->closing)
		return;
	if (tr_whereis(SUBJECT_STORE).bits == 0 || tr_whereis(EXECUTIONS_SUPERVISOR).bits == 0) {
		(void)tr_send_at(tr_self(), TR_LIST(tr_atom("again"), tr_int(id)), tr_in(DELAY_NS));
		return;
	}
	extra = tr_map_merge(running_extra(s, id), TR_DICT("resume", tr_bool(true), "again", tr_bool(true), "watch",
							   running_watchers(r), "parent", tr_keep(running_parent(r))));
	tr_drop(running_start(s, r, extra)); /* one that cannot be started is tried again */
}
