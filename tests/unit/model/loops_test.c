/* SPDX-License-Identifier: Apache-2.0 */
/* docs/playbook.md, "Loop". */
#include "model_kit.h"

static playbook *load_loop(const char *loop)
{
	tr_buf text = {0};
	tr_buf_putf(&text, "  - step: a\n    loop: %s\n    tool: { kind: noop }\n", loop);
	playbook *p = load_steps(text.p);
	tr_buf_fini(&text);
	return p;
}

static void defaults(void **state)
{
	(void)state;
	playbook *p = load_loop("{ in: \"{{ workload.items }}\", iterator: item }");
	const pb_loop *l = &p->steps[0].loop;
	assert_true(l->present);
	assert_template(l->in, "{{ workload.items }}");
	assert_str(l->iterator, "item");
	assert_int_equal(l->mode, PB_SEQUENTIAL);
	assert_int_equal(l->on_error, PB_ON_ERROR_FINISH);
	assert_null(l->max_in_flight);
	assert_false(l->cursor);
	playbook_free(&p);
}

static void policies(void **state)
{
	(void)state;
	playbook *p = load_loop("{ in: [1], iterator: x, spec: { mode: parallel, max_in_flight: 7, on_error: stop } }");
	const pb_loop *l = &p->steps[0].loop;
	assert_int_equal(l->mode, PB_PARALLEL);
	assert_int_equal(l->on_error, PB_ON_ERROR_STOP);
	assert_const(l->max_in_flight, "7");
	playbook_free(&p);
	p = load_loop(
	    "{ in: [1], iterator: x, spec: { mode: sequential, max_in_flight: \"{{ ctx.n }}\", on_error: continue } }");
	assert_int_equal(p->steps[0].loop.on_error, PB_ON_ERROR_CONTINUE);
	assert_template(p->steps[0].loop.max_in_flight, "{{ ctx.n }}");
	playbook_free(&p);
}

static void what_may_be_walked(void **state)
{
	(void)state;
	static const struct {
		const char *yaml, *json;
	} sources[] = {{"[1, 2]", "[1,2]"}, {"{ a: 1 }", "{\"a\":1}"}, {"5", "5"}, {"[]", "[]"}, {"null", "null"}};
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		tr_buf text = {0};
		tr_buf_putf(&text, "{ in: %s, iterator: x }", sources[i].yaml);
		playbook *p = load_loop(text.p);
		assert_const(p->steps[0].loop.in, sources[i].json);
		playbook_free(&p);
		tr_buf_fini(&text);
	}
}

static void policies_beside_spec_are_older(void **state)
{
	(void)state;
	assert_same_steps(
	    "  - step: a\n    loop: { in: [1], iterator: x, mode: parallel, max_in_flight: 2 }\n    tool: { kind: noop "
	    "}\n",
	    "  - step: a\n    loop: { in: [1], iterator: x, spec: { mode: parallel, max_in_flight: 2 } }\n"
	    "    tool: { kind: noop }\n");
}

static void cursors(void **state)
{
	(void)state;
	playbook *p =
	    load_loop("{ cursor: { kind: postgres, auth: pg, query: \"select {{ ctx.n }}\" }, iterator: row }");
	const pb_loop *l = &p->steps[0].loop;
	assert_true(l->cursor);
	assert_int_equal(l->in->kind, PB_MAP);
	playbook_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults),
	    cmocka_unit_test(policies),
	    cmocka_unit_test(what_may_be_walked),
	    cmocka_unit_test(policies_beside_spec_are_older),
	    cmocka_unit_test(cursors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
