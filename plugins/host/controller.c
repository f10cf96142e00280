/* SPDX-License-Identifier: Apache-2.0 */
/* Asking controllers. */
#include "plugins/host/controller.h"
#include "plugins/host/command.h"
#include "plugins/host/state.h"
#include <string.h>

#define HEAD        (sizeof("controller:") - 1)
#define ANSWER_TIME (30 * TR_SECOND) /* of one that has to be sent a message */

static const char *const capabilities[CONTROLLERS] = {"controller:iterator", "controller:result",
						      "controller:workbook"};

int controller_find(tr_str name)
{
	for (int i = 0; i < CONTROLLERS; i++)
		if (tr_str_is(name, capabilities[i] + HEAD))
			return i;
	return -1;
}

const char *controller_capability(controller which)
{
	return capabilities[which];
}

bool controller_is_question(tr_value command)
{
	tr_str kind = tr_as_str(tr_map_get_n(command, "kind", 4));

	return kind.n > HEAD && memcmp(kind.p, capabilities[0], HEAD) == 0;
}

/* ---- one of them ---- */

/* A limit of time can only be held by somebody who watches. */
static bool decides_here(const plugin_record *r)
{
	return r->code.decide != NULL && r->m.time_ns == 0;
}

bool controller_passes(tr_value outcome)
{
	return tr_str_is(tr_as_str(TR_GET(outcome, "error", "kind")), "pass");
}

static tr_value decide(plugin_record *r, tr_value question)
{
	/* A stranger has no more rights here than in its own actor. */
	caller_stay *stay = r->builtin ? NULL : callers_visit(r);

	if (stay == NULL && !r->builtin)
		return tr_outcome_error("busy", true, "plugin %s could not be asked: out of memory", r->m.id);
	tr_value outcome = outcome_checked(r->code.decide(r->config, question), r->m.id);
	callers_leave(stay);
	bool well = tr_str_is(tr_as_str(tr_map_get_n(outcome, "status", 6)), "success") || controller_passes(outcome);
	atomic_fetch_add_explicit(&r->pure_ends[well ? PURE_DONE : PURE_FAILED], 1, memory_order_relaxed);
	return outcome;
}

static tr_value answer(plugin_record *r, controller which, tr_value question)
{
	int64_t deadline;

	if (decides_here(r))
		return decide(r, question);
	if (tr_self().bits == 0)
		return tr_outcome_error("no_plugin", false, "only an actor can ask plugin %s", r->m.id);
	deadline = tr_in(ANSWER_TIME);
	return command_perform_at(r->m.id, capabilities[which], tr_keep(question),
				  TR_DICT("deadline_ns", tr_int(deadline)), tr_absent(), deadline);
}

static tr_value nobody(controller which)
{
	return tr_outcome_error("no_plugin", false, "no plugin answers for %s", capabilities[which]);
}

/* ---- all of them, one after the other ---- */

/* What is held while an answer is waited for. */
typedef struct asking {
	tr_value question;
	plugin_record *first, **all;
	size_t count;
} asking;

static void asking_free(void *arg)
{
	asking *a = arg;

	record_release(a->first);
	plugins_free(a->all, a->count);
	tr_drop(a->question);
	tr_free(a);
}

/* Takes the question. NULL: no memory. The calling actor may be ended while it waits. */
static asking *asking_new(plugin_host *h, controller which, tr_value question)
{
	asking *a = tr_alloc(sizeof(*a));

	if (a == NULL) {
		tr_drop(question);
		return NULL;
	}
	*a = (asking){.question = question, .first = plugins_capability(h, capabilities[which])};
	a->all = plugins_all(h, &a->count);
	return tr_self().bits == 0 || tr_own(a, asking_free) == TR_OK ? a : NULL;
}

static tr_value ask_in_turn(plugin_host *h, controller which, tr_value question)
{
	asking *a = asking_new(h, which, question);
	tr_value outcome = nobody(which);

	if (a == NULL) {
		tr_drop(outcome);
		return tr_outcome_error("memory", true, "%s could not be asked: out of memory", capabilities[which]);
	}
	if (a->first != NULL)
		tr_assign(&outcome, answer(a->first, which, a->question));
	for (size_t i = 0; i < a->count && controller_passes(outcome); i++)
		if (a->all[i] != a->first && plugins_offers(h, a->all[i], capabilities[which]))
			tr_assign(&outcome, answer(a->all[i], which, a->question));
	if (controller_passes(outcome))
		tr_assign(&outcome, nobody(which));
	if (tr_self().bits != 0)
		(void)tr_disown(a);
	asking_free(a);
	return outcome;
}

bool controller_is_here(const pure_table *t, controller which)
{
	const plugin_record *r = pure_table_controller(t, which);

	return r != NULL && decides_here(r);
}

bool controller_is_own(const pure_table *t, controller which)
{
	return controller_is_here(t, which) && pure_table_controller(t, which)->trusted;
}

static void question_drop(void *arg)
{
	tr_drop(*(tr_value *)arg);
	tr_free(arg);
}

/* One that may crash takes the calling actor with it, and then that gives up the question, which the caller holds. */
static tr_value decide_held(plugin_record *r, tr_value *question)
{
	tr_value *held = r->trusted || tr_self().bits == 0 ? NULL : tr_alloc(sizeof(*held));

	if (held == NULL)
		return decide(r, *question);
	*held = *question;
	if (tr_own(held, question_drop) != TR_OK) {
		*question = tr_nil();
		return tr_outcome_error("memory", true, "plugin %s could not be asked: out of memory", r->m.id);
	}
	tr_value outcome = decide(r, *question);
	(void)tr_disown(held);
	tr_free(held);
	return outcome;
}

tr_value controller_ask(const pure_table *t, controller which, tr_value question)
{
	plugin_host *h = t != NULL ? pure_table_host(t) : host_of(tr_here());

	if (controller_is_here(t, which)) {
		tr_value outcome = decide_held(pure_table_controller(t, which), &question);
		if (!controller_passes(outcome)) {
			tr_drop(question);
			return outcome;
		}
		tr_drop(outcome); /* it is asked again, with the others behind it */
	}
	if (h != NULL)
		return ask_in_turn(h, which, question);
	tr_drop(question);
	return nobody(which);
}
