/* SPDX-License-Identifier: Apache-2.0 */
/** Maps with dotted keys ("totals.eur"). Pure functions. */
#ifndef TROUPE_WORKER_PATH_H
#define TROUPE_WORKER_PATH_H

#include <troupe/value.h>

/** map with `value` at the dotted key; mappings on the way are made where there are none. Takes map and value. */
tr_value path_put(tr_value map, tr_str key, tr_value value);
/** The value at the dotted key; borrowed, absent when there is none. */
tr_value path_get(tr_value map, tr_str key);
/** `base` with every (dotted) key of `writes` put. Takes base, borrows writes. */
tr_value path_put_all(tr_value base, tr_value writes);
/** A fresh string key. */
tr_value path_key(tr_str key);

#endif
