/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings: merge keys applied as PyYAML does (merged pairs first, own keys win), duplicate keys reported with both
 * lines. */
#include "playbook/yaml/compose.h"
#include <string.h>

enum {
	SMALL = 12
}; /* up to here keys are compared pair by pair */

typedef struct pair_list {
	yaml_pair *items;
	size_t count;
	name_table names; /* identity -> index, once there are more than SMALL */
	size_t merged;    /* the first so many came by merging … */
	bool *replaced;   /* … and these of them gave way to an own key */
} pair_list;

/* What makes two keys the same: the text of a string, type and content of anything else. */
static tr_str key_identity(composer *c, const yaml_node *key)
{
	tr_value v = key->value;
	switch (tr_type_of(v)) {
	case TR_NIL:
		return tr_s("\1nil");
	case TR_BOOL:
		return tr_s(v.as.b ? "\1true" : "\1false");
	case TR_INT:
		return arena_strf(c->mem, "\1%lld", (long long)v.as.i);
	case TR_FLOAT:
		return arena_strf(c->mem, "\1%.17g", v.as.d);
	default:
		return key->text;
	}
}

static bool same_key(const yaml_node *a, const yaml_node *b)
{
	if (tr_is(a->value, TR_STRING) && tr_is(b->value, TR_STRING))
		return a->text.n == b->text.n && tr_str_eq(a->text, b->text);
	return tr_equal(a->value, b->value);
}

static yaml_pair *pair_find(composer *c, pair_list *l, const yaml_node *key)
{
	if (l->names.count == 0) {
		for (size_t i = 0; i < l->count; i++) {
			if (same_key(l->items[i].key, key))
				return &l->items[i];
		}
		return NULL;
	}
	uint32_t *at = name_table_find(&l->names, key_identity(c, key));
	return at == NULL ? NULL : &l->items[*at];
}

static void pair_add(composer *c, pair_list *l, yaml_pair pair)
{
	l->items[l->count++] = pair;
	if (l->count <= SMALL)
		return;
	for (size_t i = l->names.count == 0 ? 0 : l->count - 1; i < l->count; i++) {
		if (!name_table_put(&l->names, key_identity(c, l->items[i].key), (uint32_t)i))
			compose_no_memory(c);
	}
}

static bool is_merge(const yaml_node *key)
{
	return key->text.n == 2 && key->text.p[0] == '<' && key->text.p[1] == '<' && !key->quoted;
}

static void merge_fault(composer *c, const yaml_node *at)
{
	compose_fail(c, "bad-merge", at->line, at->column, "write << : *anchor, or a list of such aliases",
		     "'<<' takes a mapping or a list of mappings");
}

/* Number of pairs that a merge value may bring. */
static size_t merge_size(composer *c, const yaml_node *v)
{
	if (v->kind == YAML_MAPPING)
		return v->count;
	size_t total = 0;
	for (size_t i = 0; v->kind == YAML_SEQUENCE && i < v->count; i++) {
		if (v->items[i]->kind != YAML_MAPPING)
			break;
		total += v->items[i]->count;
		if (i + 1 == v->count)
			return total;
	}
	if (v->kind != YAML_SEQUENCE || v->count > 0)
		merge_fault(c, v);
	return 0;
}

/* A merged pair: what is there already stays (earlier mappings of a list win). */
static void merge_from(composer *c, pair_list *l, const yaml_node *from)
{
	for (size_t i = 0; i < from->count && !c->failed; i++) {
		if (pair_find(c, l, from->pairs[i].key) == NULL)
			pair_add(c, l, from->pairs[i]);
	}
}

static void merge_value(composer *c, pair_list *l, const yaml_node *v)
{
	if (v->kind == YAML_MAPPING) {
		merge_from(c, l, v);
		return;
	}
	for (size_t i = 0; i < v->count; i++)
		merge_from(c, l, v->items[i]);
}

/* An own key replaces a merged one in its place; a second own key is a fault. */
static void own_pair(composer *c, pair_list *l, yaml_pair pair)
{
	const yaml_node *key = pair.key;
	yaml_pair *old = pair_find(c, l, key);
	if (old == NULL) {
		pair_add(c, l, pair);
		return;
	}
	size_t at = (size_t)(old - l->items);
	if (at < l->merged && !l->replaced[at]) {
		*old = pair;
		l->replaced[at] = true;
		return;
	}
	diagnostics_add(c->out, DIAGNOSTIC_ERROR, "duplicate-key", key->line, key->column, "",
			"remove one of them, or give it another name", "the key '%.*s' stands here and on line %u",
			TR_STR(key->text), (unsigned)old->key->line);
}

static bool key_ok(composer *c, const yaml_node *key)
{
	if (key->kind == YAML_SCALAR)
		return true;
	bool braces = key->kind == YAML_MAPPING;
	compose_fail(c, "bad-key", key->line, key->column,
		     braces ? "a value that begins with {{ must be in quotes: \"{{ … }}\"" : NULL,
		     "a %s cannot be a key", braces ? "mapping" : "list");
	return false;
}

void compose_mapping(composer *c, yaml_node *node, const yaml_node *const *children, size_t count)
{
	size_t room = count / 2;
	bool merges = false;
	for (size_t i = 0; i + 1 < count; i += 2) {
		if (!key_ok(c, children[i]))
			return;
		if (is_merge(children[i])) {
			merges = true;
			room += merge_size(c, children[i + 1]);
		}
	}
	pair_list l = {.items = arena_alloc_array(c->mem, room, sizeof(yaml_pair))};
	if (l.items == NULL) {
		compose_no_memory(c);
		return;
	}
	for (size_t i = 0; merges && i + 1 < count && !c->failed; i += 2) {
		if (is_merge(children[i]))
			merge_value(c, &l, children[i + 1]);
	}
	l.merged = l.count;
	if (merges && (l.replaced = arena_alloc(c->mem, l.merged)) == NULL)
		compose_no_memory(c);
	for (size_t i = 0; i + 1 < count && !c->failed; i += 2) {
		if (!merges || !is_merge(children[i]))
			own_pair(c, &l, (yaml_pair){children[i], children[i + 1]});
	}
	name_table_fini(&l.names);
	node->pairs = l.items;
	node->count = l.count;
}
