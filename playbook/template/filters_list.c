/* SPDX-License-Identifier: Apache-2.0 */
/* Filters on sequences that look at all items. */
#include <string.h>

#include "playbook/template/filters.h"
#include "playbook/template/objects.h"

bool flag(struct eval *ev, tr_value v, bool *out)
{
	*out = false;
	return !is_given(v) || ev_truth(ev, v, out);
}

static tr_value f_first(struct eval *ev, const tr_value *a)
{
	tr_value v = ev_resolve(ev, a[0]), items, first;

	if (tr_is(v, TR_ARRAY) && tr_array_len(v) > 0)
		return tr_keep(tr_array_at(v, 0));
	if (tr_as_object(v, &range_class) != NULL || (is_text(v) && tr_as_str(v).n > 0))
		return ev_item(ev, v, tr_int(0));
	items = ev_items(ev, v);
	if (!tr_is_valid(items))
		return items;
	first = tr_array_len(items) > 0 ? tr_keep(tr_array_at(items, 0)) : ev_undefined(ev, UNDEF_EMPTY);
	tr_drop(items);
	return first;
}

static tr_value f_last(struct eval *ev, const tr_value *a)
{
	tr_value v = ev_resolve(ev, a[0]), items, last;

	if (tr_as_object(v, &range_class) != NULL || is_text(v)) {
		size_t n = 0;
		if (!ev_length(ev, v, &n))
			return tr_invalid(TR_ETYPE);
		return n > 0 ? ev_item(ev, v, tr_int(-1)) : ev_undefined(ev, UNDEF_EMPTY);
	}
	if (is_undefined(v))
		return ev_undefined_use(ev, v) ? ev_undefined(ev, UNDEF_EMPTY) : tr_invalid(TR_EUNDEFINED);
	items = ev_items(ev, v);
	if (!tr_is_valid(items))
		return items;
	size_t n = tr_array_len(items);
	last = n > 0 ? tr_keep(tr_array_at(items, n - 1)) : ev_undefined(ev, UNDEF_EMPTY);
	tr_drop(items);
	return last;
}

static tr_value f_length(struct eval *ev, const tr_value *a)
{
	size_t n;

	return ev_length(ev, a[0], &n) ? tr_int((int64_t)n) : tr_invalid(TR_ETYPE);
}

static tr_value f_list(struct eval *ev, const tr_value *a)
{
	tr_value items = ev_items(ev, a[0]), list;
	size_t n = tr_array_len(items);

	if (!tr_is_valid(items))
		return items;
	/* A list of its own only when somebody could change it. */
	if (!ev->t->mutates)
		return py_sequence(items, SEQ_LIST);
	list = tr_array_with(n + 1);
	for (size_t i = 0; i < n; i++)
		list = ev_push(ev, list, tr_keep(tr_array_at(items, i)));
	tr_drop(items);
	return list;
}

/* The attributes of all items, one behind the other. */
static tr_value join_attribute(struct eval *ev, tr_value items, tr_str sep, tr_value attribute)
{
	const tr_value *all = tr_array_items(items);
	size_t n = tr_array_len(items);
	tr_buf out = {.max = ev->memory};
	struct attribute attr;
	bool ok;

	if (!attribute_parse(ev, attribute, false, &attr))
		return tr_invalid(ev->error->err);
	ok = ev_spend(ev, n);
	for (size_t i = 0; i < n && ok; i++) {
		tr_value held, one = attribute_borrow(ev, &attr, all[i], tr_absent(), &held);
		if (i > 0)
			buf_put(&out, sep.p, sep.n);
		ok = tr_is_valid(one) && ev_put_str(ev, &out, one);
		tr_drop(held);
	}
	attribute_free(&attr);
	if (ok)
		return ev_take_text(ev, &out);
	tr_buf_fini(&out);
	return tr_invalid(ev->error->err);
}

static tr_value f_join(struct eval *ev, const tr_value *a)
{
	tr_value items = ev_items(ev, a[0]), sep, text = tr_invalid(TR_ETYPE);

	if (!tr_is_valid(items))
		return items;
	sep = is_given(a[1]) ? ev_str(ev, a[1]) : tr_string_n("", 0);
	if (tr_is_valid(sep) && is_given(a[2]) && !is_none(a[2]))
		text = join_attribute(ev, items, tr_as_str(sep), a[2]);
	else if (tr_is_valid(sep))
		text = text_join(ev, sep, items, false);
	tr_drop(sep);
	tr_drop(items);
	return text;
}

static tr_value f_reverse(struct eval *ev, const tr_value *a)
{
	static const tr_value back[3] = {{TR_INVALID, 0, {0}}, {TR_INVALID, 0, {0}}, {TR_INT, 0, {.i = -1}}};
	tr_value v = ev_resolve(ev, a[0]), items, out;

	if (is_text(v))
		return ev_slice(ev, v, back);
	items = ev_items(ev, v);
	if (!tr_is_valid(items))
		return items;
	out = ev_slice(ev, py_sequence(items, SEQ_LIST), back);
	tr_drop(items);
	return out;
}

