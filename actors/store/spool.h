/* SPDX-License-Identifier: Apache-2.0 */
/**
 * An artifact that arrives in pieces: they go to a file of <data>/spool, and at the end from there into the store, a
 * block at a time. The artifact is one text when its bytes are UTF-8, else one binary. Blocking; no actors.
 */
#ifndef TROUPE_ACTORS_STORE_SPOOL_H
#define TROUPE_ACTORS_STORE_SPOOL_H

#include "actors/store/artifact_file.h"
#include "actors/store/layout.h"

typedef struct spool {
	layout_path path;
	int fd;
	uint64_t size;
	bool text;                /* UTF-8 so far */
	unsigned need, low, high; /* of a character that is not complete: bytes to come, bounds of the next */
} spool;

/** Make the file. TR_EIO with *os_error. */
tr_err spool_open(spool *s, const char *data, uint64_t number, int *os_error);
/** TR_ELIMIT past 1 GiB, TR_EIO. */
tr_err spool_write(spool *s, tr_str bytes, int *os_error);
/** All of it as an artifact. */
tr_err spool_store(spool *s, const char *data, artifact_info *info, int *os_error);
/** Close and remove the file. */
void spool_end(spool *s);
/** Remove what an earlier process has left. */
void spool_clear(const char *data);

#endif
