/* SPDX-License-Identifier: Apache-2.0 */
/* Each rule of docs/playbook.md, "Routing and the end": entry, pending tokens, arcs, failures. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/engine/driver.h"

#include <stdio.h>

#define HEAD       "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: test, path: tests/test}\n"
#define STEP(name) "- step: " name "\n  tool: {kind: noop}\n"

static void entry_is_the_first_step(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" STEP("one") STEP("two"), NULL);
	assert_int_equal(driver_running(&d, "one"), 1);
	assert_int_equal(driver_running(&d, "two"), 0);
	driver_done(&d, "one", "1");
	assert_status(&d, "success");
	assert_int_equal(driver_count(&d, EVENT_STEP_SCHEDULED), 1);
	driver_fini(&d);
}

static void entry_step_may_be_named(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "executor: {spec: {entry_step: two}}\nworkflow:\n" STEP("one") STEP("two"), NULL);
	assert_int_equal(driver_running(&d, "one"), 0);
	assert_int_equal(driver_running(&d, "two"), 1);
	driver_fini(&d);
}

static void no_name_is_reserved(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" STEP("end") "  next: start\n" STEP("start"), NULL);
	driver_done(&d, "end", "1");
	assert_int_equal(driver_running(&d, "start"), 1);
	driver_done(&d, "start", "2");
	assert_status(&d, "success");
	driver_fini(&d);
}

#define GUARDED                                                                                                       \
	HEAD "workflow:\n" STEP("split") "  spec: {next_mode: inclusive}\n  next: [writer, guarded]\n" STEP("writer") \
	    STEP("guarded") "  when: \"{{ ctx.ready }}\"\n"

static void token_waits_for_its_guard_and_is_tried_after_each_patch(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, GUARDED, NULL);
	driver_done(&d, "split", NULL);
	assert_int_equal(driver_running(&d, "writer"), 1);
	assert_int_equal(driver_running(&d, "guarded"), 0);
	assert_int_equal(driver_count(&d, EVENT_TOKEN_PENDING), 1);
	driver_patch(&d, "writer", "{\"other\": 1}");
	assert_int_equal(driver_running(&d, "guarded"), 0);
	assert_int_equal(driver_count(&d, EVENT_TOKEN_PENDING), 1); /* it is pending already */
	driver_patch(&d, "writer", "{\"ready\": true}");
	assert_int_equal(driver_running(&d, "guarded"), 1);
	driver_done(&d, "guarded", NULL);
	driver_done(&d, "writer", NULL);
	assert_status(&d, "success");
	driver_fini(&d);
}

static void patch_is_an_event_before_what_it_enables(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, GUARDED, NULL);
	driver_done(&d, "split", NULL);
	driver_patch(&d, "writer", "{\"ready\": true, \"totals.eur\": 5}");
	const event *patch = driver_event(&d, EVENT_CTX_PATCHED, 0);
	const event *scheduled = driver_event(&d, EVENT_STEP_SCHEDULED, 2);
	assert_true(patch->seq < scheduled->seq);
	assert_int_equal(patch->step_run_id, driver_run(&d, "writer"));
	tr_value command = driver_command(&d, "guarded");
	assert_json(tr_map_get_s(command, "ctx"), "{\"ready\": true, \"totals\": {\"eur\": 5}}");
	tr_drop(command);
	driver_fini(&d);
}

