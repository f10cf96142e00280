/* SPDX-License-Identifier: Apache-2.0 */
/* docs/playbook.md, "Results and tools": the kinds, what they require, what they know. */
#include "model_kit.h"
#include "playbook/check/kind_read.h"
#include <troupe/codec.h>

/* The least that makes a task of each kind sound. */
static const struct {
	const char *kind, *inputs;
} least[] = {
    {"http", "url: http://x"},
    {"http", "endpoint: http://x"},
    {"postgres", "query: select 1, auth: db"},
    {"postgres", "command: select 1, host: db"},
    {"postgres", "commands: [ select 1 ], auth: { dsn: 'host=db' }"},
    {"postgres", "file: a.sql, auth: { credential: db }"},
    {"duckdb", "script: select 1"},
    {"snowflake", "query: select 1, auth: db"},
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
	const tool_kind *const *kinds = kind_table(&count);
	assert_int_equal(count, 13);
	for (size_t i = 0; i < count; i++) {
		if (kinds[i]->required == NULL && kinds[i]->one_of == NULL)
			continue;
		tr_buf text = {0};
		tr_buf_putf(&text, HEAD "workflow: [ { step: a, tool: { kind: %s } } ]\n", kinds[i]->name);
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
	const tool_kind *const *kinds = kind_table(&count);
	for (size_t i = 0; i < count; i++) {
		tr_buf text = {0};
		tr_buf_putf(&text, HEAD "workflow: [ { step: a, tool: { kind: %s", kinds[i]->name);
		for (size_t k = 0; k < kinds[i]->key_count; k++)
			tr_buf_putf(&text, ", %s: %s", kinds[i]->keys[k].key,
				    kinds[i]->keys[k].values != NULL ? kinds[i]->keys[k].values[0] : "\"{{ ctx.x }}\"");
		tr_buf_puts(&text, kinds[i]->auth != NULL ? ", auth: x } } ]\n" : " } } ]\n");
		playbook *p = load(text.p);
		const pb_expr *config = p->steps[0].tasks[0].config;
		assert_int_equal(config->kind, PB_MAP);
		/* none of them is taken by the task itself */
		assert_int_equal(config->count, kinds[i]->key_count + (kinds[i]->auth != NULL ? 1 : 0));
		playbook_free(&p);
		tr_buf_fini(&text);
	}
}

static void auth_by_name_or_inline(void **state)
{
	(void)state;
	playbook *p = load_steps(
	    "  - step: a\n    tool:\n      - x: { kind: http, url: http://x, auth: api }\n"
	    "      - y: { kind: http, url: http://x, auth: { type: bearer, token: \"{{ keychain.t.token }}\" } }\n");
	assert_const(p->steps[0].tasks[0].config, "{\"url\":\"http://x\",\"auth\":\"api\"}");
	assert_int_equal(p->steps[0].tasks[1].config->kind, PB_MAP);
	playbook_free(&p);
}

/* ---- what a loaded plugin says of its kind ---- */

static tr_value options_of(const char *json)
{
	tr_value v = tr_json_read(tr_s(json), NULL, NULL);
	assert_true(tr_is_valid(v));
	return v;
}

static bool knows_chat(void *arg, tr_str kind)
{
	(void)arg;
	return tr_str_is(kind, "chat");
}

static const tool_kind *describe_chat(void *arg, tr_str kind)
{
	return tr_str_is(kind, "chat") ? described_kind_tool(arg) : NULL;
}

static void a_plugin_describes_its_inputs(void **state)
{
	(void)state;
	char why[200];
	tr_value options =
	    options_of("{\"inputs\": {\"prompt\": {\"type\": \"string\"}, \"messages\": {\"type\": \"list\"},"
		       " \"model\": {\"type\": \"string\", \"required\": true, \"enum\": [\"small\", \"large\"]},"
		       " \"warmth\": {\"type\": [\"number\", \"bool\"], \"min\": 0, \"max\": 2}},"
		       " \"one_of\": [[\"prompt\", \"messages\"]], \"exclusive\": [[\"prompt\", \"messages\"]]}");
	described_kind *d = described_kind_read("chat", options, why, sizeof why);
	assert_non_null(d);
	const pb_check_options check = {.knows_kind = knows_chat, .describe = describe_chat, .arg = d};
	static const struct {
		const char *inputs, *code;
	} bad[] = {
	    {"prompt: hi", "missing-key"},
	    {"model: small", "missing-key"},
	    {"model: smal, prompt: hi", "bad-value"},
	    {"model: small, prompt: 5", "wrong-type"},
	    {"model: small, prompt: hi, messages: [ x ]", "both-forms"},
	    {"model: small, promt: hi, prompt: hi", "unknown-key"},
	    {"model: small, prompt: hi, warmth: 3", "bad-value"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		tr_buf text = {0};
		tr_buf_putf(&text, HEAD "workflow: [ { step: a, tool: { kind: chat, %s } } ]\n", bad[i].inputs);
		assert_refused_with(text.p, &check, bad[i].code, 4);
		tr_buf_fini(&text);
	}
	playbook *p = load_with(HEAD "workflow: [ { step: a, tool: { kind: chat, model: \"{{ ctx.m }}\", prompt: hi, "
				     "warmth: true, timeout: 5 } } ]\n",
				&check, 0);
	playbook_free(&p);
	described_kind_free(&d);
	tr_drop(options);
}

static void a_bad_description_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "{\"inputs\": 5}",
	    "{\"inputs\": {\"a\": 5}}",
	    "{\"inputs\": {\"a\": {\"type\": \"text\"}}}",
	    "{\"inputs\": {\"a\": {\"typ\": \"string\"}}}",
	    "{\"inputs\": {\"a\": {\"enum\": [1]}}}",
	    "{\"inputs\": {\"a\": {\"min\": 3, \"max\": 2}}}",
	    "{\"inputs\": {\"a\": {\"required\": 1}}}",
	    "{\"inputs\": {\"a\": {}}, \"one_of\": [[\"b\"]]}",
	    "{\"inputs\": {\"a\": {}}, \"exclusive\": [\"a\"]}",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char why[200];
		tr_value options = options_of(bad[i]);
		assert_null(described_kind_read("x", options, why, sizeof why));
		assert_true(why[0] != '\0');
		tr_drop(options);
	}
	char why[200];
	assert_null(described_kind_read("x", tr_absent(), why, sizeof why));
	assert_string_equal(why, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_least_is_enough),           cmocka_unit_test(less_is_refused),
	    cmocka_unit_test(every_key_of_a_kind_is_known),  cmocka_unit_test(auth_by_name_or_inline),
	    cmocka_unit_test(a_plugin_describes_its_inputs), cmocka_unit_test(a_bad_description_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
