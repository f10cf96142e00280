/* SPDX-License-Identifier: Apache-2.0 */
/* gen_event handlers that perform what events ask of them, and the operations around them. */
#include "tests/conformance/otp/script.h"

#include <stdio.h>
#include <string.h>

struct handler {
	struct script script;
	char id[32];
};

/* ---- callbacks -----------------------------------------------------------------------------------------------------
 */

static void handler_log(const struct handler *h, const char *what, tr_value v)
{
	char text[80];

	snprintf(text, sizeof(text), "%s %s", h->id, what);
	script_log(&h->script, text, v);
}

/* arg: [id, operations], or [[id, operations], what the handler before gave] */
static tr_value handler_init(void *state, tr_value arg)
{
	struct handler *h = state;
	bool swapped = tr_is(tr_array_at(arg, 0), TR_ARRAY);
	tr_value own = swapped ? tr_array_at(arg, 0) : arg;

	h->script = script_new();
	snprintf(h->id, sizeof(h->id), "%s", script_text(tr_array_at(own, 0)));
	handler_log(h, swapped ? "init after" : "init", swapped ? tr_keep(tr_array_at(arg, 1)) : tr_absent());
	script_run(&h->script, tr_array_at(own, 1));
	return h->script.refusal;
}

/* A request for one handler is [at, id, request]; others are for all. */
static tr_handled handle(struct handler *h, const char *what, tr_value v)
{
	bool aimed = tr_array_len(v) == 3 && tr_str_is(tr_as_str(tr_array_at(v, 0)), "at");
	bool mine = !aimed || tr_str_is(tr_as_str(tr_array_at(v, 1)), h->id);
	tr_value request = aimed ? tr_array_at(v, 2) : v;

	h->script.handled = tr_handler_ok();
	handler_log(h, what, tr_keep(request));
	if (mine)
		script_request(&h->script, request);
	return h->script.handled;
}

static tr_handled handler_event(void *state, tr_value event)
{
	return handle(state, "event", event);
}

static tr_handled handler_call(void *state, tr_value request)
{
	struct handler *h = state;
	tr_handled handled = handle(h, "call", request);

	if (!tr_is_valid(handled.reply))
		handled.reply = TR_A(ok);
	return handled;
}

static tr_handled handler_info(void *state, tr_value message)
{
	return handle(state, "info", message);
}

static tr_value handler_terminate(void *state, tr_value reason)
{
	struct handler *h = state;

	handler_log(h, "terminate", tr_keep(reason));
	script_run(&h->script, h->script.on_terminate);
	return tr_is_valid(h->script.last) ? tr_keep(h->script.last) : TR_A(ok);
}

#define HANDLER(id)                                                                                                    \
	{                                                                                                              \
		.name = id, .state_size = sizeof(struct handler), .init = handler_init, .handle_event = handler_event, \
		.handle_call = handler_call, .handle_info = handler_info, .terminate = handler_terminate               \
	}

static const tr_event_handler handlers[] = {HANDLER("h1"), HANDLER("h2"), HANDLER("h3"), HANDLER("h4"), {.name = NULL}};

static const tr_event_handler *handler(const char *id)
{
	for (const tr_event_handler *h = handlers; h->name != NULL; h++)
		if (strcmp(h->name, id) == 0)
			return h;
	tr_exitf("no handler %s", id);
}

/* ---- operations ----------------------------------------------------------------------------------------------------
 */

static void op_event(struct script *s, const tr_value *a)
{
	script_started(s, script_text(a[0]), tr_gen_event_start(NULL, TR_FOREVER));
}

static void op_event_link(struct script *s, const tr_value *a)
{
	script_started(s, script_text(a[0]), tr_gen_event_start_link(NULL, TR_FOREVER));
}

static void added(const struct script *s, const char *what, tr_err err, tr_value why)
{
	char text[40];

	snprintf(text, sizeof(text), "%s %s", what, err == TR_OK ? "ok" : err == TR_EINVAL ? "refused" : "failed");
	script_log(s, text, why);
}

