/* SPDX-License-Identifier: Apache-2.0 */
/* Filters that sort, group and compare: sort, dictsort, groupby, unique, items. */
#include <string.h>

#include "playbook/template/filters.h"

static void drop_all(tr_value *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		tr_drop(v[i]);
	tr_free(v);
}

/* The n items sorted by keys (as many, given back in the same order). False after ev_fail. */
static bool sort_both(struct eval *ev, tr_value *keys, tr_value *items, size_t n, bool reverse)
{
	struct {
		tr_value key, item;
	} *old = tr_alloc((n + 1) * sizeof(*old));
	tr_value *places = tr_alloc((n + 1) * sizeof(*places));
	bool ok = places != NULL && old != NULL;

	if (!ok)
		ev_fail(ev, TR_ENOMEM, "out of memory");
	for (size_t i = 0; ok && i < n; i++) {
		places[i] = tr_int((int64_t)i);
		old[i].key = keys[i];
		old[i].item = items[i];
	}
	ok = ok && ev_sort(ev, keys, places, n, reverse);
	for (size_t i = 0; ok && i < n; i++) {
		keys[i] = old[places[i].as.i].key;
		items[i] = old[places[i].as.i].item;
	}
	tr_free(places);
	tr_free(old);
	return ok;
}

/* A C array of the items (borrowed) of `list`; NULL after ev_fail. */
static tr_value *items_of(struct eval *ev, tr_value list)
{
	size_t n = tr_array_len(list);
	tr_value *items = tr_alloc((n + 1) * sizeof(*items));

	if (items == NULL)
		ev_fail(ev, TR_ENOMEM, "out of memory");
	else if (n > 0)
		memcpy(items, tr_array_items(list), n * sizeof(*items));
	return items;
}

/* The items of `list` (any array) sorted by keys (as many, dropped here) into a fresh list. */
static tr_value sorted(struct eval *ev, tr_value list, tr_value *keys, bool reverse)
{
	size_t n = tr_array_len(list);
	tr_value *items = items_of(ev, list), out = tr_invalid(TR_ENOMEM);

	if (items != NULL && ev_sort(ev, keys, items, n, reverse)) {
		out = tr_array_with(n + 1);
		for (size_t i = 0; i < n; i++)
			out = ev_push(ev, out, tr_keep(items[i]));
	}
	tr_free(items);
	drop_all(keys, n);
	return out;
}

