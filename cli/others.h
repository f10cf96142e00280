/* SPDX-License-Identifier: Apache-2.0 */
/** What others handed to this process because it has the data folder's endpoint: `troupe run` and `troupe resume` do
 * not end under those who use it. Called by the actor that subscribed to the signals, when its own work is done. */
#ifndef TROUPE_CLI_OTHERS_H
#define TROUPE_CLI_OTHERS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct others {
	const char *command; /* `troupe <command>` */
	bool (*is_own)(const void *arg, int64_t execution_id);
	const void *arg;
} others;

/** Wait until nothing runs any more and every client has been told; from then on nothing is begun here. A signal ends
 * the waiting: what runs stays as it is in its log. Says for whom it waits. False: a signal came. */
bool others_wait(const others *o);
/** This process ends all the same: say how many are left as they are, if any. */
void others_leave(const others *o);

#endif