static void dotted_keys_reach_inside_and_not_without_end(void **state)
{
	tr_buf b = {0};
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" STEP("one") "  next: two\n" STEP("two"), NULL);
	driver_patch(&d, "one", "{\"a.b\": 1, \"a.c\": {\"d\": 2}, \"x\": 1}");
	driver_patch(&d, "one", "{\"a.c.e\": 3, \"x.y\": 4}");
	tr_value command = driver_command(&d, "one");
	assert_json(tr_map_get_s(command, "ctx"),
		    "{\"a\": {\"b\": 1, \"c\": {\"d\": 2, \"e\": 3}}, \"x\": {\"y\": 4}}");
	tr_drop(command);
	/* As many levels as somebody cares to write must not take the stack. */
	tr_buf_puts(&b, "{\"deep");
	for (int i = 0; i < 60000; i++)
		tr_buf_puts(&b, ".k");
	tr_buf_puts(&b, "\": 1}");
	driver_patch(&d, "one", b.p);
	driver_done(&d, "one", NULL);
	assert_int_equal(driver_running(&d, "two"), 1);
	tr_buf_fini(&b);
	driver_fini(&d);
}

static void stalled_when_pending_tokens_remain(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, GUARDED, NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "writer", NULL);
	assert_status(&d, "stalled");
	driver_fini(&d);
}

static void guard_on_a_result_is_asked_again_before_giving_up(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" STEP("split") "  spec: {next_mode: inclusive}\n  next: [writer, guarded]\n" STEP(
			"writer") STEP("guarded") "  when: \"{{ writer is defined and writer.ok }}\"\n",
		    NULL);
	driver_done(&d, "split", NULL);
	assert_int_equal(driver_running(&d, "guarded"), 0);
	driver_done(&d, "writer", "{\"ok\": true}");
	assert_int_equal(driver_running(&d, "guarded"), 1);
	driver_done(&d, "guarded", NULL);
	assert_status(&d, "success");
	driver_fini(&d);
}

static void disabled_tokens_may_be_discarded(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "executor: {spec: {on_disabled: discard}}\nworkflow:\n" STEP("one") "  next: two\n" STEP(
			"two") "  when: \"{{ false }}\"\n",
		    NULL);
	driver_done(&d, "one", NULL);
	assert_status(&d, "success");
	assert_int_equal(driver_count(&d, EVENT_TOKEN_DROPPED), 1);
	assert_json(tr_map_get_s(driver_event(&d, EVENT_TOKEN_DROPPED, 0)->payload, "why"), "\"disabled\"");
	driver_fini(&d);
}

#define BRANCHES(mode)                                                              \
	HEAD "workflow:\n" STEP("one") "  spec: {next_mode: " mode "}\n  next:\n"   \
				       "  - {step: a, when: \"{{ one.n > 1 }}\"}\n" \
				       "  - {step: b, when: \"{{ one.n > 0 }}\"}\n" \
				       "  - {step: c}\n" STEP("a") STEP("b") STEP("c")

static void exclusive_takes_the_first_arc_that_matches(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, BRANCHES("exclusive"), NULL);
	driver_done(&d, "one", "{\"n\": 1}");
	assert_int_equal(driver_running(&d, "a"), 0);
	assert_int_equal(driver_running(&d, "b"), 1);
	assert_int_equal(driver_running(&d, "c"), 0);
	driver_fini(&d);
}

static void inclusive_takes_all_arcs_that_match(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, BRANCHES("inclusive"), NULL);
	driver_done(&d, "one", "{\"n\": 1}");
	assert_int_equal(driver_running(&d, "a"), 0);
	assert_int_equal(driver_running(&d, "b"), 1);
	assert_int_equal(driver_running(&d, "c"), 1);
	assert_json(tr_map_get_s(driver_event(&d, EVENT_NEXT_EVALUATED, 0)->payload, "arcs"), "[1, 2]");
	driver_fini(&d);
}

