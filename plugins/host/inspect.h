/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A shared object looked at without running any of it: its manifest, its ABI, and a copy in memory of our own, so that
 * what is judged is what is loaded. Blocks the calling thread; inside an actor it belongs on the dirty pool.
 */
#ifndef TROUPE_PLUGINS_HOST_INSPECT_H
#define TROUPE_PLUGINS_HOST_INSPECT_H

#include "plugins/host/manifest.h"

#define INSPECT_WHY 512

/** Fill *out from the file at `path`. False with a text in `why` that follows the path ("does not exist"). *copy gets a
 * descriptor of the copy, also on failure (-1: none); NULL: not wanted. */
bool plugin_inspect(const char *path, manifest *out, int *copy, char why[INSPECT_WHY]);
/** The shared objects that a path means: itself, or those of a folder, sorted. Array of texts; fresh. */
tr_value plugin_files(const char *path);

#endif
