/* SPDX-License-Identifier: Apache-2.0 */
/** The log of one execution as bytes, plain or packed. Blocking; no actors. */
#ifndef TROUPE_ACTORS_STORE_LOG_FILE_H
#define TROUPE_ACTORS_STORE_LOG_FILE_H

#include "actors/store/layout.h"

/** Append <data>/executions/<folder>/events.log to `out`. TR_ENOENT, TR_EIO, TR_ENOMEM. */
tr_err log_read_plain(const char *data, const char *folder, tr_buf *out);
/** Append the unpacked <data>/executions/<folder>.log.zst; also TR_ECORRUPT, with what is before the damage. */
tr_err log_read_packed(const char *data, const char *folder, tr_buf *out);

tr_err log_plain_path(layout_path out, const char *data, const char *folder);
tr_err log_packed_path(layout_path out, const char *data, const char *folder);

/** Is there a packed log? The folder beside it may have what a repair put aside, and no log. */
bool log_is_packed(const char *data, const char *folder);

/** Does the plain log of an execution end with its last event? True, too, when it is not there or cannot be read:
 * others tell that. */
bool log_has_end(const char *data, const char *folder, int64_t id);

#endif
