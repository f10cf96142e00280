/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The shared writes of a loop: each iteration says what to add, append, …, and the step run applies it in the order of
 * the iteration index, whatever order iterations finish in. Source of the semantics: docs/playbook.md, "Scopes".
 */
#ifndef TROUPE_WORKER_SHARED_H
#define TROUPE_WORKER_SHARED_H

#include "playbook/model/model.h"

/** May this value be handed to the reducer? add takes numbers, merge mappings, max and min numbers or texts. */
bool shared_suits(pb_reducer reducer, tr_value value);
/** The error of a value that does not suit. */
tr_value shared_error(tr_str key, pb_reducer reducer, tr_value value);
/** `have` (absent at first) reduced with `value`; takes both. Invalid TR_ETYPE when they do not go together. */
tr_value shared_reduce(pb_reducer reducer, tr_value have, tr_value value);

typedef struct shared_cell {
	tr_value key;
	tr_value value;
} shared_cell;

/** What has been reduced so far. */
typedef struct shared_table {
	shared_cell *cells;
	size_t count;
} shared_table;

void shared_fini(shared_table *t);
/** Apply a list of [key, reducer, value] (borrowed). `vars` gives where a key begins. False with *error on a clash. */
bool shared_apply(shared_table *t, tr_value list, tr_value vars, tr_value *error);
/** `vars` (taken) with everything reduced so far put in. */
tr_value shared_into(const shared_table *t, tr_value vars);
/** The same as writes: `writes` (taken, absent: none yet) with each key, dotted as it is, and its value. */
tr_value shared_writes(const shared_table *t, tr_value writes);

#endif
