/* SPDX-License-Identifier: Apache-2.0 */
/* Queues of events of a state machine. */
#include "runtime/behaviour/statem.h"

struct queued *event_new(tr_event_type type, const tr_from *from, tr_value content)
{
	struct queued *event = tr_alloc(sizeof(*event));

	if (event == NULL) {
		tr_drop(content);
		return NULL;
	}
	event->type = type;
	if (from != NULL)
		event->from = *from;
	event->content = content;
	event->name = tr_absent();
	return event;
}

void event_free(struct queued *event)
{
	if (event == NULL)
		return;
	tr_drop(event->content);
	tr_drop(event->name);
	tr_free(event);
}

void events_push(struct event_queue *q, struct queued *event)
{
	event->next = NULL;
	if (q->last != NULL)
		q->last->next = event;
	else
		q->first = event;
	q->last = event;
}

struct queued *events_pop(struct event_queue *q)
{
	struct queued *event = q->first;

	if (event == NULL)
		return NULL;
	q->first = event->next;
	if (q->first == NULL)
		q->last = NULL;
	event->next = NULL;
	return event;
}

void events_prepend(struct event_queue *q, struct event_queue *front)
{
	if (front->first == NULL)
		return;
	front->last->next = q->first;
	if (q->last == NULL)
		q->last = front->last;
	q->first = front->first;
	front->first = front->last = NULL;
}

void events_free(struct event_queue *q)
{
	for (struct queued *event = events_pop(q); event != NULL; event = events_pop(q))
		event_free(event);
}
