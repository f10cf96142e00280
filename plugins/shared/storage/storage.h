/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where results may be kept besides the node's own artifact store: the built-in plugin `storage`, whose setting
 * `stores` names places of the kinds file, postgres, duckdb and http. A step's `result: { store: NAME }` sends a large
 * result there; its ResultRef has that name as `store`, and is loaded from there again.
 *
 * Calls: [put, name, value, origin] -> a ResultRef, nil (no store has this name) or [error, text];
 * [get, ref] -> [ok, value], or [error, text].
 */
#ifndef TROUPE_PLUGINS_SHARED_STORAGE_H
#define TROUPE_PLUGINS_SHARED_STORAGE_H

#include <troupe/plugin.h>

extern const char storage_manifest[];
extern const tr_plugin storage_plugin;

#define STORAGE_OWN "file" /* the name of the node's own store in a ResultRef */

/* ---- for who keeps and loads results: messages only, so that nobody needs the plugin to be linked ---- */

/** Is what this ResultRef stands for kept elsewhere than in the node's own store? */
static inline bool storage_is_elsewhere(tr_value ref)
{
	tr_str name = tr_as_str(tr_map_get_s(ref, "store"));

	return name.n > 0 && !tr_str_is(name, STORAGE_OWN);
}

/** Load it from there: as the node's own store answers, [ok, value] or [error, text]; fresh, invalid when nobody
 * answers. */
static inline tr_value storage_get(tr_value ref, int64_t deadline)
{
	return tr_plugin_call("storage", TR_LIST(tr_atom("get"), tr_keep(ref)), deadline);
}

/** Put v (borrowed) into the store of this name: a ResultRef; nil when there is no such store; [error, text]; invalid
 * when nobody answers. Takes origin (execution_id, step, label). */
static inline tr_value storage_put(tr_str name, tr_value v, tr_value origin, int64_t deadline)
{
	return tr_plugin_call("storage", TR_LIST(tr_atom("put"), tr_string_n(name.p, name.n), tr_keep(v), origin),
			      deadline);
}

#endif
