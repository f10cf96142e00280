/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The texts that all step runs of a playbook say again and again, made once: names of steps, labels and kinds of tasks,
 * and the shapes of the maps that commands and events are made of. A copy of a shape costs one allocation instead of
 * one for each key. Immutable; travels as an object value, shared by everybody.
 */
#ifndef TROUPE_WORKER_WORDS_H
#define TROUPE_WORKER_WORDS_H

#include "playbook/model/model.h"

typedef struct step_words {
	tr_value name;
	const tr_value *labels, *kinds; /* a task each */
} step_words;

typedef struct words {
	tr_value path, file;
	const step_words *steps;
	size_t step_count;
	tr_value *texts; /* labels and kinds of all tasks */
	size_t text_count;
	/* Shapes: all values nil. */
	tr_value command;   /* kind, input, context */
	tr_value context;   /* execution_id … scope */
	tr_value scope;     /* args, workload, ctx, vars, iter */
	tr_value meta;      /* attempt, duration_ms, started_at, task_run_id */
	tr_value started;   /* label, kind */
	tr_value processed; /* label, outcome, directive */
	tr_value done;      /* status, result: of an iteration */
	tr_value report;    /* status, result, error, vars, ctx, shared */
	tr_value directives[5];
	tr_value success, error;
} words;

/** Invalid TR_ENOMEM. */
tr_value words_new(const playbook *book);
const words *words_of(tr_value object);

#endif
