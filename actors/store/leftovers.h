/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a crash leaves of files that were being written: each is written beside its place and put there when it is
 * whole, so nothing refers to these and they only take room. Blocking; no actors.
 */
#ifndef TROUPE_ACTORS_STORE_LEFTOVERS_H
#define TROUPE_ACTORS_STORE_LEFTOVERS_H

#include "actors/store/disk.h"
#include "actors/store/layout.h"

/** Is it the name of such a file? */
bool leftover_name(const char *name);
/** Each that is there, as a path below the data folder. Where somebody writes, some may be under way. */
void leftovers_each(const char *data, void (*each)(void *arg, const char *file), void *arg);
/** Remove those of the journal and the index: for whoever has just become the owner. Those of artifacts are in the
 * spool, which the artifact store clears (spool.h). */
void leftovers_clear(const char *data, const disk *d);
/** Remove those in an execution's folder: it was under way when the owner before died. Those that are missed so, since
 * the journal did not name it any more, go when it ends. */
void leftovers_clear_execution(const char *data, const disk *d, const char *folder);

#endif