/* sum += one when that is plain addition; false leaves it to ev_binary. */
static bool add_plainly(tr_value *sum, tr_value one)
{
	if (tr_is(one, TR_FLOAT) && tr_is(*sum, TR_FLOAT)) {
		sum->as.d += one.as.d;
		return true;
	}
	int64_t total;
	if (!tr_is(one, TR_INT) || !tr_is(*sum, TR_INT) || __builtin_add_overflow(sum->as.i, one.as.i, &total))
		return false;
	sum->as.i = total;
	return true;
}

static tr_value f_sum(struct eval *ev, const tr_value *a)
{
	tr_value items = ev_items(ev, a[0]), sum = is_given(a[2]) ? tr_keep(a[2]) : tr_int(0);
	struct attribute attr;

	if (tr_is_valid(items) && is_text(sum)) {
		tr_drop(items);
		items = ev_fail(ev, TR_ETYPE, "sum does not add text; use join");
	}
	if (!tr_is_valid(items) || !attribute_parse(ev, a[1], false, &attr)) {
		tr_drop(items);
		tr_drop(sum);
		return tr_invalid(TR_ETYPE);
	}
	const tr_value *all = tr_array_items(items);
	size_t n = tr_array_len(items);
	for (size_t i = 0; i < n && tr_is_valid(sum); i++) {
		if (add_plainly(&sum, attr.n == 0 ? all[i] : attribute_peek(ev, &attr, all[i])))
			continue;
		tr_value held, one = attribute_borrow(ev, &attr, all[i], tr_absent(), &held);
		tr_value more = tr_is_valid(one) ? ev_binary(ev, I_ADD, sum, one) : one;
		tr_drop(held);
		tr_drop(sum);
		sum = more;
	}
	attribute_free(&attr);
	tr_drop(items);
	return sum;
}

static tr_value extreme(struct eval *ev, const tr_value *a, unsigned op)
{
	tr_value items = ev_items(ev, a[0]), best = tr_absent(), best_key = tr_absent();
	struct attribute attr;
	bool sensitive, better = true, ok;

	if (!tr_is_valid(items))
		return items;
	if (!flag(ev, a[1], &sensitive) || !attribute_parse(ev, a[2], !sensitive, &attr)) {
		tr_drop(items);
		return tr_invalid(TR_ETYPE);
	}
	ok = true;
	for (size_t i = 0; i < tr_array_len(items) && ok; i++) {
		tr_value key = attribute_get(ev, &attr, tr_array_at(items, i), tr_absent());
		better = i == 0;
		ok = tr_is_valid(key) && (i == 0 || ev_order(ev, op, key, best_key, &better));
		if (ok && better) {
			best = tr_array_at(items, i);
			tr_drop(best_key);
			best_key = key;
		} else if (tr_is_valid(key)) {
			tr_drop(key);
		}
	}
	tr_drop(best_key);
	if (ok)
		best = tr_is_valid(best) ? tr_keep(best) : ev_undefined(ev, UNDEF_EMPTY);
	attribute_free(&attr);
	tr_drop(items);
	return ok ? best : tr_invalid(ev->error->err);
}

static tr_value f_min(struct eval *ev, const tr_value *a)
{
	return extreme(ev, a, I_LT);
}
static tr_value f_max(struct eval *ev, const tr_value *a)
{
	return extreme(ev, a, I_GT);
}

static tr_value f_random(struct eval *ev, const tr_value *a)
{
	tr_value items, one;
	size_t n;

	if (!ev_length(ev, a[0], &n))
		return tr_invalid(TR_ETYPE);
	if (n == 0)
		return ev_undefined(ev, UNDEF_EMPTY);
	items = ev_items(ev, a[0]);
	if (!tr_is_valid(items))
		return items;
	one = tr_keep(tr_array_at(items, (size_t)(ev_random(ev) % n)));
	tr_drop(items);
	return one;
}

/* What an empty list costs, its place in the list around it aside. */
#define LIST_BYTES 48

/* Steps and memory for this many lists, before the first is made: the limit is met at once and not on the way. */
static bool room_for(struct eval *ev, size_t lists)
{
	return ev_spend(ev, lists) && ev_charge(ev, lists < SIZE_MAX / 64 ? lists * LIST_BYTES : SIZE_MAX / 2);
}

