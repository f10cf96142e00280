/* SPDX-License-Identifier: Apache-2.0 */
/* Truth, equality, order and membership as Python has them. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "playbook/template/eval.h"
#include "playbook/template/objects.h"

static bool object_truth(struct eval *ev, tr_value v, bool *out)
{
	size_t n;
	tr_value now = ev != NULL ? ev_resolve(ev, v) : v;
	const struct range_object *range = tr_as_object(now, &range_class);

	if (!tr_is_valid(now))
		return false;
	if (!tr_is(now, TR_OBJECT))
		return ev_truth(ev, now, out);
	if (tr_object_class(now) == &loop_class && ev != NULL && ev_length(ev, now, &n))
		*out = n > 0;
	else
		*out = range == NULL || range->n > 0;
	return true;
}

bool ev_truth(struct eval *ev, tr_value v, bool *out)
{
	switch (tr_type_of(v)) {
	case TR_BOOL:
		*out = v.as.b;
		return true;
	case TR_NIL:
		*out = is_builtin(v);
		return !is_undefined(v) || ev == NULL || ev_undefined_use(ev, v);
	case TR_INT:
		*out = v.as.i != 0;
		return true;
	case TR_FLOAT:
		*out = v.as.d != 0;
		return true;
	case TR_STRING:
	case TR_BINARY:
		*out = tr_as_str(v).n > 0;
		return true;
	case TR_ARRAY:
	case TR_MAP:
		v = ev != NULL ? ev_resolve(ev, v) : v;
		*out = tr_is(v, TR_ARRAY) ? tr_array_len(v) > 0 : tr_map_len(v) > 0;
		return true;
	case TR_OBJECT:
		return object_truth(ev, v, out);
	default:
		*out = tr_is_valid(v);
		return true;
	}
}

bool tr_truth(tr_value v, bool lenient)
{
	static const char *const falsy[] = {"false", "0", "no", "none"};
	bool out = false;

	if (!ev_truth(NULL, v, &out))
		return false;
	tr_str s = tr_as_str(v);
	if (!lenient || !is_text(v) || s.n > 5)
		return out;
	for (size_t i = 0; i < sizeof(falsy) / sizeof(falsy[0]); i++)
		if (strlen(falsy[i]) == s.n && strncasecmp(falsy[i], s.p, s.n) == 0)
			return false;
	return out;
}

/* An int against a float, without losing digits. <0, 0, >0; 2 when the float is not a number. */
static int compare_int_float(int64_t i, double d)
{
	if (isnan(d))
		return 2;
	if (d >= 9223372036854775808.0)
		return -1;
	if (d < -9223372036854775808.0)
		return 1;
	int64_t whole = (int64_t)d;
	if (i != whole)
		return i < whole ? -1 : 1;
	double rest = d - (double)whole;
	return rest > 0 ? -1 : rest < 0;
}

/* <0, 0, >0; 2: not comparable (NaN). */
static int compare_numbers(tr_value a, tr_value b)
{
	if (is_integral(a) && is_integral(b)) {
		int64_t x = int_of(a), y = int_of(b);
		return x < y ? -1 : x > y;
	}
	if (is_integral(a))
		return compare_int_float(int_of(a), b.as.d);
	if (is_integral(b)) {
		int c = compare_int_float(int_of(b), a.as.d);
		return c == 2 ? 2 : -c;
	}
	if (isnan(a.as.d) || isnan(b.as.d))
		return 2;
	return a.as.d < b.as.d ? -1 : a.as.d > b.as.d;
}

static int compare_text(tr_str a, tr_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return c != 0 ? (c < 0 ? -1 : 1) : a.n < b.n ? -1 : a.n > b.n;
}

static bool in_array(struct eval *ev, tr_value item, tr_value array, bool *out)
{
	const tr_value *items = tr_array_items(array);
	size_t n = tr_array_len(array);

	*out = false;
	if (!ev_spend(ev, n))
		return false;
	for (size_t i = 0; i < n && !*out; i++) {
		/* Identity counts, as in Python: NaN is in a list that holds it. */
		if (items[i].type == item.type && items[i].type >= (uint32_t)TR_STRING &&
		    items[i].as.box == item.as.box)
			*out = true;
		else if (!ev_equal(ev, items[i], item, out))
			return false;
	}
	return true;
}

