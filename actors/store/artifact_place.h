/* SPDX-License-Identifier: Apache-2.0 */
/** Artifacts without their values: finding, measuring and removing them. Blocking; no actors. */
#ifndef TROUPE_ACTORS_STORE_ARTIFACT_PLACE_H
#define TROUPE_ACTORS_STORE_ARTIFACT_PLACE_H

#include "actors/store/artifact_file.h"

/**
 * The key of what somebody names: a key (64 hexadecimal digits), "sha256:<key>", or an address that ends in "/<key>" or
 * in its first 16 digits. TR_EINVAL when it is none of these, TR_ENOENT when there is no such artifact.
 */
tr_err artifact_find(const char *data, tr_str name, artifact_info *info);
/** TR_ENOENT when it was not there. */
tr_err artifact_remove(const char *data, const char *key, int *os_error);

#endif
