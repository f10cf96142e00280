/* SPDX-License-Identifier: Apache-2.0 */
/** Events as one object value. */
#include "actors/event/event_batch.h"

static void batch_destroy(void *data)
{
	event_list_fini(data);
}

static const tr_class batch_class = {"event_batch", batch_destroy};

tr_value event_batch(event_list *events)
{
	void *own;
	tr_value batch = tr_object_with(&batch_class, sizeof *events, &own);
	if (!tr_is_valid(batch))
		return batch;
	*(event_list *)own = *events;
	*events = (event_list){0};
	return batch;
}

event_list *event_batch_list(tr_value v)
{
	return tr_as_object(v, &batch_class);
}

tr_value event_batch_values(event_list *events)
{
	tr_value all = events->failed ? tr_invalid(TR_ENOMEM) : tr_array_with(events->count);
	for (size_t i = 0; i < events->count; i++)
		all = tr_array_push(all, event_to_value(&events->items[i]));
	event_list_fini(events);
	*events = (event_list){0};
	return all;
}

event_list *event_batch_read(tr_value v, size_t most, event_list *own)
{
	event_list *l = event_batch_list(v);
	size_t n = l != NULL ? l->count : tr_array_len(v);
	if (n > most)
		return NULL;
	if (l != NULL)
		return l;
	for (size_t i = 0; i < n; i++) {
		event *e = event_list_add(own, EVENT_NONE);
		if (e == NULL || event_from_value(tr_array_at(v, i), e) != TR_OK)
			return NULL;
	}
	return own;
}
