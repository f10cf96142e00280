/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports of the kernel. Each is a map with the key `report`; it is handed to tr_node_options.report, or sent as the
 * message [report, map] (`report` an atom) to the actor registered as "logger", or shown on stderr.
 *
 *   crash         pid, name (string or nil), label (string or nil), behaviour (string or nil), reason,
 *                 last_messages (array: the one being handled, then up to 4 that wait), mailbox_length, links (array of
 *                 pids), supervisor (pid or nil), note, time_us, backtrace (array of strings: where tr_exit was called
 *                 from; empty when a signal ended it), dropped (how many crash reports were left out before this one,
 *                 because there were too many)
 *   long_handler  pid, name, label, behaviour, scheduler, running_ns, time_us, dropped
 *   dead_letters  count, interval_ns, time_us: more than REPORT_DEAD_RATE messages in a second found nobody
 *
 * An actor that ends with normal, shutdown or [shutdown, …] makes no report.
 */
#ifndef TROUPE_ACTOR_REPORT_H
#define TROUPE_ACTOR_REPORT_H

#include "runtime/actor/node.h"

/** At most so many crash reports go out in a second. */
#define REPORT_RATE 200u

/** At most so many long_handler reports: where the machine has too little for the node there would be no end of them.
 */
#define REPORT_LONG_RATE 10u

/** So many dead letters in a second are worth a report. */
#define REPORT_DEAD_RATE 10000u

/** Is this an end nobody needs to hear of: normal, shutdown, [shutdown, …]? */
bool report_is_orderly(tr_value reason);
/** The current actor exits here: remember the call chain for its report. */
void report_trace(struct sched *s);
void report_dead_letters(tr_node *node, uint64_t count, int64_t interval_ns);
/** Hand out a report (taken). From any thread. */
void report_deliver(tr_node *node, tr_value report);
/** The current actor ends: report it if its reason asks for it. */
void report_crash(struct sched *s, struct actor *a);
void report_long_handler(tr_node *node, struct sched *s, tr_pid pid, int64_t ns);

#endif