static void no_match_ends_the_branch(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" STEP("one") "  next: [{step: two, when: \"{{ one.go }}\"}]\n" STEP("two"),
		    NULL);
	driver_done(&d, "one", "{\"go\": false}");
	assert_status(&d, "success");
	driver_fini(&d);
}

static void no_match_may_be_an_error(void **state)
{
	static const char *const texts[] = {
	    HEAD "executor: {spec: {no_next_is_error: true}}\nworkflow:\n" STEP(
		"one") "  next: [{step: two, when: \"{{ one.go }}\"}]\n" STEP("two"),
	    HEAD "workflow:\n" STEP("one") "  next: {spec: {on_no_match: error}, arcs: [{step: two, when: \"{{ one.go "
					   "}}\"}]}\n" STEP("two"),
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		driver d;

		driver_init(&d, texts[i], NULL);
		driver_done(&d, "one", "{\"go\": false}");
		assert_status(&d, "failed");
		tr_value summary = machine_summary(d.live);
		assert_json(TR_GET(tr_array_at(tr_map_get_s(summary, "failures"), 0), "kind"), "\"no_match\"");
		tr_drop(summary);
		driver_fini(&d);
		/* A step that has no arcs at all is an end, not a mistake. */
		driver_init(&d, texts[i], NULL);
		driver_done(&d, "one", "{\"go\": true}");
		driver_done(&d, "two", NULL);
		assert_status(&d, "success");
		driver_fini(&d);
	}
}

static void arc_without_guard_does_not_take_a_failure(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" STEP("one") "  next: two\n" STEP("two"), NULL);
	driver_failed(&d, "one", "http", "no answer");
	assert_status(&d, "failed");
	tr_value summary = machine_summary(d.live);
	tr_value failure = tr_array_at(tr_map_get_s(summary, "failures"), 0);
	assert_json(tr_map_get_s(failure, "step"), "\"one\"");
	assert_json(tr_map_get_s(failure, "message"), "\"no answer\"");
	tr_drop(summary);
	driver_fini(&d);
}

static void failure_is_routed_by_a_guard_that_asks_for_it(void **state)
{
	static const char *const guards[] = {"event.name == 'step.failed'", "event.name == 'call.error'",
					     "event.status == 'error'",     "event.error.kind == 'http'",
					     "one.status == 'error'",       "outcome.status == 'error'"};

	(void)state;
	for (size_t i = 0; i < sizeof guards / sizeof guards[0]; i++) {
		char text[1000];
		driver d;

		(void)snprintf(text, sizeof text,
			       HEAD "workflow:\n" STEP(
				   "one") "  next:\n  - {step: mend, when: \"{{ %s }}\"}\n  - {step: two}\n" STEP("two")
				   STEP("mend"),
			       guards[i]);
		driver_init(&d, text, NULL);
		driver_failed(&d, "one", "http", "no answer");
		assert_int_equal(driver_running(&d, "mend"), 1);
		driver_done(&d, "mend", NULL);
		assert_status(&d, "success");
		driver_fini(&d);

		driver_init(&d, text, NULL);
		driver_done(&d, "one", "{\"status\": \"fine\"}");
		assert_int_equal(driver_running(&d, "mend"), 0);
		assert_int_equal(driver_running(&d, "two"), 1);
		driver_fini(&d);
	}
}

static void event_names_are_lenient(void **state)
{
	static const struct {
		const char *guard;
		event_type type;
		bool match;
	} rows[] = {
	    {"event.name == 'step.done'", EVENT_STEP_DONE, true},
	    {"event.name == 'call.done'", EVENT_STEP_DONE, true},
	    {"event.name == 'step.exit'", EVENT_STEP_DONE, true},
	    {"event.name == 'loop.done'", EVENT_STEP_DONE, false},
	    {"event.name == 'loop.done'", EVENT_LOOP_DONE, true},
	    {"event.name == 'step.done'", EVENT_LOOP_DONE, true},
	    {"event.name == 'step.failed'", EVENT_LOOP_DONE, false},
	    {"event.name != 'call.done'", EVENT_STEP_DONE, false},
	    {"event.name in ['step.failed', 'call.error']", EVENT_STEP_DONE, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[1000];
		driver d;

		(void)snprintf(text, sizeof text,
			       HEAD "workflow:\n" STEP("one") "  next: [{step: two, when: \"{{ %s }}\"}]\n" STEP("two"),
			       rows[i].guard);
		driver_init(&d, text, NULL);
		if (rows[i].type == EVENT_LOOP_DONE)
			driver_loop_done(&d, "one", "[1]", "{\"total\": 1}");
		else
			driver_done(&d, "one", NULL);
		assert_int_equal(driver_running(&d, "two"), rows[i].match);
		driver_fini(&d);
	}
}

static void event_shows_step_status_and_result(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" STEP("one") "  next: [{step: two, args: {name: \"{{ event.name }}\", step: \"{{ "
						   "event.step }}\", status: \"{{ "
						   "event.status }}\", n: \"{{ event.result.n }}\", same: \"{{ "
						   "result.n }}\", of: \"{{ outcome.n }}\"}}]\n" STEP("two"),
		    NULL);
	driver_done(&d, "one", "{\"n\": 5}");
	assert_args(
	    &d, "two",
	    "{\"name\": \"step.done\", \"step\": \"one\", \"status\": \"success\", \"n\": 5, \"same\": 5, \"of\": 5}");
	driver_fini(&d);
}

static void args_of_the_arc_lie_over_those_of_the_step(void **state)
{
	driver d;

	(void)state;
	driver_init(
	    &d,
	    HEAD "workload: {base: 10}\nworkflow:\n" STEP(
		"one") "  next: [{step: two, args: {a: \"{{ one.n + 1 }}\", deep: "
		       "{x: 1}}}]\n" STEP("two") "  args: {a: 0, b: \"{{ workload.base }}\", c: \"{{ args.a }}\"}\n",
	    NULL);
	driver_done(&d, "one", "{\"n\": 4}");
	assert_args(&d, "two", "{\"a\": 5, \"b\": 10, \"c\": 5, \"deep\": {\"x\": 1}}");
	driver_fini(&d);
}

static void guard_of_a_step_sees_its_args(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" STEP(
			"one") "  spec: {next_mode: inclusive}\n  next: [{step: two, args: {n: 1}}, {step: two, "
			       "args: {n: 2}}]\n" STEP(
				   "two") "  spec: {join: none}\n  args: {most: 1}\n  when: \"{{ args.n > most }}\"\n",
		    NULL);
	driver_done(&d, "one", NULL);
	assert_int_equal(driver_running(&d, "two"), 1);
	assert_args(&d, "two", "{\"most\": 1, \"n\": 2}");
	driver_fini(&d);
}

static void bare_names_are_looked_up_in_order(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workload: {a: w, b: w, c: w, d: w, ctx_only: w}\nworkflow:\n" STEP("c") "  next: two\n" STEP(
			"two") "  args: {a: arg, b: arg}\n  next: [{step: three, args: {a: \"{{ a }}\", b: \"{{ b "
			       "}}\", c: \"{{ c "
			       "}}\", d: \"{{ d }}\", x: \"{{ ctx_only }}\", id: \"{{ execution_id }}\", home: \"{{ "
			       "env.HOME }}\"}}]\n" STEP("three"),
		    NULL);
	driver_patch(&d, "c", "{\"d\": \"ctx\", \"c\": \"ctx\"}");
	driver_done(&d, "c", "\"result\"");
	driver_done_vars(&d, "two", NULL, "{\"a\": \"var\"}");
	assert_args(&d, "three",
		    "{\"a\": \"var\", \"b\": \"arg\", \"c\": \"result\", \"d\": \"ctx\", \"x\": \"w\", \"id\": "
		    "\"4711\", \"home\": "
		    "\"/srv/me\"}");
	driver_fini(&d);
}

