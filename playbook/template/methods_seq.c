/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of list, tuple and the views, and of dict. Those that change give everybody who holds the value the change.
 */
#include <string.h>

#include "playbook/template/objects.h"
#include "playbook/template/strings.h"

#define M(name) static tr_value name(struct eval *ev, tr_value self, const tr_value *argv)

/* Make `now` what self is from here on; gives None. */
static tr_value changed(struct eval *ev, tr_value self, tr_value now)
{
	if (!ev_charge(ev, 3 * sizeof(tr_value))) {
		tr_drop(now);
		return tr_invalid(TR_ELIMIT);
	}
	return ev_change(ev, self, now) ? tr_nil() : tr_invalid(TR_ENOMEM);
}

/* The present items, ours to change: taken out of the table when they are there already, so that they need no copy. */
static tr_value taken(struct eval *ev, tr_value self)
{
	struct overlay_pair *pair = overlay_find(&ev->changed, self);
	if (pair != NULL) {
		tr_value now = pair->now;
		pair->now = tr_nil(); /* until it is given back, changed */
		return now;
	}
	return tr_keep(self);
}

M(m_append)
{
	return changed(ev, self, tr_array_push(taken(ev, self), tr_keep(argv[0])));
}

M(m_extend)
{
	tr_value items = ev_items(ev, argv[0]);

	if (!tr_is_valid(items))
		return items;
	if (!ev_charge(ev, tr_array_len(items) * sizeof(tr_value))) {
		tr_drop(items);
		return tr_invalid(TR_ELIMIT);
	}
	tr_value now = taken(ev, self);
	for (size_t i = 0; i < tr_array_len(items); i++)
		now = tr_array_push(now, tr_keep(tr_array_at(items, i)));
	tr_drop(items);
	return changed(ev, self, now);
}

#define MOVED      16 /* items that are moved cost a step together, … */
#define KEYS_MOVED 2  /* … and keys, whose places are noted elsewhere too */

/* The present items, which nobody else holds, so that they can be changed where they are; what it costs to move those
 * from `at` on is paid. Invalid after ev_fail. */
static tr_value own_items(struct eval *ev, tr_value self, size_t at)
{
	tr_value now = taken(ev, self);
	size_t n = tr_array_len(now);
	bool own = box_is_own(now.as.box);

	if (!ev_spend(ev, own ? (n - at) / MOVED : n) || (!own && !ev_charge(ev, n * sizeof(tr_value)))) {
		tr_drop(now);
		return tr_invalid(TR_ELIMIT);
	}
	if (own)
		return now;
	tr_value copy = tr_array_with(n + 1);
	for (size_t i = 0; i < n; i++)
		copy = tr_array_push(copy, tr_keep(tr_array_at(now, i)));
	tr_drop(now);
	return copy;
}

M(m_insert)
{
	int64_t at, n = (int64_t)tr_array_len(ev_resolve(ev, self));

	if (!ev_index(ev, argv[0], "the index", &at))
		return tr_invalid(TR_ETYPE);
	at = at < 0 ? (at < -n ? 0 : at + n) : at > n ? n : at;
	tr_value now = tr_array_push(own_items(ev, self, (size_t)at), tr_keep(argv[1]));
	if (tr_is_valid(now))
		view_last_to(now, (size_t)at);
	return changed(ev, self, now);
}

/* Take item `at` out of the list. */
static tr_value take_out(struct eval *ev, tr_value self, size_t at)
{
	tr_value now = own_items(ev, self, at), item = tr_is_valid(now) ? view_take(now, at) : tr_absent();
	tr_value done = changed(ev, self, now);

	if (tr_is_valid(done))
		return item;
	tr_drop(item);
	return done;
}

M(m_pop)
{
	int64_t n = (int64_t)tr_array_len(ev_resolve(ev, self)), at = -1;

	if (is_given(argv[0]) && !ev_index(ev, argv[0], "the index", &at))
		return tr_invalid(TR_ETYPE);
	at = at < 0 ? at + n : at;
	if (at < 0 || at >= n)
		return ev_fail(ev, TR_ERANGE, n == 0 ? "pop from an empty list" : "the index is out of range");
	return take_out(ev, self, (size_t)at);
}

