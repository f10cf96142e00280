/* SPDX-License-Identifier: Apache-2.0 */
/** What is kept inline of a result and where the rest goes. */
#include "actors/worker/keep_policy.h"
#include "actors/protocol.h"
#include "actors/worker/path.h"

keep_policy keep_policy_default(void)
{
	return (keep_policy){.inline_max = INLINE_LIMIT, .select = tr_nil(), .store = tr_nil()};
}

void keep_policy_fini(keep_policy *k)
{
	tr_clear(&k->select);
	tr_clear(&k->store);
}

/* Bytes; never above the limit that every value has. */
static size_t inline_max(tr_value v)
{
	int64_t n = tr_as_int(v, INLINE_LIMIT);
	return n < 0 ? 0 : n > (int64_t)INLINE_LIMIT ? INLINE_LIMIT : (size_t)n;
}

keep_policy keep_policy_of(const pb_result_policy *p, renderer *r)
{
	keep_policy k = keep_policy_default();
	if (!p->present || p->store == NULL)
		return k;
	tr_value error = tr_absent();
	tr_value store = render_value(r, p->store, &error);
	if (!tr_is(store, TR_MAP)) {
		render_warn(r, "result-policy", p->store->pos, "the result is kept as usual: %s",
			    tr_as_cstr(tr_map_get_s(error, "message"), "the policy is no mapping"));
		tr_drop(store);
		tr_drop(error);
		return k;
	}
	tr_value select = tr_map_get_s(store, "select");
	k.inline_max = inline_max(tr_map_get_s(store, "inline_max"));
	k.select = tr_is_valid(select) ? tr_keep(select) : tr_nil();
	k.store = store;
	return k;
}

static tr_value add_part(tr_value to, tr_value name, tr_value path, tr_value result)
{
	tr_str text = tr_as_str(path);
	tr_value part = text.n > 0 ? path_get(result, text) : tr_absent();
	return tr_is_valid(part) && tr_is(name, TR_STRING) ? tr_map_put(to, tr_keep(name), tr_keep(part)) : to;
}

tr_value keep_policy_selected(const keep_policy *k, tr_value result)
{
	if (tr_is_nil(k->select))
		return tr_absent();
	tr_value out = tr_map();
	if (tr_is(k->select, TR_STRING))
		return add_part(out, k->select, k->select, result);
	for (size_t i = 0; i < tr_array_len(k->select); i++)
		out = add_part(out, tr_array_at(k->select, i), tr_array_at(k->select, i), result);
	const tr_entry *e = tr_map_entries(k->select);
	for (size_t i = 0, n = tr_map_len(k->select); i < n; i++)
		out = add_part(out, e[i].key, e[i].value, result);
	return out;
}
