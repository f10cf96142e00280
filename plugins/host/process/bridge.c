/* SPDX-License-Identifier: Apache-2.0 */
/* The bridge. Runs only in the process of an isolated plugin. */
#include "plugins/host/process/bridge.h"
#include "plugins/host/instance.h"
#include "plugins/host/command.h"
#include "plugins/host/loader.h"
#include "plugins/host/names.h"
#include "plugins/host/process/wire.h"
#include "plugins/host/runner.h"
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define FD_OUT      4
#define CANCEL_TIME (2 * TR_SECOND) /* a command that cannot be ended by then takes the process with it */
#define WIRE_TIME   (60 * TR_SECOND)

typedef struct bridge {
	plugin_record *record;
	tr_pid instance;
	idmap runners;  /* pid -> number of its command */
	idmap commands; /* number -> pid */
	idmap asks;     /* number -> tr_from of a call to the outside */
	uint64_t next_ask;
	int64_t queue[256]; /* `command`: the numbers that the instance has, in order */
	size_t queued;
} bridge;

/* ---- writing
 * -------------------------------------------------------------------------------------------------------------------
 */

static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER; /* of the process's one pipe */

static void write_all(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(FD_OUT, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			_exit(0); /* the node is gone */
		p += done;
		n -= (size_t)done;
	}
}

