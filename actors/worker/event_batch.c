/* SPDX-License-Identifier: Apache-2.0 */
/** Events as one object value. */
#include "actors/worker/event_batch.h"

static void batch_destroy(void *data)
{
	event_list *l = data;
	event_list_fini(l);
	tr_free(l);
}

static const tr_class batch_class = {"event_batch", batch_destroy};

tr_value event_batch(event_list *events)
{
	event_list *l = tr_alloc(sizeof *l);
	if (l == NULL)
		return tr_invalid(TR_ENOMEM);
	*l = *events;
	*events = (event_list){0};
	return tr_object(&batch_class, l);
}

event_list *event_batch_list(tr_value v)
{
	return tr_as_object(v, &batch_class);
}
