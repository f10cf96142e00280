/* SPDX-License-Identifier: Apache-2.0 */
/* The generic server: which callback a message is for, and what its answer makes the server do next. */
#include "runtime/actor/hooks.h"
#include "runtime/behaviour/gen.h"
#include "runtime/behaviour/report.h"

/* How often a server without a link, whose start request has not come, looks whether its starter still lives. */
#define GEN_START_CHECK (1 * TR_SECOND)

/* ---- calling the module ------------------------------------------------------------------------------------------ */

static TR_NORETURN void undefined_callback(struct gen *g, const char *callback, tr_value message)
{
	gen_stop(g, TR_LIST(tr_atom("undef"), tr_atom(callback), tr_keep(message)));
}

static void unexpected_info(struct gen *g, tr_value message)
{
	if (!report_wanted(TR_NOTICE))
		return;
	report_send(TR_NOTICE, TR_DICT("report", tr_string("unexpected_message"), "pid", tr_pid_value(tr_self()),
				       "label", tr_string(g->mod->name), "message", tr_keep(message)));
}

static tr_next call_continue(struct gen *g, tr_value arg)
{
	gen_hold(arg);
	if (g->mod->handle_continue == NULL)
		undefined_callback(g, "handle_continue", arg);
	int64_t traced = kernel_callback_begin(g->mod->name, "handle_continue", arg);
	tr_next next = g->mod->handle_continue(g->state, arg);
	kernel_callback_end(traced, g->mod->name, "handle_continue");
	tr_drop(gen_release(arg));
	return next;
}

/* ---- what comes next --------------------------------------------------------------------------------------------- */

static void call_terminate(struct gen *g, tr_value reason)
{
	g->phase = GEN_ENDING;
	if (g->mod->terminate == NULL)
		return;
	int64_t traced = kernel_callback_begin(g->mod->name, "terminate", reason);
	g->mod->terminate(g->state, reason);
	kernel_callback_end(traced, g->mod->name, "terminate");
}

TR_NORETURN void gen_stop(struct gen *g, tr_value reason)
{
	if (!tr_is_valid(reason))
		reason = gen_err_reason(tr_value_err(reason) == TR_OK ? TR_EINVAL : tr_value_err(reason));
	gen_hold(reason);
	call_terminate(g, reason);
	tr_exit(gen_release(reason));
}

/* As OTP: terminate runs first, then the caller is answered, also when terminate exits. */
struct last_reply {
	tr_from to;
	tr_value reply;
};

static void last_reply_send(void *arg)
{
	struct last_reply *last = arg;

	tr_reply(last->to, last->reply);
	tr_free(last);
}

static TR_NORETURN void stop_reply(struct gen *g, tr_from to, tr_value reply, tr_value reason)
{
	struct last_reply *last = tr_alloc(sizeof(*last));

	if (last == NULL) {
		tr_reply(to, reply);
		gen_stop(g, reason);
	}
	*last = (struct last_reply){to, reply};
	if (tr_own(last, last_reply_send) == TR_OK) {
		gen_hold(reason);
		call_terminate(g, reason);
		if (tr_disown(last))
			last_reply_send(last);
		tr_exit(gen_release(reason));
	}
	gen_stop(g, reason);
}

static void answer(struct gen *g, const tr_from *from, tr_value reply)
{
	if (from == NULL)
		gen_stop(g, TR_LIST(tr_atom("bad_return_value"), reply));
	tr_reply(*from, reply);
}

/* Do what a callback said. `from` is the caller it may answer, NULL when there is none. */
static void follow(struct gen *g, tr_next next, const tr_from *from)
{
	for (;;) {
		switch (next.kind) {
		case TR_NEXT_NOREPLY:
			break;
		case TR_NEXT_REPLY:
			answer(g, from, next.reply);
			break;
		case TR_NEXT_STOP_REPLY:
			tr_drop(next.then);
			if (from != NULL)
				stop_reply(g, *from, next.reply, next.reason);
			tr_drop(next.reply);
			gen_stop(g, next.reason);
		case TR_NEXT_STOP:
			tr_drop(next.then);
			gen_stop(g, next.reason);
		}
		if (!tr_is_valid(next.then))
			break;
		next = call_continue(g, next.then);
		from = NULL;
	}
	if (next.timeout_ns > 0)
		tr_idle_until(tr_in(next.timeout_ns));
	if (next.hibernate)
		tr_hibernate();
}

