/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tool kind postgres: SQL over libpq, a session of a pool for each task while it runs.
 *
 * Inputs: command(s), query or script; params (list: $1 …, map: :name); auth; transaction (all statements or none);
 * timeout (seconds); max_bytes of rows. Result { rows, row_count, columns, affected_rows, statement_count, command_0 …
 * }: rows, columns are those of the last statement that gives rows.
 */
#include "plugins/actions/postgres/postgres.h"
#include "plugins/actions/postgres/pool.h"
#include "plugins/actions/postgres/query.h"
#include "plugins/shared/sql/sql.h"

#include <string.h>

const char postgres_manifest[] =
    "{\"id\": \"postgres\", \"version\": \"1.0.0\", \"description\": \"SQL on PostgreSQL\", \"license\": "
    "\"Apache-2.0\","
    " \"capabilities\": [\"tool:postgres\"], \"provides\": {\"node_handler\": \"postgres\"},"
    " \"needs\": [\"net\", \"fs:*\", \"call:credentials\"],"
    " \"limits\": {\"concurrency\": 64},"
    " \"config\": {"
    "  \"timeout\": {\"type\": \"number\", \"default\": 300, \"description\": \"seconds a task may take\"},"
    "  \"max_bytes\": {\"type\": \"int\", \"default\": 67108864, \"min\": 1, \"description\": \"bytes of rows a task "
    "may have\"},"
    "  \"idle_connections\": {\"type\": \"int\", \"default\": 16, \"min\": 0, \"max\": 1000, \"description\": \"that "
    "are kept open\"},"
    "  \"idle_seconds\": {\"type\": \"int\", \"default\": 60, \"min\": 1, \"description\": \"for so long\"}}}";

static int64_t deadline_of(tr_value config, tr_value input, tr_value command)
{
	tr_value given = tr_map_get_s(input, "timeout");
	double seconds = tr_as_float(tr_is_valid(given) ? given : tr_map_get_s(config, "timeout"), 300);
	int64_t own = seconds > 0 && seconds < 1e9 ? tr_in((int64_t)(seconds * 1e9)) : TR_FOREVER;
	int64_t outer = tr_command_deadline(command);

	return own < outer ? own : outer;
}

static void target_end(void *arg)
{
	pg_target_fini(arg);
	tr_free(arg);
}

static tr_value perform(pg_query *q, tr_pid plugin, tr_value input)
{
	pg_target *target = tr_alloc(sizeof(*target));

	if (target != NULL)
		memset(target, 0, sizeof(*target));
	if (target == NULL || tr_own(target, target_end) != TR_OK)
		return tr_invalid(TR_ENOMEM);
	tr_value fault = pg_target_read(target, tr_map_get_s(input, "auth"), input, q->deadline);
	pg_lease *l = tr_is_valid(fault) ? NULL : pg_pool_borrow(plugin, target, q->deadline, &fault);
	if (l == NULL)
		return fault;
	q->session = l->session;
	tr_value outcome = tr_own_value(pg_query_run(q));
	pg_pool_return(l, q->spoiled);
	return tr_keep(outcome);
}

static tr_value postgres_run(tr_value config, tr_pid plugin, tr_value command)
{
	tr_value input = tr_map_get_s(command, "input"), why;
	tr_value statements = sql_of_task(input, tr_map_get_s(command, "context"), "postgres", &why);
	tr_value params = tr_map_get_s(input, "params"), max = tr_map_get_s(input, "max_bytes");

	if (!tr_is_valid(statements)) {
		tr_value fault = tr_outcome_error("input", false, "%s", tr_as_cstr(why, "?"));
		tr_drop(why);
		return fault;
	}
	statements = tr_own_value(statements);
	if (tr_is_valid(params) && !tr_is_nil(params) && !tr_is(params, TR_MAP) && !tr_is(params, TR_ARRAY))
		return tr_outcome_error("input", false,
					"postgres: params must be a list ($1, …) or a mapping (:name), not %s",
					tr_type_name(tr_type_of(params)));
	int64_t bytes = tr_as_int(tr_is_valid(max) ? max : tr_map_get_s(config, "max_bytes"), 0);
	pg_query *q = pg_query_new();
	if (q == NULL)
		return tr_invalid(TR_ENOMEM);
	q->statements = statements;
	q->params = params;
	q->deadline = deadline_of(config, input, command);
	q->transaction = tr_as_bool(tr_map_get_s(input, "transaction"), false);
	q->max_bytes = bytes < 1 ? 1 : (size_t)bytes;
	return perform(q, plugin, input);
}

const tr_plugin postgres_plugin = {
    TR_PLUGIN_HEAD,      .state_size = sizeof(pg_pool), .init = pg_pool_init, .stop = pg_pool_stop,
    .run = postgres_run, .call = pg_pool_call,          .cast = pg_pool_cast, .info = pg_pool_info,
};
