/* SPDX-License-Identifier: Apache-2.0 */
/* From text to a playbook, and a playbook's life. */
#include "playbook/model/loader.h"
#include <string.h>

static void box_free(playbook_box *box)
{
	for (size_t i = 0; i < box->template_count; i++)
		tr_template_free(&box->templates[i]);
	tr_free(box->templates);
	tr_free(box->sources);
	name_table_fini(&box->steps);
	arena_fini(&box->mem);
	tr_free(box);
}

static playbook_box *box_new(const char *file, tr_str text)
{
	playbook_box *box = tr_alloc(sizeof *box);
	if (box == NULL)
		return NULL;
	arena_init(&box->mem);
	atomic_init(&box->refs, 1);
	box->pub.file = arena_str(&box->mem, tr_s(file)).p;
	box->pub.source = arena_str(&box->mem, text);
	box->pub.final_step = -1;
	return box;
}

/* How many faults are not of the playbook itself, but that there is no file that it names. */
static size_t load_into(playbook_box *box, const yaml_node *root, const pb_check_options *options, bool beside,
			diagnostics *out)
{
	loader l = {.box = box, .mem = &box->mem, .out = out, .beside = beside};
	if (options != NULL)
		l.options = *options;
	if (root == NULL)
		load_fault(&l, NULL, NULL, "empty", "a playbook begins with apiVersion: noetl.io/v2",
			   "there is nothing in it");
	else
		document_load(&l, root);
	box->pub.codes = l.codes;
	box->pub.code_count = l.code_count;
	name_table_fini(&l.names);
	name_table_fini(&l.entries);
	name_table_fini(&l.inputs);
	name_table_fini(&l.templates);
	tr_free(l.clean);
	return l.astray;
}

playbook *playbook_load(const char *file, tr_str text, const pb_check_options *options, diagnostics *out)
{
	return load_beside(file, text, options, out, false);
}

playbook *load_beside(const char *file, tr_str text, const pb_check_options *options, diagnostics *out, bool beside)
{
	const yaml_limits limits = {.keep_faulty = true};
	size_t errors = out->errors;
	if (file == NULL)
		file = "<playbook>";
	yaml_document *doc = yaml_parse(file, text, &limits, out);
	if (doc == NULL)
		return NULL;
	playbook_box *box = box_new(file, text);
	size_t astray = 0;
	if (box != NULL)
		astray = load_into(box, yaml_root(doc), options, beside, out);
	yaml_free(&doc);
	if (box == NULL || box->mem.failed)
		diagnostics_add(out, DIAGNOSTIC_ERROR, "no-memory", 0, 0, "", NULL,
				"out of memory while loading the playbook");
	if (box != NULL && box->pub.code_count > 0 && options != NULL && options->codes != NULL)
		options->codes(options->arg, &box->pub, out);
	if (box != NULL && out->errors == errors + astray && options != NULL && options->further != NULL)
		options->further(options->arg, &box->pub, out);
	diagnostics_sort(out);
	if (box != NULL && out->errors > errors) {
		box_free(box);
		box = NULL;
	}
	return box == NULL ? NULL : &box->pub;
}

/* The public struct is the box's first member. */
static playbook_box *box_of(const playbook *p)
{
	return (playbook_box *)(uintptr_t)p;
}

playbook *playbook_hold(const playbook *p)
{
	playbook_box *box = box_of(p);
	atomic_fetch_add_explicit(&box->refs, 1, memory_order_relaxed);
	return &box->pub;
}

void playbook_free(playbook **p)
{
	if (p == NULL || *p == NULL)
		return;
	playbook_box *box = box_of(*p);
	*p = NULL;
	/* Release pairs with the acquire of whoever comes last, so that it sees all that others did. */
	if (atomic_fetch_sub_explicit(&box->refs, 1, memory_order_acq_rel) == 1)
		box_free(box);
}

int32_t playbook_step(const playbook *p, tr_str name)
{
	const uint32_t *at = name_table_find(&box_of(p)->steps, name);
	return at == NULL ? -1 : (int32_t)*at;
}
