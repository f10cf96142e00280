/* SPDX-License-Identifier: Apache-2.0 */
/* The application controller: which applications are known, which run, and who waits for them. */
#include "supervisors/application.h"

#include "runtime/behaviour/gen.h"
#include "runtime/behaviour/report.h"

#include <string.h>

enum app_state {
	APP_LOADED,
	APP_STARTING,
	APP_RUNNING,
	APP_STOPPING
};

struct waiter {
	struct waiter *next;
	tr_from from;
};

struct app {
	struct app *next;
	const tr_application *def;
	tr_value env;
	enum app_state state;
	tr_application_type type;
	tr_pid master;
	tr_pid top;
	struct waiter *waiters; /* STARTING: for the start, STOPPING: for the end */
};

struct controller {
	struct app *first; /* running ones in front, the newest first */
};

/* ---- the list
 * -------------------------------------------------------------------------------------------------------- */

static struct app *find(struct controller *c, const char *name)
{
	struct app *app = c->first;

	while (app != NULL && strcmp(app->def->name, name) != 0)
		app = app->next;
	return app;
}

static struct app *find_master(struct controller *c, tr_pid master)
{
	struct app *app = c->first;

	while (app != NULL && !tr_pid_eq(app->master, master))
		app = app->next;
	return app;
}

static void unlist(struct controller *c, struct app *app)
{
	struct app **at = &c->first;

	while (*at != app)
		at = &(*at)->next;
	*at = app->next;
}

static void to_front(struct controller *c, struct app *app)
{
	unlist(c, app);
	app->next = c->first;
	c->first = app;
}

static void app_free(struct app *app)
{
	while (app->waiters != NULL) {
		struct waiter *w = app->waiters;
		app->waiters = w->next;
		tr_free(w);
	}
	tr_drop(app->env);
	tr_free(app);
}

/* ---- answers: [code] or [code, why]
 * ------------------------------------------------------------------------------------ */

static tr_value said(tr_err err)
{
	return TR_LIST(tr_int((int64_t)err));
}

static tr_next say(tr_err err)
{
	return tr_next_reply(said(err));
}

static tr_next wait_for(struct app *app, tr_from from)
{
	struct waiter *w = tr_alloc(sizeof(*w));

	if (w == NULL)
		return say(TR_ENOMEM);
	w->from = from;
	w->next = app->waiters;
	app->waiters = w;
	return tr_noreply();
}

/* Takes the answer. */
static void tell_waiters(struct app *app, tr_value answer)
{
	while (app->waiters != NULL) {
		struct waiter *w = app->waiters;
		app->waiters = w->next;
		tr_reply(w->from, tr_keep(answer));
		tr_free(w);
	}
	tr_drop(answer);
}

/* ---- requests
 * ---------------------------------------------------------------------------------------------------------- */

static tr_next load(struct controller *c, tr_value request, tr_from from)
{
	const tr_application *def = application_of(tr_array_at(request, 1));

	(void)from;
	if (def == NULL || def->name == NULL || def->start == NULL)
		return say(TR_EINVAL);
	if (find(c, def->name) != NULL)
		return say(TR_EEXIST);
	struct app *app = tr_alloc(sizeof(*app));
	if (app == NULL)
		return say(TR_ENOMEM);
	app->def = def;
	app->env = def->env != NULL ? def->env() : tr_map();
	struct app **at = &c->first;
	while (*at != NULL)
		at = &(*at)->next;
	*at = app;
	return say(tr_is_valid(app->env) ? TR_OK : tr_value_err(app->env));
}

static tr_next unload(struct controller *c, tr_value request, tr_from from)
{
	struct app *app = find(c, tr_as_cstr(tr_array_at(request, 1), ""));

	(void)from;
	if (app == NULL)
		return say(TR_ENOENT);
	if (app->state != APP_LOADED)
		return say(TR_EBUSY);
	unlist(c, app);
	app_free(app);
	return say(TR_OK);
}

