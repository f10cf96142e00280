/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in controllers: what they answer (docs/plugins/controllers.md), their settings, how they are listed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/controller/iterator/iterator.h"
#include "plugins/controller/playbook/playbook.h"
#include "plugins/controller/result/result.h"
#include "plugins/controller/workbook/workbook.h"
#include "plugins/host/controller.h"
#include "world.h"
#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>

static const builtin controllers[] = {{iterator_manifest, &iterator_plugin, true},
				      {result_manifest, &result_plugin, true},
				      {workbook_manifest, &workbook_plugin, true},
				      {playbook_manifest, &playbook_plugin, true}};

static world w;

static tr_value json(const char *text)
{
	tr_value v = tr_json_read(tr_s(text), NULL, NULL);

	if (!tr_is_valid(v))
		fail_msg("not JSON: %s", text);
	return v;
}

static bool start_with(const char *config)
{
	return world_with_config(&w, controllers, sizeof controllers / sizeof controllers[0], json(config));
}

static int start(void **state)
{
	(void)state;
	return start_with("{}") ? 0 : -1;
}

static int start_strict(void **state)
{
	(void)state;
	return start_with("{\"iterator\": {\"max_in_flight\": 4}, \"workbook\": {\"depth\": 2}, \"result\": "
			  "{\"inline_max\": 2048, \"store\": \"archive\", \"part_bytes\": 65536, \"failures\": 3}}")
		   ? 0
		   : -1;
}

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	return 0;
}

/* In place, from a thread that is no actor: these answer without waiting for anybody. */
static tr_value ask(controller which, const char *question)
{
	tr_value t = pure_table_new(w.node, NULL, 0);

	assert_true(controller_is_here(pure_table_of(t), which));
	tr_value outcome = controller_ask(pure_table_of(t), which, json(question));
	tr_drop(t);
	return outcome;
}

static void expect(controller which, const char *question, const char *result)
{
	tr_value outcome = ask(which, question), wanted = json(result);

	if (!succeeded(outcome) || !tr_equal(tr_map_get_s(outcome, "result"), wanted)) {
		show("got", outcome);
		fail_msg("%s is not answered with %s", question, result);
	}
	tr_drop(wanted);
	tr_drop(outcome);
}

/* The error map; drop it. */
static tr_value expect_error(controller which, const char *question, const char *kind, const char *part)
{
	tr_value outcome = ask(which, question);

	if (strcmp(error_kind(outcome), kind) != 0 || strstr(error_message(outcome), part) == NULL) {
		show("got", outcome);
		fail_msg("%s does not end as %s: %s", question, kind, part);
	}
	tr_value error = tr_keep(tr_map_get_s(outcome, "error"));
	tr_drop(outcome);
	return error;
}

/* ---- iterator ---- */

#define PLAN(in, mode, most)                                                                                      \
	"{\"ask\": \"plan\", \"in\": " in ", \"mode\": \"" mode "\", \"cursor\": false, \"max_in_flight\": " most \
	", \"concurrency\": 8, \"on_error\": \"finish\"}"

static void a_plan_has_items_and_a_window(void **state)
{
	(void)state;
	expect(CONTROLLER_ITERATOR, PLAN("[5, 6]", "sequential", "9"), "{\"items\": [5, 6], \"in_flight\": 1}");
	expect(CONTROLLER_ITERATOR, PLAN("{\"a\": 1}", "parallel", "9"), "{\"items\": {\"a\": 1}, \"in_flight\": 9}");
	expect(CONTROLLER_ITERATOR, PLAN("7", "parallel", "null"), "{\"items\": 7, \"in_flight\": 8}");
	expect(CONTROLLER_ITERATOR, PLAN("null", "parallel", "0"), "{\"items\": null, \"in_flight\": 1}");
	expect(CONTROLLER_ITERATOR, PLAN("[]", "parallel", "-3.5"), "{\"items\": [], \"in_flight\": 1}");
	expect(CONTROLLER_ITERATOR, PLAN("[]", "parallel", "1e30"), "{\"items\": [], \"in_flight\": 100000}");
}

static void a_loop_over_anything_else_is_an_error(void **state)
{
	static const char *const others[] = {PLAN("\"text\"", "parallel", "1"), PLAN("1.5", "parallel", "1"),
					     PLAN("true", "parallel", "1")};

	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		tr_drop(expect_error(CONTROLLER_ITERATOR, others[i], "loop", "loop.in gives a value of type"));
}

