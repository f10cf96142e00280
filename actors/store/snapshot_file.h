/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Snapshots: the state of an execution after some event, beside its log, so that a long log need not be applied from
 * its first event. Never the truth: one that is damaged, or that does not fit the log, is left aside.
 *
 *   executions/<workflow>/<id>/<seq>.snapshot    one record (event/frame.h) of kind FRAME_SNAPSHOT, its payload
 * msgpack: {format, playbook: {hash, …}, needed: seq, event, bytes, state: packed, as engine/state_pack.h has it}
 *
 * Blocking; no actors.
 */
#ifndef TROUPE_ACTORS_STORE_SNAPSHOT_FILE_H
#define TROUPE_ACTORS_STORE_SNAPSHOT_FILE_H

#include "actors/store/disk.h"
#include "actors/store/layout.h"

#define SNAPSHOT_FORMAT 2

typedef struct snapshot {
	uint64_t seq;      /* of the last event in it */
	uint64_t needed;   /* the first event that is still needed beside it; at most seq + 1 */
	uint64_t event_id; /* that of event seq: what tells whether it is of this log */
	size_t bytes;      /* of the state before it was packed */
	tr_value playbook; /* what the execution says of it: map with its hash */
	tr_value state;    /* packed, binary; absent: there is none */
} snapshot;

/** TR_ELIMIT: it is too large; TR_EIO with errno in *os_error; TR_ENOMEM. */
tr_err snapshot_write(const disk *d, const char *data, const char *folder, int64_t id, const snapshot *s,
		      int *os_error);
/** TR_ENOENT; TR_ECORRUPT: it is not whole, or none of this execution and seq; TR_EUNSUPPORTED: it is whole, and of a
 * format that is not read. snapshot_fini it in any case. */
tr_err snapshot_read(const char *data, const char *folder, int64_t id, uint64_t seq, snapshot *out);
void snapshot_fini(snapshot *s);

/** The seqs of an execution's snapshots, newest first; *count of them, tr_free. NULL: there are none. */
uint64_t *snapshot_list(const char *data, const char *folder, size_t *count);
/** Remove one, or with snapshots_remove all, whole or not. 0 or -errno. */
int snapshot_remove(const disk *d, const char *data, const char *folder, uint64_t seq);
int snapshots_remove(const disk *d, const char *data, const char *folder);

#endif
