/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Who put an artifact: equal values are one file, which goes when the last of those who put it deletes it. Beside the
 * artifact lies a list that only grows: a line "+holder" for each that puts it, "-holder" for each that deletes it. It
 * outlives the artifact, so that a deletion is told from a loss. Blocking; no actors.
 */
#ifndef TROUPE_ACTORS_STORE_ARTIFACT_HOLDERS_H
#define TROUPE_ACTORS_STORE_ARTIFACT_HOLDERS_H

#include "actors/store/artifact_file.h"

/** `holder` is what stands in an address between noetl://execution/ and the key: ID/step/STEP/LABEL. `known`: the
 * artifact was there before; who put it then and is not listed, is counted as one that stays. */
tr_err holders_add(const char *data, const char *key, tr_str holder, bool known, int *os_error);
/** Strike out the holder with this name, or with `all` those whose names begin with it; on disk when this returns. */
tr_err holders_drop(const char *data, const char *key, tr_str holder, bool all, size_t *dropped, size_t *left);
/** Is it written down who put it? */
bool holders_known(const char *data, const char *key);
/** Was it deleted by all who put it? */
bool holders_deleted(const char *data, const char *key);

#endif
