/* SPDX-License-Identifier: Apache-2.0 */
/** What an iteration tells its step run, in one piece. */
#ifndef TROUPE_WORKER_ITERATION_REPORT_H
#define TROUPE_WORKER_ITERATION_REPORT_H

#include "actors/event/event_list.h"

typedef struct iteration_report {
	int64_t slot, index;
	event_list events; /* as they are to be kept */
	bool ack;          /* it waits until they are appended */
	bool over;         /* it has ended, and this is what it came to: */
	bool good;
	tr_value result, error;
	tr_value vars, ctx, shared; /* written; absent: nothing */
} iteration_report;

void iteration_report_fini(iteration_report *r);
/** As an object value; takes what is in it, also when memory runs out (invalid TR_ENOMEM). */
tr_value iteration_report_object(iteration_report *r);
/** What is in the object; the receiver of the message may empty its events. NULL: it is none. */
iteration_report *iteration_report_of(tr_value object);

#endif
