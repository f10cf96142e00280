/* SPDX-License-Identifier: Apache-2.0 */
/**
 * YAML documents as trees of nodes that know where they stand. Parsed with libyaml's events; typing as PyYAML's safe
 * loader does it (yes/no/on/off, octal, null; timestamps stay text), merge keys, anchors (alias expansion is bounded),
 * duplicate keys are errors. Pure functions; a document is immutable after parsing and owns all its nodes.
 */
#ifndef TROUPE_PLAYBOOK_YAML_H
#define TROUPE_PLAYBOOK_YAML_H

#include "playbook/yaml/diagnostic.h"
#include <troupe/value.h>

typedef enum yaml_kind {
	YAML_SCALAR,
	YAML_SEQUENCE,
	YAML_MAPPING
} yaml_kind;

typedef struct yaml_node yaml_node;
typedef struct yaml_pair {
	const yaml_node *key;
	const yaml_node *value;
} yaml_pair;

struct yaml_node {
	yaml_kind kind;
	uint32_t line, column; /* from 1, column in characters */
	uint32_t end_line;
	bool quoted;                   /* scalar: in quotes or a block, so always a string */
	bool block;                    /* scalar: | or > */
	tr_str text;                   /* scalar: as written after unescaping */
	tr_value value;                /* scalar: typed; owned by the document */
	const yaml_node *const *items; /* sequence */
	const yaml_pair *pairs;        /* mapping, merge keys already applied */
	size_t count;                  /* of items or pairs */
};

typedef struct yaml_document yaml_document;

typedef struct yaml_limits {
	size_t max_bytes; /* 0: 16 MiB */
	size_t max_depth; /* 0: 100 */
	size_t max_nodes; /* after alias expansion; 0: 2 Mi */
	bool keep_faulty; /* give the document although keys are duplicate, so that its other faults can be shown too */
} yaml_limits;

/** Parse the first document (a second one is a fault). NULL when there were errors; all are in `out`. `file` is for
 * diagnostics. */
yaml_document *yaml_parse(const char *file, tr_str text, const yaml_limits *limits, diagnostics *out);
void yaml_free(yaml_document **doc);
const yaml_node *yaml_root(const yaml_document *doc); /* NULL for an empty document */
/** Value of a string key in a mapping; NULL when absent or not a mapping. */
const yaml_node *yaml_get(const yaml_node *mapping, const char *key);
/** The key's own node, for positions. */
const yaml_node *yaml_key(const yaml_node *mapping, const char *key);
/** The subtree as a plain value (fresh reference). */
tr_value yaml_to_value(const yaml_node *node);

#endif
