/* SPDX-License-Identifier: Apache-2.0 */
/* Callbacks of an isolated plugin. All but `run` are in the instance's actor; `run` is in the actor of its command. */
#include "plugins/host/process/proxy.h"
#include "plugins/host/command.h"
#include "plugins/host/process/child.h"
#include "plugins/host/process/wire.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <troupe/gen_server.h>
#include <troupe/io.h>
#include <troupe/log.h>
#include <unistd.h>

#define START_TIME     (60 * TR_SECOND)
#define SEND_TIME      (10 * TR_SECOND)
#define END_TIME       (10 * TR_SECOND) /* from closing its input to its end */
#define FRAMES_AT_ONCE 256              /* that may wait here; then its writing waits */
#define UNASKED_MOST   10000            /* frames nobody asked for, in a second */
#define OUTWARD_TIME   (3600 * TR_SECOND)

/* A call or command whose answer is to come. */
typedef struct pending {
	tr_from from;
	tr_ref monitor; /* of a command's actor: when it ends, the command is cancelled */
} pending;

typedef struct proxy {
	plugin_record *record; /* borrowed from the instance */
	tr_port port;
	tr_value port_ref;
	tr_value failed;  /* what the process said before it ended */
	idmap out;        /* number -> pending */
	tr_value message; /* being handled, and the frame in it, which may end the actor */
	tr_value frame;
	int64_t next;
	int64_t got_number; /* the answer to a question of our own (ask_process) */
	tr_value got;
	int64_t unasked_since;
	uint32_t unasked; /* frames since then */
	bool ready;
} proxy;

static tr_err send(proxy *p, tr_value message)
{
	tr_buf out = {0};
	tr_err err = wire_write(&out, message);

	if (err == TR_OK)
		err = out.err;
	/* Whoever sends may be killed while the process does not read. */
	if (err == TR_OK && tr_own(out.p, tr_free) != TR_OK)
		return TR_ENOMEM;
	if (err == TR_OK) {
		err = tr_port_send(p->port, tr_buf_str(&out), tr_in(SEND_TIME));
		(void)tr_disown(out.p);
	}
	tr_buf_fini(&out);
	return err;
}

static void proxy_release(void *arg)
{
	proxy *p = arg;
	uint64_t key;
	pending *item;

	while ((item = idmap_any(&p->out, &key)) != NULL) {
		idmap_del(&p->out, key);
		tr_free(item);
	}
	idmap_fini(&p->out);
	tr_drop(p->failed);
	tr_drop(p->frame);
	tr_drop(p->message);
	tr_drop(p->got);
}

/* ---- the process
 * -------------------------------------------------------------------------------------------------------------------
 */

static tr_err open_port(proxy *p)
{
	static const char *const argv[] = {"troupe", PLUGIN_CHILD_WORD, NULL};
	static const char *const env[] = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", NULL};
	tr_port_options options = {.file = "/proc/self/exe",
				   .argv = argv,
				   .env = env,
				   .cwd = "/",
				   .framing = TR_FRAME_4,
				   .max_frame = WIRE_MAX,
				   .active = FRAMES_AT_ONCE,
				   .stderr_to_owner = true,
				   .new_group = true,
				   .protocol_fds = true};
	tr_err err = tr_port_open(&options, &p->port);

	p->port_ref = tr_port_value(p->port);
	return err;
}

/* The judged copy of the object, as bytes. */
static tr_value object_bytes(const plugin_record *r)
{
	struct stat st;

	if (fstat(r->library_fd, &st) != 0)
		return tr_invalid(TR_ESYSTEM);
	void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, r->library_fd, 0);
	if (map == MAP_FAILED)
		return tr_invalid(TR_ENOMEM);
	tr_value v = tr_binary(map, (size_t)st.st_size);
	munmap(map, (size_t)st.st_size);
	return v;
}

static tr_err send_init(proxy *p)
{
	plugin_record *r = p->record;
	tr_value init = TR_DICT("object", object_bytes(r), "id", tr_keep(r->id), "config", tr_keep(r->config), "grants",
				tr_keep(r->grants), "memory", tr_int((int64_t)r->m.memory));

	return send(p, TR_LIST(tr_string("init"), init));
}

