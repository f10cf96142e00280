/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From libyaml's events to a tree, with a stack of open nodes instead of recursion. An alias shares the anchor's node,
 * and counts as many nodes and levels as it stands for, so that a few lines cannot unfold into a bomb.
 */
#include "playbook/yaml/compose.h"
#include <string.h>

enum {
	DEFAULT_BYTES = 16 << 20,
	DEFAULT_DEPTH = 100,
	DEFAULT_NODES = 2 << 20
};

struct yaml_document {
	arena mem;
	const yaml_node *root;
};

/* More room for a growing array. */
static bool grow(composer *c, void **items, size_t *capacity, size_t size)
{
	size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
	void *grown = tr_realloc(*items, wanted * size);
	if (grown == NULL) {
		compose_no_memory(c);
		return false;
	}
	*items = grown;
	*capacity = wanted;
	return true;
}

/* Count `n` nodes more, at position line:column. */
static bool count_nodes(composer *c, size_t n, const yaml_event_t *e)
{
	c->nodes += n;
	if (c->nodes <= c->limits.max_nodes)
		return true;
	compose_fail(c, "too-many-nodes", mark_line(e->start_mark), mark_column(e->start_mark),
		     e->type == YAML_ALIAS_EVENT ? "aliases multiply: write the values out, or fewer of them" : NULL,
		     "the document stands for more than %zu values", c->limits.max_nodes);
	return false;
}

static bool check_depth(composer *c, size_t more, const yaml_event_t *e)
{
	if (c->frame_count + more <= c->limits.max_depth)
		return true;
	compose_fail(c, "too-deep", mark_line(e->start_mark), mark_column(e->start_mark), NULL,
		     "nested more than %zu levels deep", c->limits.max_depth);
	return false;
}

/* A finished node goes to the open frame, or is the root. */
static void push_node(composer *c, const yaml_node *node, size_t height)
{
	if (c->frame_count == 0) {
		c->root = node;
		return;
	}
	if (c->stack_count == c->stack_capacity && !grow(c, (void **)&c->stack, &c->stack_capacity, sizeof *c->stack))
		return;
	c->stack[c->stack_count++] = node;
	frame *top = &c->frames[c->frame_count - 1];
	if (top->height < height)
		top->height = height;
}

static uint32_t anchor_add(composer *c, const yaml_char_t *name, const yaml_node *node)
{
	if (c->anchor_count == c->anchor_capacity &&
	    !grow(c, (void **)&c->anchors, &c->anchor_capacity, sizeof *c->anchors))
		return NO_ANCHOR;
	uint32_t at = (uint32_t)c->anchor_count++;
	c->anchors[at] = (anchor){.node = node, .nodes = 1, .height = 1, .line = node->line, .open = true};
	if (!name_table_put(&c->anchor_names, arena_str(c->mem, tr_s((const char *)name)), at))
		compose_no_memory(c);
	return at;
}

static void on_scalar(composer *c, const yaml_event_t *e)
{
	if (!count_nodes(c, 1, e))
		return;
	yaml_node *n = compose_scalar(c, e);
	if (n == NULL)
		return;
	uint32_t at = e->data.scalar.anchor == NULL ? NO_ANCHOR : anchor_add(c, e->data.scalar.anchor, n);
	if (at != NO_ANCHOR)
		c->anchors[at].open = false;
	push_node(c, n, 1);
}

static void on_alias(composer *c, const yaml_event_t *e)
{
	const char *name = (const char *)e->data.alias.anchor;
	uint32_t line = mark_line(e->start_mark), column = mark_column(e->start_mark);
	uint32_t *at = name_table_find(&c->anchor_names, tr_s(name));
	if (at == NULL) {
		compose_fail(c, "unknown-alias", line, column, "an alias (*name) needs an anchor (&name) before it",
			     "no anchor '&%s' stands before this alias", name);
		return;
	}
	const anchor *a = &c->anchors[*at];
	if (a->open) {
		compose_fail(c, "cyclic-alias", line, column, NULL,
			     "'*%s' stands inside the value it names (line %u): it would never end", name,
			     (unsigned)a->line);
		return;
	}
	if (count_nodes(c, a->nodes, e) && check_depth(c, a->height, e))
		push_node(c, a->node, a->height);
}

/* PyYAML's !!set, !!omap and custom tags have no place in a playbook. */
static bool check_collection_tag(composer *c, const yaml_event_t *e, const yaml_char_t *tag, const char *wanted)
{
	if (tag == NULL || strcmp((const char *)tag, wanted) == 0 || strcmp((const char *)tag, "!") == 0)
		return true;
	compose_fail(c, "unknown-tag", mark_line(e->start_mark), mark_column(e->start_mark),
		     "only the standard tags (!!str, !!int, …) are known", "the tag '%s' is not known here",
		     (const char *)tag);
	return false;
}

static void on_start(composer *c, const yaml_event_t *e, yaml_kind kind, const yaml_char_t *name)
{
	if (!count_nodes(c, 1, e) || !check_depth(c, 1, e))
		return;
	yaml_node *n = arena_alloc(c->mem, sizeof *n);
	if (n == NULL) {
		compose_no_memory(c);
		return;
	}
	n->kind = kind;
	n->line = mark_line(e->start_mark);
	n->column = mark_column(e->start_mark);
	uint32_t at = name == NULL ? NO_ANCHOR : anchor_add(c, name, n);
	if (c->frame_count == c->frame_capacity && !grow(c, (void **)&c->frames, &c->frame_capacity, sizeof *c->frames))
		return;
	c->frames[c->frame_count++] =
	    (frame){.node = n, .base = c->stack_count, .nodes_before = c->nodes - 1, .anchor = at};
}

