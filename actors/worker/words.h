/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What all step runs of a playbook say again and again, made once: names of steps, labels and kinds of tasks.
 * Immutable; travels as an object value, shared by everybody.
 */
#ifndef TROUPE_WORKER_WORDS_H
#define TROUPE_WORKER_WORDS_H

#include "playbook/model/model.h"

typedef struct step_words {
	tr_value name;
	size_t first;                   /* of its tasks, among those of the playbook */
	bool waits;                     /* a task of it is another playbook, or may be by the workbook */
	bool plain;                     /* neither it nor a task of it has a result policy */
	const tr_value *labels, *kinds; /* a task each */
} step_words;

typedef struct words {
	tr_value path, file;
	const step_words *steps;
	size_t step_count;
	size_t task_count;
	tr_value *texts;   /* of all tasks: labels, then kinds */
	tr_value workbook; /* map: name of an entry -> its kind */
	/* Of iterations: status, result, both nil. A copy costs one allocation instead of one for each key. */
	tr_value done;
	tr_value success, error;
	tr_value directives[5];
} words;

/** Invalid TR_ENOMEM. */
tr_value words_new(const playbook *book);
const words *words_of(tr_value object);
/** The kinds of all tasks of the playbook, in order. */
const tr_value *words_kinds(const words *w);

#endif