static tr_value ended_text(const proxy *p, int64_t status)
{
	const char *id = p->record->m.id;

	if (tr_is(p->failed, TR_STRING))
		return p->ready ? tr_stringf("the process of plugin %s gave up: %s", id, tr_as_cstr(p->failed, ""))
				: tr_keep(p->failed); /* why it did not start; whoever loads it names it */
	if (status > 128)
		return tr_stringf("the process of plugin %s was killed by signal %d (%s)", id, (int)status - 128,
				  strsignal((int)status - 128));
	return tr_stringf("the process of plugin %s ended with status %d", id, (int)status);
}

static void log_output(const proxy *p, tr_value bytes)
{
	tr_str s = tr_as_str(bytes);
	tr_value text = tr_string_lossy(s.p, s.n < 2000 ? s.n : 2000);

	tr_log(TR_NOTICE, TR_DICT("plugin", tr_keep(p->record->id)), "%s", tr_as_cstr(text, ""));
	tr_drop(text);
}

static void frame(proxy *p, tr_value m);
static void count_unasked(proxy *p);

/* A message of the port. False: it is none. On the end of the process this does not return. */
static bool port_message(proxy *p, tr_value m)
{
	tr_str what = tr_as_str(tr_array_at(m, 0));

	if (!tr_equal(tr_array_at(m, 1), p->port_ref))
		return false;
	if (tr_str_is(what, "data")) {
		tr_value v = wire_read(tr_as_str(tr_array_at(m, 2)), false);
		if (!tr_is_valid(v))
			tr_exitf("the process of plugin %s sent something that is no frame", p->record->m.id);
		p->frame = v;
		frame(p, v);
		tr_clear(&p->frame);
	} else if (tr_str_is(what, "passive")) {
		tr_port_set_active(p->port, FRAMES_AT_ONCE);
	} else if (tr_str_is(what, "exit_status")) {
		tr_exit(TR_LIST(TR_A(crash), ended_text(p, tr_as_int(tr_array_at(m, 2), 255))));
	} else if (tr_str_is(what, "error")) {
		tr_exitf("the process of plugin %s sent a frame that is too long", p->record->m.id);
	} else if (tr_str_is(what, "stdout") || tr_str_is(what, "stderr")) {
		count_unasked(p);
		log_output(p, tr_array_at(m, 2));
	}
	return true;
}

static bool of_port(void *arg, tr_value m)
{
	const proxy *p = arg;

	return tr_equal(tr_array_at(m, 1), p->port_ref);
}

/* Wait for a message of the port and handle it. False at the deadline. */
static bool await_port(proxy *p, int64_t deadline)
{
	p->message = tr_receive_match(of_port, p, deadline);
	if (!tr_is_valid(p->message))
		return false;
	port_message(p, p->message);
	tr_clear(&p->message);
	return true;
}

/* Handle messages of the port until it is ready. False at the deadline. */
static bool await_ready(proxy *p)
{
	int64_t deadline = tr_in(START_TIME);

	while (!p->ready)
		if (!await_port(p, deadline))
			return false;
	return true;
}

static tr_err proxy_init(void *state, tr_value config, tr_value *reason)
{
	proxy *p = state;

	(void)config;
	p->port_ref = tr_nil();
	p->record = callers_find(host_of(tr_here()), tr_self());
	if (p->record == NULL)
		return TR_ENOENT;
	record_release(p->record); /* the instance holds it for as long as this state lives */
	if (tr_own(p, proxy_release) != TR_OK)
		return TR_ENOMEM;
	tr_err err = open_port(p);
	if (err == TR_OK)
		err = send_init(p);
	if (err == TR_OK && !await_ready(p))
		err = TR_ETIMEOUT;
	if (err != TR_OK)
		*reason = tr_stringf("the plugin's process cannot be started: %s", tr_err_text(err));
	return err;
}

static void proxy_stop(void *state)
{
	proxy *p = state;

	if (!p->ready)
		return;
	send(p, TR_LIST(tr_string("stop")));
	tr_port_close(p->port, 3 * TR_SECOND);
}

/* ---- out to the process
 * -------------------------------------------------------------------------------------------------------------- */

