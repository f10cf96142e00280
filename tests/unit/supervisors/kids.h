/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children for supervisor tests. Each tells the test when it starts and, if it can, when it ends, so that a test reads
 * the whole story from its mailbox: ["up", "a", pid], ["down", "a", reason].
 */
#ifndef TROUPE_TESTS_KIDS_H
#define TROUPE_TESTS_KIDS_H

#include "tests/unit/behaviour/actor_case.h"

#include <troupe/supervisor.h>

enum kid_kind {
	KID_PLAIN,   /* ends by its exit signals */
	KID_POLITE,  /* traps exits, tells of its end */
	KID_DEAF,    /* traps exits and ignores them */
	KID_REFUSES, /* its init refuses with "no" */
	KID_SICKLY,  /* refuses while anybody is registered as "sick" */
	KID_LEAVES   /* traps exits and answers a shutdown with the reason `normal` */
};

extern const tr_gen_server kid;

/* A child spec whose child tells the calling actor. */
tr_child_spec kid_spec(const char *id, enum kid_kind kind, tr_restart restart);

/* The next message is ["up", id, pid]; gives the pid. */
tr_pid kid_up(const char *id);
/* The next message is ["down", id, reason] (taken). */
bool kid_down(const char *id, tr_value reason);
/* Make a child end with this reason (taken). */
void kid_end(tr_pid pid, tr_value reason);
/* Wait until which_children says `want` (taken; absent: no such child) of this child. */
bool child_becomes(tr_pid sup, const char *id, const char *key, tr_value want);
/* Nothing is in the mailbox. */
bool quiet(void);
/* A supervisor with these children, linked to the calling actor, which traps exits from now on. */
tr_pid sup_start_kids(tr_strategy strategy, uint32_t intensity, const tr_child_spec *kids, size_t n);
/* What which_children says of this child under this key; absent when there is no such child. Fresh reference. */
tr_value child_field(tr_pid sup, const char *id, const char *key);
/* The number under this key of count_children. */
int64_t sup_count(tr_pid sup, const char *key);
/* The exit message of the supervisor comes next and has this reason (taken). */
bool sup_ended(tr_pid sup, tr_value reason);
/* Shut the supervisor down as its parent does, and wait for its end. */
void sup_shutdown(tr_pid sup);

#endif
