/* SPDX-License-Identifier: Apache-2.0 */
/* docs/playbook.md, "Document". */
#include "model_kit.h"

static void what_identifies_it(void **state)
{
	(void)state;
	playbook *p =
	    load("apiVersion: noetl.io/v2\nkind: Playbook\n"
		 "metadata: { name: orders, path: a/orders, version: 1.2, description: d, labels: { team: x } }\n"
		 "workflow: [ { step: only, tool: { kind: noop } } ]\n");
	assert_str(p->name, "orders");
	assert_str(p->path, "a/orders");
	assert_str(p->version, "1.2");
	assert_str(p->description, "d");
	assert_int_equal(tr_map_len(p->labels), 1);
	assert_string_equal(p->file, "test.yaml");
	assert_int_equal(p->step_count, 1);
	assert_int_equal(playbook_step(p, tr_s("only")), 0);
	assert_int_equal(playbook_step(p, tr_s("other")), -1);
	playbook_free(&p);
	assert_null(p);
	playbook_free(&p);
}

static void without_a_path_the_file_serves(void **state)
{
	(void)state;
	playbook *p = load("apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: { name: x }\n"
			   "workflow: [ { step: a, tool: { kind: noop } } ]\n");
	assert_str(p->path, "test.yaml");
	assert_true(tr_is_nil(p->labels));
	playbook_free(&p);
}

static void defaults_of_the_executor(void **state)
{
	(void)state;
	playbook *p = load_steps("  - step: a\n    tool: { kind: noop }\n");
	assert_int_equal(p->entry, 0);
	assert_int_equal(p->final_step, -1);
	assert_int_equal(p->on_failure, PB_FAILURE_FINISH);
	assert_false(p->discard_disabled);
	assert_false(p->strict_templates);
	assert_false(p->no_next_is_error);
	assert_null(p->timeout);
	assert_null(p->vars);
	assert_int_equal(p->pool.n, 0);
	assert_const(p->workload, "{}");
	playbook_free(&p);
}

static void the_executor_spec(void **state)
{
	(void)state;
	playbook *p =
	    load(HEAD "executor:\n  kind: local\n  pool: big\n  spec:\n    entry_step: b\n    final_step: c\n"
		      "    on_failure: partial\n    on_disabled: discard\n    strict_templates: yes\n"
		      "    no_next_is_error: true\n    timeout: 2.5\n"
		      "workflow:\n  - { step: a, tool: { kind: noop } }\n"
		      "  - { step: b, tool: { kind: noop }, next: a }\n  - { step: c, tool: { kind: noop } }\n");
	assert_int_equal(p->entry, 1);
	assert_int_equal(p->final_step, 2);
	assert_int_equal(p->on_failure, PB_FAILURE_PARTIAL);
	assert_true(p->discard_disabled);
	assert_true(p->strict_templates);
	assert_true(p->no_next_is_error);
	assert_const(p->timeout, "2.5");
	assert_str(p->pool, "big");
	playbook_free(&p);
}

static void the_workload_keeps_its_order(void **state)
{
	(void)state;
	playbook *p = load(HEAD "workload:\n  b: 1\n  a: \"{{ b }}\"\n  c: [1, { d: yes }]\n"
				"workflow: [ { step: a, tool: { kind: noop } } ]\n");
	assert_int_equal(p->workload->kind, PB_MAP);
	assert_int_equal(p->workload->count, 3);
	assert_const(p->workload->pairs[0].key, "\"b\"");
	assert_template(p->workload->pairs[1].value, "{{ b }}");
	assert_const(p->workload->pairs[2].value, "[1,{\"d\":true}]");
	playbook_free(&p);
}

static void workbook_as_list_or_mapping(void **state)
{
	(void)state;
	static const char *const books[] = {
	    ("workbook:\n  - { name: load, kind: http, url: http://x }\n"
	     "  - { name: calc, tool: { kind: python, code: y } }\n"),
	    "workbook:\n  load: { kind: http, url: http://x }\n  calc: { tool: { kind: python, code: y } }\n",
	    "workbook:\n  - load: { kind: http, url: http://x }\n  - calc: { kind: python, code: y }\n",
	};
	for (size_t i = 0; i < 3; i++) {
		tr_buf text = {0};
		tr_buf_putf(&text, HEAD "workflow: [ { step: a, tool: { kind: workbook, name: load } } ]\n%s",
			    books[i]);
		playbook *p = load(text.p);
		assert_int_equal(p->workbook_count, 2);
		assert_str(p->workbook[0].name, "load");
		assert_str(p->workbook[0].task.kind, "http");
		assert_const(p->workbook[0].task.config, "{\"url\":\"http://x\"}");
		assert_str(p->workbook[1].task.label, "calc");
		assert_const(p->workbook[1].task.config, "{\"code\":\"y\"}");
		playbook_free(&p);
		tr_buf_fini(&text);
	}
}

