/* SPDX-License-Identifier: Apache-2.0 */
/* One child interpreter and its tasks, one after the other. */
#include "plugins/actions/python/worker.h"
#include "plugins/actions/python/driver.h"
#include "plugins/shared/environment.h"
#include <signal.h>
#include <string.h>
#include <troupe/gen_server.h>
#include <troupe/io.h>

#define OUTPUT_MAX 65536u
#define SEND_TIME  (30 * TR_SECOND)

/* Reads the driver from descriptor 3, as a frame like those that follow. */
static const char boot[] = "import os\n"
			   "def r(n):\n"
			   " b = b''\n"
			   " while len(b) < n:\n"
			   "  c = os.read(3, n - len(b))\n"
			   "  if not c: os._exit(0)\n"
			   "  b += c\n"
			   " return b\n"
			   "exec(compile(r(int.from_bytes(r(4), 'big')), '<troupe>', 'exec'))\n";

typedef struct worker {
	tr_pid pool;
	tr_value config; /* borrowed from the actor's argument */
	tr_port port;
	tr_value port_ref;
	bool open;
	tr_buf out, err; /* of descriptors 1 and 2; owned by the actor */
} worker;

/* A task under way. */
typedef struct job {
	tr_from from;
	tr_ref monitor; /* of the caller */
	tr_value frame;
	int64_t deadline;
} job;

tr_value python_worker_job(tr_from from, tr_value frame, int64_t timeout_ns, int64_t deadline)
{
	return TR_LIST(TR_A(job), tr_pid_value(from.pid), tr_ref_value(from.ref), frame, tr_int(timeout_ns),
		       tr_int(deadline));
}

/* ---- the child
 * ---------------------------------------------------------------------------------------------------------------- */

static tr_err open_port(worker *w, const char *program)
{
	const char *argv[] = {program, "-I", "-S", "-c", boot, NULL};
	environment *env = environment_new(tr_map_get_s(w->config, "env"), tr_absent());

	if (env == NULL)
		return TR_ENOMEM;
	tr_port_options options = {.file = program,
				   .argv = argv,
				   .env = environment_vector(env),
				   .framing = TR_FRAME_4,
				   .max_frame = (size_t)1 << 30,
				   .active = TR_ACTIVE,
				   .stderr_to_owner = true,
				   .new_group = true,
				   .protocol_fds = true};
	tr_err err = tr_port_open(&options, &w->port);
	environment_free(env);
	return err;
}

static tr_err open_child(worker *w)
{
	tr_err err = open_port(w, tr_as_cstr(tr_map_get_s(w->config, "python"), "python3"));

	if (err != TR_OK)
		return err;
	w->open = true;
	w->port_ref = tr_port_value(w->port);
	tr_set_note(TR_DICT("interpreter", tr_int(tr_port_os_pid(w->port))));
	return tr_port_send(w->port, (tr_str){python_driver, python_driver_size}, tr_in(SEND_TIME));
}

static void close_child(worker *w)
{
	if (!w->open)
		return;
	tr_port_kill(w->port, SIGKILL);
	tr_port_close(w->port, 0);
	w->open = false;
	w->port_ref = tr_nil();
	tr_set_note(tr_nil());
}

/* ---- what arrives
 * ------------------------------------------------------------------------------------------------------------- */

static void keep_output(tr_buf *out, tr_value bytes)
{
	tr_str s = tr_as_str(bytes);
	size_t room = OUTPUT_MAX - (out->n < OUTPUT_MAX ? out->n : OUTPUT_MAX);

	tr_buf_put(out, s.p, s.n < room ? s.n : room);
}

typedef enum event {
	EVENT_NONE,
	EVENT_FRAME,
	EVENT_ENDED,
	EVENT_BROKEN,
	EVENT_CALLER_GONE
} event;

/* What a message means for a task under way; things of former children mean nothing. */
static event sort_message(worker *w, const job *j, tr_value m)
{
	tr_str what = tr_as_str(tr_array_at(m, 0));
	tr_value second = tr_array_at(m, 1);

	if (tr_str_is(what, "DOWN"))
		return tr_ref_eq(tr_as_ref(second), j->monitor) ? EVENT_CALLER_GONE : EVENT_NONE;
	if (!w->open || !tr_equal(second, w->port_ref))
		return EVENT_NONE;
	if (tr_str_is(what, "data"))
		return EVENT_FRAME;
	if (tr_str_is(what, "exit_status"))
		return EVENT_ENDED;
	if (tr_str_is(what, "error"))
		return EVENT_BROKEN;
	if (tr_str_is(what, "stdout"))
		keep_output(&w->out, tr_array_at(m, 2));
	else if (tr_str_is(what, "stderr"))
		keep_output(&w->err, tr_array_at(m, 2));
	return EVENT_NONE;
}

/* Everything a worker gets while a task is under way, but other jobs: the pool gives one at a time. */
static bool not_a_job(void *arg, tr_value m)
{
	(void)arg;
	return !TR_IS_A(tr_array_at(m, 0), job);
}

/* ---- ends of a task
 * ------------------------------------------------------------------------------------------------------------ */

static tr_value output(const tr_buf *b)
{
	return tr_string_lossy(b->p == NULL ? "" : b->p, b->n);
}

