/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Result policies. `result: "{{ … }}"` (or any value) says what the result is. A mapping whose keys are all among those
 * of a policy says where it is kept: value, select, store, scope, ttl, inline_max, preview.
 */
#include "playbook/model/loader.h"

static bool is_policy_key(tr_str key)
{
	static const char *const keys[] = {"value", "select", "output_select", "store",
					   "scope", "ttl",    "inline_max",    "preview"};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (tr_str_is(key, keys[i]))
			return true;
	}
	return false;
}

static bool is_policy(const yaml_node *n)
{
	if (n->kind != YAML_MAPPING || n->count == 0)
		return false;
	for (size_t i = 0; i < n->count; i++) {
		if (!is_policy_key(n->pairs[i].key->text))
			return false;
	}
	return true;
}

/* The policy without `value`, `output_select` under its name `select`; and a `select` from beside it. */
static const pb_expr *store_of(loader *l, const yaml_node *n, const yaml_node *select, const where *w)
{
	size_t room = (n == NULL ? 0 : n->count) + 1, count = 0;
	pb_expr_pair *pairs = arena_alloc_array(l->mem, room, sizeof *pairs);
	if (pairs == NULL)
		return NULL;
	for (size_t i = 0; n != NULL && i < n->count; i++) {
		tr_str key = n->pairs[i].key->text;
		if (tr_str_is(key, "value"))
			continue;
		where here = where_key(w, key);
		if (tr_str_is(key, "output_select"))
			key = LITERAL("select");
		pairs[count].key = expr_const(l, tr_string_n(key.p, key.n), pos_of(n->pairs[i].key));
		pairs[count++].value = expr_of(l, n->pairs[i].value, &here);
	}
	if (select != NULL) {
		where here = where_key(w, LITERAL("output_select"));
		pairs[count].key = expr_const(l, tr_string("select"), pos_of(select));
		pairs[count++].value = expr_of(l, select, &here);
	}
	if (count == 0)
		return NULL;
	return expr_map(l, pairs, count, pairs[0].value->pos);
}

void result_load(loader *l, const fields *f, const where *w, pb_result_policy *to)
{
	const yaml_node *n = fields_get(f, "result");
	const yaml_node *select = fields_get(f, "output_select");
	if (n == NULL && select == NULL)
		return;
	where here = n == NULL ? *w : where_key(w, fields_key(f, "result")->text);
	to->present = true;
	if (n != NULL && !is_policy(n)) {
		to->value = expr_of(l, n, &here);
		n = NULL;
	} else if (n != NULL) {
		const yaml_node *value = yaml_get(n, "value");
		to->value = expr_or_null(l, value, &here, "value");
		if (select != NULL && yaml_get(n, "select") != NULL)
			fault_both(l, &here, yaml_key(n, "select"), "select", select, "output_select");
	}
	to->store = store_of(l, n, select, &here);
}
