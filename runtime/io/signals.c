/* SPDX-License-Identifier: Apache-2.0 */
/* Signals of the process as messages. */
#include <signal.h>

#include "runtime/io/request.h"
#include "runtime/io/signals.h"

struct subscriber {
	struct task task; /* posted when the actor has ended */
	struct subscriber *next;
	struct watched_signal *watched; /* NULL: not listed */
	struct reactor *reactor;
	tr_pid pid;
};

/* Loop. */
struct watched_signal {
	uv_signal_t handle;
	struct watched_signal *next;
	struct reactor *reactor;
	int number;
	struct subscriber *subscribers;
};

static void on_signal(uv_signal_t *handle, int number)
{
	struct watched_signal *w = handle->data;

	for (struct subscriber *s = w->subscribers; s != NULL; s = s->next)
		reactor_tell(w->reactor, s->pid, TR_LIST(w->reactor->atom_signal, tr_int(number)));
}

static void on_closed(uv_handle_t *handle)
{
	tr_free(handle->data);
}

/* Without subscribers the signal does again what it did before. */
static void unwatch(struct watched_signal *w)
{
	struct watched_signal **at = &w->reactor->signals;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	uv_close((uv_handle_t *)&w->handle, on_closed);
}

void signals_close_all(struct reactor *r)
{
	while (r->signals != NULL) {
		for (struct subscriber *s = r->signals->subscribers; s != NULL; s = s->next)
			s->watched = NULL;
		unwatch(r->signals);
	}
}

static int watch(struct reactor *r, int number, struct watched_signal **out)
{
	for (*out = r->signals; *out != NULL && (*out)->number != number;)
		*out = (*out)->next;
	if (*out != NULL)
		return 0;
	struct watched_signal *w = tr_alloc(sizeof(*w));
	if (w == NULL)
		return UV_ENOMEM;
	uv_signal_init(&r->loop, &w->handle);
	w->handle.data = w;
	w->reactor = r;
	w->number = number;
	w->next = r->signals;
	r->signals = w;
	int uv_error = uv_signal_start(&w->handle, on_signal, number);
	if (uv_error != 0)
		unwatch(w);
	*out = w;
	return uv_error;
}

static void run_ended(struct task *task)
{
	struct subscriber *s = IO_OUTER(task, struct subscriber, task);

	if (s->watched != NULL) {
		struct subscriber **at = &s->watched->subscribers;
		while (*at != s)
			at = &(*at)->next;
		*at = s->next;
		if (s->watched->subscribers == NULL)
			unwatch(s->watched);
	}
	tr_free(s);
}

/* The actor has ended. */
static void subscriber_orphaned(void *arg)
{
	struct subscriber *s = arg;

	s->task.run = run_ended;
	reactor_post(s->reactor, &s->task);
}

struct subscribe_request {
	struct request q;
	struct subscriber *subscriber;
	int number;
};

static void run_subscribe(struct task *task)
{
	struct subscribe_request *q = IO_OUTER(task, struct subscribe_request, q.start);
	struct subscriber *s = q->subscriber;
	struct watched_signal *w;
	int uv_error = q->q.reactor->stopping ? UV_ECANCELED : watch(q->q.reactor, q->number, &w);

	if (uv_error != 0) {
		request_answer_uv(&q->q, uv_error);
		return;
	}
	for (struct subscriber *at = w->subscribers; at != NULL; at = at->next) {
		if (at->pid.bits == s->pid.bits) {
			request_answer(&q->q, TR_EEXIST, tr_nil());
			return;
		}
	}
	s->watched = w;
	s->next = w->subscribers;
	w->subscribers = s;
	request_answer(&q->q, TR_OK, tr_nil()); /* when it is gone, so will be the subscriber */
}

tr_err tr_signal_subscribe(int signal)
{
	tr_err err;

	if (signal <= 0 || signal == SIGKILL || signal == SIGSTOP)
		return TR_EINVAL;
	struct subscriber *s = tr_alloc(sizeof(*s));
	if (s == NULL)
		return TR_ENOMEM;
	struct subscribe_request *q = request_new(sizeof(*q), run_subscribe, &err);
	if (q == NULL) {
		tr_free(s);
		return err;
	}
	s->reactor = q->q.reactor;
	s->pid = tr_self();
	q->subscriber = s;
	q->number = signal;
	err = tr_own(s, subscriber_orphaned); /* frees it when it fails */
	if (err == TR_OK) {
		err = request_ask(&q->q, TR_FOREVER);
		if (err != TR_OK && tr_disown(s))
			tr_free(s);
	}
	request_end(&q->q);
	return err == TR_EEXIST ? TR_OK : err;
}
