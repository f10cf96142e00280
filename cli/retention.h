/* SPDX-License-Identifier: Apache-2.0 */
/** --keep: how long, or how many, finished executions are kept. */
#ifndef TROUPE_CLI_RETENTION_H
#define TROUPE_CLI_RETENTION_H

#include "actors/store/compact.h"

/** "30d" or "1000" into the policy; EXIT_OK, or EXIT_INVALID with a message. */
int retention_take(const char *name, const char *text, compact_policy *policy);

#endif
