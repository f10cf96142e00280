/* SPDX-License-Identifier: Apache-2.0 */
/* The event manager: a generic server over its handlers. */
#include "runtime/actor/hooks.h"
#include "runtime/behaviour/event_handlers.h"
#include "runtime/behaviour/gen.h"

/* A handler's module and ids on their way to the manager. */
struct install {
	const tr_event_handler *mod;
	tr_value arg;
	bool supervised;
};

static void install_free(void *data)
{
	tr_drop(((struct install *)data)->arg);
	tr_free(data);
}

static const tr_class install_class = {"event_handler", install_free};

static tr_value install_value(const tr_event_handler *mod, tr_value arg, bool supervised)
{
	struct install *install = tr_alloc(sizeof(*install));

	if (install == NULL) {
		tr_drop(arg);
		return tr_invalid(TR_ENOMEM);
	}
	*install = (struct install){mod, arg, supervised};
	return tr_object(&install_class, install);
}

/* ---- events
 * ------------------------------------------------------------------------------------------------------------ */

static void every_handler(struct handlers *all, tr_value event, bool info)
{
	struct handler *next;

	for (struct handler *h = all->first; h != NULL; h = next) {
		tr_handled (*handle)(void *, tr_value) = info ? h->mod->handle_info : h->mod->handle_event;
		tr_handled handled = tr_handler_ok();
		if (handle != NULL) {
			const char *function = info ? "handle_info" : "handle_event";
			int64_t traced = kernel_callback_begin(h->mod->name, function, event);
			handled = handle(h->state, event);
			kernel_callback_end(traced, h->mod->name, function);
		}
		next = h->next;
		tr_drop(handlers_follow(all, h, handled));
	}
}

static tr_next manager_cast(void *state, tr_value event)
{
	every_handler(state, event, false);
	return tr_noreply();
}

static tr_next manager_info(void *state, tr_value message)
{
	if (!handlers_guardian_down(state, message))
		every_handler(state, message, true);
	return tr_noreply();
}

/* ---- requests: [what, id, …]
 * ------------------------------------------------------------------------------------------- */

static tr_value error(tr_err err)
{
	return TR_LIST(TR_A(error), tr_int((int64_t)err));
}

/* ok, or [refused, why] (taken). */
static tr_value installed(tr_value why)
{
	return tr_is_valid(why) ? TR_LIST(tr_atom("refused"), why) : TR_A(ok);
}

static tr_value request_add(struct handlers *all, tr_value request, tr_from from)
{
	const struct install *install = tr_as_object(tr_array_at(request, 2), &install_class);
	tr_value id = tr_array_at(request, 1);

	if (install == NULL)
		return error(TR_EINVAL);
	if (handlers_find(all, id) != NULL)
		return error(TR_EEXIST);
	tr_pid guardian = install->supervised ? from.pid : (tr_pid){0};
	return installed(handlers_add(all, install->mod, id, install->arg, guardian));
}

static tr_value request_delete(struct handlers *all, tr_value request, tr_from from)
{
	struct handler *h = handlers_find(all, tr_array_at(request, 1));

	(void)from;
	if (h == NULL)
		return error(TR_ENOENT);
	handlers_tell(h, TR_A(normal));
	return TR_LIST(TR_A(ok), handlers_remove(all, h, tr_array_at(request, 2)));
}

static tr_value request_swap(struct handlers *all, tr_value request, tr_from from)
{
	const struct install *install = tr_as_object(tr_array_at(request, 4), &install_class);
	struct handler *old = handlers_find(all, tr_array_at(request, 1));
	struct handler *taken = handlers_find(all, tr_array_at(request, 3));

	(void)from;
	if (install == NULL)
		return error(TR_EINVAL);
	if (taken != NULL && taken != old)
		return error(TR_EEXIST);
	bool absent = old == NULL;
	tr_value why =
	    handlers_swap(all, old, tr_array_at(request, 2), install->mod, tr_array_at(request, 3), install->arg);
	return !tr_is_valid(why) && absent ? error(TR_ENOENT) : installed(why);
}

static tr_value request_notify(struct handlers *all, tr_value request, tr_from from)
{
	(void)from;
	every_handler(all, tr_array_at(request, 1), false);
	return TR_A(ok);
}

static tr_value request_call(struct handlers *all, tr_value request, tr_from from)
{
	struct handler *h = handlers_find(all, tr_array_at(request, 1));

	(void)from;
	if (h == NULL)
		return error(TR_ENOENT);
	if (h->mod->handle_call == NULL)
		return error(TR_EUNSUPPORTED);
	int64_t traced = kernel_callback_begin(h->mod->name, "handle_call", tr_array_at(request, 2));
	tr_handled handled = h->mod->handle_call(h->state, tr_array_at(request, 2));
	kernel_callback_end(traced, h->mod->name, "handle_call");
	tr_value reply = handlers_follow(all, h, handled);
	return TR_LIST(TR_A(ok), tr_is_valid(reply) ? reply : tr_nil());
}

static tr_value request_which(struct handlers *all, tr_value request, tr_from from)
{
	tr_value ids = tr_array();

	(void)request;
	(void)from;
	for (const struct handler *h = all->first; h != NULL; h = h->next)
		ids = tr_array_push(ids, tr_keep(h->id));
	return TR_LIST(TR_A(ok), ids);
}

