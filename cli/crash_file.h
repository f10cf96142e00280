/* SPDX-License-Identifier: Apache-2.0 */
/** Where the program leaves a crash dump. */
#ifndef TROUPE_CLI_CRASH_FILE_H
#define TROUPE_CLI_CRASH_FILE_H

#define CRASH_FILE_SIZE 256

/** The path for tr_node_options.crash_dump; its folder is made. NULL: as the library has it, which is what
 * $TROUPE_CRASH_DUMP says. Else in the folder for state: $XDG_STATE_HOME/troupe, ~/.local/state/troupe, and without
 * either in the data folder. */
const char *crash_file(char path[CRASH_FILE_SIZE], const char *data);

#endif
