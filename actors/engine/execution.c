/* SPDX-License-Identifier: Apache-2.0 */
/* The actor of one execution: messages in, the machine decides, the outlet does. */
#include "actors/engine/execution_state.h"
#include "actors/engine/shadow.h"
#include "actors/protocol.h"
#include "actors/event/event_batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <troupe/log.h>

#define MOST_EVENTS 100000u /* in one report */
#define CRASH_LIMIT 5
#define STACK_SIZE  (256u * 1024u) /* guards and arguments are evaluated on it */

/* The state is one pointer, so that it can be given back however the actor ends. */
struct execution_box {
	execution *x;
};

static void execution_release(void *ptr)
{
	execution *x = ptr;

	machine_free(&x->machine);
	machine_free(&x->shadow);
	machine_free(&x->restored);
	held_fini(&x->told);
	held_fini(&x->acts);
	tr_drop(x->going);
	dispatches_fini(&x->dispatches);
	tr_buf_fini(&x->frames);
	tr_drop(x->arg);
	tr_drop(x->env);
	tr_drop(x->history);
	tr_free(x->watchers);
	tr_free(x->waits);
	tr_free(x);
}

static tr_next next_of(execution *x)
{
	if (!outlet_flush(x))
		return tr_next_stop(TR_A(normal));
	snapshot_consider(x);
	return tr_noreply();
}

/* A machine that had no memory, or met what cannot be, is not asked again. */
static void note(execution *x, tr_err err)
{
	if (err == TR_ENOMEM || err == TR_ECORRUPT)
		x->err = err;
}

/* ---- start --------------------------------------------------------------------------------------------------- */

/* A pid, or after a restart all that its former self had: [[pid, events], …]. */
static tr_err watch_all(execution *x, tr_value who, bool events)
{
	tr_err err = TR_OK;

	if (tr_is(who, TR_PID))
		return watch_add(x, tr_as_pid(who), events);
	for (size_t i = 0; i < tr_array_len(who) && err == TR_OK; i++)
		err = watch_add(x, tr_as_pid(tr_array_at(tr_array_at(who, i), 0)),
				tr_as_bool(tr_array_at(tr_array_at(who, i), 1), true));
	return err;
}

static tr_next execution_init(void *state, tr_value arg)
{
	struct execution_box *box = state;
	execution *x = tr_alloc(sizeof *x);

	if (x == NULL)
		return tr_next_stop(TR_A(enomem));
	x->arg = tr_keep(arg);
	x->env = tr_keep(tr_map_get_s(arg, "env"));
	x->id = tr_as_int(tr_map_get_s(arg, "execution_id"), 0);
	x->lease_ns = tr_as_int(tr_map_get_s(arg, "lease_ns"), LEASE_NS);
	if (tr_own(x, execution_release) != TR_OK)
		return tr_next_stop(TR_A(enomem));
	box->x = x;
	outlet_init(x);
	snapshot_init(x);
	if (watch_all(x, tr_map_get_s(arg, "watch"), tr_as_bool(tr_map_get_s(arg, "watch_events"), true)) != TR_OK)
		return tr_next_stop(TR_A(enomem));
	return tr_next_then(TR_A(start));
}

static void set_deadline(execution *x)
{
	int64_t deadline = machine_deadline_us(x->machine), now = tr_wall_us();
	int64_t left = deadline > now ? deadline - now : 0;

	if (deadline == 0 || x->deadline_set)
		return;
	x->deadline_set = true;
	(void)tr_send_at(tr_self(), tr_atom("expire"), tr_in(left < INT64_MAX / 1000 ? left * 1000 : INT64_MAX));
}

/* For whoever looks at the tree of actors. */
static void name_playbook(tr_value info)
{
	tr_value path = tr_map_get_s(info, "path");

	if (tr_is(path, TR_STRING))
		tr_set_note(tr_keep(path));
}

