/* SPDX-License-Identifier: Apache-2.0 */
/** Code and SQL that a task names by a file: where the file is, and what is in it. */
#ifndef TROUPE_PLUGINS_SHARED_SOURCE_H
#define TROUPE_PLUGINS_SHARED_SOURCE_H

#include <troupe/value.h>

/** A relative path is meant from the folder of the playbook that names it; `context` is the command's. Fresh text. */
tr_value source_path(const char *path, tr_value context);
/** The text of the file, at most `max` bytes. Inside an actor that may read it (fs:). Fresh; absent, with a text in
 * *why, when it cannot be read or is no UTF-8. */
tr_value source_read(const char *path, size_t max, tr_value *why);

#endif
