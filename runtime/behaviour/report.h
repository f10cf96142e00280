/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports of behaviours and supervisors: maps {report, level, pid, …} for the node's logger. The logger puts a port
 * into TR_SLOT_LOGGER; without one, reports are not even built.
 */
#ifndef TROUPE_RUNTIME_BEHAVIOUR_REPORT_H
#define TROUPE_RUNTIME_BEHAVIOUR_REPORT_H

#include <troupe/log.h>

/* The first member of what lies in TR_SLOT_LOGGER. Both functions may be called from any thread and do not block. */
struct report_port {
	bool (*wanted)(struct report_port *port, tr_level level);
	void (*post)(struct report_port *port, tr_level level, tr_value report); /* takes the report */
};

/* Would a report of this level reach anybody? Cheap; ask before building one. Inside an actor. */
bool report_wanted(tr_level level);
/* Takes the report. Inside an actor. */
void report_send(tr_level level, tr_value report);

#endif
