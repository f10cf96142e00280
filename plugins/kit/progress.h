/* SPDX-License-Identifier: Apache-2.0 */
/** What is told of tests while they run, so that one that hangs, crashes or ends the process is named as well. */
#ifndef TROUPE_PLUGINS_KIT_PROGRESS_H
#define TROUPE_PLUGINS_KIT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

/** Seconds that a test has; an integer, 0: no limit. */
#define PROGRESS_LIMIT "TROUPE_PLUGIN_TEST_SECONDS"

/** `n` tests are to come. From here on the process's ends are watched. False: the limit is no number, which was told.
 */
bool progress_begin(size_t n);
/** The test `name` begins, with its limit. */
void progress_test(const char *name);
/** It is over. */
void progress_result(bool good);
/** All are: tell how many passed. The exit status. */
int progress_end(void);

#endif
