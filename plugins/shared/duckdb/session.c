/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions and who works on them. */
#include "plugins/shared/duckdb/session.h"

#include <string.h>
#include <troupe/node.h>

#define INTERRUPT_GRACE (10 * TR_SECOND) /* for a statement to notice that it was interrupted */

static void close_connection(duck_session *s)
{
	pthread_mutex_lock(&s->lock);
	duckdb_connection c = s->connection;
	s->connection = NULL;
	pthread_mutex_unlock(&s->lock);
	if (c != NULL)
		s->api->disconnect(&c);
	duck_after after = s->after;
	if (atomic_load(&s->cancelled)) /* in the middle of what, is not known */
		after.keep_ns = 0;
	if (s->db != NULL)
		duck_engine_release(s->engine, tr_as_cstr(s->path, ""), &s->db, after);
}

static void session_end(void *data)
{
	duck_session *s = data;

	close_connection(s);
	pthread_mutex_destroy(&s->busy);
	pthread_mutex_destroy(&s->lock);
	tr_drop(s->path);
	tr_drop(s->holder);
	tr_free(s);
}

static const tr_class session_class = {"duckdb session", session_end};

tr_value duck_session_new(tr_value engine)
{
	duck_session *s = tr_alloc(sizeof(*s));

	if (s == NULL) {
		tr_drop(engine);
		return tr_invalid(TR_ENOMEM);
	}
	s->holder = engine;
	s->path = tr_absent();
	s->engine = duck_engine_of(engine);
	s->api = &s->engine->api;
	pthread_mutex_init(&s->busy, NULL);
	pthread_mutex_init(&s->lock, NULL);
	return tr_object(&session_class, s);
}

duck_session *duck_session_of(tr_value object)
{
	return tr_as_object(object, &session_class);
}

bool duck_session_connect(duck_session *s, const char *path, tr_value *why)
{
	duckdb_connection c = duck_engine_connect(s->engine, path, &s->db, &s->known, why);

	tr_assign(&s->path, tr_string_lossy(path, strlen(path)));
	s->after.looked = s->known;

	pthread_mutex_lock(&s->lock);
	s->connection = c;
	pthread_mutex_unlock(&s->lock);
	return c != NULL;
}

/* First the mark, then the interruption: a statement that has not begun sees the one, one that has the other. */
void duck_session_cancel(duck_session *s)
{
	atomic_store(&s->cancelled, true);
	pthread_mutex_lock(&s->lock);
	if (s->connection != NULL)
		s->api->interrupt(s->connection);
	pthread_mutex_unlock(&s->lock);
}

void duck_session_close(duck_session *s)
{
	pthread_mutex_lock(&s->busy);
	close_connection(s);
	pthread_mutex_unlock(&s->busy);
}

/* ---- leases ---- */

struct duck_lease {
	tr_value object;
	tr_node *node;
	tr_pid keeper;
};

static void lease_orphaned(void *arg)
{
	duck_lease *l = arg;

	duck_session_cancel(duck_session_of(l->object));
	(void)tr_node_send(l->node, l->keeper, TR_LIST(tr_atom("gone"), l->object));
	tr_free(l);
}

duck_lease *duck_lease_new(tr_value session, tr_pid keeper)
{
	duck_lease *l = duck_session_of(session) == NULL ? NULL : tr_alloc(sizeof(*l));

	if (l == NULL) {
		tr_drop(session);
		return NULL;
	}
	*l = (duck_lease){session, tr_here(), keeper};
	return tr_own(l, lease_orphaned) == TR_OK ? l : NULL;
}

static void *do_close(void *arg)
{
	duck_session_close(arg);
	return NULL;
}

void duck_lease_end(duck_lease *l)
{
	if (l == NULL)
		return;
	tr_err err;
	(void)tr_dirty(do_close, duck_session_of(l->object),
		       &err); /* still owned: this may be where the actor is ended */
	duck_engine *e = duck_session_of(l->object)->engine;
	if (duck_engine_due(e) != TR_FOREVER && !atomic_exchange(&e->sweeping, true))
		(void)tr_send(l->keeper, TR_LIST(tr_atom("sweep"), tr_keep(duck_session_of(l->object)->holder)));
	tr_disown(l);
	tr_drop(l->object);
	tr_free(l);
}

