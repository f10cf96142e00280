/* SPDX-License-Identifier: Apache-2.0 */
/* The handlers of an event manager: adding, running, removing and swapping them. */
#ifndef TROUPE_RUNTIME_BEHAVIOUR_EVENT_HANDLERS_H
#define TROUPE_RUNTIME_BEHAVIOUR_EVENT_HANDLERS_H

#include <troupe/gen_event.h>

struct handler {
	struct handler *next;
	const tr_event_handler *mod;
	tr_value id;
	void *state;
	tr_pid guardian; /* of a supervised handler: who added it; else 0 */
	tr_ref watch;    /* monitor of the guardian */
};

struct handlers {
	struct handler *first; /* newest first */
};

/* A new handler of `mod` whose init was run. Absent, or why not. */
tr_value handlers_add(struct handlers *all, const tr_event_handler *mod, tr_value id, tr_value arg, tr_pid guardian);
struct handler *handlers_find(struct handlers *all, tr_value id);
/* Tell the guardian, if there is one, why its handler leaves. Borrows reason. */
void handlers_tell(const struct handler *h, tr_value reason);
/* Run its terminate and forget it. What terminate returned, nil when nothing. Borrows reason. */
tr_value handlers_remove(struct handlers *all, struct handler *h, tr_value reason);
/* Tell the guardian, if any, and remove. Takes reason. */
void handlers_leave(struct handlers *all, struct handler *h, tr_value reason);
/* Replace; the new one's init is given [arg, what the old terminate returned]. Takes no value. Absent, or why not. */
tr_value handlers_swap(struct handlers *all, struct handler *h, tr_value reason, const tr_event_handler *mod,
		       tr_value id, tr_value arg);
/* Do what a callback said; its reply (fresh, or absent). */
tr_value handlers_follow(struct handlers *all, struct handler *h, tr_handled handled);
/* The actor this DOWN is about guarded handlers of ours: remove them. False when it did not. */
bool handlers_guardian_down(struct handlers *all, tr_value down);
void handlers_free(struct handlers *all);

#endif
