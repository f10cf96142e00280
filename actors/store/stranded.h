/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Executions whose logs cannot be written, because of something that is wrong with just them: a file stands where the
 * folder should be, the folder belongs to somebody else. All others go on; the records of these stay in the journal,
 * alone in the segment that everything else has left, and their logs are tried again with each full segment, at each
 * start and whenever everything is written out. Blocking; no actors.
 */
#ifndef TROUPE_ACTORS_STORE_STRANDED_H
#define TROUPE_ACTORS_STORE_STRANDED_H

#include "actors/store/file_store_internal.h"

/** Is an error (-errno) one of this log, not of the disk as a whole or the process, which passes or stops everything?
 */
bool stranded_is_own(int os_error);
/** Its log could not be written for such a reason. */
void stranded_note(file_store *s, store_entry *e, int os_error);
/** It could. */
void stranded_over(file_store *s, store_entry *e);
/**
 * Nobody needs segments up to `last` any more but those that are stranded: all that these hold back becomes that
 * segment, and earlier ones go. Where that is too much to be copied each time, the segments stay. The batch must be
 * empty. 0 or -errno, and then everything is as it was.
 */
int stranded_keep(file_store *s, uint64_t last);

#endif