static void *do_sweep(void *arg)
{
	duck_engine_sweep(arg, false);
	return NULL;
}

/* arg: the engine's object */
static void sweeper(tr_value arg)
{
	duck_engine *e = duck_engine_of(arg);

	do {
		for (int64_t due; (due = duck_engine_due(e)) != TR_FOREVER;) {
			tr_sleep_until(due);
			(void)tr_dirty(do_sweep, e, NULL);
		}
		atomic_store(&e->sweeping, false);
		/* What came in between has met somebody who was about to go. */
	} while (duck_engine_due(e) != TR_FOREVER && !atomic_exchange(&e->sweeping, true));
}

bool duck_lease_sweep(tr_value message)
{
	tr_value object = tr_array_at(message, 1);

	if (duck_engine_of(object) == NULL)
		return false;
	tr_spawn_options options = {.label = "duckdb closer"};
	(void)tr_spawn_opt(sweeper, tr_keep(object), &options);
	return true;
}

static void closer(tr_value object)
{
	(void)tr_dirty(do_close, duck_session_of(object), NULL);
}

bool duck_lease_gone(tr_value message)
{
	tr_value object = tr_array_at(message, 1);

	if (duck_session_of(object) == NULL)
		return false;
	tr_spawn(closer, tr_keep(object));
	return true;
}

/* ---- work ---- */

typedef struct job {
	duck_session *session; /* kept by the worker's argument, like arg */
	void (*work)(void *arg);
	void *arg;
} job;

static void job_end(void *data)
{
	tr_free(data);
}

static const tr_class job_class = {"duckdb work", job_end};

static void *do_job(void *arg)
{
	job *j = arg;

	pthread_mutex_lock(&j->session->busy);
	j->work(j->arg);
	pthread_mutex_unlock(&j->session->busy);
	return NULL;
}

/* arg: [pid, ref, job, session, held] */
static void worker(tr_value arg)
{
	tr_err err;

	(void)tr_dirty(do_job, tr_as_object(tr_array_at(arg, 2), &job_class), &err);
	tr_send(tr_as_pid(tr_array_at(arg, 0)), TR_LIST(TR_A(done), tr_keep(tr_array_at(arg, 1)), tr_int(err)));
}

tr_err duck_begin(duck_lease *l, void (*work)(void *arg), void *arg, tr_value held, tr_ref *ref)
{
	job *j = tr_alloc(sizeof(*j));
	tr_spawn_options options = {.label = "duckdb work"};

	if (j == NULL)
		return TR_ENOMEM;
	*j = (job){duck_session_of(l->object), work, arg};
	*ref = tr_make_ref();
	tr_value all = TR_LIST(tr_pid_value(tr_self()), tr_ref_value(*ref), tr_object(&job_class, j),
			       tr_keep(l->object), tr_keep(held));
	if (!tr_is_valid(all))
		return tr_value_err(all);
	return tr_spawn_opt(worker, all, &options).err;
}

tr_err duck_wait(duck_lease *l, tr_ref ref, int64_t deadline)
{
	tr_value done = tr_receive_ref(ref, deadline);
	bool late = !tr_is_valid(done);

	if (late) {
		duck_session_cancel(duck_session_of(l->object));
		done = tr_receive_ref(ref, tr_in(INTERRUPT_GRACE));
	}
	tr_err err = late ? TR_ETIMEOUT : (tr_err)tr_as_int(tr_array_at(done, 2), TR_EDOWN);
	tr_drop(done);
	return err;
}

tr_err duck_do(duck_lease *l, void (*work)(void *arg), void *arg, tr_value held, int64_t deadline)
{
	tr_ref ref;
	tr_err err = duck_begin(l, work, arg, held, &ref);

	return err == TR_OK ? duck_wait(l, ref, deadline) : err;
}
