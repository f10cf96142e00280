/* SPDX-License-Identifier: Apache-2.0 */
/** Files that fields of a credential name: certificates, keys, credentials of other makers. */
#ifndef TROUPE_PLUGINS_SHARED_AUTH_FILE_H
#define TROUPE_PLUGINS_SHARED_AUTH_FILE_H

#include <troupe/plugin.h>

/** Where files of one task's credential are. */
typedef struct auth_files {
	const char *kind;
	tr_value auth, input; /* as the task has them */
	tr_value context;     /* the command's */
} auth_files;

/**
 * The path that the field has, as it can be opened (fresh). What comes from the operator's store of credentials is as
 * good as the operator's word; what the task says itself, in a mapping or in its input, needs the operator's grant of
 * the folder, and has no symbolic link in it. `said_by` are the fields through which the task may have said it, its own
 * name first, with NULL behind. Absent with an outcome in *fault. In an actor.
 */
tr_value auth_file(const auth_files *f, tr_value path, const char *const *said_by, tr_value *fault);
/** The same, and what is in the file, as text of at most `max` bytes. */
tr_value auth_file_read(const auth_files *f, tr_value path, const char *const *said_by, size_t max, tr_value *fault);

#endif
