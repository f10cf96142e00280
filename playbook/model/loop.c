/* SPDX-License-Identifier: Apache-2.0 */
/* `loop`: what is walked through, the iterator's name, and the policies, which older playbooks write beside them. */
#include "playbook/model/loader.h"
#include <float.h>

static bool is_identifier(tr_str name)
{
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
		if (!letter && !(i > 0 && c >= '0' && c <= '9'))
			return false;
	}
	return name.n > 0;
}

/* A policy may stand in `spec` or (older) on the loop itself. */
static const fields *policy_at(loader *l, const fields *f, const fields *spec, const char *key, const where *w)
{
	bool in_spec = spec->table != NULL && fields_key(spec, key) != NULL;
	if (in_spec && fields_key(f, key) != NULL) {
		tr_str full = arena_strf(l->mem, "spec.%s", key);
		fault_both(l, w, fields_key(f, key), key, fields_key(spec, key), full.p);
	}
	return in_spec ? spec : f;
}

static void policies_load(loader *l, const fields *f, const fields *spec, const where *w, pb_loop *loop)
{
	loop->mode = (pb_mode)fields_choice(policy_at(l, f, spec, "mode", w), "mode", PB_SEQUENTIAL);
	loop->on_error =
	    (pb_on_error)fields_choice(policy_at(l, f, spec, "on_error", w), "on_error", PB_ON_ERROR_FINISH);
	const yaml_node *most = fields_get(policy_at(l, f, spec, "max_in_flight", w), "max_in_flight");
	number_check(l, most, w, "max_in_flight", 1, DBL_MAX, "at least 1");
	loop->max_in_flight = expr_or_null(l, most, w, "max_in_flight");
}

static void source_load(loader *l, const yaml_node *n, const fields *f, const where *w, pb_loop *loop)
{
	const yaml_node *in = fields_get(f, "in"), *cursor = fields_get(f, "cursor");
	if (in != NULL && cursor != NULL)
		fault_both(l, w, fields_key(f, "in"), "in", fields_key(f, "cursor"), "cursor");
	if (in == NULL && cursor == NULL && fields_key(f, "in") == NULL && fields_key(f, "cursor") == NULL)
		load_fault(l, w, n, "loop-without-in", "such as in: \"{{ workload.items }}\"",
			   "the loop does not say what it walks through: 'in' is missing");
	if (cursor != NULL && yaml_get(cursor, "kind") == NULL)
		load_fault(l, w, cursor, "no-kind", "such as cursor: { kind: postgres, query: … }",
			   "the cursor does not say the kind of its task");
	loop->cursor = cursor != NULL;
	const char *key = cursor != NULL ? "cursor" : "in";
	loop->in = expr_or_null(l, cursor != NULL ? cursor : in, w, key);
	if (in != NULL && is_text(in) && loop->in->kind == PB_CONST)
		load_warn(l, w, in, "loop-over-text", "such as in: \"{{ workload.items }}\"",
			  "the loop walks through a list, a mapping or a number, and '%.40s' is text", in->text.p);
	if (loop->in == NULL)
		loop->in = expr_const(l, tr_nil(), pos_of(n));
}

void loop_load(loader *l, const yaml_node *n, const where *w, pb_loop *loop)
{
	fields f, spec = {0};
	loop->present = true;
	loop->pos = pos_of(n);
	loop->iterator = LITERAL("");
	if (!fields_read(l, n, &schema_loop, NULL, w, &f))
		return;
	where wspec = where_key(w, LITERAL("spec")), witer = where_key(w, LITERAL("iterator"));
	if (fields_get(&f, "spec") != NULL)
		fields_read(l, fields_get(&f, "spec"), &schema_loop_spec, NULL, &wspec, &spec);
	source_load(l, n, &f, w, loop);
	policies_load(l, &f, &spec, w, loop);
	const yaml_node *iterator = fields_get(&f, "iterator");
	if (iterator != NULL) {
		loop->iterator = name_of(l, iterator, &witer, "the iterator");
		if (loop->iterator.n > 0 && !is_identifier(loop->iterator))
			load_fault(l, &witer, iterator, "bad-name", "letters, digits and '_', such as 'item'",
				   "'%.*s' cannot name an iterator", TR_STR(loop->iterator));
	} else if (fields_key(&f, "iterator") == NULL) {
		load_fault(l, w, n, "loop-without-iterator", "such as iterator: item, to be read as {{ iter.item }}",
			   "the loop does not name its item: 'iterator' is missing");
	}
}
