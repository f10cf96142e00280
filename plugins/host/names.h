/* SPDX-License-Identifier: Apache-2.0 */
/** The registered names of the host's actors. */
#ifndef TROUPE_PLUGINS_HOST_NAMES_H
#define TROUPE_PLUGINS_HOST_NAMES_H

#include <stdio.h>

#define NAME_SIZE 128

#define NAME_MANAGER   "plugins"
#define NAME_INSTANCES "plugins.instances"
#define NAME_SUBJECTS  "plugins.subjects"

/** Where commands go: the desk of a plugin, or the actor for a tool kind. */
static inline void name_command(char *out, size_t size, const char *id_or_kind)
{
	snprintf(out, size, "command.%s", id_or_kind);
}

/** The plugin's own actor. */
static inline void name_instance(char *out, size_t size, const char *id)
{
	snprintf(out, size, "plugin.%s", id);
}

#endif
