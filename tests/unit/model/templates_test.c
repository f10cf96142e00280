/* SPDX-License-Identifier: Apache-2.0 */
/* docs/playbook.md, "Templates": constants, deep rendering, conditions, and where in the file an error stands. */
#include "model_kit.h"

static playbook *load_result(const char *yaml)
{
	tr_buf text = {0};
	tr_buf_putf(
	    &text,
	    HEAD
	    "workload: { n: 35, items: [1, 2], name: x, t: 1 }\nworkflow:\n  - step: a\n    tool:\n      kind: noop\n"
	    "      result: %s\n",
	    yaml);
	playbook *p = load(text.p);
	tr_buf_fini(&text);
	return p;
}

static const pb_expr *result_of(const playbook *p)
{
	const pb_expr *config = p->steps[0].tasks[0].config;
	static pb_expr constant; /* of this thread's last call only */
	if (config->kind == PB_MAP)
		return config->pairs[0].value;
	constant = *config;
	constant.constant = tr_map_get_s(config->constant, "result");
	return &constant;
}

static void assert_renders(const char *yaml, const char *json)
{
	playbook *p = load_result(yaml);
	tr_value names = TR_DICT("n", tr_int(35), "items", TR_LIST(tr_int(1), tr_int(2)), "name", tr_string("x"), "t",
				 tr_string("{{ n }}"));
	tr_scope scope = tr_scope_of_map(&names);
	pb_render r = {.scope = &scope};
	r.eval.undefined = TR_UNDEFINED_CHAINABLE;
	tr_value v = pb_expr_render(result_of(p), &r);
	if (!tr_is_valid(v))
		print_error("%s: %s\n", yaml, r.error.message);
	tr_value text = tr_json_string(v, TR_JSON_COMPACT);
	assert_string_equal(tr_as_cstr(text, ""), json);
	tr_drop(text);
	tr_drop(v);
	tr_drop(names);
	playbook_free(&p);
}

static void one_expression_gives_its_own_value(void **state)
{
	(void)state;
	assert_renders("\"{{ n }}\"", "35");
	assert_renders("\"{{ items }}\"", "[1,2]");
	assert_renders("\"{{ items }} \"", "\"[1, 2] \"");
	assert_renders("\"v{{ n }}\"", "\"v35\"");
	assert_renders("'35'", "\"35\"");
	assert_renders("|\n        {{ n }}\n", "35");
}

static void literals_keep_their_type(void **state)
{
	(void)state;
	assert_renders("35", "35");
	assert_renders("yes", "true");
	assert_renders("{ a: 1.5, b: [null] }", "{\"a\":1.5,\"b\":[null]}");
	playbook *p = load_result("{ a: [1, { b: text }] }");
	assert_int_equal(p->steps[0].tasks[0].config->kind, PB_CONST);
	playbook_free(&p);
}

static void rendering_is_deep_and_keys_too(void **state)
{
	(void)state;
	assert_renders("{ a: [ \"{{ n }}\", { b: \"{{ name }}!\" } ], \"{{ name }}\": 1, c: 2 }",
		       "{\"a\":[35,{\"b\":\"x!\"}],\"x\":1,\"c\":2}");
}

static void what_was_rendered_is_not_rendered_again(void **state)
{
	(void)state;
	assert_renders("\"{{ t }}\"", "\"{{ n }}\"");
	assert_renders("[ \"a{{ t }}\" ]", "[\"a{{ n }}\"]");
}

static void undefined_alone_is_null(void **state)
{
	(void)state;
	assert_renders("\"{{ workload.missing.more }}\"", "null");
}

static bool test_condition(const char *yaml, bool *failed)
{
	tr_buf text = {0};
	tr_buf_putf(&text, HEAD "workload: { n: 35 }\nworkflow:\n  - { step: a, when: %s, tool: { kind: noop } }\n",
		    yaml);
	playbook *p = load_with(text.p, NULL, -1);
	tr_value names = TR_DICT("n", tr_int(35), "s", tr_string("No"), "empty", tr_array());
	tr_scope scope = tr_scope_of_map(&names);
	pb_render r = {.scope = &scope};
	r.eval.undefined = TR_UNDEFINED_CHAINABLE;
	bool truth = pb_expr_test(p->steps[0].when, &r, true, failed);
	tr_drop(names);
	playbook_free(&p);
	tr_buf_fini(&text);
	return truth;
}

static void conditions(void **state)
{
	(void)state;
	static const char *const truths[] = {"\"{{ n > 3 }}\"", "\"n > 3\"",        "true", "yes",   "\"text {{ n }}\"",
					     "\"{{ n }}\"",     "\"true\"",         "1",    "'yes'", "\"{{ 'x' }}\"",
					     "\"not missing\"", "\"{{ 'None!' }}\""};
	static const char *const lies[] = {
	    "\"{{ n < 3 }}\"", "\"n < 3\"",        "false",         "no",           "\"{{ s }}\"",
	    "\"{{ empty }}\"", "\"{{ '0' }}\"",    "\"FALSE\"",     "''",           "0",
	    "\"{{ none }}\"",  "\"{{ 'None' }}\"", "\"missing.x\"", "\"{{ 0.0 }}\""};
	bool failed;
	for (size_t i = 0; i < sizeof truths / sizeof *truths; i++) {
		bool truth = test_condition(truths[i], &failed);
		if (!truth)
			print_error("%s is false\n", truths[i]);
		assert_true(truth);
		assert_false(failed);
	}
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		bool truth = test_condition(lies[i], &failed);
		if (truth)
			print_error("%s is true\n", lies[i]);
		assert_false(truth);
		assert_false(failed);
	}
	assert_false(test_condition("\"{{ 1 // 0 }}\"", &failed));
	assert_true(failed);
	pb_render r = {0};
	assert_true(pb_expr_test(NULL, &r, true, NULL));
	assert_false(pb_expr_test(NULL, &r, false, &failed));
	assert_false(failed);
}

