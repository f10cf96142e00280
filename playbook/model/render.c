/* SPDX-License-Identifier: Apache-2.0 */
/* Rendering: constants are shared, templates evaluated, lists and mappings built deep. */
#include "playbook/model/model.h"

static tr_value render_template(const pb_expr *e, pb_render *r)
{
	tr_eval_options options = r->eval;
	options.native = true;
	r->expr = e;
	r->at = e->pos;
	tr_value v = tr_template_eval(e->compiled, r->scope, &options, &r->error);
	if (!tr_is_valid(v))
		r->found = pb_expr_locate(e, r->error.line, r->error.column);
	return v;
}

/* A failure that no template reports: memory, or a key that cannot be one. */
static tr_value failed(const pb_expr *e, pb_render *r, tr_value v)
{
	if (tr_is_valid(v))
		return v;
	r->error = (tr_template_error){.err = tr_value_err(v), .line = 1, .column = 1};
	const char *text = tr_err_text(r->error.err);
	for (size_t i = 0; text[i] != '\0' && i + 1 < sizeof r->error.message; i++)
		r->error.message[i] = text[i];
	r->at = r->found = e->pos;
	return v;
}

static tr_value render_list(const pb_expr *e, pb_render *r)
{
	tr_value list = tr_array_with(e->count);
	for (size_t i = 0; i < e->count; i++) {
		tr_value item = pb_expr_render(e->items[i], r);
		if (!tr_is_valid(item)) {
			tr_drop(list);
			return item;
		}
		list = tr_array_push(list, item);
	}
	return failed(e, r, list);
}

static tr_value render_map(const pb_expr *e, pb_render *r)
{
	tr_value map = tr_map_with(e->count);
	for (size_t i = 0; i < e->count; i++) {
		tr_value key = pb_expr_render(e->pairs[i].key, r);
		tr_value value = tr_is_valid(key) ? pb_expr_render(e->pairs[i].value, r) : tr_absent();
		if (!tr_is_valid(value)) {
			tr_err err = tr_is_valid(key) ? tr_value_err(value) : tr_value_err(key);
			tr_drop(map);
			tr_drop(key);
			return tr_invalid(err);
		}
		map = tr_map_put(map, key, value);
	}
	return failed(e, r, map);
}

tr_value pb_expr_render(const pb_expr *e, pb_render *r)
{
	switch (e->kind) {
	case PB_CONST:
		return tr_keep(e->constant);
	case PB_TEMPLATE:
		return render_template(e, r);
	case PB_LIST:
		return render_list(e, r);
	case PB_MAP:
		return render_map(e, r);
	}
	return tr_invalid(TR_EINVAL);
}

bool pb_expr_test(const pb_expr *e, pb_render *r, bool otherwise, bool *failed_out)
{
	if (failed_out != NULL)
		*failed_out = false;
	if (e == NULL)
		return otherwise;
	tr_value v = pb_expr_render(e, r);
	if (!tr_is_valid(v)) {
		if (failed_out != NULL)
			*failed_out = true;
		return false;
	}
	tr_value known = tr_lazy_force(v);
	bool truth = tr_is_valid(known) && tr_truth(known, true);
	if (!tr_is_valid(known) && failed_out != NULL)
		*failed_out = true;
	tr_drop(known);
	tr_drop(v);
	return truth;
}

tr_value pb_expr_source(const pb_expr *e)
{
	if (e == NULL)
		return tr_nil();
	if (e->kind == PB_CONST)
		return tr_keep(e->constant);
	if (e->kind == PB_TEMPLATE)
		return tr_string_n(e->source.p, e->source.n);
	tr_value out = e->kind == PB_LIST ? tr_array_with(e->count) : tr_map_with(e->count);
	for (size_t i = 0; e->kind == PB_LIST && i < e->count; i++)
		out = tr_array_push(out, pb_expr_source(e->items[i]));
	for (size_t i = 0; e->kind == PB_MAP && i < e->count; i++)
		out = tr_map_put(out, pb_expr_source(e->pairs[i].key), pb_expr_source(e->pairs[i].value));
	return out;
}
