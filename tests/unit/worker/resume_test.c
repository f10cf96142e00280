/* SPDX-License-Identifier: Apache-2.0 */
/** A pipeline that goes on behind the events of an earlier owner does what that one would have done. */
#include "pipeline_kit.h"

#include <troupe/actor.h>

#include <string.h>

#define WORKFLOW                                                                                                       \
	"- step: work\n"                                                                                               \
	"  tool:\n"                                                                                                    \
	"    - fetch:\n"                                                                                               \
	"        kind: noop\n"                                                                                         \
	"        page: \"{{ iter.page | default(1) }}\"\n"                                                             \
	"        try: \"{{ _attempt }}\"\n"                                                                            \
	"        eval:\n"                                                                                              \
	"          - { expr: \"{{ outcome.status == 'error' }}\", do: retry, attempts: 5,"                             \
	" set_vars: { errors: \"{{ (vars.errors | default(0)) + 1 }}\" } }\n"                                          \
	"          - { expr: \"{{ outcome.result.next }}\", do: jump, to: fetch,"                                      \
	" set_iter: { page: \"{{ outcome.result.next }}\" }, set_shared: { rows: { add: \"{{ outcome.result.n }}\" } " \
	"} }\n"                                                                                                        \
	"    - never: { kind: noop, when: \"{{ false }}\" }\n"                                                         \
	"    - sum: { kind: noop, rows: \"{{ vars.rows }}\", errors: \"{{ vars.errors }}\", was: \"{{ _prev }}\","     \
	" eval: [ { else: { do: continue, set_ctx: { total: \"{{ vars.rows }}\" } } } ] }\n"                           \
	"    - last: { kind: noop, total: \"{{ ctx.total }}\", key: \"{{ work.fetch.next }}\" }\n"

static const char *const answers[] = {
    "{\"status\": \"error\", \"error\": {\"kind\": \"busy\", \"message\": \"b\"}}",
    "{\"status\": \"success\", \"result\": {\"next\": 2, \"n\": 10}}",
    "{\"status\": \"error\", \"error\": {\"kind\": \"busy\", \"message\": \"b\"}}",
    "{\"status\": \"success\", \"result\": {\"next\": 0, \"n\": 5}}",
    "{\"status\": \"success\", \"result\": \"summed\"}",
    "{\"status\": \"success\", \"result\": \"end\"}",
};
#define ANSWERS (sizeof answers / sizeof answers[0])

/* What the run asks for, as text, from here to the end. */
static void run_on(kit *k, size_t from, tr_buf *asked)
{
	for (size_t i = from; i < ANSWERS; i++) {
		assert_int_equal(k->action.what, PIPELINE_PERFORM);
		tr_buf_putf(asked, "%zu ", i);
		tr_show(asked, k->inputs, 1000);
		tr_buf_putc(asked, '\n');
		kit_outcome(k, answers[i]);
		if (k->action.what == PIPELINE_COMMIT)
			kit_go_on(k);
	}
	assert_done(k);
	tr_show(asked, pipeline_result(k->pipe), 1000);
	tr_show(asked, pipeline_written_vars(k->pipe), 1000);
}

/* The whole run, cut into what each answer asked for. */
static void from_each_point_on_the_rest_is_the_same(void **state)
{
	(void)state;
	tr_buf whole = {0};
	kit k;
	kit_load(&k, "", WORKFLOW, "work", "");
	kit_begin(&k);
	run_on(&k, 0, &whole);
	event_list log = kit_log(&k);
	kit_fini(&k);

	for (size_t done = 0; done <= ANSWERS; done++) {
		/* The log up to and with the done-th outcome. */
		size_t cut = 0, outcomes = 0;
		while (cut < log.count && outcomes < done) {
			event_type t = log.items[cut].type;
			bool skipped = log.items[cut].status != NULL && strcmp(log.items[cut].status, "skipped") == 0;
			outcomes += (t == EVENT_TASK_PROCESSED && !skipped) || t == EVENT_TASK_RETRIED;
			cut++;
		}
		kit r;
		kit_load(&r, "", WORKFLOW, "work", done >= 5 ? "{\"ctx\": {\"total\": 10}}" : "");
		pipeline_setup setup = {.run = tr_keep(r.run), .iteration = -1, .events = &r.events};
		r.pipe = pipeline_new(&setup);
		for (size_t i = 0; i < cut; i++)
			pipeline_resume(r.pipe, &log.items[i]);
		/* Where it was cut, the time had come that far. */
		if (cut > 0 && log.items[cut - 1].time_us > r.clock.wall_us)
			r.clock.wall_us = log.items[cut - 1].time_us;
		r.action = pipeline_next(r.pipe, r.clock);
		if (r.action.what == PIPELINE_COMMIT)
			r.action = pipeline_next(r.pipe, r.clock);
		if (r.action.what == PIPELINE_PERFORM) {
			r.inputs = tr_keep(tr_map_get_s(r.action.command, "input"));
			tr_drop(r.action.command);
		}
		tr_buf rest = {0};
		run_on(&r, done, &rest);
		const char *expected = whole.p;
		for (size_t i = 0; i < done; i++)
			expected = strchr(expected, '\n') + 1;
		assert_string_equal(rest.p, expected);
		tr_buf_fini(&rest);
		kit_fini(&r);
	}
	event_list_fini(&log);
	tr_buf_fini(&whole);
}

