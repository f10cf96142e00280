/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of sockets, and the end of writing. */
#include <stdio.h>
#include <string.h>

#include "runtime/io/address.h"
#include "runtime/io/outlet.h"
#include "runtime/io/socket.h"

struct socket_request {
	struct request q;
	uint64_t id;
	bool peer;
	bool of_process; /* tr_port_close_stdin */
	uv_shutdown_t shutdown;
};

static struct socket_request *socket_ask(tr_port port, void (*run)(struct task *), tr_err *err)
{
	struct socket_request *s = request_new(sizeof(*s), run, err);

	if (s != NULL)
		s->id = port.id;
	return s;
}

/* ---- address ---- */

static int tcp_address(const uv_tcp_t *tcp, bool peer, char *out, size_t size)
{
	struct sockaddr_storage sa;
	int n = sizeof(sa);
	int uv_error = peer ? uv_tcp_getpeername(tcp, (struct sockaddr *)(void *)&sa, &n)
			    : uv_tcp_getsockname(tcp, (struct sockaddr *)(void *)&sa, &n);

	if (uv_error == 0)
		address_text((struct sockaddr *)(void *)&sa, out, size);
	return uv_error;
}

static int unix_address(const uv_pipe_t *pipe, bool peer, char *out, size_t size)
{
	char path[sizeof(struct sockaddr_un)] = "";
	size_t n = sizeof(path) - 1;
	int uv_error = peer ? uv_pipe_getpeername(pipe, path, &n) : uv_pipe_getsockname(pipe, path, &n);

	if (uv_error == 0)
		snprintf(out, size, "unix:%.*s", (int)n, path);
	return uv_error;
}

static void run_address(struct task *task)
{
	struct socket_request *s = IO_OUTER(task, struct socket_request, q.start);
	struct port *p = request_port(&s->q, s->id);
	char text[160];

	if (p == NULL)
		return;
	if (p->kind == PORT_PROCESS) {
		request_answer(&s->q, TR_EINVAL, tr_nil());
		return;
	}
	if (!p->in->open) {
		request_answer(&s->q, TR_ECLOSED, tr_nil());
		return;
	}
	int uv_error = p->in->uv.handle.type == UV_TCP ? tcp_address(&p->in->uv.tcp, s->peer, text, sizeof(text))
						       : unix_address(&p->in->uv.pipe, s->peer, text, sizeof(text));
	if (uv_error != 0) {
		request_answer_uv(&s->q, uv_error);
		return;
	}
	tr_value v = tr_string_lossy(text, strlen(text));
	if (!request_answer(&s->q, tr_value_err(v), v))
		tr_drop(v);
}

tr_value tr_socket_address(tr_port socket, bool peer)
{
	tr_err err;
	struct socket_request *s = socket_ask(socket, run_address, &err);

	if (s == NULL)
		return tr_invalid(err);
	s->peer = peer;
	err = request_ask(&s->q, TR_FOREVER);
	tr_value v = err == TR_OK ? tr_keep(s->q.value) : tr_invalid(err);
	request_end(&s->q);
	return v;
}

/* ---- end of writing ---- */

/* What was sent before has gone out now. */
static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
	struct socket_request *s = shutdown->data;
	struct port *p = port_find(s->q.reactor, s->id);

	if (s->of_process) {
		/* A pipe has no half to shut down: that is its closing. */
		if (p != NULL)
			channel_close(p->in);
		status = 0;
	}
	request_answer_uv(&s->q, status);
	request_unhold(&s->q);
}

static void run_shutdown(struct task *task)
{
	struct socket_request *s = IO_OUTER(task, struct socket_request, q.start);
	struct port *p = request_port(&s->q, s->id);

	if (p == NULL)
		return;
	if (p->kind != (s->of_process ? PORT_PROCESS : PORT_SOCKET)) {
		request_answer(&s->q, TR_EINVAL, tr_nil());
		return;
	}
	if (!p->in->open) {
		request_answer(&s->q, s->of_process ? TR_OK : TR_ECLOSED, tr_nil());
		return;
	}
	outlet_close(p);
	s->shutdown.data = s;
	request_hold(&s->q);
	int uv_error = uv_shutdown(&s->shutdown, &p->in->uv.stream, on_shutdown);
	if (uv_error != 0)
		on_shutdown(&s->shutdown, uv_error);
}

static tr_err ask_shutdown(tr_port port, bool of_process)
{
	tr_err err;
	struct socket_request *s = socket_ask(port, run_shutdown, &err);

	if (s == NULL)
		return err;
	s->of_process = of_process;
	err = request_ask(&s->q, TR_FOREVER);
	request_end(&s->q);
	return err;
}

tr_err tr_socket_shutdown(tr_port socket)
{
	return ask_shutdown(socket, false);
}

tr_err tr_port_close_stdin(tr_port port)
{
	return ask_shutdown(port, true);
}
