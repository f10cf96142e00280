/* SPDX-License-Identifier: Apache-2.0 */
/* What an evaluation gives to the outside: plain values, nothing that points back into it. */
#include "playbook/template/objects.h"

static tr_value plain_array(struct eval *ev, tr_value v)
{
	size_t n = tr_array_len(v);
	tr_value array = tr_array_with(n);

	for (size_t i = 0; i < n && tr_is_valid(array); i++)
		array = tr_array_push(array, ev_plain(ev, tr_keep(tr_array_at(v, i))));
	return array;
}

static tr_value plain_map(struct eval *ev, tr_value v)
{
	const tr_entry *entries = tr_map_entries(v);
	size_t n = tr_map_len(v);
	tr_value map = tr_map_with(n);

	for (size_t i = 0; i < n && tr_is_valid(map); i++)
		map = tr_map_put(map, ev_plain(ev, tr_keep(entries[i].key)), ev_plain(ev, tr_keep(entries[i].value)));
	return map;
}

static tr_value plain_object(struct eval *ev, tr_value v)
{
	const struct namespace_object *ns = tr_as_object(v, &namespace_class);

	if (tr_as_object(v, &range_class) != NULL)
		return ev_items(ev, v);
	if (ns != NULL)
		return plain_map(ev, ns->in.value);
	if (tr_as_object(v, &bound_class) == NULL && tr_as_object(v, &macro_class) == NULL &&
	    tr_as_object(v, &loop_class) == NULL && tr_as_object(v, &cycler_class) == NULL &&
	    tr_as_object(v, &joiner_class) == NULL)
		return tr_keep(v); /* somebody else's, a lazy value perhaps */
	tr_buf out = {0};
	if (!ev_put_str(ev, &out, v)) {
		tr_buf_fini(&out);
		return tr_invalid(ev->error->err);
	}
	return ev_take_text(ev, &out);
}

tr_value ev_plain(struct eval *ev, tr_value v)
{
	tr_value now, plain;

	if (!ev->special || !tr_is_valid(v))
		return v;
	if (is_undefined(v))
		return ev_undefined_use(ev, v) ? tr_nil() : tr_invalid(ev->error->err);
	if (is_builtin(v))
		return tr_string(builtin_name(v));
	if (v.type < (uint32_t)TR_ARRAY)
		return py_plain(v);
	if (tr_is(v, TR_OBJECT) && tr_as_object(v, &lazy_class) != NULL)
		return v; /* it stays unloaded */
	now = ev_resolve(ev, v);
	if (!ev_enter(ev) || !ev_spend(ev, 1)) {
		tr_drop(v);
		return tr_invalid(ev->error->err);
	}
	if (tr_is(now, TR_ARRAY))
		plain = plain_array(ev, now);
	else if (tr_is(now, TR_MAP))
		plain = plain_map(ev, now);
	else
		plain = plain_object(ev, now);
	ev_leave(ev);
	tr_drop(v);
	return plain;
}