static void vars_stay_readable_in_later_steps(void **state)
{
	driver d;

	(void)state;
	driver_init(
	    &d,
	    HEAD "workflow:\n" STEP("one") "  next: two\n" STEP("two") "  next: [{step: three, when: \"{{ vars.n == 3 "
								       "}}\"}]\n" STEP("three"),
	    NULL);
	driver_done_vars(&d, "one", NULL, "{\"n\": 3}");
	tr_value command = driver_command(&d, "two");
	assert_json(tr_map_get_s(command, "vars"), "{\"n\": 3}");
	tr_drop(command);
	driver_done(&d, "two", NULL);
	assert_int_equal(driver_running(&d, "three"), 1);
	driver_fini(&d);
}

static void result_of_a_step_offers_more_than_it_shows(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD
		    "workflow:\n- step: one\n  tool:\n  - get: {kind: noop}\n  - put: {kind: noop}\n"
		    "  next: [{step: two, args: {whole: \"{{ one }}\", data: \"{{ one.data.n }}\", result: \"{{ "
		    "one.result.n }}\", n: "
		    "\"{{ steps.one.n }}\", task: \"{{ one.get }}\", all: \"{{ steps.one.data.n }}\"}}]\n" STEP("two"),
		    NULL);
	driver_task(&d, "one", "get", "{\"status\": \"success\", \"result\": [1, 2]}");
	driver_task(&d, "one", "put", "{\"status\": \"success\", \"result\": {\"n\": 7}}");
	driver_done(&d, "one", "{\"n\": 7}");
	assert_args(&d, "two",
		    "{\"whole\": {\"n\": 7}, \"data\": 7, \"result\": 7, \"n\": 7, \"task\": [1, 2], \"all\": 7}");
	driver_fini(&d);
}

