/* SPDX-License-Identifier: Apache-2.0 */
/** The request's payload from --payload and --set. */
#ifndef TROUPE_CLI_PAYLOAD_H
#define TROUPE_CLI_PAYLOAD_H

#include "playbook/model/model.h"

/** Read a JSON or YAML mapping from a file or "-" (bounded). On failure invalid, with the reason on stderr. */
tr_value payload_read(const char *command, const char *file);
/** Apply "a.b=text" to a payload (taken); the text is JSON when it parses as JSON, else a string. On failure invalid,
 * with the reason on stderr. */
tr_value payload_set(const char *command, tr_value payload, const char *assignment);

/** Warn on stderr when the workload has nothing of the name that `--set` gave a value to (outer.inner). */
void payload_warn(const char *command, const pb_expr *workload, tr_str path);

#endif
