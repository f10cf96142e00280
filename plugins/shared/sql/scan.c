/* SPDX-License-Identifier: Apache-2.0 */
/* The lexical rules. */
#include "plugins/shared/sql/scan.h"

#include <string.h>

static bool is_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_part(char c)
{
	return is_start(c) || is_digit(c);
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static char at_or_nul(tr_str s, size_t i)
{
	return i < s.n ? s.p[i] : '\0';
}

/* Behind the closing quote; a doubled one stands for itself. */
static size_t skip_quoted(tr_str s, size_t i, bool backslashes)
{
	char quote = s.p[i++];

	for (; i < s.n; i++) {
		if (backslashes && s.p[i] == '\\')
			i++;
		else if (s.p[i] == quote && at_or_nul(s, i + 1) == quote)
			i++;
		else if (s.p[i] == quote)
			return i + 1;
	}
	return s.n;
}

static size_t block_comment(tr_str s, size_t from)
{
	size_t depth = 0;

	for (size_t i = from; i + 1 < s.n; i++) {
		if (s.p[i] == '/' && s.p[i + 1] == '*') {
			depth++;
			i++;
		} else if (s.p[i] == '*' && s.p[i + 1] == '/') {
			i++;
			if (--depth == 0)
				return i + 1 - from;
		}
	}
	return SQL_UNCLOSED;
}

size_t sql_comment(tr_str s, size_t at)
{
	char c = at_or_nul(s, at), next = at_or_nul(s, at + 1);
	size_t end = at;

	if (c == '/' && next == '*')
		return block_comment(s, at);
	if (c != '-' || next != '-')
		return 0;
	while (end < s.n && s.p[end] != '\n' && s.p[end] != '\r')
		end++;
	return end - at + (end < s.n);
}

/* The length of $tag$ at i, 0 when it is none. */
static size_t dollar_tag(tr_str s, size_t i)
{
	size_t j = i + 1;

	if (is_start(at_or_nul(s, j)))
		while (is_part(at_or_nul(s, j)))
			j++;
	return at_or_nul(s, j) == '$' ? j + 1 - i : 0;
}

static size_t skip_dollar_quoted(tr_str s, size_t i, size_t tag)
{
	const char *end = tag > s.n - i - tag ? NULL : memmem(s.p + i + tag, s.n - i - tag, s.p + i, tag);

	return end == NULL ? s.n : (size_t)(end - s.p) + tag;
}

static sql_unit word_or_string(tr_str s, size_t *at)
{
	char c = s.p[*at];

	if ((c == 'e' || c == 'E') && at_or_nul(s, *at + 1) == '\'') {
		*at = skip_quoted(s, *at + 1, true);
		return SQL_TEXT;
	}
	/* A dollar sign may stand inside a name, where it begins no string. */
	while (is_part(at_or_nul(s, *at)) || at_or_nul(s, *at) == '$')
		++*at;
	return SQL_WORD;
}

static sql_unit dollar(tr_str s, size_t *at)
{
	size_t tag = dollar_tag(s, *at);

	if (tag != 0) {
		*at = skip_dollar_quoted(s, *at, tag);
		return SQL_TEXT;
	}
	++*at;
	if (!is_digit(at_or_nul(s, *at)))
		return SQL_OTHER;
	while (is_digit(at_or_nul(s, *at)))
		++*at;
	return SQL_NUMBERED;
}

static sql_unit colon(tr_str s, size_t *at)
{
	++*at;
	if (at_or_nul(s, *at) == ':') {
		++*at;
		return SQL_CAST;
	}
	if (!is_start(at_or_nul(s, *at)))
		return SQL_OTHER;
	while (is_part(at_or_nul(s, *at)))
		++*at;
	return SQL_NAMED;
}

sql_unit sql_next(tr_str s, size_t *at)
{
	size_t i = *at;

	if (i >= s.n)
		return SQL_END;
	char c = s.p[i];
	size_t comment = sql_comment(s, i);
	if (is_space(c)) {
		while (*at < s.n && is_space(s.p[*at]))
			++*at;
		return SQL_SPACE;
	}
	if (comment > 0) {
		*at = comment == SQL_UNCLOSED ? s.n : i + comment;
		return SQL_COMMENT;
	}
	if (c == '\'' || c == '"') {
		*at = skip_quoted(s, i, false);
		return SQL_TEXT;
	}
	if (is_start(c))
		return word_or_string(s, at);
	if (c == '$')
		return dollar(s, at);
	if (c == ':')
		return colon(s, at);
	if (is_digit(c)) { /* so that 1e5 is no name */
		while (is_part(at_or_nul(s, *at)) || at_or_nul(s, *at) == '.')
			++*at;
		return SQL_OTHER;
	}
	++*at;
	return SQL_OTHER;
}
