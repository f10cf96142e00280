/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages: call [borrow, key, target (wrapped)] -> session or outcome; cast [opened, key, session or outcome];
 * [sweep].
 *
 * Messages that nobody answers have a connection of their own: a server that cannot get its answers out while more and
 * more comes in on the same connection stops reading, and then neither side gets on.
 */
#include "plugins/actions/nats/pool.h"
#include "plugins/shared/auth/auth.h"
#include "plugins/actions/nats/target.h"

#include <troupe/gen_server.h>

#define SWEEP_NS (10 * TR_SECOND)

tr_err nats_pool_init(void *state, tr_value config, tr_value *reason)
{
	nats_pool *p = state;

	(void)reason;
	p->sessions = tr_map();
	p->waiting = tr_map();
	p->keep_ns = tr_as_int(tr_map_get_s(config, "idle_seconds"), 60) * TR_SECOND;
	p->connect_ms = (int64_t)(tr_as_float(tr_map_get_s(config, "connect_timeout"), 10) * 1000);
	return TR_OK;
}

static void *close_it(void *arg)
{
	nats_session_close(arg);
	return NULL;
}

void nats_pool_stop(void *state)
{
	nats_pool *p = state;

	for (size_t i = 0; i < tr_map_len(p->sessions); i++)
		(void)tr_dirty(close_it, nats_session_of(tr_array_at(tr_map_entries(p->sessions)[i].value, 0)), NULL);
	tr_clear(&p->sessions);
	tr_clear(&p->waiting);
}

/* ---- opening ---- */

typedef struct opening {
	tr_node *node;
	tr_value target, session, fault;
	int64_t timeout_ms;
} opening;

static void *open_it(void *arg)
{
	opening *o = arg;

	o->session = nats_session_open(o->node, o->target, o->timeout_ms, &o->fault);
	return NULL;
}

/* arg: [pool, key, target (wrapped), timeout in ms]. */
static void open_body(tr_value arg)
{
	opening o = {.node = tr_here(),
		     .target = secret_open(tr_array_at(arg, 2)),
		     .session = tr_absent(),
		     .fault = tr_absent(),
		     .timeout_ms = tr_as_int(tr_array_at(arg, 3), 10000)};
	tr_err err;

	(void)tr_dirty(open_it, &o, &err);
	if (err != TR_OK)
		o.fault = tr_outcome_error("busy", true, "nats cannot connect: %s", tr_err_text(err));
	tr_cast(tr_as_pid(tr_array_at(arg, 0)),
		TR_LIST(tr_atom("opened"), tr_keep(tr_array_at(arg, 1)), tr_is_valid(o.session) ? o.session : o.fault));
}

static void wait_for_it(nats_pool *p, tr_value key, tr_value target, tr_from from)
{
	tr_value entry = tr_map_get(p->waiting, key), one = TR_LIST(tr_pid_value(from.pid), tr_ref_value(from.ref));

	if (tr_is_valid(entry)) {
		tr_value all = tr_array_push(tr_keep(tr_array_at(entry, 0)), one);
		entry = TR_LIST(all, tr_keep(tr_array_at(entry, 1)));
	} else {
		tr_spawn_options options = {.label = "nats: connecting", .monitor = true};
		tr_value arg = TR_LIST(tr_pid_value(tr_self()), tr_keep(key), tr_keep(target), tr_int(p->connect_ms));
		entry = TR_LIST(TR_LIST(one), tr_ref_value(tr_spawn_opt(open_body, arg, &options).monitor));
	}
	p->waiting = tr_map_put(p->waiting, tr_keep(key), entry);
}

/* Takes what. */
static void answer(nats_pool *p, tr_value key, tr_value what)
{
	tr_value all = tr_array_at(tr_map_get(p->waiting, key), 0);

	for (size_t i = 0; i < tr_array_len(all); i++) {
		tr_value one = tr_array_at(all, i);
		tr_from from = {tr_as_pid(tr_array_at(one, 0)), tr_as_ref(tr_array_at(one, 1))};
		tr_reply(from, tr_keep(what));
	}
	p->waiting = tr_map_del(p->waiting, key);
	tr_drop(what);
}

/* ---- the actor ---- */

