/* SPDX-License-Identifier: Apache-2.0 */
/* Asking here first, then there. */
#include "cli/known_kinds.h"

#include "cli/remote.h"

#define ASK_MS 5000

/* The plugins of a node that runs; absent when there is none. */
static tr_value ask(const char *data)
{
	char why[300];
	tr_value list = tr_absent();
	remote *r = remote_open(data, why, sizeof why);
	if (r != NULL && !remote_call(r, "plugins", TR_LIST(tr_string("list")), ASK_MS, &list, why, sizeof why))
		list = tr_absent();
	remote_close(&r);
	return list;
}

static bool answers(tr_value list, tr_str kind)
{
	for (size_t i = 0; i < tr_array_len(list); i++) {
		tr_value kinds = tr_map_get_s(tr_array_at(list, i), "answers");
		for (size_t k = 0; k < tr_array_len(kinds); k++)
			if (tr_str_eq(tr_as_str(tr_array_at(kinds, k)), kind))
				return true;
	}
	return false;
}

bool known_kinds_has(void *arg, tr_str kind)
{
	known_kinds *k = arg;
	if (survey_knows_kind(k->survey, kind))
		return true;
	if (!k->asked && k->data != NULL) {
		k->asked = true;
		k->there = ask(k->data);
	}
	return answers(k->there, kind);
}

void known_kinds_fini(known_kinds *k)
{
	tr_clear(&k->there);
}
