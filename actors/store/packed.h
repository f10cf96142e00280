/* SPDX-License-Identifier: Apache-2.0 */
/** The log of a finished execution as one zstd file. Blocking; no actors. */
#ifndef TROUPE_ACTORS_STORE_PACKED_H
#define TROUPE_ACTORS_STORE_PACKED_H

#include "actors/store/disk.h"

/** Write the log's bytes whole or not at all; durable when it returns 0, else -errno. */
int packed_write(const disk *d, const char *path, tr_str log);
/** The log's bytes appended to `out`. TR_ENOENT, TR_EIO, TR_ENOMEM; TR_ECORRUPT: damaged, what was whole before the
 * damage is in `out`. */
tr_err packed_read(const char *path, tr_buf *out);

#endif
