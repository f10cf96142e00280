/* SPDX-License-Identifier: Apache-2.0 */
/* What actors ask of any port: receiving, modes, closing, giving away. */
#include "runtime/actor/hooks.h"
#include "runtime/io/port.h"

tr_value tr_port_value(tr_port port)
{
	return tr_ref_value((tr_ref){port.id});
}

int tr_io_errno(void)
{
	return kernel_get_errno();
}

struct port_request {
	struct request q;
	uint64_t id;
	int64_t number;
	struct hold *hold;
	tr_pid to;
};

static struct port_request *ask_about(tr_port port, void (*run)(struct task *), tr_err *err)
{
	struct port_request *a = request_new(sizeof(*a), run, err);

	if (a != NULL)
		a->id = port.id;
	return a;
}

/* ---- receive ---- */

static void cancel_receive(struct request *q)
{
	struct port *p = port_find(q->reactor, IO_OUTER(q, struct port_request, q)->id);

	if (p == NULL)
		return;
	request_list_remove(&p->receivers, q);
	port_pump(p); /* perhaps nobody wants to read any more */
}

static void run_receive(struct task *task)
{
	struct port_request *a = IO_OUTER(task, struct port_request, q.start);
	struct port *p = request_port(&a->q, a->id);

	if (p == NULL)
		return;
	if (p->kind == PORT_LISTENER) {
		request_answer(&a->q, TR_EINVAL, tr_nil());
		return;
	}
	a->q.on_cancel = cancel_receive;
	request_list_add(&p->receivers, &a->q);
	/* The pump may answer and so free it: a poll holds on to it. */
	bool poll = a->q.poll;
	if (poll)
		atomic_fetch_add_explicit(&a->q.refs, 1, memory_order_relaxed);
	port_pump(p);
	if (!poll)
		return;
	if (a->q.on_cancel != NULL) { /* still listed */
		port_read_now(p);
		if (a->q.on_cancel != NULL) {
			request_list_remove(&p->receivers, &a->q);
			request_answer(&a->q, TR_ETIMEOUT, tr_nil());
			port_pump(p);
		}
	}
	request_forget(&a->q);
}

tr_value tr_port_receive(tr_port port, int64_t deadline)
{
	tr_err err;
	struct port_request *a = ask_about(port, run_receive, &err);

	if (a == NULL)
		return tr_invalid(err);
	err = request_ask(&a->q, deadline);
	tr_value frame = err == TR_OK ? tr_keep(a->q.value) : tr_invalid(err);
	request_end(&a->q);
	return frame;
}

/* ---- mode ---- */

static void run_set_active(struct task *task)
{
	struct port_request *a = IO_OUTER(task, struct port_request, q.start);
	struct port *p = request_port(&a->q, a->id);

	if (p == NULL)
		return;
	if (p->kind == PORT_LISTENER) {
		request_answer(&a->q, TR_EINVAL, tr_nil());
		return;
	}
	/* As in Erlang, n is added to what is left of an n before. */
	bool adds = a->number > 0 && p->active > 0;
	int64_t active = adds ? a->number + p->active : a->number;
	if (active > INT16_MAX) {
		request_answer(&a->q, TR_ERANGE, tr_nil());
		return;
	}
	p->active = (int)active;
	request_answer(&a->q, TR_OK, tr_nil());
	port_pump(p);
}

tr_err tr_port_set_active(tr_port port, int active)
{
	tr_err err;

	if (active < TR_ACTIVE)
		return TR_EINVAL;
	struct port_request *a = ask_about(port, run_set_active, &err);
	if (a == NULL)
		return err;
	a->number = active;
	err = request_ask(&a->q, TR_FOREVER);
	request_end(&a->q);
	return err;
}

/* ---- close ---- */

static void cancel_close(struct request *q)
{
	struct port *p = port_find(q->reactor, IO_OUTER(q, struct port_request, q)->id);

	if (p != NULL)
		request_list_remove(&p->closers, q);
}

static void run_close(struct task *task)
{
	struct port_request *a = IO_OUTER(task, struct port_request, q.start);
	struct port *p = port_find(a->q.reactor, a->id);

	if (p == NULL) {
		request_answer(&a->q, TR_OK, tr_nil());
		return;
	}
	a->q.on_cancel = cancel_close;
	request_list_add(&p->closers, &a->q);
	port_close(p, a->number);
}

void tr_port_close(tr_port port, int64_t grace_ns)
{
	tr_err err;
	struct port_request *a = ask_about(port, run_close, &err);

	if (a == NULL)
		return; /* the owner's end will close it */
	a->number = grace_ns;
	(void)request_ask(&a->q, TR_FOREVER);
	hold_end(a->q.pointer);
	request_end(&a->q);
}

/* ---- give ---- */

static void run_give(struct task *task)
{
	struct port_request *a = IO_OUTER(task, struct port_request, q.start);
	struct port *p = request_port(&a->q, a->id);

	if (p == NULL)
		return;
	if (p->owner.bits != a->q.pid.bits) {
		request_answer(&a->q, TR_EDENIED, tr_nil());
		return;
	}
	a->q.pointer = p->hold;
	p->hold = a->hold;
	p->owner = a->to;
	request_answer(&a->q, TR_OK, tr_nil()); /* it cannot be gone: it is not to be killed meanwhile */
	port_pump(p);
}

/* In the new owner, or in its place. */
static void take_over(void *arg, bool alive)
{
	if (!alive)
		hold_orphaned(arg);
	else
		(void)tr_own(arg, hold_orphaned); /* without memory it was called: closed */
}

tr_err tr_port_give(tr_port port, tr_pid to)
{
	tr_err err;

	if (!tr_alive(to))
		return TR_ENOPROC;
	if (to.bits == tr_self().bits)
		return TR_OK;
	struct port_request *a = ask_about(port, run_give, &err);
	if (a == NULL)
		return err;
	struct hold *theirs = tr_alloc(sizeof(*theirs));
	if (theirs == NULL) {
		request_end(&a->q);
		return TR_ENOMEM;
	}
	*theirs = (struct hold){.reactor = a->q.reactor, .id = port.id};
	a->hold = theirs;
	a->to = to;
	/* Not to be killed between the change and the new owner's knowing. */
	err = request_ask_unkillable(&a->q);
	if (err == TR_OK) {
		hold_end(a->q.pointer);
		err = kernel_interrupt(a->q.reactor->node, to, take_over, theirs);
		if (err != TR_OK)
			hold_orphaned(theirs);
	} else {
		tr_free(theirs);
	}
	request_end(&a->q);
	return err;
}
