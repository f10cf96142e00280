/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The total order. Kinds in the order of tr_type, ints and floats together as numbers, NaN behind all numbers; text and
 * arrays item by item, then by length; atoms by name; maps by length, then by the smallest key that tells them apart
 * (who lacks it is greater; else its values decide); objects by address.
 */
#include <math.h>

#include "runtime/value/box.h"
#include "runtime/value/walk.h"

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int order_floats(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return ORDER(a, b);
}

/* Without rounding: not every int64 is a double. */
static int order_int_float(int64_t i, double d)
{
	if (isnan(d) || d >= 9223372036854775808.0)
		return -1;
	if (d < -9223372036854775808.0)
		return 1;
	int64_t whole = (int64_t)d;
	return i != whole ? ORDER(i, whole) : ORDER(0.0, d - (double)whole);
}

static int order_numbers(tr_value a, tr_value b, bool exact)
{
	int r;

	if (tr_is(a, TR_INT) && tr_is(b, TR_INT))
		return ORDER(a.as.i, b.as.i);
	if (tr_is(a, TR_FLOAT) && tr_is(b, TR_FLOAT))
		return order_floats(a.as.d, b.as.d);
	r = tr_is(a, TR_INT) ? order_int_float(a.as.i, b.as.d) : -order_int_float(b.as.i, a.as.d);
	return r == 0 && exact ? ORDER(a.type, b.type) : r;
}

static int order_text(tr_str a, tr_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int r = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return r != 0 ? r : ORDER(a.n, b.n);
}

static bool is_number(tr_value v)
{
	return tr_is(v, TR_INT) || tr_is(v, TR_FLOAT);
}

/* *deep: the two can only be told apart by what they hold. */
static int order_shallow(tr_value a, tr_value b, bool exact, bool *deep)
{
	*deep = false;
	if (is_number(a) && is_number(b))
		return order_numbers(a, b, exact);
	if (a.type != b.type)
		return ORDER(a.type, b.type);
	switch (tr_type_of(a)) {
	case TR_INVALID:
		return ORDER(a.aux, b.aux);
	case TR_ATOM:
		return a.as.bits == b.as.bits ? 0 : order_text(tr_as_str(a), tr_as_str(b));
	case TR_STRING:
	case TR_BINARY:
		return a.as.box == b.as.box ? 0 : order_text(tr_as_str(a), tr_as_str(b));
	case TR_ARRAY:
		*deep = a.as.box != b.as.box;
		return 0;
	case TR_MAP:
		*deep = a.as.box != b.as.box && tr_map_len(a) == tr_map_len(b);
		return ORDER(tr_map_len(a), tr_map_len(b));
	default:
		return ORDER(a.as.bits, b.as.bits);
	}
}

static bool array_pair(struct walk_frame *f, tr_value *x, tr_value *y)
{
	size_t na = tr_array_len(f->a), nb = tr_array_len(f->b);

	if (f->result != 0)
		return false;
	if (f->at >= na || f->at >= nb) {
		f->result = ORDER(na, nb);
		return false;
	}
	*x = tr_array_at(f->a, f->at);
	*y = tr_array_at(f->b, f->at);
	f->at++;
	return true;
}

/* Would this key decide, seen from what decides so far? */
static bool key_is_better(const struct walk_frame *f, tr_value key)
{
	uint32_t na = box_map(f->a)->n;

	if (f->best == 0)
		return true;
	tr_value best =
	    f->best <= na ? box_map(f->a)->entries[f->best - 1].key : box_map(f->b)->entries[f->best - 1 - na].key;
	return compare_exact(key, best) < 0;
}

static bool map_pair(struct walk_frame *f, tr_value *x, tr_value *y)
{
	const struct box_map *a = box_map(f->a), *b = box_map(f->b);

	while (f->at < a->n) {
		const tr_entry *e = &a->entries[f->at++];
		if (!key_is_better(f, e->key))
			continue;
		*x = e->value;
		*y = tr_map_get(f->b, e->key);
		if (tr_is_valid(*y))
			return true;
		f->best = (uint32_t)f->at;
		f->result = -1;
	}
	for (; f->at < (size_t)a->n + b->n; f->at++) {
		tr_value key = b->entries[f->at - a->n].key;
		if (!tr_is_valid(tr_map_get(f->a, key)) && key_is_better(f, key)) {
			f->best = (uint32_t)f->at + 1;
			f->result = 1;
		}
	}
	return false;
}

static bool next_pair(struct walk_frame *f, tr_value *x, tr_value *y)
{
	return tr_is(f->a, TR_ARRAY) ? array_pair(f, x, y) : map_pair(f, x, y);
}

/* The pair last given by next_pair is ordered so. */
static void frame_take(struct walk_frame *f, int r)
{
	if (r == 0)
		return;
	f->result = r;
	f->best = (uint32_t)f->at;
}

static int compare(tr_value a, tr_value b, bool exact)
{
	struct walk w;
	bool deep;
	int r = order_shallow(a, b, exact, &deep);

	if (!deep)
		return r;
	walk_init(&w);
	/* Without memory for the walk what was not looked at counts as equal. */
	bool going = walk_push(&w, a, b);
	while (going && w.n > 0) {
		if (!next_pair(walk_top(&w), &a, &b)) {
			r = walk_top(&w)->result;
			w.n--;
			if (w.n > 0)
				frame_take(walk_top(&w), r);
			continue;
		}
		r = order_shallow(a, b, exact, &deep);
		if (deep)
			going = walk_push(&w, a, b);
		else
			frame_take(walk_top(&w), r);
	}
	walk_fini(&w);
	return r;
}

int compare_exact(tr_value a, tr_value b)
{
	return compare(a, b, true);
}

int tr_compare(tr_value a, tr_value b)
{
	return compare(a, b, false);
}
