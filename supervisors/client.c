/* SPDX-License-Identifier: Apache-2.0 */
/* Starting supervisors and the management calls. */
#include "supervisors/plan.h"
#include "supervisors/supervisor.h"

#include "runtime/behaviour/gen.h"

/* ---- starting ------------------------------------------------------------------------------------------------------
 */

static tr_spawn_options spawn_options(const tr_supervisor_spec *spec)
{
	return (tr_spawn_options){.label = spec->label, .name = spec->name, .via = spec->via};
}

static tr_started bad_spec(tr_err err)
{
	return (tr_started){{0}, {0}, TR_LIST(tr_atom("start_spec"), gen_err_reason(err))};
}

tr_started tr_supervisor_start(tr_value arg, tr_value extra)
{
	const struct tree *tree = tree_of(arg);

	(void)extra;
	if (tree == NULL)
		return bad_spec(TR_EINVAL);
	tr_spawn_options options = spawn_options(&tree->spec);
	return tr_gen_server_start_link(&supervisor_module, tr_keep(arg), &options, TR_FOREVER);
}

tr_started tr_supervisor_start_link(const tr_supervisor_spec *spec)
{
	tr_value arg = tree_value(spec);

	if (!tr_is_valid(arg))
		return bad_spec(tr_value_err(arg));
	tr_spawn_options options = spawn_options(&tree_of(arg)->spec);
	return tr_gen_server_start_link(&supervisor_module, arg, &options, TR_FOREVER);
}

tr_started tr_node_supervisor(tr_node *node, const tr_supervisor_spec *spec)
{
	tr_value arg = tree_value(spec);

	if (!tr_is_valid(arg))
		return bad_spec(tr_value_err(arg));
	tr_spawn_options options = spawn_options(&tree_of(arg)->spec);
	return tr_node_gen_server(node, &supervisor_module, arg, &options);
}

/* ---- management ----------------------------------------------------------------------------------------------------
 */

static tr_value ask(tr_pid supervisor, const char *what, tr_value arg, int64_t deadline)
{
	return tr_call(supervisor, TR_LIST(tr_atom(what), arg), deadline);
}

/* [pid or nil], [error, reason], or an invalid value (taken). */
static tr_started started_of(tr_value answer)
{
	tr_started started = {{0}, {0}, tr_absent()};

	if (!tr_is_valid(answer))
		started.reason = gen_err_reason(tr_value_err(answer));
	else if (TR_IS_A(tr_array_at(answer, 0), error))
		started.reason = tr_keep(tr_array_at(answer, 1));
	else
		started.pid = tr_as_pid(tr_array_at(answer, 0));
	tr_drop(answer);
	return started;
}

/* An error as a number, or an invalid value. */
static tr_err err_of(tr_value answer)
{
	if (!tr_is_valid(answer))
		return tr_value_err(answer);
	return (tr_err)tr_as_int(answer, TR_EUNSUPPORTED);
}

tr_started tr_supervisor_start_child(tr_pid supervisor, const tr_child_spec *spec, int64_t deadline)
{
	tr_value plan = plan_value(spec);

	if (!tr_is_valid(plan))
		return (tr_started){{0}, {0}, gen_err_reason(tr_value_err(plan))};
	return started_of(ask(supervisor, "start_child", plan, deadline));
}

tr_started tr_supervisor_start_instance(tr_pid supervisor, tr_value extra, int64_t deadline)
{
	if (!tr_is_valid(extra) && tr_value_err(extra) == TR_OK)
		extra = TR_A(undefined); /* "none" on its way to the supervisor */
	return started_of(ask(supervisor, "start_instance", extra, deadline));
}

tr_err tr_supervisor_join(tr_pid supervisor)
{
	/* First the message, then the link: an end that comes at once is the end of an instance that is known. */
	tr_err err = tr_send(supervisor, TR_LIST(tr_atom("join"), tr_pid_value(tr_self())));

	tr_link(supervisor);
	return err;
}

tr_err tr_supervisor_terminate_child(tr_pid supervisor, const char *id, int64_t deadline)
{
	return err_of(ask(supervisor, "terminate_child", tr_string(id), deadline));
}

tr_err tr_supervisor_terminate_pid(tr_pid supervisor, tr_pid child, int64_t deadline)
{
	return err_of(ask(supervisor, "terminate_pid", tr_pid_value(child), deadline));
}

tr_started tr_supervisor_restart_child(tr_pid supervisor, const char *id, int64_t deadline)
{
	return started_of(ask(supervisor, "restart_child", tr_string(id), deadline));
}

tr_err tr_supervisor_delete_child(tr_pid supervisor, const char *id, int64_t deadline)
{
	return err_of(ask(supervisor, "delete_child", tr_string(id), deadline));
}

tr_value tr_supervisor_which_children(tr_pid supervisor, int64_t deadline)
{
	return ask(supervisor, "which_children", tr_nil(), deadline);
}

tr_value tr_supervisor_count_children(tr_pid supervisor, int64_t deadline)
{
	return ask(supervisor, "count_children", tr_nil(), deadline);
}
