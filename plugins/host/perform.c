/* SPDX-License-Identifier: Apache-2.0 */
/* Commands and the hooks around them. */
#include "plugins/host/perform.h"
#include "plugins/host/command.h"

/* A refusal as an outcome. Takes it. */
static tr_value refused(tr_value refusal)
{
	tr_value out = tr_outcome_error("hook_error", false, "plugin %s refused: %s",
					tr_as_cstr(tr_map_get_s(refusal, "plugin"), "?"),
					tr_as_cstr(tr_map_get_s(refusal, "message"), "no reason given"));

	return tr_outcome_error_put(out, "details", refusal);
}

static tr_value execute(plugin_record *r, tr_value command, hook_core *core, void *arg)
{
	tr_value refusal = tr_absent();

	if (!hooks_any(r->host->node, "task_execute"))
		return core(arg, command);
	tr_value outcome = hooks_run("task_execute", tr_keep(command), core, arg, &refusal);
	return tr_is_valid(refusal) ? refused(refusal) : outcome;
}

static tr_value reviewed(plugin_record *r, tr_value command, tr_value outcome)
{
	tr_value refusal = tr_absent();

	if (!hooks_any(r->host->node, "task_outcome"))
		return outcome;
	tr_value context = TR_DICT("command", tr_keep(command), "outcome", tr_keep(outcome));
	tr_value seen = hooks_run("task_outcome", context, NULL, NULL, &refusal);
	tr_value changed = tr_map_get_s(seen, "outcome");
	if (tr_is_valid(refusal))
		tr_assign(&outcome, refused(refusal));
	else if (tr_is_valid(changed))
		tr_assign(&outcome, outcome_checked(tr_keep(changed), r->m.id));
	tr_drop(seen);
	return outcome;
}

tr_value plugin_perform(plugin_record *r, tr_value command, hook_core *core, void *arg)
{
	tr_value outcome = outcome_checked(execute(r, command, core, arg), r->m.id);

	return reviewed(r, command, outcome);
}
