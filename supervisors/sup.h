/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's state and the parts it is made of: starting, stopping, restarting, reporting. */
#ifndef TROUPE_SUPERVISORS_SUP_H
#define TROUPE_SUPERVISORS_SUP_H

#include <troupe/metrics.h>

#include "supervisors/decide.h"
#include "supervisors/family.h"
#include "supervisors/intensity.h"

struct sup {
	const struct tree *tree;
	tr_value held; /* keeps `tree` alive */
	struct family family;
	struct intensity intensity;
	tr_metric *restarts;
};

static inline bool sup_is_simple(const struct sup *s)
{
	return s->tree->spec.strategy == TR_SIMPLE_ONE_FOR_ONE;
}

/* start.c: start what a plan says, linked to the supervisor. */
tr_started sup_start(struct sup *s, const struct plan *plan, tr_value extra);
/* Start this child; it becomes UP, stays DOWN (ignored: pid 0 and no reason) or stays DOWN with a reason. */
tr_started sup_start_child(struct sup *s, struct child *child);
/** A reason whose making failed is still a reason: absent is for none at all. */
tr_value sup_reason(tr_value reason);

/* stop.c */
/* Stop a child that is UP and wait for its end; it becomes DOWN. */
void sup_stop_child(struct sup *s, struct child *child);
/* Stop all children, the last started first (all at once in a simple_one_for_one). For the supervisor's own end. */
void sup_stop_all(struct sup *s);

/* restart.c */
/* A child that is to be restarted has ended: count, and restart now or after the back-off. */
tr_next sup_restart(struct sup *s, struct child *child);
/* The back-off is over. */
tr_next sup_restart_due(struct sup *s, struct child *child);

/* events.c: what happens to a child, by its state. */
enum child_event {
	ASK_START,   /* start_child with the id of a child that is there */
	ASK_RESTART, /* restart_child */
	ASK_STOP,    /* terminate_child */
	ASK_DELETE,  /* delete_child */
	EXITED,      /* its exit signal came; detail is the reason */
	TRY_AGAIN,   /* a start failed before */
	RESTART_DUE, /* its back-off is over */
	CHILD_EVENTS
};
tr_next sup_event(struct sup *s, struct child *child, enum child_event event, tr_value detail);
/* Answers to management calls. */
tr_value sup_answer_started(tr_started started); /* takes the reason */
tr_value sup_answer_err(tr_err err);

/* reports.c */
void report_child(const char *what, const struct child *child, tr_value reason);
void report_intensity(const struct child *child);

/* list.c */
tr_value list_children(const struct sup *s);
tr_value count_children(const struct sup *s);

#endif
