/* SPDX-License-Identifier: Apache-2.0 */
/** How an entry of a keychain is resolved, by its kind. */
#include "actors/worker/keychain_internal.h"
#include "actors/worker/plugin_call.h"
#include "actors/worker/render.h"

#include <troupe/log.h>
#include "plugins/host/command.h"
#include "plugins/host/host.h"

#define RESOLVE_TIMEOUT (60 * TR_SECOND)
#define HOLDS_S         INT64_C(3600) /* when nothing says how long */
#define EARLY_S         30            /* a token is renewed so long before it ends */

static tr_value ok(tr_value value, int64_t seconds)
{
	return TR_LIST(TR_A(ok), value, tr_int(seconds));
}

static tr_value failed(tr_value text)
{
	return TR_LIST(TR_A(error), text);
}

/* Everything of the entry that is not about the entry itself. */
static tr_value inputs_of(tr_value config)
{
	static const char *const own[] = {"kind", "name", "scope", "ttl", "auto_renew", "map", "description"};
	tr_value out = tr_keep(config);
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
		tr_value key = tr_string(own[i]);
		out = tr_map_del(out, key);
		tr_drop(key);
	}
	return out;
}

static tr_value perform(const char *kind, tr_value input, const key_entry *e)
{
	tr_value context =
	    TR_DICT("execution_id", tr_stringf("%lld", (long long)e->execution_id), "playbook",
		    tr_string_n(e->book->name.p, e->book->name.n), "step", tr_string("keychain"), "label",
		    tr_string_n(e->book->keychain[e->index].name.p, e->book->keychain[e->index].name.n), "attempt",
		    tr_int(1), "deadline_ns", tr_int(tr_in(RESOLVE_TIMEOUT)));
	return command_perform(kind, input, context, tr_absent(), tr_in(RESOLVE_TIMEOUT));
}

/* The result of an outcome (taken), or absent with the reason in *why. */
static tr_value result_of(tr_value outcome, tr_value *why)
{
	bool good = tr_str_is(tr_as_str(tr_map_get_s(outcome, "status")), "success");
	tr_value message = TR_GET(outcome, "error", "message");
	tr_value result = good ? tr_keep(tr_map_get_s(outcome, "result")) : tr_absent();
	if (!good)
		tr_assign(why, tr_is(message, TR_STRING) ? tr_keep(message) : tr_string("the plugin gave no reason"));
	tr_drop(outcome);
	return good && !tr_is_valid(result) ? tr_nil() : result;
}

static tr_value as_static(tr_value config)
{
	tr_value map = tr_map_get_s(config, "map");
	if (!tr_is(map, TR_MAP))
		map = tr_map_get_s(config, "data");
	return ok(tr_is(map, TR_MAP) ? tr_keep(map) : inputs_of(config), HOLDS_S);
}

static tr_value as_bearer(tr_value config)
{
	tr_value token = tr_map_get_s(config, "token");
	if (!tr_is(token, TR_STRING))
		return failed(tr_string("a keychain entry of kind bearer needs a token"));
	return ok(TR_DICT("token", tr_keep(token), "access_token", tr_keep(token), "authorization",
			  tr_stringf("Bearer %s", tr_as_cstr(token, ""))),
		  HOLDS_S);
}

static tr_value as_oauth2(tr_value config, const key_entry *e)
{
	tr_value input = inputs_of(config), why = tr_absent();
	tr_value data = tr_map_get_s(input, "data");
	if (!tr_is_valid(tr_map_get_s(input, "method")))
		input = tr_map_put_s(input, "method", tr_string("POST"));
	if (tr_is(data, TR_MAP) && !tr_is_valid(tr_map_get_s(input, "form"))) {
		tr_value key = tr_string("data");
		input = tr_map_put_s(input, "form", tr_keep(data));
		input = tr_map_del(input, key);
		tr_drop(key);
	}
	tr_value result = result_of(perform("http", input, e), &why);
	if (!tr_is_valid(result))
		return failed(why);
	tr_value body = tr_keep(tr_map_get_s(result, "data"));
	tr_drop(result);
	if (!tr_is(body, TR_MAP)) {
		tr_drop(body);
		return failed(tr_string("the endpoint's answer is no JSON object"));
	}
	int64_t seconds = tr_as_int(tr_map_get_s(body, "expires_in"), HOLDS_S);
	return ok(body, seconds > 2 * EARLY_S ? seconds - EARLY_S : seconds / 2);
}

static tr_value one_secret(tr_value config, tr_value name, const key_entry *e, tr_value *why)
{
	tr_value input = tr_map_put_s(inputs_of(config), "name", tr_keep(name));
	tr_value result = result_of(perform("secrets", input, e), why);
	tr_value value = tr_map_get_s(result, "value");
	if (!tr_is_valid(value))
		return result;
	value = tr_keep(value);
	tr_drop(result);
	return value;
}

static tr_value as_secrets(tr_value config, const key_entry *e)
{
	tr_value map = tr_map_get_s(config, "map"), why = tr_absent();
	if (!tr_is(map, TR_MAP)) {
		tr_value name = tr_map_get_s(config, "name");
		tr_value value = one_secret(config, tr_is_valid(name) ? name : tr_nil(), e, &why);
		if (!tr_is_valid(value))
			return failed(why);
		return ok(tr_is(value, TR_MAP) ? value : TR_DICT("value", value), HOLDS_S);
	}
	tr_value out = tr_map();
	const tr_entry *entries = tr_map_entries(map);
	for (size_t i = 0, n = tr_map_len(map); i < n; i++) {
		tr_value value = one_secret(config, entries[i].value, e, &why);
		if (!tr_is_valid(value)) {
			tr_drop(out);
			return failed(why);
		}
		out = tr_map_put(out, tr_keep(entries[i].key), value);
	}
	return ok(out, HOLDS_S);
}