static void the_idempotency_key_of_a_task_that_was_cut_off_is_the_same(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "", WORKFLOW, "work", "");
	kit_begin(&k);
	kit_outcome(&k, answers[1]);
	event_list log = kit_log(&k);
	pipeline_action live = pipeline_next(k.pipe, k.clock);
	tr_value expected = TR_GET(live.command, "context", "idempotency_key");
	assert_string_equal(tr_as_cstr(expected, ""), "77/5/fetch/2");

	kit r;
	kit_load(&r, "", WORKFLOW, "work", "");
	pipeline_setup setup = {.run = tr_keep(r.run), .iteration = -1, .events = &r.events};
	r.pipe = pipeline_new(&setup);
	for (size_t i = 0; i < log.count; i++)
		pipeline_resume(r.pipe, &log.items[i]);
	pipeline_action again = pipeline_next(r.pipe, r.clock);
	assert_true(tr_equal(TR_GET(again.command, "context", "idempotency_key"), expected));
	assert_int_equal(kit_event(&r, EVENT_TASK_STARTED)->task_run_id, 2);
	tr_drop(live.command);
	tr_drop(again.command);
	event_list_fini(&log);
	kit_fini(&r);
	kit_fini(&k);
}

static void a_pipeline_that_had_failed_stays_failed(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "", "- step: work\n  tool:\n    - a: { kind: noop }\n    - b: { kind: noop }\n", "work", "");
	kit_begin(&k);
	kit_error(&k, "broken", false);
	assert_failed(&k);
	event_list log = kit_log(&k);
	kit r;
	kit_load(&r, "", "- step: work\n  tool:\n    - a: { kind: noop }\n    - b: { kind: noop }\n", "work", "");
	pipeline_setup setup = {.run = tr_keep(r.run), .iteration = -1, .events = &r.events};
	r.pipe = pipeline_new(&setup);
	for (size_t i = 0; i < log.count; i++)
		pipeline_resume(r.pipe, &log.items[i]);
	r.action = pipeline_next(r.pipe, r.clock);
	assert_failed(&r);
	assert_true(tr_equal(pipeline_error(r.pipe), pipeline_error(k.pipe)));
	event_list_fini(&log);
	kit_fini(&r);
	kit_fini(&k);
}

#define TIMED                                                          \
	"- step: work\n  tool:\n    - a: { kind: noop, timeout: 10,\n" \
	"           eval: [{expr: \"{{ outcome.status == 'error' }}\", do: retry, attempts: 3, delay: 60}] }\n"

/* A pipeline that takes these events over, at this time. */
static void take_over(kit *r, const event_list *log, int64_t wall_us)
{
	kit_load(r, "", TIMED, "work", "");
	r->clock.wall_us = wall_us;
	pipeline_setup setup = {.run = tr_keep(r->run), .iteration = -1, .events = &r->events};
	r->pipe = pipeline_new(&setup);
	assert_non_null(r->pipe);
	for (size_t i = 0; i < log->count; i++) {
		tr_value v = event_to_value(&log->items[i]);
		event e;
		assert_int_equal(event_from_value(v, &e), TR_OK);
		pipeline_resume(r->pipe, &e);
		event_fini(&e);
		tr_drop(v);
	}
	r->action = pipeline_next(r->pipe, r->clock);
}

static void the_time_of_a_task_that_was_cut_off_goes_on(void **state)
{
	(void)state;
	kit k, r;
	kit_load(&k, "", TIMED, "work", "");
	kit_begin(&k);
	assert_performs(&k, "a");
	int64_t begun = k.clock.wall_us;
	assert_int_equal(tr_as_int(tr_map_get_s(kit_event(&k, EVENT_TASK_STARTED)->payload, "deadline_us"), 0),
			 begun + 10000000);
	take_over(&r, &k.events, begun + 4000000);
	assert_performs(&r, "a");
	assert_int_equal(r.action.deadline_ns - r.clock.now_ns, 6 * TR_SECOND);
	assert_int_equal(tr_as_int(tr_map_get_s(kit_event(&r, EVENT_TASK_STARTED)->payload, "deadline_us"), 0),
			 begun + 10000000);
	tr_drop(r.action.command);
	kit_fini(&r);
	/* It is over already: an error of kind timeout, which the rule tries again. */
	take_over(&r, &k.events, begun + 11000000);
	assert_commits(&r);
	assert_json(TR_GET(kit_event(&r, EVENT_TASK_RETRIED)->payload, "error", "kind"), "\"timeout\"");
	kit_fini(&r);
	kit_fini(&k);
}

static void a_wait_for_the_next_try_goes_on(void **state)
{
	(void)state;
	kit k, r;
	kit_load(&k, "", TIMED, "work", "");
	kit_begin(&k);
	kit_error(&k, "busy", true);
	assert_commits(&k);
	int64_t failed = kit_event(&k, EVENT_TASK_RETRIED)->time_us;
	take_over(&r, &k.events, failed + 20000000);
	assert_int_equal(kit_go_on(&r), 40000);
	assert_performs(&r, "a");
	assert_int_equal(pipeline_attempt(r.pipe), 2);
	/* The time of the next try is its own. */
	assert_int_equal(r.action.deadline_ns - r.clock.now_ns, 10 * TR_SECOND);
	kit_fini(&r);
	take_over(&r, &k.events, failed + 61000000);
	assert_performs(&r, "a");
	tr_drop(r.action.command);
	kit_fini(&r);
	kit_fini(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(from_each_point_on_the_rest_is_the_same),
	    cmocka_unit_test(the_idempotency_key_of_a_task_that_was_cut_off_is_the_same),
	    cmocka_unit_test(a_pipeline_that_had_failed_stays_failed),
	    cmocka_unit_test(the_time_of_a_task_that_was_cut_off_goes_on),
	    cmocka_unit_test(a_wait_for_the_next_try_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
