/* SPDX-License-Identifier: Apache-2.0 */
/* docs/playbook.md, "Step": the forms of `tool` and `next`, args, spec. */
#include "model_kit.h"

static void a_whole_step(void **state)
{
	(void)state;
	playbook *p =
	    load_steps("  - step: a\n    desc: words\n    spec: { next_mode: inclusive, timeout: 300, pool: gpu, "
		       "max_directives: 50 }\n    when: \"{{ ctx.ok }}\"\n    args: { n: 1, m: \"{{ workload.m }}\" }\n"
		       "    tool:\n      - fetch: { kind: http, url: http://x }\n      - calc: { kind: noop }\n"
		       "    next:\n      - { step: b, when: \"{{ vars.x }}\", args: { id: 3 } }\n      - step: a\n"
		       "    result: \"{{ _prev.rows }}\"\n"
		       "  - step: b\n    tool: { kind: noop }\n");
	const pb_step *s = &p->steps[0];
	assert_str(s->desc, "words");
	assert_true(s->inclusive);
	assert_const(s->timeout, "300");
	assert_str(s->pool, "gpu");
	assert_int_equal(s->max_directives, 50);
	assert_template(s->when, "{{ ctx.ok }}");
	assert_false(s->admit);
	assert_int_equal(s->args->kind, PB_MAP);
	assert_int_equal(s->task_count, 2);
	assert_str(s->tasks[0].label, "fetch");
	assert_str(s->tasks[1].kind, "noop");
	assert_int_equal(s->tasks[1].index, 1);
	assert_int_equal(s->arc_count, 2);
	assert_int_equal(s->arcs[0].to, 1);
	assert_template(s->arcs[0].when, "{{ vars.x }}");
	assert_const(s->arcs[0].args, "{\"id\":3}");
	assert_null(s->arcs[1].when);
	assert_null(s->arcs[1].args);
	assert_true(s->result.present);
	assert_template(s->result.value, "{{ _prev.rows }}");
	assert_int_equal(s->pos.line, 5);
	assert_false(s->loop.present);
	playbook_free(&p);
}

static void defaults(void **state)
{
	(void)state;
	playbook *p = load_steps("  - step: a\n    tool: { kind: noop }\n");
	const pb_step *s = &p->steps[0];
	assert_false(s->inclusive);
	assert_null(s->when);
	assert_null(s->args);
	assert_null(s->timeout);
	assert_int_equal(s->join, PB_JOIN_AUTO);
	assert_int_equal(s->max_directives, 1000000);
	assert_int_equal(s->arc_count, 0);
	assert_false(s->result.present);
	playbook_free(&p);
}

static void one_task_is_labelled_as_the_step(void **state)
{
	(void)state;
	assert_same_steps("  - step: a\n    tool: { kind: noop }\n",
			  "  - step: a\n    tool: [ { a: { kind: noop } } ]\n");
	assert_same_steps("  - step: a\n    tool: [ { kind: noop } ]\n",
			  "  - step: a\n    tool: [ { a: { kind: noop } } ]\n");
	assert_same_steps("  - step: a\n    tool: { kind: http, name: get, url: http://x }\n",
			  "  - step: a\n    tool: [ { get: { kind: http, url: http://x } } ]\n");
	/* a kind that has a `name` of its own keeps it */
	playbook *p = load_steps("  - step: a\n    tool: { kind: secrets, name: TOKEN }\n");
	assert_str(p->steps[0].tasks[0].label, "a");
	assert_const(p->steps[0].tasks[0].config, "{\"name\":\"TOKEN\"}");
	playbook_free(&p);
}

static void a_list_item_with_name_and_kind(void **state)
{
	(void)state;
	assert_same_steps("  - step: a\n    tool:\n      - { name: get, kind: http, url: http://x }\n",
			  "  - step: a\n    tool:\n      - get: { kind: http, url: http://x }\n");
}

static void next_in_all_forms(void **state)
{
	(void)state;
	static const char *const forms[] = {
	    "next: b",           "next: [ b ]",           "next: [ { step: b } ]",
	    "next: { step: b }", "next: { arcs: [ b ] }", "next: { spec: { mode: exclusive }, arcs: [ { step: b } ] }",
	};
	for (size_t i = 1; i < sizeof forms / sizeof *forms; i++) {
		tr_buf one = {0}, other = {0};
		tr_buf_putf(&one, "  - step: a\n    %s\n  - step: b\n    tool: { kind: noop }\n", forms[0]);
		tr_buf_putf(&other, "  - step: a\n    %s\n  - step: b\n    tool: { kind: noop }\n", forms[i]);
		assert_same_steps(one.p, other.p);
		tr_buf_fini(&one);
		tr_buf_fini(&other);
	}
}

static void routing_alone_is_a_step(void **state)
{
	(void)state;
	playbook *p = load_steps("  - step: a\n    tool: []\n    next: b\n  - step: b\n    tool: { kind: noop }\n");
	assert_int_equal(p->steps[0].task_count, 0);
	assert_int_equal(p->steps[0].arc_count, 1);
	playbook_free(&p);
}

static void joins(void **state)
{
	(void)state;
	playbook *p = load_steps("  - step: a\n    spec: { join: none }\n    next: [b, c, d]\n"
				 "  - step: b\n    spec: { join: any }\n    next: c\n"
				 "  - step: c\n    spec: { join: 3 }\n    next: d\n"
				 "  - step: d\n    spec: { join: auto }\n    tool: { kind: noop }\n");
	assert_int_equal(p->steps[0].join, PB_JOIN_NONE);
	assert_int_equal(p->steps[1].join, PB_JOIN_ANY);
	assert_int_equal(p->steps[2].join, PB_JOIN_COUNT);
	assert_int_equal(p->steps[2].join_count, 3);
	assert_int_equal(p->steps[3].join, PB_JOIN_AUTO);
	playbook_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_whole_step),
	    cmocka_unit_test(defaults),
	    cmocka_unit_test(one_task_is_labelled_as_the_step),
	    cmocka_unit_test(a_list_item_with_name_and_kind),
	    cmocka_unit_test(next_in_all_forms),
	    cmocka_unit_test(routing_alone_is_a_step),
	    cmocka_unit_test(joins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
