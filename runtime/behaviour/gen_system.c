/* SPDX-License-Identifier: Apache-2.0 */
/* System messages of the generic server: look at its state, replace it, suspend, resume, new code, terminate. */
#include "runtime/behaviour/gen.h"
#include "runtime/behaviour/gen_code.h"

#include <string.h>

static bool system_request(tr_value message, tr_from *from, tr_value *request)
{
	return tr_is_call(message, from, request) && TR_IS_A(tr_array_at(*request, 0), system);
}

bool gen_is_system(tr_value message)
{
	tr_from from;
	tr_value request;

	return TR_IS_A(tr_array_at(message, 0), system) || system_request(message, &from, &request);
}

/* ---- one function a request ----------------------------------------------------------------------------------------
 */

static tr_value show(struct gen *g)
{
	return g->mod->show != NULL ? g->mod->show(g->state) : tr_nil();
}

static tr_value ok_or_error(tr_err err)
{
	return err == TR_OK ? TR_A(ok) : TR_LIST(TR_A(error), tr_int((int64_t)err));
}

static void get_state(struct gen *g, tr_from from, tr_value request)
{
	(void)request;
	tr_reply(from, show(g));
}

static void replace_state(struct gen *g, tr_from from, tr_value request)
{
	tr_err err = TR_EUNSUPPORTED;

	if (g->mod->replace != NULL)
		err = g->mod->replace(g->state, tr_array_at(request, 2));
	tr_reply(from, ok_or_error(err));
}

static void get_status(struct gen *g, tr_from from, tr_value request)
{
	(void)request;
	tr_value parent = g->parent.bits != 0 ? tr_pid_value(g->parent) : tr_nil();
	tr_value version = g->mod->version != NULL ? tr_string(g->mod->version) : tr_nil();

	tr_reply(from, TR_DICT("behaviour", tr_string("gen_server"), "module", tr_string(g->mod->name), "version",
			       version, "pid", tr_pid_value(tr_self()), "parent", parent, "status",
			       tr_string(g->suspended ? "suspended" : "running"), "state", show(g)));
}

static bool wakes_suspended(void *arg, tr_value message)
{
	const struct gen *g = arg;

	return gen_is_system(message) || (g->parent.bits != 0 && TR_IS_A(tr_array_at(message, 0), exit) &&
					  tr_pid_eq(tr_as_pid(tr_array_at(message, 1)), g->parent));
}

/* Everything else waits in the mailbox, in order. */
static void suspend(struct gen *g, tr_from from, tr_value request)
{
	(void)request;
	tr_reply(from, TR_A(ok));
	if (g->suspended)
		return;
	g->suspended = true;
	while (g->suspended) {
		tr_value message = tr_receive_match(wakes_suspended, g, TR_FOREVER);
		gen_hold(message);
		gen_message(g, message);
		tr_drop(gen_release(message));
	}
}

static void resume(struct gen *g, tr_from from, tr_value request)
{
	(void)request;
	g->suspended = false;
	tr_reply(from, TR_A(ok));
}

static tr_err switch_code(struct gen *g, const tr_gen_server *mod)
{
	if (mod->code_change == NULL) {
		if (mod->state_size != g->mod->state_size)
			return TR_ETYPE;
		g->mod = mod;
		return TR_OK;
	}
	void *state = gen_state_alloc(mod->state_size);
	if (state == NULL)
		return TR_ENOMEM;
	tr_err err = mod->code_change(state, g->state, g->mod->version);
	if (err != TR_OK) {
		gen_state_free(state);
		return err;
	}
	gen_state_free(g->state);
	g->state = state;
	g->mod = mod;
	return TR_OK;
}

static void change_code(struct gen *g, tr_from from, tr_value request)
{
	const tr_gen_server *mod = gen_code_of(tr_array_at(request, 2));

	tr_reply(from, ok_or_error(mod != NULL ? switch_code(g, mod) : TR_EINVAL));
}

/* ---- which --------------------------------------------------------------------------------------------------------
 */

static const struct {
	const char *what;
	void (*run)(struct gen *g, tr_from from, tr_value request);
} requests[] = {
    {"get_state", get_state}, {"replace_state", replace_state}, {"get_status", get_status}, {"suspend", suspend},
    {"resume", resume},       {"change_code", change_code},
};

void gen_system(struct gen *g, tr_value message)
{
	tr_from from;
	tr_value request;

	if (!system_request(message, &from, &request)) {
		if (TR_IS_A(tr_array_at(message, 1), terminate))
			gen_stop(g, tr_keep(tr_array_at(message, 2)));
		return; /* a system message of a kind not known here has nobody to answer */
	}
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (tr_str_is(tr_as_str(tr_array_at(request, 1)), requests[i].what)) {
			requests[i].run(g, from, request);
			return;
		}
	}
	tr_reply(from, ok_or_error(TR_EUNSUPPORTED));
}