static const struct {
	const char *what;
	tr_value (*run)(struct handlers *all, tr_value request, tr_from from);
} requests[] = {
    {"add", request_add},       {"delete", request_delete}, {"swap", request_swap},
    {"notify", request_notify}, {"call", request_call},     {"which", request_which},
};

static tr_next manager_call(void *state, tr_value request, tr_from from)
{
	tr_str what = tr_as_str(tr_array_at(request, 0));

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (tr_str_is(what, requests[i].what))
			return tr_next_reply(requests[i].run(state, request, from));
	}
	return tr_next_reply(error(TR_EUNSUPPORTED));
}

/* ---- life
 * ---------------------------------------------------------------------------------------------------------------- */

static void manager_free(void *state)
{
	handlers_free(state);
}

static tr_next manager_init(void *state, tr_value arg)
{
	(void)arg;
	if (tr_own(state, manager_free) != TR_OK)
		return tr_next_stop(TR_A(enomem));
	tr_trap_exit(true);
	return tr_noreply();
}

static void manager_terminate(void *state, tr_value reason)
{
	struct handlers *all = state;

	while (all->first != NULL)
		handlers_leave(all, all->first, tr_keep(reason));
}

static tr_value manager_show(void *state)
{
	struct handlers *all = state;
	tr_value shown = tr_map();

	for (const struct handler *h = all->first; h != NULL; h = h->next)
		shown = tr_map_put(shown, tr_keep(h->id), h->mod->show != NULL ? h->mod->show(h->state) : tr_nil());
	return shown;
}

static const tr_gen_server manager_module = {
    .name = "gen_event",
    .state_size = sizeof(struct handlers),
    .init = manager_init,
    .handle_call = manager_call,
    .handle_cast = manager_cast,
    .handle_info = manager_info,
    .terminate = manager_terminate,
    .show = manager_show,
};

tr_started tr_gen_event_start(const tr_spawn_options *options, int64_t deadline)
{
	return tr_gen_server_start(&manager_module, tr_nil(), options, deadline);
}

tr_started tr_gen_event_start_link(const tr_spawn_options *options, int64_t deadline)
{
	return tr_gen_server_start_link(&manager_module, tr_nil(), options, deadline);
}

/* ---- clients
 * ------------------------------------------------------------------------------------------------------------- */

/* ok, [refused, why], [error, code] or an invalid value (taken). */
static tr_err told(tr_value answer, tr_value *why)
{
	tr_err err = tr_value_err(answer);

	if (why != NULL)
		*why = tr_absent();
	if (TR_IS_A(tr_array_at(answer, 0), error)) {
		err = (tr_err)tr_as_int(tr_array_at(answer, 1), TR_EINVAL);
	} else if (tr_array_len(answer) == 2) {
		err = TR_EINVAL;
		if (why != NULL)
			*why = tr_keep(tr_array_at(answer, 1));
	}
	tr_drop(answer);
	return err;
}

/* [ok, value], [error, code] or an invalid value (taken). */
static tr_value value_of(tr_value answer)
{
	tr_value v = answer;

	if (TR_IS_A(tr_array_at(answer, 0), ok))
		v = tr_keep(tr_array_at(answer, 1));
	else if (tr_is_valid(answer))
		v = tr_invalid((tr_err)tr_as_int(tr_array_at(answer, 1), TR_EINVAL));
	tr_drop(answer);
	return v;
}

static tr_err add(tr_pid manager, const char *id, tr_value install, int64_t deadline, tr_value *why)
{
	return told(tr_call(manager, TR_LIST(tr_atom("add"), tr_string(id), install), deadline), why);
}

tr_err tr_event_add(tr_pid manager, const char *id, const tr_event_handler *handler, tr_value arg, int64_t deadline,
		    tr_value *why)
{
	return add(manager, id, install_value(handler, arg, false), deadline, why);
}

tr_err tr_event_add_sup(tr_pid manager, const char *id, const tr_event_handler *handler, tr_value arg, int64_t deadline,
			tr_value *why)
{
	return add(manager, id, install_value(handler, arg, true), deadline, why);
}

tr_value tr_event_delete(tr_pid manager, const char *id, tr_value reason, int64_t deadline)
{
	return value_of(tr_call(manager, TR_LIST(tr_atom("delete"), tr_string(id), reason), deadline));
}

tr_err tr_event_swap(tr_pid manager, const char *old_id, tr_value reason, const char *id,
		     const tr_event_handler *handler, tr_value arg, int64_t deadline, tr_value *why)
{
	tr_value request =
	    TR_LIST(tr_atom("swap"), tr_string(old_id), reason, tr_string(id), install_value(handler, arg, false));

	return told(tr_call(manager, request, deadline), why);
}

tr_err tr_event_notify(tr_pid manager, tr_value event)
{
	return tr_cast(manager, event);
}

tr_err tr_event_sync_notify(tr_pid manager, tr_value event, int64_t deadline)
{
	return told(tr_call(manager, TR_LIST(tr_atom("notify"), event), deadline), NULL);
}

tr_value tr_event_call(tr_pid manager, const char *id, tr_value request, int64_t deadline)
{
	return value_of(tr_call(manager, TR_LIST(tr_atom("call"), tr_string(id), request), deadline));
}

tr_value tr_event_which(tr_pid manager, int64_t deadline)
{
	return value_of(tr_call(manager, TR_LIST(tr_atom("which")), deadline));
}