/* Where the item is between start and end, n when it is not there. */
static bool position(struct eval *ev, tr_value self, const tr_value *argv, size_t *at, size_t *n)
{
	tr_value list = ev_resolve(ev, self);
	int64_t from = 0, to = (int64_t)tr_array_len(list), len = to;
	bool same = false;

	if ((is_given(argv[1]) && !ev_index(ev, argv[1], "the start", &from)) ||
	    (is_given(argv[2]) && !ev_index(ev, argv[2], "the end", &to)))
		return false;
	from = from < 0 ? (from < -len ? 0 : from + len) : from;
	to = to < 0 ? to + len : to > len ? len : to;
	*n = (size_t)len;
	*at = *n;
	if (!ev_spend(ev, *n))
		return false;
	for (int64_t i = from; i < to && !same; i++) {
		if (!ev_equal(ev, tr_array_at(list, (size_t)i), argv[0], &same))
			return false;
		if (same)
			*at = (size_t)i;
	}
	return true;
}

M(m_remove)
{
	tr_value args[3] = {argv[0], tr_absent(), tr_absent()};
	size_t at, n;

	if (!position(ev, self, args, &at, &n))
		return tr_invalid(TR_ETYPE);
	if (at == n)
		return ev_fail(ev, TR_ENOENT, "the item is not in the list");
	tr_value item = take_out(ev, self, at);
	if (!tr_is_valid(item))
		return item;
	tr_drop(item);
	return tr_nil();
}

M(m_index)
{
	size_t at, n;

	if (!position(ev, self, argv, &at, &n))
		return tr_invalid(TR_ETYPE);
	return at < n ? tr_int((int64_t)at) : ev_fail(ev, TR_ENOENT, "the item is not in the list");
}

M(m_count)
{
	tr_value list = ev_resolve(ev, self);
	int64_t count = 0;
	bool same;

	for (size_t i = 0; i < tr_array_len(list); i++) {
		if (!ev_spend(ev, 1) || !ev_equal(ev, tr_array_at(list, i), argv[0], &same))
			return tr_invalid(TR_ETYPE);
		count += same;
	}
	return tr_int(count);
}

M(m_copy)
{
	const tr_value all[3] = {tr_absent(), tr_absent(), tr_absent()};

	(void)argv;
	return ev_slice(ev, self, all);
}

M(m_clear)
{
	(void)argv;
	return changed(ev, self, tr_is(self, TR_MAP) ? tr_map() : tr_array_with(1));
}

M(m_reverse)
{
	const tr_value back[3] = {tr_absent(), tr_absent(), tr_int(-1)};

	(void)argv;
	return changed(ev, self, ev_slice(ev, self, back));
}

M(m_sort)
{
	const tr_value all[3] = {tr_absent(), tr_absent(), tr_absent()};
	bool reverse = false;

	if (is_given(argv[0]) && !is_none(argv[0]))
		return ev_fail(ev, TR_EUNSUPPORTED, "sort takes no key function here; the filter sort has 'attribute'");
	if (is_given(argv[1]) && !ev_truth(ev, argv[1], &reverse))
		return tr_invalid(TR_ETYPE);
	tr_value now = ev_slice(ev, self, all), sorted = tr_invalid(TR_ENOMEM);
	if (!tr_is_valid(now))
		return now;
	size_t n = tr_array_len(now), *order = tr_alloc((n + 1) * sizeof(*order));
	if (order == NULL)
		ev_fail(ev, TR_ENOMEM, "out of memory");
	else if (ev_sort(ev, tr_array_items(now), n, (struct sort_how){.reverse = reverse}, order))
		sorted = tr_array_with(n);
	for (size_t i = 0; i < n && tr_is_valid(sorted); i++)
		view_append(sorted, tr_keep(tr_array_at(now, order[i])));
	tr_free(order);
	tr_drop(now);
	return ev->error->err == TR_OK ? changed(ev, self, sorted) : tr_invalid(ev->error->err);
}

static const struct method list_methods[] = {
    {"append", "object", 1, m_append, NULL},
    {"clear", "", 0, m_clear, NULL},
    {"copy", "", 0, m_copy, NULL},
    {"count", "value", 1, m_count, NULL},
    {"extend", "iterable", 1, m_extend, NULL},
    {"index", "value start stop", 1, m_index, NULL},
    {"insert", "index object", 2, m_insert, NULL},
    {"pop", "index", 0, m_pop, NULL},
    {"remove", "value", 1, m_remove, NULL},
    {"reverse", "", 0, m_reverse, NULL},
    {"sort", "key reverse", 0, m_sort, NULL},
};

static const struct method tuple_methods[] = {
    {"count", "value", 1, m_count, NULL},
    {"index", "value start stop", 1, m_index, NULL},
};

tr_value list_method(struct eval *ev, tr_value list, tr_str name, const struct args *args, bool *found)
{
	*found = false;
	if (is_list(list))
		return method_call(ev, list, list_methods, sizeof(list_methods) / sizeof(list_methods[0]), name, args,
				   found);
	if (is_tuple(list))
		return method_call(ev, list, tuple_methods, 2, name, args, found);
	return tr_absent();
}

