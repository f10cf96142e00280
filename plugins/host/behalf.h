/* SPDX-License-Identifier: Apache-2.0 */
/**
 * On whose behalf a command is performed: the plugins that asked for it with tr_plugin_run, each with its grants, as
 * an array of [id, grants]. The plugin that performs it may use the network, files, programs and secrets only as far
 * as each of them may as well; otherwise a grant to call it would be a grant for all that it was granted. Plugins that
 * the node trusts are not in it: they hand on what binds them.
 */
#ifndef TROUPE_PLUGINS_HOST_BEHALF_H
#define TROUPE_PLUGINS_HOST_BEHALF_H

#include "plugins/host/state.h"

/** `behalf` (taken; absent: nobody) and this plugin (NULL: an actor of the node). Absent when that is nobody. */
tr_value behalf_with(tr_value behalf, const plugin_record *r);
/** May all of them do this? Else *who (borrowed text, may be NULL) is one that may not. What they may call is not
 * asked: the plugin that performs the command calls others in its own way, and that is bounded again. */
bool behalf_covers(tr_value behalf, const char *grant, tr_value *who);
/** Of a list of grants (taken) what all of them have, too. */
tr_value behalf_narrow(tr_value behalf, tr_value grants);

#endif
