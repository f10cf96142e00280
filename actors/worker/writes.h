/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Writes of rules and tasks: set_iter, set_vars, set_ctx, set_shared, set_prev and the later dialect's `set`. All
 * values are rendered before the first is applied. Source of the semantics: docs/playbook.md, "Scopes" and "Pipeline".
 */
#ifndef TROUPE_WORKER_WRITES_H
#define TROUPE_WORKER_WRITES_H

#include "actors/worker/render.h"

/** What was written: maps of dotted key -> value, absent when nothing was. */
typedef struct writes {
	tr_value iter, vars, ctx, locals;
	tr_value shared; /* array of [key, reducer (int), value] */
	tr_value prev;   /* absent: not set */
} writes;

void writes_fini(writes *w);
/** Render and add to *w. False with *error set when a template failed or a value does not suit its reducer.
 * `vars_to_iter`: in a parallel loop set_vars writes to the iteration's iter. */
bool writes_render(writes *w, const pb_set *sets, size_t count, bool vars_to_iter, renderer *r, tr_value *error);
/** Apply iter, vars, ctx and locals to what names sees. */
void writes_apply(const writes *w, names *n);
/** Is there anything that writes_payload would add? */
static inline bool writes_any(const writes *w)
{
	return tr_is_valid(w->iter) || tr_is_valid(w->vars) || tr_is_valid(w->ctx) || tr_is_valid(w->locals) ||
	       tr_is_valid(w->shared);
}
/** Add to the payload of an event (taken): iter, vars, ctx, locals, shared, as far as they are there. */
tr_value writes_payload(const writes *w, tr_value payload);
/** An event of its own that carries writes to ctx where no task's event can: of a step's own `set`, of a rule that
 * tries again. Its label is no task's. */
void writes_ctx_event(event_list *events, tr_value ctx, int64_t iteration, int64_t wall_us);
/** The same back from a payload. */
void writes_from_payload(writes *w, tr_value payload);
/** Only what it shared: a fresh array, loaded when the event has a reference to it; absent when there is none. */
tr_value writes_shared_back(tr_value payload);

#endif
