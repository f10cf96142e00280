/* SPDX-License-Identifier: Apache-2.0 */
/** The process of an isolated plugin: a small node with one plugin, behind a jail, that talks frames (wire.h) on
 * descriptors 3 and 4. */
#ifndef TROUPE_PLUGINS_HOST_PROCESS_CHILD_H
#define TROUPE_PLUGINS_HOST_PROCESS_CHILD_H

/** The word behind the program's name that means this process; the program then does nothing but plugin_child_main. */
#define PLUGIN_CHILD_WORD "plugin-host"

/** Serve until the other side closes. The exit status of the process. */
int plugin_child_main(void);

#endif
