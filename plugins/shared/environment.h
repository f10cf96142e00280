/* SPDX-License-Identifier: Apache-2.0 */
/** The environment of child processes: what every program needs, and the names an operator let through; nothing else of
 * the node's, since credentials may be in it. */
#ifndef TROUPE_PLUGINS_SHARED_ENVIRONMENT_H
#define TROUPE_PLUGINS_SHARED_ENVIRONMENT_H

#include <troupe/value.h>

/** "NAME=value" texts as a NULL-terminated vector for a port. `names`: an array of further variables of the node's;
 * `own`: a map of variables to set (scalars as text). Free with environment_free. NULL without memory. */
typedef struct environment environment;
environment *environment_new(tr_value names, tr_value own);
const char *const *environment_vector(const environment *e);
void environment_free(environment *e);

#endif
