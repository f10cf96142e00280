/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the loop. */
#include <errno.h>

#include "runtime/actor/hooks.h"
#include "runtime/io/request.h"

static void request_release(struct request *q)
{
	if (atomic_fetch_sub_explicit(&q->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (q->on_free != NULL)
		q->on_free(q);
	tr_drop(q->value);
	tr_free(q);
}

static void run_cancel(struct task *task)
{
	struct request *q = IO_OUTER(task, struct request, cancel);

	if (q->on_cancel != NULL) {
		void (*undo)(struct request *) = q->on_cancel;
		q->on_cancel = NULL;
		undo(q);
		request_release(q);
	}
	request_release(q); /* the reference that came with the task */
}

/* The actor does not wait any more; false when the answer was there first. */
static bool request_abandon(struct request *q)
{
	int pending = REQUEST_PENDING;

	if (!atomic_compare_exchange_strong_explicit(&q->state, &pending, REQUEST_ABANDONED, memory_order_acq_rel,
						     memory_order_acquire))
		return false;
	atomic_fetch_add_explicit(&q->refs, 1, memory_order_relaxed);
	reactor_post(q->reactor, &q->cancel);
	return true;
}

/* The actor ended while it waited. */
static void request_orphaned(void *arg)
{
	struct request *q = arg;

	(void)request_abandon(q);
	request_release(q);
}

void *request_new_for(const char *what, size_t size, void (*run)(struct task *task), tr_err *err)
{
	struct reactor *r = reactor_here(what, err);

	if (r == NULL)
		return NULL;
	struct request *q = tr_alloc(size);
	if (q == NULL) {
		*err = TR_ENOMEM;
		return NULL;
	}
	q->start.run = run;
	q->cancel.run = run_cancel;
	q->reactor = r;
	q->pid = tr_self();
	atomic_init(&q->refs, 1);
	atomic_init(&q->state, REQUEST_PENDING);
	atomic_init(&q->flag, 0);
	q->value = tr_nil();
	return q;
}

void request_discard(struct request *q)
{
	request_release(q);
}

tr_err request_prepare(struct request *q, int64_t deadline)
{
	q->poll = deadline != TR_FOREVER && deadline <= tr_now();
	atomic_fetch_add_explicit(&q->refs, 1, memory_order_relaxed);
	/* When this fails the destructor was called and took the actor's reference: the loop's becomes the actor's. */
	return tr_own(q, request_orphaned);
}

void request_post(struct request *q)
{
	reactor_post(q->reactor, &q->start);
}

void request_withdraw(struct request *q)
{
	tr_disown(q);
	request_release(q); /* the loop's */
}

tr_err request_wait(struct request *q, int64_t deadline, bool unkillable)
{
	/* A poll is answered at once, so it may be waited for. */
	tr_err err = kernel_wait_flag(&q->flag, q->poll ? TR_FOREVER : deadline, unkillable);
	tr_disown(q);
	if (err != TR_OK && request_abandon(q))
		return err;
	if (q->os_error != 0)
		kernel_set_errno(q->os_error);
	return q->err;
}

static tr_err ask(struct request *q, int64_t deadline, bool unkillable)
{
	tr_err err = request_prepare(q, deadline);

	if (err != TR_OK)
		return err == TR_ENOTACTOR ? err : TR_ENOMEM;
	request_post(q);
	return request_wait(q, deadline, unkillable);
}

tr_err request_ask(struct request *q, int64_t deadline)
{
	return ask(q, deadline, false);
}

tr_err request_ask_unkillable(struct request *q)
{
	return ask(q, TR_FOREVER, true);
}

void request_end(struct request *q)
{
	request_release(q);
}

/* ---- loop ---- */

bool request_is_gone(struct request *q)
{
	return atomic_load_explicit(&q->state, memory_order_acquire) == REQUEST_ABANDONED;
}

bool request_answer(struct request *q, tr_err err, tr_value value)
{
	int pending = REQUEST_PENDING;
	tr_pid pid = q->pid;
	tr_node *node = q->reactor->node;

	q->on_cancel = NULL;
	if (request_is_gone(q)) {
		request_release(q);
		return false;
	}
	/* Written before the state says so; an asker that abandons in between does not look. */
	q->err = err;
	q->value = value;
	if (!atomic_compare_exchange_strong_explicit(&q->state, &pending, REQUEST_DONE, memory_order_acq_rel,
						     memory_order_acquire)) {
		q->value = tr_nil();
		request_release(q);
		return false;
	}
	atomic_store_explicit(&q->flag, 1, memory_order_release);
	kernel_wake(node, pid);
	request_release(q);
	return true;
}

bool request_answer_uv(struct request *q, int uv_error)
{
	q->os_error = uv_error < 0 ? -uv_error : 0;
	return request_answer(q, err_from_errno(q->os_error), tr_nil());
}

void request_forget(struct request *q)
{
	q->on_cancel = NULL;
	request_release(q);
}

void request_hold(struct request *q)
{
	atomic_fetch_add_explicit(&q->refs, 1, memory_order_relaxed);
}

void request_unhold(struct request *q)
{
	request_release(q);
}

void request_list_add(struct request_list *list, struct request *q)
{
	q->next = NULL;
	if (list->last != NULL)
		list->last->next = q;
	else
		list->first = q;
	list->last = q;
}

void request_list_remove(struct request_list *list, struct request *q)
{
	struct request *before = NULL;

	for (struct request *at = list->first; at != NULL; before = at, at = at->next) {
		if (at != q)
			continue;
		if (before != NULL)
			before->next = at->next;
		else
			list->first = at->next;
		if (list->last == at)
			list->last = before;
		return;
	}
}

struct request *request_list_take(struct request_list *list)
{
	struct request *q = list->first;

	if (q != NULL)
		request_list_remove(list, q);
	return q;
}

tr_err err_from_errno(int os_error)
{
	switch (os_error) {
	case 0:
		return TR_OK;
	case ENOMEM:
	case ENOBUFS:
		return TR_ENOMEM;
	case EACCES:
	case EPERM:
		return TR_EDENIED;
	case ENOENT:
		return TR_ENOENT;
	case EEXIST:
		return TR_EEXIST;
	case EBUSY:
	case EADDRINUSE:
		return TR_EBUSY;
	case EINVAL:
	case ENAMETOOLONG:
		return TR_EINVAL;
	case ETIMEDOUT:
		return TR_ETIMEOUT;
	case ECANCELED:
		return TR_ECANCELLED;
	case EPIPE:
	case ECONNRESET:
	case ENOTCONN:
	case ECONNABORTED:
		return TR_ECLOSED;
	case EMFILE:
	case ENFILE:
	case EAGAIN:
		return TR_EFULL;
	default:
		return TR_EIO;
	}
}
