/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Code of a plugin may call exit in the middle of an execution, with a status that looks like success. While the watch
 * is on, such an end is told on stderr, and the process ends with EXIT_LOST.
 */
#ifndef TROUPE_CLI_ENDING_H
#define TROUPE_CLI_ENDING_H

/** From now on until ending_over, the process is not to end. `name` is the command's; it stays. */
void ending_watch(const char *name);
void ending_over(void);

#endif
