/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tool kind duckdb: SQL in DuckDB, whose library is opened when the first task asks for it.
 *
 * Inputs: command(s), query, script or file; database (":memory:" or a granted path; default: one file an execution);
 * params (list: $1 or ?, map: :name); attach; transaction; timeout (seconds); max_bytes of rows. The result is that of
 * the kind postgres.
 *
 * The plugin's actor keeps the engine and closes the sessions of tasks that were ended: call [engine] -> [pid, engine]
 * or a text that says why not; message [gone, session].
 */
#include "plugins/actions/duckdb/duckdb.h"
#include "plugins/shared/duckdb/fault.h"
#include "plugins/shared/duckdb/place.h"
#include "plugins/shared/duckdb/query.h"
#include "plugins/shared/files.h"
#include "plugins/shared/sql/sql.h"
#include "plugins/shared/sql/task.h"

const char duckdb_manifest[] =
    "{\"id\": \"duckdb\", \"version\": \"1.0.0\", \"description\": \"SQL in DuckDB\", \"license\": \"Apache-2.0\","
    " \"capabilities\": [\"tool:duckdb\"], \"provides\": {\"node_handler\": \"duckdb\"},"
    " \"needs\": [\"fs:*\", \"call:credentials\", \"secret:*\"],"
    " \"limits\": {\"concurrency\": 4}," /* each holds a thread of the dirty pool, which has 8 */
    " \"config\": {"
    "  \"timeout\": {\"type\": \"number\", \"default\": 300, \"description\": \"seconds a task may take\"},"
    "  \"max_bytes\": {\"type\": \"int\", \"default\": 67108864, \"min\": 1, \"description\": \"bytes of rows a task "
    "may have\"},"
    "  \"memory\": {\"type\": \"string\", \"default\": \"1GB\", \"description\": \"that a database may use before it "
    "goes to disk\"},"
    "  \"threads\": {\"type\": \"int\", \"default\": 0, \"min\": 0, \"max\": 1024, \"description\": \"of a database; "
    "0: "
    "as many as processors\"},"
    "  \"library\": {\"type\": \"string\", \"default\": \"\", \"description\": \"path of libduckdb.so\"},"
    "  \"keep\": {\"type\": \"number\", \"default\": 2, \"min\": 0, \"max\": 3600, \"description\": \"seconds for "
    "which "
    "an execution's own database stays open behind its last task\"},"
    "  \"keep_named\": {\"type\": \"number\", \"default\": 0, \"min\": 0, \"max\": 3600, \"description\": \"the same "
    "of "
    "files that tasks name: as long as one is open, no other process can open it\"},"
    "  \"folder\": {\"type\": \"string\", \"default\": \"\", \"description\": \"where the databases of executions are; "
    "without it they are in memory\"}}}";

typedef struct state {
	tr_value config;
	tr_value engine; /* absent until it was asked for */
} state;

static tr_err duckdb_init(void *st, tr_value config, tr_value *reason)
{
	state *s = st;

	(void)reason;
	s->config = tr_keep(config);
	s->engine = tr_absent();
	return TR_OK;
}

static void *do_close_all(void *arg)
{
	duck_engine_sweep(arg, true);
	return NULL;
}

static void duckdb_stop(void *st)
{
	state *s = st;

	/* Also when some task's actor still has it. */
	if (duck_engine_of(s->engine) != NULL)
		(void)tr_dirty(do_close_all, duck_engine_of(s->engine), NULL);
	tr_clear(&s->engine);
	tr_clear(&s->config);
}

typedef struct opening {
	tr_value config, folders, engine, why;
} opening;

static void *do_open(void *arg)
{
	opening *o = arg;

	o->engine = duck_engine_open(o->config, o->folders, &o->why);
	return NULL;
}

