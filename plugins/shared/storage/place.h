/* SPDX-License-Identifier: Apache-2.0 */
/** The kinds of places. Everything here runs in an actor of its own for each request, and may block. */
#ifndef TROUPE_PLUGINS_SHARED_STORAGE_PLACE_H
#define TROUPE_PLUGINS_SHARED_STORAGE_PLACE_H

#include <troupe/plugin.h>

/** `store` is the operator's mapping (kind and its keys), `key` the SHA-256 of the bytes in hex. */
typedef struct place {
	const char *kind;
	/** Absent, or a text that says why not. What is there already stays. */
	tr_value (*put)(tr_value store, tr_str key, tr_str bytes, int64_t deadline);
	/** The bytes (binary); absent with a text in *why. */
	tr_value (*get)(tr_value store, tr_str key, int64_t deadline, tr_value *why);
} place;

/** NULL when there is no such kind. */
const place *place_find(tr_str kind);

#endif
