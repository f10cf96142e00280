/* SPDX-License-Identifier: Apache-2.0 */
/* From and to HTTP, through the kind http. As a source: the keys of the kind http, `path` to the rows in the answer
 * (data.items), and `next`, the path to the address of the next page; or `page` {param, start}: pages are asked for
 * until one is empty. As a target: a request a chunk, its body the list of rows, or {wrap: rows}. */
#include "plugins/actions/transfer/rows.h"

#include <string.h>

#define PAGES_MAX 100000

/* Without what is ours. Fresh. */
static tr_value request_of(tr_value spec)
{
	static const char *const ours[] = {"kind", "type",    "path", "next",   "page",
					   "wrap", "columns", "mode", "mapping"};
	tr_value input = tr_keep(spec);

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		tr_value key = tr_string(ours[i]);
		input = tr_map_del(input, key);
		tr_drop(key);
	}
	return input;
}

/* An outcome that is no success becomes a fault. Takes it; *result (fresh) is what it gave. */
static tr_value answer(tr_value outcome, tr_value *result)
{
	*result = tr_absent();
	if (!tr_str_is(tr_as_str(tr_map_get_s(outcome, "status")), "success"))
		return tr_is_valid(outcome) ? outcome
					    : tr_outcome_error("busy", true, "the kind http does not answer: %s",
							       tr_err_text(tr_value_err(outcome)));
	*result = tr_keep(tr_map_get_s(outcome, "result"));
	tr_drop(outcome);
	return tr_absent();
}

/* Down a dotted path; borrowed. */
static tr_value follow(tr_value v, const char *path)
{
	while (path[0] != '\0') {
		size_t n = strcspn(path, ".");
		v = tr_map_get_n(v, path, n);
		path += n + (path[n] == '.');
	}
	return v;
}

/* ---- the source ---- */

typedef struct http_state {
	tr_value request; /* of the next page; absent behind the last */
	tr_value rows;    /* of the last page */
	size_t at;        /* how many of them are taken */
	int64_t page;
	size_t pages;
} http_state;

static void http_destroy(void *state)
{
	http_state *s = state;

	tr_drop(s->request);
	tr_drop(s->rows);
	tr_free(s);
}

static void ask_for_page(http_state *s, tr_value page)
{
	const char *name = tr_as_cstr(tr_map_get_s(page, "param"), "page");
	tr_value params = tr_map_get_s(s->request, "params");

	params = tr_map_put_s(tr_is(params, TR_MAP) ? tr_keep(params) : tr_map(), name, tr_int(s->page++));
	s->request = tr_map_put_s(s->request, "params", params);
}

static tr_value http_open(transfer *t)
{
	http_state *s = tr_alloc(sizeof(*s));
	tr_value page = tr_map_get_s(t->source_spec, "page");

	if (s == NULL)
		return tr_outcome_error("busy", true, "out of memory");
	t->source_state = s;
	s->request = request_of(t->source_spec);
	s->rows = tr_absent();
	s->page = tr_as_int(tr_map_get_s(page, "start"), 1);
	if (tr_is(page, TR_MAP))
		ask_for_page(s, page);
	return rows_columns(t);
}

/* What comes after this page. */
static void turn(http_state *s, tr_value spec, tr_value body)
{
	tr_value page = tr_map_get_s(spec, "page"), next = tr_map_get_s(spec, "next");
	tr_value address = tr_is(next, TR_STRING) ? follow(body, tr_as_cstr(next, "")) : tr_absent();

	if (tr_is(page, TR_MAP) && tr_array_len(s->rows) > 0) {
		ask_for_page(s, page);
	} else if (tr_is(address, TR_STRING) && tr_as_str(address).n > 0) {
		s->request = tr_map_put_s(s->request, "url", tr_keep(address));
		tr_value key = tr_string("params"); /* they are in the address */
		s->request = tr_map_del(s->request, key);
		tr_drop(key);
	} else {
		tr_clear(&s->request);
	}
}

static tr_value read_page(transfer *t, http_state *s)
{
	tr_value result;

	if (++s->pages > PAGES_MAX)
		return tr_outcome_error("too_large", false, "there are more than %d pages", PAGES_MAX);
	tr_value fault = answer(tr_plugin_run("http", tr_keep(s->request), tr_keep(t->context), t->deadline), &result);
	if (tr_is_valid(fault))
		return fault;
	tr_value body = tr_map_get_s(result, "data");
	tr_value rows = follow(body, tr_as_cstr(tr_map_get_s(t->source_spec, "path"), ""));
	if (!tr_is(rows, TR_ARRAY)) {
		tr_drop(result);
		return tr_outcome_error("data", false, "the answer has no list of rows%s%s; say where it is with path",
					tr_is_valid(tr_map_get_s(t->source_spec, "path")) ? " at " : "",
					tr_as_cstr(tr_map_get_s(t->source_spec, "path"), ""));
	}
	tr_assign(&s->rows, tr_keep(rows));
	s->at = 0;
	turn(s, t->source_spec, body);
	tr_drop(result);
	return tr_absent();
}

static tr_value http_next(transfer *t, batch *b)
{
	http_state *s = t->source_state;
	tr_value fault = tr_absent();

	batch_begin(b, t->source_columns.count);
	while (s->at == tr_array_len(s->rows) && tr_is_valid(s->request) && !tr_is_valid(fault))
		fault = read_page(t, s);
	size_t left = tr_array_len(s->rows) - s->at, n = left < t->chunk_size ? left : t->chunk_size;
	if (tr_is_valid(fault) || n == 0)
		return fault;
	tr_value some = tr_own_value(tr_array_slice(s->rows, s->at, s->at + n));
	s->at += n;
	fault = rows_fill(t, b, some);
	tr_reduce((uint32_t)n);
	return fault;
}

const source_class http_source = {"http", http_open, http_next, http_destroy};

/* ---- the target ---- */

static tr_value target_open(transfer *t)
{
	if (t->mode != MODE_APPEND)
		return tr_outcome_error("input", false,
					"a target of kind http can only append: each chunk is a request");
	t->target_state = tr_alloc(1);
	return t->target_state != NULL ? tr_absent() : tr_outcome_error("busy", true, "out of memory");
}

static tr_value rows_of(const transfer *t, const batch *b)
{
	tr_value list = tr_array_with(batch_rows(b));

	for (size_t row = 0; row < batch_rows(b); row++) {
		tr_value map = tr_map_with(t->target_columns.count);
		for (size_t i = 0; i < t->target_columns.count; i++)
			map = tr_map_put(map, tr_keep(t->target_columns.items[i].name),
					 cell_value(b, target_cell(t, b, row, i)));
		list = tr_array_push(list, map);
	}
	return list;
}

static tr_value target_write(transfer *t, const batch *b)
{
	tr_value wrap = tr_map_get_s(t->target_spec, "wrap"), input = request_of(t->target_spec), body = rows_of(t, b),
		 result;

	if (tr_is(wrap, TR_STRING))
		body = TR_DICT(tr_as_cstr(wrap, ""), body);
	if (!tr_is_valid(tr_map_get_s(input, "method")))
		input = tr_map_put_s(input, "method", tr_string("POST"));
	input = tr_map_put_s(input, "json", body);
	tr_value fault = answer(tr_plugin_run("http", input, tr_keep(t->context), t->deadline), &result);
	tr_drop(result);
	return fault;
}

static tr_value target_finish(transfer *t)
{
	(void)t;
	return tr_absent();
}

const target_class http_target = {"http", target_open, target_write, NULL, target_finish, NULL, tr_free};
