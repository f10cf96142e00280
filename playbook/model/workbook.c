/* SPDX-License-Identifier: Apache-2.0 */
/* Workbook and keychain: both may be a list of entries with a name, or a mapping from names. */
#include "playbook/model/loader.h"

/* The name of a list item: its `name`, or its only key when what is below is a mapping. */
static const yaml_node *item_name(const yaml_node *item, const yaml_node **body, bool *named)
{
	const yaml_node *name = yaml_get(item, "name");
	*body = item;
	*named = name != NULL;
	if (name != NULL || item->kind != YAML_MAPPING || item->count != 1)
		return name;
	*body = item->pairs[0].value;
	return item->pairs[0].key;
}

static void entry_load(loader *l, const yaml_node *name, const yaml_node *body, bool named, const where *w,
		       pb_workbook_entry *e)
{
	const yaml_node *tool = yaml_get(body, "tool");
	label_list labels = {.items = &e->name, .count = 1};
	e->name = name_of(l, name, w, "the name of a workbook entry");
	e->task.config = expr_const(l, tr_map(), pos_of(body));
	if (e->name.n == 0)
		return;
	if (tool != NULL && tool->kind == YAML_MAPPING && yaml_get(body, "kind") == NULL) {
		where here = where_key(w, LITERAL("tool"));
		task_load(l, tool, NULL, e->name, false, &labels, &here, &e->task);
	} else {
		task_load(l, body, name, e->name, named, &labels, w, &e->task);
	}
}

/* Names first, so that an entry may name a later one. */
static void entry_names(loader *l, const yaml_node *n, const where *w)
{
	for (size_t i = 0; i < n->count && !l->mem->failed; i++) {
		const yaml_node *body, *name;
		bool named, list = n->kind != YAML_MAPPING;
		name = list ? item_name(n->items[i], &body, &named) : n->pairs[i].key;
		if (name == NULL || !is_text(name) || name->text.n == 0)
			continue;
		where here = list ? where_at(w, i) : where_key(w, name->text);
		tr_str kept = arena_str(l->mem, name->text);
		if (name_table_find(&l->entries, kept) != NULL)
			load_fault(l, &here, name, "duplicate-entry", NULL, "the workbook has two entries '%.*s'",
				   TR_STR(kept));
		else if (!name_table_put(&l->entries, kept, 0))
			l->mem->failed = true;
	}
}

void workbook_load(loader *l, const yaml_node *n, const where *w)
{
	playbook *p = &l->box->pub;
	if (n == NULL)
		return;
	pb_workbook_entry *entries = arena_alloc_array(l->mem, n->count, sizeof *entries);
	if (entries == NULL)
		return;
	entry_names(l, n, w);
	for (size_t i = 0; i < n->count; i++) {
		const yaml_node *name, *body;
		bool named = false;
		where here = where_at(w, i);
		if (n->kind == YAML_MAPPING) {
			name = n->pairs[i].key;
			body = n->pairs[i].value;
			here = where_key(w, name->text);
		} else {
			name = item_name(n->items[i], &body, &named);
		}
		if (name == NULL)
			load_fault(l, &here, n->items[i], "entry-without-name", "such as - name: load_orders",
				   "the workbook entry has no name");
		else
			entry_load(l, name, body, named, &here, &entries[p->workbook_count++]);
	}
	p->workbook = entries;
}

void keychain_load(loader *l, const yaml_node *n, const where *w)
{
	playbook *p = &l->box->pub;
	if (n == NULL)
		return;
	pb_keychain_entry *entries = arena_alloc_array(l->mem, n->count, sizeof *entries);
	if (entries == NULL)
		return;
	for (size_t i = 0; i < n->count; i++) {
		const yaml_node *name, *body;
		bool named = false;
		where here = where_at(w, i);
		if (n->kind == YAML_MAPPING) {
			name = n->pairs[i].key;
			body = n->pairs[i].value;
			here = where_key(w, name->text);
		} else {
			name = item_name(n->items[i], &body, &named);
		}
		if (name == NULL) {
			load_fault(l, &here, n->items[i], "entry-without-name", "such as - { name: api, kind: bearer }",
				   "the keychain entry has no name");
			continue;
		}
		pb_keychain_entry *e = &entries[p->keychain_count++];
		e->name = name_of(l, name, &here, "the name of a keychain entry");
		e->pos = pos_of(name);
		if (body->kind != YAML_MAPPING)
			load_fault(l, &here, body, "wrong-type", NULL, "a keychain entry must be a mapping, not %s",
				   node_kind_name(body));
		e->config = expr_of(l, body, &here);
		check_keychain(l, body, named, &here);
	}
	p->keychain = entries;
}
