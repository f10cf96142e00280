/* SPDX-License-Identifier: Apache-2.0 */
/** What index.c and index_file.c share. */
#ifndef TROUPE_ACTORS_STORE_INDEX_TABLE_H
#define TROUPE_ACTORS_STORE_INDEX_TABLE_H

#include "actors/store/index.h"

/** The entry, made when it is not there; NULL: no memory. */
index_entry *index_entry_of(index_table *t, int64_t id);
tr_err index_set_folder(index_entry *e, tr_str folder);
/** Take a record of the index, or an event of a log, into account. */
tr_err index_apply(index_table *t, const frame *f);
tr_err index_apply_event(index_table *t, const frame *f);
/** Find entries anew, by positions as they are now. */
tr_err index_slots(index_table *t, size_t count);

#endif
