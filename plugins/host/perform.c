/* SPDX-License-Identifier: Apache-2.0 */
/* Commands and the hooks around them. */
#include "plugins/host/perform.h"
#include "plugins/host/command.h"
#include "plugins/host/controller.h"

/* A refusal as an outcome. Takes it. */
static tr_value refused(tr_value refusal)
{
	return TR_DICT("status", tr_string("error"), "error", hook_error(refusal));
}

static tr_value execute(plugin_record *r, tr_value command, hook_core *core, void *arg)
{
	tr_value refusal = tr_absent();

	if (!hooks_any(r->host->node, HOOK_TASK_EXECUTE))
		return core(arg, command);
	tr_value outcome = hooks_run(HOOK_TASK_EXECUTE, tr_keep(command), core, arg, &refusal);
	return tr_is_valid(refusal) ? refused(refusal) : outcome;
}

static tr_value reviewed(plugin_record *r, tr_value command, tr_value outcome)
{
	tr_value refusal = tr_absent();

	if (!hooks_any(r->host->node, HOOK_TASK_OUTCOME))
		return outcome;
	tr_value context = TR_DICT("command", tr_keep(command), "outcome", tr_keep(outcome));
	tr_value seen = hooks_run(HOOK_TASK_OUTCOME, context, NULL, NULL, &refusal);
	tr_value changed = tr_map_get_s(seen, "outcome");
	if (tr_is_valid(refusal))
		tr_assign(&outcome, refused(refusal));
	else if (tr_is_valid(changed))
		tr_assign(&outcome, outcome_checked(tr_keep(changed), r->m.id));
	tr_drop(seen);
	return outcome;
}

static tr_value decided(plugin_record *r, tr_value command, hook_core *core, void *arg)
{
	if (r->code.decide == NULL)
		return core(arg, command);
	return r->code.decide(r->config, tr_map_get_s(command, "input"));
}

tr_value plugin_perform(plugin_record *r, tr_value command, hook_core *core, void *arg)
{
	if (controller_is_question(command))
		return outcome_checked(decided(r, command, core, arg), r->m.id);
	tr_value outcome = outcome_checked(execute(r, command, core, arg), r->m.id);

	return reviewed(r, command, outcome);
}
