/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tool kind postgres: SQL over libpq, a session of a pool for each task while it runs.
 *
 * Inputs: command(s), query or script; params (list: $1 …, map: :name); auth; transaction (all statements or none);
 * timeout (seconds); max_bytes of rows. Result { rows, row_count, columns, affected_rows, statement_count, command_0 …
 * }: rows, columns are those of the last statement that gives rows.
 */
#include "plugins/actions/postgres/postgres.h"
#include "plugins/shared/postgres/pool.h"
#include "plugins/actions/postgres/query.h"
#include "plugins/shared/sql/sql.h"
#include "plugins/shared/sql/task.h"

#include <string.h>

const char postgres_manifest[] =
    "{\"id\": \"postgres\", \"version\": \"1.0.0\", \"description\": \"SQL on PostgreSQL\", \"license\": "
    "\"Apache-2.0\","
    " \"capabilities\": [\"tool:postgres\"], \"provides\": {\"node_handler\": \"postgres\"},"
    " \"needs\": [\"net\", \"fs:*\", \"call:credentials\", \"secret:*\"],"
    " \"limits\": {\"concurrency\": 64},"
    " \"config\": {"
    "  \"timeout\": {\"type\": \"number\", \"default\": 300, \"description\": \"seconds a task may take\"},"
    "  \"max_bytes\": {\"type\": \"int\", \"default\": 67108864, \"min\": 1, \"description\": \"bytes of rows a task "
    "may have\"},"
    "  \"idle_connections\": {\"type\": \"int\", \"default\": 16, \"min\": 0, \"max\": 1000, \"description\": \"that "
    "are kept open\"},"
    "  \"idle_seconds\": {\"type\": \"int\", \"default\": 60, \"min\": 1, \"description\": \"for so long\"}}}";

static void target_end(void *arg)
{
	pg_target_fini(arg);
	tr_free(arg);
}

static tr_value perform(pg_query *q, tr_pid plugin, tr_value input, tr_value context)
{
	pg_target *target = tr_alloc(sizeof(*target));

	if (target != NULL)
		memset(target, 0, sizeof(*target));
	if (target == NULL || tr_own(target, target_end) != TR_OK)
		return tr_invalid(TR_ENOMEM);
	tr_value fault = pg_target_read(target, tr_map_get_s(input, "auth"), input, context, q->deadline);
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
	tr_value params = tr_map_get_s(input, "params");

	if (!tr_is_valid(statements)) {
		tr_value fault = tr_outcome_error("input", false, "%s", tr_as_cstr(why, "?"));
		tr_drop(why);
		return fault;
	}
	statements = tr_own_value(statements);
	tr_value wrong = sql_params_fault(params, "postgres");
	if (tr_is_valid(wrong))
		return wrong;
	pg_query *q = pg_query_new();
	if (q == NULL)
		return tr_invalid(TR_ENOMEM);
	q->statements = statements;
	q->params = params;
	q->deadline = sql_deadline(config, input, command);
	q->transaction = tr_as_bool(tr_map_get_s(input, "transaction"), false);
	q->max_bytes = sql_max_bytes(config, input);
	return perform(q, plugin, input, tr_map_get_s(command, "context"));
}

const tr_plugin postgres_plugin = {
    TR_PLUGIN_HEAD,      .state_size = sizeof(pg_pool), .init = pg_pool_init, .stop = pg_pool_stop,
    .run = postgres_run, .call = pg_pool_call,          .cast = pg_pool_cast, .info = pg_pool_info,
};
