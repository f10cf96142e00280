/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tool kind transfer: rows from one place to another, a chunk at a time.
 *
 * Inputs: source and target (kind and its keys: http, postgres, duckdb, snowflake, file); mode (append, replace, upsert
 * with key); mapping (target column to source column); chunk_size; timeout. Result { rows_transferred, chunks }.
 *
 * The plugin's actor is a pool of PostgreSQL's sessions that keeps none, and has Snowflake's tokens: it cancels what
 * tasks leave that were ended.
 */
#include "plugins/actions/transfer/transfer.h"
#include "plugins/actions/transfer/job.h"
#include "plugins/actions/transfer/snowflake_stage.h"
#include "plugins/shared/files.h"
#include "plugins/shared/postgres/pool.h"
#include "plugins/shared/sql/task.h"

#define CHUNK_MAX 1000000

const char transfer_manifest[] =
    "{\"id\": \"transfer\", \"version\": \"1.0.0\", \"description\": \"Rows from one place to another\", \"license\": "
    "\"Apache-2.0\","
    " \"capabilities\": [\"tool:transfer\"], \"provides\": {\"node_handler\": \"transfer\"},"
    " \"needs\": [\"net\", \"fs:*\", \"call:credentials\", \"secret:*\", \"call:duckdb\", \"call:http\"],"
    " \"limits\": {\"concurrency\": 4}," /* a transfer may hold a thread of the dirty pool, which has 8 */
    " \"config\": {"
    "  \"timeout\": {\"type\": \"number\", \"default\": 3600, \"description\": \"seconds a task may take\"},"
    "  \"chunk_size\": {\"type\": \"int\", \"default\": 10000, \"min\": 1, \"max\": 1000000, \"description\": \"rows "
    "of "
    "a chunk\"},"
    "  \"idle_connections\": {\"type\": \"int\", \"default\": 0, \"min\": 0, \"max\": 0, \"description\": \"none is "
    "kept\"}}}";

static tr_value kind_of(tr_value spec)
{
	tr_value kind = tr_map_get_s(spec, "kind");

	return tr_is_valid(kind) ? kind : tr_map_get_s(spec, "type");
}

static tr_value read_places(transfer *t, tr_value input)
{
	tr_value from = tr_map_get_s(input, "source"), to = tr_map_get_s(input, "target");

	if (!tr_is(from, TR_MAP) || !tr_is(to, TR_MAP))
		return tr_outcome_error("input", false, "transfer: %s must be a mapping: its kind and its keys",
					tr_is(from, TR_MAP) ? "target" : "source");
	t->source = source_find(tr_as_str(kind_of(from)));
	t->target = target_find(tr_as_str(kind_of(to)));
	if (t->source == NULL)
		return tr_outcome_error("input", false, "transfer: the kind of source must be %s, not %s",
					source_kinds(), tr_as_cstr(kind_of(from), "nothing"));
	if (t->target == NULL)
		return tr_outcome_error("input", false, "transfer: the kind of target must be %s, not %s",
					target_kinds(), tr_as_cstr(kind_of(to), "nothing"));
	t->source_spec = tr_keep(from);
	t->target_spec = tr_keep(to);
	return tr_absent();
}

/* `key` or `keys`: a name or a list of names; here or in the target. Fresh array; absent when it is something else. */
static tr_value read_keys(tr_value input)
{
	tr_value to = tr_map_get_s(input, "target"), keys = tr_map_get_s(input, "key");

	if (!tr_is_valid(keys))
		keys = tr_map_get_s(input, "keys");
	if (!tr_is_valid(keys))
		keys = tr_map_get_s(to, "key");
	if (!tr_is_valid(keys))
		keys = tr_map_get_s(to, "keys");
	if (tr_is(keys, TR_STRING))
		return TR_LIST(tr_keep(keys));
	for (size_t i = 0; i < tr_array_len(keys); i++)
		if (!tr_is(tr_array_at(keys, i), TR_STRING))
			return tr_absent();
	return tr_is(keys, TR_ARRAY) ? tr_keep(keys) : tr_is_valid(keys) && !tr_is_nil(keys) ? tr_absent() : tr_array();
}

