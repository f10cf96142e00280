/* SPDX-License-Identifier: Apache-2.0 */
/* docs/playbook.md, "Pipeline" and "Scopes": rules, directives, writes. */
#include "model_kit.h"

static playbook *load_rules(const char *rules)
{
	tr_buf text = {0};
	tr_buf_putf(&text,
		    "  - step: a\n    tool:\n      - first: { kind: noop }\n      - second:\n          kind: noop\n"
		    "          eval:\n%s",
		    rules);
	playbook *p = load_steps(text.p);
	tr_buf_fini(&text);
	return p;
}

static void each_directive(void **state)
{
	(void)state;
	playbook *p =
	    load_rules("            - { expr: \"{{ a }}\", do: continue }\n"
		       "            - { when: \"{{ b }}\", do: retry, attempts: 5, delay: 0.5, backoff: exponential, "
		       "max_delay: 60, jitter: true }\n"
		       "            - { expr: \"{{ c }}\", do: jump, to: first }\n"
		       "            - { expr: \"{{ d }}\", do: break }\n"
		       "            - { expr: \"{{ e }}\", do: fail, message: \"no {{ e }}\" }\n"
		       "            - else: { do: continue }\n");
	const pb_task *t = &p->steps[0].tasks[1];
	assert_int_equal(t->rule_count, 6);
	static const pb_directive want[] = {PB_CONTINUE, PB_RETRY, PB_JUMP, PB_BREAK, PB_FAIL, PB_CONTINUE};
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(t->rules[i].directive, want[i]);
	assert_const(t->rules[1].attempts, "5");
	assert_const(t->rules[1].delay, "0.5");
	assert_int_equal(t->rules[1].backoff, PB_BACKOFF_EXPONENTIAL);
	assert_const(t->rules[1].max_delay, "60");
	assert_const(t->rules[1].jitter, "true");
	assert_int_equal(t->rules[2].jump_to, 0);
	assert_template(t->rules[4].message, "no {{ e }}");
	assert_non_null(t->rules[4].when);
	assert_null(t->rules[5].when);
	assert_int_equal(t->rules[0].pos.line, 11);
	playbook_free(&p);
}

static void retry_defaults(void **state)
{
	(void)state;
	playbook *p = load_rules("            - { expr: \"{{ b }}\", do: retry, attempts: \"{{ workload.n }}\" }\n");
	const pb_rule *r = &p->steps[0].tasks[1].rules[0];
	assert_template(r->attempts, "{{ workload.n }}");
	assert_null(r->delay);
	assert_int_equal(r->backoff, PB_BACKOFF_FIXED);
	assert_null(r->max_delay);
	assert_null(r->jitter);
	playbook_free(&p);
}

static void backoff_has_three_values(void **state)
{
	(void)state;
	playbook *p = load_rules("            - { expr: a, do: retry, attempts: 2, backoff: fixed }\n"
				 "            - { expr: b, do: retry, attempts: 2, backoff: linear }\n"
				 "            - { expr: c, do: retry, attempts: 2, backoff: exponential }\n");
	const pb_rule *r = p->steps[0].tasks[1].rules;
	assert_int_equal(r[0].backoff, PB_BACKOFF_FIXED);
	assert_int_equal(r[1].backoff, PB_BACKOFF_LINEAR);
	assert_int_equal(r[2].backoff, PB_BACKOFF_EXPONENTIAL);
	playbook_free(&p);
}

