/* SPDX-License-Identifier: Apache-2.0 */
/* Sources of playbooks in a folder, named by their hash. Called in actors; the disk is waited for on the dirty pool. */
#ifndef TROUPE_ENGINE_CATALOG_DISK_H
#define TROUPE_ENGINE_CATALOG_DISK_H

#include <troupe/value.h>

/* Write <folder>/<hash>.yaml, whole or not at all. On failure `why` says what. */
bool catalog_disk_put(tr_value folder, tr_value hash, tr_value source, char *why, size_t n);
/* The text; fresh, absent when it is not there or cannot be read. */
tr_value catalog_disk_get(tr_value folder, tr_value hash);

/* The text of a playbook's file. `path` is as a playbook's author wrote it: relative to the file of the playbook that
 * names it (`caller`, or nil: the working directory), with or without its ending. *file is the file that was found.
 * Both fresh; absent with the reason in `why`. */
tr_value catalog_disk_load(tr_value path, tr_value caller, tr_value *file, char *why, size_t n);

#endif