static bool checks_replay(const execution *x)
{
	return tr_as_bool(tr_map_get_s(x->arg, "check_replay"), false);
}

static tr_next begin(execution *x)
{
	routes *r = routes_of_value(tr_map_get_s(x->arg, "routes"));
	machine_world w = outlet_world(x);

	x->machine = r == NULL ? NULL : machine_new(r, x->id);
	if (x->machine == NULL)
		return tr_next_stop(r == NULL ? TR_A(badarg) : TR_A(enomem));
	if (checks_replay(x))
		x->shadow = shadow_new(r, x->id);
	name_playbook(tr_map_get_s(x->arg, "playbook"));
	x->err = points_start(x, &w);
	tr_assign(&x->arg, tr_nil());
	set_deadline(x);
	return next_of(x);
}

/* [pid, ref] */
static tr_from from_of(tr_value v)
{
	return (tr_from){tr_as_pid(tr_array_at(v, 0)), tr_as_ref(tr_array_at(v, 1))};
}

/* Tell whoever asked for it. */
static void answer_resume(tr_value from, tr_value answer)
{
	if (tr_array_len(from) == 2)
		tr_reply(from_of(from), answer);
	else
		tr_drop(answer);
}

/* Its log ends where it ends, or there is none: whoever waits for that is told. */
static tr_next not_resumed(execution *x, tr_err err, const char *why)
{
	tr_value from = tr_map_get_s(x->arg, "from"), parent = tr_map_get_s(x->arg, "parent");

	answer_resume(from, TR_LIST(TR_A(error), tr_string_lossy(why, tr_s(why).n)));
	if (err == TR_EEXIST) {
		parent_report(x);
		/* One that nobody waits for has been begun, as whoever asked wants to know. */
		if (tr_is(parent, TR_MAP) && !tr_as_bool(tr_map_get_s(parent, "wait"), false)) {
			parent_tell_begun(x, tr_as_int(tr_map_get_s(parent, "execution_id"), 0));
			(void)outlet_flush(x);
		}
		return tr_next_stop(TR_A(normal));
	}
	/* A child that was recorded and never begun. */
	if (err == TR_ENOENT && tr_is_valid(tr_map_get_s(x->arg, "routes")))
		return begin(x);
	if (tr_is(parent, TR_MAP))
		parent_refuse(parent, x->id, why);
	if (tr_as_bool(tr_map_get_s(x->arg, "again"), false))
		return tr_next_stop(TR_LIST(tr_atom("resume_failed"), tr_string_lossy(why, tr_s(why).n)));
	return tr_next_stop(TR_A(normal));
}

/* Those who watched its former self know it by another pid. */
static void tell_restarted(execution *x)
{
	tr_value m = TR_LIST(tr_atom("restarted"), tr_int(x->id), tr_pid_value(tr_self()));

	if (tr_as_bool(tr_map_get_s(x->arg, "again"), false))
		watch_tell(x, m, false);
	tr_drop(m);
}

static tr_value control_answer(const execution *x, tr_err err)
{
	if (err == TR_OK)
		return TR_A(ok);
	return TR_LIST(TR_A(error), tr_string(err == TR_EINVAL ? machine_refusal(x->machine) : tr_err_text(err)));
}

/* Who asked for the cancel, if anybody did, hears of it when it is on disk. */
static void resume_cancelled(execution *x, tr_str reason, tr_value from)
{
	machine_world w = outlet_world(x);
	tr_err err = machine_cancel(x->machine, &w, OUTLET_SINK(x), reason);

	note(x, err);
	if (tr_array_len(from) == 2)
		outlet_reply(x, from_of(from), control_answer(x, err));
}

static bool has_kind(void *arg, tr_str kind)
{
	char name[160];

	(void)arg;
	(void)snprintf(name, sizeof name, "command.%.*s", (int)(kind.n < 140 ? kind.n : 140), kind.p);
	return tr_whereis(name).bits != 0;
}

