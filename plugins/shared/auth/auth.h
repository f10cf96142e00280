/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The `auth` of a task: a mapping written out is taken as it is; a name is looked up in the credential store (plugin
 * `credentials`), in the actor of the command. What the store gives is wrapped, so that no log, trace or report shows
 * it.
 */
#ifndef TROUPE_PLUGINS_SHARED_AUTH_H
#define TROUPE_PLUGINS_SHARED_AUTH_H

#include <troupe/plugin.h>

/** A value that prints as <secret> wherever messages are shown. Takes v. */
tr_value secret_wrap(tr_value v);
/** What is inside (borrowed); anything else as it is. */
tr_value secret_open(tr_value v);

/**
 * The credential's fields: a map (fresh reference), absent when `auth` is nil or absent; invalid with an outcome
 * (error kind "auth") in *fault that names what is missing. `kind` is the tool's. May block until the deadline.
 */
tr_value auth_resolve(tr_value auth, const char *kind, int64_t deadline, tr_value *fault);
/** The text of the first of these fields that there is; numbers as text. Fresh reference; absent when there is none.
 * End the names with NULL. */
tr_value auth_text(tr_value fields, ...);

#endif
