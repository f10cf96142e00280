/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that is killed: an embedded node that runs, or resumes, many executions of a mixed playbook. It writes a
 * line
 * "<execution> <seq>" for each event that it was told is durable.
 */
#ifndef TROUPE_TESTS_CRASH_CHILD_H
#define TROUPE_TESTS_CRASH_CHILD_H

#define CRASH_EXECUTIONS 120

/* `how`: "run" or "resume". The exit status: 0 when every execution ended as it should. */
int crash_child(const char *how, const char *data);

#endif
