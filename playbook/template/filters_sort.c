/* SPDX-License-Identifier: Apache-2.0 */
/* Filters that sort: sort, dictsort; and the keys they do it by. */
#include <string.h>

#include "playbook/template/filters.h"
#include "playbook/template/keys.h"

static bool keys_new(struct eval *ev, size_t n, struct keys *out)
{
	*out = (struct keys){.n = n};
	out->v = n < SIZE_MAX / 64 ? tr_realloc(NULL, (n + 1) * 2 * sizeof(tr_value)) : NULL;
	if (out->v == NULL) {
		ev_fail(ev, TR_ENOMEM, "out of memory");
		return false;
	}
	out->held = out->v + n + 1;
	return true;
}

bool keys_of(struct eval *ev, tr_value items, struct attribute *attr, tr_value otherwise, struct keys *out)
{
	const tr_value *all = tr_array_items(items);
	size_t n = tr_array_len(items);

	if (!keys_new(ev, n, out))
		return false;
	for (size_t i = 0; i < n; i++) {
		tr_value held = tr_absent(), key = attribute_peek(ev, attr, all[i]);
		if (!tr_is_valid(key) || (attr->ignore_case && is_text(key)))
			key = attribute_borrow(ev, attr, all[i], otherwise, &held);
		if (tr_is_valid(held))
			out->held[out->nheld++] = held;
		if (!tr_is_valid(key)) {
			keys_drop(out);
			return false;
		}
		out->v[i] = key;
	}
	return true;
}

void keys_drop(struct keys *keys)
{
	for (size_t i = 0; i < keys->nheld; i++)
		tr_drop(keys->held[i]);
	tr_free(keys->v);
	*keys = (struct keys){0};
}

/* The items of `list` (any array) sorted by keys (as many) into a fresh list. */
static tr_value sorted(struct eval *ev, tr_value list, const struct keys *keys, struct sort_how how)
{
	const tr_value *all = tr_array_items(list);
	size_t *order = tr_realloc(NULL, (keys->n + 1) * sizeof(*order));
	tr_value out = tr_invalid(TR_ENOMEM);

	if (order == NULL)
		return ev_fail(ev, TR_ENOMEM, "out of memory");
	if (ev_sort(ev, keys->v, keys->n, how, order)) {
		out = tr_array_with(keys->n);
		for (size_t i = 0; i < keys->n; i++)
			out = ev_append(ev, out, tr_keep(all[order[i]]));
	}
	tr_free(order);
	return out;
}

/* The same by one attribute. */
static tr_value sorted_by(struct eval *ev, tr_value list, tr_value attribute, bool ignore_case, struct sort_how how)
{
	struct attribute attr;
	struct keys keys;
	tr_value out = tr_invalid(TR_ETYPE);

	if (!attribute_parse(ev, attribute, ignore_case, &attr))
		return out;
	if (keys_of(ev, list, &attr, tr_absent(), &keys)) {
		out = sorted(ev, list, &keys, how);
		keys_drop(&keys);
	}
	attribute_free(&attr);
	return out;
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
static bool fill_keys(struct eval *ev, tr_value items, struct attribute *attrs, size_t nattrs, struct keys *keys)
{
	for (size_t i = 0; i < keys->n; i++) {
		tr_value key = tr_array_with(nattrs);
		for (size_t k = 0; k < nattrs; k++)
			key = tr_array_push(key, attribute_get(ev, &attrs[k], tr_array_at(items, i), tr_absent()));
		if (!tr_is_valid(key)) {
			ev_invalid(ev, key);
			return false;
		}
		keys->v[i] = keys->held[keys->nheld++] = key;
	}
	return true;
}

/* Sorted by "a,b.c": several attributes, compared one after the other. */
static tr_value sorted_by_many(struct eval *ev, tr_value list, tr_value attribute, bool ignore_case,
			       struct sort_how how)
{
	struct attribute *attrs = tr_alloc(MAX_SORT_KEYS * sizeof(*attrs));
	size_t nattrs = 0;
	struct keys keys;
	tr_value out = tr_invalid(TR_ENOMEM);

	if (attrs == NULL)
		return ev_fail(ev, TR_ENOMEM, "out of memory");
	if (keys_new(ev, tr_array_len(list), &keys)) {
		if (parse_list(ev, tr_as_str(attribute), ignore_case, attrs, &nattrs) &&
		    fill_keys(ev, list, attrs, nattrs, &keys))
			out = sorted(ev, list, &keys, how);
		keys_drop(&keys);
	}
	for (size_t k = 0; k < nattrs; k++)
		attribute_free(&attrs[k]);
	tr_free(attrs);
	return out;
}

static tr_value f_sort(struct eval *ev, const tr_value *a)
{
	bool reverse, sensitive, many = is_text(a[3]) && memchr(tr_as_str(a[3]).p, ',', tr_as_str(a[3]).n) != NULL;
	tr_value items, out;

	if (!flag(ev, a[1], &reverse) || !flag(ev, a[2], &sensitive))
		return tr_invalid(TR_ETYPE);
	struct sort_how how = {.reverse = reverse, .as_lists = true};
	items = ev_items(ev, a[0]);
	if (!tr_is_valid(items))
		return items;
	out = many ? sorted_by_many(ev, items, a[3], !sensitive, how) : sorted_by(ev, items, a[3], !sensitive, how);
	tr_drop(items);
	return out;
}

static tr_value f_dictsort(struct eval *ev, const tr_value *a)
{
	bool sensitive, reverse;
	tr_value map = ev_resolve(ev, a[0]), pairs, out;
	tr_str by = is_given(a[2]) ? tr_as_str(a[2]) : tr_s("key");

	if (!flag(ev, a[1], &sensitive) || !flag(ev, a[3], &reverse))
		return tr_invalid(TR_ETYPE);
	if (!tr_str_is(by, "key") && !tr_str_is(by, "value"))
		return ev_fail(ev, TR_EINVAL, "dictsort sorts by 'key' or 'value'");
	if (is_undefined(map))
		return ev_undefined_fail(ev, map);
	if (!tr_is(map, TR_MAP))
		return ev_fail(ev, TR_ETYPE, "dictsort works on a mapping, not on '%s'", ev_type_name(map));
	pairs = ev_view(ev, map, SEQ_ITEMS);
	if (!tr_is_valid(pairs))
		return pairs;
	out = sorted_by(ev, pairs, tr_int(tr_str_is(by, "value")), !sensitive, (struct sort_how){.reverse = reverse});
	tr_drop(pairs);
	return out;
}

const struct native sort_filters[] = {
    {"sort", "reverse case_sensitive attribute", 0, f_sort, NULL},
    {"dictsort", "case_sensitive by reverse", 0, f_dictsort, NULL},
    {NULL, NULL, 0, NULL, NULL},
};
