/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin's actor: a gen_server around the plugin's callbacks. */
#include "plugins/host/instance.h"
#include "plugins/host/command.h"
#include "plugins/host/names.h"
#include "plugins/host/perform.h"
#include <string.h>
#include <troupe/log.h>

typedef struct instance {
	plugin_record *record; /* held; given back by tr_own */
	void *state;           /* the plugin's */
	bool serving;
} instance;

tr_value instance_tag(void)
{
	return tr_atom("$host");
}

tr_value instance_call(const char *id, tr_value what, tr_value a, tr_value b, int64_t deadline)
{
	char name[NAME_SIZE];
	tr_value request = TR_LIST(instance_tag(), what);

	name_instance(name, sizeof(name), id);
	if (tr_is_valid(a))
		request = tr_array_push(request, a);
	if (tr_is_valid(b))
		request = tr_array_push(request, b);
	return tr_call_name(name, request, deadline);
}

static void release_record(void *arg)
{
	record_release(arg);
}

/* Why a callback failed: what it said, else the error's name. Takes reason. */
static tr_value failure(tr_err err, tr_value reason)
{
	return tr_is_valid(reason) ? reason : tr_string(tr_err_text(err == TR_OK ? TR_EINVAL : err));
}

static void tell_desk(const plugin_record *r)
{
	char name[NAME_SIZE];

	name_command(name, sizeof(name), r->m.id);
	tr_send_name(name, TR_LIST(TR_A(start), tr_pid_value(tr_self())));
}

/* The plugin's `start`, then commands may come. */
static tr_value serve(instance *s)
{
	tr_value reason = tr_absent();
	tr_err err = s->record->code.start == NULL ? TR_OK : s->record->code.start(s->state, &reason);

	if (err != TR_OK)
		return TR_LIST(TR_A(error), failure(err, reason));
	tr_drop(reason);
	s->serving = true;
	atomic_store(&s->record->started, true);
	tell_desk(s->record);
	return TR_A(ok);
}

/* Memory for the state of `r`, initialised. NULL with *reason. */
static void *make_state(plugin_record *r, tr_value *reason)
{
	void *state = tr_own_alloc(r->code.state_size == 0 ? 1 : r->code.state_size);

	if (state == NULL) {
		*reason = tr_string("out of memory");
		return NULL;
	}
	tr_value why = tr_absent();
	tr_err err = r->code.init == NULL ? TR_OK : r->code.init(state, r->config, &why);
	if (err == TR_OK) {
		tr_drop(why);
		return state;
	}
	*reason = failure(err, why);
	return NULL;
}

static tr_next instance_init(void *state, tr_value arg)
{
	instance *s = state;
	plugin_host *h = host_of(tr_here());
	tr_value reason = tr_absent();

	tr_trap_exit(true); /* so that `stop` runs, and a linked helper's end can be told to the plugin */
	s->record = h == NULL ? NULL : plugins_find(h, tr_as_cstr(arg, ""));
	if (s->record == NULL)
		return tr_next_stop(TR_A(not_found));
	if (tr_own(s->record, release_record) != TR_OK || callers_enter(s->record, tr_absent()) != TR_OK)
		return tr_next_stop(TR_A(enomem));
	atomic_store(&s->record->in_hook, false); /* an instance before this one may have ended in a hook */
	tr_set_note(tr_keep(s->record->id));
	s->state = make_state(s->record, &reason);
	if (s->state == NULL)
		return tr_next_stop(reason);
	if (!atomic_load(&s->record->started))
		return tr_noreply(); /* the manager starts it when all are initialised */
	tr_value started = serve(s);
	if (TR_IS_A(started, ok))
		return tr_noreply();
	return tr_next_stop(started);
}

/* ---- what the host asks
 * ----------------------------------------------------------------------------------------------- */

static tr_value run_hook(instance *s, tr_value point, tr_value context)
{
	tr_value reason = tr_absent();

	if (s->record->code.hook == NULL)
		return TR_A(ok);
	atomic_store(&s->record->in_hook, true);
	tr_value changed = s->record->code.hook(s->state, tr_as_cstr(point, ""), context, NULL, NULL, &reason);
	atomic_store(&s->record->in_hook, false);
	if (tr_is_valid(changed)) {
		tr_drop(reason);
		return TR_LIST(TR_A(ok), changed);
	}
	if (tr_value_err(changed) == TR_OK && !tr_is_valid(reason))
		return TR_A(ok);
	return TR_LIST(TR_A(error), failure(tr_value_err(changed), reason));
}

static tr_value upgrade(instance *s, plugin_record *newer)
{
	plugin_record *old = s->record;
	tr_value reason = tr_absent();
	/* From here on this actor acts for the new version, until it turns out that it does not. */
	void *state = newer == NULL || callers_enter(newer, tr_absent()) != TR_OK ? NULL : make_state(newer, &reason);

	if (state == NULL) {
		callers_enter(old, tr_absent());
		return TR_LIST(TR_A(error), failure(TR_EINVAL, reason));
	}
	tr_err err = tr_own(record_hold(newer), release_record);
	if (err == TR_OK && newer->code.upgrade != NULL)
		err = newer->code.upgrade(state, old->m.version_text, s->state);
	else if (err == TR_OK && newer->code.start != NULL)
		err = newer->code.start(state, &reason);
	if (err != TR_OK) {
		if (newer->code.stop != NULL)
			newer->code.stop(state);
		callers_enter(old, tr_absent());
		return TR_LIST(TR_A(error), failure(err, reason));
	}
	tr_drop(reason);
	if (newer->code.upgrade == NULL && old->code.stop != NULL)
		old->code.stop(s->state);
	s->record = newer; /* the old state and record stay until this actor ends: commands may still look at them */
	s->state = state;
	atomic_store(&newer->started, true);
	return TR_A(ok);
}