/* The kind of a tool that it may need and that no plugin of this node performs; fresh, with the reason. Absent: it has
 * all, or this node has no plugins at all and cannot tell. */
static tr_value lacking(const execution *x, char *why, size_t n)
{
	const machine_kinds kinds = {has_kind, NULL};
	tr_str step, kind;

	if (tr_whereis("plugins").bits == 0 || machine_lacks(x->machine, &kinds, &step, &kind) != TR_OK || kind.n == 0)
		return tr_absent();
	(void)snprintf(why, n,
		       REFUSAL_LACKING
		       ": step \"%.*s\" needs the tool kind \"%.*s\", and no loaded plugin performs it; "
		       "it goes on when one is loaded ('troupe plugin load FILE.so', or plugins.paths in "
		       "the settings)",
		       (int)(step.n < 100 ? step.n : 100), step.p, (int)(kind.n < 100 ? kind.n : 100), kind.p);
	return tr_string_n(kind.p, kind.n);
}

/* It stays as it is, and `executions` takes it up as soon as the kind is there. Takes the kind. */
static tr_next wait_for_plugin(execution *x, tr_value kind, const char *why)
{
	tr_value from = tr_map_get_s(x->arg, "from"), parent = tr_map_get_s(x->arg, "parent");

	(void)tr_send_name(SUBJECT_EXECUTIONS,
			   TR_LIST(tr_atom("lacking"), tr_int(x->id), kind, tr_string_lossy(why, tr_s(why).n)));
	answer_resume(from, TR_LIST(TR_A(error), tr_string_lossy(why, tr_s(why).n)));
	/* Who waits for its end hears of that. One that nobody waits for has been begun. */
	if (tr_is(parent, TR_MAP) && !tr_as_bool(tr_map_get_s(parent, "wait"), false)) {
		parent_tell_begun(x, tr_as_int(tr_map_get_s(parent, "execution_id"), 0));
		(void)outlet_flush(x);
	}
	return tr_next_stop(TR_A(normal));
}

/* ---- taken up after the process had died ---- */

static bool stands_back(int64_t id, uint32_t deaths)
{
	uint64_t mixed = ((uint64_t)id + deaths) * UINT64_C(0x9e3779b97f4a7c15);

	return mixed >> 63 != 0;
}

/* Of several that were under way when the process died each may be the cause: about every other time one that has seen
 * some deaths waits until the others have shown that they let the process live. */
static void recover_init(execution *x)
{
	int64_t limit = tr_as_int(tr_map_get_s(x->arg, "crash_limit"), CRASH_LIMIT);
	uint32_t deaths, some;

	if (tr_as_bool(tr_map_get_s(x->arg, "again"), false))
		x->died_us = 0;
	x->most_deaths = limit < 0 ? 0 : (uint32_t)limit;
	x->beside = (uint64_t)tr_as_int(tr_map_get_s(x->arg, "beside"), 0);
	if (x->most_deaths == 0 || x->beside == 0)
		return;
	deaths = machine_deaths(x->machine, x->died_us);
	some = x->most_deaths / 2 > 2 ? x->most_deaths / 2 : 2;
	x->recover_owed = deaths >= some && stands_back(x->id, deaths);
}

static void recover_now(execution *x)
{
	machine_world w = outlet_world(x);

	x->recover_owed = false;
	w.died_us = x->died_us;
	w.most_deaths = x->most_deaths;
	w.beside = x->beside;
	if (machine_phase_of(x->machine) != MACHINE_FINISHED)
		note(x, machine_recover(x->machine, &w, OUTLET_SINK(x)));
}

static void recover(execution *x)
{
	if (x->recover_owed)
		(void)tr_send_at(tr_self(), tr_atom("recover"), tr_in(MACHINE_DEATH_US * 1000 + TR_SECOND));
	else
		recover_now(x);
}

