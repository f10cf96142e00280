/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a step run is given, and shares with its iterations: playbook, step, identity, and the values its templates see.
 * Immutable after it is made; travels as an object value, so that it lives as long as somebody uses it.
 */
#ifndef TROUPE_WORKER_RUN_SCOPE_H
#define TROUPE_WORKER_RUN_SCOPE_H

#include "actors/worker/words.h"
#include "playbook/model/model.h"

typedef struct run_scope {
	const playbook *book;
	const pb_step *step;
	tr_value words_object;
	const words *words;
	const step_words *texts; /* of the step */
	int64_t execution_id;
	uint64_t step_run_id;
	uint32_t attempt;
	uint64_t trace_id;
	tr_value execution_text; /* execution_id as decimal text */
	tr_value file;           /* where this execution has its playbook from: files are found beside it */
	tr_value workload, args, ctx, vars, steps, result, event, env, keychain;
	tr_pid reply_to;
	bool has_refs; /* some value in there loads itself when used */
} run_scope;

/** From a step run command (protocol.h) and its playbook. An object value; invalid TR_EINVAL when the command lacks
 * something, TR_ENOENT when the playbook has no such step. `said` (borrowed) is from words_new, absent to make it;
 * `env` (borrowed) is what templates may see of the environment. */
tr_value run_scope_new(const playbook *book, tr_value said, tr_value command, tr_value env);
const run_scope *run_scope_of(tr_value object);

#endif
