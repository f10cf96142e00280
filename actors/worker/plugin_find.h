/* SPDX-License-Identifier: Apache-2.0 */
/** Where the commands of a tool kind go. */
#ifndef TROUPE_WORKER_PLUGIN_FIND_H
#define TROUPE_WORKER_PLUGIN_FIND_H

#include <troupe/actor.h>

/** The actor at `command.<kind>`; {0} when there is none. */
tr_pid plugin_find(const char *kind);

#endif
