/* SPDX-License-Identifier: Apache-2.0 */
/** Events as one object value: how an iteration hands its events to its step run, without copying them. */
#ifndef TROUPE_WORKER_EVENT_BATCH_H
#define TROUPE_WORKER_EVENT_BATCH_H

#include "actors/worker/event_list.h"

/** Takes what is in the list and leaves it empty. */
tr_value event_batch(event_list *events);
/** The list inside; NULL when v is none. The receiver of the message may empty it. */
event_list *event_batch_list(tr_value v);

#endif
