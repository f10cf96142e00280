/* SPDX-License-Identifier: Apache-2.0 */
/* The plugins branch of a node's tree. */
#include "plugins/host/manager.h"
#include "plugins/host/names.h"

/* Both start empty; the manager fills them. A plugin's own supervisor backs off and hardly ever gives up, so much is
 * allowed here. */
static tr_value crowd(const char *name, const char *label)
{
	tr_supervisor_spec spec = {.strategy = TR_ONE_FOR_ONE,
				   .intensity = 100,
				   .period_ns = 10 * TR_SECOND,
				   .backoff_ns = 10 * TR_MS,
				   .backoff_max_ns = TR_SECOND,
				   .name = name,
				   .label = label};

	return tr_supervisor_arg(&spec);
}

tr_err plugin_host_child(tr_node *node, const plugin_host_options *options, tr_child_spec *out)
{
	plugin_host *h;
	tr_err err = host_create(node, options, &h);

	if (err != TR_OK)
		return err;
	tr_child_spec children[] = {
	    {.id = "instances",
	     .start = tr_supervisor_start,
	     .arg = crowd(NAME_INSTANCES, "plugins"),
	     .type = TR_SUPERVISOR,
	     .label = "plugins"},
	    {.id = "subjects",
	     .start = tr_supervisor_start,
	     .arg = crowd(NAME_SUBJECTS, "tool kinds"),
	     .type = TR_SUPERVISOR,
	     .label = "tool kinds"},
	    {.id = "manager",
	     .server = &manager_server,
	     .arg = tr_nil(),
	     .name = NAME_MANAGER,
	     .label = "plugin manager"},
	};
	tr_supervisor_spec spec = {.strategy = TR_REST_FOR_ONE,
				   .intensity = 5,
				   .period_ns = 10 * TR_SECOND,
				   .children = children,
				   .child_count = 3,
				   .label = "plugins"};
	*out = (tr_child_spec){.id = "plugins",
			       .start = tr_supervisor_start,
			       .arg = tr_supervisor_arg(&spec),
			       .restart = TR_PERMANENT,
			       .type = TR_SUPERVISOR,
			       .label = "plugins"};
	return tr_value_err(out->arg);
}