/* Views of keys and of items compare as sets do. */
static bool equal_arrays(struct eval *ev, tr_value a, tr_value b, bool *out)
{
	size_t n = tr_array_len(a);

	/* A list never equals a tuple; the values of a mapping equal only themselves. */
	*out = (a.aux == b.aux || (is_tuple(a) && is_tuple(b))) && n == tr_array_len(b);
	if (*out && a.aux == SEQ_VALUES)
		*out = a.as.box == b.as.box;
	if (!*out || a.as.box == b.as.box || !ev_spend(ev, n))
		return !*out || a.as.box == b.as.box;
	if (!ev_enter(ev))
		return false;
	for (size_t i = 0; i < n && *out; i++)
		if (is_view(a) ? !in_array(ev, tr_array_at(a, i), b, out)
			       : !ev_equal(ev, tr_array_at(a, i), tr_array_at(b, i), out))
			return false;
	ev_leave(ev);
	return true;
}

static bool equal_maps(struct eval *ev, tr_value a, tr_value b, bool *out)
{
	const tr_entry *entries = tr_map_entries(a);
	size_t n = tr_map_len(a);

	*out = n == tr_map_len(b);
	if (!*out || a.as.box == b.as.box || !ev_spend(ev, n))
		return !*out || a.as.box == b.as.box;
	if (!ev_enter(ev))
		return false;
	for (size_t i = 0; i < n && *out; i++) {
		tr_value other = ev_map_find(ev, b, entries[i].key);
		*out = tr_is_valid(other);
		if (*out && !ev_equal(ev, entries[i].value, other, out))
			return false;
	}
	ev_leave(ev);
	return true;
}

static bool equal_objects(tr_value a, tr_value b)
{
	const struct range_object *x = tr_as_object(a, &range_class), *y = tr_as_object(b, &range_class);

	if (x != NULL && y != NULL)
		return x->n == y->n && (x->n == 0 || (x->start == y->start && (x->n == 1 || x->step == y->step)));
	return a.as.box == b.as.box;
}

bool ev_equal(struct eval *ev, tr_value a, tr_value b, bool *out)
{
	if (is_number(a) && is_number(b)) {
		*out = compare_numbers(a, b) == 0;
		return true;
	}
	if (is_text(a) && is_text(b)) {
		*out = a.as.bits == b.as.bits || tr_str_eq(tr_as_str(a), tr_as_str(b));
		return true;
	}
	if (is_undefined(a) || is_undefined(b)) {
		*out = is_undefined(a) && is_undefined(b);
		return (!is_undefined(a) || ev_undefined_use(ev, a)) && (!is_undefined(b) || ev_undefined_use(ev, b));
	}
	a = ev_resolve(ev, a);
	b = ev_resolve(ev, b);
	if (!tr_is_valid(a) || !tr_is_valid(b))
		return false;
	*out = false;
	if (tr_is(a, TR_ARRAY) && tr_is(b, TR_ARRAY))
		return equal_arrays(ev, a, b, out);
	if (tr_is(a, TR_MAP) && tr_is(b, TR_MAP))
		return equal_maps(ev, a, b, out);
	if (tr_is(a, TR_OBJECT) && tr_is(b, TR_OBJECT))
		*out = equal_objects(a, b);
	else if (a.type == b.type && a.aux == b.aux)
		*out = tr_equal(a, b);
	else if (is_text(a) == is_text(b) && is_number(a) == is_number(b) && a.type != b.type)
		*out = false;
	else if ((is_number(a) && is_number(b)) || (is_text(a) && is_text(b)))
		return ev_equal(ev, a, b, out); /* one of them was lazy */
	return true;
}

static bool order_holds(unsigned op, int c)
{
	if (c == 2)
		return false;
	switch (op) {
	case I_LT:
		return c < 0;
	case I_LE:
		return c <= 0;
	case I_GT:
		return c > 0;
	default:
		return c >= 0;
	}
}

