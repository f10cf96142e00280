/* SPDX-License-Identifier: Apache-2.0 */
/** Durations and times as people type them. */
#ifndef TROUPE_CLI_DURATION_H
#define TROUPE_CLI_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/** "90s", "15m", "2h", "3d", "1w" into microseconds. */
bool duration_parse(const char *text, int64_t *us);
/** A duration (ago) or a time (2026-11-22, 2026-11-22T03:00:00Z; UTC) into microseconds since 1970. */
bool since_parse(const char *text, int64_t *us);

#endif
