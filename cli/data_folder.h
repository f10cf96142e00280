/* SPDX-License-Identifier: Apache-2.0 */
/** The data folder that somebody named: is it there, and how is it named again? */
#ifndef TROUPE_CLI_DATA_FOLDER_H
#define TROUPE_CLI_DATA_FOLDER_H

#include "actors/store/layout.h"

/** Can it be read? False, with a message of the command `name`, when it cannot, or when it is not there; one that
 * nobody named, with --data or $TROUPE_DATA, need not be there yet. */
bool data_folder_there(const char *name, const char *data);

/** " --data DIR" for a command line that is to be repeated, quoted for a shell; empty when it is the default. Cut where
 * `out` is full. Returns out. */
const char *data_folder_option(char *out, size_t n, const char *data);

#endif
