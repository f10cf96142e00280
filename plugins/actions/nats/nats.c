/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tool kind nats: each command is an actor that talks over a connection which it shares with others.
 *
 * Inputs: operation and what it needs (operations.h), url, auth, timeout. An error is one of input, auth, denied,
 * connection, timeout, tls, not_found (bucket or stream), no_responders, conflict, too_large, unavailable.
 */
#include "plugins/actions/nats/nats.h"
#include "plugins/actions/nats/operations.h"
#include "plugins/actions/nats/pool.h"
#include "plugins/actions/nats/target.h"

#include <string.h>

const char nats_manifest[] =
    "{\"id\": \"nats\", \"version\": \"1.0.0\", \"description\": \"NATS key-value buckets, subjects and streams\","
    " \"license\": \"Apache-2.0\", \"capabilities\": [\"tool:nats\"], \"provides\": {\"node_handler\": \"nats\"},"
    " \"needs\": [\"net\", \"fs:*\", \"call:credentials\", \"secret:*\"],"
    " \"limits\": {\"concurrency\": 256},"
    " \"config\": {"
    "  \"url\": {\"type\": \"string\", \"default\": \"\", \"description\": \"the server when neither task nor "
    "credential "
    "names one\"},"
    "  \"timeout\": {\"type\": \"number\", \"default\": 30, \"description\": \"seconds a task may take\"},"
    "  \"connect_timeout\": {\"type\": \"number\", \"default\": 10, \"description\": \"seconds to connect\"},"
    "  \"idle_seconds\": {\"type\": \"int\", \"default\": 60, \"min\": 1, \"description\": \"a connection that nobody "
    "uses is kept\"},"
    "  \"max_keys\": {\"type\": \"int\", \"default\": 100000, \"min\": 1, \"description\": \"keys that kv_keys may "
    "give\"}}}";

typedef struct operation {
	const char *name;
	tr_value (*run)(nats_task *t);
	bool bulk; /* messages that nobody answers */
} operation;

static const operation operations[] = {
    {"kv_get", nats_kv_get, false},         {"kv_put", nats_kv_put, false},  {"kv_delete", nats_kv_delete, false},
    {"kv_keys", nats_kv_keys, false},       {"publish", nats_publish, true}, {"request", nats_request, false},
    {"js_publish", nats_js_publish, false}, {"js_get", nats_js_get, false},
};

static const operation *find(const char *name)
{
	for (size_t i = 0; name != NULL && i < sizeof operations / sizeof *operations; i++)
		if (strcmp(operations[i].name, name) == 0)
			return &operations[i];
	return NULL;
}

static tr_value read_deadline(nats_task *t, tr_value command)
{
	tr_value given = tr_map_get_s(t->input, "timeout");
	bool own = tr_is_valid(given) && !tr_is_nil(given);
	double seconds = tr_as_float(own ? given : tr_map_get_s(t->config, "timeout"), -1);

	if (!(seconds > 0) || seconds > 1e9)
		return tr_outcome_error("input", false, "nats: timeout must be seconds above 0");
	t->deadline = tr_in((int64_t)(seconds * 1e9));
	if (tr_command_deadline(command) < t->deadline)
		t->deadline = tr_command_deadline(command);
	return tr_absent();
}

static tr_value check_headers(const nats_task *t)
{
	tr_value headers = tr_map_get_s(t->input, "headers");

	if (!tr_is_valid(headers) || tr_is_nil(headers) || tr_is(headers, TR_MAP))
		return tr_absent();
	return tr_outcome_error("input", false, "nats: headers must be a mapping of names to text");
}

/* The library takes a text to end at a NUL: what follows would be lost. */
static tr_value check_texts(const nats_task *t)
{
	static const char *const names[] = {"operation", "subject", "bucket", "key", "stream", "filter"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		tr_str s = tr_as_str(tr_map_get_s(t->input, names[i]));
		if (s.n > 0 && memchr(s.p, '\0', s.n) != NULL)
			return tr_outcome_error("input", false, "nats: %s has a NUL in it", names[i]);
	}
	return tr_absent();
}

/* Where the operator's default server is meant. */
static tr_value input_with_url(const nats_task *t)
{
	tr_value auth = tr_map_get_s(t->input, "auth"), url = tr_map_get_s(t->config, "url");
	bool none = !tr_is_valid(tr_map_get_s(t->input, "url")) && !tr_is_valid(tr_map_get_s(t->input, "host")) &&
		    (!tr_is_valid(auth) || tr_is_nil(auth));

	return none && tr_as_str(url).n > 0 ? tr_map_put_s(tr_keep(t->input), "url", tr_keep(url)) : tr_keep(t->input);
}

static tr_value connect_task(nats_task *t, const operation *o)
{
	tr_value fault, input = tr_own_value(input_with_url(t));

	t->target =
	    tr_own_value(nats_target_read(tr_map_get_s(t->input, "auth"), input, t->context, t->deadline, &fault));
	if (tr_is_valid(t->target))
		fault = nats_task_connect(t, o->bulk);
	t->session = tr_own_value(t->session);
	return fault;
}

static tr_value nats_run(tr_value config, tr_pid plugin, tr_value command)
{
	nats_task *t = tr_own_alloc(sizeof(*t));

	if (t == NULL)
		return tr_invalid(TR_ENOMEM);
	*t = (nats_task){.input = tr_map_get_s(command, "input"),
			 .context = tr_map_get_s(command, "context"),
			 .config = config,
			 .plugin = plugin};
	const operation *o = find(nats_task_text(t, "operation"));
	if (o == NULL)
		return tr_outcome_error("input", false,
					"nats: operation must be one of kv_get, kv_put, kv_delete, kv_keys, publish, "
					"request, js_publish, js_get");
	tr_value fault = check_texts(t);
	if (!tr_is_valid(fault))
		fault = read_deadline(t, command);
	if (!tr_is_valid(fault))
		fault = check_headers(t);
	if (!tr_is_valid(fault))
		fault = connect_task(t, o);
	tr_value outcome = tr_is_valid(fault) ? fault : o->run(t);
	return tr_outcome_put(outcome, "nats", TR_DICT("operation", tr_string(o->name)));
}

const tr_plugin nats_plugin = {
    TR_PLUGIN_HEAD,  .state_size = sizeof(nats_pool), .init = nats_pool_init, .stop = nats_pool_stop,
    .run = nats_run, .call = nats_pool_call,          .cast = nats_pool_cast, .info = nats_pool_info,
};
