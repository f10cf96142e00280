/* SPDX-License-Identifier: Apache-2.0 */
/* Places of results, by way of the tool kinds: what they know of connections, grants and faults holds here too. */
#include "plugins/shared/storage/place.h"
#include "plugins/shared/files.h"

#include <string.h>
#include <troupe/codec.h>
#include <troupe/io.h>

#define BYTES_MAX     ((size_t)1 << 30)
#define DEFAULT_TABLE "troupe_results"

static const char *text_of(tr_value store, const char *key, const char *otherwise)
{
	tr_value v = tr_map_get_s(store, key);

	return tr_is(v, TR_STRING) && tr_as_str(v).n > 0 ? tr_as_cstr(v, otherwise) : otherwise;
}

/* ---- file: `folder` ---- */

static tr_value file_path(tr_value store, tr_str key)
{
	return tr_stringf("%s/%.*s", text_of(store, "folder", "."), TR_STR(key));
}

static tr_value file_put(tr_value store, tr_str key, tr_str bytes, int64_t deadline)
{
	tr_value path = tr_own_value(file_path(store, key));
	tr_value why = files_make_folder(text_of(store, "folder", "."));

	(void)deadline;
	if (tr_is_valid(why))
		return why;
	tr_err err = tr_file_write(tr_as_cstr(path, ""), bytes);
	return err == TR_OK ? tr_absent()
			    : tr_stringf("%s cannot be written: %s", tr_as_cstr(path, ""), tr_err_text(err));
}

static tr_value file_get(tr_value store, tr_str key, int64_t deadline, tr_value *why)
{
	tr_value path = tr_own_value(file_path(store, key)), bytes = tr_file_read(tr_as_cstr(path, ""), BYTES_MAX);

	(void)deadline;
	if (!tr_is_valid(bytes))
		*why = tr_stringf("%s cannot be read: %s", tr_as_cstr(path, ""), tr_err_text(tr_value_err(bytes)));
	return bytes;
}

/* ---- the tool kinds ---- */

/* What a task of a kind gives: its result (fresh), or absent with its message in *why. Takes input. */
static tr_value run(const char *kind, tr_value input, int64_t deadline, tr_value *why)
{
	tr_value outcome = tr_own_value(tr_plugin_run(kind, input, tr_absent(), deadline));

	*why = tr_absent();
	if (tr_str_is(tr_as_str(tr_map_get_s(outcome, "status")), "success"))
		return tr_keep(tr_map_get_s(outcome, "result"));
	tr_value message = TR_GET(outcome, "error", "message");
	*why = tr_is(message, TR_STRING)
		   ? tr_keep(message)
		   : tr_stringf("the kind %s does not answer: %s", kind, tr_err_text(tr_value_err(outcome)));
	return tr_absent();
}

/* The operator's mapping as the input of a task, but for what is ours. */
static tr_value input_of(tr_value store)
{
	static const char *const ours[] = {"kind", "table", "folder"};
	tr_value input = tr_keep(store);

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		tr_value key = tr_string(ours[i]);
		input = tr_map_del(input, key);
		tr_drop(key);
	}
	return input;
}

/* ---- postgres and duckdb: `table` (key, value, stored_at), made when it is not there ---- */

static void put_table(tr_buf *sql, tr_value store)
{
	const char *table = text_of(store, "table", DEFAULT_TABLE);

	tr_buf_putc(sql, '"');
	for (const char *p = table; *p != '\0'; p++) {
		if (*p == '.')
			tr_buf_puts(sql, "\".\"");
		else if (*p == '"')
			tr_buf_puts(sql, "\"\"");
		else
			tr_buf_putc(sql, *p);
	}
	tr_buf_putc(sql, '"');
}

static tr_value sql_put(const char *kind, const char *bytes_type, tr_value store, tr_str key, tr_str bytes,
			int64_t deadline)
{
	tr_buf create = {0}, insert = {0};
	tr_value why;

	tr_buf_puts(&create, "create table if not exists ");
	put_table(&create, store);
	tr_buf_putf(&create, " (key text primary key, value %s not null, stored_at timestamptz not null default now())",
		    bytes_type);
	tr_buf_puts(&insert, "insert into ");
	put_table(&insert, store);
	tr_buf_puts(&insert, " (key, value) values ($1, $2) on conflict do nothing");
	tr_value input =
	    tr_map_put_s(input_of(store), "commands", TR_LIST(tr_string_buf(&create), tr_string_buf(&insert)));
	input = tr_map_put_s(input, "params", TR_LIST(tr_string_n(key.p, key.n), tr_binary(bytes.p, bytes.n)));
	tr_drop(run(kind, input, deadline, &why));
	return why;
}

