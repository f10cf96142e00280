/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing frames. The sender writes itself when nobody waits for room; what does not fit goes to the loop, in order,
 * and the sender waits for it.
 */
#include <string.h>

#include "runtime/actor/hooks.h"
#include "runtime/io/outlet.h"

#define SEND_REDUCTIONS 50

struct send_request {
	struct request q;
	uint64_t id;
	struct outlet *outlet; /* a reference, whose `pending` counts this; NULL: none */
	uv_write_t write;
	bool answered;  /* before all was written */
	size_t n;       /* of the frame, which is at bytes + FRAME_HEADER_MAX */
	size_t written; /* of header, frame and end of line together */
	char bytes[];
};

/* Put header and end of line around the frame: where it starts and its whole length. False: too long to say. */
static bool wrap(struct send_request *s, tr_framing framing, size_t max, tr_str *whole)
{
	char header[FRAME_HEADER_MAX];
	size_t header_n;

	if ((framing != TR_FRAME_RAW && s->n > max) || !frame_header(framing, s->n, header, &header_n))
		return false;
	char *start = s->bytes + FRAME_HEADER_MAX - header_n;
	memcpy(start, header, header_n);
	*whole = (tr_str){start, header_n + s->n};
	if (framing == TR_FRAME_LINE)
		start[whole->n++] = '\n';
	return true;
}

/* ---- loop ---- */

static void on_written(uv_write_t *write, int status)
{
	struct send_request *s = write->data;

	if (!s->answered)
		request_answer_uv(&s->q, status);
	request_unhold(&s->q);
}

/* Write now what the pipe takes, the rest when it has room. */
static void write_rest(struct port *p, struct send_request *s, tr_str whole)
{
	uv_buf_t buf;
	buf.base = s->bytes + (whole.p - s->bytes) + s->written;
	buf.len = whole.n - s->written;
	int done = uv_try_write(&p->in->uv.stream, &buf, 1);

	if (done == UV_EAGAIN && s->q.poll && s->written == 0) {
		request_answer(&s->q, TR_ETIMEOUT, tr_nil());
		return;
	}
	if (done < 0 && done != UV_EAGAIN) {
		request_answer_uv(&s->q, done);
		return;
	}
	size_t now = done > 0 ? (size_t)done : 0;
	buf.base += now;
	buf.len -= now;
	if (buf.len == 0) {
		request_answer(&s->q, TR_OK, tr_nil());
		return;
	}
	/* A time-out from here on leaves the frame in the queue; the bytes are the request's, which outlives the write.
	 */
	s->write.data = s;
	request_hold(&s->q);
	/* Who does not want to wait has sent it: it has begun, so it will be written as far as anything is. */
	if (s->q.poll) {
		s->answered = true;
		request_answer(&s->q, TR_OK, tr_nil());
	}
	int uv_error = uv_write(&s->write, &p->in->uv.stream, &buf, 1, on_written);
	if (uv_error != 0)
		on_written(&s->write, uv_error);
}

static void run_send(struct task *task)
{
	struct send_request *s = IO_OUTER(task, struct send_request, q.start);
	struct port *p = request_port(&s->q, s->id);
	tr_str whole;

	if (p == NULL)
		return;
	if (p->kind == PORT_LISTENER)
		request_answer(&s->q, TR_EINVAL, tr_nil());
	else if (!p->in->open)
		request_answer(&s->q, TR_ECLOSED, tr_nil());
	else if (!wrap(s, p->frames.framing, p->frames.max, &whole))
		request_answer(&s->q, TR_ELIMIT, tr_nil());
	else
		write_rest(p, s, whole);
}

/* ---- in the actor ---- */

static void free_send(struct request *q)
{
	struct outlet *o = IO_OUTER(q, struct send_request, q)->outlet;

	if (o == NULL)
		return;
	pthread_mutex_lock(&o->lock);
	o->pending--;
	pthread_mutex_unlock(&o->lock);
	outlet_release(o);
}

/* Write without the loop if that is possible, else hand it over. True when it is over, with *err. The request must be
 * ready to be posted: once a part is written there is no way back. */
static bool send_directly(struct send_request *s, struct outlet *o, tr_err *err)
{
	tr_str whole;

	*err = TR_OK;
	if (!wrap(s, o->framing, o->max, &whole)) {
		*err = TR_ELIMIT;
		return true;
	}
	pthread_mutex_lock(&o->lock);
	s->written = outlet_write(o, whole.p, whole.n);
	bool all = s->written == whole.n;
	if (!all) {
		/* Posted under the lock: who sends later must come later. */
		o->pending++;
		s->outlet = o;
		request_post(&s->q);
	}
	pthread_mutex_unlock(&o->lock);
	return all;
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
	s->q.on_free = free_send;
	s->n = frame.n;
	if (frame.n > 0)
		memcpy(s->bytes + FRAME_HEADER_MAX, frame.p, frame.n);
	struct outlet *o = outlet_find(&s->q.reactor->outlets, port.id);
	err = request_prepare(&s->q, deadline);
	if (err == TR_OK) {
		if (o == NULL)
			request_post(&s->q);
		bool over = o != NULL && send_directly(s, o, &err);
		if (o != NULL && !over)
			kernel_busy_port(tr_port_value(port));
		if (over)
			request_withdraw(&s->q);
		else
			err = request_wait(&s->q, deadline, false);
	}
	if (s->outlet == NULL)
		outlet_release(o);
	request_end(&s->q);
	/* Whoever only ever sends does not wait for anything: let others in between. */
	tr_reduce(SEND_REDUCTIONS);
	return err;
}