static void put(nats_pool *p, tr_value key, tr_value session)
{
	p->sessions = tr_map_put(p->sessions, tr_keep(key), TR_LIST(tr_keep(session), tr_int(tr_now())));
	if (!p->sweeping)
		p->sweeping = tr_send_at(tr_self(), TR_LIST(tr_atom("sweep")), tr_in(SWEEP_NS)).bits != 0;
}

tr_value nats_pool_call(void *state, tr_value request, tr_from from)
{
	nats_pool *p = state;
	tr_value key = tr_array_at(request, 1), session = tr_array_at(tr_map_get(p->sessions, key), 0);
	nats_session *s = nats_session_of(session);

	if (s == NULL || !nats_session_alive(s)) {
		p->sessions = tr_map_del(p->sessions, key);
		wait_for_it(p, key, tr_array_at(request, 2), from);
		return tr_absent();
	}
	session = tr_keep(session);
	put(p, key, session);
	return session;
}

void nats_pool_cast(void *state, tr_value request)
{
	nats_pool *p = state;
	tr_value key = tr_array_at(request, 1), what = tr_array_at(request, 2);
	tr_ref monitor = tr_as_ref(tr_array_at(tr_map_get(p->waiting, key), 1));

	if (nats_session_of(what) != NULL)
		put(p, key, what);
	tr_demonitor(monitor);
	answer(p, key, tr_keep(what));
}

/* An actor of its own closes it: that joins threads of the library. */
static void close_body(tr_value session)
{
	(void)tr_dirty(close_it, nats_session_of(session), NULL);
}

static void sweep(nats_pool *p)
{
	tr_value kept = tr_map();

	for (size_t i = 0; i < tr_map_len(p->sessions); i++) {
		const tr_entry *e = &tr_map_entries(p->sessions)[i];
		tr_value session = tr_array_at(e->value, 0);
		bool used = tr_refcount(session) > 1;
		bool young = tr_as_int(tr_array_at(e->value, 1), 0) + p->keep_ns > tr_now();
		if (nats_session_alive(nats_session_of(session)) && (used || young))
			kept = tr_map_put(kept, tr_keep(e->key), tr_keep(e->value));
		else if (!used)
			tr_spawn(close_body, tr_keep(session));
	}
	tr_assign(&p->sessions, kept);
	p->sweeping =
	    tr_map_len(kept) > 0 && tr_send_at(tr_self(), TR_LIST(tr_atom("sweep")), tr_in(SWEEP_NS)).bits != 0;
}

/* Who was to open a connection crashed. */
static void opener_gone(nats_pool *p, tr_ref monitor)
{
	for (size_t i = 0; i < tr_map_len(p->waiting); i++) {
		const tr_entry *e = &tr_map_entries(p->waiting)[i];
		if (!tr_ref_eq(tr_as_ref(tr_array_at(e->value, 1)), monitor))
			continue;
		tr_value key = tr_keep(e->key);
		answer(p, key, tr_outcome_error("busy", true, "nats cannot connect: who was to do it crashed"));
		tr_drop(key);
		return;
	}
}

void nats_pool_info(void *state, tr_value message)
{
	if (TR_IS_A(tr_array_at(message, 0), down))
		opener_gone(state, tr_as_ref(tr_array_at(message, 1)));
	else
		sweep(state);
}

/* ---- the actor of a command ---- */

tr_value nats_pool_borrow(tr_pid plugin, tr_value target, bool bulk, int64_t deadline, tr_value *fault)
{
	tr_value hash = nats_target_key(target), key = tr_stringf("%s %s", bulk ? "bulk" : "ask", tr_as_cstr(hash, ""));
	tr_value reply = tr_call(plugin, TR_LIST(tr_atom("borrow"), key, secret_wrap(tr_keep(target))), deadline);

	*fault = tr_absent();
	tr_drop(hash);
	if (nats_session_of(reply) != NULL)
		return reply;
	if (tr_is(reply, TR_MAP))
		*fault = reply;
	else
		*fault = tr_outcome_error(tr_value_err(reply) == TR_ETIMEOUT ? "timeout" : "busy", true,
					  "nats: no connection: %s", tr_err_text(tr_value_err(reply)));
	return tr_absent();
}
