/* SPDX-License-Identifier: Apache-2.0 */
/* Who has which step run. */
#include "actors/engine/dispatch.h"

#include <string.h>

void dispatches_fini(dispatches *d)
{
	uint32_t place = 0;
	dispatch *x;

	while ((x = dispatch_next(d, &place)) != NULL)
		tr_free(x);
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

dispatch *dispatch_new(dispatches *d, uint64_t step_run_id, uint32_t attempt, uint32_t pool, int64_t timeout_us)
{
	dispatch *x;

	dispatch_end(d, step_run_id);
	x = tr_alloc(sizeof *x);
	if (x == NULL)
		return NULL;
	*x = (dispatch){.step_run_id = step_run_id, .attempt = attempt, .pool = pool, .seen = tr_now()};
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

static uint32_t pool_add(dispatches *d, const char *subject, tr_pid pid, tr_err *err)
{
	dispatch_pool *more = tr_realloc(d->pools, (d->pool_count + 1) * sizeof *more);
	size_t n = strlen(subject) + 1;
	char *name = tr_alloc(n);

	if (more != NULL)
		d->pools = more;
	if (more == NULL || name == NULL) {
		tr_free(name);
		*err = TR_ENOMEM;
		return NO_POOL;
	}
	memcpy(name, subject, n);
	d->pools[d->pool_count] = (dispatch_pool){pid, tr_monitor(pid), name};
	return (uint32_t)d->pool_count++;
}

bool dispatch_pool_there(dispatches *d, uint32_t pool)
{
	dispatch_pool *p = &d->pools[pool];

	if (p->pid.bits != 0)
		return true;
	p->pid = tr_whereis(p->subject);
	if (p->pid.bits == 0)
		return false;
	p->monitor = tr_monitor(p->pid);
	return true;
}

uint32_t dispatch_pool_find(dispatches *d, const char *subject, tr_err *err)
{
	tr_pid pid;

	*err = TR_OK;
	for (size_t i = 0; i < d->pool_count; i++)
		if (strcmp(d->pools[i].subject, subject) == 0) {
			(void)dispatch_pool_there(d, (uint32_t)i);
			return (uint32_t)i;
		}
	pid = tr_whereis(subject);
	return pid.bits == 0 ? NO_POOL : pool_add(d, subject, pid, err);
}

uint64_t dispatch_down(dispatches *d, tr_ref monitor, bool *pool)
{
	dispatch *x = idmap_get(&d->by_monitor, monitor.bits);

	*pool = false;
	if (x != NULL) {
		(void)idmap_del(&d->by_monitor, monitor.bits);
		x->worker = (tr_pid){0};
		x->monitor = (tr_ref){0};
		return x->step_run_id;
	}
	for (size_t i = 0; i < d->pool_count; i++) {
		if (d->pools[i].pid.bits == 0 || !tr_ref_eq(d->pools[i].monitor, monitor))
			continue;
		d->pools[i].pid = (tr_pid){0};
		*pool = true;
	}
	return 0;
}

dispatch *dispatch_next(const dispatches *d, uint32_t *place)
{
	return idmap_next(&d->by_run, place, NULL);
}
