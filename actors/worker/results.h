/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the iterations of a loop came to, taken in whatever order they finish and given out in the order of their index:
 * the list of results (in parts in the artifact store when it grows), the shared writes, the statistics and the
 * failures. How large a part is and how it all is put together says the controller `result`.
 */
#ifndef TROUPE_WORKER_RESULTS_H
#define TROUPE_WORKER_RESULTS_H

#include "actors/worker/refs.h"
#include "actors/worker/shared.h"

typedef struct results_entry {
	bool there, good;
	tr_value result, error, shared;
} results_entry;

typedef struct results {
	refs_origin origin;
	size_t part_bytes;     /* a part of a manifest is about so large in memory */
	size_t inline_max;     /* a larger list goes to the store as a whole */
	size_t failures_most;  /* failures are listed up to here, and all are counted */
	int64_t next;          /* index of the first that is not in order yet */
	results_entry *window; /* ring: index % capacity, for next … next + capacity - 1 */
	size_t capacity;
	tr_value list; /* results in order since the last part */
	size_t list_bytes;
	tr_value parts; /* array of ResultRefs */
	shared_table shared;
	tr_value failures; /* array of {index, error} */
	int64_t success, failed;
	tr_value clash; /* error of a shared write that could not be applied; absent: none */
} results;

/** False with *error when the controller does not say how results are kept. */
bool results_init(results *r, const refs_origin *origin, tr_value *error);
void results_fini(results *r);
/** One iteration is done. Takes the values. `vars` (borrowed) is where shared keys begin. TR_ENOMEM. May block on the
 * store. */
tr_err results_add(results *r, int64_t index, bool good, tr_value result, tr_value error, tr_value shared,
		   tr_value vars);
/** No more come: take in what is out of order, gaps left out (a loop that was stopped). */
void results_close(results *r, tr_value vars);
/** {results, stats}: the list of all results, or a ResultRef or manifest when it is large, and {total, success, failed,
 * failures?}. Fresh reference; the list is given away. Invalid with *error. May block. */
tr_value results_take(results *r, tr_value *error);
/** The stats alone. Fresh reference; nil when the controller gives none. */
tr_value results_stats(const results *r);

#endif
