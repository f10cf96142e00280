/* SPDX-License-Identifier: Apache-2.0 */
/* Operations: links, monitors, exit signals. */
#include "tests/conformance/otp/script.h"

static void op_link(struct script *s, const tr_value *a)
{
	tr_link(script_pid(s, a[0]));
}

static void op_unlink(struct script *s, const tr_value *a)
{
	tr_unlink(script_pid(s, a[0]));
}

static void op_trap(struct script *s, const tr_value *a)
{
	(void)s;
	tr_trap_exit(tr_as_bool(a[0], false));
}

static void op_trap_was(struct script *s, const tr_value *a)
{
	script_log(s, "trapped", tr_bool(tr_trap_exit(tr_as_bool(a[0], false))));
}

static void op_monitor(struct script *s, const tr_value *a)
{
	tr_ref ref = tr_monitor(script_pid(s, a[0]));

	world_name(s->world, script_text(a[1]), tr_ref_value(ref));
}

static void op_demonitor(struct script *s, const tr_value *a)
{
	tr_demonitor(tr_as_ref(world_find(s->world, script_text(a[0]))));
}

/* The reason of an actor's end. */
static void op_wait(struct script *s, const tr_value *a)
{
	tr_pid pid = script_pid(s, a[0]);
	tr_value down = tr_own_value(tr_receive_ref(tr_monitor(pid), tr_in(SCRIPT_PATIENCE)));

	if (tr_is_valid(down))
		script_log(s, "ended", TR_LIST(tr_pid_value(pid), tr_keep(tr_array_at(down, 4))));
	else
		script_log(s, SCRIPT_IN_VAIN, tr_pid_value(pid));
}

/* The same when it may have ended already: only that it did. */
static void op_gone(struct script *s, const tr_value *a)
{
	tr_pid pid = script_pid(s, a[0]);
	tr_value down = tr_receive_ref(tr_monitor(pid), tr_in(SCRIPT_PATIENCE));

	script_log(s, tr_is_valid(down) ? "gone" : SCRIPT_IN_VAIN, tr_pid_value(pid));
	tr_drop(down);
}

static void op_exit_signal(struct script *s, const tr_value *a)
{
	tr_exit_signal(script_pid(s, a[0]), tr_keep(a[1]));
}

const struct script_entry ops_relation[] = {
    {"link", 1, op_link},        {"unlink", 1, op_unlink},
    {"trap", 1, op_trap},        {"trap_was", 1, op_trap_was},
    {"monitor", 2, op_monitor},  {"demonitor", 1, op_demonitor},
    {"wait", 1, op_wait},        {"gone", 1, op_gone},
    {"exit", 2, op_exit_signal}, {NULL, 0, NULL},
};