static void rows_are_found_where_tools_put_them(void **state)
{
	(void)state;
	expect(CONTROLLER_ITERATOR, "{\"ask\": \"rows\", \"outcome\": {\"status\": \"success\", \"result\": [1]}}",
	       "{\"rows\": [1]}");
	expect(CONTROLLER_ITERATOR,
	       "{\"ask\": \"rows\", \"outcome\": {\"status\": \"success\", \"result\": {\"rows\": [2]}}}",
	       "{\"rows\": [2]}");
	expect(CONTROLLER_ITERATOR,
	       "{\"ask\": \"rows\", \"outcome\": {\"status\": \"success\", \"result\": {\"data\": [3]}}}",
	       "{\"rows\": [3]}");
	expect(CONTROLLER_ITERATOR, "{\"ask\": \"rows\", \"outcome\": {\"status\": \"success\", \"result\": null}}",
	       "{\"rows\": []}");
	tr_drop(expect_error(CONTROLLER_ITERATOR,
			     "{\"ask\": \"rows\", \"outcome\": {\"status\": \"success\", \"result\": {\"n\": 1}}}",
			     "loop", "gave no rows"));
	tr_drop(expect_error(CONTROLLER_ITERATOR,
			     "{\"ask\": \"rows\", \"outcome\": {\"status\": \"error\", \"result\": [1], \"error\": "
			     "{\"kind\": \"timeout\", \"message\": \"too slow\"}}}",
			     "timeout", "too slow"));
}

static void a_failure_stops_a_loop_that_says_so(void **state)
{
	(void)state;
	expect(CONTROLLER_ITERATOR, "{\"ask\": \"failed\", \"on_error\": \"stop\"}", "{\"stop\": true}");
	expect(CONTROLLER_ITERATOR, "{\"ask\": \"failed\", \"on_error\": \"finish\"}", "{\"stop\": false}");
	expect(CONTROLLER_ITERATOR, "{\"ask\": \"failed\", \"on_error\": \"continue\"}", "{\"stop\": false}");
}

static void the_end_tells_whether_the_step_failed(void **state)
{
	static const char failures[] = "[{\"index\": 2, \"error\": {\"kind\": \"x\", \"message\": \"no\"}}]";
	char question[300];

	(void)state;
	expect(CONTROLLER_ITERATOR, "{\"ask\": \"end\", \"on_error\": \"finish\", \"success\": 3, \"failed\": 0}",
	       "null");
	expect(CONTROLLER_ITERATOR, "{\"ask\": \"end\", \"on_error\": \"continue\", \"success\": 3, \"failed\": 2}",
	       "null");
	(void)snprintf(question, sizeof question,
		       "{\"ask\": \"end\", \"on_error\": \"finish\", \"success\": 3, \"failed\": 1, \"failures\": %s}",
		       failures);
	tr_value error = expect_error(CONTROLLER_ITERATOR, question, "loop", "1 of 4 iterations failed; the first: no");
	tr_value wanted = json(failures);
	assert_true(tr_equal(tr_map_get_s(error, "failures"), wanted));
	tr_drop(wanted);
	tr_drop(error);
}

/* ---- result ---- */

static void without_a_policy_the_settings_hold(void **state)
{
	(void)state;
	expect(CONTROLLER_RESULT, "{\"ask\": \"policy\", \"policy\": null}",
	       "{\"limit\": 65536, \"inline_max\": 65536, \"select\": null}");
	expect(CONTROLLER_RESULT, "{\"ask\": \"place\", \"value\": [1], \"policy\": null, \"select\": null}",
	       "{\"inline\": false, \"store\": \"file\", \"selected\": null}");
	expect(CONTROLLER_RESULT, "{\"ask\": \"loop\"}",
	       "{\"inline_max\": 65536, \"part_bytes\": 1048576, \"failures\": 100}");
}

static void a_policy_lowers_the_limit_and_names_a_store(void **state)
{
	(void)state;
	expect(CONTROLLER_RESULT, "{\"ask\": \"policy\", \"policy\": {\"inline_max\": 10, \"select\": \"id\"}}",
	       "{\"limit\": 65536, \"inline_max\": 10, \"select\": \"id\"}");
	expect(CONTROLLER_RESULT, "{\"ask\": \"policy\", \"policy\": {\"inline_max\": -1}}",
	       "{\"limit\": 65536, \"inline_max\": 0, \"select\": null}");
	expect(CONTROLLER_RESULT, "{\"ask\": \"policy\", \"policy\": {\"inline_max\": 1000000}}",
	       "{\"limit\": 65536, \"inline_max\": 65536, \"select\": null}");
	expect(CONTROLLER_RESULT, "{\"ask\": \"place\", \"value\": 1, \"policy\": {\"store\": \"lake\"}}",
	       "{\"inline\": false, \"store\": \"lake\", \"selected\": null}");
}