static tr_value health(instance *s)
{
	tr_value v = s->record->code.health == NULL ? TR_A(ok) : s->record->code.health(s->state);

	return tr_is_valid(v) ? v : TR_LIST(TR_A(error), tr_string("health gave nothing"));
}

static tr_value host_request(instance *s, tr_value request)
{
	const char *what = tr_as_cstr(tr_array_at(request, 1), "");

	if (strcmp(what, "start") == 0)
		return s->serving ? TR_A(ok) : serve(s);
	if (strcmp(what, "hook") == 0)
		return run_hook(s, tr_array_at(request, 2), tr_array_at(request, 3));
	if (strcmp(what, "upgrade") == 0)
		return upgrade(s, record_of(tr_array_at(request, 2)));
	if (strcmp(what, "health") == 0)
		return health(s);
	return TR_LIST(TR_A(error), TR_A(badarg));
}

/* ---- messages
 * ---------------------------------------------------------------------------------------------------------- */

static tr_next instance_call_in(void *state, tr_value request, tr_from from)
{
	instance *s = state;

	if (tr_equal(tr_array_at(request, 0), instance_tag()))
		return tr_next_reply(host_request(s, request));
	if (s->record->code.call == NULL)
		return tr_next_reply(TR_LIST(TR_A(error), tr_stringf("plugin %s answers no calls", s->record->m.id)));
	tr_value reply = s->record->code.call(s->state, request, from);
	if (tr_is_valid(reply))
		return tr_next_reply(reply);
	if (tr_value_err(reply) != TR_OK)
		return tr_next_reply(TR_LIST(TR_A(error), tr_string(tr_err_text(tr_value_err(reply)))));
	return tr_noreply();
}

static tr_next instance_cast_in(void *state, tr_value request)
{
	instance *s = state;

	if (s->record->code.cast != NULL)
		s->record->code.cast(s->state, request);
	return tr_noreply();
}

static tr_value run_command(void *arg, tr_value command)
{
	instance *s = arg;

	if (s->record->code.command != NULL)
		return s->record->code.command(s->state, command);
	return s->record->code.pure == NULL ? tr_absent()
					    : s->record->code.pure(s->record->config, tr_map_get_s(command, "input"));
}

/* [job, desk, command] or [job, desk, command, behalf] */
static void run_job(instance *s, tr_value message)
{
	bool behalf = tr_is_valid(tr_array_at(message, 3));

	if (behalf)
		callers_serve(s->record->host, tr_array_at(message, 3));
	tr_value outcome = plugin_perform(s->record, tr_array_at(message, 2), run_command, s);
	if (behalf)
		callers_serve(s->record->host, tr_absent());
	tr_send(tr_as_pid(tr_array_at(message, 1)), TR_LIST(TR_A(done), tr_pid_value(tr_self()), outcome));
}

/* A linked helper ended. A plugin that takes messages is told; for others a crash of a helper is theirs too. */
static tr_next helper_ended(instance *s, tr_value message)
{
	tr_value reason = tr_array_at(message, 2);

	if (s->record->code.info != NULL) {
		s->record->code.info(s->state, message);
		return tr_noreply();
	}
	if (TR_IS_A(reason, normal) || TR_IS_A(reason, shutdown))
		return tr_noreply();
	return tr_next_stop(TR_LIST(tr_atom("helper_ended"), tr_keep(reason)));
}

static tr_next instance_info_in(void *state, tr_value message)
{
	instance *s = state;
	tr_value first = tr_array_at(message, 0);

	if (TR_IS_A(first, job) && tr_array_len(message) >= 3) {
		run_job(s, message);
		return tr_noreply();
	}
	if (TR_IS_A(first, exit) && tr_array_len(message) == 3)
		return helper_ended(s, message);
	if (s->record->code.info != NULL)
		s->record->code.info(s->state, message);
	return tr_noreply();
}

static void instance_terminate(void *state, tr_value reason)
{
	instance *s = state;

	(void)reason;
	if (s->state != NULL && s->record->code.stop != NULL)
		s->record->code.stop(s->state);
}

static tr_value instance_show(void *state)
{
	instance *s = state;

	if (s->record == NULL)
		return tr_nil();
	return TR_DICT("plugin", tr_keep(s->record->id), "version", tr_string(s->record->m.version_text), "serving",
		       tr_bool(s->serving));
}

const tr_gen_server instance_server = {
    .name = "plugin",
    .state_size = sizeof(instance),
    .init = instance_init,
    .handle_call = instance_call_in,
    .handle_cast = instance_cast_in,
    .handle_info = instance_info_in,
    .terminate = instance_terminate,
    .show = instance_show,
};
