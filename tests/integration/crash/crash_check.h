/* SPDX-License-Identifier: Apache-2.0 */
/** What the logs of a data folder say, held against what the witness saw and what was acknowledged. */
#ifndef TROUPE_TESTS_CRASH_CHECK_H
#define TROUPE_TESTS_CRASH_CHECK_H

#include <stddef.h>
#include <stdint.h>

/** The highest seq of an execution that was told to be durable. */
typedef struct acknowledged {
	int64_t id;
	uint64_t seq;
} acknowledged;

typedef struct crash_totals {
	size_t executions, children, events, tasks;
	size_t twice; /* task runs that were lost and made again */
} crash_totals;

/** Fails the test unless everything in the folder is as it would be without any crash. `reference` (fresh at first,
 * NULL) keeps what an execution that was never interrupted completed; free it at the end. Adds to *totals. */
void crash_check(const char *folder, const acknowledged *seen, size_t count, char **reference, crash_totals *totals);

#endif
