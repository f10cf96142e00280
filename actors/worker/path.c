/* SPDX-License-Identifier: Apache-2.0 */
/** Small helpers over maps with dotted keys, and time as text. */
#include "actors/worker/path.h"

#include <string.h>
#include <time.h>

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

tr_value time_text(int64_t wall_us)
{
	time_t seconds = (time_t)(wall_us / 1000000);
	int64_t us = wall_us % 1000000;
	if (us < 0) {
		us += 1000000;
		seconds--;
	}
	struct tm tm;
	if (gmtime_r(&seconds, &tm) == NULL)
		return tr_nil();
	return tr_stringf("%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
			  tm.tm_hour, tm.tm_min, tm.tm_sec, (int)us);
}
