/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the owner of a data folder. */
#include "cli/performed.h"

#include "actors/protocol.h"
#include "actors/store/layout.h"
#include "cli/remote.h"

#include <inttypes.h>
#include <stdio.h>

#define CALL_MS 10000

performed performed_look(const char *data)
{
	performed p = {.ids = tr_absent(), .owned = layout_lock_owner(data) != 0};
	char why[300];
	remote *r = p.owned ? remote_open(data, why, sizeof why) : NULL;
	tr_value answer;
	if (r != NULL &&
	    remote_call(r, SUBJECT_EXECUTIONS, TR_LIST(tr_string("list")), CALL_MS, &answer, why, sizeof why)) {
		p.ids = tr_map();
		for (size_t i = 0; i < tr_array_len(answer); i++)
			p.ids = tr_map_put(p.ids, tr_keep(tr_map_get_s(tr_array_at(answer, i), "execution_id")),
					   tr_bool(true));
		tr_drop(answer);
	}
	remote_close(&r);
	return p;
}

void performed_fini(performed *p)
{
	tr_clear(&p->ids);
}

bool performed_has(const performed *p, int64_t id)
{
	char text[24];
	(void)snprintf(text, sizeof text, "%" PRId64, id);
	return p->owned && (!tr_is_valid(p->ids) || tr_is_valid(tr_map_get_s(p->ids, text)));
}

const char *performed_status(const performed *p, const index_entry *e)
{
	if (e->status == NULL)
		return "unknown";
	return e->finished || index_held(e) || performed_has(p, e->id) ? e->status : "interrupted";
}