/* ---- messages ------------------------------------------------------------------------------------------------------
 */

static void info(struct gen *g, tr_value message)
{
	if (g->mod->handle_info == NULL) {
		unexpected_info(g, message);
		return;
	}
	int64_t traced = kernel_callback_begin(g->mod->name, "handle_info", message);
	tr_next next = g->mod->handle_info(g->state, message);
	kernel_callback_end(traced, g->mod->name, "handle_info");
	follow(g, next, NULL);
}

static void call(struct gen *g, tr_value request, tr_from from)
{
	if (g->mod->handle_call == NULL)
		undefined_callback(g, "handle_call", request);
	int64_t traced = kernel_callback_begin(g->mod->name, "handle_call", request);
	tr_next next = g->mod->handle_call(g->state, request, from);
	kernel_callback_end(traced, g->mod->name, "handle_call");
	follow(g, next, &from);
}

static void cast(struct gen *g, tr_value request)
{
	if (g->mod->handle_cast == NULL)
		undefined_callback(g, "handle_cast", request);
	int64_t traced = kernel_callback_begin(g->mod->name, "handle_cast", request);
	tr_next next = g->mod->handle_cast(g->state, request);
	kernel_callback_end(traced, g->mod->name, "handle_cast");
	follow(g, next, NULL);
}

static bool is_parent_exit(const struct gen *g, tr_value message)
{
	return g->parent.bits != 0 && tr_array_len(message) == 3 && TR_IS_A(tr_array_at(message, 0), exit) &&
	       tr_pid_eq(tr_as_pid(tr_array_at(message, 1)), g->parent);
}

static bool is_cast(tr_value message)
{
	return tr_array_len(message) == 2 && TR_IS_A(tr_array_at(message, 0), cast);
}

void gen_message(struct gen *g, tr_value message)
{
	tr_from from;
	tr_value request;

	if (gen_is_system(message))
		gen_system(g, message);
	else if (tr_is_call(message, &from, &request))
		call(g, request, from);
	else if (is_cast(message))
		cast(g, tr_array_at(message, 1));
	else if (is_parent_exit(g, message))
		gen_stop(g, tr_keep(tr_array_at(message, 2)));
	else
		info(g, message);
}

/* ---- starting ------------------------------------------------------------------------------------------------------
 */

static bool is_start(void *arg, tr_value message)
{
	tr_from from;
	tr_value request;

	(void)arg;
	return tr_is_call(message, &from, &request) && gen_start_of(request) != NULL;
}

/* Before init, as OTP does it: whoever comes second is told who has the name. */
static void register_via(const tr_via *via)
{
	tr_err err = via->registry->register_name(via->registry->arg, via->name, tr_self());

	if (err == TR_EEXIST)
		tr_exit(TR_LIST(TR_A(already_started), tr_pid_value(tr_whereis_via(via))));
	if (err != TR_OK)
		tr_exit(gen_err_reason(err));
}

