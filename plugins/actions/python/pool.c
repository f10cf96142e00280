/* SPDX-License-Identifier: Apache-2.0 */
/* Free workers, waiting tasks, and the supervisor of the workers. */
#include "plugins/actions/python/pool.h"
#include "plugins/actions/python/worker.h"
#include <stdio.h>
#include <string.h>
#include <troupe/supervisor.h>
#include <unistd.h>

#define WORKERS_MAX 256

/* A task that waits for a worker. */
typedef struct waiting {
	struct waiting *next;
	tr_from from;
	tr_value frame;
	int64_t timeout_ns, deadline;
} waiting;

typedef struct pool {
	tr_value config; /* held */
	tr_pid supervisor;
	tr_pid *free; /* the last used at the end */
	size_t free_count, workers;
	waiting *first, *last;
	size_t waiting_count;
} pool;

_Static_assert(sizeof(pool) <= PYTHON_POOL_SIZE, "grow PYTHON_POOL_SIZE");

static size_t worker_count(tr_value config)
{
	int64_t n = tr_as_int(tr_map_get_s(config, "workers"), 0);

	if (n <= 0)
		n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (size_t)n;
}

tr_err python_pool_init(void *state, tr_value config, tr_value *reason)
{
	pool *p = state;

	(void)reason;
	p->workers = worker_count(config);
	p->free = tr_own_alloc((p->workers + 1) * sizeof(tr_pid));
	p->config = tr_own_value(tr_keep(config));
	return p->free != NULL && tr_is_valid(p->config) ? TR_OK : TR_ENOMEM;
}

static tr_err start_worker(pool *p, size_t i)
{
	char id[48];

	snprintf(id, sizeof(id), "interpreter %zu", i + 1);
	tr_child_spec spec = {.id = id,
			      .body = python_worker,
			      .arg = TR_LIST(tr_pid_value(tr_self()), tr_keep(p->config)),
			      .restart = TR_PERMANENT,
			      .shutdown_ns = TR_BRUTAL_KILL, /* what it must give back it owns */
			      .label = "python interpreter"};
	tr_started s = tr_supervisor_start_child(p->supervisor, &spec, tr_in(10 * TR_SECOND));
	tr_drop(s.reason);
	return s.pid.bits != 0 ? TR_OK : TR_ENOMEM;
}

/* A task may kill its interpreter as often as it is tried, and that is nobody else's trouble: much is allowed. */
tr_err python_pool_start(void *state, tr_value *reason)
{
	pool *p = state;
	tr_supervisor_spec spec = {.strategy = TR_ONE_FOR_ONE,
				   .intensity = 100000,
				   .period_ns = 10 * TR_SECOND,
				   .label = "python interpreters"};
	tr_started s = tr_supervisor_start_link(&spec);
	tr_err err = s.pid.bits != 0 ? TR_OK : TR_ENOMEM;

	p->supervisor = s.pid;
	*reason = s.reason;
	for (size_t i = 0; err == TR_OK && i < p->workers; i++)
		err = start_worker(p, i);
	return err;
}

static void drop_first(pool *p)
{
	waiting *w = p->first;

	p->first = w->next;
	if (p->first == NULL)
		p->last = NULL;
	p->waiting_count--;
	tr_drop(w->frame);
	tr_free(w);
}

void python_pool_stop(void *state)
{
	pool *p = state;

	while (p->first != NULL)
		drop_first(p); /* who asked sees this actor end */
	if (p->supervisor.bits != 0)
		tr_exit_signal(p->supervisor, TR_A(shutdown));
}

/* Give waiting tasks to free workers. Either may have ended meanwhile. */
static void match(pool *p)
{
	while (p->first != NULL && p->free_count > 0) {
		waiting *w = p->first;
		if (!tr_alive(w->from.pid)) {
			drop_first(p);
			continue;
		}
		tr_pid worker = p->free[--p->free_count];
		if (!tr_alive(worker))
			continue;
		tr_send(worker, python_worker_job(w->from, tr_keep(w->frame), w->timeout_ns, w->deadline));
		drop_first(p);
	}
}

tr_value python_pool_call(void *state, tr_value request, tr_from from)
{
	pool *p = state;
	waiting *w = tr_alloc(sizeof(*w));

	if (w == NULL)
		return tr_invalid(TR_ENOMEM);
	*w = (waiting){.from = from,
		       .frame = tr_keep(tr_array_at(request, 1)),
		       .timeout_ns = tr_as_int(tr_array_at(request, 2), 0),
		       .deadline = tr_as_int(tr_array_at(request, 3), TR_FOREVER)};
	if (p->last != NULL)
		p->last->next = w;
	else
		p->first = w;
	p->last = w;
	p->waiting_count++;
	match(p);
	return tr_absent(); /* the worker answers */
}

/* [ready, worker] */
void python_pool_cast(void *state, tr_value request)
{
	pool *p = state;
	tr_pid worker = tr_as_pid(tr_array_at(request, 1));

	size_t left = 0; /* those that ended make room for those that took their place */
	for (size_t i = 0; i < p->free_count; i++)
		if (tr_alive(p->free[i]))
			p->free[left++] = p->free[i];
	p->free_count = left;
	if (worker.bits == 0 || p->free_count > p->workers)
		return;
	p->free[p->free_count++] = worker;
	match(p);
}

/* The supervisor is linked to this actor: without it there are no workers. */
void python_pool_info(void *state, tr_value message)
{
	pool *p = state;

	if (TR_IS_A(tr_array_at(message, 0), exit) && tr_pid_eq(tr_as_pid(tr_array_at(message, 1)), p->supervisor))
		tr_exit(TR_LIST(tr_atom("interpreters_ended"), tr_keep(tr_array_at(message, 2))));
}

tr_value python_pool_health(void *state)
{
	const pool *p = state;

	return TR_DICT("status", tr_string("ok"), "workers", tr_int((int64_t)p->workers), "free",
		       tr_int((int64_t)p->free_count), "waiting", tr_int((int64_t)p->waiting_count));
}

tr_value python_pool_run(tr_pid plugin, tr_value frame, int64_t timeout_ns, int64_t deadline)
{
	return tr_call(plugin, TR_LIST(tr_atom("run"), frame, tr_int(timeout_ns), tr_int(deadline)), TR_FOREVER);
}
