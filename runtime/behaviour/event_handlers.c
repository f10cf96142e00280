/* SPDX-License-Identifier: Apache-2.0 */
/* The handlers of an event manager. */
#include "runtime/behaviour/event_handlers.h"

#include "runtime/actor/hooks.h"
#include "runtime/behaviour/gen.h"

static void handler_free(struct handler *h)
{
	tr_drop(h->id);
	tr_free(h->state);
	tr_free(h);
}

static struct handler *handler_new(const tr_event_handler *mod, tr_value id, tr_pid guardian)
{
	struct handler *h = tr_alloc(sizeof(*h));

	if (h == NULL)
		return NULL;
	h->mod = mod;
	h->id = tr_keep(id);
	h->guardian = guardian;
	h->state = tr_alloc(mod->state_size + 1);
	if (h->state != NULL)
		return h;
	handler_free(h);
	return NULL;
}

static void unlist(struct handlers *all, struct handler *h)
{
	struct handler **at = &all->first;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
}

/* It is listed before its init runs, so that it is freed should init exit. */
tr_value handlers_add(struct handlers *all, const tr_event_handler *mod, tr_value id, tr_value arg, tr_pid guardian)
{
	struct handler *h = handler_new(mod, id, guardian);

	if (h == NULL)
		return TR_A(enomem);
	h->next = all->first;
	all->first = h;
	int64_t traced = kernel_callback_begin(mod->name, "init", arg);
	tr_value why = mod->init(h->state, arg);
	kernel_callback_end(traced, mod->name, "init");
	if (tr_is_valid(why)) {
		unlist(all, h);
		handler_free(h);
	} else if (guardian.bits != 0) {
		h->watch = tr_monitor(guardian);
	}
	return why;
}

struct handler *handlers_find(struct handlers *all, tr_value id)
{
	struct handler *h = all->first;

	while (h != NULL && !tr_equal(h->id, id))
		h = h->next;
	return h;
}

tr_value handlers_remove(struct handlers *all, struct handler *h, tr_value reason)
{
	tr_value last = tr_absent();

	if (h->mod->terminate != NULL) {
		int64_t traced = kernel_callback_begin(h->mod->name, "terminate", reason);
		last = h->mod->terminate(h->state, reason);
		kernel_callback_end(traced, h->mod->name, "terminate");
	}
	if (h->watch.bits != 0)
		tr_demonitor(h->watch);
	unlist(all, h);
	handler_free(h);
	return tr_is_valid(last) ? last : tr_nil();
}

void handlers_tell(const struct handler *h, tr_value reason)
{
	if (h->guardian.bits != 0)
		tr_send(h->guardian, TR_LIST(tr_atom("gen_event_EXIT"), tr_keep(h->id), tr_keep(reason)));
}

void handlers_leave(struct handlers *all, struct handler *h, tr_value reason)
{
	gen_hold(reason);
	handlers_tell(h, reason);
	tr_drop(handlers_remove(all, h, reason));
	tr_drop(gen_release(reason));
}

/* As OTP: the guardian hears which handler it is the guardian of from now on. */
static void tell_swapped(const struct handler *h, tr_value id)
{
	tr_value reason = TR_LIST(tr_atom("swapped"), tr_keep(id), tr_pid_value(h->guardian));

	handlers_tell(h, reason);
	tr_drop(reason);
}

tr_value handlers_swap(struct handlers *all, struct handler *h, tr_value reason, const tr_event_handler *mod,
		       tr_value id, tr_value arg)
{
	tr_pid guardian = {0};
	tr_value last = TR_A(error);

	if (h != NULL) {
		guardian = h->guardian;
		tell_swapped(h, id);
		last = handlers_remove(all, h, reason);
	}
	tr_value both = TR_LIST(tr_is_valid(arg) ? tr_keep(arg) : tr_nil(), last);
	gen_hold(both);
	tr_value why = handlers_add(all, mod, id, both, guardian);
	tr_drop(gen_release(both));
	if (tr_is_valid(why) && guardian.bits != 0)
		tr_send(guardian, TR_LIST(tr_atom("gen_event_EXIT"), tr_keep(id), tr_keep(why)));
	return why;
}

static void swap_itself(struct handlers *all, struct handler *h, const tr_handled *handled)
{
	tr_value id = tr_string(handled->next->name);

	tr_drop(handlers_swap(all, h, handled->reason, handled->next, id, handled->next_arg));
	tr_drop(id);
	tr_drop(handled->reason);
	tr_drop(handled->next_arg);
}

tr_value handlers_follow(struct handlers *all, struct handler *h, tr_handled handled)
{
	switch (handled.kind) {
	case TR_HANDLED_OK:
		break;
	case TR_HANDLED_REMOVE:
		handlers_leave(all, h, handled.reason);
		break;
	case TR_HANDLED_SWAP:
		swap_itself(all, h, &handled);
		break;
	}
	return handled.reply;
}

static struct handler *watched_by(struct handlers *all, tr_ref watch)
{
	struct handler *h = all->first;

	while (h != NULL && (h->watch.bits == 0 || !tr_ref_eq(h->watch, watch)))
		h = h->next;
	return h;
}

bool handlers_guardian_down(struct handlers *all, tr_value down)
{
	struct handler *h = watched_by(all, tr_as_ref(tr_array_at(down, 1)));

	if (!TR_IS_A(tr_array_at(down, 0), down) || h == NULL)
		return false;
	tr_value reason = TR_LIST(TR_A(stop), tr_keep(tr_array_at(down, 4)));
	gen_hold(reason);
	tr_drop(handlers_remove(all, h, reason));
	tr_drop(gen_release(reason));
	return true;
}

void handlers_free(struct handlers *all)
{
	while (all->first != NULL) {
		struct handler *h = all->first;
		all->first = h->next;
		handler_free(h);
	}
}
