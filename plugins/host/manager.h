/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The plugin manager, registered "plugins". Calls (tr_call_name):
 *
 *   [load, path]                       -> [ok, id] | [error, text]
 *   [unload, id, cascade: bool]        -> ok | [error, text]; refused while others depend on it, unless cascade
 *   [upgrade, id, path]                -> [ok, from, to] (versions) | [error, text]; on error the old version serves on
 *   [list]                             -> array of maps (plugin_host_list)
 *   [info, id]                         -> map with `health` and `commands` (the desk's counts) besides | nil
 *   [find, capability]                 -> array of ids, the one that answers first
 *   [find_provider, type]              -> array of ids that provide this type
 *   [prefer, capability, id | nil]     -> ok
 */
#ifndef TROUPE_PLUGINS_HOST_MANAGER_H
#define TROUPE_PLUGINS_HOST_MANAGER_H

#include "plugins/host/state.h"
#include <troupe/supervisor.h>

extern const tr_gen_server manager_server;

/* ---- life.c: bringing plugins up and down; in the manager ---- */

/** Initialise all, then start all, in order of dependency. Takes the records. False with *why when a built-in failed;
 * others that fail are logged. */
bool life_up(plugin_host *h, plugin_record **records, size_t n, tr_value *why);
/** One more plugin in the running node. Takes the record. */
bool life_add(plugin_host *h, plugin_record *r, tr_value *why);
/** Hooks and registrations out, commands finished or cancelled after `grace_ns`, actors stopped. */
void life_down(plugin_host *h, plugin_record *r, int64_t grace_ns);
/** Put `newer` into the place of `old`. False with *why: the old one serves on. */
bool life_upgrade(plugin_host *h, plugin_record *old, plugin_record *newer, tr_value *why);
/** After the manager or the instances' supervisor was restarted: have the actors of all records again. */
void life_again(plugin_host *h);
/** Have an actor for each tool kind that needs one, and tell all who answers. */
void life_subjects(plugin_host *h);

#endif
