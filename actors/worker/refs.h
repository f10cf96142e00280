/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Results by reference. A value over the inline limit goes to the artifact store and travels as a ResultRef; a template
 * that takes something from a ResultRef loads it then, and only then. A manifest is a list in parts, each part a
 * ResultRef. Source of the semantics: docs/playbook.md, "Events" and "Results and tools".
 */
#ifndef TROUPE_WORKER_REFS_H
#define TROUPE_WORKER_REFS_H

#include "actors/worker/keep_policy.h"

#include <troupe/actor.h>

/** Is it a ResultRef or a manifest of them? */
bool refs_is(tr_value v);
/** How many levels below a value references are looked for. */
#define REFS_DEPTH 5
/** Is there a reference in v, so many levels below it? */
bool refs_any(tr_value v, int depth);
/** v with each reference in it replaced by a value that loads it when used. Takes v, gives it back when there is none
 * in it. */
tr_value refs_wrap(tr_value v, int depth);
/** v with everything that is still to be loaded loaded. Takes v. Invalid when a load failed. */
tr_value refs_force(tr_value v);
/** The value behind a reference or manifest (fresh); invalid TR_ENOENT when the store does not have it. May block. */
tr_value refs_load(tr_value ref);
/** What a reference gives without being loaded: itself as `_ref`, and the parts that its policy selected. Fresh
 * reference or absent. */
tr_value refs_known(tr_value ref, tr_str name);

/** Where a value came from: part of the reference's address. */
typedef struct refs_origin {
	int64_t execution_id;
	tr_str step;
	tr_str label;
	const pure_table *pures; /* who is asked where it goes; NULL: it has to be looked up */
} refs_origin;

/** Are its msgpack bytes more than `limit`? */
bool refs_is_large(tr_value v, size_t limit);
/** Put v (taken) where the controller `result` says: its ResultRef, or v itself when it is to stay, or no store takes
 * it. `policy` may be NULL. May block. */
tr_value refs_put(tr_value v, const refs_origin *origin, const keep_policy *policy);
/** The event as it is to be kept: without secrets, and with its large parts put into the store: results as the policy
 * has it, other parts over its limit. A part that is there twice is put once. */
void refs_keep_event(event *e, const refs_origin *origin, const keep_policy *policy);
/** Has the node no secrets that are to be hidden? */
bool refs_no_secrets(void);
/** Is it that already, as long as there is neither a policy nor a secret? Looks at no more than a few parts. */
bool refs_event_is_plain(const event *e);

#endif