/* The first application that this one needs and that does not run; NULL when all do. */
static const char *missing(struct controller *c, const tr_application *def)
{
	for (const char *const *need = def->needs; need != NULL && *need != NULL; need++) {
		struct app *app = find(c, *need);
		if (app == NULL || app->state != APP_RUNNING)
			return *need;
	}
	return NULL;
}

static tr_next start(struct controller *c, tr_value request, tr_from from)
{
	struct app *app = find(c, tr_as_cstr(tr_array_at(request, 1), ""));

	if (app == NULL)
		return say(TR_ENOENT);
	if (app->state == APP_RUNNING)
		return say(TR_OK);
	if (app->state == APP_STARTING)
		return wait_for(app, from);
	if (app->state == APP_STOPPING)
		return say(TR_EBUSY);
	const char *need = missing(c, app->def);
	if (need != NULL)
		return tr_next_reply(TR_LIST(tr_int(TR_EBUSY), TR_LIST(tr_atom("not_started"), tr_string(need))));
	app->master = master_start(app->def, app->env);
	if (app->master.bits == 0)
		return say(TR_ENOMEM);
	app->state = APP_STARTING;
	app->type = (tr_application_type)tr_as_int(tr_array_at(request, 2), TR_APP_TEMPORARY);
	return wait_for(app, from);
}

static tr_next stop(struct controller *c, tr_value request, tr_from from)
{
	struct app *app = find(c, tr_as_cstr(tr_array_at(request, 1), ""));

	if (app == NULL || app->state == APP_LOADED)
		return say(TR_ENOENT);
	if (app->state == APP_STARTING)
		return say(TR_EBUSY);
	if (app->state == APP_RUNNING)
		tr_send(app->master, TR_A(stop));
	app->state = APP_STOPPING;
	return wait_for(app, from);
}

static tr_next get_env(struct controller *c, tr_value request, tr_from from)
{
	struct app *app = find(c, tr_as_cstr(tr_array_at(request, 1), ""));
	tr_value v = app != NULL ? tr_map_get(app->env, tr_array_at(request, 2)) : tr_absent();

	(void)from;
	return tr_next_reply(tr_is_valid(v) ? TR_LIST(tr_int(TR_OK), tr_keep(v)) : said(TR_ENOENT));
}

static tr_next set_env(struct controller *c, tr_value request, tr_from from)
{
	struct app *app = find(c, tr_as_cstr(tr_array_at(request, 1), ""));

	(void)from;
	if (app == NULL)
		return say(TR_ENOENT);
	tr_value env =
	    tr_map_put(tr_keep(app->env), tr_keep(tr_array_at(request, 2)), tr_keep(tr_array_at(request, 3)));
	if (!tr_is_valid(env))
		return say(tr_value_err(env));
	tr_assign(&app->env, env);
	return say(TR_OK);
}

static tr_value text_or_nil(const char *z)
{
	return z != NULL ? tr_string(z) : tr_nil();
}

static tr_next which(struct controller *c, tr_value request, tr_from from)
{
	static const char *const types[] = {"temporary", "transient", "permanent"};
	tr_value list = tr_array();

	(void)request;
	(void)from;
	for (const struct app *app = c->first; app != NULL; app = app->next) {
		if (app->state == APP_RUNNING)
			list = tr_array_push(
			    list, TR_DICT("name", tr_string(app->def->name), "description",
					  text_or_nil(app->def->description), "version", text_or_nil(app->def->version),
					  "top", tr_pid_value(app->top), "type", tr_string(types[app->type])));
	}
	return tr_next_reply(TR_LIST(tr_int(TR_OK), list));
}

static const struct {
	const char *what;
	tr_next (*run)(struct controller *c, tr_value request, tr_from from);
} requests[] = {
    {"load", load},   {"unload", unload},   {"start", start},     {"stop", stop},
    {"which", which}, {"get_env", get_env}, {"set_env", set_env},
};

static tr_next controller_call(void *state, tr_value request, tr_from from)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (tr_str_is(tr_as_str(tr_array_at(request, 0)), requests[i].what))
			return requests[i].run(state, request, from);
	}
	return say(TR_EUNSUPPORTED);
}