static tr_value duckdb_call(void *st, tr_value request, tr_from from)
{
	state *s = st;
	opening o = {.config = s->config, .engine = tr_absent(), .why = tr_absent()};
	tr_err err = TR_OK;

	(void)request;
	(void)from;
	if (!tr_is_valid(s->engine)) {
		o.folders = tr_own_value(files_granted());
		(void)tr_dirty(do_open, &o, &err);
		s->engine = o.engine;
	}
	if (tr_is_valid(s->engine))
		return TR_LIST(tr_pid_value(tr_self()), tr_keep(s->engine));
	return tr_is_valid(o.why) ? o.why : tr_string(tr_err_text(err != TR_OK ? err : TR_ENOMEM));
}

static void duckdb_info(void *st, tr_value message)
{
	(void)st;
	if (!duck_lease_gone(message))
		(void)duck_lease_sweep(message);
}

/* ---- the actor of a command ---- */

static int64_t keep_of(tr_value config, tr_value database)
{
	bool named = tr_is_valid(database) && !tr_is_nil(database);

	return (int64_t)(tr_as_float(tr_map_get_s(config, named ? "keep_named" : "keep"), 0) * 1e9);
}

/* What q is to do, but for its session; absent or an outcome. */
static tr_value prepare(duck_query *q, duck_engine *e, tr_value config, tr_value command, int64_t deadline)
{
	tr_value input = tr_map_get_s(command, "input"), context = tr_map_get_s(command, "context"), why, fault;

	q->statements = sql_of_task(input, context, "duckdb", &why);
	if (!tr_is_valid(q->statements)) {
		fault = tr_outcome_error("input", false, "%s", tr_as_cstr(why, "?"));
		tr_drop(why);
		return fault;
	}
	q->params = tr_keep(tr_map_get_s(input, "params"));
	q->transaction = tr_as_bool(tr_map_get_s(input, "transaction"), false);
	q->max_bytes = sql_max_bytes(config, input);
	q->keep_ns = keep_of(config, tr_map_get_s(input, "database"));
	fault = sql_params_fault(q->params, "duckdb");
	if (!tr_is_valid(fault))
		q->path = duck_database(e, tr_map_get_s(input, "database"), context, &fault);
	if (!tr_is_valid(fault))
		q->attach = duck_attach(e, tr_map_get_s(input, "attach"), context, deadline, &fault);
	return fault;
}

static tr_value perform(tr_value held, duck_lease *l, int64_t deadline)
{
	duck_query *q = duck_query_of(held);
	tr_err err = duck_do(l, duck_query_work, q, held, deadline);

	if (err == TR_OK) {
		duck_lease_end(l);
		return duck_query_outcome(q);
	}
	if (err == TR_ETIMEOUT) /* the lease stays: whatever still runs is closed by the keeper */
		return duck_fault_timeout(atomic_load(&q->number));
	return tr_outcome_error("busy", true, "duckdb: the node has no thread for it now: %s", tr_err_text(err));
}

static tr_value duckdb_run(tr_value config, tr_pid plugin, tr_value command)
{
	int64_t deadline = sql_deadline(config, tr_map_get_s(command, "input"), command);
	tr_value fault, reply = tr_call(plugin, TR_LIST(tr_atom("engine")), deadline);
	tr_value first = tr_is(reply, TR_ARRAY) ? tr_keep(tr_array_at(reply, 1)) : tr_keep(reply);

	tr_drop(reply);
	tr_value engine = tr_own_value(duck_engine_reply(first, &fault));
	if (tr_is_valid(fault))
		return fault;
	tr_value held = tr_own_value(duck_query_new()), session = tr_own_value(duck_session_new(tr_keep(engine)));
	duck_query *q = duck_query_of(held);
	if (q == NULL || !tr_is_valid(session))
		return tr_invalid(TR_ENOMEM);
	q->session = duck_session_of(session);
	fault = prepare(q, duck_engine_of(engine), config, command, deadline);
	if (tr_is_valid(fault))
		return fault;
	duck_lease *l = duck_lease_new(tr_keep(session), plugin);
	return l == NULL ? tr_invalid(TR_ENOMEM) : perform(held, l, deadline);
}

const tr_plugin duckdb_plugin = {
    TR_PLUGIN_HEAD,    .state_size = sizeof(state), .init = duckdb_init, .stop = duckdb_stop,
    .run = duckdb_run, .call = duckdb_call,         .info = duckdb_info,
};
