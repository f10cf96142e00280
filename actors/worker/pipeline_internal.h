/* SPDX-License-Identifier: Apache-2.0 */
/** The inside of a pipeline, for the files that make it up. */
#ifndef TROUPE_WORKER_PIPELINE_INTERNAL_H
#define TROUPE_WORKER_PIPELINE_INTERNAL_H

#include "actors/worker/pipeline.h"

typedef enum pipeline_state {
	AT_TASK,
	IN_TASK,
	BETWEEN,
	ENDED_WELL,
	ENDED_BADLY
} pipeline_state;

struct pipeline {
	tr_value run_object;
	const run_scope *run;
	const pb_step *step;
	event_list *events;
	int64_t iteration;
	bool parallel;
	renderer render; /* holds the names, and so _prev, iter, vars, ctx */

	pipeline_state state;
	uint32_t pc;
	uint32_t attempt;
	uint32_t *visits; /* a task: how often the program counter entered it */
	uint32_t few_visits[4];
	bool outcome_failed; /* names.outcome is an error */
	bool of_playbook;    /* the command is for another playbook: its result is one of ours */
	uint32_t task_runs;
	uint64_t directives;
	int64_t started_ns, started_us;
	/* Taken over from an earlier owner: until when the task may run that was under way, when the next try is due.
	 */
	int64_t again_deadline_us, again_not_before_us;
	uint32_t again_pc, again_attempt;

	tr_value shared, vars_written, ctx_written;
	tr_value result, error;
};

/** Build the command of the current task (command.c). Invalid with *error set when an input could not be rendered. */
tr_value command_build(pipeline *p, int64_t deadline_ns, tr_value *error);

/** Its inputs alone, for a kind without an actor. */
tr_value command_input(pipeline *p, tr_value *error);

/** Decide on an outcome (pipeline_rules.c): evaluates the rules, adds events, moves on. Takes the outcome. */
pipeline_action pipeline_decide(pipeline *p, tr_value outcome, pipeline_clock clock);
/** The pipeline has left its last task, or a rule said break (pipeline_rules.c). */
pipeline_action pipeline_end_well(pipeline *p);
pipeline_action pipeline_end_badly(pipeline *p, tr_value error);
/** Make what was written visible and note it for the end. */
void pipeline_apply(pipeline *p, const writes *w);
/** A new event of the current task. */
event *pipeline_event(pipeline *p, event_type type, int64_t wall_us);

static inline const pb_task *pipeline_task(const pipeline *p)
{
	return &p->step->tasks[p->pc];
}

static inline tr_value pipeline_label_value(const pipeline *p)
{
	return p->run->texts->labels[p->pc];
}

#endif
