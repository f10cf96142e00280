/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: starting, feeding, running and stopping it. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "runtime/actor/node.h"
#include "runtime/io/outlet.h"
#include "runtime/io/reactor.h"
#include "runtime/io/signals.h"
#include "runtime/sched/futex.h"

static void reactor_nudge(struct reactor *r);

/* ---- tasks ---- */

/* The schedulers have ended or are about to. */
static bool is_alone(struct reactor *r)
{
	return atomic_load(&r->node->stopping) == 2;
}

/* Is this a thread that looks for tasks as soon as it has nothing else to do? */
static bool is_scheduler_of(tr_node *node)
{
	struct sched *s = sched_self();

	return s != NULL && !s->outside && s->node == node;
}

void reactor_post(struct reactor *r, struct task *task)
{
	struct poll *p = r->poll;
	struct task *head = atomic_load_explicit(&p->tasks, memory_order_relaxed);

	/* Sequentially consistent: we push, then look for a sleeper; it says that it sleeps, then waits, and a kick
	 * comes through even when it has not begun to wait. */
	do {
		task->next = head;
	} while (!atomic_compare_exchange_weak(&p->tasks, &head, task));
	bool alone = is_alone(r); /* then also what schedulers left behind is the thread's */
	if (!alone && (head != NULL || is_scheduler_of(r->node)))
		return;
	if (atomic_load(&p->role) != 0)
		poll_kick(p);
	if (alone || atomic_load(&p->role) == 0)
		reactor_nudge(r);
}

static void run_tasks(struct reactor *r)
{
	/* Acquire: pairs with the push. */
	struct task *stack = atomic_exchange(&r->poll->tasks, NULL);
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

void reactor_tell(struct reactor *r, tr_pid to, tr_value message)
{
	(void)tr_node_send(r->node, to, message);
}

/* ---- turns ---- */

static void turn(void *arg)
{
	struct reactor *r = arg;

	uv_update_time(&r->loop); /* tasks start timers, and it may have stood for long */
	run_tasks(r);
	if (r->stopping)
		return; /* the rest is the thread's */
	uv_run(&r->loop, UV_RUN_NOWAIT);
	int ms = uv_backend_timeout(&r->loop);
	poll_due(r->poll, ms < 0 ? WHEEL_NEVER : ((int64_t)uv_now(&r->loop) + ms) * TR_MS);
}

/* ---- the thread ---- */

static void reactor_nudge(struct reactor *r)
{
	atomic_fetch_add(&r->nudges, 1);
	futex_wake(&r->nudges);
}

static void spare(void *arg)
{
	reactor_nudge(arg);
}

static void sleep_in_poll(struct reactor *r)
{
	struct epoll_event events[POLL_EVENTS];

	if (!poll_take_role(r->poll)) { /* a scheduler that has not noticed */
		sched_yield();
		return;
	}
	int n = poll_has_tasks(r->poll) || atomic_load(&r->ending) ? 0 : poll_wait(r->poll, events, WHEEL_NEVER);
	poll_give_role(r->poll);
	poll_act(r->poll, events, n);
}

static void close_stray(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

/* Nobody takes turns any more, and all actors have ended. */
static void close_all(struct reactor *r)
{
	run_tasks(r);
	r->stopping = true;
	ports_close_all(r);
	signals_close_all(r);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	/* What others left open on the loop. */
	uv_walk(&r->loop, close_stray, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
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
	while (!atomic_load(&r->ending)) {
		uint32_t nudges = atomic_load(&r->nudges);
		poll_look(r->poll);
		if (is_alone(r))
			sleep_in_poll(r);
		else if (!atomic_load(&r->ending))
			futex_wait(&r->nudges, nudges, TR_FOREVER);
	}
	poll_end_turns(r->poll);
	close_all(r);
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

	atomic_store(&r->ending, true);
	reactor_nudge(r);
	poll_kick(r->poll);
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
	errno = 0;
	r->poll = poll_new(r->node, uv_backend_fd(&r->loop), turn, spare, r);
	bool no_memory = r->poll == NULL && (errno == 0 || errno == ENOMEM);
	if (r->poll != NULL && pthread_create(&r->thread, NULL, reactor_main, r) == 0)
		return TR_OK;
	poll_free(&r->poll);
	uv_loop_close(&r->loop);
	return no_memory ? TR_ENOMEM : TR_ESYSTEM;
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
	if ((err = reactor_new(node, &r)) != TR_OK)
		return err;
	struct poll *p = r->poll;
	if ((err = tr_node_set(node, TR_SLOT_REACTOR, r, reactor_stop)) == TR_OK) {
		atomic_store(&node->poll, p);
		sched_wake_one(node); /* one of those that sleep must sleep there */
		return TR_OK;
	}
	reactor_stop(r);
	poll_free(&p);
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