/* The place of the name `boom` (division by zero stands at the operator or the operand: on its line). */
static void assert_error_on(const char *yaml, uint32_t line)
{
	playbook *p = load_result(yaml);
	tr_value names = TR_DICT("n", tr_int(35), "name", tr_string("x"));
	tr_scope scope = tr_scope_of_map(&names);
	pb_render r = {.scope = &scope};
	tr_value v = pb_expr_render(result_of(p), &r);
	assert_false(tr_is_valid(v));
	if (r.found.line != line)
		print_error("%s\nline %u, not %u: %s\n", yaml, (unsigned)r.found.line, (unsigned)line, r.error.message);
	assert_int_equal(r.found.line, line);
	assert_true(r.at.line <= r.found.line);
	assert_non_null(r.expr);
	assert_non_null(r.error.message);
	tr_drop(names);
	playbook_free(&p);
}

static void errors_at_run_time_name_the_line_in_the_file(void **state)
{
	(void)state;
	assert_error_on("\"{{ 1 // 0 }}\"", 9);
	assert_error_on("|\n        one\n        two {{ n }}\n        {{ 1 // 0 }}\n", 12);
	assert_error_on(">-\n        one\n        two\n\n        {{ 1 // 0 }} x\n", 13);
	assert_error_on("[ a, { b: \"{{ n }}\", c: '{{ 1 // 0 }}' } ]", 9);
}

static void assert_located(const char *yaml, uint32_t line, uint32_t column)
{
	tr_buf text = {0};
	tr_buf_putf(&text, HEAD "workflow:\n  - step: a\n    tool:\n      kind: noop\n      result: %s\n", yaml);
	diagnostics d;
	diagnostics_init(&d, "t");
	assert_null(playbook_load("t", tr_buf_str(&text), NULL, &d));
	assert_int_equal(d.errors, 1);
	assert_string_equal(d.items[0].code, "template-syntax");
	if (d.items[0].line != line || d.items[0].column != column)
		diagnostics_print(&d, tr_buf_str(&text), stderr, false);
	assert_int_equal(d.items[0].line, line);
	assert_int_equal(d.items[0].column, column);
	diagnostics_fini(&d);
	tr_buf_fini(&text);
}

static void syntax_errors_stand_where_they_were_written(void **state)
{
	(void)state;
	assert_located("\"{{ a b }}\"", 8, 21);
	assert_located("'it''s {{ a b }}'", 8, 27);
	assert_located("\"\\u00e9\\t\\\"{{ a b }}\"", 8, 31);
	assert_located("text {{ a b }}", 8, 25);
	assert_located("!!str &x \"{{ a b }}\"", 8, 30);
	assert_located("|\n        one\n        two {{ a b }}\n", 10, 18);
	assert_located(">-\n        one é\n        two\n\n        three {{ a b }}\n", 12, 20);
	assert_located("\"one\n        two {{ a\n        b }}\"", 10, 9);
}

static void code_is_passed_on_when_it_is_no_template(void **state)
{
	(void)state;
	playbook *p = load_with(HEAD "workflow:\n  - step: a\n    tool:\n"
				     "      - py: { kind: python, code: \"x = '{% no'\" }\n"
				     "      - sh: { kind: shell, cmds: [ \"echo {{ 1 + }}\", \"echo {{ 1 + 1 }}\" ] }\n"
				     "      - db: { kind: postgres, auth: pg, query: \"select '{{'\" }\n",
				NULL, 3);
	assert_const(p->steps[0].tasks[0].config, "{\"code\":\"x = '{% no'\"}");
	const pb_expr *cmds = p->steps[0].tasks[1].config->pairs[0].value;
	assert_int_equal(cmds->kind, PB_LIST);
	assert_const(cmds->items[0], "\"echo {{ 1 + }}\"");
	assert_template(cmds->items[1], "echo {{ 1 + 1 }}");
	playbook_free(&p);
	assert_refused_with(HEAD "workflow:\n  - { step: a, tool: { kind: http, url: \"{{ 1 + }}\" } }\n", NULL,
			    "template-syntax", 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_expression_gives_its_own_value),
	    cmocka_unit_test(literals_keep_their_type),
	    cmocka_unit_test(rendering_is_deep_and_keys_too),
	    cmocka_unit_test(what_was_rendered_is_not_rendered_again),
	    cmocka_unit_test(undefined_alone_is_null),
	    cmocka_unit_test(conditions),
	    cmocka_unit_test(errors_at_run_time_name_the_line_in_the_file),
	    cmocka_unit_test(syntax_errors_stand_where_they_were_written),
	    cmocka_unit_test(code_is_passed_on_when_it_is_no_template),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
