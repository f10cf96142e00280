/* SPDX-License-Identifier: Apache-2.0 */
/* Writing frames. */
#include <string.h>

#include "runtime/io/port.h"

struct send_request {
	struct request q;
	uint64_t id;
	uv_write_t write;
	size_t frame_at; /* room for the header is before it */
	size_t n;
	char bytes[]; /* header, frame, end of line */
};

static void on_written(uv_write_t *write, int status)
{
	struct send_request *s = write->data;

	request_answer_uv(&s->q, status);
	request_unhold(&s->q);
}

/* Write now what the pipe takes, the rest when it has room. */
static void write_bytes(struct port *p, struct send_request *s, char *bytes, size_t n)
{
	uv_buf_t buf = uv_buf_init(bytes, (unsigned)n);
	int done = uv_try_write(&p->in->uv.stream, &buf, 1);

	if (done == UV_EAGAIN && s->q.poll) {
		request_answer(&s->q, TR_ETIMEOUT, tr_nil());
		return;
	}
	if (done < 0 && done != UV_EAGAIN) {
		request_answer_uv(&s->q, done);
		return;
	}
	size_t written = done > 0 ? (size_t)done : 0;
	if (written == n) {
		request_answer(&s->q, TR_OK, tr_nil());
		return;
	}
	/* A time-out from here on leaves the frame in the queue; the bytes are the request's, which outlives the write.
	 */
	buf = uv_buf_init(bytes + written, (unsigned)(n - written));
	s->write.data = s;
	request_hold(&s->q);
	int uv_error = uv_write(&s->write, &p->in->uv.stream, &buf, 1, on_written);
	if (uv_error != 0)
		on_written(&s->write, uv_error);
}

static void run_send(struct task *task)
{
	struct send_request *s = IO_OUTER(task, struct send_request, q.start);
	struct port *p = request_port(&s->q, s->id);
	char header[FRAME_HEADER_MAX];
	size_t header_n;

	if (p == NULL)
		return;
	if (p->kind == PORT_LISTENER) {
		request_answer(&s->q, TR_EINVAL, tr_nil());
	} else if (!p->in->open) {
		request_answer(&s->q, TR_ECLOSED, tr_nil());
	} else if ((p->frames.framing != TR_FRAME_RAW && s->n > p->frames.max) ||
		   !frame_header(p->frames.framing, s->n, header, &header_n)) {
		request_answer(&s->q, TR_ELIMIT, tr_nil());
	} else {
		char *start = s->bytes + s->frame_at - header_n;
		size_t n = header_n + s->n;
		memcpy(start, header, header_n);
		if (p->frames.framing == TR_FRAME_LINE)
			start[n++] = '\n';
		write_bytes(p, s, start, n);
	}
}

tr_err tr_port_send(tr_port port, tr_str frame, int64_t deadline)
{
	tr_err err;

	if (frame.p == NULL && frame.n > 0)
		return TR_EINVAL;
	/* What one write of libuv takes; more would not be a message but a file. */
	if (frame.n > INT32_MAX - FRAME_HEADER_MAX - 1)
		return TR_ELIMIT;
	struct send_request *s = request_new(sizeof(*s) + FRAME_HEADER_MAX + frame.n + 1, run_send, &err);
	if (s == NULL)
		return err;
	s->id = port.id;
	s->frame_at = FRAME_HEADER_MAX;
	s->n = frame.n;
	if (frame.n > 0)
		memcpy(s->bytes + FRAME_HEADER_MAX, frame.p, frame.n);
	err = request_ask(&s->q, deadline);
	request_end(&s->q);
	return err;
}
