/* SPDX-License-Identifier: Apache-2.0 */
/** The artifacts that arrive in pieces, in the artifact store's actor: each is somebody's, and gone when that ends. */
#ifndef TROUPE_ACTORS_STORE_SPOOLS_H
#define TROUPE_ACTORS_STORE_SPOOLS_H

#include "actors/store/spool.h"

#include <troupe/actor.h>

typedef struct spools {
	struct spool_entry *first;
	uint64_t numbers;
} spools;

/** A new one for `owner`: [ok, number] or [error, text]. Fresh reference, as of all here. */
tr_value spools_open(spools *s, const char *data, tr_pid owner);
/** More bytes (text or binary): ok or [error, text]. */
tr_value spools_write(spools *s, int64_t number, tr_value bytes);
/** The end: the artifact's key and size in *info and absent, or [error, text]. */
tr_value spools_store(spools *s, const char *data, int64_t number, artifact_info *info);
/** Its owner has ended. */
void spools_gone(spools *s, tr_ref monitor);
void spools_fini(spools *s);

#endif
