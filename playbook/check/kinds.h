/* SPDX-License-Identifier: Apache-2.0 */
/** The built-in tool kinds: their keys and what they require. Names only; how a kind works is its plugin's business. */
#ifndef TROUPE_PLAYBOOK_KINDS_H
#define TROUPE_PLAYBOOK_KINDS_H

#include <troupe/base.h>

typedef struct kind_key {
	const char *key;
	const char *doc;
	bool body; /* somebody else's language (code, commands, SQL): templates in it may fail to parse */
	const char *const *values; /* NULL-terminated; NULL: anything */
} kind_key;

typedef struct tool_kind {
	const char *name;
	const char *doc;
	const kind_key *keys;
	size_t key_count;
	const char *const *required; /* NULL-terminated: each must be there */
	const char *const *one_of;   /* NULL-terminated: at least one must be there */
} tool_kind;

/** NULL when it is not a built-in one. */
const tool_kind *kind_find(tr_str name);
const kind_key *kind_key_find(const tool_kind *kind, tr_str key);
/** All of them, for suggestions and the JSON Schema. */
const tool_kind *kind_table(size_t *count);

#endif