/* Give a question a number. 0 without memory. */
static int64_t put_pending(proxy *p, tr_from from, tr_ref monitor)
{
	pending *item = tr_alloc(sizeof(*item));

	if (item == NULL || idmap_put(&p->out, (uint64_t)(p->next + 1), item) != TR_OK) {
		tr_free(item);
		return 0;
	}
	*item = (pending){from, monitor};
	return ++p->next;
}

static tr_value is_run(void)
{
	return tr_atom("$run");
}

/* Whoever writes may be the first to notice the end of the process: why it ended is in messages that are on their way,
 * and the last of them ends this actor. */
static void hear_why(proxy *p)
{
	int64_t deadline = tr_in(END_TIME);

	while (await_port(p, deadline))
		;
}

/* Takes the message whose second item is the number. */
static void send_or_fail(proxy *p, tr_value message)
{
	tr_err err = send(p, message);

	if (err == TR_ECLOSED)
		hear_why(p);
	if (err != TR_OK && err != TR_ETYPE)
		tr_exit(TR_LIST(TR_A(crash),
				tr_stringf("the plugin's process does not take messages: %s", tr_err_text(err))));
}

/* Commands come from their actors; what other plugins send is a call, whatever it looks like. */
static bool is_ours(const proxy *p, tr_pid pid)
{
	tr_value behalf;
	plugin_record *r = callers_entered(p->record->host, pid, &behalf);

	tr_drop(behalf);
	record_release(r);
	return r == p->record;
}

static tr_value proxy_call(void *state, tr_value request, tr_from from)
{
	proxy *p = state;
	bool run = tr_equal(tr_array_at(request, 0), is_run()) && is_ours(p, from.pid);
	tr_ref monitor = run ? tr_monitor(from.pid) : (tr_ref){0};
	int64_t n = put_pending(p, from, monitor);

	if (n == 0)
		return tr_invalid(TR_ENOMEM);
	tr_value message =
	    TR_LIST(tr_string(run ? "run" : "call"), tr_int(n), tr_keep(run ? tr_array_at(request, 1) : request));
	if (run && tr_array_len(request) > 2)
		message = tr_array_push(message, tr_keep(tr_array_at(request, 2)));
	send_or_fail(p, message);
	return tr_absent();
}

static void proxy_cast(void *state, tr_value request)
{
	send_or_fail(state, TR_LIST(tr_string("cast"), tr_keep(request)));
}

static tr_value proxy_run(tr_value config, tr_pid plugin, tr_value command)
{
	tr_value behalf, request = TR_LIST(is_run(), tr_keep(command));

	(void)config;
	record_release(callers_whose(host_of(tr_here()), tr_self(), &behalf));
	if (tr_is_valid(behalf))
		request = tr_array_push(request, behalf);
	tr_value outcome = tr_call(plugin, request, TR_FOREVER);
	if (tr_is_valid(outcome))
		return outcome;
	if (tr_value_err(outcome) == TR_ENOPROC) /* before the desk heard of its end */
		return tr_outcome_error("crash", true, "the plugin's process has ended; a fresh one is being started");
	tr_buf text = {0};
	reason_text(&text, tr_call_reason());
	outcome = tr_outcome_error("crash", true, "%s", text.p == NULL ? "the plugin's process ended" : text.p);
	tr_buf_fini(&text);
	return outcome;
}

/* Ask and wait, while other frames are handled. The answer, fresh. Whoever waits for us has a deadline and ends this
 * actor past it. */
static tr_value ask_process(proxy *p, const char *word, tr_value a, tr_value b)
{
	int64_t n = put_pending(p, (tr_from){{0}, {0}}, (tr_ref){0});
	tr_value message = TR_LIST(tr_string(word), tr_int(n));

	if (tr_is_valid(a))
		message = tr_array_push(message, a);
	if (tr_is_valid(b))
		message = tr_array_push(message, b);
	send_or_fail(p, message);
	while (n != 0 && p->got_number != n)
		(void)await_port(p, TR_FOREVER);
	tr_value got = p->got;
	p->got = tr_absent();
	return got;
}

