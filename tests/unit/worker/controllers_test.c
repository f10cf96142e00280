/* SPDX-License-Identifier: Apache-2.0 */
/** Step runs whose controllers are somebody else's: asked in place and by message, with answers of all sorts. */
#include "actor_kit.h"

#include "actors/worker/refs.h"

#include <stdio.h>
#include <string.h>

static tr_value plugin_give(world *w, tr_value command)
{
	(void)w;
	tr_value give = tr_map_get_s(tr_map_get_s(command, "input"), "give");
	return TR_DICT("status", tr_string("success"), "result", tr_is_valid(give) ? tr_keep(give) : tr_nil());
}

static tr_value plugin_hold(world *w, tr_value command)
{
	(void)w;
	(void)command;
	return tr_absent();
}

static bool asks(tr_value question, const char *what)
{
	return tr_str_is(tr_as_str(tr_map_get_s(question, "ask")), what);
}

#define MANIFEST(more)                                                                            \
	"{\"id\": \"other\", \"version\": \"1.0.0\", \"capabilities\": [\"controller:iterator\"," \
	"\"controller:result\", \"controller:workbook\"]" more "}"

static tr_value pass(void)
{
	return tr_outcome_error("pass", false, "as the others say");
}

static int64_t place_of(world *w, event_type type, int64_t iteration)
{
	for (size_t i = 0; i < w->events.count; i++)
		if (w->events.items[i].type == type && w->events.items[i].iteration == iteration)
			return (int64_t)i;
	fail_msg("there is no %s of iteration %lld", event_type_text(type), (long long)iteration);
	return -1;
}

/* ---- the window ---- */

static tr_value narrow_decide(tr_value config, tr_value question)
{
	(void)config;
	return asks(question, "failed") ? tr_outcome_ok(TR_DICT("stop", tr_bool(false), "in_flight", tr_int(1)))
					: pass();
}

static void a_failure_may_narrow_the_window(void **state)
{
	static const tr_plugin narrow = {TR_PLUGIN_HEAD, .decide = narrow_decide};
	static const builtin other = {MANIFEST(""), &narrow, false};

	(void)state;
	world w;
	world_start_with(&w, 0, &other);
	world_playbook(
	    &w, "- step: each\n"
		"  loop: { in: 4, iterator: n, spec: { mode: parallel, max_in_flight: 3, on_error: continue } }\n"
		"  tool:\n"
		"    - a: { kind: noop }\n");
	world_plugin(&w, "noop", plugin_hold);
	world_run(&w, 1, 1, "each", "");
	world_wait(&w, &w.held_count, 3);
	world_release(&w, 0, "{\"status\": \"error\", \"error\": {\"kind\": \"wrong\", \"message\": \"no\"}}");
	world_wait_event(&w, EVENT_ITERATION_DONE, 1);
	world_release(&w, 1, "{\"status\": \"success\", \"result\": 1}");
	world_wait_event(&w, EVENT_ITERATION_DONE, 2);
	world_release(&w, 2, "{\"status\": \"success\", \"result\": 2}");
	world_wait(&w, &w.held_count, 4);
	world_release(&w, 3, "{\"status\": \"success\", \"result\": 3}");
	world_wait(&w, &w.terminal, 1);
	for (int64_t i = 0; i < 3; i++)
		assert_true(place_of(&w, EVENT_ITERATION_DONE, i) < place_of(&w, EVENT_ITERATION_STARTED, 3));
	world_assert_json(TR_GET(world_event(&w, EVENT_LOOP_DONE)->payload, "stats", "failed"), "1");
	world_stop(&w);
}

static tr_value wide_decide(tr_value config, tr_value question)
{
	(void)config;
	if (asks(question, "failed"))
		return tr_outcome_ok(TR_DICT("stop", tr_bool(false), "in_flight", tr_int(100001)));
	if (!asks(question, "plan"))
		return pass();
	tr_value in = tr_map_get_s(question, "in");
	return tr_outcome_ok(TR_DICT("items", tr_int(2), "in_flight", tr_keep(in)));
}

