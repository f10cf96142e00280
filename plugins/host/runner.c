/* SPDX-License-Identifier: Apache-2.0 */
/* One command, one actor. */
#include "plugins/host/runner.h"
#include "plugins/host/perform.h"

typedef struct run {
	plugin_record *record;
	tr_pid instance;
} run;

static tr_value run_plugin(void *arg, tr_value command)
{
	const run *r = arg;

	return r->record->code.run(r->record->config, r->instance, command);
}

/* arg: [record, desk, instance, command, behalf]; it holds the record, and with it the code, until the actor has ended.
 */
static void runner_body(tr_value arg)
{
	plugin_record *r = record_of(tr_array_at(arg, 0));
	tr_pid desk = tr_as_pid(tr_array_at(arg, 1));

	if (callers_enter(r, tr_array_at(arg, 4)) != TR_OK)
		tr_exit(TR_A(enomem));
	tr_set_note(tr_keep(r->id));
	run what = {r, tr_as_pid(tr_array_at(arg, 2))};
	tr_value outcome = plugin_perform(r, tr_array_at(arg, 3), run_plugin, &what);
	tr_send(desk, TR_LIST(TR_A(done), tr_pid_value(tr_self()), outcome));
}

tr_spawned runner_spawn(plugin_record *r, tr_pid instance, tr_value command, tr_value behalf)
{
	tr_spawn_options options = {.label = "plugin command", .link = true};
	tr_value arg = TR_LIST(record_value(r), tr_pid_value(tr_self()), tr_pid_value(instance), tr_keep(command));

	if (tr_is_valid(behalf))
		arg = tr_array_push(arg, tr_keep(behalf));
	if (!tr_is_valid(arg))
		return (tr_spawned){.err = tr_value_err(arg)};
	return tr_spawn_opt(runner_body, arg, &options);
}

tr_value runner_job(tr_value command, tr_value behalf)
{
	tr_value job = TR_LIST(TR_A(job), tr_pid_value(tr_self()), tr_keep(command));

	return tr_is_valid(behalf) ? tr_array_push(job, tr_keep(behalf)) : job;
}
