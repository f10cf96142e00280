/* SPDX-License-Identifier: Apache-2.0 */
/** Making a data folder whole again: what is good stays, what is not is put aside and told. Blocking; no actors. */
#ifndef TROUPE_ACTORS_STORE_REPAIR_H
#define TROUPE_ACTORS_STORE_REPAIR_H

#include "actors/store/file_store.h"

typedef struct repair_result {
	uint64_t logs, artifacts, leftovers; /* that were mended, put aside, removed */
	uint64_t snapshots;                  /* that were of no use and are removed */
	uint64_t holders;                    /* artifacts of which it is now written down who put them */
	uint64_t removed;                    /* executions of which nothing was left */
	uint64_t failed;                     /* that could not be mended */
} repair_result;

/** Takes the folder's lock, so nobody may write there. `report` gets a line for each thing that was done. False:
 * nothing could be done, error->text says why. */
bool repair_store(const char *data, const disk *d, tr_buf *report, repair_result *result, file_store_error *error);

#endif