static tr_next resume(execution *x)
{
	tr_value from = tr_own_value(tr_keep(tr_map_get_s(x->arg, "from")));
	tr_value reason = tr_own_value(tr_keep(tr_map_get_s(x->arg, "cancel")));
	bool cancels = tr_is(reason, TR_STRING);
	char why[600] = "";
	tr_err err = resume_load(x, true, why, sizeof why);

	if (err != TR_OK)
		return not_resumed(x, err, why);
	/* One that crashed here had all that it needs. */
	if (!cancels && !tr_as_bool(tr_map_get_s(x->arg, "again"), false)) {
		tr_value kind = lacking(x, why, sizeof why);

		if (tr_is_valid(kind))
			return wait_for_plugin(x, kind, why);
	}
	name_playbook(machine_playbook(x->machine));
	if (!cancels)
		answer_resume(from, TR_LIST(TR_A(ok), tr_pid_value(tr_self())));
	tell_restarted(x);
	if (checks_replay(x) && !resume_shadow(x))
		return tr_next_stop(TR_A(enomem));
	recover_init(x);
	tr_assign(&x->arg, tr_nil());
	/* What is only taken up to end must not be begun once more. */
	if (cancels)
		resume_cancelled(x, tr_as_str(reason), from);
	if (x->err == TR_OK && machine_phase_of(x->machine) != MACHINE_FINISHED)
		recover(x);
	set_deadline(x);
	return next_of(x);
}

static tr_next execution_continue(void *state, tr_value what)
{
	execution *x = ((struct execution_box *)state)->x;
	tr_pid store = tr_whereis("store");

	(void)what;
	if (store.bits == 0)
		return tr_next_stop(TR_LIST(tr_atom("no_store"), tr_string("no event store is there to append to")));
	x->store_pid = store;
	x->store = tr_monitor(store);
	return tr_as_bool(tr_map_get_s(x->arg, "resume"), false) ? resume(x) : begin(x);
}

/* ---- reports of step runs --------------------------------------------------------------------------------------- */

static void verdict(execution *x, tr_pid to, int64_t token, tr_value v)
{
	if (token == 0)
		tr_drop(v);
	else
		outlet_send(x, to, TR_LIST(TR_A(ack), tr_int(token), v));
}

static tr_value report(execution *x, uint64_t run, uint32_t attempt, tr_value list)
{
	event_list own = {0}, *events = event_batch_read(list, MOST_EVENTS, &own);
	machine_world w = outlet_world(x);
	tr_err err;

	if (events == NULL) {
		event_list_fini(&own);
		return TR_LIST(TR_A(error), tr_string("these are no events"));
	}
	/* Ids come from one generator, so that they sort as the events do. */
	for (size_t i = 0; i < events->count; i++)
		events->items[i].event_id = 0;
	err = machine_report(x->machine, &w, OUTLET_SINK(x), run, attempt, events->items, events->count);
	event_list_fini(&own);
	note(x, err);
	if (err == TR_OK)
		return TR_A(ok);
	if (err == TR_ENOENT)
		return tr_atom("stale");
	return TR_LIST(TR_A(error), tr_string("a step run reports events of its own kind, its last one at the end"));
}

/* [event, sender, token, step_run_id, attempt, events] */
static void take_report(execution *x, tr_value message)
{
	tr_pid sender = tr_as_pid(tr_array_at(message, 1));
	int64_t token = tr_as_int(tr_array_at(message, 2), 0);
	uint64_t run = (uint64_t)tr_as_int(tr_array_at(message, 3), 0);
	uint32_t attempt = (uint32_t)tr_as_int(tr_array_at(message, 4), 0);
	dispatch *d = dispatch_of(&x->dispatches, run);

	/* Sent again because the answer was lost: it was taken, say so again. */
	if (d != NULL && token != 0 && d->token == token && d->attempt == attempt) {
		verdict(x, sender, token, TR_A(ok));
		return;
	}
	verdict(x, sender, token, report(x, run, attempt, tr_array_at(message, 5)));
	d = dispatch_of(&x->dispatches, run);
	if (d == NULL || d->attempt != attempt)
		return;
	d->seen = tr_now();
	if (token != 0)
		d->token = token;
	note(x, dispatch_watch(&x->dispatches, d, sender));
}

