/* SPDX-License-Identifier: Apache-2.0 */
/* map, select, reject, selectattr, rejectattr: lists at once, where Jinja makes generators. */
#include <string.h>

#include "playbook/template/error.h"
#include "playbook/template/filters.h"

/* A filter or test and its arguments, bound once for all items. */
struct applied {
	const struct native *native;
	struct args args;
	tr_value argv[MAX_PARAMS + 1];
};

static bool applied_init(struct eval *ev, struct applied *a, tr_value name, const struct args *args, size_t skip,
			 bool filter)
{
	tr_str text = tr_as_str(name);

	a->native = is_text(name) ? (filter ? filter_find(text) : test_find(text)) : NULL;
	a->args = *args;
	a->args.pos += skip;
	a->args.npos -= skip;
	if (a->native == NULL) {
		ev_fail(ev, TR_EINVAL, "there is no %s '%.*s'", filter ? "filter" : "test", TR_STR(text));
		return false;
	}
	return a->native->var != NULL ||
	       ev_bind(ev, a->native->name, a->native->params, a->native->required, &a->args, a->argv + 1);
}

static tr_value apply(struct eval *ev, struct applied *a, tr_value item)
{
	if (a->native->var != NULL)
		return a->native->var(ev, item, &a->args);
	a->argv[0] = item;
	return a->native->fn(ev, a->argv);
}

/* map(attribute=…, default=…) */
static tr_value map_attribute(struct eval *ev, tr_value items, const struct args *args)
{
	const tr_value *all = tr_array_items(items);
	size_t n = tr_array_len(items);
	tr_value want[2], list = tr_array_with(n);
	struct attribute attr;

	if (!ev_bind(ev, "map", "attribute default", 1, args, want) || !attribute_parse(ev, want[0], false, &attr)) {
		tr_drop(list);
		return tr_invalid(TR_ETYPE);
	}
	for (size_t i = 0; i < n && tr_is_valid(list); i++) {
		tr_value one = attribute_peek(ev, &attr, all[i]);
		one = tr_is_valid(one) ? tr_keep(one) : attribute_get(ev, &attr, all[i], want[1]);
		list = ev_append(ev, list, one);
	}
	attribute_free(&attr);
	return list;
}

static bool has_keyword(const struct args *args, const char *name)
{
	for (size_t i = 0; i < args->nkw; i++)
		if (tr_str_is(tr_as_str(args->kwnames[i]), name))
			return true;
	return false;
}

static tr_value map_filter(struct eval *ev, tr_value items, const struct args *args)
{
	tr_value list;
	struct applied a;

	if (args->npos == 0)
		return ev_fail(ev, TR_EINVAL, "map needs the name of a filter, or attribute=");
	if (!applied_init(ev, &a, args->pos[0], args, 1, true))
		return tr_invalid(TR_EINVAL);
	list = tr_array_with(tr_array_len(items));
	for (size_t i = 0; i < tr_array_len(items) && tr_is_valid(list); i++)
		list = ev_push(ev, list, apply(ev, &a, tr_array_at(items, i)));
	return list;
}

static tr_value f_map(struct eval *ev, tr_value value, const struct args *args)
{
	bool truth;

	if (!ev_truth(ev, value, &truth))
		return tr_invalid(TR_ETYPE);
	if (!truth)
		return tr_array_with(1);
	tr_value items = ev_items(ev, value), list;
	if (!tr_is_valid(items))
		return items;
	if (args->npos == 0 && has_keyword(args, "attribute"))
		list = map_attribute(ev, items, args);
	else
		list = map_filter(ev, items, args);
	tr_drop(items);
	return list;
}

/* Does the item pass? `test` NULL: is it true. */
static bool passes(struct eval *ev, struct applied *test, struct attribute *attr, tr_value item, bool *out)
{
	tr_value held, v = attribute_borrow(ev, attr, item, tr_absent(), &held);
	bool ok = tr_is_valid(v);

	if (ok && test != NULL) {
		tr_value result = apply(ev, test, v);
		ok = tr_is_valid(result) && ev_truth(ev, result, out);
		tr_drop(result);
	} else if (ok) {
		ok = ev_truth(ev, v, out);
	}
	tr_drop(held);
	return ok;
}

static tr_value filter_items(struct eval *ev, tr_value items, struct applied *test, struct attribute *attr, bool keep)
{
	const tr_value *all = tr_array_items(items);
	size_t n = tr_array_len(items);
	tr_value list = tr_array_with(n < 4096 ? n + 1 : 4096), peeked;
	bool pass;

	for (size_t i = 0; i < n && tr_is_valid(list); i++) {
		peeked = test == NULL ? attribute_peek(ev, attr, all[i]) : tr_absent();
		if (tr_is(peeked, TR_BOOL)) {
			pass = peeked.as.b;
		} else if (!passes(ev, test, attr, all[i], &pass)) {
			tr_drop(list);
			return tr_invalid(ev->error->err);
		}
		if (pass == keep)
			list = ev_append(ev, list, tr_keep(all[i]));
	}
	return list;
}

static tr_value filtered(struct eval *ev, tr_value value, const struct args *args, bool by_attr, bool keep)
{
	struct attribute attr;
	struct applied test;
	size_t skip = by_attr;
	bool truth, ok = true;

	if (!ev_truth(ev, value, &truth))
		return tr_invalid(TR_ETYPE);
	if (!truth)
		return tr_array_with(1);
	if (by_attr && args->npos == 0)
		return ev_fail(ev, TR_EINVAL, "the name of the attribute is missing");
	if (!attribute_parse(ev, by_attr ? args->pos[0] : tr_absent(), false, &attr))
		return tr_invalid(TR_ETYPE);
	if (args->npos > skip)
		ok = applied_init(ev, &test, args->pos[skip], args, skip + 1, false);
	tr_value items = ok ? ev_items(ev, value) : tr_invalid(TR_EINVAL), list = items;
	if (tr_is_valid(items)) {
		list = filter_items(ev, items, args->npos > skip ? &test : NULL, &attr, keep);
		tr_drop(items);
	}
	attribute_free(&attr);
	return list;
}

static tr_value f_select(struct eval *ev, tr_value v, const struct args *a)
{
	return filtered(ev, v, a, false, true);
}
static tr_value f_reject(struct eval *ev, tr_value v, const struct args *a)
{
	return filtered(ev, v, a, false, false);
}
static tr_value f_selectattr(struct eval *ev, tr_value v, const struct args *a)
{
	return filtered(ev, v, a, true, true);
}
static tr_value f_rejectattr(struct eval *ev, tr_value v, const struct args *a)
{
	return filtered(ev, v, a, true, false);
}

const struct native select_filters[] = {
    {"map", "", 0, NULL, f_map},
    {"select", "", 0, NULL, f_select},
    {"reject", "", 0, NULL, f_reject},
    {"selectattr", "", 0, NULL, f_selectattr},
    {"rejectattr", "", 0, NULL, f_rejectattr},
    {NULL, NULL, 0, NULL, NULL},
};
