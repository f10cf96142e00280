/* SPDX-License-Identifier: Apache-2.0 */
/** The parts of a repair that take nothing away from the truth: snapshots, and who put artifacts. Blocking; no actors.
 */
#ifndef TROUPE_ACTORS_STORE_MEND_H
#define TROUPE_ACTORS_STORE_MEND_H

#include "actors/store/disk.h"
#include "actors/store/layout.h"

/** Remove the snapshots of a plain log that are damaged or do not fit it; how many. `report` gets a line for each. */
uint64_t mend_snapshots(const char *data, const disk *d, const char *folder, int64_t id, tr_buf *report);
/** What is wrong with each of them, in the words of verify; each(arg, file below the data folder, what). `last` is the
 * seq of the execution's last event, in log or journal. */
void mend_check_snapshots(const char *data, const char *folder, int64_t id, uint64_t last,
			  void (*each)(void *arg, const char *file, uint64_t seq, const char *what), void *arg);
/** Artifacts that are older than the lists of those who put them get theirs from the logs; how many. */
uint64_t mend_holders(const char *data);

#endif
