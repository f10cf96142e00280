/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decisions of a supervisor that need no actor: what an exit means for a child of each restart type, which exits
 * are reported, and when the supervisor itself goes with a significant child.
 */
#ifndef TROUPE_SUPERVISORS_DECIDE_H
#define TROUPE_SUPERVISORS_DECIDE_H

#include <troupe/supervisor.h>

enum reason_class {
	REASON_NORMAL,   /* normal */
	REASON_SHUTDOWN, /* shutdown, [shutdown, anything] */
	REASON_ABNORMAL,
	REASON_CLASSES
};

enum verdict {
	VERDICT_RESTART,
	VERDICT_KEEP,  /* not restarted; the spec stays */
	VERDICT_FORGET /* not restarted; the child leaves the supervisor */
};

enum reason_class reason_classify(tr_value reason);
enum verdict decide_exit(tr_restart restart, enum reason_class reason);
/* Is the end of such a child worth a child_terminated report? */
bool decide_report_exit(tr_restart restart, enum reason_class reason);
/* Is this way of ending, when the supervisor stops the child, worth a shutdown_error report? */
bool decide_report_stop(tr_restart restart, bool brutal, tr_value reason);
/* Does the supervisor end when a significant child ended for good and `others` significant ones are still there? */
bool decide_auto_shutdown(tr_auto_shutdown mode, bool significant, size_t others);
/* How long to wait before the n-th restart within the period; `jitter` is random. */
int64_t decide_backoff(int64_t base, int64_t max, uint32_t n, uint64_t jitter);

#endif
