/* SPDX-License-Identifier: Apache-2.0 */
/* Statements and their parameters as JSON. */
#include "plugins/shared/snowflake/request.h"
#include "plugins/shared/snowflake/cell.h"
#include "plugins/shared/sql/scan.h"
#include "plugins/shared/sql/sql.h"

#include <stdlib.h>

/* $n and ? become ?, with the values in the order in which they are used. */
static tr_value number_free(tr_str sql, tr_value bound, tr_value params, tr_buf *out)
{
	tr_value values = tr_array();
	size_t at = 0, asked = 0;

	while (at < sql.n) {
		size_t from = at;
		sql_unit unit = sql_next(sql, &at);
		tr_str text = {sql.p + from, at - from};
		tr_value v = tr_absent();
		if (unit == SQL_NUMBERED)
			v = tr_array_at(bound, strtoul(text.p + 1, NULL, 10) - 1);
		else if (unit == SQL_OTHER && text.p[0] == '?')
			v = tr_array_at(params, asked++);
		if (tr_is_valid(v))
			values = tr_array_push(values, tr_keep(v));
		tr_buf_put(out, tr_is_valid(v) ? "?" : text.p, tr_is_valid(v) ? 1 : text.n);
	}
	return values;
}

/* {"1": {type, value}, …}; invalid with a text in *why. Takes values. */
static tr_value bindings(tr_value values, tr_value *why)
{
	tr_value out = tr_map();

	for (size_t i = 0; i < tr_array_len(values) && !tr_is_valid(*why); i++) {
		tr_value v = snow_cell_write(tr_array_at(values, i), why), key = tr_stringf("%zu", i + 1);
		out = tr_is_valid(v) ? tr_map_put(out, key, v) : out;
		if (!tr_is_valid(v))
			tr_drop(key);
	}
	tr_drop(values);
	return out;
}

/* What holds for all: where it runs, and until when. Takes request. */
static tr_value with_place(const snow_wire *w, tr_value request)
{
	const snow_target *t = w->target;
	struct {
		const char *name;
		tr_value v;
	} places[] = {{"database", t->database}, {"schema", t->schema}, {"warehouse", t->warehouse}, {"role", t->role}};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (tr_is(places[i].v, TR_STRING))
			request = tr_map_put_s(request, places[i].name, tr_keep(places[i].v));
	if (w->deadline != TR_FOREVER) {
		int64_t left = (w->deadline - tr_now()) / TR_SECOND + 1;
		request = tr_map_put_s(request, "timeout", tr_int(left < 1 ? 1 : left));
	}
	return request;
}

tr_value snow_request(const snow_wire *w, tr_value statement, tr_value params, tr_value *why)
{
	tr_buf named = {0}, sql = {0};
	tr_value values, request = tr_absent();

	*why = tr_absent();
	if (!tr_is(params, TR_MAP) && !tr_is(params, TR_ARRAY))
		return with_place(w, TR_DICT("statement", tr_keep(statement)));
	values = sql_bind(tr_as_str(statement), params, &named, why);
	if (tr_is_valid(values)) {
		tr_value bound = values;
		values = number_free(tr_buf_str(&named), bound, params, &sql);
		tr_drop(bound);
		tr_value all = bindings(values, why);
		request = TR_DICT("statement", tr_string_n(sql.p, sql.n));
		if (tr_map_len(all) > 0)
			request = tr_map_put_s(request, "bindings", tr_keep(all));
		tr_drop(all);
	}
	tr_buf_fini(&named);
	tr_buf_fini(&sql);
	if (tr_is_valid(*why))
		tr_clear(&request);
	return tr_is_valid(request) ? with_place(w, request) : request;
}

tr_value snow_request_script(const snow_wire *w, tr_value script, size_t count)
{
	return with_place(
	    w, TR_DICT("statement", script, "parameters", TR_DICT("MULTI_STATEMENT_COUNT", tr_stringf("%zu", count))));
}
