/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a node's event store why it does not write. */
#include "cli/stuck_store.h"

#include "actors/protocol.h"

#include <stdio.h>

#define CONDITION_MS 2000
#define STUCK_COUNT  3

bool stuck_store_look(void *stuck)
{
	stuck_store *s = stuck;
	char why[300];
	tr_value answer = tr_absent();
	if (s->beside == NULL)
		s->beside = remote_open(s->data, why, sizeof why);
	if (s->beside == NULL || !remote_call(s->beside, SUBJECT_STORE, TR_LIST(tr_string("condition")), CONDITION_MS,
					      &answer, why, sizeof why))
		return true;
	s->times = tr_is(answer, TR_STRING) ? s->times + 1 : 0;
	(void)snprintf(s->condition, sizeof s->condition, "%s", tr_as_cstr(answer, ""));
	tr_drop(answer);
	return !stuck_store_is(s);
}

bool stuck_store_is(const stuck_store *s)
{
	return s->times >= STUCK_COUNT;
}

void stuck_store_fini(stuck_store *s)
{
	remote_close(&s->beside);
}
