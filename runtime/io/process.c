/* SPDX-License-Identifier: Apache-2.0 */
/* OS processes: starting, signalling, reaping. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "runtime/io/outlet.h"
#include "runtime/io/process.h"

/* ---- the end ---- */

int process_signal(struct port *p, int number)
{
	if (!p->running)
		return UV_ESRCH;
	if (!p->new_group)
		return uv_process_kill(&p->process, number);
	return kill(-p->os_pid, number) == 0 ? 0 : uv_translate_sys_error(errno);
}

static void on_process_closed(uv_handle_t *handle)
{
	port_handle_closed(handle->data);
}

static void on_grace_closed(uv_handle_t *handle)
{
	port_handle_closed(handle->data);
}

static void answer_waiters(struct port *p)
{
	struct request *q;

	while ((q = request_list_take(&p->waiters)) != NULL)
		request_answer(q, TR_OK, tr_int(p->exit_status));
}

static void close_streams(struct port *p)
{
	for (int i = 0; i < CHANNELS; i++)
		channel_close(&p->channels[i]);
}

/* The process has ended: end what is left of its group. Somebody of it still holds the pipe, or was there when its
 * leader ended: while a group has members no other process can get its number. */
static void kill_rest(const struct port *p)
{
	if (p->new_group && p->os_pid > 0 && (p->out->open || p->group_left))
		kill(-p->os_pid, SIGKILL);
}

static void on_exit_of_process(uv_process_t *process, int64_t status, int signal_number)
{
	struct port *p = process->data;

	p->exit_status = signal_number != 0 ? 128 + signal_number : (int)status;
	p->exited = true;
	p->group_left = p->new_group && p->os_pid > 0 && kill(-p->os_pid, 0) == 0;
	uv_close((uv_handle_t *)&p->process, on_process_closed);
	if (!p->closing)
		port_read_now(p);
	answer_waiters(p);
	if (p->closing) {
		kill_rest(p);
		close_streams(p);
		if (!uv_is_closing((uv_handle_t *)&p->grace))
			uv_close((uv_handle_t *)&p->grace, on_grace_closed);
	}
	p->running = false;
	port_pump(p);
}

static void on_grace_over(uv_timer_t *timer)
{
	process_signal(timer->data, SIGKILL);
}

void process_closing(struct port *p, int64_t grace_ns)
{
	if (!p->running) {
		kill_rest(p);
		close_streams(p);
		uv_close((uv_handle_t *)&p->grace, on_grace_closed);
		return;
	}
	channel_close(p->in);
	if (grace_ns <= 0) {
		process_signal(p, SIGKILL);
		close_streams(p);
		uv_close((uv_handle_t *)&p->grace, on_grace_closed);
		return;
	}
	process_signal(p, SIGTERM);
	port_discard(p);
	/* Never earlier: the loop counts whole milliseconds, of which the first has begun. */
	uint64_t ms = (uint64_t)grace_ns / 1000000 + (grace_ns % 1000000 != 0) + 1;
	uv_timer_start(&p->grace, on_grace_over, ms, 0);
}

/* ---- the beginning ---- */

/* A pipe: our end becomes the channel, the child's is left in *child_end. */
static int pipe_open(struct port *p, int which, bool child_reads, int *child_end)
{
	struct channel *c = &p->channels[which];
	uv_file ends[2];
	int uv_error = uv_pipe(ends, child_reads ? 0 : UV_NONBLOCK_PIPE, child_reads ? UV_NONBLOCK_PIPE : 0);

	*child_end = -1;
	if (uv_error != 0)
		return uv_error;
	int ours = child_reads ? ends[1] : ends[0];
	*child_end = child_reads ? ends[0] : ends[1];
	uv_error = uv_pipe_init(&p->reactor->loop, &c->uv.pipe, 0);
	if (uv_error == 0) {
		channel_opened(p, c);
		uv_error = uv_pipe_open(&c->uv.pipe, ours);
	}
	if (uv_error != 0)
		close(ours);
	return uv_error;
}

struct plumbing {
	uv_stdio_container_t stdio[5];
	int ends[5]; /* to close once the child has them */
	int n;
};

static void plumb_fd(struct plumbing *pl, int at, int fd)
{
	pl->stdio[at].flags = UV_INHERIT_FD;
	pl->stdio[at].data.fd = fd;
}

static int plumb_pipe(struct port *p, struct plumbing *pl, int at, int channel, bool child_reads)
{
	int uv_error = pipe_open(p, channel, child_reads, &pl->ends[at]);

	plumb_fd(pl, at, pl->ends[at]);
	return uv_error;
}

static int plumb(struct port *p, const struct process_spec *spec, struct plumbing *pl)
{
	int uv_error = 0;
	int in = spec->protocol_fds ? 3 : 0, out = spec->protocol_fds ? 4 : 1;

	pl->n = spec->protocol_fds ? 5 : 3;
	for (int i = 0; i < 5; i++)
		pl->ends[i] = -1;
	pl->stdio[0].flags = UV_IGNORE;
	plumb_fd(pl, 2, STDERR_FILENO);
	p->in = &p->channels[CHANNEL_MAIN];
	p->out = &p->channels[CHANNEL_READ];
	uv_error = plumb_pipe(p, pl, in, CHANNEL_MAIN, true);
	if (uv_error == 0)
		uv_error = plumb_pipe(p, pl, out, CHANNEL_READ, false);
	if (uv_error == 0 && spec->protocol_fds)
		uv_error = plumb_pipe(p, pl, 1, CHANNEL_STDOUT, false);
	if (uv_error == 0 && spec->stderr_to_owner)
		uv_error = plumb_pipe(p, pl, 2, CHANNEL_STDERR, false);
	return uv_error;
}

static int spawn(struct port *p, const struct process_spec *spec)
{
	struct plumbing pl = {0};
	uv_process_options_t options = {.exit_cb = on_exit_of_process,
					.file = spec->file,
					.args = spec->argv,
					.env = spec->env,
					.cwd = spec->cwd,
					.stdio = pl.stdio};
	int uv_error = plumb(p, spec, &pl);

	options.stdio_count = pl.n;
	options.flags = spec->new_group ? UV_PROCESS_DETACHED : 0;
	if (uv_error == 0) {
		p->handles++; /* also when it fails the handle must be closed */
		uv_error = uv_spawn(&p->reactor->loop, &p->process, &options);
		p->process.data = p;
		if (uv_error != 0)
			uv_close((uv_handle_t *)&p->process, on_process_closed);
	}
	for (int i = 0; i < 5; i++) {
		if (pl.ends[i] >= 0)
			close(pl.ends[i]);
	}
	return uv_error;
}

int process_start(struct port *p, const struct process_spec *spec)
{
	p->new_group = spec->new_group;
	p->active = spec->active;
	frames_init(&p->frames, spec->framing, spec->max_frame);
	uv_timer_init(&p->reactor->loop, &p->grace);
	p->grace.data = p;
	p->handles++;
	int uv_error = spawn(p, spec);
	if (uv_error != 0)
		return uv_error;
	p->running = true;
	p->os_pid = p->process.pid;
	if (spec->stderr_to_owner)
		channel_read_chunks(&p->channels[CHANNEL_STDERR]);
	if (spec->protocol_fds)
		channel_read_chunks(&p->channels[CHANNEL_STDOUT]);
	outlet_open(p);
	port_pump(p);
	return 0;
}