M(d_keys)
{
	(void)argv;
	return ev_view(ev, ev_resolve(ev, self), SEQ_KEYS);
}
M(d_values)
{
	(void)argv;
	return ev_view(ev, ev_resolve(ev, self), SEQ_VALUES);
}
M(d_items)
{
	(void)argv;
	return ev_view(ev, ev_resolve(ev, self), SEQ_ITEMS);
}

M(d_get)
{
	tr_value got = ev_map_find(ev, ev_resolve(ev, self), argv[0]);

	if (ev->error->err != TR_OK)
		return tr_invalid(ev->error->err);
	if (tr_is_valid(got))
		return tr_keep(got);
	return is_given(argv[1]) ? tr_keep(argv[1]) : tr_nil();
}

M(d_copy)
{
	tr_value map = ev_resolve(ev, self), copy = tr_map_with(tr_map_len(map));

	(void)argv;
	for (size_t i = 0; i < tr_map_len(map) && tr_is_valid(copy); i++)
		copy = ev_map_put(ev, copy, tr_keep(tr_map_entries(map)[i].key), tr_keep(tr_map_entries(map)[i].value));
	return copy;
}

M(d_setdefault)
{
	tr_value got = d_get(ev, self, (tr_value[]){argv[0], tr_absent()});
	tr_value value = is_given(argv[1]) ? argv[1] : tr_nil();

	if (!tr_is_valid(got) || tr_is_valid(ev_map_find(ev, ev_resolve(ev, self), argv[0])))
		return got;
	tr_value done = changed(ev, self, ev_map_put(ev, taken(ev, self), tr_keep(argv[0]), tr_keep(value)));
	return tr_is_valid(done) ? tr_keep(value) : done;
}

/* The mapping without this key. */
static tr_value take_key(struct eval *ev, tr_value self, tr_value key)
{
	if (!ev_spend(ev, tr_map_len(ev_resolve(ev, self)) / KEYS_MOVED))
		return tr_invalid(TR_ELIMIT);
	return changed(ev, self, ev_map_del(ev, taken(ev, self), key));
}

M(d_pop)
{
	tr_value map = ev_resolve(ev, self), got = ev_map_find(ev, map, argv[0]);

	if (ev->error->err != TR_OK)
		return tr_invalid(ev->error->err);
	if (!tr_is_valid(got))
		return is_given(argv[1]) ? tr_keep(argv[1]) : ev_fail(ev, TR_ENOENT, "the key is not in the mapping");
	got = tr_keep(got);
	tr_value done = take_key(ev, self, argv[0]);
	if (tr_is_valid(done))
		return got;
	tr_drop(got);
	return done;
}

M(d_popitem)
{
	tr_value map = ev_resolve(ev, self);
	size_t n = tr_map_len(map);

	(void)argv;
	if (n == 0)
		return ev_fail(ev, TR_ENOENT, "the mapping is empty");
	ev->special = true;
	tr_value key = tr_keep(tr_map_entries(map)[n - 1].key);
	tr_value pair = ev_pair(tr_keep(key), tr_keep(tr_map_entries(map)[n - 1].value));
	tr_value done = take_key(ev, self, key);
	tr_drop(key);
	if (tr_is_valid(done))
		return pair;
	tr_drop(pair);
	return done;
}

static tr_value d_update(struct eval *ev, tr_value self, const struct args *args)
{
	tr_value over = builtin_call(ev, builtin_find(tr_s("dict")), args), now;

	if (!tr_is_valid(over))
		return over;
	now = taken(ev, self);
	for (size_t i = 0; i < tr_map_len(over) && tr_is_valid(now); i++)
		now = ev_map_put(ev, now, tr_keep(tr_map_entries(over)[i].key), tr_keep(tr_map_entries(over)[i].value));
	tr_drop(over);
	return changed(ev, self, now);
}

static const struct method dict_methods[] = {
    {"clear", "", 0, m_clear, NULL},        {"copy", "", 0, d_copy, NULL},
    {"get", "key default", 1, d_get, NULL}, {"items", "", 0, d_items, NULL},
    {"keys", "", 0, d_keys, NULL},          {"pop", "key default", 1, d_pop, NULL},
    {"popitem", "", 0, d_popitem, NULL},    {"setdefault", "key default", 1, d_setdefault, NULL},
    {"update", "", 0, NULL, d_update},      {"values", "", 0, d_values, NULL},
};

tr_value dict_method(struct eval *ev, tr_value map, tr_str name, const struct args *args, bool *found)
{
	return method_call(ev, map, dict_methods, sizeof(dict_methods) / sizeof(dict_methods[0]), name, args, found);
}
