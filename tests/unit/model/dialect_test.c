/* SPDX-License-Identifier: Apache-2.0 */
/* docs/playbook.md, "The later dialect": each construct and the canonical one that it stands for give the same
 * playbook. */
#include "model_kit.h"

#define END "  - step: z\n    tool: { kind: noop }\n"

static void tasks_by_name(void **state)
{
	(void)state;
	assert_same_steps("  - step: a\n    tool: [ { name: x, kind: python, code: y } ]\n",
			  "  - step: a\n    tool: [ { x: { kind: python, code: y } } ]\n");
}

static void next_with_spec_and_arcs(void **state)
{
	(void)state;
	assert_same_steps(
	    "  - step: a\n    next: { spec: { mode: inclusive }, arcs: [ { step: z, when: \"{{ 1 }}\" } ] }\n" END,
	    "  - step: a\n    spec: { next_mode: inclusive }\n    next: [ { step: z, when: \"{{ 1 }}\" } ]\n" END);
}

static void policy_rules_are_eval(void **state)
{
	(void)state;
	assert_same_steps(
	    "  - step: a\n    tool:\n      - name: x\n        kind: noop\n        spec:\n          policy:\n"
	    "            rules:\n              - when: \"{{ outcome.error.retryable }}\"\n"
	    "                then: { do: retry, attempts: 3, backoff: linear, delay: 2 }\n"
	    "              - when: \"{{ outcome.status == 'error' }}\"\n                then: { do: fail }\n"
	    "              - else: { then: { do: continue, set_ctx: { n: 1 } } }\n",
	    "  - step: a\n    tool:\n      - x:\n          kind: noop\n          eval:\n"
	    "            - { expr: \"{{ outcome.error.retryable }}\", do: retry, attempts: 3, backoff: linear, delay: "
	    "2 }\n"
	    "            - { expr: \"{{ outcome.status == 'error' }}\", do: fail }\n"
	    "            - else: { do: continue, set_ctx: { n: 1 } }\n");
}

static void shapes_decide_not_headers(void **state)
{
	(void)state;
	/* `then` in `eval`, and the flat form in `rules` */
	assert_same_steps(
	    "  - step: a\n    tool: { kind: noop, eval: [ { when: \"{{ 1 }}\", then: { do: break } } ] }\n",
	    "  - step: a\n    tool: { kind: noop, spec: { policy: { rules: [ { expr: \"{{ 1 }}\", do: break } ] } } "
	    "}\n");
	assert_same_playbook(
	    "apiVersion: noetl.io/v10\nkind: Playbook\nmetadata: { name: n, path: p }\nworkflow:\n" END,
	    "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: { name: n, path: p }\nworkflow:\n" END);
}

static void input_is_args(void **state)
{
	(void)state;
	assert_same_steps(
	    "  - step: a\n    input: { n: 1 }\n    tool: { kind: python, code: x, input: { d: \"{{ _prev }}\" } }\n"
	    "    next: [ { step: z, input: { m: 2 } } ]\n" END,
	    "  - step: a\n    args: { n: 1 }\n    tool: { kind: python, code: x, args: { d: \"{{ _prev }}\" } }\n"
	    "    next: [ { step: z, args: { m: 2 } } ]\n" END);
}

static void set_in_a_rule(void **state)
{
	(void)state;
	assert_same_steps("  - step: a\n    tool: { kind: noop, eval: [ { else: { do: continue, set: { iter.i: 1, "
			  "step.v: 2, ctx.c: 3, d: 4 } } } ] }\n",
			  "  - step: a\n    tool: { kind: noop, eval: [ { else: { do: continue, set_iter: { i: 1 }, "
			  "set_vars: { v: 2 }, "
			  "set_ctx: { c: 3, d: 4 } } } ] }\n");
}

static void set_on_task_step_and_arc(void **state)
{
	(void)state;
	playbook *p = load_steps("  - step: a\n    set: { total: 1, step.v: 2 }\n"
				 "    tool: { kind: noop, set: { name: 3, ctx.c: 4, iter.i: 5 } }\n"
				 "    next: [ { step: z, set: { x: 6, ctx.y: 7 } } ]\n" END);
	const pb_step *s = &p->steps[0];
	assert_int_equal(s->sets[0].target, PB_SET_CTX);
	assert_str(s->sets[0].key, "total");
	assert_int_equal(s->sets[1].target, PB_SET_VARS);
	assert_int_equal(s->tasks[0].sets[0].target, PB_SET_LOCAL);
	assert_int_equal(s->tasks[0].sets[1].target, PB_SET_CTX);
	assert_int_equal(s->tasks[0].sets[2].target, PB_SET_ITER);
	assert_int_equal(s->arcs[0].set_count, 2);
	assert_int_equal(s->arcs[0].sets[0].target, PB_SET_CTX);
	assert_str(s->arcs[0].sets[1].key, "y");
	playbook_free(&p);
}

