/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Artifacts on disk: values by content hash (SHA-256 of their msgpack), compressed with zstd, never changed. Blocking;
 * no actors.
 */
#ifndef TROUPE_ACTORS_STORE_ARTIFACT_FILE_H
#define TROUPE_ACTORS_STORE_ARTIFACT_FILE_H

#include <troupe/value.h>

#define ARTIFACT_KEY 65 /* hex and NUL */

typedef struct artifact_info {
	char key[ARTIFACT_KEY];
	size_t size; /* of the msgpack, uncompressed */
	bool known;  /* after writing: it was there already */
} artifact_info;

/** Write the value (borrowed); an artifact that is there already is left alone. *os_error gets errno with TR_EIO. */
tr_err artifact_write(const char *data, tr_value value, artifact_info *info, int *os_error);
/** Read it back; the hash is checked (TR_ECORRUPT). TR_ENOENT. A fresh reference. */
tr_value artifact_read(const char *data, tr_str key);

#endif