/* The child ended in the middle. The task's outcome says so; the worker ends too, and its supervisor acts. */
static TR_NORETURN void child_died(worker *w, const job *j, int64_t status)
{
	const char *name = "the interpreter";
	tr_value text;

	if (status > 128)
		text = tr_stringf("%s was killed by signal %d (%s) in the middle of the task", name, (int)status - 128,
				  strsignal((int)status - 128));
	else
		text = tr_stringf("%s ended with status %d in the middle of the task", name, (int)status);
	tr_reply(j->from, TR_LIST(TR_A(crash), tr_keep(text), output(&w->out), output(&w->err)));
	tr_exit(TR_LIST(TR_A(crash), text));
}

/* Wait for the task's end. True: an answer was given. */
static void await(worker *w, const job *j)
{
	for (;;) {
		tr_value m = tr_receive_match(not_a_job, NULL, j->deadline);
		event e = tr_is_valid(m) ? sort_message(w, j, m) : EVENT_BROKEN;
		tr_value third = tr_array_at(m, 2);

		if (!tr_is_valid(m)) {
			close_child(w);
			tr_reply(j->from,
				 TR_LIST(TR_A(timeout), tr_string("the time for the task was over; its interpreter was "
								  "ended")));
		} else if (e == EVENT_FRAME) {
			tr_str frame = tr_as_str(third);
			bool worn = frame.n > 0 && (frame.p[0] == 'P' || frame.p[0] == 'T');
			tr_reply(j->from, TR_LIST(TR_A(data), tr_keep(third), output(&w->out), output(&w->err)));
			if (worn)
				close_child(w);
		} else if (e == EVENT_ENDED) {
			int64_t status = tr_as_int(third, -1);
			tr_drop(m);
			child_died(w, j, status);
		} else if (e == EVENT_BROKEN) {
			close_child(w);
			tr_reply(j->from,
				 TR_LIST(TR_A(error), tr_string("the interpreter's answer could not be read")));
		} else if (e == EVENT_CALLER_GONE) {
			close_child(w);
		}
		tr_drop(m);
		if (e != EVENT_NONE)
			return;
	}
}

static void perform(worker *w, const job *j)
{
	tr_err err = w->open ? TR_OK : open_child(w);

	if (err == TR_OK)
		err = tr_port_send(w->port, tr_as_str(j->frame), j->deadline);
	/* A child that is gone already does not read; its end is in the mailbox, or comes. */
	if (err == TR_OK || (w->open && (err == TR_ECLOSED || err == TR_EIO))) {
		await(w, j);
		return;
	}
	close_child(w);
	if (err == TR_ETIMEOUT)
		tr_reply(j->from,
			 TR_LIST(TR_A(timeout), tr_string("the time for the task was over before it was sent")));
	else
		tr_reply(
		    j->from,
		    TR_LIST(TR_A(error),
			    tr_stringf("the interpreter %s cannot be started: %s; install Python 3, or set "
				       "the plugin's setting python",
				       tr_as_cstr(tr_map_get_s(w->config, "python"), "python3"), tr_err_text(err))));
}

static int64_t sooner(int64_t timeout_ns, int64_t deadline)
{
	int64_t end = timeout_ns > 0 ? tr_in(timeout_ns) : TR_FOREVER;

	return end < deadline ? end : deadline;
}

static void take_job(worker *w, tr_value m)
{
	job j = {.from = {tr_as_pid(tr_array_at(m, 1)), tr_as_ref(tr_array_at(m, 2))}, .frame = tr_array_at(m, 3)};

	j.deadline = sooner(tr_as_int(tr_array_at(m, 4), 0), tr_as_int(tr_array_at(m, 5), TR_FOREVER));
	j.monitor = tr_monitor(j.from.pid);
	tr_buf_clear(&w->out);
	tr_buf_clear(&w->err);
	perform(w, &j);
	tr_demonitor(j.monitor);
	tr_cast(w->pool, TR_LIST(tr_atom("ready"), tr_pid_value(tr_self())));
}

static void idle_message(worker *w, tr_value m)
{
	tr_str what = tr_as_str(tr_array_at(m, 0));

	if (w->open && tr_equal(tr_array_at(m, 1), w->port_ref) &&
	    (tr_str_is(what, "exit_status") || tr_str_is(what, "error") || tr_str_is(what, "closed")))
		close_child(w); /* it ended between tasks: the next one has a fresh child */
}

/* End what tr_own_value began. */
static void forget(tr_value v)
{
	if (v.type >= (uint32_t)TR_STRING)
		tr_disown(v.as.box);
	tr_drop(v);
}

static void fini_buffer(void *arg)
{
	tr_buf_fini(arg);
}

void python_worker(tr_value arg)
{
	worker *w = tr_own_alloc(sizeof(*w));

	if (w == NULL || tr_own(&w->out, fini_buffer) != TR_OK || tr_own(&w->err, fini_buffer) != TR_OK)
		tr_exit(TR_A(enomem));
	w->pool = tr_as_pid(tr_array_at(arg, 0));
	w->config = tr_array_at(arg, 1);
	w->port_ref = tr_nil();
	tr_cast(w->pool, TR_LIST(tr_atom("ready"), tr_pid_value(tr_self())));
	for (;;) {
		tr_value m = tr_own_value(tr_receive(TR_FOREVER));
		if (TR_IS_A(tr_array_at(m, 0), job))
			take_job(w, m);
		else
			idle_message(w, m);
		forget(m);
	}
}
