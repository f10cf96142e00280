/* SPDX-License-Identifier: Apache-2.0 */
/* Walking values for ResultRefs. */
#include "actors/store/references.h"

#include "actors/store/artifact_file.h"

#include <string.h>

#define DEPTH_MAX 200

struct walking {
	void (*key)(void *arg, tr_str key);
	void (*holder)(void *arg, tr_str key, tr_str holder);
	void *arg;
};

static bool middle_of(tr_str address, tr_str *holder)
{
	size_t before = sizeof REFERENCES_ADDRESS - 1;
	const char *slash = address.n > before ? memrchr(address.p, '/', address.n) : NULL;
	bool ours = slash != NULL && memcmp(address.p, REFERENCES_ADDRESS, before) == 0 && slash > address.p + before;
	if (ours)
		*holder = (tr_str){address.p + before, (size_t)(slash - address.p) - before};
	return ours;
}

static void tell(const struct walking *w, tr_value ref, tr_str key)
{
	tr_str holder = {"", 0};
	if (w->key != NULL) {
		w->key(w->arg, key);
	} else {
		if (!middle_of(tr_as_str(tr_map_get_s(ref, "ref")), &holder))
			(void)middle_of(tr_as_str(tr_map_get_s(ref, "uri")), &holder);
		w->holder(w->arg, key, holder);
	}
}

static void walk(tr_value v, const struct walking *w, int depth)
{
	if (depth > DEPTH_MAX)
		return;
	for (size_t i = 0; i < tr_array_len(v); i++)
		walk(tr_array_at(v, i), w, depth + 1);
	if (!tr_is(v, TR_MAP))
		return;
	tr_str key = tr_as_str(tr_map_get_s(v, "key"));
	tr_str store = tr_as_str(tr_map_get_s(v, "store")); /* one that is kept elsewhere is no artifact of ours */
	bool ours = store.n == 0 || tr_str_is(store, "file");
	if (ours && tr_str_is(tr_as_str(tr_map_get_s(v, "kind")), "result_ref") && key.n == ARTIFACT_KEY - 1)
		tell(w, v, key);
	const tr_entry *entries = tr_map_entries(v);
	for (size_t i = 0; i < tr_map_len(v); i++)
		walk(entries[i].value, w, depth + 1);
}

void references_each(tr_value v, void (*each)(void *arg, tr_str key), void *arg)
{
	walk(v, &(struct walking){.key = each, .arg = arg}, 0);
}

void references_each_holder(tr_value v, void (*each)(void *arg, tr_str key, tr_str holder), void *arg)
{
	walk(v, &(struct walking){.holder = each, .arg = arg}, 0);
}
