/* SPDX-License-Identifier: Apache-2.0 */
/* What actors ask of OS processes. */
#include "runtime/io/permit.h"
#include "runtime/io/port.h"
#include "runtime/io/process.h"

struct open_request {
	struct request q;
	struct hold *hold;
	struct process_spec *spec;
};

static void run_open(struct task *task)
{
	struct open_request *o = IO_OUTER(task, struct open_request, q.start);
	struct request *q = &o->q;
	struct port *p =
	    q->reactor->stopping || request_is_gone(q) ? NULL : port_new(q->reactor, PORT_PROCESS, o->hold, q->pid);

	if (p == NULL) {
		request_answer(q, q->reactor->stopping ? TR_ECLOSED : TR_ENOMEM, tr_nil());
		return;
	}
	int uv_error = process_start(p, o->spec);
	if (uv_error != 0) {
		p->hold = NULL; /* the asker ends it */
		port_close(p, 0);
		request_answer_uv(q, uv_error);
	} else if (!request_answer(q, TR_OK, tr_nil())) {
		port_close(p, 0);
	}
}

static void free_open(struct request *q)
{
	tr_free(IO_OUTER(q, struct open_request, q)->spec);
}

tr_err tr_port_open(const tr_port_options *options, tr_port *port)
{
	tr_err err;

	if (options == NULL || port == NULL || options->file == NULL || options->argv == NULL ||
	    options->active < TR_ACTIVE)
		return TR_EINVAL;
	*port = (tr_port){0};
	if (!permit_exec())
		return TR_EDENIED;
	struct hold *hold = hold_new(&err);
	if (hold == NULL)
		return err;
	struct open_request *o = request_new(sizeof(*o), run_open, &err);
	if (o == NULL) {
		hold_end(hold);
		return err;
	}
	o->hold = hold;
	o->q.on_free = free_open;
	o->spec = process_spec_new(options);
	err = o->spec != NULL ? request_ask(&o->q, TR_FOREVER) : TR_ENOMEM;
	request_end(&o->q);
	if (err != TR_OK)
		hold_end(hold);
	else
		*port = (tr_port){hold->id};
	return err;
}

/* ---- questions with one number ---- */

struct number_request {
	struct request q;
	uint64_t id;
	int number;
};

/* Ask and give the answer's value (fresh), or invalid. */
static tr_value ask_number(void (*run)(struct task *), tr_port port, int number, int64_t deadline)
{
	tr_err err;
	struct number_request *n = request_new(sizeof(*n), run, &err);

	if (n == NULL)
		return tr_invalid(err);
	n->id = port.id;
	n->number = number;
	err = request_ask(&n->q, deadline);
	tr_value v = err == TR_OK ? tr_keep(n->q.value) : tr_invalid(err);
	request_end(&n->q);
	return v;
}

static struct port *process_of(struct number_request *n)
{
	struct port *p = request_port(&n->q, n->id);

	if (p == NULL || p->kind == PORT_PROCESS)
		return p;
	request_answer(&n->q, TR_EINVAL, tr_nil());
	return NULL;
}

static void run_os_pid(struct task *task)
{
	struct number_request *n = IO_OUTER(task, struct number_request, q.start);
	struct port *p = process_of(n);

	if (p != NULL)
		request_answer(&n->q, TR_OK, tr_int(p->exited ? 0 : p->os_pid));
}

int tr_port_os_pid(tr_port port)
{
	return (int)tr_as_int(ask_number(run_os_pid, port, 0, TR_FOREVER), 0);
}

static void run_kill(struct task *task)
{
	struct number_request *n = IO_OUTER(task, struct number_request, q.start);
	struct port *p = process_of(n);

	if (p == NULL)
		return;
	int uv_error = process_signal(p, n->number);
	if (uv_error == UV_ESRCH)
		request_answer(&n->q, TR_ENOPROC, tr_nil());
	else
		request_answer_uv(&n->q, uv_error);
}

tr_err tr_port_kill(tr_port port, int signal)
{
	return tr_value_err(ask_number(run_kill, port, signal, TR_FOREVER));
}

static void cancel_wait(struct request *q)
{
	struct number_request *n = IO_OUTER(q, struct number_request, q);
	struct port *p = port_find(q->reactor, n->id);

	if (p != NULL)
		request_list_remove(&p->waiters, q);
}

static void run_wait(struct task *task)
{
	struct number_request *n = IO_OUTER(task, struct number_request, q.start);
	struct port *p = process_of(n);

	if (p == NULL)
		return;
	if (p->exited) {
		request_answer(&n->q, TR_OK, tr_int(p->exit_status));
	} else if (n->q.poll) {
		request_answer(&n->q, TR_ETIMEOUT, tr_nil());
	} else {
		n->q.on_cancel = cancel_wait;
		request_list_add(&p->waiters, &n->q);
	}
}

tr_value tr_port_wait(tr_port port, int64_t deadline)
{
	return ask_number(run_wait, port, 0, deadline);
}
