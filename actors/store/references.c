/* SPDX-License-Identifier: Apache-2.0 */
/* Walking values for ResultRefs. */
#include "actors/store/references.h"

#include "actors/store/artifact_file.h"

#define DEPTH_MAX 200

static void walk(tr_value v, void (*each)(void *arg, tr_str key), void *arg, int depth)
{
	if (depth > DEPTH_MAX)
		return;
	for (size_t i = 0; i < tr_array_len(v); i++)
		walk(tr_array_at(v, i), each, arg, depth + 1);
	if (!tr_is(v, TR_MAP))
		return;
	tr_str key = tr_as_str(tr_map_get_s(v, "key"));
	tr_str store = tr_as_str(tr_map_get_s(v, "store")); /* one that is kept elsewhere is no artifact of ours */
	bool ours = store.n == 0 || tr_str_is(store, "file");
	if (ours && tr_str_is(tr_as_str(tr_map_get_s(v, "kind")), "result_ref") && key.n == ARTIFACT_KEY - 1)
		each(arg, key);
	const tr_entry *entries = tr_map_entries(v);
	for (size_t i = 0; i < tr_map_len(v); i++)
		walk(entries[i].value, each, arg, depth + 1);
}

void references_each(tr_value v, void (*each)(void *arg, tr_str key), void *arg)
{
	walk(v, each, arg, 0);
}
