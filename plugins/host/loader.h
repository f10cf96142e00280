/* SPDX-License-Identifier: Apache-2.0 */
/**
 * From a manifest or a shared object to a record. Judging runs none of the plugin's code: a shared object is copied
 * into memory of our own, so what is judged is what is loaded, and nobody can change it in between.
 */
#ifndef TROUPE_PLUGINS_HOST_LOADER_H
#define TROUPE_PLUGINS_HOST_LOADER_H

#include "plugins/host/state.h"

/** A record with its manifest checked; NULL with a text in *why. */
plugin_record *loader_builtin(plugin_host *h, const builtin *b, tr_value *why);
/** The same from a file; its code is not mapped yet (loader_map). Inside an actor: reads on the dirty pool. */
plugin_record *loader_file(plugin_host *h, const char *path, tr_value *why);
/** Settings over defaults, grants of the operator. False with *why. */
bool loader_admit(plugin_record *r, tr_value *why);
/** Map the code of a record from a file (its constructors run). Nothing to do for a built-in. False with *why. */
bool loader_map(plugin_record *r, tr_value *why);
/** The shared objects that a path means: itself, or those of a folder, sorted. Array of texts; fresh. */
tr_value loader_discover(const char *path);

#endif
