/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The logs of executions that are over, written beside the store: nobody who waits for an append waits for folders to
 * be made. What is not written yet stands in the journal, which is not forgotten while some of them are out.
 */
#ifndef TROUPE_ACTORS_STORE_FINISHED_H
#define TROUPE_ACTORS_STORE_FINISHED_H

#include "actors/store/file_store.h"

typedef struct finished finished;

/** How many are over and not taken yet. */
size_t finished_waiting(const file_store *s);
/** Take those that are over out of the store. NULL: there are none, or some are out already, or memory is short (then
 * they stay where they are). */
finished *finished_take(file_store *s);
/** Write their logs: on any thread, beside whatever the store does. */
void finished_write(finished *f);
/** For the abrupt end of the store: nothing is written any more when this returns, which takes one log at most. */
void finished_stop(finished *f);
/** They are back (finished_write is over, or will do nothing): those whose logs could not be written belong to the
 * store again. */
void finished_give_back(finished *f, file_store *s);

/** For two actors to hold (takes it), and back (borrowed). What was never given back is only in the journal. */
tr_value finished_value(finished *f);
finished *finished_of(tr_value v);

#endif
