/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_for_one: without its catalog an execution cannot be started. The actor that starts executions comes last, so its
 * end touches none of them; started again it finds them by their names. Executions are temporary children: one that
 * crashes is not started anew with its old argument by its supervisor, `executions` has it take up its log (running.c).
 */
#include "actors/engine/control.h"

#include "actors/engine/catalog.h"
#include "actors/engine/execution.h"
#include "actors/engine/executions.h"

static tr_value executions_tree(void)
{
	tr_child_spec child = {
	    .start = execution_start_link, .arg = tr_nil(), .restart = TR_TEMPORARY, .label = "execution"};
	tr_supervisor_spec spec = {.strategy = TR_SIMPLE_ONE_FOR_ONE,
				   .intensity = 1,
				   .children = &child,
				   .child_count = 1,
				   .name = EXECUTIONS_SUPERVISOR,
				   .label = "executions"};

	return tr_supervisor_arg(&spec);
}

tr_child_spec control_plane_child_with(const control_options *options)
{
	const control_options none = {.env = tr_absent()};
	const control_options *o = options == NULL ? &none : options;
	tr_child_spec children[] = {
	    {.id = "catalog",
	     .start = catalog_start_link,
	     .arg = o->playbooks == NULL ? tr_nil() : tr_string(o->playbooks),
	     .restart = TR_PERMANENT,
	     .label = "catalog"},
	    {.id = "executions_supervisor",
	     .start = tr_supervisor_start,
	     .arg = executions_tree(),
	     .restart = TR_PERMANENT,
	     .type = TR_SUPERVISOR,
	     .label = "executions"},
	    {.id = "executions",
	     .start = executions_start_link,
	     .arg = TR_DICT("env", tr_is(o->env, TR_MAP) ? tr_keep(o->env) : tr_map(), "node", tr_int(o->node),
			    "check_replay", tr_bool(o->check_replay), "lease_ns", tr_int(o->lease_ns), "snapshot_every",
			    tr_int(o->snapshot_every), "crash_limit", tr_int(o->crash_limit)),
	     .restart = TR_PERMANENT,
	     .label = "executions"},
	};
	tr_supervisor_spec spec = {.strategy = TR_REST_FOR_ONE,
				   .intensity = 3,
				   .period_ns = 30 * TR_SECOND,
				   .children = children,
				   .child_count = sizeof children / sizeof children[0],
				   .name = "control_plane",
				   .label = "control plane"};

	return (tr_child_spec){.id = "control_plane",
			       .start = tr_supervisor_start,
			       .arg = tr_supervisor_arg(&spec),
			       .restart = TR_PERMANENT,
			       .type = TR_SUPERVISOR,
			       .label = "control plane"};
}
