/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a loop asks the controller `iterator`: when it begins, for each answer of a cursor's task, for each iteration
 * that failed, and at its end. Questions and answers: docs/plugins/controllers.md.
 */
#ifndef TROUPE_WORKER_LOOP_ASK_H
#define TROUPE_WORKER_LOOP_ASK_H

#include "actors/worker/loop_source.h"
#include "actors/worker/results.h"
#include "actors/worker/run_scope.h"

#define LOOP_MOST_IN_FLIGHT 100000

/** What a loop goes over and how many iterations it has at once, from the rendered `in` (taken) and `max_in_flight`
 * (taken; nil when the playbook does not say). False with *error. May block on a reference. */
bool loop_ask_plan(const run_scope *run, tr_value in, tr_value max_in_flight, loop_source *source, uint32_t *in_flight,
		   tr_value *error);
/** The rows (fresh array) in the outcome of a cursor's task; invalid with *error. */
tr_value loop_ask_rows(const run_scope *run, tr_value outcome, tr_value *error);
/** An iteration has failed: is the loop to stop? *in_flight may change. */
bool loop_ask_failed(const run_scope *run, int64_t index, tr_value error, const results *r, uint32_t *in_flight);
/** All are done. False with *error when the step has failed. */
bool loop_ask_end(const run_scope *run, const results *r, tr_value *error);

#endif
