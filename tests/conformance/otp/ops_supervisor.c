/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Supervisors of scripted children. A child is [id, restart, shutdown, significant, type, operations]; of type
 * `supervisor` its last item is [flags, children]. Flags are [strategy, intensity, period in s, auto_shutdown].
 */
#include "tests/conformance/otp/script.h"

#include <stdio.h>
#include <string.h>

#include <troupe/supervisor.h>

#include "tests/conformance/otp/script_server.h"

#define CHILDREN 16

/* ---- from terms to specs -------------------------------------------------------------------------------------------
 */

static int choice(tr_value v, const char *const *names)
{
	for (int i = 0; names[i] != NULL; i++)
		if (strcmp(script_text(v), names[i]) == 0)
			return i;
	tr_exitf("unknown choice %s", script_text(v));
}

static const char *const strategies[] = {"one_for_one", "one_for_all", "rest_for_one", "simple_one_for_one", NULL};
static const char *const restarts[] = {"permanent", "transient", "temporary", NULL};
static const char *const autos[] = {"never", "any_significant", "all_significant", NULL};

static tr_started start_tree(tr_value tree);

/* arg: [id, type, operations or tree] */
static tr_started start_kid(tr_value arg, tr_value extra)
{
	const char *type = script_text(tr_array_at(arg, 1));
	tr_value id = tr_array_at(arg, 0);
	tr_value what = tr_array_at(arg, 2);

	if (strcmp(type, "ignore") == 0)
		return (tr_started){{0}, {0}, tr_absent()};
	if (strcmp(type, "supervisor") == 0) {
		tr_started started = start_tree(what);
		if (started.pid.bits != 0)
			world_name(world_here(), script_text(id), tr_pid_value(started.pid));
		return started;
	}
	if (strcmp(type, "body") == 0)
		return (tr_started){tr_spawn_link(script_body, TR_LIST(tr_keep(id), tr_keep(what))), {0}, tr_absent()};
	tr_value more = tr_is_valid(extra) ? tr_keep(extra) : tr_array();
	return tr_gen_server_start_link(&script_server, TR_LIST(tr_keep(id), tr_keep(what), more), NULL, TR_FOREVER);
}

static int64_t shutdown(tr_value v)
{
	if (tr_str_is(tr_as_str(v), "brutal_kill"))
		return TR_BRUTAL_KILL;
	return tr_is(v, TR_ATOM) ? TR_SHUTDOWN_INFINITY : script_ms(v);
}

static tr_child_spec child(tr_value v)
{
	tr_value type = tr_array_at(v, 4);

	return (tr_child_spec){
	    .id = script_text(tr_array_at(v, 0)),
	    .start = start_kid,
	    .arg = TR_LIST(tr_keep(tr_array_at(v, 0)), tr_keep(type), tr_keep(tr_array_at(v, 5))),
	    .restart = (tr_restart)choice(tr_array_at(v, 1), restarts),
	    .shutdown_ns = shutdown(tr_array_at(v, 2)),
	    .significant = tr_as_bool(tr_array_at(v, 3), false),
	    .type = strcmp(script_text(type), "supervisor") == 0 ? TR_SUPERVISOR : TR_WORKER,
	};
}

/* tree: [flags, children] */
static tr_started start_tree(tr_value tree)
{
	tr_child_spec kids[CHILDREN];
	tr_value flags = tr_array_at(tree, 0);
	tr_value children = tr_array_at(tree, 1);
	tr_supervisor_spec spec = {
	    .strategy = (tr_strategy)choice(tr_array_at(flags, 0), strategies),
	    .intensity = (uint32_t)tr_as_int(tr_array_at(flags, 1), 1),
	    .period_ns = tr_as_int(tr_array_at(flags, 2), 5) * TR_SECOND,
	    .auto_shutdown = (tr_auto_shutdown)choice(tr_array_at(flags, 3), autos),
	    .children = kids,
	    .child_count = tr_array_len(children),
	};

	if (spec.child_count > CHILDREN)
		tr_exitf("more than %d children", CHILDREN);
	for (size_t i = 0; i < spec.child_count; i++)
		kids[i] = child(tr_array_at(children, i));
	return tr_supervisor_start_link(&spec);
}

