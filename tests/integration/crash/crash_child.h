/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that is killed: an embedded node that takes up every execution that is not finished, starts some more,
 * and runs them all to their end. On stdout it tells what it was told is durable: "e <execution> <seq>" for each event,
 * and "d <execution>" for an execution that has ended.
 */
#ifndef TROUPE_TESTS_CRASH_CHILD_H
#define TROUPE_TESTS_CRASH_CHILD_H

/** <folder>/data is the data folder, <folder>/witness the witness's file, <folder>/finished has the ids of executions
 * that have ended. The exit status: 0 when every execution ended as it should. */
int crash_child(const char *folder, const char *how_many_new);

/** What every execution of the load gives, whatever happens meanwhile. */
#define CRASH_RESULT "386-3-5-1-[41, 20, 40, 60]"
/** metadata.path of the playbook that is started; the others are its children. */
#define CRASH_PATH "tests/crash"

#endif
