/* SPDX-License-Identifier: Apache-2.0 */
/** Files that a task names and the operator must have granted (fs:/folder) by name, whoever the plugin is. */
#ifndef TROUPE_PLUGINS_SHARED_FILES_H
#define TROUPE_PLUGINS_SHARED_FILES_H

#include <troupe/plugin.h>

/** The folders (and files) that were granted to the calling plugin, without symbolic links; fs:* is "/". Fresh array.
 */
tr_value files_granted(void);
/** Where `path` is: absolute, without symbolic links; a relative one is meant from the folder of the playbook that
 * names it (`context` is the command's). It need not exist, its folder must. Fresh text; absent, with an outcome in
 * *fault, when it is not below one of `folders`. */
tr_value files_locate(const char *path, tr_value context, tr_value folders, const char *kind, tr_value *fault);

#endif