#define PLACE(select)                                                                                   \
	"{\"ask\": \"place\", \"value\": {\"id\": 7, \"who\": {\"name\": \"Ada\"}}, \"policy\": null, " \
	"\"select\": " select "}"
#define PLACED(selected) "{\"inline\": false, \"store\": \"file\", \"selected\": " selected "}"

static void selected_parts_stay_beside_the_reference(void **state)
{
	(void)state;
	expect(CONTROLLER_RESULT, PLACE("\"id\""), PLACED("{\"id\": 7}"));
	expect(CONTROLLER_RESULT, PLACE("[\"id\", \"who.name\", \"none\"]"),
	       PLACED("{\"id\": 7, \"who.name\": \"Ada\"}"));
	expect(CONTROLLER_RESULT, PLACE("{\"n\": \"who.name\", \"x\": \"id.y\", \"e\": \"\"}"),
	       PLACED("{\"n\": \"Ada\"}"));
}

static void the_results_of_a_loop_are_put_together(void **state)
{
	(void)state;
	expect(CONTROLLER_RESULT,
	       "{\"ask\": \"aggregate\", \"results\": [1, 2], \"parts\": [], \"count\": 2, \"success\": 2, "
	       "\"failed\": 0, \"failures\": []}",
	       "{\"results\": [1, 2], \"stats\": {\"total\": 2, \"success\": 2, \"failed\": 0}}");
	expect(CONTROLLER_RESULT,
	       "{\"ask\": \"aggregate\", \"results\": [], \"parts\": [{\"ref\": \"a\"}, {\"ref\": \"b\"}], \"count\": "
	       "9, \"success\": 8, \"failed\": 1, \"failures\": [{\"index\": 4}]}",
	       "{\"results\": {\"kind\": \"manifest\", \"strategy\": \"concat\", \"merge_path\": \"\", \"count\": 9, "
	       "\"parts\": [{\"ref\": \"a\"}, {\"ref\": \"b\"}]}, \"stats\": {\"total\": 9, \"success\": 8, "
	       "\"failed\": 1, \"failures\": [{\"index\": 4}]}}");
}

/* ---- workbook ---- */

#define RESOLVE(call, depth)                                                                                 \
	"{\"ask\": \"resolve\", \"label\": \"greet\", \"entries\": {\"hello\": \"noop\"}, \"depth\": " depth \
	", \"call\": " call "}"

static void an_entry_is_found_with_what_it_is_given(void **state)
{
	(void)state;
	expect(CONTROLLER_WORKBOOK, RESOLVE("{\"name\": \"hello\", \"args\": {\"who\": \"Ada\"}, \"x\": 1}", "0"),
	       "{\"entry\": \"hello\", \"inputs\": {\"who\": \"Ada\"}}");
	expect(CONTROLLER_WORKBOOK, RESOLVE("{\"name\": \"hello\", \"input\": {\"who\": \"Bo\"}}", "1"),
	       "{\"entry\": \"hello\", \"inputs\": {\"who\": \"Bo\"}}");
	expect(CONTROLLER_WORKBOOK, RESOLVE("{\"name\": \"hello\", \"who\": \"Cy\"}", "15"),
	       "{\"entry\": \"hello\", \"inputs\": {\"who\": \"Cy\"}}");
}

static void an_entry_that_is_not_there_is_an_error(void **state)
{
	(void)state;
	tr_drop(expect_error(CONTROLLER_WORKBOOK, RESOLVE("{\"name\": \"hullo\"}", "0"), "workbook",
			     "task greet: the workbook has no entry \"hullo\""));
	tr_drop(expect_error(CONTROLLER_WORKBOOK, RESOLVE("{\"name\": 5}", "0"), "workbook", "no entry"));
	tr_drop(expect_error(CONTROLLER_WORKBOOK, RESOLVE("{}", "0"), "workbook", "no entry"));
	tr_drop(expect_error(CONTROLLER_WORKBOOK, RESOLVE("{\"name\": \"hello\"}", "16"), "workbook",
			     "16 entries already name one another"));
}

/* ---- all ---- */

