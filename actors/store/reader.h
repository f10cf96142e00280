/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Reading a data folder without owning it, also while another process writes to it: an execution's log, and behind it
 * what only the journal has yet. Changes nothing on disk. Blocking; no actors.
 */
#ifndef TROUPE_ACTORS_STORE_READER_H
#define TROUPE_ACTORS_STORE_READER_H

#include "actors/store/layout.h"

/**
 * All events of an execution, in order, as event arrays (event_to_value). TR_ENOENT when there is no such execution.
 * `notes` gets a line for each torn or damaged place, and for a gap in the sequence. A fresh reference; invalid on
 * failure.
 */
tr_value store_read_execution(const char *data, int64_t execution_id, tr_buf *notes);

/** Is there a folder, or a packed log, of this execution? The journal is not asked. */
bool store_has_folder(const char *data, int64_t execution_id);

/** All executions as index_entry_value has them, oldest first; their logs are read only where the index does not know
 * them. Fresh reference. */
tr_value store_list_executions(const char *data);

/** Ids of the executions whose log does not end with their last event, oldest first: array of ints. Fresh. */
tr_value store_unfinished_executions(const char *data);

/** The newest execution's id, 0 when there is none. */
int64_t store_newest_execution(const char *data);

#endif