static void writes_to_every_scope(void **state)
{
	(void)state;
	playbook *p = load_rules(
	    "            - else:\n                do: continue\n                set_iter: { i: 1 }\n"
	    "                set_vars: { v: 2 }\n                set_ctx: { c.d: \"{{ outcome.result }}\" }\n"
	    "                set_shared: { s: { add: 1 }, m: { merge: { k: 1 } } }\n"
	    "                set_prev: null\n");
	const pb_rule *r = &p->steps[0].tasks[1].rules[0];
	assert_int_equal(r->set_count, 6);
	static const pb_set_target want[] = {PB_SET_ITER,   PB_SET_VARS,   PB_SET_CTX,
					     PB_SET_SHARED, PB_SET_SHARED, PB_SET_PREV};
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(r->sets[i].target, want[i]);
	assert_str(r->sets[2].key, "c.d");
	assert_template(r->sets[2].value, "{{ outcome.result }}");
	assert_int_equal(r->sets[3].reducer, PB_REDUCE_ADD);
	assert_const(r->sets[3].value, "1");
	assert_int_equal(r->sets[4].reducer, PB_REDUCE_MERGE);
	assert_const(r->sets[5].value, "null");
	playbook_free(&p);
}

static void every_reducer(void **state)
{
	(void)state;
	static const char *const names[] = {"add", "append", "max", "min", "merge", "first", "last"};
	for (size_t i = 0; i < 7; i++) {
		tr_buf text = {0};
		tr_buf_putf(&text, "            - else: { set_shared: { x: { %s: 1 } } }\n", names[i]);
		playbook *p = load_rules(text.p);
		const pb_rule *r = &p->steps[0].tasks[1].rules[0];
		assert_int_equal(r->directive, PB_CONTINUE);
		assert_int_equal(r->sets[0].reducer, PB_REDUCE_ADD + (int)i);
		playbook_free(&p);
		tr_buf_fini(&text);
	}
}

static void the_tasks_own_keys_and_its_plugins(void **state)
{
	(void)state;
	playbook *p = load_steps(
	    "  - step: a\n    tool:\n      - get:\n          kind: http\n          url: \"{{ workload.u }}/x\"\n"
	    "          timeout: 5\n          spec: { timeout: 30 }\n          when: \"{{ ctx.go }}\"\n"
	    "          args: { q: 1 }\n          auth: api\n          desc: words\n"
	    "          output_select: [id]\n      - sql: { kind: noop, timeout: 7 }\n");
	const pb_task *t = &p->steps[0].tasks[0];
	assert_int_equal(t->config->kind, PB_MAP);
	assert_int_equal(t->config->count, 4);
	assert_const(t->config->pairs[0].key, "\"url\"");
	assert_const(t->config->pairs[1].key, "\"timeout\""); /* http has its own */
	assert_const(t->config->pairs[2].key, "\"args\"");
	assert_const(t->config->pairs[3].value, "\"api\"");
	assert_const(t->timeout, "30");
	assert_template(t->when, "{{ ctx.go }}");
	assert_true(t->result.present);
	assert_null(t->result.value);
	assert_const(t->result.store, "{\"select\":[\"id\"]}");
	assert_const(p->steps[0].tasks[1].timeout, "7");
	assert_const(p->steps[0].tasks[1].config, "{}");
	playbook_free(&p);
}

static void result_policies(void **state)
{
	(void)state;
	playbook *p = load_steps(
	    "  - step: a\n    tool: [ { x: { kind: noop, result: 5 } } ]\n"
	    "    result: { value: \"{{ _prev }}\", store: object, inline_max: 1000 }\n    next: b\n"
	    "  - step: b\n    tool: { kind: http, url: http://x, output: { total: \"{{ outcome.data.n }}\" } }\n");
	assert_false(p->steps[0].tasks[0].result.present); /* noop has its own */
	assert_const(p->steps[0].tasks[0].config, "{\"result\":5}");
	assert_template(p->steps[0].result.value, "{{ _prev }}");
	assert_const(p->steps[0].result.store, "{\"store\":\"object\",\"inline_max\":1000}");
	assert_int_equal(p->steps[1].tasks[0].result.value->kind, PB_MAP);
	assert_null(p->steps[1].tasks[0].result.store);
	playbook_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_directive),
	    cmocka_unit_test(retry_defaults),
	    cmocka_unit_test(backoff_has_three_values),
	    cmocka_unit_test(writes_to_every_scope),
	    cmocka_unit_test(every_reducer),
	    cmocka_unit_test(the_tasks_own_keys_and_its_plugins),
	    cmocka_unit_test(result_policies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