static void keychain_as_list_or_mapping(void **state)
{
	(void)state;
	static const char *const chains[] = {"keychain: [ { name: api, kind: bearer, token: \"{{ env.T }}\" } ]\n",
					     "keychain: { api: { kind: bearer, token: \"{{ env.T }}\" } }\n"};
	for (size_t i = 0; i < 2; i++) {
		tr_buf text = {0};
		tr_buf_putf(&text, HEAD "%sworkflow: [ { step: a, tool: { kind: noop } } ]\n", chains[i]);
		playbook *p = load(text.p);
		assert_int_equal(p->keychain_count, 1);
		assert_str(p->keychain[0].name, "api");
		assert_int_equal(p->keychain[0].config->kind, PB_MAP);
		assert_int_equal(p->keychain[0].pos.line, 4);
		playbook_free(&p);
		tr_buf_fini(&text);
	}
}

static void vars_only_when_lenient(void **state)
{
	(void)state;
	const char *text = HEAD "vars: { a: 1 }\nworkflow:\n  - step: a\n    vars: { x: \"{{ result }}\" }\n"
				"    tool: { kind: noop }\n";
	const pb_check_options lenient = {.lenient = true};
	assert_refused_with(text, NULL, "unknown-key", 4);
	assert_refused_with(text, NULL, "step-vars", 7);
	playbook *p = load_with(text, &lenient, 2);
	assert_const(p->vars, "{\"a\":1}");
	assert_int_equal(p->steps[0].set_count, 1);
	assert_int_equal(p->steps[0].sets[0].target, PB_SET_VARS);
	playbook_free(&p);
}

static void faults_are_shown_all_at_once(void **state)
{
	(void)state;
	diagnostics d;
	diagnostics_init(&d, "t");
	assert_null(playbook_load(
	    "t", tr_s("foo: 1\nworkflow:\n  - step: a\n    next: b\n  - step: a\n  - tool: { kind: x }\n"), NULL, &d));
	assert_int_equal(d.errors, 6);
	for (size_t i = 1; i < d.count; i++)
		assert_true(d.items[i - 1].line <= d.items[i].line);
	diagnostics_fini(&d);
}

static bool knows_llm(void *arg, tr_str kind)
{
	(*(int *)arg)++;
	return tr_str_is(kind, "llm");
}

static void plugins_bring_kinds(void **state)
{
	(void)state;
	int asked = 0;
	const pb_check_options options = {.knows_kind = knows_llm, .arg = &asked};
	const char *good = HEAD "workflow: [ { step: a, tool: [ { ask: { kind: llm, name: n, prompt: hi } } ] } ]\n";
	playbook *p = load_with(good, &options, 0);
	assert_true(asked > 0);
	assert_const(p->steps[0].tasks[0].config, "{\"name\":\"n\",\"prompt\":\"hi\"}");
	playbook_free(&p);
	assert_refused_with(good, NULL, "unknown-kind", 4);
	assert_refused_with(HEAD "workflow: [ { step: a, tool: { kind: lln } } ]\n", &options, "unknown-kind", 4);
}

static bool knows_noop(void *arg, tr_str kind)
{
	(void)arg;
	return tr_str_is(kind, "noop");
}

/* The language has more kinds than a node may have plugins for. */
static void a_kind_of_the_language_needs_its_plugin(void **state)
{
	(void)state;
	const pb_check_options options = {.knows_kind = knows_noop};
	const char *sql = HEAD "workflow: [ { step: a, tool: { kind: duckdb, query: select 1 } } ]\n";
	playbook *p = load_with(sql, NULL, 0);
	playbook_free(&p);
	assert_refused_with(sql, &options, "unknown-kind", 4);
	const char *own = HEAD "workbook: [ { name: w, tool: { kind: noop } } ]\n"
			       "workflow: [ { step: a, tool: { kind: workbook, name: w } } ]\n";
	p = load_with(own, &options, 0);
	playbook_free(&p);
}

/* An execution that began when it was only warned of can still be taken up. */
static void what_was_accepted_once_stays_accepted(void **state)
{
	(void)state;
	const pb_check_options recorded = {.recorded = true};
	const char *beside = HEAD "workflow: [ { step: a, tool: { kind: noop, next: b }, set_ctx: { x: 1 } } ]\n";
	assert_refused_with(beside, NULL, "unknown-key", 4);
	playbook *p = load_with(beside, &recorded, 1);
	playbook_free(&p);
}

static void many_may_hold_one(void **state)
{
	(void)state;
	playbook *p = load_steps("  - step: a\n    tool: { kind: noop, result: \"{{ 1 }}\" }\n");
	playbook *q = playbook_hold(p);
	assert_ptr_equal(p, q);
	playbook_free(&p);
	assert_str(q->steps[0].name, "a");
	playbook_free(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_identifies_it),
	    cmocka_unit_test(without_a_path_the_file_serves),
	    cmocka_unit_test(defaults_of_the_executor),
	    cmocka_unit_test(the_executor_spec),
	    cmocka_unit_test(the_workload_keeps_its_order),
	    cmocka_unit_test(workbook_as_list_or_mapping),
	    cmocka_unit_test(keychain_as_list_or_mapping),
	    cmocka_unit_test(vars_only_when_lenient),
	    cmocka_unit_test(faults_are_shown_all_at_once),
	    cmocka_unit_test(plugins_bring_kinds),
	    cmocka_unit_test(a_kind_of_the_language_needs_its_plugin),
	    cmocka_unit_test(what_was_accepted_once_stays_accepted),
	    cmocka_unit_test(many_may_hold_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
