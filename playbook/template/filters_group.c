/* SPDX-License-Identifier: Apache-2.0 */
/* Filters that bring together what is alike: groupby, unique; and items. */
#include <string.h>

#include "playbook/template/filters.h"
#include "playbook/template/keys.h"

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

/* ---- groups of text or whole numbers, when there are few different ones ---- */

#define FEW 32

/* The different keys in the order in which they come, and which of them each item has. */
struct few {
	size_t n;
	struct one {
		tr_value shown, key, held; /* as it stands; as it is compared */
		size_t count;
		size_t group;
	} of[FEW];
	tr_value keys[FEW];
	uint8_t *which;
};

static bool same_key(tr_value a, tr_value b)
{
	return a.type == (uint32_t)TR_INT ? a.as.i == b.as.i : view_same_text(a, b);
}

/* False: there are too many, or keys of other kinds. */
static bool few_find(struct few *few, const struct keys *keys)
{
	uint32_t type = keys->n > 0 ? keys->v[0].type : (uint32_t)TR_NIL;

	if (type != (uint32_t)TR_INT && type != (uint32_t)TR_STRING)
		return false;
	for (size_t i = 0; i < keys->n; i++) {
		size_t k = 0;
		if (keys->v[i].type != type)
			return false;
		while (k < few->n && !same_key(few->of[k].shown, keys->v[i]))
			k++;
		if (k == FEW)
			return false;
		if (k == few->n)
			few->of[few->n++] = (struct one){.shown = keys->v[i]};
		few->of[k].count++;
		few->which[i] = (uint8_t)k;
	}
	return true;
}

/* How the keys are compared, and to which group each belongs: those that differ in case only share one. */
static bool few_order(struct eval *ev, struct few *few, struct attribute *compare, size_t *groups)
{
	size_t order[FEW];

	for (size_t k = 0; k < few->n; k++) {
		struct one *one = &few->of[k];
		one->key = one->shown;
		if (compare->ignore_case && is_text(one->shown))
			one->key = one->held = attribute_lowered(ev, compare, one->shown);
		if (!tr_is_valid(one->key))
			return false;
		few->keys[k] = one->key;
	}
	if (!ev_sort(ev, few->keys, few->n, (struct sort_how){0}, order))
		return false;
	*groups = 0;
	for (size_t k = 0; k < few->n; k++) {
		struct one *one = &few->of[order[k]];
		if (k > 0 && !same_key(few->keys[order[k - 1]], one->key))
			++*groups;
		one->group = *groups;
	}
	++*groups;
	return true;
}

/* The groups, each with its items in their order and the first one's key. */
static tr_value few_build(struct eval *ev, const struct few *few, const tr_value *items, size_t n, size_t groups)
{
	tr_value lists[FEW], shown[FEW], out = tr_array_with(groups);
	size_t counts[FEW] = {0};

	for (size_t k = 0; k < few->n; k++)
		counts[few->of[k].group] += few->of[k].count;
	for (size_t g = 0; g < groups; g++) {
		lists[g] = tr_array_with(counts[g]);
		shown[g] = tr_absent();
	}
	for (size_t i = 0; i < n; i++) {
		const struct one *one = &few->of[few->which[i]];
		if (!tr_is_valid(shown[one->group]))
			shown[one->group] = one->shown;
		lists[one->group] = ev_append(ev, lists[one->group], tr_keep(items[i]));
	}
	for (size_t g = 0; g < groups; g++)
		out = ev_append(ev, out, group(ev, tr_keep(shown[g]), lists[g]));
	return out;
}

/* Absent: not this way. */
static tr_value group_few(struct eval *ev, tr_value list, const struct keys *keys, struct attribute *compare)
{
	struct few few = {.n = 0, .which = tr_realloc(NULL, keys->n + 1)};
	tr_value out = tr_absent();
	size_t groups;

	if (few.which == NULL)
		return ev_fail(ev, TR_ENOMEM, "out of memory");
	if (few_find(&few, keys)) {
		if (ev_spend(ev, keys->n) && few_order(ev, &few, compare, &groups))
			out = few_build(ev, &few, tr_array_items(list), keys->n, groups);
		for (size_t k = 0; k < few.n; k++)
			tr_drop(few.of[k].held);
	}
	tr_free(few.which);
	return ev->error->err != TR_OK ? tr_invalid(ev->error->err) : out;
}

/* ---- all others: sorted, and cut where the key changes ---- */

/* Where the run of equal keys that begins at `start` ends. False after ev_fail. */
static bool run_end(struct eval *ev, const tr_value *keys, const size_t *order, size_t n, size_t start, size_t *end)
{
	bool same = true;

	for (*end = start + 1; *end < n && same; ++*end) {
		if (!ev_equal(ev, keys[order[start]], keys[order[*end]], &same))
			return false;
		if (!same)
			return true;
	}
	return true;
}