static void start(struct gen *g, tr_value message)
{
	tr_from from;
	tr_value request;
	const struct gen_start *what = tr_is_call(message, &from, &request) ? gen_start_of(request) : NULL;

	g->mod = what->mod;
	g->parent = what->parent;
	g->starter = from;
	g->phase = GEN_STARTING;
	g->state = g->inline_state;
	if (gen_behaviour(g->mod)->state_size < sizeof(*g) + g->mod->state_size)
		g->state = gen_state_alloc(g->mod->state_size);
	if (g->state == NULL)
		tr_exit(TR_A(enomem));
	if (what->via.registry != NULL)
		register_via(&what->via);
	int64_t traced = kernel_callback_begin(g->mod->name, "init", what->arg);
	tr_next next = g->mod->init(g->state, what->arg);
	kernel_callback_end(traced, g->mod->name, "init");
	if (next.kind == TR_NEXT_STOP || next.kind == TR_NEXT_STOP_REPLY) {
		tr_drop(next.reply);
		tr_drop(next.then);
		tr_exit(next.reason); /* server_terminate tells the starter */
	}
	g->phase = GEN_RUNNING;
	tr_reply(from, TR_A(ok));
	next.kind = TR_NEXT_NOREPLY;
	follow(g, next, NULL);
}

/* ---- the kernel's behaviour
 * ------------------------------------------------------------------------------------------ */

static tr_err server_init(void *state, tr_value starter)
{
	struct gen *g = state;

	g->phase = GEN_WAITING;
	if (tr_is(starter, TR_PID)) {
		g->parent = tr_as_pid(starter);
		tr_idle_until(tr_in(GEN_START_CHECK));
	}
	return TR_OK;
}

static void server_handle(void *state, tr_value message)
{
	struct gen *g = state;

	if (g->phase != GEN_WAITING) {
		gen_message(g, message);
	} else if (is_start(NULL, message)) {
		start(g, message);
	} else { /* somebody who knows the registered name was faster than the starter */
		tr_value request = tr_receive_match(is_start, NULL, TR_FOREVER);
		gen_hold(request);
		start(g, request);
		tr_drop(gen_release(request));
		gen_message(g, message);
	}
}

static void server_idle(void *state)
{
	struct gen *g = state;

	if (g->phase == GEN_WAITING) {
		if (!tr_alive(g->parent))
			tr_exit(TR_A(normal));
		tr_idle_until(tr_in(GEN_START_CHECK));
	} else if (g->mod->handle_timeout != NULL) {
		int64_t traced = kernel_callback_begin(g->mod->name, "handle_timeout", tr_nil());
		tr_next next = g->mod->handle_timeout(g->state);
		kernel_callback_end(traced, g->mod->name, "handle_timeout");
		follow(g, next, NULL);
	} else {
		info(g, TR_A(timeout));
	}
}

static void server_terminate(void *state, tr_value reason)
{
	struct gen *g = state;

	if (g->phase == GEN_STARTING) {
		g->phase = GEN_ENDING;
		tr_reply(g->starter, TR_LIST(TR_A(error), tr_keep(reason)));
	} else if (g->phase == GEN_RUNNING && !kernel_exit_was_signal()) {
		call_terminate(g, reason);
	}
}

static tr_value server_show(void *state)
{
	struct gen *g = state;

	if (g->phase != GEN_RUNNING || g->mod->show == NULL)
		return tr_nil();
	return g->mod->show(g->state);
}

/* One kernel behaviour for each size of state, so that a small server stays small and none needs memory of its own. */
#define GEN_SIZES(X) \
	X(0)         \
	X(16)        \
	X(32)        \
	X(48)        \
	X(64)        \
	X(80)        \
	X(96)        \
	X(112)       \
	X(128) X(160) X(192) X(224) X(256) X(320) X(384) X(512) X(768) X(1024) X(1536) X(2048) X(4096) X(8192) X(16384)

static const tr_behaviour gen_sizes[] = {
#define X(n)                                                                 \
	{"gen_server", sizeof(struct gen) + (n), server_init, server_handle, \
	 server_idle,  server_terminate,         server_show},
    GEN_SIZES(X)
#undef X
};

const tr_behaviour *gen_behaviour(const tr_gen_server *mod)
{
	for (size_t i = 0; i < sizeof(gen_sizes) / sizeof(gen_sizes[0]); i++) {
		if (gen_sizes[i].state_size - sizeof(struct gen) >= mod->state_size)
			return &gen_sizes[i];
	}
	return &gen_sizes[0];
}
