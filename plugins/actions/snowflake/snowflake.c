/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tool kind snowflake: each command is an actor that asks the account over the plugin `http`.
 *
 * Inputs: command(s), query, script or file; params (list: $1 or ?, map: :name); auth; account, database, schema,
 * warehouse, role; transaction; timeout (seconds); max_bytes of rows. The result is that of the kind postgres.
 */
#include "plugins/actions/snowflake/snowflake.h"
#include "plugins/actions/snowflake/query.h"
#include "plugins/shared/sql/sql.h"
#include "plugins/shared/sql/task.h"

const char snowflake_manifest[] =
    "{\"id\": \"snowflake\", \"version\": \"1.0.0\", \"description\": \"SQL in Snowflake\", \"license\": "
    "\"Apache-2.0\","
    " \"capabilities\": [\"tool:snowflake\"], \"provides\": {\"node_handler\": \"snowflake\"},"
    " \"needs\": [\"net\", \"fs:*\", \"call:http\", \"call:credentials\", \"secret:*\"],"
    " \"limits\": {\"concurrency\": 64},"
    " \"config\": {"
    "  \"timeout\": {\"type\": \"number\", \"default\": 300, \"description\": \"seconds a task may take\"},"
    "  \"max_bytes\": {\"type\": \"int\", \"default\": 67108864, \"min\": 1, \"description\": \"bytes of rows a task "
    "may have\"},"
    "  \"max_body\": {\"type\": \"int\", \"default\": 134217728, \"min\": 1, \"description\": \"bytes of one answer of "
    "the server\"}}}";

static tr_err snowflake_init(void *state, tr_value config, tr_value *reason)
{
	snow_tokens *s = state;

	(void)config;
	(void)reason;
	s->all = tr_map();
	return TR_OK;
}

static void snowflake_stop(void *state)
{
	snow_tokens *s = state;

	tr_clear(&s->all);
}

static tr_value snowflake_call(void *state, tr_value request, tr_from from)
{
	(void)from;
	return snow_tokens_get(state, request);
}

static void snowflake_cast(void *state, tr_value request)
{
	snow_tokens_put(state, request);
}

/* [gone, order]: a task ended while its statement ran. */
static void snowflake_info(void *state, tr_value message)
{
	(void)state;
	if (tr_is(tr_array_at(message, 1), TR_ARRAY))
		tr_spawn(snow_wire_cancel, tr_keep(tr_array_at(message, 1)));
}

static tr_value connect_query(snow_query *q, tr_value input)
{
	tr_value fault;

	q->wire.target = snow_target_read(tr_map_get_s(input, "auth"), input, q->wire.deadline, &fault);
	if (q->wire.target == NULL)
		return fault;
	q->wire.headers = tr_own_value(snow_headers(q->wire.target, q->wire.plugin, false, q->wire.deadline, &fault));
	return fault;
}

static tr_value snowflake_run(tr_value config, tr_pid plugin, tr_value command)
{
	tr_value input = tr_map_get_s(command, "input"), why, fault;
	tr_value statements = sql_of_task(input, tr_map_get_s(command, "context"), "snowflake", &why);

	if (!tr_is_valid(statements)) {
		fault = tr_outcome_error("input", false, "%s", tr_as_cstr(why, "?"));
		tr_drop(why);
		return fault;
	}
	statements = tr_own_value(statements);
	fault = sql_params_fault(tr_map_get_s(input, "params"), "snowflake");
	if (tr_is_valid(fault))
		return fault;
	snow_query *q = snow_query_new();
	if (q == NULL)
		return tr_invalid(TR_ENOMEM);
	q->statements = statements;
	q->params = tr_map_get_s(input, "params");
	q->transaction = tr_as_bool(tr_map_get_s(input, "transaction"), false);
	q->max_bytes = sql_max_bytes(config, input);
	q->wire = (snow_wire){.plugin = plugin,
			      .deadline = sql_deadline(config, input, command),
			      .max_body = (size_t)tr_as_int(tr_map_get_s(config, "max_body"), 128 << 20)};
	fault = connect_query(q, input);
	return tr_is_valid(fault) ? fault : snow_query_run(q);
}

const tr_plugin snowflake_plugin = {
    TR_PLUGIN_HEAD,         .state_size = sizeof(snow_tokens),
    .init = snowflake_init, .stop = snowflake_stop,
    .run = snowflake_run,   .call = snowflake_call,
    .cast = snowflake_cast, .info = snowflake_info,
};
