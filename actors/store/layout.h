/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where things are in a data folder, and whose it is.
 *
 *   <data>/lock                                   held by the one process that writes; says its pid
 *   <data>/node.sock                              where that process can be talked to
 *   <data>/journal/<number>.journal               records of all executions in the order they were appended, synced in
 *                                                 groups
 *   <data>/executions/<workflow>/<id>/events.log  one execution's records, written behind the journal
 *   <data>/executions/<workflow>/<id>/<seq>.snapshot  its state after that event; can be left out
 *   <data>/executions/<workflow>/<id>.log.zst     the same of a finished one, packed
 *   <data>/index/executions.idx                   what lists need of each execution; can be made anew
 *   <data>/artifacts/<ab>/<sha256>                values by content hash, zstd
 *   <data>/spool/                                 artifacts that are still arriving; nothing of worth after a crash
 *   <data>/playbooks/<hash>.yaml                  sources, so that an execution can be resumed
 *
 * Blocking; no actors.
 */
#ifndef TROUPE_ACTORS_STORE_LAYOUT_H
#define TROUPE_ACTORS_STORE_LAYOUT_H

#include <limits.h>
#include <troupe/value.h>

typedef char layout_path[PATH_MAX];

/** $TROUPE_DATA, else $XDG_DATA_HOME/troupe, else ~/.local/share/troupe. TR_ELIMIT when too long. */
tr_err layout_default(layout_path out);
/** `data` + "/" + formatted rest; TR_ELIMIT when too long. */
tr_err layout_join(layout_path out, const char *data, const char *fmt, ...) TR_PRINTF(3, 4);
/** A folder name of a workflow: letters, digits, '.', '_', '-', and '/' between parts stay, others become '_'; never
 * empty, never
 *  "..". Writes at most n bytes with the final NUL. */
void layout_folder_name(char *out, size_t n, const char *workflow);
/** Is the text a folder as layout_folder_name and an id make it (relative, no "..")? For names read from disk. */
bool layout_folder_ok(tr_str folder);

typedef struct layout_lock {
	int fd; /* -1: not held */
} layout_lock;
/** Take the writer's lock. TR_EBUSY: *owner gets the pid of who holds it (0 when unknown). */
tr_err layout_lock_take(layout_lock *lock, const char *data, long *owner);
/** Whoever finds it later sees in its time that the writer was alive now. */
void layout_lock_touch(const layout_lock *lock);
void layout_lock_give(layout_lock *lock);
/** Pid of the process that holds the lock, 0 when nobody does. Does not take it. */
long layout_lock_owner(const char *data);

#endif
