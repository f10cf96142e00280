/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Packing finished executions into one file each, and removing the ones that a policy does not keep. Executions that
 * have not ended are never touched. Blocking; no actors.
 *
 * Whoever calls this holds the folder's lock, or is the node that does; the journal must know nothing of what is packed
 * or removed (file_store_checkpoint), or a crash would bring parts of it back.
 */
#ifndef TROUPE_ACTORS_STORE_COMPACT_H
#define TROUPE_ACTORS_STORE_COMPACT_H

#include "actors/store/disk.h"
#include "actors/store/layout.h"

typedef struct compact_policy {
	int64_t now_us;
	bool pack;
	int64_t pack_older_us; /* pack what ended so long ago */
	int64_t keep_us;       /* remove what ended longer ago; 0: age removes nothing */
	uint64_t keep_count;   /* remove the oldest beyond so many finished ones that somebody started (their children
				  stay and go with them); 0: the number removes nothing */
	bool artifacts;        /* remove artifacts that no execution refers to: nobody may be running */
} compact_policy;

typedef struct compact_result {
	uint64_t packed, removed, artifacts, failed;
	uint64_t bytes_before, bytes_after; /* of what was packed */
	uint64_t bytes_removed;
} compact_result;

/** `report` gets a line for what could not be done. */
tr_err compact_store(const char *data, const disk *d, const compact_policy *policy, tr_buf *report,
		     compact_result *result);

/** The policy as a map for messages, and back. */
tr_value compact_policy_value(const compact_policy *p);
compact_policy compact_policy_of(tr_value v);
tr_value compact_result_value(const compact_result *r);

#endif
