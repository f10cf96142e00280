/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tool kind secrets: one secret from a provider (plugins/shared/secrets/providers.h). Result { value }. The value
 * is a secret of the node from then on: events, logs and artifacts hold in its place where it can be had again (a
 * secret_ref), which a later step that uses it resolves anew.
 */
#include "plugins/actions/secrets/secrets.h"
#include "plugins/shared/secrets/providers.h"

#include <string.h>
#include <troupe/log.h>

const char secrets_manifest[] =
    "{\"id\": \"secrets\", \"version\": \"1.0.0\", \"description\": \"Secrets from the environment, files, the "
    "credential store, Vault, Google and AWS\","
    " \"license\": \"Apache-2.0\", \"capabilities\": [\"tool:secrets\"], \"provides\": {\"node_handler\": \"secrets\","
    " \"secret_provider\": \"secrets\"},"
    " \"needs\": [\"call:http\", \"call:credentials\", \"secret:*\", \"fs:*\"],"
    " \"limits\": {\"concurrency\": 64},"
    " \"config\": {"
    "  \"provider\": {\"type\": \"string\", \"default\": \"env\", \"description\": \"when a task names none\"},"
    "  \"folder\": {\"type\": \"string\", \"default\": \"\", \"description\": \"of the provider file\"},"
    "  \"env\": {\"type\": \"list\", \"default\": [], \"description\": \"variables that the provider env may read; "
    "PREFIX_* for several\"},"
    "  \"timeout\": {\"type\": \"number\", \"default\": 30, \"description\": \"seconds\"},"
    "  \"vault\": {\"type\": \"map\", \"default\": {}, \"description\": \"address, token\"},"
    "  \"gcp\": {\"type\": \"map\", \"default\": {}, \"description\": \"token, project, endpoint\"},"
    "  \"aws\": {\"type\": \"map\", \"default\": {}, \"description\": \"access_key_id, secret_access_key, "
    "session_token, region, endpoint\"}}}";

/* What a later step needs to have the value again; without what is itself secret. */
static tr_value reference(const secret_query *q, tr_value provider, tr_value field)
{
	static const char *const kept[] = {"version", "project", "region", "address", "endpoint"};
	tr_value input = TR_DICT("name", tr_string(q->name), "provider", tr_keep(provider));
	tr_value auth = tr_map_get_s(q->input, "auth");

	if (tr_is(auth, TR_STRING))
		input = tr_map_put_s(input, "auth", tr_keep(auth));
	if (!tr_is_valid(field))
		field = tr_map_get_s(q->input, "field");
	if (tr_is(field, TR_STRING))
		input = tr_map_put_s(input, "field", tr_keep(field));
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		tr_value v = tr_map_get_s(q->input, kept[i]);
		if (tr_is_valid(v) && !tr_is_nil(v))
			input = tr_map_put_s(input, kept[i], tr_keep(v));
	}
	return TR_DICT("kind", tr_string("secret_ref"), "input", input);
}

/* Each text of the value is a secret, with the place where it can be had. */
static void mark(const secret_query *q, tr_value provider, tr_value value, tr_value field)
{
	if (tr_is(value, TR_STRING)) {
		tr_value ref = reference(q, provider, field);
		(void)tr_redact_add(tr_here(), tr_as_str(value), ref);
		tr_drop(ref);
	}
	for (size_t i = 0; i < tr_map_len(value); i++) {
		const tr_entry *e = &tr_map_entries(value)[i];
		mark(q, provider, e->value, tr_is_valid(field) ? tr_nil() : e->key);
	}
}

/* A plugin that has this task run gets no secret that it may not have; absent, or an outcome. */
static tr_value check_caller(tr_value name)
{
	tr_value grant = tr_stringf("secret:%s", tr_as_cstr(name, "")), fault = tr_absent();

	if (!tr_plugin_caller_granted(tr_as_cstr(grant, "secret")))
		fault = tr_outcome_denied(tr_as_cstr(grant, "secret"), "secrets");
	tr_drop(grant);
	return fault;
}

static tr_value secrets_run(tr_value config, tr_pid plugin, tr_value command)
{
	tr_value input = tr_map_get_s(command, "input"), provider = tr_map_get_s(input, "provider");
	int64_t own = tr_in((int64_t)(tr_as_float(tr_map_get_s(config, "timeout"), 30) * 1e9));
	int64_t outer = tr_command_deadline(command);

	(void)plugin;
	if (!tr_is(provider, TR_STRING))
		provider = tr_map_get_s(config, "provider");
	tr_value name = tr_map_get_s(input, "name");
	secret_provider *run = secret_provider_of(tr_as_str(provider));
	if (run == NULL)
		return tr_outcome_error("input", false, "secrets: the provider \"%s\" is not known; there are %s",
					tr_as_cstr(provider, "?"), secret_provider_names());
	if (!tr_is(name, TR_STRING) || tr_as_str(name).n == 0)
		return tr_outcome_error("input", false, "secrets: a task needs the name of the secret");
	tr_value fault = check_caller(name);
	if (tr_is_valid(fault))
		return fault;
	secret_query q = {.config = config,
			  .input = input,
			  .name = tr_as_cstr(name, ""),
			  .deadline = own < outer ? own : outer,
			  .fault = tr_absent()};
	tr_value value = run(&q);
	if (!tr_is_valid(value))
		return tr_is_valid(q.fault) ? q.fault : tr_invalid(TR_ENOMEM);
	mark(&q, provider, value, tr_absent());
	return tr_outcome_ok(TR_DICT("value", value));
}

const tr_plugin secrets_plugin = {TR_PLUGIN_HEAD, .run = secrets_run};