static void admit_is_a_guard_that_drops(void **state)
{
	(void)state;
	static const char *const forms[] = {
	    "\"{{ ctx.ok }}\"",
	    "{ when: \"{{ ctx.ok }}\" }",
	    "{ expr: \"{{ ctx.ok }}\" }",
	};
	for (size_t i = 0; i < 3; i++) {
		tr_buf text = {0};
		tr_buf_putf(&text, "  - step: a\n    spec: { policy: { admit: %s } }\n    tool: { kind: noop }\n",
			    forms[i]);
		playbook *p = load_steps(text.p);
		assert_true(p->steps[0].admit);
		assert_template(p->steps[0].when, "{{ ctx.ok }}");
		playbook_free(&p);
		tr_buf_fini(&text);
	}
	playbook *p = load_steps("  - step: a\n    spec:\n      policy:\n        admit:\n          rules:\n"
				 "            - { when: \"{{ ctx.n > 3 }}\", then: { allow: false } }\n"
				 "            - { when: \"{{- ctx.ok -}}\", then: { allow: true } }\n"
				 "            - { else: { then: { allow: false } } }\n    tool: { kind: noop }\n");
	assert_template(p->steps[0].when, "{{ false if (ctx.n > 3) else true if (ctx.ok) else false }}");
	playbook_free(&p);
}

static void no_next_is_an_error(void **state)
{
	(void)state;
	playbook *p = load(HEAD "executor: { spec: { no_next_is_error: true } }\nworkflow:\n" END);
	assert_true(p->no_next_is_error);
	playbook_free(&p);
}

static void older_names_are_read_with_a_warning(void **state)
{
	(void)state;
	assert_same_steps("  - step: a\n    cond: \"{{ 1 }}\"\n    with: { n: 1 }\n"
			  "    tool: { kind: python, code: x, payload: { d: 1 }, credential: pg }\n"
			  "    next: [ { step: z, cond: \"{{ 2 }}\", payload: { m: 2 } } ]\n" END,
			  "  - step: a\n    when: \"{{ 1 }}\"\n    args: { n: 1 }\n"
			  "    tool: { kind: python, code: x, args: { d: 1 }, auth: pg }\n"
			  "    next: [ { step: z, when: \"{{ 2 }}\", args: { m: 2 } } ]\n" END);
	playbook *p = load_with(HEAD "workflow:\n  - { step: a, cond: \"{{ 1 }}\", tool: { kind: noop } }\n", NULL, 1);
	playbook_free(&p);
	/* http's payload is its body, no older name of args */
	p = load_with(HEAD "workflow:\n  - { step: a, tool: { kind: http, url: http://x, payload: { b: 1 } } }\n", NULL,
		      0);
	assert_const(p->steps[0].tasks[0].config, "{\"url\":\"http://x\",\"payload\":{\"b\":1}}");
	playbook_free(&p);
}

static void retry_of_a_task(void **state)
{
	(void)state;
	assert_same_steps(
	    "  - step: a\n    tool: { kind: noop, retry: { max_attempts: 3, initial_delay: 2, backoff_multiplier: 2 } "
	    "}\n",
	    "  - step: a\n    tool: { kind: noop, eval: [ { expr: \"{{ outcome.status == 'error' }}\", do: retry, "
	    "attempts: 3, delay: 2, backoff: exponential } ] }\n");
	assert_same_steps("  - step: a\n    tool: { kind: noop, retry: 4 }\n",
			  "  - step: a\n    tool: { kind: noop, retry: { attempts: 4 } }\n");
}

static void both_forms_on_one_node(void **state)
{
	(void)state;
	assert_refused_with(HEAD "workflow:\n  - step: a\n    tool:\n      kind: noop\n      eval: []\n"
				 "      spec: { policy: { rules: [] } }\n",
			    NULL, "both-forms", 9);
	diagnostics d;
	diagnostics_init(&d, "t");
	assert_null(playbook_load("t",
				  tr_s(HEAD "workflow:\n  - step: a\n    input: { a: 1 }\n    args: { a: 1 }\n"
					    "    tool: { kind: noop }\n"),
				  NULL, &d));
	assert_string_equal(d.items[0].message, "'input' (line 6) and 'args' (line 7) are two forms of the same thing");
	diagnostics_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tasks_by_name),
	    cmocka_unit_test(next_with_spec_and_arcs),
	    cmocka_unit_test(policy_rules_are_eval),
	    cmocka_unit_test(shapes_decide_not_headers),
	    cmocka_unit_test(input_is_args),
	    cmocka_unit_test(set_in_a_rule),
	    cmocka_unit_test(set_on_task_step_and_arc),
	    cmocka_unit_test(admit_is_a_guard_that_drops),
	    cmocka_unit_test(no_next_is_an_error),
	    cmocka_unit_test(older_names_are_read_with_a_warning),
	    cmocka_unit_test(retry_of_a_task),
	    cmocka_unit_test(both_forms_on_one_node),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