static tr_value read_mode(transfer *t, tr_value input)
{
	tr_value mode = tr_map_get_s(input, "mode"), in_target = TR_GET(input, "target", "mode");
	tr_str word = tr_as_str(tr_is_valid(mode) ? mode : in_target);

	t->keys = read_keys(input);
	if (!tr_is_valid(t->keys))
		return tr_outcome_error("input", false,
					"transfer: key must be the name of a column or a list of names");
	if (word.n == 0 || tr_str_is(word, "append"))
		t->mode = MODE_APPEND;
	else if (tr_str_is(word, "replace"))
		t->mode = MODE_REPLACE;
	else if (tr_str_is(word, "upsert"))
		t->mode = MODE_UPSERT;
	else
		return tr_outcome_error("input", false, "transfer: mode must be append, replace or upsert, not %.*s",
					TR_STR(word));
	if (t->mode == MODE_UPSERT && tr_array_len(t->keys) == 0)
		return tr_outcome_error("input", false, "transfer: upsert needs key: the columns that identify a row");
	if (t->mode != MODE_UPSERT)
		tr_assign(&t->keys, tr_array());
	return tr_absent();
}

static tr_value read_rest(transfer *t, tr_value config, tr_value input)
{
	tr_value mapping = tr_map_get_s(input, "mapping"), chunk = tr_map_get_s(input, "chunk_size");

	if (!tr_is_valid(mapping))
		mapping = TR_GET(input, "target", "mapping");
	if (tr_is_valid(mapping) && !tr_is_nil(mapping) && !tr_is(mapping, TR_MAP))
		return tr_outcome_error("input", false,
					"transfer: mapping must be a mapping, target column to source column");
	t->mapping = tr_keep(mapping);
	if (!tr_is_valid(chunk))
		chunk = tr_map_get_s(config, "chunk_size");
	int64_t rows = tr_as_int(chunk, 0);
	if (rows < 1 || rows > CHUNK_MAX)
		return tr_outcome_error("input", false, "transfer: chunk_size must be a number from 1 to %d",
					CHUNK_MAX);
	t->chunk_size = (size_t)rows;
	return tr_absent();
}

static tr_value transfer_run(tr_value config, tr_pid plugin, tr_value command)
{
	tr_value input = tr_map_get_s(command, "input");
	transfer *t;

	if (!tr_is_valid(tr_own_value(transfer_new(&t))))
		return tr_invalid(TR_ENOMEM);
	t->plugin = plugin;
	t->context = tr_keep(tr_map_get_s(command, "context"));
	t->deadline = sql_deadline(config, input, command);
	tr_value fault = files_nul_fault(input, "transfer");
	if (!tr_is_valid(fault))
		fault = read_places(t, input);
	if (!tr_is_valid(fault))
		fault = read_mode(t, input);
	if (!tr_is_valid(fault))
		fault = read_rest(t, config, input);
	return tr_is_valid(fault) ? fault : transfer_perform(t);
}

/* ---- the plugin's actor ---- */

typedef struct state {
	pg_pool pool; /* first: what is of PostgreSQL takes the state as its own */
	snow_tokens tokens;
} state;

static tr_err transfer_init(void *st, tr_value config, tr_value *reason)
{
	state *s = st;
	tr_err err = pg_pool_init(&s->pool, config, reason);

	if (err == TR_OK)
		s->tokens.all = tr_map();
	return err;
}

static void transfer_stop(void *st)
{
	state *s = st;

	pg_pool_stop(&s->pool);
	tr_clear(&s->tokens.all);
}

static bool is_word(tr_value message, const char *word)
{
	return tr_str_is(tr_as_str(tr_array_at(message, 0)), word);
}

static tr_value transfer_call(void *st, tr_value request, tr_from from)
{
	state *s = st;

	return is_word(request, "token") ? snow_tokens_get(&s->tokens, request) : pg_pool_call(&s->pool, request, from);
}

static void transfer_cast(void *st, tr_value request)
{
	state *s = st;

	if (is_word(request, "token"))
		snow_tokens_put(&s->tokens, request);
	else
		pg_pool_cast(&s->pool, request);
}

/* [gone, order]: a statement of a task that was ended; [settle, order]: the table that it leaves. */
static void transfer_info(void *st, tr_value message)
{
	state *s = st;
	tr_value order = tr_array_at(message, 1);

	if (!tr_is(order, TR_ARRAY))
		pg_pool_info(&s->pool, message);
	else
		tr_spawn(is_word(message, "settle") ? snow_stage_settle : snow_wire_cancel, tr_keep(order));
}

const tr_plugin transfer_plugin = {
    TR_PLUGIN_HEAD,      .state_size = sizeof(state), .init = transfer_init, .stop = transfer_stop,
    .run = transfer_run, .call = transfer_call,       .cast = transfer_cast, .info = transfer_info,
};
