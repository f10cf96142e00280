/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes off. */
#include "plugins/shared/sql/texts.h"
#include "plugins/shared/sql/scan.h"

#include <string.h>

/* $tag$…$tag$ */
static void put_dollars(tr_str unit, tr_buf *out)
{
	const char *mark = unit.n < 2 ? NULL : memchr(unit.p + 1, '$', unit.n - 1);
	size_t n = mark == NULL ? 0 : (size_t)(mark - unit.p) + 1;

	if (n > 0 && unit.n >= 2 * n)
		tr_buf_put(out, unit.p + n, unit.n - 2 * n);
}

/* '…' and "…", with or without a letter before. */
static void put_quoted(tr_str unit, tr_buf *out)
{
	size_t i = strcspn(unit.p, "'\"");
	char quote = i < unit.n ? unit.p[i] : '\0';

	for (i++; i + 1 < unit.n; i++) {
		tr_buf_putc(out, unit.p[i]);
		i += unit.p[i] == quote;
	}
}

static bool test_unit(tr_str unit, sql_text_test *test, void *arg)
{
	tr_buf text = {0};

	if (unit.p[0] == '$')
		put_dollars(unit, &text);
	else
		put_quoted(unit, &text);
	bool is = text.n > 0 && text.err == TR_OK && memchr(text.p, '\0', text.n) == NULL && test(text.p, arg);
	tr_buf_fini(&text);
	return is;
}

static bool test_value(tr_value v, sql_text_test *test, void *arg)
{
	bool is = tr_is(v, TR_STRING) && test(tr_as_cstr(v, ""), arg);

	for (size_t i = 0; i < tr_array_len(v) && !is; i++)
		is = test_value(tr_array_at(v, i), test, arg);
	for (size_t i = 0; i < tr_map_len(v) && !is; i++)
		is = test_value(tr_map_entries(v)[i].value, test, arg);
	return is;
}

bool sql_texts_any(tr_str sql, tr_value params, sql_text_test *test, void *arg)
{
	for (size_t at = 0, from = 0;; from = at) {
		sql_unit unit = sql_next(sql, &at);
		if (unit == SQL_END)
			return test_value(params, test, arg);
		if (unit == SQL_TEXT && test_unit((tr_str){sql.p + from, at - from}, test, arg))
			return true;
	}
}