static void loop_gives_results_and_stats(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" STEP(
			"one") "  loop: {in: [1, 2], iterator: i}\n  next: [{step: two, when: \"{{ one.stats.failed "
			       "== 0 }}\", args: {r: \"{{ one.results }}\"}}]\n" STEP("two"),
		    NULL);
	driver_loop_done(&d, "one", "[10, 20]", "{\"total\": 2, \"success\": 2, \"failed\": 0}");
	assert_args(&d, "two", "{\"r\": [10, 20]}");
	driver_fini(&d);
}

static void reference_is_loaded_only_when_used(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" STEP("one") "  next: [{step: two, args: {big: \"{{ one }}\"}}]\n" STEP(
			"two") "  next: [{step: three, args: {n: \"{{ one.rows | length }}\", ref: \"{{ one._ref.ref "
			       "}}\"}}]\n" STEP("three"),
		    NULL);
	d.refs = tr_map_put_s(d.refs, "noetl://x", TR_DICT("rows", TR_LIST(tr_int(1), tr_int(2))));
	driver_done(&d, "one", "{\"kind\": \"result_ref\", \"ref\": \"noetl://x\"}");
	assert_args(&d, "two", "{\"big\": {\"kind\": \"result_ref\", \"ref\": \"noetl://x\"}}");
	assert_int_equal(d.loads, 0);
	driver_done(&d, "two", NULL);
	assert_args(&d, "three", "{\"n\": 2, \"ref\": \"noetl://x\"}");
	assert_true(d.loads > 0);
	driver_fini(&d);
}

static void large_arguments_travel_as_references(void **state)
{
	driver d;

	(void)state;
	driver_init(
	    &d,
	    HEAD "workflow:\n" STEP("one") "  next: [{step: two, args: {big: \"{{ 'x' * 100000 }}\", small: "
					   "1}}]\n" STEP("two") "  next: [{step: three, args: {n: \"{{ args.big | "
								"length }}\", again: \"{{ big }}\"}}]\n" STEP("three"),
	    NULL);
	driver_done(&d, "one", NULL);
	assert_int_equal(d.puts, 1);
	assert_args(&d, "two", "{\"big\": {\"kind\": \"result_ref\", \"ref\": \"noetl://put/two/1\"}, \"small\": 1}");
	driver_done(&d, "two", NULL);
	/* Used, it is what it was; handed on, it stays a reference. */
	assert_args(&d, "three",
		    "{\"n\": 100000, \"again\": {\"kind\": \"result_ref\", \"ref\": \"noetl://put/two/1\"}}");
	assert_int_equal(d.puts, 1);
	driver_fini(&d);
}

static void error_in_a_guard_is_no_match_and_one_warning(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" STEP(
			"one") "  next:\n  - {step: two, when: \"{{ 1 / 0 > one }}\"}\n  - {step: one, when: \"{{ one "
			       "< 3 }}\"}\n" STEP("two"),
		    NULL);
	driver_done(&d, "one", "1");
	driver_done(&d, "one", "2");
	driver_done(&d, "one", "3");
	assert_status(&d, "success");
	assert_int_equal(driver_count(&d, EVENT_WARNING), 1);
	const event *w = driver_event(&d, EVENT_WARNING, 0);
	assert_json(tr_map_get_s(w->payload, "code"), "\"condition\"");
	assert_json(tr_map_get_s(w->payload, "line"), "8");
	driver_fini(&d);
}

