/* SPDX-License-Identifier: Apache-2.0 */
/* Opening databases. What a statement may do is settled before the first statement: files outside the granted folders,
 * the network and extensions are out of reach, and neither that nor the limits can be changed by SQL. */
#include "plugins/shared/duckdb/engine.h"

#include <stdio.h>
#include <string.h>

static void engine_end(void *data)
{
	duck_engine *e = data;

	if (e->cache != NULL)
		duck_engine_sweep(e, true);
	shelf_fini(&e->shelf);
	if (e->cache != NULL)
		e->api.destroy_instance_cache(&e->cache);
	duck_temp_close(&e->temp);
	pthread_mutex_destroy(&e->opening);
	tr_drop(e->folder);
	tr_drop(e->memory);
	tr_drop(e->folders);
	tr_free(e);
}

static const tr_class engine_class = {"duckdb engine", engine_end};

tr_value duck_engine_open(tr_value config, tr_value folders, tr_value *why)
{
	duck_engine *e = tr_alloc(sizeof(*e));

	if (e == NULL)
		return tr_invalid(TR_ENOMEM);
	pthread_mutex_init(&e->opening, NULL);
	e->folder = tr_keep(tr_map_get_s(config, "folder"));
	e->memory = tr_keep(tr_map_get_s(config, "memory"));
	e->threads = tr_as_int(tr_map_get_s(config, "threads"), 0);
	e->folders = tr_keep(folders);
	tr_value object = tr_object(&engine_class, e);
	if (!tr_is_valid(object))
		return object;
	if (duck_api_open(&e->api, tr_as_cstr(tr_map_get_s(config, "library"), ""), why))
		e->cache = e->api.create_instance_cache();
	if (e->cache != NULL) {
		duck_temp_open(&e->temp, tr_as_cstr(e->folder, ""));
		return object;
	}
	if (!tr_is_valid(*why))
		*why = tr_string("DuckDB's library cannot be started");
	tr_drop(object);
	return tr_absent();
}

duck_engine *duck_engine_of(tr_value object)
{
	return tr_as_object(object, &engine_class);
}

/* SQL reaches every folder that was granted to the kind, so whoever has a task performed must be allowed to do so. */
static tr_value check_caller(const duck_engine *e)
{
	tr_value fault = tr_absent();

	for (size_t i = 0; i < tr_array_len(e->folders) && !tr_is_valid(fault); i++) {
		tr_value grant = tr_stringf("fs:%s", tr_as_cstr(tr_array_at(e->folders, i), "/"));
		if (!tr_plugin_caller_granted(tr_as_cstr(grant, "fs:/")))
			fault = tr_outcome_denied(tr_as_cstr(grant, "fs:/"),
						  "duckdb: SQL can use this folder, so a plugin that has SQL performed "
						  "must be granted it, too");
		tr_drop(grant);
	}
	return fault;
}

tr_value duck_engine_reply(tr_value reply, tr_value *fault)
{
	const duck_engine *e = duck_engine_of(reply);

	*fault = e == NULL ? tr_absent() : check_caller(e);
	if (e != NULL && !tr_is_valid(*fault))
		return reply;
	if (e != NULL) {
		tr_drop(reply);
		return tr_absent();
	}
	if (tr_is(reply, TR_STRING))
		*fault = tr_outcome_error("missing", false, "duckdb: %s", tr_as_cstr(reply, ""));
	else
		*fault = tr_outcome_error("busy", true, "duckdb: the plugin duckdb does not answer: %s",
					  tr_is_valid(reply) ? "is it in another process?"
							     : tr_err_text(tr_value_err(reply)));
	tr_drop(reply);
	return tr_absent();
}

tr_value duck_engine_ask(int64_t deadline, tr_pid *keeper, tr_value *fault)
{
	tr_value reply = tr_plugin_call("duckdb", TR_LIST(tr_atom("engine")), deadline);

	*keeper = tr_as_pid(tr_array_at(reply, 0));
	tr_value object = tr_is(reply, TR_ARRAY) ? tr_keep(tr_array_at(reply, 1)) : tr_keep(reply);
	tr_drop(reply);
	return duck_engine_reply(object, fault);
}

/* ---- settings ---- */

static void put_quoted(tr_buf *out, tr_str text)
{
	tr_buf_putc(out, '\'');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\'')
			tr_buf_putc(out, '\'');
		tr_buf_putc(out, text.p[i]);
	}
	tr_buf_putc(out, '\'');
}

/* What is to be said before the database is open; the same for each opening, or DuckDB refuses the second. */
static bool configure(duck_engine *e, const char *path, duckdb_config config)
{
	const duck_api *api = &e->api;
	char threads[24], temp[PATH_MAX];
	bool ok = api->set_config(config, "autoinstall_known_extensions", "false") == DUCKDB_SUCCESS &&
		  api->set_config(config, "autoload_known_extensions", "false") == DUCKDB_SUCCESS &&
		  api->set_config(config, "allow_community_extensions", "false") == DUCKDB_SUCCESS;

	(void)snprintf(threads, sizeof threads, "%lld", (long long)e->threads);
	if (tr_as_str(e->memory).n > 0)
		ok = ok && api->set_config(config, "memory_limit", tr_as_cstr(e->memory, "")) == DUCKDB_SUCCESS;
	duck_temp_of(&e->temp, path, temp);
	ok = ok && api->set_config(config, "temp_directory", temp) == DUCKDB_SUCCESS;
	if (e->threads > 0)
		ok = ok && api->set_config(config, "threads", threads) == DUCKDB_SUCCESS;
	return ok;
}