/* Runs of equal keys in sorted items become groups. */
static tr_value cut_groups(struct eval *ev, const struct keys *keys, const size_t *order, const tr_value *items,
			   struct attribute *shown, tr_value otherwise)
{
	tr_value out = tr_array_with(4);

	for (size_t i = 0, end; i < keys->n && tr_is_valid(out); i = end) {
		tr_value list = tr_array_with(4), key;
		if (!run_end(ev, keys->v, order, keys->n, i, &end))
			list = (tr_drop(list), tr_invalid(ev->error->err));
		for (size_t k = i; k < end && tr_is_valid(list); k++)
			list = ev_append(ev, list, tr_keep(items[order[k]]));
		key = tr_is_valid(list) ? attribute_get(ev, shown, items[order[i]], otherwise)
					: tr_invalid(ev->error->err);
		if (tr_is_valid(key)) {
			out = ev_append(ev, out, group(ev, key, list));
		} else {
			tr_drop(list);
			tr_drop(out);
			out = key;
		}
	}
	return out;
}

static tr_value group_sorted(struct eval *ev, tr_value list, tr_value otherwise, struct attribute *compare,
			     struct attribute *shown)
{
	size_t *order;
	struct keys keys;
	tr_value out = tr_invalid(TR_ETYPE);

	if (!keys_of(ev, list, compare, otherwise, &keys))
		return out;
	order = tr_realloc(NULL, (keys.n + 1) * sizeof(*order));
	if (order == NULL)
		ev_fail(ev, TR_ENOMEM, "out of memory");
	else if (ev_sort(ev, keys.v, keys.n, (struct sort_how){0}, order))
		out = cut_groups(ev, &keys, order, tr_array_items(list), shown, otherwise);
	tr_free(order);
	keys_drop(&keys);
	return out;
}

static tr_value group_all(struct eval *ev, tr_value list, tr_value otherwise, struct attribute *compare,
			  struct attribute *shown)
{
	struct keys keys;
	tr_value out;

	if (!keys_of(ev, list, shown, otherwise, &keys))
		return tr_invalid(TR_ETYPE);
	out = group_few(ev, list, &keys, compare);
	keys_drop(&keys);
	if (tr_is_valid(out) || ev->error->err != TR_OK)
		return out;
	return group_sorted(ev, list, otherwise, compare, shown);
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
			out = group_all(ev, list, a[2], &compare, &shown);
			attribute_free(&shown);
		}
		attribute_free(&compare);
	}
	tr_drop(list);
	return out;
}

/* The keys that unique has met. What is undefined is none of the others, not None either; and the values of a mapping
 * are only themselves, whatever they hold. */
struct seen {
	tr_value keys, views;
	bool undefined;
};

/* Was this key there before? It is from now on. Look for ev_fail behind it. */
static bool seen_before(struct eval *ev, struct seen *seen, tr_value key)
{
	tr_value *set = &seen->keys;
	bool known;

	if (is_undefined(key)) {
		known = seen->undefined;
		seen->undefined = true;
		return known;
	}
	key = ev_loaded(ev, key);
	if (is_view(key) && key.aux == SEQ_VALUES) {
		set = &seen->views;
		key = tr_int((int64_t)(uintptr_t)key.as.box);
	}
	known = tr_is_valid(ev_map_find(ev, *set, key));
	if (!known && ev->error->err == TR_OK)
		*set = ev_map_put(ev, *set, tr_keep(key), tr_nil());
	return known;
}

static tr_value f_unique(struct eval *ev, const tr_value *a)
{
	tr_value items = ev_items(ev, a[0]), out = tr_array_with(1);
	struct seen seen = {.keys = tr_map(), .views = tr_map()};
	struct attribute attr = {.n = 0};
	bool sensitive;

	if (!tr_is_valid(items) || !flag(ev, a[1], &sensitive) || !attribute_parse(ev, a[2], !sensitive, &attr)) {
		tr_drop(out);
		out = tr_invalid(TR_ETYPE);
	}
	for (size_t i = 0; i < tr_array_len(items) && tr_is_valid(out); i++) {
		tr_value held, key = attribute_borrow(ev, &attr, tr_array_at(items, i), tr_absent(), &held);
		bool known = tr_is_valid(key) && seen_before(ev, &seen, key);
		tr_drop(held);
		if (ev->error->err != TR_OK || !tr_is_valid(seen.keys) || !tr_is_valid(seen.views)) {
			tr_drop(out);
			out = tr_invalid(ev->error->err);
		} else if (!known) {
			out = ev_append(ev, out, tr_keep(tr_array_at(items, i)));
		}
	}
	attribute_free(&attr);
	tr_drop(seen.keys);
	tr_drop(seen.views);
	tr_drop(items);
	return out;
}

const struct native group_filters[] = {
    {"items", "", 0, f_items, NULL},
    {"groupby", "attribute default case_sensitive", 1, f_groupby, NULL},
    {"unique", "case_sensitive attribute", 0, f_unique, NULL},
    {NULL, NULL, 0, NULL, NULL},
};