/* ---- what vanishes, and what takes too long -----------------------------------------------------------------------
 */

static void fail_run(execution *x, uint64_t run, uint32_t attempt, const char *kind, const char *message)
{
	machine_world w = outlet_world(x);

	tr_err err = machine_fail_run(x->machine, &w, OUTLET_SINK(x), run, attempt, kind, message);
	const dispatch *d = dispatch_of(&x->dispatches, run);

	note(x, err);
	/* The machine's event has ended it already, unless the machine knew nothing of it. */
	if (d != NULL && d->attempt == attempt)
		dispatch_end(&x->dispatches, run);
}

/* [DOWN, ref, process, pid, reason] */
static void take_down(execution *x, tr_value message)
{
	tr_ref ref = tr_as_ref(tr_array_at(message, 1));
	char text[300];
	tr_buf reason = {.max = 200};
	uint64_t run;
	bool pool;

	if (watch_down(x, ref))
		return;
	if (tr_ref_eq(ref, x->store))
		tr_exit(TR_LIST(tr_atom("no_store"), tr_keep(tr_array_at(message, 4))));
	run = dispatch_down(&x->dispatches, ref, &pool);
	if (run != 0) {
		tr_show(&reason, tr_array_at(message, 4), 180);
		(void)snprintf(text, sizeof text, "the step run's actor ended: %s", reason.p == NULL ? "?" : reason.p);
		tr_buf_fini(&reason);
		lease_lose(x, run, dispatch_of(&x->dispatches, run)->attempt, text);
	} else if (pool) {
		lease_pool_gone(x);
	}
}

static void take_step_timeout(execution *x, tr_value message)
{
	fail_run(x, (uint64_t)tr_as_int(tr_array_at(message, 1), 0), (uint32_t)tr_as_int(tr_array_at(message, 2), 0),
		 "timeout", "the step's timeout passed before it was done");
}

static void take_appended(execution *x, tr_value message)
{
	if (tr_as_int(tr_array_at(message, 1), 0) == x->id)
		outlet_durable(x, (uint64_t)tr_as_int(tr_array_at(message, 2), 0),
			       (uint64_t)tr_as_int(tr_array_at(message, 3), 0));
}

static tr_next execution_info(void *state, tr_value message)
{
	execution *x = ((struct execution_box *)state)->x;
	tr_value tag = tr_is(message, TR_ARRAY) ? tr_array_at(message, 0) : message;
	tr_str name = tr_is(tag, TR_ATOM) ? tr_as_str(tag) : (tr_str){NULL, 0};
	machine_world w;

	if (TR_IS_A(tag, event)) {
		take_report(x, message);
	} else if (tr_str_is(name, "appended")) {
		take_appended(x, message);
	} else if (tr_str_is(name, "append_failed")) {
		tr_exit(TR_LIST(tr_atom("append_failed"), tr_keep(tr_array_at(message, 3))));
	} else if (TR_IS_A(tag, down)) {
		take_down(x, message);
	} else if (tr_str_is(name, "step_timeout")) {
		take_step_timeout(x, message);
	} else if (tr_str_is(name, "beat")) {
		lease_beat(x, message);
	} else if (tr_str_is(name, "snapshotted")) {
		snapshot_taken(x);
	} else if (tr_str_is(name, "lease")) {
		lease_look(x);
	} else if (tr_str_is(name, "lost")) {
		lease_lost(x, message);
	} else if (tr_str_is(name, "child_done")) {
		parent_child_done(x, message);
	} else if (tr_str_is(name, "child_begun")) {
		parent_child_begun(x, message);
	} else if (tr_str_is(name, "begun")) {
		parent_tell_begun(x, tr_as_int(tr_array_at(message, 1), 0));
	} else if (tr_str_is(name, "recover") && x->recover_owed) {
		recover_now(x);
	} else if (tr_str_is(name, "expire")) {
		w = outlet_world(x);
		note(x, machine_expire(x->machine, &w, OUTLET_SINK(x)));
	}
	return next_of(x);
}

