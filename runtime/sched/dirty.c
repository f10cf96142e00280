/* SPDX-License-Identifier: Apache-2.0 */
/* The dirty pool's threads and queue, and tr_dirty. */
#include "runtime/sched/dirty.h"

#include <signal.h>

#include "runtime/actor/node.h"

bool dirty_init(struct dirty *d, uint32_t max)
{
	d->threads = tr_alloc(max * sizeof *d->threads);
	if (d->threads == NULL)
		return false;
	d->max = max;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->work, NULL);
	return true;
}

void dirty_fini(struct dirty *d)
{
	if (d->threads == NULL)
		return;
	pthread_mutex_lock(&d->lock);
	d->stop = true;
	pthread_cond_broadcast(&d->work);
	pthread_mutex_unlock(&d->lock);
	for (uint32_t i = 0; i < d->n_threads; i++)
		pthread_join(d->threads[i].id, NULL);
	pthread_mutex_destroy(&d->lock);
	pthread_cond_destroy(&d->work);
	tr_free(d->threads);
	d->threads = NULL;
}

static void *dirty_main(void *arg)
{
	struct dirty *d = ((struct dirty_thread *)arg)->pool;
	pthread_mutex_lock(&d->lock);
	for (;;) {
		struct dirty_job *job = d->head;
		if (job == NULL && d->stop)
			break;
		if (job == NULL) {
			d->waiting++;
			pthread_cond_wait(&d->work, &d->lock);
			d->waiting--;
			continue;
		}
		d->head = job->next;
		if (d->head == NULL)
			d->tail = NULL;
		d->queued--;
		pthread_mutex_unlock(&d->lock);
		atomic_fetch_add_explicit(&d->running, 1, memory_order_relaxed);
		job->result = job->fn(job->arg);
		atomic_fetch_sub_explicit(&d->running, 1, memory_order_relaxed);
		job->done(job);
		pthread_mutex_lock(&d->lock);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

/* Under the lock. The process's signals are for its main thread. */
static bool add_thread(struct dirty *d)
{
	struct dirty_thread *t = &d->threads[d->n_threads];
	sigset_t all, old;
	t->pool = d;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	bool ok = pthread_create(&t->id, NULL, dirty_main, t) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ok)
		d->n_threads++;
	return ok;
}

tr_err dirty_submit(struct dirty *d, struct dirty_job *job)
{
	tr_err err = TR_OK;
	pthread_mutex_lock(&d->lock);
	if (d->waiting <= d->queued && d->n_threads < d->max)
		(void)add_thread(d);
	if (d->n_threads == 0)
		err = TR_ENOMEM;
	else if (d->queued >= DIRTY_QUEUE_MAX)
		err = TR_EFULL;
	if (err == TR_OK) {
		job->next = NULL;
		if (d->tail != NULL)
			d->tail->next = job;
		else
			d->head = job;
		d->tail = job;
		d->queued++;
		pthread_cond_signal(&d->work);
	}
	pthread_mutex_unlock(&d->lock);
	return err;
}

/* What tr_dirty keeps on the parked stack. */
struct errand {
	struct dirty_job job;
	_Atomic int over;
	tr_node *node;
	tr_pid pid;
};

static void errand_done(struct dirty_job *job)
{
	struct errand *e = (struct errand *)(void *)job;
	tr_node *node = e->node;
	tr_pid pid = e->pid;
	/* From here on the actor may go on and its stack with the errand be gone. */
	atomic_store_explicit(&e->over, 1, memory_order_release);
	kernel_wake(node, pid);
}

void *tr_dirty(void *(*fn)(void *arg), void *arg, tr_err *err)
{
	struct sched *s = sched_self();
	tr_err ignored;
	if (err == NULL)
		err = &ignored;
	*err = TR_OK;
	if (s == NULL || s->current == NULL) {
		*err = TR_ENOTACTOR;
		return NULL;
	}
	if (s->node->manual)
		return fn(arg); /* one thread, one order of events */
	struct errand e = {
	    .job = {.fn = fn, .arg = arg, .done = errand_done}, .node = s->node, .pid = actor_pid(s->current)};
	*err = dirty_submit(&s->node->dirty, &e.job);
	if (*err != TR_OK)
		return NULL;
	(void)kernel_wait_flag(&e.over, TR_FOREVER, true);
	return e.job.result;
}