static void on_end(composer *c, const yaml_event_t *e)
{
	frame f = c->frames[--c->frame_count];
	const yaml_node *const *children = c->stack == NULL ? NULL : c->stack + f.base;
	size_t count = c->stack_count - f.base;
	f.node->end_line = mark_line(e->end_mark);
	if (f.node->kind == YAML_SEQUENCE) {
		f.node->items = count == 0 ? NULL : arena_copy(c->mem, children, count * sizeof *children);
		f.node->count = count;
		if (c->mem->failed)
			compose_no_memory(c);
	} else {
		compose_mapping(c, f.node, children, count);
	}
	c->stack_count = f.base;
	if (f.anchor != NO_ANCHOR) {
		anchor *a = &c->anchors[f.anchor];
		a->open = false;
		a->nodes = c->nodes - f.nodes_before;
		a->height = f.height + 1;
	}
	push_node(c, f.node, f.height + 1);
}

static void on_event(composer *c, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		on_scalar(c, e);
		break;
	case YAML_ALIAS_EVENT:
		on_alias(c, e);
		break;
	case YAML_SEQUENCE_START_EVENT:
		if (check_collection_tag(c, e, e->data.sequence_start.tag, YAML_SEQ_TAG))
			on_start(c, e, YAML_SEQUENCE, e->data.sequence_start.anchor);
		break;
	case YAML_MAPPING_START_EVENT:
		if (check_collection_tag(c, e, e->data.mapping_start.tag, YAML_MAP_TAG))
			on_start(c, e, YAML_MAPPING, e->data.mapping_start.anchor);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		on_end(c, e);
		break;
	default:
		break;
	}
}

/* Events until the stream ends; a second document is a fault. */
static void read_events(composer *c, yaml_parser_t *parser)
{
	size_t documents = 0;
	for (bool more = true; more && !c->failed;) {
		yaml_event_t e;
		if (!yaml_parser_parse(parser, &e)) {
			compose_parser_fault(c, parser);
			return;
		}
		if (e.type == YAML_DOCUMENT_START_EVENT && ++documents > 1)
			compose_fail(c, "second-document", mark_line(e.start_mark), mark_column(e.start_mark),
				     "put it into a file of its own", "a second document begins here");
		else
			on_event(c, &e);
		more = e.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
	}
}

static bool text_ok(composer *c)
{
	size_t bad;
	if (c->text.n > c->limits.max_bytes) {
		compose_fail(c, "too-large", 0, 0, NULL, "the text has %zu bytes; at most %zu are read", c->text.n,
			     c->limits.max_bytes);
		return false;
	}
	if (tr_utf8_valid(c->text, &bad))
		return true;
	uint32_t line = 1, column = 1;
	for (size_t i = 0; i < bad; i++) {
		unsigned char byte = (unsigned char)c->text.p[i];
		line += byte == '\n' ? 1 : 0;
		column = byte == '\n' ? 1 : column + ((byte & 0xc0) != 0x80 ? 1 : 0);
	}
	compose_fail(c, "bad-encoding", line, column, "save the file as UTF-8",
		     "the byte 0x%02X (at offset %zu) is not valid UTF-8", (unsigned char)c->text.p[bad], bad);
	return false;
}

static void compose(composer *c)
{
	yaml_parser_t parser;
	if (!text_ok(c))
		return;
	if (!yaml_parser_initialize(&parser)) {
		compose_no_memory(c);
		return;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)(c->text.n == 0 ? "" : c->text.p), c->text.n);
	read_events(c, &parser);
	yaml_parser_delete(&parser);
}

yaml_document *yaml_parse(const char *file, tr_str text, const yaml_limits *limits, diagnostics *out)
{
	(void)file; /* `out` carries it already */
	size_t errors = out->errors;
	yaml_document *doc = tr_alloc(sizeof *doc);
	if (doc == NULL) {
		diagnostics_add(out, DIAGNOSTIC_ERROR, "no-memory", 0, 0, "", NULL, "out of memory");
		return NULL;
	}
	arena_init(&doc->mem);
	composer c = {.mem = &doc->mem, .out = out, .text = text};
	if (limits != NULL)
		c.limits = *limits;
	c.limits.max_bytes = c.limits.max_bytes == 0 ? (size_t)DEFAULT_BYTES : c.limits.max_bytes;
	c.limits.max_depth = c.limits.max_depth == 0 ? (size_t)DEFAULT_DEPTH : c.limits.max_depth;
	c.limits.max_nodes = c.limits.max_nodes == 0 ? (size_t)DEFAULT_NODES : c.limits.max_nodes;
	compose(&c);
	doc->root = c.root;
	tr_free(c.stack);
	tr_free(c.frames);
	tr_free(c.anchors);
	tr_free(c.met);
	name_table_fini(&c.anchor_names);
	if (doc->mem.failed && !c.failed)
		compose_no_memory(&c);
	if (c.failed || (out->errors > errors && !c.limits.keep_faulty))
		yaml_free(&doc);
	return doc;
}

void yaml_free(yaml_document **doc)
{
	if (doc == NULL || *doc == NULL)
		return;
	arena_fini(&(*doc)->mem);
	tr_free(*doc);
	*doc = NULL;
}

const yaml_node *yaml_root(const yaml_document *doc)
{
	return doc->root;
}
