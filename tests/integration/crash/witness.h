/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The tool kind witness: like noop, but each run of a task is first written to a file outside of the data folder, and
 * synced, so that what was really run can be held against what the log says was run. A line: the idempotency key, the
 * attempt, the process, the wall clock in µs, a dot. A line that a kill has cut lacks the dot; the next one begins with
 * a line break of its own.
 */
#ifndef TROUPE_TESTS_CRASH_WITNESS_H
#define TROUPE_TESTS_CRASH_WITNESS_H

#include <troupe/plugin.h>

extern const char witness_manifest[];
extern const tr_plugin witness_plugin;

/** Open the file for the plugin; once in a process, before its node starts. */
bool witness_open(const char *path);

#endif