static void a_window_that_cannot_be_used_is_refused(void **state)
{
	static const tr_plugin wide = {TR_PLUGIN_HEAD, .decide = wide_decide};
	static const builtin other = {MANIFEST(""), &wide, false};
	static const char *const refused[] = {"0", "-1", "100001", "[2]", "{ a: 1 }"};

	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		char steps[200];
		world w;
		(void)snprintf(steps, sizeof steps,
			       "- step: each\n"
			       "  loop: { in: %s, iterator: n }\n"
			       "  tool: { kind: noop }\n",
			       refused[i]);
		world_start_with(&w, 0, &other);
		world_playbook(&w, steps);
		world_run(&w, 1, 1, "each", "");
		world_wait(&w, &w.terminal, 1);
		tr_value error = tr_map_get_s(world_event(&w, EVENT_STEP_FAILED)->payload, "error");
		world_assert_json(tr_map_get_s(error, "kind"), "\"plugin\"");
		assert_non_null(strstr(tr_as_cstr(tr_map_get_s(error, "message"), ""),
				       "in_flight must be a whole number from 1 to 100,000"));
		world_stop(&w);
	}
}

static void one_that_cannot_be_used_after_a_failure_changes_nothing(void **state)
{
	static const tr_plugin wide = {TR_PLUGIN_HEAD, .decide = wide_decide};
	static const builtin other = {MANIFEST(""), &wide, false};

	(void)state;
	world w;
	world_start_with(&w, 0, &other);
	world_playbook(&w, "- step: each\n"
			   "  loop: { in: 1, iterator: n, spec: { on_error: continue } }\n"
			   "  tool:\n"
			   "    - a: { kind: noop }\n");
	world_plugin(&w, "noop", plugin_hold);
	world_run(&w, 1, 1, "each", "");
	for (size_t i = 0; i < 2; i++) {
		world_wait(&w, &w.held_count, i + 1);
		world_release(&w, i, "{\"status\": \"error\", \"error\": {\"kind\": \"wrong\", \"message\": \"no\"}}");
	}
	world_wait(&w, &w.terminal, 1);
	assert_true(place_of(&w, EVENT_ITERATION_DONE, 0) < place_of(&w, EVENT_ITERATION_STARTED, 1));
	world_assert_json(TR_GET(world_event(&w, EVENT_LOOP_DONE)->payload, "stats", "failed"), "2");
	world_stop(&w);
}

/* ---- by message ---- */

typedef struct ledger {
	int64_t asked;
} ledger;

static tr_value ledger_command(void *state, tr_value command)
{
	ledger *l = state;
	tr_value question = tr_map_get_s(command, "input");

	l->asked++;
	if (!asks(question, "aggregate"))
		return pass();
	return tr_outcome_ok(TR_DICT("results", tr_keep(tr_map_get_s(question, "results")), "stats",
				     TR_DICT("asked", tr_int(l->asked))));
}

static void one_with_a_state_is_asked_by_message(void **state)
{
	static const tr_plugin keeper = {TR_PLUGIN_HEAD, .state_size = sizeof(ledger), .command = ledger_command};
	static const builtin other = {MANIFEST(""), &keeper, false};

	(void)state;
	world w;
	world_start_with(&w, 0, &other);
	world_playbook_with(&w, "workbook:\n  - { name: hello, kind: noop, give: \"{{ n * 2 }}\" }\n",
			    "- step: each\n"
			    "  loop: { in: 5, iterator: n, spec: { mode: parallel } }\n"
			    "  tool:\n"
			    "    - a: { kind: workbook, name: hello, args: { n: \"{{ iter.n }}\" } }\n");
	world_plugin(&w, "noop", plugin_give);
	world_run(&w, 1, 1, "each", "");
	world_wait(&w, &w.terminal, 1);
	tr_value result = tr_map_get_s(world_event(&w, EVENT_LOOP_DONE)->payload, "result");
	world_assert_json(tr_map_get_s(result, "results"), "[0, 2, 4, 6, 8]");
	/* loop, plan, five times resolve, end, aggregate */
	world_assert_json(tr_map_get_s(result, "stats"), "{\"asked\": 9}");
	world_stop(&w);
}

static tr_value crash_command(void *state, tr_value command)
{
	(void)state;
	(void)command;
	tr_exitf("it always does");
	return tr_absent();
}

