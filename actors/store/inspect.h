/* SPDX-License-Identifier: Apache-2.0 */
/** Looking at one log, event by event. Blocking; no actors. */
#ifndef TROUPE_ACTORS_STORE_INSPECT_H
#define TROUPE_ACTORS_STORE_INSPECT_H

#include "actors/event/frame.h"
#include "actors/store/layout.h"

typedef struct inspect_result {
	uint64_t last_seq; /* of the last event that can be trusted */
	size_t good;       /* bytes up to its end */
	uint64_t last_event_id;
	int64_t last_us;
	bool finished;
	bool closing;      /* all but its very last event is there, which says nothing new */
	bool torn;         /* all that is wrong is an unfinished record at the end */
	bool packed_fault; /* the packed file itself is damaged */
	char fault[400];   /* what is wrong behind `good`, "" when nothing is */
} inspect_result;

/** Check the bytes of a log: whole records of this execution, each an event, without a gap. `each` may be NULL. */
void inspect_bytes(tr_str bytes, int64_t id, void (*each)(void *arg, const event *e), void *arg, inspect_result *out);
/** The bytes came of a packed file that is damaged behind them. */
void inspect_packed_fault(inspect_result *out);
/** The log of a folder, plain or packed; its bytes in *bytes (tr_buf_fini). False: there is none or it cannot be read,
 * out->fault says why. */
bool inspect_log(const char *data, const char *folder, int64_t id, bool packed, void (*each)(void *arg, const event *e),
		 void *arg, tr_buf *bytes, inspect_result *out);

#endif
