/* SPDX-License-Identifier: Apache-2.0 */
/* Arena, names and lists of the syntax tree. */
#include <string.h>

#include "playbook/template/ast.h"

#define BLOCK_NODES 64

struct tree_block {
	struct tree_block *next;
	size_t n;
	struct node nodes[BLOCK_NODES];
};

void tree_fini(struct tree *tree)
{
	while (tree->blocks != NULL) {
		struct tree_block *next = tree->blocks->next;
		for (size_t i = 0; i < tree->blocks->n; i++)
			tr_drop(tree->blocks->nodes[i].value);
		tr_free(tree->blocks);
		tree->blocks = next;
	}
	tr_free(tree->names);
	tr_free(tree->buckets);
	memset(tree, 0, sizeof(*tree));
}

struct node *tree_node(struct tree *tree, enum node_kind kind, uint32_t start, uint32_t end)
{
	struct tree_block *block = tree->blocks;

	if (block == NULL || block->n == BLOCK_NODES) {
		block = tr_realloc(NULL, sizeof(*block)); /* a node is zeroed when it is taken */
		if (block == NULL)
			return NULL;
		block->n = 0;
		block->next = tree->blocks;
		tree->blocks = block;
	}
	struct node *node = &block->nodes[block->n++];
	memset(node, 0, sizeof(*node));
	node->kind = (uint8_t)kind;
	node->start = start;
	node->end = end;
	tree->nodes++;
	return node;
}

/* Where the tree lies is not known outside, so that nobody can choose names that all fall together. */
static uint32_t name_hash(const struct tree *tree, tr_str s)
{
	uint32_t h = 2166136261u ^ (uint32_t)((uintptr_t)tree->names >> 4) * 0x9E3779B1u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;
	return h;
}

static bool names_grow(struct tree *tree)
{
	uint32_t cap = tree->names_cap == 0 ? 32 : tree->names_cap * 2;
	struct name_entry *names = tr_realloc(tree->names, cap * sizeof(*names));

	if (names == NULL)
		return false;
	tree->names = names;
	uint32_t *buckets = tr_alloc(cap * sizeof(*buckets));
	if (buckets == NULL)
		return false;
	for (uint32_t i = 0; i < tree->nnames; i++) {
		uint32_t *slot = &buckets[name_hash(tree, names[i].text) & (cap - 1)];
		names[i].next = *slot;
		*slot = i + 1;
	}
	tr_free(tree->buckets);
	tree->buckets = buckets;
	tree->nbuckets = tree->names_cap = cap;
	return true;
}

uint32_t tree_name(struct tree *tree, tr_str text)
{
	if (tree->nnames == tree->names_cap && !names_grow(tree))
		return UINT32_MAX;
	uint32_t *slot = &tree->buckets[name_hash(tree, text) & (tree->nbuckets - 1)];
	for (uint32_t i = *slot; i != 0; i = tree->names[i - 1].next)
		if (tr_str_eq(tree->names[i - 1].text, text))
			return i - 1;
	tree->names[tree->nnames] = (struct name_entry){text, *slot};
	*slot = ++tree->nnames;
	return tree->nnames - 1;
}

void list_init(struct node_list *list)
{
	list->first = NULL;
	list->tail = &list->first;
	list->n = 0;
}

void list_add(struct node_list *list, struct node *node)
{
	*list->tail = node;
	list->tail = &node->next;
	list->n++;
}
