/* SPDX-License-Identifier: Apache-2.0 */
/* `tool` in all its forms: a list of labelled tasks, a list item with name and kind, one mapping with kind. */
#include "playbook/model/loader.h"

/* A task before it is read: what it is called and where its mapping is. */
typedef struct task_source {
	const yaml_node *body;
	const yaml_node *name; /* of the label; NULL when it has none of its own */
	bool named;            /* the label is the body's `name` */
	bool wrapped;          /* - label: { … } */
} task_source;

/* - label:
 *   kind: …       meant as the label's mapping, but the keys stand beside it. True: the task cannot be read. */
static bool beside_label(loader *l, const yaml_node *item, const where *w)
{
	const yaml_node *first = item->pairs[0].key, *kind = yaml_get(item, "kind");
	const tool_kind *known = is_text(kind) ? kind_find(kind->text) : NULL;
	if (item->count < 2 || !is_null(item->pairs[0].value) || !is_text(first) ||
	    schema_find(&schema_task, first->text) != NULL || kind_key_find(known, first->text) != NULL)
		return false;
	const yaml_node *next = item->pairs[1].key;
	load_say(l, known != NULL ? DIAGNOSTIC_ERROR : DIAGNOSTIC_WARNING, w, pos_of(first), "bad-task",
		 "indent the lines of the task below its label, two columns deeper than the label itself",
		 "nothing stands below the label '%.*s': '%.*s' on line %u is beside it", TR_STR(first->text),
		 TR_STR(next->text), (unsigned)next->line);
	return known != NULL;
}

static bool source_of(loader *l, const yaml_node *item, const where *w, task_source *s)
{
	*s = (task_source){.body = item};
	if (item->kind != YAML_MAPPING || item->count == 0) {
		load_fault(l, w, item, "wrong-type", "such as - fetch: { kind: http, url: … }",
			   "a task must be a mapping, not %s",
			   item->kind == YAML_MAPPING ? "an empty one" : node_kind_name(item));
		return false;
	}
	if (yaml_get(item, "kind") != NULL) {
		if (beside_label(l, item, w))
			return false;
		s->name = yaml_get(item, "name");
		s->named = s->name != NULL;
		return true;
	}
	if (item->count != 1) {
		load_fault(l, w, item, "bad-task", "one task a list item; look at the indentation",
			   "a task is one label with a mapping below it, this has %zu keys", item->count);
		return false;
	}
	s->name = item->pairs[0].key;
	s->body = item->pairs[0].value;
	s->wrapped = true;
	return true;
}

static tr_str label_of(loader *l, const task_source *s, const where *w, const pb_step *step, size_t index, size_t count)
{
	if (s->name != NULL)
		return name_of(l, s->name, w, "the label of a task");
	if (count == 1)
		return step->name;
	tr_str label = arena_strf(l->mem, "task_%zu", index + 1);
	load_warn(l, w, s->body, "no-label", "write - label: { kind: …, … }",
		  "the task has no label; it is called '%.*s'", TR_STR(label));
	return label;
}

enum {
	LABELS_SCANNED = 8 /* up to here a table is not worth its memory */
};

int64_t label_find(const label_list *labels, tr_str label)
{
	if (labels->indices.count > 0) {
		const uint32_t *at = name_table_find(&labels->indices, label);
		return at == NULL ? -1 : (int64_t)*at;
	}
	for (size_t i = 0; label.n > 0 && i < labels->count; i++) {
		if (tr_str_eq(labels->items[i], label))
			return (int64_t)i;
	}
	return -1;
}

/* A label that is there already is a fault. */
static void labels_index(loader *l, label_list *labels, const task_source *sources, const where *w)
{
	for (size_t i = 0; i < labels->count; i++) {
		tr_str label = labels->items[i];
		if (label.n == 0)
			continue;
		if (labels->count > LABELS_SCANNED && name_table_find(&labels->indices, label) == NULL) {
			if (!name_table_put(&labels->indices, label, (uint32_t)i))
				l->mem->failed = true;
			continue;
		}
		int64_t first = label_find(labels, label);
		if (first < 0 || (size_t)first >= i)
			continue; /* itself */
		const yaml_node *at = sources[i].name != NULL ? sources[i].name : sources[i].body;
		const yaml_node *before = sources[first].name != NULL ? sources[first].name : sources[first].body;
		if (before == NULL)
			continue; /* what has a label has a body */
		where here = where_at(w, i);
		load_fault(l, &here, at, "duplicate-label", "labels of one pipeline must differ",
			   "the label '%.*s' is already on line %u", TR_STR(label), (unsigned)before->line);
	}
}

static void pipeline_load(loader *l, const task_source *sources, const where *paths, size_t count, pb_step *s,
			  const where *w)
{
	tr_str *labels = arena_alloc_array(l->mem, count, sizeof *labels);
	pb_task *tasks = arena_alloc_array(l->mem, count, sizeof *tasks);
	if (labels == NULL || tasks == NULL)
		return;
	for (size_t i = 0; i < count; i++)
		labels[i] = sources[i].body == NULL ? LITERAL("") : label_of(l, &sources[i], &paths[i], s, i, count);
	label_list list = {.items = labels, .count = count};
	labels_index(l, &list, sources, w);
	for (size_t i = 0; i < count; i++) {
		tasks[i].index = (uint32_t)i;
		if (sources[i].body == NULL)
			continue;
		where here = paths[i];
		if (sources[i].wrapped)
			here = where_key(&paths[i], sources[i].name->text);
		task_load(l, sources[i].body, sources[i].name, labels[i], sources[i].named, &list, &here, &tasks[i]);
	}
	name_table_fini(&list.indices);
	s->tasks = tasks;
	s->task_count = count;
}

/* One mapping with `kind`: its `name`, where the kind has no such key, is the label. */
static void single_load(loader *l, const yaml_node *n, const where *w, pb_step *s)
{
	const yaml_node *kind = yaml_get(n, "kind");
	task_source source = {.body = n};
	if (kind == NULL && n->count == 1 && n->pairs[0].value->kind == YAML_MAPPING) {
		source = (task_source){.body = n->pairs[0].value, .name = n->pairs[0].key, .wrapped = true};
	} else if (kind == NULL) {
		load_fault(l, w, n, "no-kind", "add kind: …, or make it a list: - label: { kind: …, … }",
			   "'tool' is a mapping without 'kind'");
		return;
	} else if (yaml_get(n, "name") != NULL && is_text(kind) &&
		   kind_key_find(kind_find(kind->text), LITERAL("name")) == NULL) {
		source.name = yaml_get(n, "name");
		source.named = true;
	}
	pipeline_load(l, &source, w, 1, s, w);
}

void tool_load(loader *l, const yaml_node *n, const where *w, pb_step *s)
{
	if (n->kind == YAML_MAPPING) {
		single_load(l, n, w, s);
		return;
	}
	task_source *sources = arena_alloc_array(l->mem, n->count, sizeof *sources);
	where *paths = arena_alloc_array(l->mem, n->count, sizeof *paths);
	if (sources == NULL || paths == NULL)
		return;
	for (size_t i = 0; i < n->count; i++) {
		paths[i] = where_at(w, i);
		if (!source_of(l, n->items[i], &paths[i], &sources[i]))
			sources[i].body = NULL;
	}
	pipeline_load(l, sources, paths, n->count, s, w);
}
