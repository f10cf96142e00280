/* SPDX-License-Identifier: Apache-2.0 */
/** Events as one object value: how an iteration hands its events to its step run, and a step run to an execution of the
 * same node, without copying them. Elsewhere they travel as an array of event arrays. */
#ifndef TROUPE_EVENT_BATCH_H
#define TROUPE_EVENT_BATCH_H

#include "actors/event/event_list.h"

/** Takes what is in the list and leaves it empty. */
tr_value event_batch(event_list *events);
/** The list inside; NULL when v is none. The receiver of the message may empty it. */
event_list *event_batch_list(tr_value v);
/** The same as an array of event arrays, to be sent anywhere. Takes what is in the list. */
tr_value event_batch_values(event_list *events);
/** The events of a batch or of such an array, at most so many. They belong to `own`, which is empty before and finished
 * by the caller, or to v. NULL: they are none, or there is no memory. */
event_list *event_batch_read(tr_value v, size_t most, event_list *own);

#endif
