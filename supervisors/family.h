/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The children of one supervisor: in order of start, by pid, by id, and by the number of a pending restart; with the
 * counts that decisions need. No actor functions here: it starts and stops nobody.
 *
 *     first ── child ── child ── child ── last        (start order; stopped from the last)
 *     by_pid: UP children     by_id: all but simple_one_for_one     pending: RESTARTING children
 */
#ifndef TROUPE_SUPERVISORS_FAMILY_H
#define TROUPE_SUPERVISORS_FAMILY_H

#include "supervisors/plan.h"
#include "supervisors/table.h"

enum child_state {
	CHILD_DOWN,       /* not running: never started, ignored, stopped, or ended for good */
	CHILD_UP,         /* running and linked */
	CHILD_RESTARTING, /* ended; a restart is to come, with back-off or after a failed try */
	CHILD_STATES
};

struct child {
	const struct plan *plan;
	tr_value held; /* keeps `plan` alive; in a simple_one_for_one the instance's extra argument,
			  absent once a temporary one runs */
	tr_pid pid;    /* UP: the actor; else the last one, or 0 */
	struct child *prev;
	struct child *next;
	uint64_t pending; /* RESTARTING: the number its restart message carries */
	uint32_t restarts;
	uint8_t state;
};

struct family {
	struct child *first;
	struct child *last;
	size_t count;
	size_t up;
	size_t significant; /* significant children that are UP or RESTARTING */
	uint64_t next_pending;
	struct table by_pid;
	struct table by_id;
	struct table pending;
};

void family_fini(struct family *f);
/* A new child, DOWN, as the last one. Takes held, also on failure (NULL). */
struct child *family_add(struct family *f, const struct plan *plan, tr_value held, bool with_id);
/* Forget a child; frees it. */
void family_remove(struct family *f, struct child *child);
struct child *family_by_id(const struct family *f, const char *id);
struct child *family_by_pid(const struct family *f, tr_pid pid);
struct child *family_by_pending(const struct family *f, uint64_t number);

/* Room for one more child that is up, asked before it is started, so that child_up cannot fail. */
tr_err family_reserve(struct family *f);
void child_up(struct family *f, struct child *child, tr_pid pid);
void child_down(struct family *f, struct child *child);
/* Becomes RESTARTING under a fresh number. */
tr_err child_restarting(struct family *f, struct child *child);

#endif
