/* SPDX-License-Identifier: Apache-2.0 */
/* The loop's thread: starting, feeding and stopping it. */
#include <signal.h>
#include <unistd.h>

#include "runtime/actor/node.h"
#include "runtime/io/outlet.h"
#include "runtime/io/reactor.h"
#include "runtime/io/signals.h"

/* ---- tasks ---- */

void reactor_post(struct reactor *r, struct task *task)
{
	struct task *head = atomic_load_explicit(&r->inbox, memory_order_relaxed);

	/* The release pairs with the acquire in run_tasks(). */
	do {
		task->next = head;
	} while (
	    !atomic_compare_exchange_weak_explicit(&r->inbox, &head, task, memory_order_acq_rel, memory_order_relaxed));
	/* Whoever finds it empty wakes; the loop takes all there is. */
	if (head == NULL)
		uv_async_send(&r->wake);
}

static void run_tasks(struct reactor *r)
{
	struct task *stack = atomic_exchange_explicit(&r->inbox, NULL, memory_order_acq_rel);
	struct task *list = NULL;

	while (stack != NULL) {
		struct task *next = stack->next;
		stack->next = list;
		list = stack;
		stack = next;
	}
	while (list != NULL) {
		struct task *task = list;
		list = task->next;
		task->run(task); /* may free it */
	}
}

static void on_wake(uv_async_t *wake)
{
	run_tasks(wake->data);
}

void reactor_tell(struct reactor *r, tr_pid to, tr_value message)
{
	(void)tr_node_send(r->node, to, message);
}

/* ---- the thread ---- */

static void close_stray(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void begin_stop(struct task *task)
{
	struct reactor *r = IO_OUTER(task, struct reactor, stop);

	r->stopping = true;
	ports_close_all(r);
	signals_close_all(r);
	uv_close((uv_handle_t *)&r->wake, NULL);
}

static void *reactor_main(void *arg)
{
	struct reactor *r = arg;
	sigset_t pipe;

	pthread_setname_np(pthread_self(), "troupe-io");
	/* Writing to a pipe whose reader is gone must give an error, not end the process. */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	/* What others left open on the loop. */
	uv_walk(&r->loop, close_stray, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	return NULL;
}

static void reactor_free(struct reactor *r)
{
	outlets_fini(&r->outlets);
	tr_free(r->ports);
	tr_free(r);
}

/* The node's destructor for its slot: all actors have ended. */
static void reactor_stop(void *arg)
{
	struct reactor *r = arg;

	r->stop.run = begin_stop;
	reactor_post(r, &r->stop);
	pthread_join(r->thread, NULL);
	uv_loop_close(&r->loop);
	reactor_free(r);
}

static tr_err reactor_begin(struct reactor *r)
{
	if (uv_loop_init(&r->loop) != 0) {
#if UV_VERSION_HEX < 0x012d00 /* these leave it open */
		if (uv_backend_fd(&r->loop) > 0)
			close(uv_backend_fd(&r->loop));
#endif
		return TR_ESYSTEM;
	}
	if (uv_async_init(&r->loop, &r->wake, on_wake) != 0) {
		uv_loop_close(&r->loop);
		return TR_ESYSTEM;
	}
	r->wake.data = r;
	if (pthread_create(&r->thread, NULL, reactor_main, r) == 0)
		return TR_OK;
	uv_close((uv_handle_t *)&r->wake, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	uv_loop_close(&r->loop);
	return TR_ESYSTEM;
}

static tr_err reactor_new(tr_node *node, struct reactor **out)
{
	struct reactor *r = tr_alloc(sizeof(*r));

	if (r == NULL)
		return TR_ENOMEM;
	r->node = node;
	r->n_buckets = 64;
	r->ports = tr_alloc(r->n_buckets * sizeof(*r->ports));
	r->atom_stderr = tr_atom("stderr");
	r->atom_stdout = tr_atom("stdout");
	r->atom_signal = tr_atom("signal");
	r->atom_frame_too_long = tr_atom("frame_too_long");
	r->atom_truncated = tr_atom("truncated");
	tr_err err = outlets_init(&r->outlets) && r->ports != NULL ? reactor_begin(r) : TR_ENOMEM;
	if (err != TR_OK)
		reactor_free(r);
	*out = r;
	return err;
}

tr_err tr_reactor_start(tr_node *node)
{
	struct reactor *r;
	tr_err err;

	if (node == NULL)
		return TR_EINVAL;
	if (node_refuses(node, "tr_reactor_start"))
		return TR_EUNSUPPORTED;
	if (tr_node_get(node, TR_SLOT_REACTOR) != NULL)
		return TR_OK;
	if ((err = reactor_new(node, &r)) != TR_OK ||
	    (err = tr_node_set(node, TR_SLOT_REACTOR, r, reactor_stop)) == TR_OK)
		return err;
	reactor_stop(r);
	/* Another thread may have been faster. */
	return tr_node_get(node, TR_SLOT_REACTOR) != NULL ? TR_OK : err;
}

struct reactor *reactor_here(const char *what, tr_err *err)
{
	tr_node *node = tr_here();

	if (node != NULL && node_refuses(node, what)) {
		*err = TR_EUNSUPPORTED;
		return NULL;
	}
	*err = node != NULL ? tr_reactor_start(node) : TR_ENOTACTOR;
	return *err == TR_OK ? tr_node_get(node, TR_SLOT_REACTOR) : NULL;
}

/* ---- other rooms on the loop ---- */

struct foreign {
	struct task task;
	struct reactor *reactor;
	void (*fn)(void *loop, void *arg);
	void *arg;
};

static void run_foreign(struct task *task)
{
	struct foreign *f = IO_OUTER(task, struct foreign, task);

	f->fn(&f->reactor->loop, f->arg);
	tr_free(f);
}

tr_err tr_reactor_run(tr_node *node, void (*fn)(void *loop, void *arg), void *arg)
{
	if (node == NULL || fn == NULL)
		return TR_EINVAL;
	tr_err err = tr_reactor_start(node);
	if (err != TR_OK)
		return err;
	struct foreign *f = tr_alloc(sizeof(*f));
	if (f == NULL)
		return TR_ENOMEM;
	*f = (struct foreign){{NULL, run_foreign}, tr_node_get(node, TR_SLOT_REACTOR), fn, arg};
	reactor_post(f->reactor, &f->task);
	return TR_OK;
}
