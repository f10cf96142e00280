/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports of the kernel. Each is a map with the key `report`; it is handed to tr_node_options.report, or sent as the
 * message [report, map] (`report` an atom) to the actor registered as "logger", or shown on stderr.
 *
 *   crash         pid, name (string or nil), label (string or nil), behaviour (string or nil), reason,
 *                 last_messages (array: the one being handled, then up to 4 that wait), mailbox_length, links (array of
 *                 pids), supervisor (pid or nil), note, time_us, backtrace (array of strings: where tr_exit was called
 *                 from, when it was called in the actor and the node keeps backtraces; else empty),
 *                 dropped (how many crash reports were left out before this one, because there were too many)
 *   long_handler  pid, name, label, behaviour, scheduler, running_ns, time_us
 *
 * An actor that ends with normal, shutdown or [shutdown, …] makes no report.
 */
#ifndef TROUPE_ACTOR_REPORT_H
#define TROUPE_ACTOR_REPORT_H

#include "runtime/actor/node.h"

/** At most so many crash reports go out in a second. */
#define REPORT_RATE 200u

/** Hand out a report (taken). From any thread. */
void report_deliver(tr_node *node, tr_value report);
/** The current actor ends: report it if its reason asks for it. */
void report_crash(struct sched *s, struct actor *a);
void report_long_handler(tr_node *node, struct sched *s, tr_pid pid, int64_t ns);

#endif