/* [manager, id, operations] */
static void op_add(struct script *s, const tr_value *a)
{
	tr_value why = tr_absent();
	const char *id = script_text(a[1]);
	tr_err err = tr_event_add(script_pid(s, a[0]), id, handler(id), TR_LIST(tr_keep(a[1]), tr_keep(a[2])),
				  tr_in(SCRIPT_PATIENCE), &why);

	added(s, "add", err, why);
}

static void op_add_sup(struct script *s, const tr_value *a)
{
	tr_value why = tr_absent();
	const char *id = script_text(a[1]);
	tr_err err = tr_event_add_sup(script_pid(s, a[0]), id, handler(id), TR_LIST(tr_keep(a[1]), tr_keep(a[2])),
				      tr_in(SCRIPT_PATIENCE), &why);

	added(s, "add", err, why);
}

static void op_delete(struct script *s, const tr_value *a)
{
	tr_value last = tr_event_delete(script_pid(s, a[0]), script_text(a[1]), tr_keep(a[2]), tr_in(SCRIPT_PATIENCE));

	if (tr_is_valid(last))
		script_log(s, "deleted", last);
	else
		script_log(s, "delete failed", tr_absent());
}

/* [manager, old id, reason, new id, operations] */
static void op_swap(struct script *s, const tr_value *a)
{
	tr_value why = tr_absent();
	const char *id = script_text(a[3]);
	tr_err err = tr_event_swap(script_pid(s, a[0]), script_text(a[1]), tr_keep(a[2]), id, handler(id),
				   TR_LIST(tr_keep(a[3]), tr_keep(a[4])), tr_in(SCRIPT_PATIENCE), &why);

	if (err == TR_ENOENT) /* there was no old one: the new one is there all the same, as in OTP */
		err = TR_OK;
	added(s, "swap", err, why);
}

static void op_notify(struct script *s, const tr_value *a)
{
	tr_event_notify(script_pid(s, a[0]), tr_keep(a[1]));
}

static void op_sync_notify(struct script *s, const tr_value *a)
{
	script_err(s, "notified", tr_event_sync_notify(script_pid(s, a[0]), tr_keep(a[1]), tr_in(SCRIPT_PATIENCE)));
}

static void op_ask(struct script *s, const tr_value *a)
{
	tr_value reply = tr_event_call(script_pid(s, a[0]), script_text(a[1]), tr_keep(a[2]), tr_in(SCRIPT_PATIENCE));

	if (tr_is_valid(reply))
		script_log(s, "reply", reply);
	else
		script_log(s, "ask failed", tr_absent());
}

static void op_which(struct script *s, const tr_value *a)
{
	script_log(s, "handlers", tr_event_which(script_pid(s, a[0]), tr_in(SCRIPT_PATIENCE)));
}

static void op_refuse(struct script *s, const tr_value *a)
{
	s->refusal = tr_keep(a[0]);
}

static void op_remove(struct script *s, const tr_value *a)
{
	(void)a;
	tr_value reply = s->handled.reply;
	s->handled = tr_handler_remove(tr_atom("remove_handler"));
	s->handled.reply = reply;
}

/* [reason, new id, operations] */
static void op_swap_self(struct script *s, const tr_value *a)
{
	tr_value reply = s->handled.reply;
	s->handled = tr_handler_swap(tr_keep(a[0]), handler(script_text(a[1])), TR_LIST(tr_keep(a[1]), tr_keep(a[2])));
	s->handled.reply = reply;
}

static void op_last(struct script *s, const tr_value *a)
{
	s->last = script_keep(a[0]);
}

const struct script_entry ops_event[] = {
    {"event", 1, op_event},
    {"event_link", 1, op_event_link},
    {"add", 3, op_add},
    {"add_sup", 3, op_add_sup},
    {"delete", 3, op_delete},
    {"swap", 5, op_swap},
    {"notify", 2, op_notify},
    {"sync_notify", 2, op_sync_notify},
    {"ask", 3, op_ask},
    {"which", 1, op_which},
    {"refuse", 1, op_refuse},
    {"remove", 0, op_remove},
    {"swap_self", 3, op_swap_self},
    {"last", 1, op_last},
    {NULL, 0, NULL},
};
