/* SPDX-License-Identifier: Apache-2.0 */
/* docs/playbook.md, "Results and tools": the kinds, what they require, what they know. */
#include "model_kit.h"
#include "playbook/check/kinds.h"

/* The least that makes a task of each kind sound. */
static const struct {
	const char *kind, *inputs;
} least[] = {
    {"http", "url: x"},
    {"http", "endpoint: x"},
    {"postgres", "query: select 1"},
    {"postgres", "command: select 1"},
    {"postgres", "commands: [ select 1 ]"},
    {"postgres", "file: a.sql"},
    {"duckdb", "script: select 1"},
    {"snowflake", "query: select 1"},
    {"python", "code: x"},
    {"python", "file: x.py"},
    {"shell", "cmds: [ 'true' ]"},
    {"playbook", "path: other"},
    {"secrets", "name: TOKEN"},
    {"transfer", "source: { kind: file, path: a }, target: { kind: file, path: b }"},
    {"artifact", "action: get, ref: x"},
    {"nats", "operation: kv_get, bucket: b, key: k"},
    {"noop", "desc: nothing"},
};

static void the_least_is_enough(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof least / sizeof *least; i++) {
		tr_buf text = {0};
		tr_buf_putf(&text, HEAD "workflow: [ { step: a, tool: { kind: %s, %s } } ]\n", least[i].kind,
			    least[i].inputs);
		playbook *p = load(text.p);
		assert_str(p->steps[0].tasks[0].kind, least[i].kind);
		playbook_free(&p);
		tr_buf_fini(&text);
	}
}

static void less_is_refused(void **state)
{
	(void)state;
	size_t count, refused = 0;
	const tool_kind *kinds = kind_table(&count);
	assert_int_equal(count, 13);
	for (size_t i = 0; i < count; i++) {
		if (kinds[i].required == NULL && kinds[i].one_of == NULL)
			continue;
		tr_buf text = {0};
		tr_buf_putf(&text, HEAD "workflow: [ { step: a, tool: { kind: %s } } ]\n", kinds[i].name);
		assert_refused_with(text.p, NULL, "missing-key", 4);
		refused++;
		tr_buf_fini(&text);
	}
	assert_int_equal(refused, 12); /* all but noop */
}

static void every_key_of_a_kind_is_known(void **state)
{
	(void)state;
	size_t count;
	const tool_kind *kinds = kind_table(&count);
	for (size_t i = 0; i < count; i++) {
		tr_buf text = {0};
		tr_buf_putf(&text, HEAD "workflow: [ { step: a, tool: { kind: %s", kinds[i].name);
		for (size_t k = 0; k < kinds[i].key_count; k++)
			tr_buf_putf(&text, ", %s: %s", kinds[i].keys[k].key,
				    kinds[i].keys[k].values != NULL ? kinds[i].keys[k].values[0] : "\"{{ ctx.x }}\"");
		tr_buf_puts(&text, " } } ]\n");
		playbook *p = load(text.p);
		const pb_expr *config = p->steps[0].tasks[0].config;
		assert_int_equal(config->kind, PB_MAP);
		assert_int_equal(config->count, kinds[i].key_count); /* none of them is taken by the task itself */
		playbook_free(&p);
		tr_buf_fini(&text);
	}
}

static void auth_by_name_or_inline(void **state)
{
	(void)state;
	playbook *p = load_steps(
	    "  - step: a\n    tool:\n      - x: { kind: http, url: x, auth: api }\n"
	    "      - y: { kind: http, url: x, auth: { type: bearer, token: \"{{ keychain.t.token }}\" } }\n");
	assert_const(p->steps[0].tasks[0].config, "{\"url\":\"x\",\"auth\":\"api\"}");
	assert_int_equal(p->steps[0].tasks[1].config->kind, PB_MAP);
	playbook_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_least_is_enough),
	    cmocka_unit_test(less_is_refused),
	    cmocka_unit_test(every_key_of_a_kind_is_known),
	    cmocka_unit_test(auth_by_name_or_inline),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