void bridge_send(tr_value message)
{
	tr_buf out = {0};

	/* Length and content in one write: the node wakes up once for it. */
	tr_buf_put(&out, "\0\0\0", 4);
	if (wire_write(&out, message) == TR_OK && out.err == TR_OK && out.n - 4 <= WIRE_MAX) {
		size_t n = out.n - 4;
		const char head[4] = {(char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n};
		memcpy(out.p, head, sizeof(head));
		pthread_mutex_lock(&write_lock);
		write_all(out.p, out.n);
		pthread_mutex_unlock(&write_lock);
	}
	tr_buf_fini(&out);
}

/* An outcome or a value; what cannot leave the process is said instead. */
static void send_value(const char *word, int64_t n, tr_value v)
{
	tr_buf probe = {0};
	tr_err err = tr_is_valid(v) ? wire_write(&probe, tr_keep(v)) : TR_EINVAL;

	tr_buf_fini(&probe);
	if (err != TR_OK) {
		tr_drop(v);
		v = tr_outcome_error("plugin", false, "the plugin gave a value that cannot leave its process: %s",
				     tr_err_text(err));
	}
	bridge_send(TR_LIST(tr_string(word), tr_int(n), v));
}

static TR_NORETURN void give_up(tr_value reason)
{
	tr_buf text = {0};

	reason_text(&text, reason);
	bridge_send(TR_LIST(tr_string("failed"), tr_string_buf(&text)));
	_exit(1);
}

/* ---- starting
 * -------------------------------------------------------------------------------------------------------------------
 */

static TR_NORETURN void give_up_text(tr_value why)
{
	give_up(tr_is_valid(why) ? why : tr_string("out of memory"));
}

static void start_plugin(bridge *b, tr_value arg)
{
	const char *id = tr_as_cstr(tr_array_at(arg, 1), "");
	plugin_host_options options = {.config = TR_DICT(id, tr_keep(tr_array_at(arg, 2))),
				       .grants = TR_DICT(id, tr_keep(tr_array_at(arg, 3)))};
	tr_value why = tr_absent();
	plugin_host *h;
	char name[NAME_SIZE];

	if (host_create(tr_here(), &options, &h) != TR_OK)
		give_up_text(tr_absent());
	b->record = loader_file(h, tr_as_cstr(tr_array_at(arg, 0), ""), &why);
	if (b->record == NULL)
		give_up_text(why);
	b->record->m.isolated = false; /* it is already */
	if (!loader_admit(b->record, &why) || !loader_map(b->record, &why))
		give_up_text(why);
	if (plugins_add(h, b->record) != TR_OK)
		give_up_text(tr_absent());
	name_instance(name, sizeof(name), id);
	tr_spawn_options spawn = {.label = "plugin", .name = name};
	tr_started s = tr_gen_server_start_link(&instance_server, tr_string(id), &spawn, tr_in(WIRE_TIME));
	if (s.pid.bits == 0)
		give_up_text(s.reason);
	b->instance = s.pid;
	tr_value reply = instance_call(id, TR_A(start), tr_absent(), tr_absent(), tr_in(WIRE_TIME));
	if (!TR_IS_A(reply, ok))
		give_up_text(tr_is_valid(reply) ? reply : tr_keep(tr_call_reason()));
	bridge_send(TR_LIST(tr_string("ready"), tr_bool(b->record->code.run != NULL)));
}

/* ---- commands
 * --------------------------------------------------------------------------------------------------------------------
 */

static void run(bridge *b, int64_t n, tr_value command, tr_value behalf)
{
	if (b->record->code.run == NULL) {
		if (b->queued >= sizeof(b->queue) / sizeof(b->queue[0]))
			give_up(tr_string("more commands than were agreed on"));
		b->queue[b->queued++] = n;
		tr_send(b->instance, runner_job(command, behalf));
		return;
	}
	tr_spawned s = runner_spawn(b->record, b->instance, command, behalf);
	if (s.err != TR_OK || idmap_put(&b->runners, s.pid.bits, (void *)(uintptr_t)n) != TR_OK ||
	    idmap_put(&b->commands, (uint64_t)n, (void *)(uintptr_t)s.pid.bits) != TR_OK)
		give_up_text(tr_absent());
}

/* The number of a runner's command, 0 when it is none (any more). */
static int64_t take_runner(bridge *b, tr_pid pid)
{
	int64_t n = (int64_t)(uintptr_t)idmap_del(&b->runners, pid.bits);

	idmap_del(&b->commands, (uint64_t)n);
	return n;
}

static void done(bridge *b, tr_pid pid, tr_value outcome)
{
	int64_t n;

	if (tr_pid_eq(pid, b->instance)) {
		if (b->queued == 0)
			return;
		n = b->queue[0];
		memmove(b->queue, b->queue + 1, --b->queued * sizeof(b->queue[0]));
	} else {
		n = take_runner(b, pid);
	}
	if (n > 0)
		send_value("done", n, tr_keep(outcome));
}

static void ended(bridge *b, tr_pid pid, tr_value reason)
{
	tr_buf text = {0};

	if (tr_pid_eq(pid, b->instance))
		give_up(reason);
	int64_t n = take_runner(b, pid);
	if (n == 0)
		return;
	reason_text(&text, reason);
	send_value("done", n,
		   tr_outcome_error("crash", true, "an actor of plugin %s ended in the middle of the command: %s",
				    b->record->m.id, text.p == NULL ? "?" : text.p));
	tr_buf_fini(&text);
}

static bool is_out(const bridge *b, int64_t n)
{
	for (size_t i = 0; i < b->queued; i++)
		if (b->queue[i] == n)
			return true;
	return idmap_get(&b->commands, (uint64_t)n) != NULL;
}

static void cancel(bridge *b, int64_t n)
{
	tr_pid pid = {(uint64_t)(uintptr_t)idmap_get(&b->commands, (uint64_t)n)};

	if (pid.bits != 0)
		tr_exit_signal(pid, TR_A(kill));
	if (is_out(b, n))
		tr_send_at(tr_self(), TR_LIST(tr_atom("overdue"), tr_int(n)), tr_in(CANCEL_TIME));
}

/* ---- calls in and out
 * --------------------------------------------------------------------------------------------------------------- */

/* A call that answers when it likes must not hold up the bridge: each has an actor. arg: [word, n, instance, request]
 */
static void caller_body(tr_value arg)
{
	tr_value v = tr_call(tr_as_pid(tr_array_at(arg, 2)), tr_keep(tr_array_at(arg, 3)), TR_FOREVER);

	send_value(tr_as_cstr(tr_array_at(arg, 0), ""), tr_as_int(tr_array_at(arg, 1), 0),
		   tr_is_valid(v) ? v : TR_LIST(TR_A(error), tr_string(tr_err_text(tr_value_err(v)))));
}

static void call_in(const bridge *b, const char *word, tr_value n, tr_value request)
{
	tr_spawn(caller_body, TR_LIST(tr_string(word), n, tr_pid_value(b->instance), request));
}

static void ask_out(bridge *b, tr_from from, tr_value request)
{
	tr_from *kept = tr_alloc(sizeof(*kept));
	uint64_t n = ++b->next_ask;

	if (kept == NULL || idmap_put(&b->asks, n, kept) != TR_OK) {
		tr_free(kept);
		tr_reply(from, tr_nil());
		return;
	}
	*kept = from;
	tr_str what = tr_as_str(tr_array_at(request, 0));
	tr_value ask = TR_LIST(tr_string("ask"), tr_int((int64_t)n), tr_string_n(what.p, what.n),
			       tr_keep(tr_array_at(request, 1)), tr_keep(tr_array_at(request, 2)));
	tr_value behalf;
	record_release(callers_whose(b->record->host, from.pid, &behalf));
	bridge_send(tr_is_valid(behalf) ? tr_array_push(ask, behalf) : ask);
}

static void answer(bridge *b, tr_value m)
{
	tr_from *from = idmap_del(&b->asks, (uint64_t)tr_as_int(tr_array_at(m, 1), 0));

	if (from == NULL)
		return;
	tr_reply(*from, TR_LIST(tr_keep(tr_array_at(m, 2)), tr_keep(tr_array_at(m, 3))));
	tr_free(from);
}

/* ---- messages
 * ------------------------------------------------------------------------------------------------------------------------
 */

static void frame(bridge *b, tr_value m)
{
	tr_value second = tr_array_at(m, 1), third = tr_array_at(m, 2);
	int64_t n = tr_as_int(second, 0);

	if (wire_is(m, "run") && n > 0)
		run(b, n, third, tr_array_at(m, 3));
	else if (wire_is(m, "cancel"))
		cancel(b, n);
	else if (wire_is(m, "call"))
		call_in(b, "result", second, tr_keep(third));
	else if (wire_is(m, "cast"))
		tr_cast(b->instance, tr_keep(second));
	else if (wire_is(m, "hook"))
		call_in(b, "hooked", second,
			TR_LIST(instance_tag(), tr_atom("hook"), tr_keep(third), tr_keep(tr_array_at(m, 3))));
	else if (wire_is(m, "health"))
		call_in(b, "result", second, TR_LIST(instance_tag(), tr_atom("health")));
	else if (wire_is(m, "answer"))
		answer(b, m);
	else if (wire_is(m, "event"))
		bus_deliver(tr_as_cstr(second, ""), tr_keep(third));
}

static void other(bridge *b, tr_value m)
{
	tr_value first = tr_array_at(m, 0), second = tr_array_at(m, 1);
	tr_str word = tr_as_str(first);
	tr_value request;
	tr_from from;

	if (tr_is_call(m, &from, &request))
		ask_out(b, from, request);
	else if (TR_IS_A(first, done))
		done(b, tr_as_pid(second), tr_array_at(m, 2));
	else if (TR_IS_A(first, exit))
		ended(b, tr_as_pid(second), tr_array_at(m, 2));
	else if (tr_str_is(word, "overdue") && is_out(b, tr_as_int(second, 0)))
		give_up(tr_string("a cancelled command did not end"));
	else if (tr_str_is(word, "cast") || tr_str_is(word, "emit") || tr_str_is(word, "subscribe"))
		bridge_send(TR_LIST(tr_string("ask"), tr_int(0), tr_string_n(word.p, word.n), tr_keep(second),
				    tr_array_len(m) > 2 ? tr_keep(tr_array_at(m, 2)) : tr_nil()));
}

static void stop_plugin(const bridge *b)
{
	tr_stop(b->instance, TR_A(shutdown), tr_in(TR_SECOND));
}

void bridge_body(tr_value arg)
{
	bridge *b = tr_own_alloc(sizeof(*b));

	if (b == NULL)
		give_up_text(tr_absent());
	tr_trap_exit(true);
	tr_register(BRIDGE_NAME, tr_self());
	start_plugin(b, arg);
	for (;;) {
		tr_value m = tr_receive(TR_FOREVER);
		tr_str word = tr_as_str(tr_array_at(m, 0));
		bool end = tr_str_is(word, "end");
		if (tr_str_is(word, "frame"))
			frame(b, tr_array_at(m, 1));
		else if (!end)
			other(b, m);
		tr_drop(m);
		if (end)
			break;
	}
	stop_plugin(b);
}