static void undefined_in_a_guard_is_false_and_one_warning_a_place(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" STEP(
			"one") "  next:\n  - {step: two, when: \"{{ outcome.error.retryable }}\"}\n  - {step: one, "
			       "when: \"{{ one < 3 }}\"}\n" STEP("two"),
		    NULL);
	driver_done(&d, "one", "1");
	driver_done(&d, "one", "2");
	driver_done(&d, "one", "3");
	assert_status(&d, "success");
	assert_true(driver_count(&d, EVENT_WARNING) <= 1);
	driver_fini(&d);
}

static void arcs_args_that_cannot_be_rendered_fail_the_step(void **state)
{
	driver d;

	(void)state;
	driver_init(
	    &d, HEAD "workflow:\n" STEP("one") "  next: [{step: two, args: {a: \"{{ 1 / 0 }}\"}}]\n" STEP("two"), NULL);
	driver_done(&d, "one", NULL);
	assert_status(&d, "failed");
	tr_value summary = machine_summary(d.live);
	assert_json(TR_GET(tr_array_at(tr_map_get_s(summary, "failures"), 0), "kind"), "\"template\"");
	tr_drop(summary);
	driver_fini(&d);
}

static void steps_args_that_cannot_be_rendered_fail_the_step(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" STEP(
			"one") "  args: {a: \"{{ 1 / 0 }}\"}\n  next: [{step: two, when: \"{{ event.error.kind == "
			       "'template' }}\"}]\n" STEP("two"),
		    NULL);
	assert_int_equal(driver_running(&d, "two"), 1);
	assert_int_equal(driver_effects(&d, MACHINE_RUN), 1); /* the first step's worker never heard of it */
	driver_done(&d, "two", NULL);
	assert_status(&d, "success");
	driver_fini(&d);
}

static void denied_token_is_dropped(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" STEP("one") "  next: two\n" STEP(
			"two") "  spec: {policy: {admit: {rules: [{when: \"{{ false }}\", then: {allow: true}}, {else: "
			       "{then: {allow: "
			       "false}}}]}}}\n",
		    NULL);
	driver_done(&d, "one", NULL);
	assert_status(&d, "success");
	assert_json(tr_map_get_s(driver_event(&d, EVENT_TOKEN_DROPPED, 0)->payload, "why"), "\"denied\"");
	driver_fini(&d);
}

static void arc_may_write(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" STEP(
			"one") "  next:\n    spec: {mode: exclusive}\n    arcs:\n    - {step: two, set: {ctx.n: \"{{ "
			       "one.n }}\", step.v: 2}}\n" STEP("two"),
		    NULL);
	driver_done(&d, "one", "{\"n\": 5}");
	assert_int_equal(driver_count(&d, EVENT_CTX_PATCHED), 1);
	tr_value command = driver_command(&d, "two");
	assert_json(tr_map_get_s(command, "ctx"), "{\"n\": 5}");
	assert_json(tr_map_get_s(command, "vars"), "{\"v\": 2}");
	tr_drop(command);
	driver_fini(&d);
}