static bool order_arrays(struct eval *ev, unsigned op, tr_value a, tr_value b, bool *out)
{
	size_t x = tr_array_len(a), y = tr_array_len(b), n = x < y ? x : y;
	bool same = true;

	if (!ev_spend(ev, n) || !ev_enter(ev))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!ev_equal(ev, tr_array_at(a, i), tr_array_at(b, i), &same))
			return false;
		if (same)
			continue;
		bool ok = ev_order(ev, op, tr_array_at(a, i), tr_array_at(b, i), out);
		ev_leave(ev);
		return ok;
	}
	ev_leave(ev);
	*out = order_holds(op, x < y ? -1 : x > y);
	return true;
}

bool ev_order(struct eval *ev, unsigned op, tr_value a, tr_value b, bool *out)
{
	static const char *const signs[] = {"<", "<=", ">", ">="};

	if (is_number(a) && is_number(b)) {
		*out = order_holds(op, compare_numbers(a, b));
		return true;
	}
	a = ev_resolve(ev, a);
	b = ev_resolve(ev, b);
	if (!tr_is_valid(a) || !tr_is_valid(b))
		return false;
	if (is_text(a) && is_text(b)) {
		*out = order_holds(op, compare_text(tr_as_str(a), tr_as_str(b)));
		return true;
	}
	if (is_number(a) && is_number(b))
		return ev_order(ev, op, a, b, out);
	if (tr_is(a, TR_BINARY) && tr_is(b, TR_BINARY)) {
		*out = order_holds(op, compare_text(tr_as_str(a), tr_as_str(b)));
		return true;
	}
	if ((is_list(a) && is_list(b)) || (is_tuple(a) && is_tuple(b)))
		return order_arrays(ev, op, a, b, out);
	if (is_undefined(a) || is_undefined(b))
		ev_undefined_fail(ev, is_undefined(a) ? a : b);
	else
		ev_fail(ev, TR_ETYPE, "'%s' does not work between '%s' and '%s'", signs[op - I_LT], ev_type_name(a),
			ev_type_name(b));
	return false;
}

static bool in_range(tr_value item, const struct range_object *r)
{
	int64_t i;

	if (tr_is(item, TR_FLOAT)) {
		if (item.as.d != floor(item.as.d) || fabs(item.as.d) > 9e18)
			return false;
		i = (int64_t)item.as.d;
	} else if (is_integral(item)) {
		i = int_of(item);
	} else {
		return false;
	}
	if (r->n == 0 || (r->step > 0 ? i < r->start || i >= r->stop : i > r->start || i <= r->stop))
		return false;
	uint64_t distance = r->step > 0 ? (uint64_t)i - (uint64_t)r->start : (uint64_t)r->start - (uint64_t)i;
	uint64_t stride = r->step > 0 ? (uint64_t)r->step : 0 - (uint64_t)r->step;
	return distance % stride == 0;
}

static bool hashable(tr_value key)
{
	if (is_tuple(key)) {
		for (size_t i = 0; i < tr_array_len(key); i++)
			if (!hashable(tr_array_at(key, i)))
				return false;
		return true;
	}
	return !tr_is(key, TR_MAP) && (!tr_is(key, TR_ARRAY) || key.aux == SEQ_VALUES);
}

/* Views look for keys: what is sought must be able to be one. False after ev_fail. */
static bool key_sought(struct eval *ev, tr_value item, tr_value view)
{
	item = ev_resolve(ev, item);
	if (view.aux == SEQ_ITEMS && is_tuple(item) && tr_array_len(item) == 2)
		item = ev_resolve(ev, tr_array_at(item, 0));
	else if (view.aux != SEQ_KEYS)
		return true;
	if (hashable(item))
		return true;
	ev_fail(ev, TR_ETYPE, "'%s' cannot be a key", ev_type_name(item));
	return false;
}

bool ev_contains(struct eval *ev, tr_value item, tr_value in, bool *out)
{
	*out = false;
	in = ev_resolve(ev, in);
	if (!tr_is_valid(in))
		return false;
	const struct range_object *range = tr_as_object(in, &range_class);
	if (tr_is(in, TR_ARRAY)) {
		if (!key_sought(ev, item, in))
			return false;
		return in_array(ev, item, in, out);
	}
	if (tr_is(in, TR_MAP)) {
		*out = tr_is_valid(ev_map_find(ev, in, item));
		return ev->error->err == TR_OK;
	}
	if (is_text(in)) {
		tr_value needle = ev_resolve(ev, item);
		tr_str a = tr_as_str(needle), b = tr_as_str(in);
		if (!is_text(needle)) {
			if (is_undefined(needle))
				ev_undefined_fail(ev, needle);
			else
				ev_fail(ev, TR_ETYPE, "'in' on text needs text on its left, not '%s'",
					ev_type_name(needle));
			return false;
		}
		*out = a.n == 0 || (a.n <= b.n && memmem(b.p, b.n, a.p, a.n) != NULL);
		return true;
	}
	if (range != NULL) {
		*out = in_range(item, range);
		return true;
	}
	if (is_undefined(in))
		return ev_undefined_use(ev, in);
	ev_fail(ev, TR_ETYPE, "'%s' cannot be searched with 'in'", ev_type_name(in));
	return false;
}

