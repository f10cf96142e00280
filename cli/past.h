/* SPDX-License-Identifier: Apache-2.0 */
/** An execution as its log has it: its events, its playbook and the state after any of them. Reads a data folder that
 * may belong to another process; no node. */
#ifndef TROUPE_CLI_PAST_H
#define TROUPE_CLI_PAST_H

#include "actors/engine/machine.h"
#include "actors/store/snapshot_file.h"

typedef struct past {
	int64_t id;
	const char *data; /* borrowed */
	tr_value events;  /* array of event arrays */
	tr_buf notes;     /* lines about what was torn or damaged */
	tr_buf remarks;   /* lines about snapshots that were left aside */
	routes *routes;   /* NULL until past_playbook */
	uint64_t last;    /* seq of the log's last event */
	uint64_t to;      /* of past_open_state */
	snapshot state;   /* with which the events go on; its state absent: none */
} past;

/** Read the log. False with the reason in `why` (at least 400 bytes), which does not name the execution. */
bool past_open(past *p, const char *data, int64_t id, char *why, size_t n);
/** The same for past_machine alone: the events before the newest snapshot that is no later than `to` (0: any) are left
 * out. */
bool past_open_state(past *p, const char *data, int64_t id, uint64_t to, char *why, size_t n);
/** How many snapshots that are read there are of it, and how many of them are not the state that its events give. After
 * past_open and past_playbook. */
bool past_check_snapshots(const past *p, size_t *count, size_t *wrong);
/** Load the playbook that the first event names, as it was. False with the reason. */
bool past_playbook(past *p, char *why, size_t n);
/** The machine after the event `to` (0: the last). NULL with the reason. To be given to machine_free. */
machine *past_machine(const past *p, uint64_t to, char *why, size_t n);
void past_fini(past *p);

/** Event i (0 ≤ i < count); false when it cannot be read. event_fini it. */
bool past_event(const past *p, size_t i, event *e);
size_t past_count(const past *p);

#endif
