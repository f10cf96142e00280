/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The rotation of a full journal, a part of the event store's actor: a segment is begun, what the full one has goes
 * into the logs, some executions between two commits, and at last the logs are brought to the disk, which takes as long
 * as the disk wants, by an actor beside the store, while that goes on taking appends into the next segment.
 */
#ifndef TROUPE_ACTORS_STORE_ROTATION_H
#define TROUPE_ACTORS_STORE_ROTATION_H

#include <troupe/actor.h>

#include "actors/store/file_store.h"

typedef struct rotation {
	tr_value sweep; /* the atom that the store sends itself: rotation_sweep is due */
	bool sweep_sent;
	int64_t not_before; /* it failed a while ago */
	tr_ref syncing;     /* monitor of whoever syncs the logs, so that segments up to this one can be forgotten: */
	uint64_t full;
} rotation;

void rotation_init(rotation *r);
/** Is it time for file_store_rotate? */
bool rotation_is_due(const rotation *r, const file_store *files);
/** That was called, and returned this. */
void rotation_begun(rotation *r, int os_error);
/** Where there is one: the next part of it is done behind the appends that wait already. */
void rotation_go_on(rotation *r, const file_store *files);
/** The next part. `writing`: logs of finished executions are out; rotation_go_on is called when they are back. */
void rotation_sweep(rotation *r, file_store *files, bool writing);
/** The message that says whether the logs are on the disk, and what is done then. */
bool rotation_is_synced(const rotation *r, tr_value message);
void rotation_synced(rotation *r, file_store *files, tr_value message);

#endif
