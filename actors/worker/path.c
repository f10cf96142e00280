/* SPDX-License-Identifier: Apache-2.0 */
/** Maps with dotted keys. */
#include "actors/worker/path.h"

#include <string.h>

tr_value path_key(tr_str key)
{
	return tr_string_n(key.p, key.n);
}

static size_t head_length(tr_str key)
{
	const char *dot = key.n == 0 ? NULL : memchr(key.p, '.', key.n);
	return dot == NULL ? key.n : (size_t)(dot - key.p);
}

tr_value path_put(tr_value map, tr_str key, tr_value value)
{
	if (!tr_is(map, TR_MAP) && tr_value_err(map) == TR_OK) {
		tr_drop(map);
		map = tr_map();
	}
	size_t head = head_length(key);
	if (head == key.n)
		return tr_map_put(map, path_key(key), value);
	tr_value inner = tr_keep(tr_map_get_n(map, key.p, head));
	tr_str rest = {key.p + head + 1, key.n - head - 1};
	return tr_map_put(map, tr_string_n(key.p, head), path_put(inner, rest, value));
}

tr_value path_get(tr_value map, tr_str key)
{
	for (;;) {
		size_t head = head_length(key);
		map = tr_map_get_n(map, key.p, head);
		if (head == key.n || !tr_is(map, TR_MAP))
			return head == key.n ? map : tr_absent();
		key.p += head + 1;
		key.n -= head + 1;
	}
}

tr_value path_put_all(tr_value base, tr_value writes)
{
	const tr_entry *e = tr_map_entries(writes);
	for (size_t i = 0, n = tr_map_len(writes); i < n; i++)
		base = path_put(base, tr_as_str(e[i].key), tr_keep(e[i].value));
	return base;
}
