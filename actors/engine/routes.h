/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine works out once for a playbook and all its executions share: which arcs lead back, where tokens meet,
 * and names as values. Immutable after routes_new, reference-counted, read by many threads.
 *
 * An arc leads back when it closes a cycle in a depth-first walk from the entry step, arcs in the order they are
 * written. Without those arcs the workflow has no cycles, so "a token that can still reach this join" is a partial
 * order and two joins can never wait for each other.
 */
#ifndef TROUPE_ENGINE_ROUTES_H
#define TROUPE_ENGINE_ROUTES_H

#include "actors/engine/reach.h"
#include "playbook/model/model.h"

/* How tokens that arrive at a step become step runs. */
typedef enum routes_join {
	ROUTES_SINGLE, /* each token its own step run */
	ROUTES_AUTO,   /* wait while another live token can reach the step, then run once */
	ROUTES_ANY,    /* the first token of a wave */
	ROUTES_COUNT   /* every `count` tokens */
} routes_join;

typedef struct routes_step {
	routes_join join;
	uint32_t count;
	const bool *back; /* one for each arc of the step: does it lead back? */
	tr_value labels;  /* map: labels of tasks that some template may name as `<step>.<label>`; absent: none */
} routes_step;

typedef struct routes {
	const playbook *playbook;
	routes_step *steps;
	reach *reach;        /* without the arcs that lead back */
	tr_value *names;     /* step names as values */
	tr_value step_index; /* map: name -> index */
	tr_value pool;       /* the playbook's pool */
	tr_value pools;      /* map: the steps' own pools, name -> name */
	tr_value end_keys;   /* maps with the keys of what guards see of an end, and of a step in the summary */
	tr_value summary_keys;
} routes;

/* NULL when memory is short. Holds the playbook. */
routes *routes_new(const playbook *p);
routes *routes_hold(routes *p);
void routes_free(routes **p);

/* Index of a step by name, -1. */
int32_t routes_step_index(const routes *p, tr_value name);
/* The same when it is likely this one (any number): the table of a large playbook is in no cache. */
static inline int32_t routes_step_guess(const routes *p, tr_value name, uint32_t likely)
{
	return likely < p->playbook->step_count && tr_equal(p->names[likely], name) ? (int32_t)likely
										    : routes_step_index(p, name);
}
/* The pool that a step's runs go to (borrowed). */
tr_value routes_pool(const routes *p, uint32_t step);
/* Is there a way from one step to another without arcs that lead back? */
static inline bool routes_reaches(const routes *p, uint32_t from, uint32_t join)
{
	return reach_is(p->reach, from, join);
}

/* A plan as a value for messages between actors of one node (takes p), and back (borrowed; NULL when v is none). */
tr_value routes_value(routes *p);
routes *routes_of_value(tr_value v);

#endif
