/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A plugin's manifest: JSON text made into a checked struct. Nothing of the plugin has run when this is read, and the
 * text may be hostile. All faults are reported at once, each with its key path. Pure functions.
 */
#ifndef TROUPE_PLUGINS_HOST_MANIFEST_H
#define TROUPE_PLUGINS_HOST_MANIFEST_H

#include "plugins/host/version.h"
#include <troupe/actor.h>

#define MANIFEST_MAX_BYTES (256u * 1024u)

typedef enum hook_type {
	HOOK_BEFORE,
	HOOK_AFTER,
	HOOK_AROUND,
	HOOK_REPLACE
} hook_type;

typedef struct manifest_hook {
	hook_type type;
	const char *point; /* one of the fifteen, see hook_points */
	int priority;      /* 0..100, lower first */
	bool fail_on_crash;
	int64_t time_ns;
} manifest_hook;

#define MANIFEST_MAX_HOOKS 64

typedef struct manifest {
	tr_value source; /* the whole map; what the views below point into */
	const char *id;
	const char *version_text;
	version version;
	tr_value capabilities; /* map: name -> options map */
	tr_value provides;     /* map: type -> array of names */
	tr_value depends_on;   /* map: id -> range text */
	tr_value needs;        /* array of grant texts */
	tr_value config;       /* schema: map key -> rule map */
	manifest_hook *hooks;
	size_t hook_count;
	bool isolated;        /* isolation: process */
	uint32_t mailbox;     /* commands that may wait */
	uint32_t concurrency; /* of `run` */
	uint64_t memory;      /* bytes; 0: none */
	int64_t time_ns;      /* 0: none */
} manifest;

/** The points a hook may be put at; NULL-terminated. */
extern const char *const hook_points[];
/** Index of a point, -1. */
int hook_point_index(const char *point);
const char *hook_type_name(hook_type type);

/** Read and check. `*faults` becomes an array of texts ("limits.time: …"), empty when all is well; on failure
 * (TR_EINVAL, TR_ESYNTAX, TR_ENOMEM) *out is empty. */
tr_err manifest_read(tr_str json, manifest *out, tr_value *faults);
void manifest_fini(manifest *m);
/** One text from all faults, separated by "; ". Fresh reference. */
tr_value manifest_faults_text(tr_value faults);

/** The names behind "tool:" among the capabilities, one call each. */
void manifest_each_tool(const manifest *m, void (*fn)(void *arg, const char *kind), void *arg);
bool manifest_has_tool(const manifest *m, const char *kind);

#endif