static void one_that_crashes_fails_the_step(void **state)
{
	static const tr_plugin wild = {TR_PLUGIN_HEAD, .command = crash_command};
	static const builtin other = {MANIFEST(""), &wild, false};

	(void)state;
	world w;
	world_start_with(&w, 0, &other);
	world_playbook(&w, "- step: each\n"
			   "  loop: { in: 5, iterator: n }\n"
			   "  tool:\n"
			   "    - a: { kind: noop }\n");
	world_run(&w, 1, 1, "each", "");
	world_wait(&w, &w.terminal, 1);
	world_assert_json(TR_GET(world_event(&w, EVENT_STEP_FAILED)->payload, "error", "kind"), "\"crash\"");
	world_stop(&w);
}

/* ---- results ---- */

/* The second part of a manifest stays where it is, and the last one too. */
typedef struct miser {
	int64_t placed;
} miser;

static tr_value miser_command(void *state, tr_value command)
{
	miser *m = state;
	tr_value question = tr_map_get_s(command, "input");

	if (asks(question, "loop"))
		return tr_outcome_ok(
		    TR_DICT("inline_max", tr_int(65536), "part_bytes", tr_int(65536), "failures", tr_int(10)));
	if (!asks(question, "place") || m->placed++ == 0)
		return pass();
	return tr_outcome_ok(TR_DICT("inline", tr_bool(true)));
}

static void parts_that_no_store_takes_are_there_themselves(void **state)
{
	static const tr_plugin keeper = {TR_PLUGIN_HEAD, .state_size = sizeof(miser), .command = miser_command};
	static const builtin other = {MANIFEST(""), &keeper, false};

	(void)state;
	world w;
	world_start_with(&w, 0, &other);
	w.count_only = true;
	world_playbook(&w,
		       "- step: each\n"
		       "  loop: { in: 9000, iterator: n }\n"
		       "  tool:\n"
		       "    - a: { kind: noop, give: \"{{ n }}\" }\n"
		       "  set: { vars.sum: \"{{ each.results | sum }}\", vars.n: \"{{ each.results | length }}\" }\n");
	world_plugin(&w, "noop", plugin_give);
	world_run(&w, 1, 1, "each", "");
	world_wait(&w, &w.terminal, 1);
	tr_value payload = world_event(&w, EVENT_LOOP_DONE)->payload;
	tr_value parts = TR_GET(payload, "result", "results", "parts");
	assert_int_equal(tr_array_len(parts), 2);
	assert_true(refs_is(tr_array_at(parts, 0)));
	assert_true(tr_is(tr_array_at(parts, 1), TR_ARRAY));
	assert_int_equal(tr_array_len(w.stored), 1);
	world_assert_json(tr_map_get_s(payload, "vars"), "{\"sum\": 40495500, \"n\": 9000}");
	world_stop(&w);
}

static tr_value silent_decide(tr_value config, tr_value question)
{
	(void)config;
	return asks(question, "policy") || asks(question, "place") ? tr_outcome_error("busy", true, "not now") : pass();
}

static void values_that_nobody_places_stay_inline(void **state)
{
	static const tr_plugin silent = {TR_PLUGIN_HEAD, .decide = silent_decide};
	static const builtin other = {MANIFEST(""), &silent, false};

	(void)state;
	world w;
	world_start_with(&w, 0, &other);
	world_playbook(&w, "- step: large\n"
			   "  tool:\n"
			   "    - a: { kind: noop, give: \"{{ 'x' * 200000 }}\" }\n");
	world_plugin(&w, "noop", plugin_give);
	world_run(&w, 1, 1, "large", "");
	world_wait(&w, &w.terminal, 1);
	assert_int_equal(tr_as_str(tr_map_get_s(world_event(&w, EVENT_STEP_DONE)->payload, "result")).n, 200000);
	assert_int_equal(tr_array_len(w.stored), 0);
	world_stop(&w);
}

/* ---- replacers at the points behind a decision ---- */