static tr_value proxy_hook(void *state, const char *point, tr_value context, tr_value (*next)(void *, tr_value),
			   void *chain, tr_value *reason)
{
	(void)next;
	(void)chain;
	tr_value reply = ask_process(state, "hook", tr_string(point), tr_keep(context));
	tr_value first = tr_array_at(reply, 0), second = tr_array_at(reply, 1), out = tr_absent();

	if (TR_IS_A(first, ok))
		out = tr_keep(second);
	else if (!TR_IS_A(reply, ok)) {
		*reason = tr_is_valid(second) ? tr_keep(second) : tr_string("the hook gave nothing");
		out = tr_invalid(TR_EDENIED);
	}
	tr_drop(reply);
	return out;
}

static tr_value proxy_health(void *state)
{
	proxy *p = state;
	tr_value said = ask_process(p, "health", tr_absent(), tr_absent());

	return TR_DICT("plugin", tr_is_valid(said) ? said : tr_nil(), "process", tr_int(tr_port_os_pid(p->port)));
}

/* ---- in from the process
 * ------------------------------------------------------------------------------------------------------------------ */

/* The answer to a call or command, or to ourselves. */
static void answered(proxy *p, int64_t n, tr_value v)
{
	pending *item = idmap_del(&p->out, (uint64_t)n);

	if (item == NULL) {
		count_unasked(p);
		return;
	}
	if (item->monitor.bits != 0)
		tr_demonitor(item->monitor);
	if (item->from.pid.bits != 0) {
		tr_reply(item->from, tr_keep(v));
	} else {
		tr_assign(&p->got, tr_keep(v));
		p->got_number = n;
	}
	tr_free(item);
}

static void release(void *record)
{
	record_release(record);
}

/* [input, context, time or nil] */
static tr_value run_outward(const char *kind, tr_value what)
{
	tr_value left = tr_array_at(what, 2), context = tr_array_at(what, 1);
	int64_t ns = tr_as_int(left, OUTWARD_TIME);

	if (!tr_is(tr_array_at(what, 0), TR_MAP))
		return tr_outcome_error("input", false, "%s takes a mapping of inputs", kind);
	return tr_plugin_run(kind, tr_keep(tr_array_at(what, 0)),
			     tr_is(context, TR_MAP) ? tr_keep(context) : tr_absent(),
			     tr_in(ns >= 0 && ns < OUTWARD_TIME ? ns : OUTWARD_TIME));
}

/* A call of the plugin to another one, or a tool that it runs: in an actor of its own, which acts for this plugin and,
   as its process says, on behalf of somebody besides (what it does not say it may do itself anyway).
   arg: [instance, n, call or run, id, request, behalf] */
static void outward_body(tr_value arg)
{
	tr_pid instance = tr_as_pid(tr_array_at(arg, 0));
	const char *id = tr_as_cstr(tr_array_at(arg, 3), "");
	tr_value request = tr_array_at(arg, 4), v;
	plugin_record *r = callers_find(host_of(tr_here()), instance);

	if (r == NULL || tr_own(r, release) != TR_OK || callers_enter(r, tr_array_at(arg, 5)) != TR_OK)
		tr_exit(TR_A(enomem));
	if (tr_str_is(tr_as_str(tr_array_at(arg, 2)), "run"))
		v = run_outward(id, request);
	else
		v = tr_plugin_call(id, tr_keep(request), tr_in(OUTWARD_TIME));
	bool ok = tr_is_valid(v);

	tr_send(instance, TR_LIST(tr_atom("$answer"), tr_keep(tr_array_at(arg, 1)), tr_bool(ok),
				  ok ? v : tr_int(tr_value_err(v))));
}

/* It ends with the instance, and what it asked for with it. */
static void ask_outward(tr_value m)
{
	tr_spawn_options options = {.label = "plugin call", .link = true};
	tr_value arg = TR_LIST(tr_pid_value(tr_self()), tr_keep(tr_array_at(m, 1)), tr_keep(tr_array_at(m, 2)),
			       tr_keep(tr_array_at(m, 3)), tr_keep(tr_array_at(m, 4)));

	if (tr_is(tr_array_at(m, 5), TR_ARRAY))
		arg = tr_array_push(arg, tr_keep(tr_array_at(m, 5)));
	tr_spawn_opt(outward_body, arg, &options);
}

