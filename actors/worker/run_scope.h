/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a step run is given, and shares with its iterations: playbook, step, identity, and the values its templates see.
 * Immutable after it is made; travels as an object value, so that it lives as long as somebody uses it.
 */
#ifndef TROUPE_WORKER_RUN_SCOPE_H
#define TROUPE_WORKER_RUN_SCOPE_H

#include "actors/event/step_command.h"
#include "actors/worker/words.h"
#include "playbook/model/model.h"
#include "plugins/host/pure.h"

#define RUN_SCOPE_MADE 8

typedef struct run_scope {
	const playbook *book;
	const pb_step *step;
	tr_value words_object, pures_object, command_object; /* owned */
	const words *words;
	const step_words *texts; /* of the step */
	const pure_table *pures; /* of the kinds of the playbook's tasks; NULL: none is known */
	const step_command *command;
	int64_t execution_id;
	uint64_t step_run_id;
	uint32_t attempt;
	uint64_t trace_id;
	/* Of the command as they came, or made of that (made). */
	tr_value workload, args, ctx, vars, steps, result, event;
	tr_value env, keychain; /* owned */
	tr_value keep;          /* keep_policy_usual; owned */
	tr_value made[RUN_SCOPE_MADE];
	uint32_t made_count;
	tr_pid reply_to, supervisor;
	uint32_t concurrency;
	bool has_refs; /* some value in there loads itself when used */
} run_scope;

/** What a step run has from its pool; the values borrowed. Absent words are made; absent pures: every command goes to
 * its plugin; absent keep: it is asked for; env is what templates may see of the environment. */
typedef struct run_place {
	const playbook *book;
	tr_value words, pures, keep, env;
	tr_pid supervisor;    /* of the pool's step runs */
	uint32_t concurrency; /* of a loop that says nothing */
} run_place;

/** From a step run command (an object or a map). An object value; invalid TR_EINVAL when the command lacks something,
 * TR_ENOENT when the playbook has no such step. */
tr_value run_scope_new(const run_place *place, tr_value command);
const run_scope *run_scope_of(tr_value object);
/** The execution's id as text (fresh), where it has its playbook from (borrowed): files are found beside it. */
tr_value run_scope_execution(const run_scope *s);
tr_value run_scope_file(const run_scope *s);

#endif
