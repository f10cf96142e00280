/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting: every address of a name in turn until one answers. */
#include <netdb.h>
#include <string.h>

#include "runtime/io/permit.h"
#include "runtime/io/address.h"
#include "runtime/io/outlet.h"
#include "runtime/io/socket.h"

struct connect_request {
	struct request q;
	struct hold *hold;
	struct socket_mode mode;
	struct address address;
	struct lookup lookup;
	struct addrinfo *at; /* what to try next; NULL for Unix sockets too */
	uv_connect_t connect;
	struct port *p; /* NULL: cancelled or finished */
	bool looking_up;
	struct port *failed; /* whose handle is being closed before the next try */
};

struct port *socket_port(struct reactor *r, struct hold *hold, tr_pid owner, struct socket_mode mode)
{
	struct port *p = port_new(r, PORT_SOCKET, hold, owner);

	if (p == NULL)
		return NULL;
	p->in = p->out = &p->channels[CHANNEL_MAIN];
	p->active = mode.active;
	frames_init(&p->frames, mode.framing, 0);
	return p;
}

void socket_open(struct port *p)
{
	/* Frames are messages: do not let one wait for the next. */
	if (p->in->uv.handle.type == UV_TCP)
		uv_tcp_nodelay(&p->in->uv.tcp, 1);
	outlet_open(p);
}

bool answer_lookup_failed(struct request *q, int uv_error)
{
	if (uv_error == UV_EAI_MEMORY || uv_error == UV_ENOMEM)
		return request_answer(q, TR_ENOMEM, tr_nil());
	return request_answer(q, uv_error == UV_EAI_AGAIN ? TR_EIO : TR_ENOENT, tr_nil());
}

/* Give the half-made port up; its owner ends the hold when it hears of it. */
static void give_up(struct connect_request *c)
{
	struct port *p = c->p;

	c->p = NULL;
	if (p != NULL) {
		p->hold = NULL;
		port_close(p, 0);
	}
}

static void cancel_connect(struct request *q)
{
	struct connect_request *c = IO_OUTER(q, struct connect_request, q);

	if (c->looking_up)
		lookup_cancel(&c->lookup);
	give_up(c);
}

static void connected(struct connect_request *c)
{
	struct port *p = c->p;

	c->p = NULL;
	socket_open(p);
	if (request_answer(&c->q, TR_OK, tr_nil()))
		port_pump(p);
	else
		port_close(p, 0);
}

static void try_next(struct connect_request *c);

static void fail(struct connect_request *c, int uv_error)
{
	give_up(c);
	request_answer_uv(&c->q, uv_error);
}

static void on_failed_closed(uv_handle_t *handle)
{
	struct connect_request *c = handle->data;

	port_handle_closed(c->failed);
	if (c->p != NULL)
		try_next(c);
	request_unhold(&c->q);
}

/* This address did not do; on to the next. The handle cannot be used again before it is closed. */
static void try_other(struct connect_request *c, int uv_error)
{
	struct channel *ch = c->p->in;

	if (c->at == NULL) {
		fail(c, uv_error);
		return;
	}
	c->failed = c->p;
	ch->open = false;
	ch->uv.handle.data = c;
	request_hold(&c->q);
	uv_close(&ch->uv.handle, on_failed_closed);
}

static void on_connect(uv_connect_t *connect, int status)
{
	struct connect_request *c = connect->data;

	if (c->p != NULL && status == 0)
		connected(c);
	else if (c->p != NULL)
		try_other(c, status);
	request_unhold(&c->q);
}

static void try_next(struct connect_request *c)
{
	struct port *p = c->p;
	struct addrinfo *at = c->at;

	int uv_error = uv_tcp_init(&c->q.reactor->loop, &p->in->uv.tcp);
	if (uv_error != 0) {
		fail(c, uv_error);
		return;
	}
	c->at = at->ai_next;
	channel_opened(p, p->in);
	request_hold(&c->q);
	uv_error = uv_tcp_connect(&c->connect, &p->in->uv.tcp, at->ai_addr, on_connect);
	if (uv_error != 0)
		on_connect(&c->connect, uv_error);
}

static void on_looked_up(struct lookup *lookup, int uv_error)
{
	struct connect_request *c = IO_OUTER(lookup, struct connect_request, lookup);

	c->looking_up = false;
	if (c->p == NULL) {
		/* cancelled */
	} else if (uv_error != 0) {
		give_up(c);
		answer_lookup_failed(&c->q, uv_error);
	} else {
		c->at = lookup->list;
		try_next(c);
	}
	request_unhold(&c->q);
}

static void connect_unix(struct connect_request *c)
{
	struct port *p = c->p;
	int uv_error = uv_pipe_init(&c->q.reactor->loop, &p->in->uv.pipe, 0);

	if (uv_error != 0) {
		fail(c, uv_error);
		return;
	}
	channel_opened(p, p->in);
	request_hold(&c->q);
	uv_pipe_connect(&c->connect, &p->in->uv.pipe, c->address.path, on_connect);
}

static void run_connect(struct task *task)
{
	struct connect_request *c = IO_OUTER(task, struct connect_request, q.start);
	struct request *q = &c->q;

	if (q->poll || q->reactor->stopping || request_is_gone(q)) {
		request_answer(q, q->poll ? TR_ETIMEOUT : TR_ECLOSED, tr_nil());
		return;
	}
	c->p = socket_port(q->reactor, c->hold, q->pid, c->mode);
	if (c->p == NULL) {
		request_answer(q, TR_ENOMEM, tr_nil());
		return;
	}
	c->connect.data = c;
	q->on_cancel = cancel_connect;
	if (c->address.is_unix) {
		connect_unix(c);
		return;
	}
	c->lookup.done = on_looked_up;
	c->looking_up = true;
	request_hold(q);
	lookup_start(q->reactor, &c->lookup, &c->address, false);
}

static void free_connect(struct request *q)
{
	lookup_fini(&IO_OUTER(q, struct connect_request, q)->lookup);
}

tr_err tr_connect(const char *address, tr_framing framing, int active, tr_port *socket, int64_t deadline)
{
	struct address parsed;
	tr_err err = address_parse(address, &parsed);

	if (err != TR_OK || socket == NULL || active < TR_ACTIVE)
		return TR_EINVAL;
	*socket = (tr_port){0};
	if (!permit_net(&parsed))
		return TR_EDENIED;
	struct hold *hold = hold_new(&err);
	if (hold == NULL)
		return err;
	struct connect_request *c = request_new(sizeof(*c), run_connect, &err);
	if (c == NULL) {
		hold_end(hold);
		return err;
	}
	c->hold = hold;
	c->mode = (struct socket_mode){framing, active};
	c->address = parsed;
	c->q.on_free = free_connect;
	err = request_ask(&c->q, deadline);
	request_end(&c->q);
	if (err != TR_OK)
		hold_end(hold);
	else
		*socket = (tr_port){hold->id};
	return err;
}
