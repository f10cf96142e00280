/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Commands that need no actor of the plugin: kinds whose plugin has a `pure` function, looked up once for many runs;
 * beside them who the controllers are.
 *
 * A table says what was so when it was made. Whatever changes who answers for a kind (a plugin comes, goes, is upgraded
 * or preferred) makes it stale, and then, or while hooks are in at task_execute or task_outcome, nothing in it may be
 * called: the command goes to the plugin's actor as any other.
 */
#ifndef TROUPE_PLUGINS_HOST_PURE_H
#define TROUPE_PLUGINS_HOST_PURE_H

#include "plugins/host/host.h"

typedef struct pure_table pure_table;

/** The kinds as they are now; an object value, invalid TR_ENOMEM. The node may be without a host. */
tr_value pure_table_new(tr_node *node, const tr_value *kinds, size_t count);
const pure_table *pure_table_of(tr_value object);
/** Who answers for a controller, borrowed from the table; NULL when that is nobody, not known any more, or t is NULL.
 */
struct plugin_record *pure_table_controller(const pure_table *t, controller which);
/** NULL when the node has none. */
struct plugin_host *pure_table_host(const pure_table *t);
/** Does it still say what is so? */
bool pure_table_current(const pure_table *t);
/** May the command of this kind (its place in the table) be performed by pure_perform now? */
bool pure_may(const pure_table *t, size_t kind);
/** The outcome (fresh) for the input (borrowed), in the calling actor. Only when pure_may has just said yes. */
tr_value pure_perform(const pure_table *t, size_t kind, tr_value input);

#endif