/* The forms under which a number may stand as a key. */
static size_t key_forms(tr_value key, tr_value forms[3])
{
	size_t n = 0;

	forms[n++] = key;
	if (tr_is(key, TR_FLOAT)) {
		if (key.as.d != floor(key.as.d) || fabs(key.as.d) > 9e18)
			return n;
		key = tr_int((int64_t)key.as.d);
		forms[n++] = key;
	} else if (!tr_is(key, TR_INT)) {
		key = tr_int(key.as.b);
		forms[n++] = key;
	}
	if (!tr_is(forms[0], TR_FLOAT))
		forms[n++] = tr_float((double)key.as.i);
	if (!tr_is(forms[0], TR_BOOL) && (key.as.i == 0 || key.as.i == 1) && n < 3)
		forms[n++] = tr_bool(key.as.i != 0);
	return n;
}

tr_value ev_map_find(struct eval *ev, tr_value map, tr_value key)
{
	tr_value forms[3], found = tr_absent();

	if (tr_is(key, TR_STRING))
		return tr_map_get(map, key);
	if (is_number(key)) {
		size_t n = key_forms(key, forms);
		for (size_t i = 0; i < n && !tr_is_valid(found); i++)
			found = tr_map_get(map, forms[i]);
		return found;
	}
	key = ev_resolve(ev, key);
	if (!tr_is_valid(key))
		return tr_absent();
	if (!hashable(key)) {
		ev_fail(ev, TR_ETYPE, "'%s' cannot be a key", ev_type_name(key));
		return tr_absent();
	}
	if (tr_is(key, TR_ATOM)) {
		tr_str s = tr_as_str(key);
		found = tr_map_get_n(map, s.p, s.n);
		return tr_is_valid(found) ? found : tr_map_get(map, key);
	}
	return tr_map_get(map, key);
}

tr_value ev_map_put(struct eval *ev, tr_value map, tr_value key, tr_value value)
{
	tr_value forms[3];

	if (is_number(key)) {
		size_t n = key_forms(key, forms);
		for (size_t i = 1; i < n; i++)
			if (tr_is_valid(tr_map_get(map, forms[i])))
				key = forms[i]; /* the key that is there stays */
	} else if (!tr_is(key, TR_STRING) && !hashable(key)) {
		ev_fail(ev, TR_ETYPE, "'%s' cannot be a key", ev_type_name(key));
		tr_drop(map);
		tr_drop(key);
		tr_drop(value);
		return tr_invalid(TR_ETYPE);
	}
	map = tr_map_put(map, key, value);
	if (!ev_charge(ev, 2 * sizeof(tr_entry)) || !tr_is_valid(map)) {
		tr_value bad = ev_invalid(ev, map);
		if (tr_is_valid(map))
			tr_drop(map);
		return bad;
	}
	return map;
}

tr_value ev_map_del(struct eval *ev, tr_value map, tr_value key)
{
	tr_value forms[3] = {key};
	size_t n = 1;

	if (is_number(key)) {
		n = key_forms(key, forms);
	} else if (!tr_is(key, TR_STRING)) {
		forms[0] = ev_resolve(ev, key);
		if (is_number(forms[0]))
			return ev_map_del(ev, map, forms[0]);
		if (tr_is(key, TR_ATOM) && !tr_is_valid(tr_map_get(map, key))) {
			tr_str s = tr_as_str(key);
			tr_value text = tr_string_n(s.p, s.n);
			map = tr_map_del(map, text);
			tr_drop(text);
			return map;
		}
	}
	for (size_t i = 0; i < n; i++)
		map = tr_map_del(map, forms[i]);
	return map;
}