static void settings_change_what_is_answered(void **state)
{
	(void)state;
	expect(CONTROLLER_ITERATOR, PLAN("3", "parallel", "null"), "{\"items\": 3, \"in_flight\": 4}");
	tr_drop(expect_error(CONTROLLER_WORKBOOK, RESOLVE("{\"name\": \"hello\"}", "2"), "workbook", "2 entries"));
	expect(CONTROLLER_RESULT, "{\"ask\": \"policy\", \"policy\": {\"inline_max\": 50000}}",
	       "{\"limit\": 2048, \"inline_max\": 2048, \"select\": null}");
	expect(CONTROLLER_RESULT, "{\"ask\": \"place\", \"value\": 1, \"policy\": {\"ttl\": \"1h\"}}",
	       "{\"inline\": false, \"store\": \"archive\", \"selected\": null}");
	expect(CONTROLLER_RESULT, "{\"ask\": \"loop\"}",
	       "{\"inline_max\": 2048, \"part_bytes\": 65536, \"failures\": 3}");
}

static void bad_settings_are_refused(void **state)
{
	static const char *const bad[][2] = {
	    {"{\"iterator\": {\"max_in_flight\": 0}}", "iterator.max_in_flight: must be at least 1"},
	    {"{\"result\": {\"inline_max\": 100000}}", "result.inline_max: must be at most 65536"},
	    {"{\"result\": {\"inline_max\": 10}}", "result.inline_max: must be at least 1024"},
	    {"{\"workbook\": {\"deep\": 3}}", "workbook.deep: is no setting of this plugin"}};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		tr_value config = json(bad[i][0]);
		plugin_host_options options = {.builtins = controllers, .builtin_count = 3, .config = config};
		tr_value reason = world_start(&w, &options);
		tr_buf text = {0};
		tr_show(&text, reason, 1000);
		if (text.p == NULL || strstr(text.p, bad[i][1]) == NULL)
			fail_msg("%s: %s", bad[i][0], text.p == NULL ? "it started" : text.p);
		tr_buf_fini(&text);
		tr_drop(reason);
		tr_drop(config);
	}
}

static void questions_that_nobody_knows_are_named(void **state)
{
	(void)state;
	for (controller which = CONTROLLER_ITERATOR; which < CONTROLLERS; which++)
		tr_drop(expect_error(which, "{\"ask\": \"weather\"}", "input", "there is no question \"weather\""));
}

static void they_are_listed_as_controllers(void **state)
{
	static const char *const ids[] = {"iterator", "result", "workbook", "playbook"};

	(void)state;
	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		tr_value info = world_ask(&w, TR_LIST(tr_atom("info"), tr_string(ids[i])));
		assert_string_equal(tr_as_cstr(tr_map_get_s(info, "tier"), ""), "controller");
		tr_value controls = tr_map_get_s(info, "controls"), answers = tr_map_get_s(info, "answers");
		bool tool = strcmp(ids[i], "playbook") == 0;
		assert_int_equal(tr_array_len(tool ? answers : controls), 1);
		assert_int_equal(tr_array_len(tool ? controls : answers), 0);
		assert_string_equal(tr_as_cstr(tr_array_at(tool ? answers : controls, 0), ""), ids[i]);
		assert_true(tr_str_is(tr_as_str(tr_map_get_s(info, "health")), "ok"));
		assert_true(tr_is(TR_GET(info, "limits", "mailbox"), TR_INT));
		assert_true(tr_is(TR_GET(info, "commands", "done"), TR_INT));
		tr_drop(info);
	}
}

static void they_run_no_tasks(void **state)
{
	static const char *const ids[] = {"iterator", "result", "workbook"};

	(void)state;
	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		tr_value outcome = world_run(&w, ids[i], tr_map());
		assert_string_equal(error_kind(outcome), "no_plugin");
		assert_non_null(strstr(error_message(outcome), "its plugin is a controller, which the engine asks"));
		tr_drop(outcome);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
	    CASE(a_plan_has_items_and_a_window),
	    CASE(a_loop_over_anything_else_is_an_error),
	    CASE(rows_are_found_where_tools_put_them),
	    CASE(a_failure_stops_a_loop_that_says_so),
	    CASE(the_end_tells_whether_the_step_failed),
	    CASE(without_a_policy_the_settings_hold),
	    CASE(a_policy_lowers_the_limit_and_names_a_store),
	    CASE(selected_parts_stay_beside_the_reference),
	    CASE(the_results_of_a_loop_are_put_together),
	    CASE(an_entry_is_found_with_what_it_is_given),
	    CASE(an_entry_that_is_not_there_is_an_error),
	    cmocka_unit_test_setup_teardown(settings_change_what_is_answered, start_strict, stop),
	    cmocka_unit_test(bad_settings_are_refused),
	    CASE(questions_that_nobody_knows_are_named),
	    CASE(they_are_listed_as_controllers),
	    CASE(they_run_no_tasks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
