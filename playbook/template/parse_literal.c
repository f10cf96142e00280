/* SPDX-License-Identifier: Apache-2.0 */
/* Strings with Python's escapes, numbers with Python's forms, and template text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "playbook/template/error.h"
#include "playbook/template/parser.h"
#include "playbook/template/unicode.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \xHH, \uHHHH or \UHHHHHHHH; `at` is behind the letter. */
static bool hex_escape(struct parser *p, tr_str s, size_t *at, unsigned digits, uint32_t *code)
{
	const char *base = p->lex.source.p;

	*code = 0;
	for (unsigned i = 0; i < digits; i++, (*at)++) {
		int v = *at < s.n ? hex_value(s.p[*at]) : -1;
		if (v < 0)
			return parser_fail(p, (uint32_t)(s.p + *at - base), "this escape needs %u hexadecimal digits",
					   digits);
		*code = *code << 4 | (uint32_t)v;
	}
	if (*code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return parser_fail(p, (uint32_t)(s.p + *at - base), "this escape is not a Unicode character");
	return true;
}

static bool simple_escape(char c, char *out)
{
	static const char from[] = "\\'\"abfnrtv", to[] = "\\'\"\a\b\f\n\r\t\v";
	const char *hit = c != '\0' ? strchr(from, c) : NULL;

	if (hit != NULL)
		*out = to[hit - from];
	return hit != NULL;
}

/* The escape at s[*at], just behind the backslash. */
static bool escape(struct parser *p, tr_str s, size_t *at, tr_buf *out)
{
	char c = s.p[*at], plain;
	uint32_t code = 0;

	if (simple_escape(c, &plain)) {
		tr_buf_putc(out, plain);
		(*at)++;
		return true;
	}
	if (c == '\n' || c == '\r') {
		*at += c == '\r' && *at + 1 < s.n && s.p[*at + 1] == '\n' ? 2 : 1;
		return true;
	}
	if (c >= '0' && c <= '7') {
		for (unsigned i = 0; i < 3 && *at < s.n && s.p[*at] >= '0' && s.p[*at] <= '7'; i++, (*at)++)
			code = code << 3 | (uint32_t)(s.p[*at] - '0');
		uni_put(out, code);
		return true;
	}
	if (c == 'x' || c == 'u' || c == 'U') {
		(*at)++;
		if (!hex_escape(p, s, at, c == 'x' ? 2 : c == 'u' ? 4 : 8, &code))
			return false;
		uni_put(out, code);
		return true;
	}
	if (c == 'N')
		return parser_fail(p, (uint32_t)(s.p + *at - p->lex.source.p),
				   "character names are not supported; write the character or \\uXXXX");
	tr_buf_putc(out, '\\'); /* any other backslash stands for itself */
	return true;
}

static bool append_string(struct parser *p, const struct token *token, tr_buf *out)
{
	tr_str s = {p->lex.source.p + token->start + 1, token->end - token->start - 2};
	size_t i = 0;

	while (i < s.n) {
		if (s.p[i] == '\\' && i + 1 < s.n) {
			i++;
			if (!escape(p, s, &i, out))
				return false;
		} else if (s.p[i] == '\r') {
			tr_buf_putc(out, '\n');
			i += i + 1 < s.n && s.p[i + 1] == '\n' ? 2 : 1;
		} else {
			tr_buf_putc(out, s.p[i++]);
		}
	}
	return true;
}

tr_value literal_string(struct parser *p, const struct token *first)
{
	tr_buf out = {0};
	bool ok = append_string(p, first, &out);

	/* Strings side by side are one. */
	while (ok && p->cur.kind == T_STRING)
		ok = append_string(p, &p->cur, &out) && parser_step(p);
	if (!ok) {
		tr_buf_fini(&out);
		return tr_invalid(TR_ESYNTAX);
	}
	tr_value v = out.n == 0 && out.err == TR_OK ? tr_string_n("", 0) : tr_string_n(out.p, out.n);
	if (out.err != TR_OK) {
		tr_drop(v);
		v = tr_invalid(out.err);
	}
	tr_buf_fini(&out);
	if (!tr_is_valid(v))
		error_memory(p->error);
	return v;
}

static tr_value parse_float(struct parser *p, const struct token *token)
{
	char text[512];
	size_t n = 0;

	for (uint32_t i = token->start; i < token->end; i++) {
		if (p->lex.source.p[i] == '_')
			continue;
		if (n + 1 >= sizeof(text)) {
			parser_fail(p, token->start, "this number is too long");
			return tr_invalid(TR_ESYNTAX);
		}
		text[n++] = p->lex.source.p[i];
	}
	text[n] = '\0';
	return tr_float(strtod(text, NULL));
}

tr_value literal_number(struct parser *p, const struct token *token)
{
	const char *s = p->lex.source.p + token->start;
	size_t n = token->end - token->start, i = 0;
	uint64_t value = 0, radix = 10;

	if (token->kind == T_FLOAT)
		return parse_float(p, token);
	if (n > 2 && s[0] == '0' && s[1] != '_' && hex_value(s[1]) != 0 && (s[1] < '0' || s[1] > '9')) {
		radix = (s[1] | 32) == 'x' ? 16 : (s[1] | 32) == 'o' ? 8 : 2;
		i = 2;
	}
	for (; i < n; i++) {
		if (s[i] == '_')
			continue;
		if (__builtin_mul_overflow(value, radix, &value) ||
		    __builtin_add_overflow(value, (uint64_t)hex_value(s[i]), &value) || value > INT64_MAX) {
			parser_fail(p, token->start, "this integer does not fit 64 bits");
			return tr_invalid(TR_ESYNTAX);
		}
	}
	return tr_int((int64_t)value);
}

tr_value literal_data(tr_str text)
{
	if (text.n == 0 || memchr(text.p, '\r', text.n) == NULL)
		return tr_string_n(text.p, text.n);
	tr_buf out = {0};
	for (size_t i = 0; i < text.n; i++) {
		bool crlf = text.p[i] == '\r' && i + 1 < text.n && text.p[i + 1] == '\n';
		if (!crlf)
			tr_buf_putc(&out, text.p[i] == '\r' ? '\n' : text.p[i]);
	}
	return tr_string_buf(&out);
}
