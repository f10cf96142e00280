/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking a log against the machine: what came from outside (the request, reports of step runs, children, cancels,
 * pauses, new owners after a crash) is taken from the log and given to a machine, and what the machine decides must be
 * what the log has next. Pure; no actors.
 *
 * Not part of the comparison: ids and times of decided events, which follow the clock, and annotations, which hooks
 * make.
 */
#ifndef TROUPE_ENGINE_REDRIVE_H
#define TROUPE_ENGINE_REDRIVE_H

#include "actors/engine/machine.h"

#define REDRIVE_MOST 20 /* differences that are described */

typedef struct redrive_difference {
	uint64_t seq;
	tr_value recorded; /* event array */
	tr_value decided;  /* event array; nil: nothing */
} redrive_difference;

typedef struct redrive_result {
	uint64_t events;   /* of the log */
	uint64_t given;    /* taken from the log as inputs */
	uint64_t decided;  /* decided by the machine as recorded */
	uint64_t recovers; /* times that somebody took the execution up again */
	uint64_t differences;
	redrive_difference first[REDRIVE_MOST];
	bool same_state; /* at the end the driven machine is in the state that replay gives (ids apart: see above) */
	bool compared_state;
} redrive_result;

/* `events`: array of event arrays, a whole log. `world`: env, load and put; the rest is set here. TR_ECORRUPT: the log
 * cannot even be replayed, result->events tells how far it can; TR_ENOMEM. */
tr_err redrive(routes *r, int64_t execution_id, tr_value events, const machine_world *world, redrive_result *result);
void redrive_fini(redrive_result *result);

#endif
