/* SPDX-License-Identifier: Apache-2.0 */
/** Files that a task names and the operator must have granted (fs:/folder) by name, whoever the plugin is. */
#ifndef TROUPE_PLUGINS_SHARED_FILES_H
#define TROUPE_PLUGINS_SHARED_FILES_H

#include <fcntl.h>
#include <troupe/plugin.h>

/** The folders (and files) that were granted to the calling plugin, without symbolic links; fs:* is "/". Fresh array.
 */
tr_value files_granted(void);
/** Where `path` is: absolute, without symbolic links; a relative one is meant from the folder of the playbook that
 * names it (`context` is the command's). It need not exist, its folder must; what exists must be a regular file. Fresh
 * text; absent, with an outcome in *fault, when it is not below one of `folders`. */
tr_value files_locate(tr_value path, tr_value context, tr_value folders, const char *kind, tr_value *fault);

/** Is a path without symbolic links in one of the folders, or one of them? */
bool files_below(tr_value folders, tr_str path);

#define FILES_IRREGULAR (-1) /* among the errors of files_open: a folder, a pipe, a device or a symbolic link */

/** Open a located path: a regular file, or with O_CREAT one that is made. Never waits for a pipe's other end, and
 * follows no symbolic link: whoever puts one into the path behind files_locate's back gets a failure, no other file. -1
 * with *err, which files_error tells as a text. Looks at the disk: on the dirty pool, like the next three. */
int files_open(const char *path, int flags, int *err);
/** The folder of a located path, and the file's name in it (within path), for openat and its like. */
int files_folder(const char *path, const char **name, int *err);
/** files_open in a folder that is open. */
int files_open_in(int folder, const char *name, int flags, int *err);
/** An absolute path as a folder, without any symbolic link in it; -1 with errno. By parts: as on a kernel without
 * openat2. */
int files_folder_direct(const char *path, bool by_parts);
const char *files_error(int err);

/** Make a folder, unless it is there (its own folder must be). Absent, or a text that says why it cannot be. In an
 * actor. */
tr_value files_make_folder(const char *path);

/** A NUL character within one of the texts in v, which must not be (a C library would see what is before it only), as
 * an outcome; absent when there is none. `params` of a mapping are left out: they are values. */
tr_value files_nul_fault(tr_value v, const char *kind);

#endif