static void command_has_what_the_step_needs(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workload: {w: 1}\nworkflow:\n" STEP(
			"one") "  next: two\n- step: two\n  args: {x: \"{{ one.n }}\"}\n  tool: "
			       "{kind: noop, result: \"{{ one.n }}\"}\n",
		    NULL);
	driver_done(&d, "one", "{\"n\": 3}");
	tr_value c = driver_command(&d, "two");
	assert_json(tr_map_get_s(c, "execution_id"), "4711");
	assert_json(tr_map_get_s(c, "step_run_id"), "2");
	assert_json(tr_map_get_s(c, "attempt"), "1");
	assert_json(tr_map_get_s(c, "step"), "\"two\"");
	assert_json(tr_map_get_s(c, "hash"), "\"abc\"");
	assert_json(tr_map_get_s(c, "args"), "{\"x\": 3}");
	assert_json(tr_map_get_s(c, "workload"), "{\"w\": 1}");
	assert_json(tr_map_get_s(c, "steps"), "{\"one\": {\"n\": 3}}");
	assert_json(tr_map_get_s(c, "result"), "{\"n\": 3}");
	assert_json(TR_GET(c, "event", "name"), "\"step.done\"");
	tr_drop(c);
	driver_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entry_is_the_first_step),
	    cmocka_unit_test(entry_step_may_be_named),
	    cmocka_unit_test(no_name_is_reserved),
	    cmocka_unit_test(token_waits_for_its_guard_and_is_tried_after_each_patch),
	    cmocka_unit_test(patch_is_an_event_before_what_it_enables),
	    cmocka_unit_test(dotted_keys_reach_inside_and_not_without_end),
	    cmocka_unit_test(stalled_when_pending_tokens_remain),
	    cmocka_unit_test(guard_on_a_result_is_asked_again_before_giving_up),
	    cmocka_unit_test(disabled_tokens_may_be_discarded),
	    cmocka_unit_test(exclusive_takes_the_first_arc_that_matches),
	    cmocka_unit_test(inclusive_takes_all_arcs_that_match),
	    cmocka_unit_test(no_match_ends_the_branch),
	    cmocka_unit_test(no_match_may_be_an_error),
	    cmocka_unit_test(arc_without_guard_does_not_take_a_failure),
	    cmocka_unit_test(failure_is_routed_by_a_guard_that_asks_for_it),
	    cmocka_unit_test(event_names_are_lenient),
	    cmocka_unit_test(event_shows_step_status_and_result),
	    cmocka_unit_test(args_of_the_arc_lie_over_those_of_the_step),
	    cmocka_unit_test(guard_of_a_step_sees_its_args),
	    cmocka_unit_test(bare_names_are_looked_up_in_order),
	    cmocka_unit_test(vars_stay_readable_in_later_steps),
	    cmocka_unit_test(result_of_a_step_offers_more_than_it_shows),
	    cmocka_unit_test(loop_gives_results_and_stats),
	    cmocka_unit_test(reference_is_loaded_only_when_used),
	    cmocka_unit_test(large_arguments_travel_as_references),
	    cmocka_unit_test(error_in_a_guard_is_no_match_and_one_warning),
	    cmocka_unit_test(undefined_in_a_guard_is_false_and_one_warning_a_place),
	    cmocka_unit_test(arcs_args_that_cannot_be_rendered_fail_the_step),
	    cmocka_unit_test(steps_args_that_cannot_be_rendered_fail_the_step),
	    cmocka_unit_test(denied_token_is_dropped),
	    cmocka_unit_test(arc_may_write),
	    cmocka_unit_test(command_has_what_the_step_needs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