static tr_value stand_in_hook(void *state, const char *point, tr_value context, tr_value (*next)(void *, tr_value),
			      void *chain, tr_value *reason)
{
	(void)state;
	(void)next;
	(void)chain;
	(void)reason;
	if (strcmp(point, "loop_iteration") == 0)
		return TR_DICT("status", tr_string("success"), "result",
			       tr_int(10 * tr_as_int(tr_map_get_s(context, "item"), 0)));
	tr_str value = tr_as_str(tr_map_get_s(context, "value"));
	return TR_DICT("kind", tr_string("result_ref"), "ref", tr_string("noetl://elsewhere/1"), "store",
		       tr_string("elsewhere"), "key", tr_string("1"), "size", tr_int((int64_t)value.n));
}

/* It leaves what it does not replace to the built-in controllers. */
static tr_value pass_decide(tr_value config, tr_value question)
{
	(void)config;
	(void)question;
	return pass();
}

static void replacers_do_what_was_decided(void **state)
{
	static const tr_plugin stand_in = {TR_PLUGIN_HEAD, .hook = stand_in_hook, .decide = pass_decide};
	static const builtin other = {
	    MANIFEST(", \"hooks\": [{\"type\": \"replace\", \"point\": \"loop_iteration\", \"time\": 60},"
		     "{\"type\": \"replace\", \"point\": \"result_store\", \"time\": 60}]"),
	    &stand_in, false};

	(void)state;
	world w;
	world_start_with(&w, 0, &other);
	world_playbook(&w, "- step: each\n"
			   "  loop: { in: [1, 2, 3], iterator: n, spec: { mode: parallel } }\n"
			   "  tool: { kind: noop }\n"
			   "- step: large\n"
			   "  tool: { kind: noop, give: \"{{ 'x' * 200000 }}\" }\n");
	world_plugin(&w, "noop", plugin_give);
	world_run(&w, 1, 1, "each", "");
	world_wait(&w, &w.terminal, 1);
	tr_value result = tr_map_get_s(world_event(&w, EVENT_LOOP_DONE)->payload, "result");
	world_assert_json(tr_map_get_s(result, "results"), "[10, 20, 30]");
	assert_int_equal(w.calls, 0);
	world_run(&w, 2, 1, "large", "");
	world_wait(&w, &w.terminal, 2);
	result = tr_map_get_s(world_event(&w, EVENT_STEP_DONE)->payload, "result");
	world_assert_json(tr_map_get_s(result, "store"), "\"elsewhere\"");
	world_assert_json(tr_map_get_s(result, "size"), "200000");
	assert_int_equal(tr_array_len(w.stored), 0);
	world_stop(&w);
}

/* ---- workbook ---- */

static tr_value endless_decide(tr_value config, tr_value question)
{
	(void)config;
	if (!asks(question, "resolve"))
		return pass();
	return tr_outcome_ok(TR_DICT("kind", tr_string("workbook"), "input", TR_DICT("name", tr_string("hello"))));
}

static void an_entry_behind_every_entry_is_an_error(void **state)
{
	static const tr_plugin endless = {TR_PLUGIN_HEAD, .decide = endless_decide};
	static const builtin other = {MANIFEST(""), &endless, false};

	(void)state;
	world w;
	world_start_with(&w, 0, &other);
	world_playbook_with(&w, "workbook:\n  - { name: hello, kind: noop }\n",
			    "- step: greet\n"
			    "  tool: { kind: workbook, name: hello }\n");
	world_run(&w, 1, 1, "greet", "");
	world_wait(&w, &w.terminal, 1);
	world_assert_json(TR_GET(world_event(&w, EVENT_STEP_FAILED)->payload, "error", "kind"), "\"plugin\"");
	world_stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_failure_may_narrow_the_window),
	    cmocka_unit_test(a_window_that_cannot_be_used_is_refused),
	    cmocka_unit_test(one_that_cannot_be_used_after_a_failure_changes_nothing),
	    cmocka_unit_test(one_with_a_state_is_asked_by_message),
	    cmocka_unit_test(one_that_crashes_fails_the_step),
	    cmocka_unit_test(parts_that_no_store_takes_are_there_themselves),
	    cmocka_unit_test(values_that_nobody_places_stay_inline),
	    cmocka_unit_test(replacers_do_what_was_decided),
	    cmocka_unit_test(an_entry_behind_every_entry_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
