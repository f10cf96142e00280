/* SPDX-License-Identifier: Apache-2.0 */
/** Drives a pipeline by hand: a playbook from text, outcomes from JSON, a clock that stands still until it is told to
 * move. */
#ifndef TROUPE_TESTS_PIPELINE_KIT_H
#define TROUPE_TESTS_PIPELINE_KIT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/worker/pipeline.h"

typedef struct kit {
	playbook *book;
	tr_value run;
	event_list events;
	pipeline *pipe;
	pipeline_clock clock;
	pipeline_action action;
	tr_value inputs; /* of the last PERFORM */
	int64_t iteration;
	bool parallel;
	tr_value iter;
} kit;

/** Load the workflow (the text under `workflow:`, indented by nothing) with `extra` root text; make the run of step
 * `step` with the command's values given as JSON ("" for none: {"args": …, "ctx": …, "steps": …}). */
void kit_load(kit *k, const char *extra, const char *workflow, const char *step, const char *command);
/** Make the pipeline and take its first action. */
void kit_begin(kit *k);
void kit_fini(kit *k);
/** Answer the command that is out. */
void kit_outcome(kit *k, const char *json);
/** A success with this result, an error of this kind. */
void kit_ok(kit *k, const char *result);
void kit_error(kit *k, const char *kind, bool retryable);
/** After COMMIT: go on; the clock jumps to when that is due. The wait in milliseconds is returned. */
int64_t kit_go_on(kit *k);
/** Answer and go on, for a task that is to be left behind. */
void kit_pass(kit *k, const char *result);

tr_value kit_json(const char *text);
/** Is the value the same as this JSON? Says both when not. */
void assert_json(tr_value v, const char *json);
/** The last event of a type; fails the test when there is none. */
const event *kit_event(kit *k, event_type type);
/** All events so far, as a log gives them; the kit has none any more. event_list_fini. */
event_list kit_log(kit *k);
size_t kit_count(const kit *k, event_type type);

#define assert_performs(k, label)                                         \
	do {                                                              \
		assert_int_equal((k)->action.what, PIPELINE_PERFORM);     \
		assert_true(tr_str_is(pipeline_label((k)->pipe), label)); \
	} while (0)
#define assert_commits(k) assert_int_equal((k)->action.what, PIPELINE_COMMIT)
#define assert_done(k)    assert_int_equal((k)->action.what, PIPELINE_DONE)
#define assert_failed(k)  assert_int_equal((k)->action.what, PIPELINE_FAILED)

#endif