/* ---- what masters tell
 * --------------------------------------------------------------------------------------------------- */

static tr_next started(struct controller *c, struct app *app, tr_value top)
{
	app->state = APP_RUNNING;
	app->top = tr_as_pid(top);
	to_front(c, app);
	tell_waiters(app, said(TR_OK));
	return tr_noreply();
}

static void forget_run(struct app *app, tr_value answer)
{
	app->state = APP_LOADED;
	app->master = app->top = (tr_pid){0};
	tell_waiters(app, answer);
}

static void report_end(const struct app *app, tr_value reason)
{
	if (report_wanted(TR_NOTICE))
		report_send(TR_NOTICE, TR_DICT("report", tr_string("application_ended"), "pid", tr_pid_value(tr_self()),
					       "application", tr_string(app->def->name), "reason", tr_keep(reason)));
}

/* A master has ended. */
static tr_next ended(struct app *app, tr_value reason)
{
	enum app_state was = app->state;
	bool fatal = app->type == TR_APP_PERMANENT || (app->type == TR_APP_TRANSIENT && !TR_IS_A(reason, normal));

	if (was == APP_STARTING) { /* it was killed before it could tell */
		forget_run(app, TR_LIST(tr_int(TR_EINVAL), tr_keep(reason)));
		return tr_noreply();
	}
	forget_run(app, said(TR_OK));
	if (was == APP_STOPPING)
		return tr_noreply();
	report_end(app, reason);
	if (!fatal)
		return tr_noreply();
	return tr_next_stop(TR_LIST(tr_atom("application_terminated"), tr_string(app->def->name), tr_keep(reason)));
}

static tr_next controller_info(void *state, tr_value message)
{
	struct controller *c = state;
	tr_value tag = tr_array_at(message, 0);
	struct app *app = find_master(c, tr_as_pid(tr_array_at(message, 1)));
	tr_value what = tr_array_at(message, 2);

	if (app == NULL || app->master.bits == 0)
		return tr_noreply();
	if (TR_IS_A(tag, start) && app->state == APP_STARTING)
		return started(c, app, what);
	if (TR_IS_A(tag, error) && app->state == APP_STARTING)
		forget_run(app, TR_LIST(tr_int(TR_EINVAL), tr_keep(what)));
	else if (TR_IS_A(tag, exit))
		return ended(app, what);
	return tr_noreply();
}

/* ---- life
 * -------------------------------------------------------------------------------------------------------------- */

static void controller_free(void *state)
{
	struct controller *c = state;

	while (c->first != NULL) {
		struct app *app = c->first;
		c->first = app->next;
		app_free(app);
	}
}

static tr_next controller_init(void *state, tr_value arg)
{
	(void)arg;
	if (tr_own(state, controller_free) != TR_OK)
		return tr_next_stop(TR_A(enomem));
	tr_trap_exit(true);
	return tr_noreply();
}

/* Stop what runs, the newest first. */
static void controller_terminate(void *state, tr_value reason)
{
	struct controller *c = state;

	(void)reason;
	for (struct app *app = c->first; app != NULL; app = app->next) {
		if (app->master.bits == 0)
			continue;
		tr_ref end = tr_monitor(app->master);
		tr_send(app->master, TR_A(stop));
		tr_drop(tr_receive_ref(end, TR_FOREVER));
		app->master = (tr_pid){0};
	}
}

static const tr_gen_server controller_module = {
    .name = CONTROLLER_NAME,
    .state_size = sizeof(struct controller),
    .init = controller_init,
    .handle_call = controller_call,
    .handle_info = controller_info,
    .terminate = controller_terminate,
};

static const tr_spawn_options as_controller = {.name = CONTROLLER_NAME};

tr_started tr_application_controller_start_link(void)
{
	return tr_gen_server_start_link(&controller_module, tr_nil(), &as_controller, TR_FOREVER);
}

tr_started tr_node_application_controller(tr_node *node)
{
	return tr_node_gen_server(node, &controller_module, tr_nil(), &as_controller);
}
