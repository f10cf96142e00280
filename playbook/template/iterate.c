/* SPDX-License-Identifier: Apache-2.0 */
/* Going through values, and taking sequences apart. */
#include <string.h>

#include "playbook/template/vm.h"

bool iter_begin(struct eval *ev, struct iter *it, tr_value over)
{
	tr_value now = ev_resolve(ev, over);
	const struct range_object *range = tr_as_object(now, &range_class);

	memset(it, 0, sizeof(*it));
	if (range != NULL) {
		*it = (struct iter){.kind = ITER_RANGE, .n = range->n, .start = range->start, .step = range->step};
		tr_drop(over);
		return true;
	}
	if (tr_is(now, TR_ARRAY)) {
		it->over = tr_keep(now); /* as it is now: changes made while looping do not show */
	} else {
		it->over = ev_items(ev, now);
	}
	tr_drop(over);
	if (!tr_is_valid(it->over))
		return false;
	it->kind = ITER_ARRAY;
	it->n = tr_array_len(it->over);
	return true;
}

bool iter_pairs(struct eval *ev, struct iter *it, tr_value over)
{
	tr_value now = ev_resolve(ev, over);

	if (tr_is(now, TR_MAP)) {
		*it = (struct iter){.kind = ITER_MAP, .over = tr_keep(now), .n = tr_map_len(now)};
		tr_drop(over);
		return true;
	}
	/* Not a mapping: whatever its method items gives. */
	static const struct args none;
	tr_value name = tr_string("items");
	tr_value items = ev_method(ev, over, name, &none);
	tr_drop(name);
	tr_drop(over);
	return tr_is_valid(items) && iter_begin(ev, it, items);
}

tr_value iter_next(struct eval *ev, struct iter *it)
{
	(void)ev;
	if (it->at >= it->n)
		return tr_absent();
	size_t at = it->at++;
	if (it->loop != NULL)
		it->loop->index = at + 1;
	if (it->kind == ITER_RANGE)
		return tr_int((int64_t)((uint64_t)it->start + (uint64_t)at * (uint64_t)it->step));
	return tr_keep(tr_array_items(it->over)[at]);
}

void iter_end(struct iter *it)
{
	tr_drop(it->over);
	tr_drop(it->loop_value);
}

bool unpack(struct eval *ev, struct frame *f, tr_value v, size_t n)
{
	tr_value items = ev_items(ev, v);
	size_t have = tr_array_len(items);

	tr_drop(v);
	if (!tr_is_valid(items))
		return false;
	if (have != n) {
		ev_fail(ev, TR_EINVAL, "%s values to unpack: expected %zu, got %zu",
			have > n ? "too many" : "not enough", n, have);
		tr_drop(items);
		return false;
	}
	for (size_t i = n; i > 0; i--)
		*f->sp++ = tr_keep(tr_array_at(items, i - 1));
	tr_drop(items);
	return true;
}