/* The rest by SQL, where lists can be said. A database that others have open is set up and locked. */
static bool lock_down(const duck_engine *e, duckdb_connection c, tr_value *why)
{
	tr_buf sql = {0};
	duckdb_result r = {0};

	tr_buf_puts(&sql, "SET allowed_directories = [");
	for (size_t i = 0; i < tr_array_len(e->folders); i++) {
		tr_buf_puts(&sql, i == 0 ? "" : ", ");
		put_quoted(&sql, tr_as_str(tr_array_at(e->folders, i)));
	}
	tr_buf_puts(&sql, "]; SET enable_external_access = false; SET allowed_configs = ['TimeZone', 'schema', "
			  "'search_path', 'default_null_order', 'default_order', 'preserve_insertion_order']; "
			  "SET lock_configuration = true");
	bool ok = sql.err == TR_OK && e->api.query(c, sql.p, &r) == DUCKDB_SUCCESS;
	if (!ok)
		*why = tr_stringf("the database cannot be set up: %s",
				  sql.err == TR_OK ? e->api.result_error(&r) : tr_err_text(sql.err));
	e->api.destroy_result(&r);
	tr_buf_fini(&sql);
	return ok;
}

static bool is_locked(const duck_engine *e, duckdb_connection c)
{
	duckdb_result r = {0};
	bool locked = e->api.query(c, "SET lock_configuration = false", &r) != DUCKDB_SUCCESS;

	e->api.destroy_result(&r);
	return locked;
}

static bool open_database(duck_engine *e, const char *path, duckdb_database *db, tr_value *why)
{
	duckdb_config config = NULL;
	char *said = NULL;
	bool ok = e->api.create_config(&config) == DUCKDB_SUCCESS && configure(e, path, config);

	if (!ok)
		*why = tr_string("the settings of the plugin duckdb are not to DuckDB's liking");
	else if (e->api.get_or_create_from_cache(e->cache, path, db, config, &said) != DUCKDB_SUCCESS) {
		*why = said == NULL ? tr_string("the database cannot be opened") : tr_string_lossy(said, strlen(said));
		e->api.free(said);
		ok = false;
	}
	e->api.destroy_config(&config);
	return ok;
}

static bool is_file(const char *path)
{
	return strcmp(path, ":memory:") != 0;
}

duckdb_connection duck_engine_connect(duck_engine *e, const char *path, duckdb_database *db, bool *known, tr_value *why)
{
	duckdb_connection c = NULL;

	*why = tr_absent();
	pthread_mutex_lock(&e->opening);
	bool kept = shelf_has(&e->shelf, path);
	/* Before it is opened: then what a log beside it has is in the file. Nobody else opens it in between, since
	 * they would find it locked and this would fail. */
	*known = !is_file(path) || kept || shelf_is_marked(&e->shelf, path);
	if (open_database(e, path, db, why)) {
		if (e->api.connect(*db, &c) != DUCKDB_SUCCESS)
			*why = tr_string("DuckDB does not take another connection");
		if (c != NULL && !kept && !is_locked(e, c) && !lock_down(e, c, why))
			e->api.disconnect(&c);
		if (c == NULL)
			e->api.close(db);
	}
	pthread_mutex_unlock(&e->opening);
	return c;
}

/* ---- behind the last task ---- */

/* Not under the lock: closing writes to disk. */
static void close_one(duck_engine *e, duckdb_database db)
{
	if (db != NULL)
		e->api.close(&db);
}

void duck_engine_release(duck_engine *e, const char *path, duckdb_database *db, duck_after after)
{
	duckdb_database kept = NULL;

	pthread_mutex_lock(&e->opening);
	if (after.strayed)
		kept = shelf_take(&e->shelf, path);
	else if (after.keep_ns > 0 && after.looked && is_file(path))
		(void)shelf_put(&e->shelf, path, db, tr_in(after.keep_ns));
	pthread_mutex_unlock(&e->opening);
	close_one(e, kept);
	if (*db == NULL)
		return;
	e->api.close(db);
	if (!after.looked || !is_file(path))
		return;
	pthread_mutex_lock(&e->opening);
	shelf_mark_file(&e->shelf, path);
	pthread_mutex_unlock(&e->opening);
}

void duck_engine_sweep(duck_engine *e, bool all)
{
	duckdb_database db;

	do {
		pthread_mutex_lock(&e->opening);
		db = shelf_take_due(&e->shelf, all ? TR_FOREVER : tr_now());
		pthread_mutex_unlock(&e->opening);
		close_one(e, db);
	} while (db != NULL);
}

int64_t duck_engine_due(duck_engine *e)
{
	pthread_mutex_lock(&e->opening);
	int64_t due = shelf_due(&e->shelf);
	pthread_mutex_unlock(&e->opening);
	return due;
}
