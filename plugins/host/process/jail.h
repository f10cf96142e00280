/* SPDX-License-Identifier: Apache-2.0 */
/** What the kernel refuses to a process of an isolated plugin, by its grants: a system-call filter and a view of the
 * file system. */
#ifndef TROUPE_PLUGINS_HOST_PROCESS_JAIL_H
#define TROUPE_PLUGINS_HOST_PROCESS_JAIL_H

#include <troupe/value.h>

/**
 * Close the door behind the calling process, before it has other threads. Without "exec" no program is started and no
 * process forked; without a "net" grant no internet socket is made; files are read from the system's library folders
 * and under granted folders ("fs:") only. `memory` bounds what it may allocate (0: not). TR_ESYSTEM when the kernel has
 * no such filter: the plugin must not run then.
 */
tr_err jail_enter(tr_value grants, uint64_t memory);

#endif
