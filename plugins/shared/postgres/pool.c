/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: call [borrow, key] -> object or nil; cast [return, object]; [gone, object] from an actor that ended;
 * [sweep]. */
#include "plugins/shared/postgres/pool.h"

#include <troupe/gen_server.h>
#include <troupe/node.h>

#define SWEEP_NS (10 * TR_SECOND)

/* A session on its way; who takes it out leaves an empty parcel behind. */
typedef struct parcel {
	pg_session *session;
} parcel;

static void parcel_end(void *data)
{
	parcel *p = data;

	pg_session_free(p->session);
	tr_free(p);
}

static const tr_class parcel_class = {"postgres session", parcel_end};

/* Takes the session. */
static tr_value wrap(pg_session *s)
{
	parcel *p = tr_alloc(sizeof(*p));

	if (p == NULL) {
		pg_session_free(s);
		return tr_invalid(TR_ENOMEM);
	}
	p->session = s;
	return tr_object(&parcel_class, p);
}

static pg_session *look(tr_value object)
{
	const parcel *p = tr_as_object(object, &parcel_class);

	return p == NULL ? NULL : p->session;
}

static pg_session *unwrap(tr_value object)
{
	parcel *p = tr_as_object(object, &parcel_class);
	pg_session *s = p == NULL ? NULL : p->session;

	if (p != NULL)
		p->session = NULL;
	return s;
}

/* ---- the pool's actor ---- */

tr_err pg_pool_init(void *state, tr_value config, tr_value *reason)
{
	pg_pool *p = state;

	(void)reason;
	p->idle = tr_array();
	p->max = (size_t)tr_as_int(tr_map_get_s(config, "idle_connections"), 16);
	p->keep_ns = tr_as_int(tr_map_get_s(config, "idle_seconds"), 60) * TR_SECOND;
	return TR_OK;
}

void pg_pool_stop(void *state)
{
	pg_pool *p = state;

	tr_clear(&p->idle);
}

static void remove_at(pg_pool *p, size_t at)
{
	tr_value before = tr_array_slice(p->idle, 0, at);
	tr_value after = tr_array_slice(p->idle, at + 1, tr_array_len(p->idle));

	tr_assign(&p->idle, tr_array_concat(before, after));
}

/* The one that was used last is the most likely to be alive. */
tr_value pg_pool_call(void *state, tr_value request, tr_from from)
{
	pg_pool *p = state;
	tr_str key = tr_as_str(tr_array_at(request, 1));

	(void)from;
	for (size_t i = tr_array_len(p->idle); i-- > 0;) {
		tr_value object = tr_array_at(p->idle, i);
		if (!tr_str_is(key, look(object)->key))
			continue;
		object = tr_keep(object);
		remove_at(p, i);
		return object;
	}
	return tr_nil();
}

static void sweep_later(pg_pool *p)
{
	if (p->sweeping || tr_array_len(p->idle) == 0)
		return;
	p->sweeping = tr_send_at(tr_self(), TR_LIST(tr_atom("sweep")), tr_in(SWEEP_NS)).bits != 0;
}

void pg_pool_cast(void *state, tr_value request)
{
	pg_pool *p = state;
	tr_value object = tr_array_at(request, 1);
	pg_session *given = look(object);

	if (given == NULL || p->max == 0)
		return;
	given->since = tr_now();
	if (tr_array_len(p->idle) >= p->max)
		remove_at(p, 0);
	p->idle = tr_array_push(p->idle, tr_keep(object));
	sweep_later(p);
}

static void *cancel_and_close(void *arg)
{
	pg_session_cancel(arg);
	pg_session_free(arg);
	return NULL;
}

static void give_up(tr_value object)
{
	pg_session *s = unwrap(object);

	if (s != NULL)
		(void)tr_dirty(cancel_and_close, s, NULL);
}

void pg_pool_info(void *state, tr_value message)
{
	pg_pool *p = state;

	if (tr_is(tr_array_at(message, 1), TR_OBJECT)) {
		/* In an actor of its own: asking the server takes a connection. */
		tr_spawn(give_up, tr_keep(tr_array_at(message, 1)));
		return;
	}
	p->sweeping = false;
	for (size_t i = tr_array_len(p->idle); i-- > 0;)
		if (look(tr_array_at(p->idle, i))->since + p->keep_ns <= tr_now())
			remove_at(p, i);
	sweep_later(p);
}

/* ---- the actor of a command ---- */

/* The actor ends while it has the session: the pool sees to it that nothing runs on. */
static void orphaned(void *arg)
{
	pg_lease *l = arg;

	(void)tr_node_send(l->node, l->pool, TR_LIST(tr_atom("gone"), l->object));
	tr_free(l);
}

/* Takes the object. */
static pg_lease *lease(tr_pid pool, tr_value object)
{
	pg_lease *l = tr_alloc(sizeof(*l));

	if (l == NULL) {
		tr_drop(object);
		return NULL;
	}
	*l = (pg_lease){.session = look(object), .object = object, .node = tr_here(), .pool = pool};
	return tr_own(l, orphaned) == TR_OK ? l : NULL;
}

static pg_lease *from_pool(tr_pid plugin, const pg_target *t, int64_t deadline)
{
	for (;;) {
		tr_value object = tr_call(plugin, TR_LIST(tr_atom("borrow"), tr_string(t->key)), deadline);
		if (look(object) == NULL) {
			tr_drop(object);
			return NULL;
		}
		pg_lease *l = lease(plugin, object);
		if (l == NULL || pg_session_revive(l->session, deadline))
			return l;
		pg_pool_return(l, true);
	}
}

pg_lease *pg_pool_borrow(tr_pid plugin, const pg_target *t, int64_t deadline, tr_value *fault)
{
	*fault = tr_absent();
	pg_lease *l = from_pool(plugin, t, deadline);
	if (l != NULL)
		return l;
	pg_session *s = pg_session_open(t, deadline, fault);
	if (s == NULL)
		return NULL;
	tr_value object = wrap(s);
	l = tr_is_valid(object) ? lease(plugin, object) : NULL;
	if (l == NULL)
		*fault = tr_outcome_error("busy", true, "postgres cannot connect: out of memory");
	return l;
}

void pg_pool_return(pg_lease *l, bool spoiled)
{
	tr_disown(l);
	if (!spoiled && pg_session_clean(l->session)) {
		tr_cast(l->pool, TR_LIST(tr_atom("return"), l->object));
	} else {
		pg_session *s = unwrap(l->object);
		tr_drop(l->object);
		(void)tr_dirty(cancel_and_close, s, NULL);
	}
	tr_free(l);
}