/* The keys of all items; NULL after ev_fail. */
static tr_value *keys_of(struct eval *ev, tr_value items, struct attribute *attr, tr_value otherwise)
{
	size_t n = tr_array_len(items);
	tr_value *keys = tr_alloc((n + 1) * sizeof(*keys));

	if (keys == NULL) {
		ev_fail(ev, TR_ENOMEM, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		keys[i] = attribute_get(ev, attr, tr_array_at(items, i), otherwise);
		if (!tr_is_valid(keys[i])) {
			drop_all(keys, i);
			return NULL;
		}
	}
	return keys;
}

#define MAX_SORT_KEYS 16

/* Each part of "a,b.c" taken apart; how many there are in *n. False after ev_fail. */
static bool parse_list(struct eval *ev, tr_str s, bool ignore_case, struct attribute *attrs, size_t *n)
{
	*n = 0;
	for (size_t start = 0, i = 0; i <= s.n; i++) {
		if (i < s.n && s.p[i] != ',')
			continue;
		if (*n == MAX_SORT_KEYS) {
			ev_fail(ev, TR_ELIMIT, "too many attributes to sort by");
			return false;
		}
		tr_value one = tr_string_n(s.p + start, i - start);
		bool ok = tr_is_valid(one) && attribute_parse(ev, one, ignore_case, &attrs[*n]);
		if (!tr_is_valid(one))
			ev_invalid(ev, one);
		tr_drop(one);
		if (!ok)
			return false;
		++*n;
		start = i + 1;
	}
	return true;
}

/* For each item the list of its attributes. */
static bool fill_keys(struct eval *ev, tr_value items, struct attribute *attrs, size_t nattrs, tr_value *keys)
{
	for (size_t i = 0; i < tr_array_len(items); i++) {
		keys[i] = tr_array_with(nattrs);
		for (size_t k = 0; k < nattrs; k++)
			keys[i] =
			    tr_array_push(keys[i], attribute_get(ev, &attrs[k], tr_array_at(items, i), tr_absent()));
		if (!tr_is_valid(keys[i])) {
			ev_invalid(ev, keys[i]);
			return false;
		}
	}
	return true;
}

/* Keys for "a,b.c": several attributes, compared one after the other. */
static tr_value *multi_keys(struct eval *ev, tr_value items, tr_value attribute, bool ignore_case)
{
	struct attribute *attrs = tr_alloc(MAX_SORT_KEYS * sizeof(*attrs));
	size_t nattrs = 0, n = tr_array_len(items);
	tr_value *keys = tr_alloc((n + 1) * sizeof(*keys));
	bool ok = keys != NULL && attrs != NULL;

	if (!ok)
		ev_fail(ev, TR_ENOMEM, "out of memory");
	ok = ok && parse_list(ev, tr_as_str(attribute), ignore_case, attrs, &nattrs) &&
	     fill_keys(ev, items, attrs, nattrs, keys);
	for (size_t k = 0; k < nattrs; k++)
		attribute_free(&attrs[k]);
	tr_free(attrs);
	if (ok)
		return keys;
	if (keys != NULL)
		drop_all(keys, n);
	return NULL;
}

static tr_value f_sort(struct eval *ev, const tr_value *a)
{
	bool reverse, sensitive;
	struct attribute attr;
	tr_value items, *keys, out = tr_invalid(TR_ETYPE);

	if (!flag(ev, a[1], &reverse) || !flag(ev, a[2], &sensitive))
		return tr_invalid(TR_ETYPE);
	items = ev_items(ev, a[0]);
	if (!tr_is_valid(items))
		return items;
	if (is_text(a[3]) && memchr(tr_as_str(a[3]).p, ',', tr_as_str(a[3]).n) != NULL) {
		keys = multi_keys(ev, items, a[3], !sensitive);
		if (keys != NULL)
			out = sorted(ev, items, keys, reverse);
	} else if (attribute_parse(ev, a[3], !sensitive, &attr)) {
		keys = keys_of(ev, items, &attr, tr_absent());
		if (keys != NULL)
			out = sorted(ev, items, keys, reverse);
		attribute_free(&attr);
	}
	tr_drop(items);
	return out;
}

static tr_value f_dictsort(struct eval *ev, const tr_value *a)
{
	bool sensitive, reverse;
	struct attribute attr = {0};
	tr_value map = ev_resolve(ev, a[0]), pairs, index, *keys, out = tr_invalid(TR_ETYPE);
	tr_str by = is_given(a[2]) ? tr_as_str(a[2]) : tr_s("key");

	if (!flag(ev, a[1], &sensitive) || !flag(ev, a[3], &reverse))
		return tr_invalid(TR_ETYPE);
	if (!tr_str_is(by, "key") && !tr_str_is(by, "value"))
		return ev_fail(ev, TR_EINVAL, "dictsort sorts by 'key' or 'value'");
	if (is_undefined(map))
		return ev_undefined_fail(ev, map);
	if (!tr_is(map, TR_MAP))
		return ev_fail(ev, TR_ETYPE, "dictsort works on a mapping, not on '%s'", ev_type_name(map));
	index = tr_int(tr_str_is(by, "value"));
	pairs = ev_view(ev, map, SEQ_ITEMS);
	if (tr_is_valid(pairs) && attribute_parse(ev, index, !sensitive, &attr)) {
		keys = keys_of(ev, pairs, &attr, tr_absent());
		if (keys != NULL)
			out = sorted(ev, pairs, keys, reverse);
	}
	attribute_free(&attr);
	tr_drop(pairs);
	return out;
}

static tr_value f_items(struct eval *ev, const tr_value *a)
{
	tr_value map = ev_resolve(ev, a[0]), view;

	if (is_undefined(map))
		return tr_array_with(1);
	if (!tr_is(map, TR_MAP))
		return ev_fail(ev, TR_ETYPE, "items works on a mapping, not on '%s'", ev_type_name(map));
	view = ev_view(ev, map, SEQ_ITEMS);
	return py_sequence(view, SEQ_LIST);
}

/* One group: (key, [items]), whose parts have names too. */
static tr_value group(struct eval *ev, tr_value key, tr_value list)
{
	ev->special = true;
	return py_sequence(ev_pair(key, list), SEQ_GROUP);
}

/* Runs of equal keys in sorted items become groups. */
static tr_value make_groups(struct eval *ev, const tr_value *keys, const tr_value *items, size_t n,
			    struct attribute *shown, tr_value otherwise)
{
	tr_value out = tr_array_with(4);
	bool same = true;

	for (size_t i = 0; i < n && tr_is_valid(out);) {
		tr_value list = tr_array_with(4), key;
		size_t start = i;
		for (; i < n && tr_is_valid(list); i++) {
			if (i > start && (!ev_equal(ev, keys[start], keys[i], &same) || !same))
				break;
			list = ev_push(ev, list, tr_keep(items[i]));
		}
		key = ev->error->err == TR_OK ? attribute_get(ev, shown, items[start], otherwise)
					      : tr_invalid(ev->error->err);
		if (tr_is_valid(key)) {
			out = ev_push(ev, out, group(ev, key, list));
		} else {
			tr_drop(list);
			tr_drop(out);
			out = key;
		}
	}
	return out;
}

static tr_value group_all(struct eval *ev, tr_value list, const tr_value *a, struct attribute *compare,
			  struct attribute *shown)
{
	size_t n = tr_array_len(list);
	tr_value *items = items_of(ev, list), *keys = items != NULL ? keys_of(ev, list, compare, a[2]) : NULL;
	tr_value out = tr_invalid(TR_ETYPE);

	if (keys != NULL && sort_both(ev, keys, items, n, false))
		out = make_groups(ev, keys, items, n, shown, a[2]);
	if (keys != NULL)
		drop_all(keys, n);
	tr_free(items);
	return out;
}

static tr_value f_groupby(struct eval *ev, const tr_value *a)
{
	struct attribute compare, shown;
	bool sensitive;
	tr_value list, out = tr_invalid(TR_ETYPE);

	if (!flag(ev, a[3], &sensitive))
		return tr_invalid(TR_ETYPE);
	list = ev_items(ev, a[0]);
	if (!tr_is_valid(list))
		return list;
	if (attribute_parse(ev, a[1], !sensitive, &compare)) {
		if (attribute_parse(ev, a[1], false, &shown)) {
			out = group_all(ev, list, a, &compare, &shown);
			attribute_free(&shown);
		}
		attribute_free(&compare);
	}
	tr_drop(list);
	return out;
}

static tr_value f_unique(struct eval *ev, const tr_value *a)
{
	tr_value items = ev_items(ev, a[0]), seen = tr_map(), out = tr_array_with(1);
	struct attribute attr = {0};
	bool sensitive;

	if (!tr_is_valid(items) || !flag(ev, a[1], &sensitive) || !attribute_parse(ev, a[2], !sensitive, &attr)) {
		tr_drop(out);
		out = tr_invalid(TR_ETYPE);
	}
	for (size_t i = 0; i < tr_array_len(items) && tr_is_valid(out); i++) {
		tr_value key = attribute_get(ev, &attr, tr_array_at(items, i), tr_absent());
		bool known = tr_is_valid(key) && tr_is_valid(ev_map_find(ev, seen, key));
		if (!known && tr_is_valid(key) && ev->error->err == TR_OK)
			seen = ev_map_put(ev, seen, tr_keep(key), tr_nil());
		if (tr_is_valid(key))
			tr_drop(key);
		if (ev->error->err != TR_OK || !tr_is_valid(seen)) {
			tr_drop(out);
			out = tr_invalid(ev->error->err);
		} else if (!known) {
			out = ev_push(ev, out, tr_keep(tr_array_at(items, i)));
		}
	}
	attribute_free(&attr);
	tr_drop(seen);
	tr_drop(items);
	return out;
}

const struct native group_filters[] = {
    {"sort", "reverse case_sensitive attribute", 0, f_sort, NULL},
    {"dictsort", "case_sensitive by reverse", 0, f_dictsort, NULL},
    {"items", "", 0, f_items, NULL},
    {"groupby", "attribute default case_sensitive", 1, f_groupby, NULL},
    {"unique", "case_sensitive attribute", 0, f_unique, NULL},
    {NULL, NULL, 0, NULL, NULL},
};