/* ask, n, what, a, b, behalf */
static void asked(tr_value m)
{
	tr_str what = tr_as_str(tr_array_at(m, 2));
	tr_value a = tr_array_at(m, 3), b = tr_array_at(m, 4);
	const char *name = tr_as_cstr(a, "");

	if (tr_str_is(what, "call") || tr_str_is(what, "run"))
		ask_outward(m);
	else if (tr_str_is(what, "cast"))
		tr_plugin_cast(name, tr_keep(b));
	else if (tr_str_is(what, "emit"))
		tr_plugin_emit(name, tr_keep(b));
	else if (tr_str_is(what, "subscribe"))
		tr_plugin_subscribe(name);
}

/* A plugin with `command` takes one at a time there as here. */
static void ready(proxy *p, bool has_run)
{
	p->ready = true;
	if (!has_run && p->record->m.concurrency != 1)
		p->record->m.concurrency = 1; /* before the desk hears of this instance, so nobody reads it now */
}

/* Whoever floods the node is ended, before others feel it. */
static void count_unasked(proxy *p)
{
	if (tr_now() - p->unasked_since > TR_SECOND) {
		p->unasked_since = tr_now();
		p->unasked = 0;
	}
	if (++p->unasked > UNASKED_MOST)
		tr_exitf("the plugin's process floods the node: over %d messages in a second that nobody asked for",
			 UNASKED_MOST);
}

static void frame(proxy *p, tr_value m)
{
	tr_value second = tr_array_at(m, 1);

	if (wire_is(m, "ready"))
		ready(p, tr_as_bool(second, false));
	else if (wire_is(m, "failed") && tr_is(second, TR_STRING))
		tr_assign(&p->failed, tr_keep(second));
	else if (wire_is(m, "done") || wire_is(m, "result") || wire_is(m, "hooked"))
		answered(p, tr_as_int(second, 0), tr_array_at(m, 2));
	else if (wire_is(m, "ask")) {
		count_unasked(p);
		asked(m);
	}
}

/* The actor of a command ended: cancelled, or past its time. */
static void caller_gone(proxy *p, tr_ref monitor)
{
	uint32_t place = 0;
	uint64_t n = 0;
	pending *item;

	while ((item = idmap_next(&p->out, &place, &n)) != NULL) {
		if (!tr_ref_eq(item->monitor, monitor))
			continue;
		idmap_del(&p->out, n);
		tr_free(item);
		send_or_fail(p, TR_LIST(tr_string("cancel"), tr_int((int64_t)n)));
		return;
	}
}

static void proxy_info(void *state, tr_value m)
{
	proxy *p = state;
	tr_value first = tr_array_at(m, 0);

	if (port_message(p, m))
		return;
	if (TR_IS_A(first, down))
		caller_gone(p, tr_as_ref(tr_array_at(m, 1)));
	else if (tr_str_is(tr_as_str(first), "$answer"))
		send_or_fail(p, TR_LIST(tr_string("answer"), tr_keep(tr_array_at(m, 1)), tr_keep(tr_array_at(m, 2)),
					tr_keep(tr_array_at(m, 3))));
	else if (TR_IS_A(first, event) && tr_array_len(m) == 3)
		send_or_fail(p, TR_LIST(tr_string("event"), tr_keep(tr_array_at(m, 1)), tr_keep(tr_array_at(m, 2))));
}

/* ---- the record
 * -----------------------------------------------------------------------------------------------------------------------------
 */

static const tr_plugin proxy_plugin = {
    TR_PLUGIN_HEAD,     .state_size = sizeof(proxy), .init = proxy_init, .stop = proxy_stop,     .run = proxy_run,
    .call = proxy_call, .cast = proxy_cast,          .info = proxy_info, .health = proxy_health, .hook = proxy_hook,
};

bool process_isolate(plugin_record *r, tr_value *why)
{
	for (size_t i = 0; i < r->m.hook_count; i++)
		if (r->m.hooks[i].type == HOOK_AROUND) {
			*why = tr_stringf("plugin %s has an around hook at %s, which cannot reach out of a process of "
					  "its own; use a before and "
					  "an after hook, or isolation: shared",
					  r->m.id, r->m.hooks[i].point);
			return false;
		}
	r->code = proxy_plugin;
	return true;
}
