/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part of DuckDB's lexical rules, those that leave no doubt:
 *
 *   '…'           a quote in it is doubled, a backslash is a character like others
 *   "…"           a name: code
 *   $$…$$ $a$…$a$ to the same mark; a mark is of ASCII letters, digits and _
 *   -- …          to a line feed or a carriage return
 *   / * … * /     nested
 *
 * All else gives up: what is not closed; a quote or a dollar sign right behind what could be part of a name, be it the
 * prefix of another kind of text (E'…', x'…', U&'…', whose rules go on in a second text on the next line) or a name
 * with a dollar sign in it; a backslash or a NUL outside of texts. Whatever is beyond ASCII could be part of a name or,
 * for DuckDB, white space: it counts as the former.
 */
#include "plugins/shared/duckdb/code.h"
#include "plugins/shared/sql/scan.h"

#include <string.h>

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What may be before a quote or a dollar sign that belongs to it. */
static bool is_glued(tr_str s, size_t at)
{
	char c = at == 0 ? ' ' : s.p[at - 1];

	return is_letter(c) || is_digit(c) || c == '$' || c == '&' || (unsigned char)c >= 0x80;
}

/* Each gives where it ends, 0 when it does not. */
static size_t behind_quotes(tr_str s, size_t at)
{
	char quote = s.p[at++];

	for (; at < s.n; at++) {
		if (s.p[at] != quote)
			continue;
		if (at + 1 == s.n || s.p[at + 1] != quote)
			return at + 1;
		at++;
	}
	return 0;
}

/* The length of the mark, 0 when it is none. */
static size_t mark_of(tr_str s, size_t at)
{
	size_t end = at + 1;

	while (end < s.n && (is_letter(s.p[end]) || (end > at + 1 && is_digit(s.p[end]))))
		end++;
	return end < s.n && s.p[end] == '$' ? end + 1 - at : 0;
}

static size_t behind_dollars(tr_str s, size_t at, size_t mark)
{
	const char *end = memmem(s.p + at + mark, s.n - at - mark, s.p + at, mark);

	return end == NULL ? 0 : (size_t)(end - s.p) + mark;
}

/* $1, $name. */
static size_t behind_parameter(tr_str s, size_t at)
{
	size_t end = at + 1;

	while (end < s.n && (is_letter(s.p[end]) || is_digit(s.p[end])))
		end++;
	bool more = end < s.n && (s.p[end] == '$' || (unsigned char)s.p[end] >= 0x80);
	return end == at + 1 || more ? 0 : end;
}

static size_t put_quoted(tr_str s, size_t at, tr_buf *out)
{
	size_t end = is_glued(s, at) ? 0 : behind_quotes(s, at);

	if (s.p[at] == '\'')
		tr_buf_puts(out, "''");
	else if (end > 0)
		tr_buf_put(out, s.p + at, end - at);
	return end;
}

static size_t put_dollar(tr_str s, size_t at, tr_buf *out)
{
	size_t mark = mark_of(s, at), end;

	if (is_glued(s, at))
		return 0;
	if (mark > 0) {
		tr_buf_puts(out, "''");
		return behind_dollars(s, at, mark);
	}
	end = behind_parameter(s, at);
	if (end > 0)
		tr_buf_put(out, s.p + at, end - at);
	return end;
}

bool duck_code(tr_str s, tr_buf *out)
{
	for (size_t at = 0; at < s.n;) {
		char c = s.p[at];
		size_t comment = sql_comment(s, at);
		if (comment == SQL_UNCLOSED || c == '\\' || c == '\0')
			return false;
		if (comment > 0) {
			tr_buf_putc(out, ' ');
			at += comment;
		} else if (c == '\'' || c == '"' || c == '$') {
			at = c == '$' ? put_dollar(s, at, out) : put_quoted(s, at, out);
			if (at == 0)
				return false;
		} else {
			tr_buf_putc(out, c);
			at++;
		}
	}
	return out->err == TR_OK;
}
