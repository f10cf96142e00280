/* SPDX-License-Identifier: Apache-2.0 */
/* Listening and accepting. */
#include <netdb.h>
#include <string.h>

#include "runtime/io/permit.h"
#include "runtime/io/address.h"
#include "runtime/io/socket.h"

#define BACKLOG_DEFAULT 128

/* ---- accept ---- */

struct accept_request {
	struct request q;
	uint64_t listener;
	struct hold *hold;
	struct socket_mode mode;
};

static int accept_into(struct port *l, struct port *p)
{
	struct channel *from = &l->channels[CHANNEL_MAIN], *to = p->in;
	bool is_tcp = from->uv.handle.type == UV_TCP;
	int uv_error =
	    is_tcp ? uv_tcp_init(&l->reactor->loop, &to->uv.tcp) : uv_pipe_init(&l->reactor->loop, &to->uv.pipe, 0);

	if (uv_error != 0)
		return uv_error;
	channel_opened(p, to);
	return uv_accept(&from->uv.stream, &to->uv.stream);
}

/* The waiting connection to this asker; false when the asker is gone and it still waits. */
static bool hand_over(struct port *l, struct accept_request *a)
{
	struct port *p = request_is_gone(&a->q) ? NULL : socket_port(l->reactor, a->hold, a->q.pid, a->mode);

	if (p == NULL) {
		request_answer(&a->q, TR_ENOMEM, tr_nil());
		return false;
	}
	l->connection_waits = false; /* before uv_accept, which may report the next one at once */
	int uv_error = accept_into(l, p);
	if (uv_error != 0) {
		p->hold = NULL;
		port_close(p, 0);
		request_answer_uv(&a->q, uv_error);
		return true;
	}
	socket_open(p);
	if (request_answer(&a->q, TR_OK, tr_nil()))
		port_pump(p);
	else
		port_close(p, 0);
	return true;
}

static void accept_pump(struct port *l)
{
	struct request *q;

	while (l->connection_waits && (q = request_list_take(&l->acceptors)) != NULL)
		hand_over(l, IO_OUTER(q, struct accept_request, q));
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct port *l = ((struct channel *)stream->data)->port;

	if (status != 0 || l->closing)
		return;
	l->connection_waits = true; /* libuv reports no further one until it is accepted */
	accept_pump(l);
}

static void cancel_accept(struct request *q)
{
	struct port *l = port_find(q->reactor, IO_OUTER(q, struct accept_request, q)->listener);

	if (l != NULL)
		request_list_remove(&l->acceptors, q);
}

static void run_accept(struct task *task)
{
	struct accept_request *a = IO_OUTER(task, struct accept_request, q.start);
	struct port *l = request_port(&a->q, a->listener);

	if (l == NULL)
		return;
	if (l->kind != PORT_LISTENER) {
		request_answer(&a->q, TR_EINVAL, tr_nil());
	} else if (a->q.poll && !l->connection_waits) {
		request_answer(&a->q, TR_ETIMEOUT, tr_nil());
	} else {
		a->q.on_cancel = cancel_accept;
		request_list_add(&l->acceptors, &a->q);
		accept_pump(l);
	}
}

tr_err tr_accept(tr_port listener, tr_framing framing, int active, tr_port *socket, int64_t deadline)
{
	tr_err err;

	if (socket == NULL || active < TR_ACTIVE)
		return TR_EINVAL;
	*socket = (tr_port){0};
	struct hold *hold = hold_new(&err);
	if (hold == NULL)
		return err;
	struct accept_request *a = request_new(sizeof(*a), run_accept, &err);
	if (a == NULL) {
		hold_end(hold);
		return err;
	}
	a->listener = listener.id;
	a->hold = hold;
	a->mode = (struct socket_mode){framing, active};
	err = request_ask(&a->q, deadline);
	request_end(&a->q);
	if (err != TR_OK)
		hold_end(hold);
	else
		*socket = (tr_port){hold->id};
	return err;
}

/* ---- listen ---- */

struct listen_request {
	struct request q;
	struct hold *hold;
	struct address address;
	int backlog;
	struct lookup lookup;
};

static int bind_unix(struct port *l, const struct address *address)
{
	struct channel *c = &l->channels[CHANNEL_MAIN];
	int uv_error = uv_pipe_init(&l->reactor->loop, &c->uv.pipe, 0);

	if (uv_error != 0)
		return uv_error;
	channel_opened(l, c);
	return uv_pipe_bind(&c->uv.pipe, address->path);
}

static int bind_tcp(struct port *l, const struct addrinfo *at)
{
	struct channel *c = &l->channels[CHANNEL_MAIN];
	int uv_error = uv_tcp_init(&l->reactor->loop, &c->uv.tcp);

	if (uv_error != 0)
		return uv_error;
	channel_opened(l, c);
	return uv_tcp_bind(&c->uv.tcp, at->ai_addr, 0);
}

static void begin_listening(struct listen_request *n, const struct addrinfo *at)
{
	struct port *l = port_new(n->q.reactor, PORT_LISTENER, n->hold, n->q.pid);

	if (l == NULL) {
		request_answer(&n->q, TR_ENOMEM, tr_nil());
		return;
	}
	l->in = l->out = &l->channels[CHANNEL_MAIN];
	int uv_error = at == NULL ? bind_unix(l, &n->address) : bind_tcp(l, at);
	if (uv_error == 0)
		uv_error = uv_listen(&l->in->uv.stream, n->backlog, on_connection);
	if (uv_error == 0 && request_answer(&n->q, TR_OK, tr_nil()))
		return;
	if (uv_error != 0) {
		l->hold = NULL;
		request_answer_uv(&n->q, uv_error);
	}
	port_close(l, 0);
}

static void on_looked_up(struct lookup *lookup, int uv_error)
{
	struct listen_request *n = IO_OUTER(lookup, struct listen_request, lookup);

	request_hold(&n->q);
	if (uv_error != 0)
		answer_lookup_failed(&n->q, uv_error);
	else
		begin_listening(n, lookup->list);
	request_unhold(&n->q);
}

static void run_listen(struct task *task)
{
	struct listen_request *n = IO_OUTER(task, struct listen_request, q.start);

	if (n->q.reactor->stopping || request_is_gone(&n->q)) {
		request_answer(&n->q, TR_ECLOSED, tr_nil());
		return;
	}
	if (n->address.is_unix) {
		begin_listening(n, NULL);
		return;
	}
	n->lookup.done = on_looked_up;
	lookup_start(n->q.reactor, &n->lookup, &n->address, true);
}

static void free_listen(struct request *q)
{
	lookup_fini(&IO_OUTER(q, struct listen_request, q)->lookup);
}

tr_err tr_listen(const char *address, int backlog, tr_port *listener)
{
	struct address parsed;
	tr_err err = address_parse(address, &parsed);

	if (err != TR_OK || listener == NULL)
		return TR_EINVAL;
	*listener = (tr_port){0};
	if (!permit_net(&parsed))
		return TR_EDENIED;
	struct hold *hold = hold_new(&err);
	if (hold == NULL)
		return err;
	struct listen_request *n = request_new(sizeof(*n), run_listen, &err);
	if (n == NULL) {
		hold_end(hold);
		return err;
	}
	n->hold = hold;
	n->address = parsed;
	n->backlog = backlog > 0 ? backlog : BACKLOG_DEFAULT;
	n->q.on_free = free_listen;
	err = request_ask(&n->q, TR_FOREVER);
	request_end(&n->q);
	if (err != TR_OK)
		hold_end(hold);
	else
		*listener = (tr_port){hold->id};
	return err;
}
