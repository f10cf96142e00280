/* SPDX-License-Identifier: Apache-2.0 */
/** An execution as its log has it: its events, its playbook and the state after any of them. Reads a data folder that
 * may belong to another process; no node. */
#ifndef TROUPE_CLI_PAST_H
#define TROUPE_CLI_PAST_H

#include "actors/engine/machine.h"

typedef struct past {
	int64_t id;
	const char *data; /* borrowed */
	tr_value events;  /* array of event arrays */
	tr_buf notes;     /* lines about what was torn or damaged */
	routes *routes;   /* NULL until past_playbook */
} past;

/** Read the log. False with the reason in `why` (at least 400 bytes), which does not name the execution. */
bool past_open(past *p, const char *data, int64_t id, char *why, size_t n);
/** Load the playbook that the first event names, as it was. False with the reason. */
bool past_playbook(past *p, char *why, size_t n);
/** The machine after the event `to` (0: the last). NULL with the reason. To be given to machine_free. */
machine *past_machine(const past *p, uint64_t to, char *why, size_t n);
void past_fini(past *p);

/** Event i (0 ≤ i < count); false when it cannot be read. event_fini it. */
bool past_event(const past *p, size_t i, event *e);
size_t past_count(const past *p);

#endif