/* ---- operations ----------------------------------------------------------------------------------------------------
 */

/* [name, flags, children] */
static void op_sup(struct script *s, const tr_value *a)
{
	tr_value tree = tr_own_value(TR_LIST(tr_keep(a[1]), tr_keep(a[2])));

	script_started(s, script_text(a[0]), start_tree(tree));
}

/* Children name themselves. */
static void report(const struct script *s, const char *what, tr_started started)
{
	char text[60];

	if (started.pid.bits != 0) {
		script_log(s, what, tr_pid_value(started.pid));
		return;
	}
	snprintf(text, sizeof(text), "%s failed", what);
	if (tr_is_valid(started.reason))
		script_log(s, text, started.reason);
	else
		script_log(s, what, TR_A(undefined));
}

static void op_start_child(struct script *s, const tr_value *a)
{
	tr_child_spec spec = child(a[1]);

	report(s, "start_child", tr_supervisor_start_child(script_pid(s, a[0]), &spec, tr_in(SCRIPT_PATIENCE)));
}

static void op_start_instance(struct script *s, const tr_value *a)
{
	report(s, "start_child",
	       tr_supervisor_start_instance(script_pid(s, a[0]), tr_keep(a[1]), tr_in(SCRIPT_PATIENCE)));
}

static void op_terminate_child(struct script *s, const tr_value *a)
{
	script_err(s, "terminate_child",
		   tr_supervisor_terminate_child(script_pid(s, a[0]), script_text(a[1]), tr_in(SCRIPT_PATIENCE)));
}

static void op_terminate_pid(struct script *s, const tr_value *a)
{
	script_err(s, "terminate_child",
		   tr_supervisor_terminate_pid(script_pid(s, a[0]), script_pid(s, a[1]), tr_in(SCRIPT_PATIENCE)));
}

static void op_restart_child(struct script *s, const tr_value *a)
{
	report(s, "restart_child",
	       tr_supervisor_restart_child(script_pid(s, a[0]), script_text(a[1]), tr_in(SCRIPT_PATIENCE)));
}

static void op_delete_child(struct script *s, const tr_value *a)
{
	script_err(s, "delete_child",
		   tr_supervisor_delete_child(script_pid(s, a[0]), script_text(a[1]), tr_in(SCRIPT_PATIENCE)));
}

static void op_which_children(struct script *s, const tr_value *a)
{
	tr_value all = tr_supervisor_which_children(script_pid(s, a[0]), tr_in(SCRIPT_PATIENCE));

	script_log(s, "children", tr_int((int64_t)tr_array_len(all)));
	for (size_t i = 0; i < tr_array_len(all); i++) {
		tr_value c = tr_array_at(all, i);
		script_log(s, "child",
			   TR_LIST(tr_keep(TR_GET(c, "id")), tr_keep(TR_GET(c, "pid")), tr_keep(TR_GET(c, "type"))));
	}
	tr_drop(all);
}

static void op_count_children(struct script *s, const tr_value *a)
{
	tr_value n = tr_supervisor_count_children(script_pid(s, a[0]), tr_in(SCRIPT_PATIENCE));

	script_log(s, "count",
		   TR_LIST(tr_keep(TR_GET(n, "specs")), tr_keep(TR_GET(n, "active")), tr_keep(TR_GET(n, "supervisors")),
			   tr_keep(TR_GET(n, "workers"))));
	tr_drop(n);
}

const struct script_entry ops_supervisor[] = {
    {"sup", 3, op_sup},
    {"start_child", 2, op_start_child},
    {"start_instance", 2, op_start_instance},
    {"terminate_child", 2, op_terminate_child},
    {"terminate_pid", 2, op_terminate_pid},
    {"restart_child", 2, op_restart_child},
    {"delete_child", 2, op_delete_child},
    {"which_children", 1, op_which_children},
    {"count_children", 1, op_count_children},
    {NULL, 0, NULL},
};
