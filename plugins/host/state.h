/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the host's actors share: the plugins that are loaded, the hooks that are in, who belongs to which plugin. One a
 * node, in TR_SLOT_PLUGINS. Written by the manager only (and by commands for `callers`); read by any thread under the
 * lock.
 */
#ifndef TROUPE_PLUGINS_HOST_STATE_H
#define TROUPE_PLUGINS_HOST_STATE_H

#include "plugins/host/host.h"
#include "plugins/host/manifest.h"
#include "runtime/value/idmap.h"
#include <pthread.h>
#include <stdatomic.h>
#include <troupe/node.h>

#define HOST_MAX_PLUGINS   1024u
#define HOST_POINTS        ((size_t)HOOK_POINTS)
#define HOST_POINT_HOOKS   64u
#define HOST_CALLER_SHARDS 16u

typedef struct plugin_host plugin_host;

typedef enum pure_end {
	PURE_DONE,
	PURE_FAILED,
	PURE_ENDS
} pure_end;

/** One version of a plugin. Immutable but for `refs`, `active`, `started` and `in_hook`; shared by the desk, the
 * instance and running commands. */
typedef struct plugin_record {
	_Atomic uint32_t refs;
	_Atomic bool started; /* `start` was called once: a restarted instance starts by itself */
	_Atomic bool
	    in_hook; /* its instance runs a hook: one that overstays is ended, one that waits its turn is not */
	bool active; /* under the host's lock: answers for its capabilities */
	bool builtin;
	bool trusted; /* a plugin of the node's own, which got what it needs */
	plugin_host *host;
	manifest m;
	tr_plugin code; /* a copy, zero-filled behind what the plugin knew of */
	tr_value config;
	tr_value grants;
	tr_value id; /* text */
	char *path;  /* of the shared object */
	void *library;
	int library_fd;
	uint64_t serial;                       /* load order */
	_Atomic uint64_t pure_ends[PURE_ENDS]; /* commands performed without its actors, until its desk counts them */
	struct plugin_record *grave;           /* next of the records whose library waits to be closed */
} plugin_record;

typedef struct installed_hook {
	plugin_record *record;
	manifest_hook hook;
	uint64_t serial;
} installed_hook;

typedef struct caller_shard {
	pthread_mutex_t lock;
	idmap owners; /* pid -> stay (callers.c) */
} caller_shard;

struct plugin_host {
	tr_node *node;
	pthread_mutex_t lock;
	plugin_record **records; /* in load order; the host holds each */
	size_t count, cap;
	uint64_t serial;
	_Atomic uint64_t changes;           /* counts what may change who answers for a kind */
	installed_hook *hooks[HOST_POINTS]; /* sorted by priority, then load order */
	size_t hook_count[HOST_POINTS];
	_Atomic uint32_t hooks_in[HOST_POINTS]; /* the same count, to be read without the lock */
	tr_value patterns;                      /* bus: array of pattern texts that somebody subscribed to */
	_Atomic uint32_t pattern_count;
	plugin_record *graves;
	caller_shard callers[HOST_CALLER_SHARDS];
	_Atomic bool node_started; /* the point node_start has run */
	/* the options */
	const builtin *builtins;
	size_t builtin_count;
	tr_value config, grants, paths, prefer, isolation;
	bool surveyed;
	const char *const *services;
};

/** The host of a node, or NULL. */
plugin_host *host_of(tr_node *node);
/** Make it and put it into the node's slot. */
tr_err host_create(tr_node *node, const plugin_host_options *options, plugin_host **out);

/* ---- records ---- */

plugin_record *record_new(plugin_host *h);
plugin_record *record_hold(plugin_record *r);
void record_release(plugin_record *r);
/** As a value for messages: a fresh object that holds one reference. */
tr_value record_value(plugin_record *r);
plugin_record *record_of(tr_value v);
/** Close the libraries of records that nobody holds any more. Only in the manager. */
void host_bury(plugin_host *h);

/* ---- registry (registry.c) ---- */

/** Held, or NULL. */
plugin_record *plugins_find(plugin_host *h, const char *id);
/** Who answers for a capability; held, or NULL. */
plugin_record *plugins_capability(plugin_host *h, const char *capability);
/** Does it answer for this, if it is asked? */
bool plugins_offers(plugin_host *h, const plugin_record *r, const char *capability);
tr_err plugins_add(plugin_host *h, plugin_record *r);
/** Put `new` into the place of the record with its id. */
tr_err plugins_replace(plugin_host *h, plugin_record *newer);
void plugins_activate(plugin_host *h, plugin_record *r);
/** It answers for nothing any more. */
void plugins_retire(plugin_host *h, plugin_record *r);
/** The operator wants the plugin `id` (text, borrowed) to answer for the capability. */
void plugins_prefer(plugin_host *h, const char *capability, tr_value id);
void plugins_remove(plugin_host *h, const char *id);
/** All records, held; *n of them. Free with plugins_free. */
plugin_record **plugins_all(plugin_host *h, size_t *n);
void plugins_free(plugin_record **all, size_t n);
/** What is known of one, as in plugin_host_list. */
tr_value plugins_show(plugin_host *h, plugin_record *r);

/* ---- hooks (hook_table.c) ---- */

/** Could a record's hooks be put in? Answered from manifests, so before any of its code runs. */
tr_err hook_table_check(plugin_host *h, const plugin_record *r, char *other, size_t other_size);
/** Put a record's hooks in. TR_EEXIST when it replaces a point that has a replacer (whose id is written to `other`). */
tr_err hook_table_add(plugin_host *h, plugin_record *r, char *other, size_t other_size);
void hook_table_remove(plugin_host *h, const plugin_record *r);

/* ---- the bus (bus.c) ---- */

/** tr_plugin_emit to the subscribers of this node only. Takes the payload. */
tr_err bus_deliver(const char *type, tr_value payload);

/** Whether a plugin's actor may reach out of the node (rpc.c). */
extern const tr_permit rpc_permit;

/* ---- which actors are a plugin's (callers.c) ---- */

/** From now until its end the calling actor acts for this plugin, on behalf (behalf.h; borrowed, absent: of nobody). */
tr_err callers_enter(plugin_record *r, tr_value behalf);
/** From now on the calling actor, which has entered, does so on behalf of somebody else (borrowed). */
void callers_serve(plugin_host *h, tr_value behalf);
/** Until callers_leave (harmless on NULL) it acts for this plugin, and for nobody else before. NULL: no memory. */
typedef struct caller_stay caller_stay;
caller_stay *callers_visit(plugin_record *r);
void callers_leave(caller_stay *s);
/** The plugin that an actor, or whoever spawned it, acts for; held, or NULL. */
plugin_record *callers_find(plugin_host *h, tr_pid pid);
/** The same, and on whose behalf it does (fresh; absent: of nobody). */
plugin_record *callers_whose(plugin_host *h, tr_pid pid, tr_value *behalf);
/** The same, of an actor that has entered itself: costs one look into a table. */
plugin_record *callers_entered(plugin_host *h, tr_pid pid, tr_value *behalf);

#endif