static tr_value by_kind(tr_value config, const key_entry *e)
{
	const char *kind = tr_as_cstr(tr_map_get_s(config, "kind"), "static");
	tr_str k = tr_s(kind);
	if (tr_str_is(k, "static"))
		return as_static(config);
	if (tr_str_is(k, "bearer"))
		return as_bearer(config);
	if (tr_str_is(k, "oauth2"))
		return as_oauth2(config, e);
	if (tr_str_is(k, "credential")) {
		tr_value named = tr_map_put_s(tr_keep(config), "provider", tr_string("credential"));
		tr_value out = as_secrets(named, e);
		tr_drop(named);
		return out;
	}
	if (tr_str_is(k, "secret_manager") || tr_str_is(k, "secret"))
		return as_secrets(config, e);
	tr_value why = tr_absent();
	tr_value result = result_of(perform(kind, inputs_of(config), e), &why);
	return tr_is_valid(result) ? ok(result, HOLDS_S) : failed(why);
}

/* ---- the hooks at secret_resolve ----
 *
 * They never see a secret that is not theirs: the context names the entry, and what the resolver gave is kept here.
 */

typedef struct resolving {
	tr_value config;
	const key_entry *e;
	tr_value given; /* [ok, value, seconds] or [error, text] */
} resolving;

static tr_value resolve_core(void *arg, tr_value context)
{
	resolving *r = arg;
	(void)context;
	tr_assign(&r->given, by_kind(r->config, r->e));
	bool good = TR_IS_A(tr_array_at(r->given, 0), ok);
	return TR_DICT("status", tr_string(good ? "success" : "error"));
}

/* A hook that stood instead gives {value: mapping, ttl?: seconds}. */
static tr_value from_hooks(tr_value result)
{
	tr_value value = tr_map_get_s(result, "value");
	if (!tr_is_valid(value))
		return failed(tr_string("a hook at secret_resolve gave no value"));
	return ok(tr_is(value, TR_MAP) ? tr_keep(value) : TR_DICT("value", tr_keep(value)),
		  tr_as_int(tr_map_get_s(result, "ttl"), HOLDS_S));
}

static tr_value by_hooks(tr_value config, const key_entry *e)
{
	if (!hooks_any(tr_here(), HOOK_SECRET_RESOLVE))
		return by_kind(config, e);
	resolving r = {.config = config, .e = e, .given = tr_absent()};
	tr_value refusal = tr_absent(), kind = tr_map_get_s(config, "kind");
	tr_str name = e->book->keychain[e->index].name;
	tr_value context = TR_DICT("execution_id", tr_stringf("%lld", (long long)e->execution_id), "playbook",
				   tr_string_n(e->book->path.p, e->book->path.n), "name", tr_string_n(name.p, name.n),
				   "kind", tr_is(kind, TR_STRING) ? tr_keep(kind) : tr_string("static"));
	tr_value result = hooks_run(HOOK_SECRET_RESOLVE, context, resolve_core, &r, &refusal);
	bool refused = tr_is_valid(refusal), own = tr_is_valid(tr_map_get_s(result, "value"));
	if (refused) {
		tr_value error = hook_error(refusal);
		tr_assign(&r.given, failed(tr_keep(tr_map_get_s(error, "message"))));
		tr_drop(error);
	} else if (own || !tr_is_valid(r.given)) {
		tr_assign(&r.given, from_hooks(result));
	}
	tr_drop(result);
	return r.given;
}

static void redact(tr_value v)
{
	if (tr_is(v, TR_STRING))
		(void)tr_redact_add(tr_here(), tr_as_str(v), tr_absent());
	for (size_t i = 0; i < tr_map_len(v); i++)
		redact(tr_map_entries(v)[i].value);
}

/* What the chain holds is secret wherever it turns up; of what a playbook wrote down itself, the fields that are called
 * so. */
static void redact_entry(tr_value config, tr_value given)
{
	tr_value fields = tr_array_at(given, 1);

	if (!TR_IS_A(tr_array_at(given, 0), ok))
		return;
	if (!tr_str_is(tr_as_str(tr_map_get_s(config, "kind")), "static")) {
		redact(fields);
		return;
	}
	for (size_t i = 0; i < tr_map_len(fields); i++) {
		const tr_entry *e = &tr_map_entries(fields)[i];
		if (tr_redact_name(tr_as_str(e->key)))
			redact(e->value);
	}
}

tr_value keychain_resolve(const key_entry *e)
{
	const playbook *book = e->book;
	/* An entry sees the workload, the environment and the other entries. */
	run_scope run = {.book = book,
			 .step = &book->steps[0],
			 .execution_id = e->execution_id,
			 .workload = e->workload,
			 .env = e->env,
			 .keychain = keychain_map(book, e->execution_id, e->workload, e->env),
			 .has_refs = true};
	event_list warnings = {0};
	renderer r = {.names = {.run = &run}, .events = &warnings, .now_us = tr_wall_us()};
	tr_value error = tr_absent();
	tr_value config = render_value(&r, book->keychain[e->index].config, &error);
	tr_value out;
	if (tr_is(config, TR_MAP)) {
		out = by_hooks(config, e);
		redact_entry(config, out);
	} else {
		tr_value message = tr_map_get_s(error, "message");
		out = failed(tr_is(message, TR_STRING) ? tr_keep(message) : tr_string("it is no mapping"));
	}
	tr_drop(config);
	tr_drop(error);
	tr_drop(run.keychain);
	renderer_fini(&r);
	event_list_fini(&warnings);
	return out;
}
