/* SPDX-License-Identifier: Apache-2.0 */
/* The master of an application: the parent of its tree, from the first start function to the last stop function. */
#include "supervisors/application.h"

#include "runtime/behaviour/gen.h"

static const tr_class application_class = {"application", tr_free};

tr_value application_value(const tr_application *app)
{
	const tr_application **held = tr_alloc(sizeof(*held));

	if (held == NULL)
		return tr_invalid(TR_ENOMEM);
	*held = app;
	return tr_object(&application_class, held);
}

const tr_application *application_of(tr_value v)
{
	const tr_application **held = tr_as_object(v, &application_class);

	return held != NULL ? *held : NULL;
}

/* ---- starting
 * -------------------------------------------------------------------------------------------------------- */

static TR_NORETURN void give_up(tr_pid controller, tr_value reason)
{
	tr_send(controller, TR_LIST(TR_A(error), tr_pid_value(tr_self()), reason));
	tr_exit(TR_A(normal));
}

static bool is_exit_of(void *arg, tr_value message)
{
	const tr_pid *pid = arg;

	return TR_IS_A(tr_array_at(message, 0), exit) && tr_pid_eq(tr_as_pid(tr_array_at(message, 1)), *pid);
}

static void end_tree(tr_pid top)
{
	tr_exit_signal(top, TR_A(shutdown));
	tr_drop(tr_receive_match(is_exit_of, &top, TR_FOREVER));
}

/* Absent, or which phase failed. */
static tr_value run_phases(const tr_application *app, tr_value env)
{
	for (const char *const *phase = app->phases; phase != NULL && *phase != NULL; phase++) {
		tr_err err = app->start_phase != NULL ? app->start_phase(*phase, env) : TR_OK;
		if (err != TR_OK)
			return TR_LIST(tr_atom("start_phase"), tr_string(*phase), gen_err_reason(err));
	}
	return tr_absent();
}

static tr_pid start_tree(const tr_application *app, tr_value env, tr_pid controller)
{
	tr_started started = app->start(env);

	if (started.pid.bits == 0)
		give_up(controller, tr_is_valid(started.reason) ? started.reason : tr_atom("ignore"));
	tr_value failed = run_phases(app, env);
	if (!tr_is_valid(failed))
		return started.pid;
	gen_hold(failed);
	end_tree(started.pid);
	if (app->stop != NULL)
		app->stop(env);
	give_up(controller, gen_release(failed));
}

/* ---- running
 * --------------------------------------------------------------------------------------------------------- */

static TR_NORETURN void stop_tree(const tr_application *app, tr_value env, tr_pid top, tr_value reason)
{
	gen_hold(reason);
	if (app->prep_stop != NULL)
		app->prep_stop(env);
	end_tree(top);
	if (app->stop != NULL)
		app->stop(env);
	tr_exit(gen_release(reason));
}

static TR_NORETURN void tree_ended(const tr_application *app, tr_value env, tr_value reason)
{
	gen_hold(reason);
	if (app->stop != NULL)
		app->stop(env);
	tr_exit(gen_release(reason));
}

/* arg: [application, env, controller] */
static void master(tr_value arg)
{
	const tr_application *app = application_of(tr_array_at(arg, 0));
	tr_value env = tr_array_at(arg, 1);
	tr_pid controller = tr_as_pid(tr_array_at(arg, 2));

	tr_trap_exit(true);
	tr_pid top = start_tree(app, env, controller);
	tr_send(controller, TR_LIST(TR_A(start), tr_pid_value(tr_self()), tr_pid_value(top)));
	for (;;) {
		tr_value m = tr_receive(TR_FOREVER);
		bool stop = TR_IS_A(m, stop);
		tr_pid ended = TR_IS_A(tr_array_at(m, 0), exit) ? tr_as_pid(tr_array_at(m, 1)) : (tr_pid){0};
		tr_value reason = stop ? TR_A(normal) : tr_keep(tr_array_at(m, 2));
		tr_drop(m);
		if (stop || tr_pid_eq(ended, controller))
			stop_tree(app, env, top, reason);
		if (tr_pid_eq(ended, top))
			tree_ended(app, env, reason);
		tr_drop(reason);
	}
}

tr_pid master_start(const tr_application *app, tr_value env)
{
	tr_spawn_options options = {.label = app->name, .link = true};
	tr_value arg = TR_LIST(application_value(app), tr_keep(env), tr_pid_value(tr_self()));

	return tr_spawn_opt(master, arg, &options).pid;
}
