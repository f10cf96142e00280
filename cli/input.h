/* SPDX-License-Identifier: Apache-2.0 */
/** Files that a user names on the command line, bounded. */
#ifndef TROUPE_CLI_INPUT_H
#define TROUPE_CLI_INPUT_H

#include <troupe/base.h>

/** Append a whole file, or standard input for "-", of at most 16 MiB. On failure false, with "troupe COMMAND: the WHAT
 * FILE cannot be read: why" on stderr. */
bool input_read(const char *command, const char *what, const char *file, tr_buf *out);

#endif
