/* SPDX-License-Identifier: Apache-2.0 */
/** `keychain` of docs/playbook.md, "The later dialect": entries are resolved when first used, once, and read as
 * keychain.<name>.<field>. */
#include "actor_kit.h"

#include <string.h>
#include <troupe/log.h>

static tr_value give(world *w, tr_value command)
{
	(void)w;
	tr_value v = TR_GET(command, "input", "give");
	return TR_DICT("status", tr_string("success"), "result", tr_is_valid(v) ? tr_keep(v) : tr_nil());
}

static size_t count(world *w)
{
	pthread_mutex_lock(&w->lock);
	size_t n = ++w->fetched;
	pthread_mutex_unlock(&w->lock);
	return n;
}

/* {value: "<provider>/<name>"} */
static tr_value secrets(world *w, tr_value command)
{
	count(w);
	tr_value input = tr_map_get_s(command, "input");
	const char *name = tr_as_cstr(tr_map_get_s(input, "name"), "?");
	if (strcmp(name, "missing") == 0)
		return world_json(
		    "{\"status\": \"error\", \"error\": {\"kind\": \"not_found\", \"message\": \"no such secret\"}}");
	return TR_DICT("status", tr_string("success"), "result",
		       TR_DICT("value", tr_stringf("%s/%s", tr_as_cstr(tr_map_get_s(input, "provider"), "?"), name)));
}

/* A token whose number counts the requests; the form is in it. */
static tr_value token(world *w, tr_value command)
{
	size_t n = count(w);
	tr_value input = tr_map_get_s(command, "input");
	tr_value data =
	    TR_DICT("access_token", tr_stringf("t%zu-%s", n, tr_as_cstr(TR_GET(input, "form", "client_id"), "?")));
	tr_value expires = tr_map_get_s(input, "expires");
	if (tr_is_valid(expires))
		data = tr_map_put_s(data, "expires_in", tr_keep(expires));
	return TR_DICT("status", tr_string("success"), "result", TR_DICT("status_code", tr_int(200), "data", data));
}

static void start(world *w, const char *keychain, const char *workflow)
{
	world_start(w, 0);
	world_playbook_with(w, keychain, workflow);
	world_plugin(w, "noop", give);
	world_plugin(w, "secrets", secrets);
	world_plugin(w, "http", token);
	world_run(w, 1, 1, "work", "{\"workload\": {\"who\": \"ada\"}}");
	world_wait(w, &w->terminal, 1);
}

static tr_value result(world *w)
{
	return tr_map_get_s(world_event(w, EVENT_STEP_DONE)->payload, "result");
}

static void entries_that_are_given_are_read_as_they_are(void **state)
{
	(void)state;
	world w;
	start(&w,
	      "keychain:\n"
	      "  - { name: fixed, kind: static, map: { user: \"{{ workload.who }}\", port: 5432, token: "
	      "\"tok-{{ env.HOME }}\" } }\n"
	      "  - { name: pass, kind: bearer, token: \"abc-{{ env.HOME }}\" }\n",
	      "- step: work\n  tool: { kind: noop, give: \"{{ [keychain.fixed.user, keychain.fixed.port, "
	      "keychain.pass.authorization == 'Bearer abc-/nowhere', keychain.pass.authorization, "
	      "keychain.fixed.token] }}\" }\n");
	world_assert_json(result(&w),
			  "[\"ada\", 5432, true, \"***\", \"***\"]"); /* in events what is secret is hidden */
	world_stop(&w);
}

static void secrets_come_through_the_plugin_field_by_field(void **state)
{
	(void)state;
	world w;
	start(&w,
	      "keychain:\n"
	      "  db: { kind: secret_manager, provider: vault, map: { user: db/user, password: db/password } }\n"
	      "  one: { kind: credential, name: stored }\n",
	      "- step: work\n  tool: { kind: noop, give: \"{{ [keychain.db.user == 'vault/db/user', "
	      "keychain.db.password == 'vault/db/password', keychain.one.value == 'credential/stored', "
	      "keychain.one.value] }}\" }\n");
	world_assert_json(result(&w), "[true, true, true, \"***\"]");
	world_stop(&w);
}

static void an_entry_nobody_uses_is_not_resolved(void **state)
{
	(void)state;
	world w;
	start(&w, "keychain:\n  db: { kind: secret_manager, provider: vault, map: { user: missing } }\n",
	      "- step: work\n  tool: { kind: noop, give: 1 }\n");
	world_assert_json(result(&w), "1");
	assert_int_equal(w.fetched, 0);
	world_stop(&w);
}

#define OAUTH(extra)                                                                                                 \
	"keychain:\n"                                                                                                \
	"  app: { kind: static, map: { id: \"app-{{ workload.who }}\" } }\n"                                         \
	"  api: { kind: oauth2, endpoint: \"https://login.example/token\", data: { client_id: \"{{ keychain.app.id " \
	"}}\" }" extra " }\n"

static void one_token_serves_all_iterations_of_an_execution(void **state)
{
	(void)state;
	world w;
	start(&w, OAUTH(""),
	      "- step: work\n"
	      "  loop: { in: 50, iterator: n, spec: { mode: parallel } }\n"
	      "  tool: { kind: noop, give: \"{{ keychain.api.access_token == 't1-app-ada' }}\" }\n");
	tr_value results = TR_GET(world_event(&w, EVENT_LOOP_DONE)->payload, "result", "results");
	for (size_t i = 0; i < 50; i++)
		world_assert_json(tr_array_at(results, i), "true");
	assert_int_equal(w.fetched, 1);
	world_stop(&w);
}

static void a_token_that_has_ended_is_asked_for_again(void **state)
{
	(void)state;
	world w;
	start(&w, OAUTH(", expires: 0"),
	      "- step: work\n"
	      "  tool:\n"
	      "    - a: { kind: noop, give: \"{{ keychain.api.access_token }}\" }\n"
	      "    - b: { kind: noop, give: \"{{ [_prev == 't1-app-ada', keychain.api.access_token == 't2-app-ada'] "
	      "}}\" }\n");
	world_assert_json(result(&w), "[true, true]");
	world_stop(&w);
}

static void an_entry_that_cannot_be_resolved_is_an_outcome_and_tried_again(void **state)
{
	(void)state;
	world w;
	start(&w, "keychain:\n  db: { kind: secret_manager, provider: vault, map: { user: missing } }\n",
	      "- step: work\n"
	      "  tool:\n"
	      "    - a: { kind: noop, give: \"{{ keychain.db.user }}\", eval: [ { expr: \"{{ outcome.error.kind == "
	      "'template' }}\","
	      " do: retry, attempts: 2 } ] }\n");
	world_assert_json(TR_GET(world_event(&w, EVENT_STEP_FAILED)->payload, "error", "kind"), "\"template\"");
	assert_int_equal(w.fetched, 2);
	/* Why it cannot be had is no secret. */
	tr_value why = tr_redact(w.node, tr_string("vault: no such secret"));
	world_assert_json(why, "\"vault: no such secret\"");
	tr_drop(why);
	world_stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entries_that_are_given_are_read_as_they_are),
	    cmocka_unit_test(secrets_come_through_the_plugin_field_by_field),
	    cmocka_unit_test(an_entry_nobody_uses_is_not_resolved),
	    cmocka_unit_test(one_token_serves_all_iterations_of_an_execution),
	    cmocka_unit_test(a_token_that_has_ended_is_asked_for_again),
	    cmocka_unit_test(an_entry_that_cannot_be_resolved_is_an_outcome_and_tried_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
