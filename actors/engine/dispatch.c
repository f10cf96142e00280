/* SPDX-License-Identifier: Apache-2.0 */
/* Who has which step run. */
#include "actors/engine/dispatch.h"

#include <string.h>

void dispatches_fini(dispatches *d)
{
	for (uint32_t i = 0; i < d->by_run.capacity; i++)
		tr_free(d->by_run.slots[i].ptr);
	idmap_fini(&d->by_run);
	idmap_fini(&d->by_monitor);
	for (size_t i = 0; i < d->pool_count; i++)
		tr_free(d->pools[i].subject);
	tr_free(d->pools);
	*d = (dispatches){0};
}

dispatch *dispatch_of(const dispatches *d, uint64_t step_run_id)
{
	return idmap_get(&d->by_run, step_run_id);
}

dispatch *dispatch_new(dispatches *d, uint64_t step_run_id, uint32_t attempt, tr_pid pool, int64_t timeout_us)
{
	dispatch *x;

	dispatch_end(d, step_run_id);
	x = tr_alloc(sizeof *x);
	if (x == NULL)
		return NULL;
	*x = (dispatch){.step_run_id = step_run_id, .attempt = attempt, .pool = pool};
	if (idmap_put(&d->by_run, step_run_id, x) != TR_OK) {
		tr_free(x);
		return NULL;
	}
	if (timeout_us > 0)
		x->timer = tr_send_at(tr_self(),
				      TR_LIST(tr_atom("step_timeout"), tr_int((int64_t)step_run_id), tr_int(attempt)),
				      tr_in(timeout_us < INT64_MAX / 1000 ? timeout_us * 1000 : INT64_MAX));
	return x;
}

tr_err dispatch_watch(dispatches *d, dispatch *x, tr_pid worker)
{
	if (x->worker.bits != 0 || worker.bits == 0)
		return TR_OK;
	x->worker = worker;
	x->monitor = tr_monitor(worker);
	return idmap_put(&d->by_monitor, x->monitor.bits, x);
}

void dispatch_end(dispatches *d, uint64_t step_run_id)
{
	dispatch *x = idmap_del(&d->by_run, step_run_id);

	if (x == NULL)
		return;
	if (x->monitor.bits != 0) {
		(void)idmap_del(&d->by_monitor, x->monitor.bits);
		tr_demonitor(x->monitor);
	}
	if (x->timer.bits != 0)
		(void)tr_cancel_timer(x->timer);
	tr_free(x);
}

static tr_pid pool_add(dispatches *d, const char *subject, tr_pid pid, tr_err *err)
{
	dispatch_pool *more = tr_realloc(d->pools, (d->pool_count + 1) * sizeof *more);
	size_t n = strlen(subject) + 1;
	char *name = tr_alloc(n);

	if (more != NULL)
		d->pools = more;
	if (more == NULL || name == NULL) {
		tr_free(name);
		*err = TR_ENOMEM;
		return (tr_pid){0};
	}
	memcpy(name, subject, n);
	d->pools[d->pool_count++] = (dispatch_pool){pid, tr_monitor(pid), name};
	return pid;
}

tr_pid dispatch_pool_find(dispatches *d, const char *subject, tr_err *err)
{
	tr_pid pid;

	*err = TR_OK;
	for (size_t i = 0; i < d->pool_count; i++)
		if (strcmp(d->pools[i].subject, subject) == 0)
			return d->pools[i].pid;
	pid = tr_whereis(subject);
	return pid.bits == 0 ? pid : pool_add(d, subject, pid, err);
}

uint64_t dispatch_down(dispatches *d, tr_ref monitor, tr_pid *pool)
{
	const dispatch *x = idmap_get(&d->by_monitor, monitor.bits);

	*pool = (tr_pid){0};
	if (x != NULL)
		return x->step_run_id;
	for (size_t i = 0; i < d->pool_count; i++) {
		if (!tr_ref_eq(d->pools[i].monitor, monitor))
			continue;
		*pool = d->pools[i].pid;
		tr_free(d->pools[i].subject);
		d->pools[i] = d->pools[--d->pool_count];
		return 0;
	}
	return 0;
}

uint64_t dispatch_in_pool(const dispatches *d, tr_pid pool, uint32_t *attempt)
{
	for (uint32_t i = 0; i < d->by_run.capacity; i++) {
		const dispatch *x = d->by_run.slots[i].ptr;

		if (x != NULL && tr_pid_eq(x->pool, pool)) {
			*attempt = x->attempt;
			return x->step_run_id;
		}
	}
	return 0;
}
