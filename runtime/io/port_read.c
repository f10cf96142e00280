/* SPDX-License-Identifier: Apache-2.0 */
/* From a port's stream to its owner: on demand in passive mode, as messages in active mode. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "runtime/io/port.h"

static void tell(struct port *p, tr_value name, tr_value what)
{
	reactor_tell(p->reactor, p->owner, TR_LIST(name, port_ref(p), what));
}

/* The stream is over. The process, if there is one, ends when the port failed. */
static void port_end(struct port *p, tr_err failure, int os_error)
{
	if (p->ended)
		return;
	p->ended = true;
	p->failure = failure;
	p->failure_errno = os_error;
	if (failure != TR_OK && p->kind == PORT_PROCESS)
		process_signal(p, SIGKILL);
	if (p->kind == PORT_PROCESS)
		channel_close(p->out);
	else if (p->out->reading)
		uv_read_stop(&p->out->uv.stream);
	p->out->reading = false;
	if (p->kind == PORT_SOCKET && failure != TR_OK)
		channel_close(p->out);
}

/* ---- giving out ---- */

/* To the first receiver that is still there, else to the owner. Takes the frame. */
static void deliver(struct port *p, tr_value frame)
{
	struct request *q;

	while ((q = request_list_take(&p->receivers)) != NULL) {
		if (request_answer(q, tr_value_err(frame), frame))
			return;
	}
	if (p->active == TR_PASSIVE) {
		p->kept = frame; /* all receivers had given up just now */
		return;
	}
	tell(p, TR_A(data), frame);
	if (p->active > 0 && --p->active == 0)
		reactor_tell(p->reactor, p->owner, TR_LIST(tr_atom("passive"), port_ref(p)));
}

static bool is_wanted(const struct port *p)
{
	return p->receivers.first != NULL || p->active != TR_PASSIVE;
}

static void give_frames(struct port *p)
{
	tr_str frame;

	while (is_wanted(p)) {
		if (tr_is_valid(p->kept)) {
			tr_value kept = p->kept;
			p->kept = tr_absent();
			deliver(p, kept);
			continue;
		}
		enum frame_found found = frames_next(&p->frames, p->ended && p->failure == TR_OK, &frame);
		if (found == FRAME_NONE)
			return;
		if (found == FRAME_TOO_LONG) {
			frames_fini(&p->frames);
			p->frames.at = 0;
			p->ended = false;
			port_end(p, TR_ELIMIT, 0);
			return;
		}
		/* When there is no memory the owner gets an invalid message, that is nothing, and a receiver the error.
		 */
		deliver(p, tr_binary(frame.p, frame.n));
	}
}

static tr_value failure_text(const struct port *p)
{
	if (p->failure == TR_ELIMIT)
		return p->reactor->atom_frame_too_long;
	if (p->failure == TR_ECORRUPT)
		return p->reactor->atom_truncated;
	return p->failure_errno != 0 ? tr_string(uv_strerror(-p->failure_errno)) : tr_string(tr_err_text(p->failure));
}

/* All frames are out and the stream is over. */
static void give_end(struct port *p)
{
	struct request *q;

	if (p->failure == TR_OK && frames_left(&p->frames) > 0) {
		frames_fini(&p->frames);
		p->frames.at = 0;
		p->failure = TR_ECORRUPT;
	}
	while ((q = request_list_take(&p->receivers)) != NULL) {
		q->os_error = p->failure_errno;
		if (request_answer(q, p->failure != TR_OK ? p->failure : TR_ECLOSED, tr_nil()))
			p->failure = TR_OK;
	}
	if (p->active == TR_PASSIVE || p->told_closed)
		return;
	if (p->failure != TR_OK)
		tell(p, TR_A(error), failure_text(p));
	p->failure = TR_OK;
	p->told_closed = true;
	reactor_tell(p->reactor, p->owner, TR_LIST(TR_A(closed), port_ref(p)));
}

static void give_exit(struct port *p)
{
	if (!p->exited || p->told_exit || p->active == TR_PASSIVE)
		return;
	p->told_exit = true;
	tell(p, TR_A(exit_status), tr_int(p->exit_status));
}

static void read_as_wanted(struct port *p);

void port_pump(struct port *p)
{
	if (p->closing || p->kind == PORT_LISTENER)
		return;
	give_frames(p);
	/* The exit status comes last: after what the process left in its pipe, and its end if nobody else holds it. */
	if (p->exited && !p->told_exit && p->active != TR_PASSIVE)
		port_read_now(p);
	if (p->ended && is_wanted(p) && !tr_is_valid(p->kept))
		give_end(p);
	give_exit(p);
	read_as_wanted(p);
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct channel *c = handle->data;

	(void)suggested;
	*buf = uv_buf_init(c->port->reactor->scratch, REACTOR_SCRATCH);
}

static void port_feed(struct port *p, const char *bytes, size_t n)
{
	if (!p->closing && !p->ended && frames_feed(&p->frames, bytes, n) != TR_OK)
		port_end(p, TR_ENOMEM, 0);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct channel *c = stream->data;
	struct port *p = c->port;

	if (n == 0)
		return;
	if (n > 0)
		port_feed(p, buf->base, (size_t)n);
	else if (p->closing)
		channel_close(c); /* nothing more to throw away */
	else
		port_end(p, n == UV_EOF ? TR_OK : err_from_errno((int)-n), n == UV_EOF ? 0 : (int)-n);
	port_pump(p);
}

static void read_as_wanted(struct port *p)
{
	struct channel *c = p->out;
	bool wanted = c->open && !p->ended && is_wanted(p);

	if (wanted == c->reading || !c->open)
		return;
	c->reading = wanted;
	if (!wanted) {
		uv_read_stop(&c->uv.stream);
		return;
	}
	int uv_error = uv_read_start(&c->uv.stream, on_alloc, on_read);
	if (uv_error != 0) {
		c->reading = false;
		port_end(p, err_from_errno(-uv_error), -uv_error);
		port_pump(p);
	}
}

void port_read_now(struct port *p)
{
	uv_os_fd_t fd;
	ssize_t n;

	if (!p->out->open || uv_fileno(&p->out->uv.handle, &fd) != 0)
		return;
	while (!p->ended && is_wanted(p) && (n = read(fd, p->reactor->scratch, REACTOR_SCRATCH)) >= 0) {
		if (n == 0)
			port_end(p, TR_OK, 0);
		else
			port_feed(p, p->reactor->scratch, (size_t)n);
		give_frames(p);
	}
}

void port_discard(struct port *p)
{
	if (p->out->open && !p->out->reading)
		p->out->reading = uv_read_start(&p->out->uv.stream, on_alloc, on_read) == 0;
}

/* ---- streams beside the frames ---- */

static void on_chunk(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct channel *c = stream->data;
	struct port *p = c->port;

	if (n < 0)
		channel_close(c);
	if (n <= 0 || p->closing)
		return;
	tell(p, c == &p->channels[CHANNEL_STDERR] ? p->reactor->atom_stderr : p->reactor->atom_stdout,
	     tr_binary(buf->base, (size_t)n));
}

void channel_read_chunks(struct channel *c)
{
	if (uv_read_start(&c->uv.stream, on_alloc, on_chunk) != 0)
		channel_close(c);
}
