/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a name gives to the templates of a step's tasks. Source of the semantics: docs/playbook.md, "Scopes" and "What a
 * name gives".
 */
#ifndef TROUPE_WORKER_NAMES_H
#define TROUPE_WORKER_NAMES_H

#include "actors/worker/run_scope.h"

/** All values are owned by whoever owns the struct (names_fini). Absent: the name is not bound. */
typedef struct names {
	const run_scope *run;
	tr_value prev, task, attempt; /* _prev, _task, _attempt */
	tr_value locals;              /* `set` on a task, inputs of a workbook entry */
	tr_value args;                /* instead of the run's: inside a workbook entry */
	tr_value outcome;
	tr_value iter, vars, ctx;
	tr_value results; /* label -> result of the pipeline's tasks so far */
	tr_value own;     /* the step's own result as a loop or finished step has it; absent: _prev */
	bool ran;         /* a task has run, so the step has a result of its own */
	bool wrapped;     /* iter or _prev may hold values that load themselves */
	bool refs;        /* the pipeline's tasks gave references: what they gave is opened when it is looked up */
	bool lazy; /* set by a lookup that gave a value that loads or extends itself: refs_force what was rendered */
} names;

void names_fini(names *n);
/** A task gave this: are there references in it? */
void names_note(names *n, tr_value result);
/** A scope over it, valid as long as n. */
tr_scope names_scope(names *n);
/** The value of a bare name: a fresh reference, absent when nothing has it. */
tr_value names_lookup(names *n, tr_str name);
/** A finished step's or outcome's value with what it offers beside its own keys. Fresh reference; borrow. Exposed for
 * the tests. */
tr_value names_step_value(tr_value result, tr_value labels);
tr_value names_outcome_value(tr_value outcome);

#endif