/* Items from `from` to `to` as a list, filled up to n with `fill`. */
static tr_value piece(struct eval *ev, tr_value items, size_t from, size_t to, size_t n, tr_value fill)
{
	size_t all = n > to - from ? n : to - from;

	if (!ev_charge(ev, all < SIZE_MAX / 64 ? all * sizeof(tr_value) : SIZE_MAX / 2))
		return tr_invalid(TR_ELIMIT);
	tr_value list = tr_array_with(all);
	if (!tr_is_valid(list))
		return ev_invalid(ev, list);
	for (size_t i = from; i < to; i++)
		view_append(list, tr_keep(tr_array_at(items, i)));
	for (size_t i = to - from; i < n; i++)
		view_append(list, tr_keep(fill));
	return list;
}

static tr_value f_batch(struct eval *ev, const tr_value *a)
{
	tr_value items = ev_items(ev, a[0]), out;
	bool fill = is_given(a[2]) && !is_none(a[2]);
	int64_t count;

	if (!tr_is_valid(items) || !ev_index(ev, a[1], "linecount", &count)) {
		tr_drop(items);
		return tr_invalid(TR_ETYPE);
	}
	size_t n = tr_array_len(items), each = count > 0 ? (size_t)count : SIZE_MAX;
	out = room_for(ev, n / each) ? tr_array() : tr_invalid(TR_ELIMIT);
	if (count == 0 && n > 0 && tr_is_valid(out)) /* none at all are as many as wanted, once */
		out = ev_push(ev, out, tr_array());
	for (size_t i = 0; i < n && tr_is_valid(out); i += each) {
		size_t end = n - i > each ? i + each : n;
		out = ev_push(ev, out, piece(ev, items, i, end, fill && count > 0 ? each : 0, a[2]));
		if (end == n)
			break;
	}
	tr_drop(items);
	return out;
}

static tr_value f_slice(struct eval *ev, const tr_value *a)
{
	tr_value items = ev_items(ev, a[0]), out;
	bool fill = is_given(a[2]) && !is_none(a[2]);
	int64_t count;

	if (!tr_is_valid(items) || !ev_index(ev, a[1], "slices", &count)) {
		tr_drop(items);
		return tr_invalid(TR_ETYPE);
	}
	if (count == 0) {
		tr_drop(items);
		return ev_fail(ev, TR_ERANGE, "division by zero");
	}
	size_t n = tr_array_len(items), k = count > 0 ? (size_t)count : 0, at = 0;
	if (!room_for(ev, k)) {
		tr_drop(items);
		return tr_invalid(TR_ELIMIT);
	}
	out = tr_array_with(k);
	for (size_t i = 0; i < k && tr_is_valid(out); i++) {
		size_t size = n / k + (i < n % k);
		out = ev_push(ev, out, piece(ev, items, at, at + size, fill && i >= n % k ? size + 1 : 0, a[2]));
		at += size;
	}
	tr_drop(items);
	if (ev->error->err == TR_OK)
		return out;
	if (tr_is_valid(out))
		tr_drop(out);
	return tr_invalid(ev->error->err);
}

/* What map gives nothing for, because it is false, adds up to nothing. */
static tr_value fused(struct eval *ev, const tr_value *a, tr_value (*then)(struct eval *ev, const tr_value *a))
{
	tr_value args[3] = {a[0], a[1], a[2]}, empty, out;
	bool truth;

	if (!ev_truth(ev, a[0], &truth))
		return tr_invalid(TR_ETYPE);
	if (truth)
		return then(ev, args);
	args[0] = empty = tr_array();
	out = tr_is_valid(empty) ? then(ev, args) : ev_invalid(ev, empty);
	tr_drop(empty);
	return out;
}

static tr_value f_map_sum(struct eval *ev, const tr_value *a)
{
	return fused(ev, a, f_sum);
}
static tr_value f_map_join(struct eval *ev, const tr_value *a)
{
	return fused(ev, a, f_join);
}

const struct native fused_filters[] = {
    [FUSED_SUM] = {"sum", "attribute start", 0, f_map_sum, NULL},
    [FUSED_JOIN] = {"join", "d attribute", 0, f_map_join, NULL},
};

const struct native list_filters[] = {
    {"first", "", 0, f_first, NULL},
    {"last", "", 0, f_last, NULL},
    {"length", "", 0, f_length, NULL},
    {"count", "", 0, f_length, NULL},
    {"list", "", 0, f_list, NULL},
    {"join", "d attribute", 0, f_join, NULL},
    {"reverse", "", 0, f_reverse, NULL},
    {"sum", "attribute start", 0, f_sum, NULL},
    {"min", "case_sensitive attribute", 0, f_min, NULL},
    {"max", "case_sensitive attribute", 0, f_max, NULL},
    {"random", "", 0, f_random, NULL},
    {"batch", "linecount fill_with", 1, f_batch, NULL},
    {"slice", "slices fill_with", 1, f_slice, NULL},
    {NULL, NULL, 0, NULL, NULL},
};
