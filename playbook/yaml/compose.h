/* SPDX-License-Identifier: Apache-2.0 */
/** Inside of the YAML room: what the steps from libyaml's events to a tree share. */
#ifndef TROUPE_PLAYBOOK_YAML_COMPOSE_H
#define TROUPE_PLAYBOOK_YAML_COMPOSE_H

#include "playbook/yaml/arena.h"
#include "playbook/yaml/name_table.h"
#include "playbook/yaml/yaml.h"
#include <yaml.h>

typedef struct anchor {
	const yaml_node *node;
	size_t nodes;  /* it stands for, itself included */
	size_t height; /* levels below and with it */
	uint32_t line;
	bool open; /* still being read: an alias to it would be a cycle */
} anchor;

/* A sequence or mapping being read. */
typedef struct frame {
	yaml_node *node;
	size_t base;         /* of its children on the stack */
	size_t nodes_before; /* count when it began */
	size_t height;       /* of the tallest child */
	uint32_t anchor;     /* index, NO_ANCHOR */
} frame;

#define NO_ANCHOR UINT32_MAX

/* A text that was met before and the value it has: keys and many values repeat themselves all over a document, and each
 * is made once. What it is depends on whether it stands plain. */
typedef struct met {
	tr_str text; /* NULL: a free slot */
	tr_value value;
	uint32_t hash;
	bool plain;
} met;

typedef struct composer {
	arena *mem;
	diagnostics *out;
	tr_str text;
	yaml_limits limits;
	const yaml_node **stack; /* finished children of open frames */
	size_t stack_count, stack_capacity;
	frame *frames;
	size_t frame_count, frame_capacity;
	anchor *anchors;
	size_t anchor_count, anchor_capacity;
	name_table anchor_names;
	met *met; /* open addressing, at most half full */
	size_t met_count, met_capacity;
	const yaml_node *root;
	size_t nodes;
	bool failed; /* stop: a fault that makes the rest meaningless, or no memory */
} composer;

static inline uint32_t mark_line(yaml_mark_t m)
{
	return (uint32_t)m.line + 1;
}
static inline uint32_t mark_column(yaml_mark_t m)
{
	return (uint32_t)m.column + 1;
}

/** Report a fault at a node or mark and stop. */
void compose_fail(composer *c, const char *code, uint32_t line, uint32_t column, const char *hint, const char *fmt, ...)
    TR_PRINTF(6, 7);
/** Out of memory: said once, without a position. */
void compose_no_memory(composer *c);
/** What libyaml's parser has to complain about. */
void compose_parser_fault(composer *c, const yaml_parser_t *parser);
/** Text of a scalar event into a typed node. */
yaml_node *compose_scalar(composer *c, const yaml_event_t *e);
/** Pairs of a mapping from its children (key, value, key, …): merge keys applied, duplicates reported. */
void compose_mapping(composer *c, yaml_node *node, const yaml_node *const *children, size_t count);

#endif