/* ---- calls ----------------------------------------------------------------------------------------------------------
 */

/* [pause, parent]: along with the execution that waits for this one. */
static bool for_parent(tr_value request)
{
	return tr_str_is(tr_as_str(tr_array_at(request, 1)), "parent");
}

static tr_next execution_call(void *state, tr_value request, tr_from from)
{
	execution *x = ((struct execution_box *)state)->x;
	tr_str what = tr_as_str(tr_array_at(request, 0));
	machine_world w = outlet_world(x);
	tr_err err = TR_OK;

	if (tr_str_is(what, "summary"))
		return tr_next_reply(machine_summary(x->machine));
	if (tr_str_is(what, "watch")) {
		err = watch_add(x, tr_as_pid(tr_array_at(request, 1)), true);
		return tr_next_reply(err == TR_OK ? TR_A(ok) : TR_LIST(TR_A(error), tr_string(tr_err_text(err))));
	}
	if (tr_str_is(what, "child")) {
		tr_value answer = parent_ask(x, tr_array_at(request, 1), from);

		if (tr_is_valid(answer))
			tr_reply(from, answer);
		return next_of(x);
	}
	if (tr_str_is(what, "durable")) {
		outlet_reply(x, from, TR_A(ok));
		return next_of(x);
	}
	if (tr_str_is(what, "cancel"))
		err = machine_cancel(x->machine, &w, OUTLET_SINK(x), tr_as_str(tr_array_at(request, 1)));
	else if (tr_str_is(what, "pause"))
		err = machine_pause(x->machine, &w, OUTLET_SINK(x), for_parent(request));
	else if (tr_str_is(what, "unpause"))
		err = machine_unpause(x->machine, &w, OUTLET_SINK(x), for_parent(request));
	else
		return tr_next_reply(
		    TR_LIST(TR_A(error),
			    tr_string("an execution knows cancel, pause, unpause, child, durable, summary and watch")));
	note(x, err);
	outlet_reply(x, from, control_answer(x, err));
	return next_of(x);
}

static tr_next execution_cast(void *state, tr_value request)
{
	(void)request;
	return next_of(((struct execution_box *)state)->x);
}

static tr_value execution_show(void *state)
{
	const execution *x = ((struct execution_box *)state)->x;

	if (x == NULL || x->machine == NULL)
		return tr_nil();
	return TR_DICT("execution_id", tr_stringf("%" PRId64, x->id), "playbook",
		       tr_keep(tr_map_get_s(machine_playbook(x->machine), "path")), "seq",
		       tr_int((int64_t)machine_seq(x->machine)), "durable", tr_int((int64_t)x->durable), "step_runs",
		       tr_int((int64_t)machine_run_count(x->machine)), "tokens",
		       tr_int((int64_t)machine_token_count(x->machine)), "paused", tr_bool(machine_paused(x->machine)));
}

static const tr_gen_server execution_server = {
    .name = "execution",
    .state_size = sizeof(struct execution_box),
    .init = execution_init,
    .handle_call = execution_call,
    .handle_cast = execution_cast,
    .handle_info = execution_info,
    .handle_continue = execution_continue,
    .show = execution_show,
};

tr_started execution_start_link(tr_value arg, tr_value extra)
{
	char name[40];
	tr_spawn_options options = {.label = "execution", .name = name, .stack_size = STACK_SIZE};

	(void)arg;
	(void)snprintf(name, sizeof name, "event.%" PRId64, tr_as_int(tr_map_get_s(extra, "execution_id"), 0));
	return tr_gen_server_start_link(&execution_server, tr_keep(extra), &options, TR_FOREVER);
}