static tr_value sql_get(const char *kind, tr_value store, tr_str key, int64_t deadline, tr_value *why)
{
	tr_buf sql = {0};

	tr_buf_puts(&sql, "select value from ");
	put_table(&sql, store);
	tr_buf_puts(&sql, " where key = $1");
	tr_value input = tr_map_put_s(input_of(store), "query", tr_string_buf(&sql));
	input = tr_map_put_s(input, "params", TR_LIST(tr_string_n(key.p, key.n)));
	input = tr_map_put_s(input, "max_bytes", tr_int((int64_t)BYTES_MAX));
	tr_value result = tr_own_value(run(kind, input, deadline, why));
	tr_value bytes = tr_map_get_s(tr_array_at(tr_map_get_s(result, "rows"), 0), "value");
	if (tr_is(bytes, TR_BINARY))
		return tr_keep(bytes);
	if (!tr_is_valid(*why))
		*why = tr_string("it is not there any more");
	return tr_absent();
}

static tr_value postgres_put(tr_value store, tr_str key, tr_str bytes, int64_t deadline)
{
	return sql_put("postgres", "bytea", store, key, bytes, deadline);
}

static tr_value postgres_get(tr_value store, tr_str key, int64_t deadline, tr_value *why)
{
	return sql_get("postgres", store, key, deadline, why);
}

static tr_value duckdb_put(tr_value store, tr_str key, tr_str bytes, int64_t deadline)
{
	return sql_put("duckdb", "blob", store, key, bytes, deadline);
}

static tr_value duckdb_get(tr_value store, tr_str key, int64_t deadline, tr_value *why)
{
	return sql_get("duckdb", store, key, deadline, why);
}

/* ---- http: PUT and GET of `url`/KEY, {key, value: base64} ---- */

static tr_value http_input(tr_value store, tr_str key, const char *method)
{
	tr_value input = tr_map_put_s(input_of(store), "method", tr_string(method));

	return tr_map_put_s(input, "url", tr_stringf("%s/%.*s", text_of(store, "url", ""), TR_STR(key)));
}

static tr_value http_put(tr_value store, tr_str key, tr_str bytes, int64_t deadline)
{
	tr_buf text = {0};
	tr_value why, input = http_input(store, key, "PUT");

	tr_base64_write(&text, bytes);
	input = tr_map_put_s(input, "json",
			     TR_DICT("key", tr_string_n(key.p, key.n), "content_type", tr_string("application/msgpack"),
				     "value", tr_string_buf(&text)));
	tr_drop(run("http", input, deadline, &why));
	return why;
}

static tr_value http_get(tr_value store, tr_str key, int64_t deadline, tr_value *why)
{
	tr_value input = tr_map_put_s(http_input(store, key, "GET"), "max_body", tr_int((int64_t)BYTES_MAX));
	tr_value result = tr_own_value(run("http", input, deadline, why)), text = TR_GET(result, "data", "value");
	tr_buf bytes = {0};

	if (tr_is_valid(*why))
		return tr_absent();
	tr_err err = tr_is(text, TR_STRING) ? tr_base64_read(&bytes, tr_as_str(text)) : TR_EINVAL;
	tr_value v = err == TR_OK ? tr_binary(bytes.p, bytes.n) : tr_absent();
	if (!tr_is_valid(v))
		*why = tr_string("the answer has no value in base64");
	tr_buf_fini(&bytes);
	return v;
}

static const place places[] = {{"file", file_put, file_get},
			       {"postgres", postgres_put, postgres_get},
			       {"duckdb", duckdb_put, duckdb_get},
			       {"http", http_put, http_get}};

const place *place_find(tr_str kind)
{
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (tr_str_is(kind, places[i].kind))
			return &places[i];
	return NULL;
}
