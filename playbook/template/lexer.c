/* SPDX-License-Identifier: Apache-2.0 */
/* The lexer is a state per kind of surrounding: plain text, inside {{ }}, inside {% %}, inside raw. */
#include <stdio.h>
#include <string.h>

#include "playbook/template/error.h"
#include "playbook/template/lexer.h"
#include "playbook/template/unicode.h"

void lexer_init(struct lexer *lex, tr_str source, enum lexer_state state, const tr_template_options *options,
		tr_template_error *error)
{
	memset(lex, 0, sizeof(*lex));
	lex->source = source;
	lex->state = state;
	lex->line_starting = true;
	lex->error = error;
	lex->trim_blocks = options->trim_blocks;
	lex->lstrip_blocks = options->lstrip_blocks;
	/* One newline at the very end is not part of the template. */
	if (!options->keep_trailing_newline && state == LEX_TEXT && source.n > 0) {
		if (source.p[source.n - 1] == '\n') {
			lex->source.n--;
			if (source.n > 1 && source.p[source.n - 2] == '\r')
				lex->source.n--;
		} else if (source.p[source.n - 1] == '\r') {
			lex->source.n--;
		}
	}
}

void lexer_fini(struct lexer *lex)
{
	tr_free(lex->open);
}

static bool fail_at(struct lexer *lex, size_t at, const char *message)
{
	error_syntax(lex->error, lex->source, at, "%s", message);
	return false;
}

static bool at(const struct lexer *lex, size_t pos, const char *z)
{
	size_t n = strlen(z);

	return pos <= lex->source.n && n <= lex->source.n - pos && memcmp(lex->source.p + pos, z, n) == 0;
}

static size_t skip_space(const struct lexer *lex, size_t pos)
{
	size_t n;

	while (pos < lex->source.n && uni_is_space(uni_next(lex->source.p + pos, &n)))
		pos += n;
	return pos;
}

/* The end of a tag at pos: `%}` with an optional sign before it, and what it swallows. 0: there is none. */
static size_t tag_end(const struct lexer *lex, size_t pos, const char *close, bool plus, bool trim)
{
	if (at(lex, pos, "-") && at(lex, pos + 1, close))
		return skip_space(lex, pos + 3);
	if (plus && at(lex, pos, "+") && at(lex, pos + 1, close))
		return pos + 3;
	if (!at(lex, pos, close))
		return 0;
	pos += 2;
	if (trim && lex->trim_blocks) {
		if (at(lex, pos, "\r\n"))
			return pos + 2;
		if (at(lex, pos, "\n") || at(lex, pos, "\r"))
			return pos + 1;
	}
	return pos;
}

static void moved_to(struct lexer *lex, size_t pos)
{
	char last = pos > 0 ? lex->source.p[pos - 1] : '\0';

	lex->line_starting = last == '\n' || last == '\r';
	lex->pos = pos;
}

/* The text from lex->pos to `tag` without what the tag's sign or lstrip_blocks takes from its end. */
static size_t data_end(const struct lexer *lex, size_t tag, char sign, bool is_variable)
{
	tr_str text = {lex->source.p + lex->pos, tag - lex->pos};
	size_t line = text.n;

	if (sign == '-')
		return lex->pos + uni_strip(text, false, true).n;
	if (sign == '+' || !lex->lstrip_blocks || is_variable)
		return tag;
	while (line > 0 && text.p[line - 1] != '\n' && text.p[line - 1] != '\r')
		line--;
	if (line == 0 && !lex->line_starting)
		return tag;
	tr_str rest = {text.p + line, text.n - line};
	return uni_strip(rest, true, false).n == 0 ? lex->pos + line : tag;
}

static char sign_at(const struct lexer *lex, size_t pos)
{
	return at(lex, pos, "-") ? '-' : at(lex, pos, "+") ? '+' : '\0';
}

/* `{% raw %}` at pos? Gives where its content begins, or 0. */
static size_t raw_begin(const struct lexer *lex, size_t pos)
{
	size_t p = pos + 2 + (sign_at(lex, pos + 2) != '\0');

	p = skip_space(lex, p);
	if (!at(lex, p, "raw"))
		return 0;
	return tag_end(lex, skip_space(lex, p + 3), "%}", false, false);
}

/* `{% endraw %}` at pos? Gives where the text behind it begins, or 0. */
static size_t raw_end(const struct lexer *lex, size_t pos)
{
	size_t p = pos + 2 + (sign_at(lex, pos + 2) != '\0');

	p = skip_space(lex, p);
	if (!at(lex, p, "endraw"))
		return 0;
	return tag_end(lex, skip_space(lex, p + 6), "%}", true, true);
}

static size_t find_tag(const struct lexer *lex, size_t pos)
{
	while (pos + 1 < lex->source.n) {
		const char *brace = memchr(lex->source.p + pos, '{', lex->source.n - pos - 1);
		if (brace == NULL)
			break;
		pos = (size_t)(brace - lex->source.p);
		if (brace[1] == '{' || brace[1] == '%' || brace[1] == '#')
			return pos;
		pos++;
	}
	return lex->source.n;
}

static bool skip_comment(struct lexer *lex, size_t tag)
{
	size_t p = tag + 2 + (sign_at(lex, tag + 2) != '\0');

	for (; p < lex->source.n; p++) {
		size_t end = tag_end(lex, p, "#}", true, true);
		if (end != 0) {
			moved_to(lex, end);
			lex->had_comment = true;
			return true;
		}
	}
	return fail_at(lex, tag, "this comment is not closed; '#}' is missing");
}

/* A data token of what lies before the tag, unless it is empty. */
static bool give_data(struct lexer *lex, struct token *out, size_t end)
{
	if (end <= lex->pos)
		return false;
	*out = (struct token){T_DATA, (uint32_t)lex->pos, (uint32_t)end};
	return true;
}

static bool text_next(struct lexer *lex, struct token *out, bool *again)
{
	size_t tag = find_tag(lex, lex->pos);
	bool gave = false;

	if (tag == lex->source.n) {
		if (!give_data(lex, out, tag))
			*out = (struct token){T_EOF, (uint32_t)tag, (uint32_t)tag};
		moved_to(lex, tag);
		return true;
	}
	char kind = lex->source.p[tag + 1];
	char sign = sign_at(lex, tag + 2);

	/* Text first; the tag is met again with no text before it. */
	if (tag > lex->pos) {
		gave = give_data(lex, out, data_end(lex, tag, sign, kind == '{'));
		moved_to(lex, tag);
		if (gave)
			return true;
	}
	size_t raw = kind == '%' ? raw_begin(lex, tag) : 0;
	if (raw != 0) {
		lex->state = LEX_RAW;
		lex->tag = tag;
		moved_to(lex, raw);
		*again = true;
		return true;
	}
	if (kind == '#') {
		*again = true;
		return skip_comment(lex, tag);
	}
	lex->state = kind == '{' ? LEX_VAR : LEX_BLOCK;
	lex->tag = tag;
	lex->pos = tag + 2 + (sign != '\0');
	*out = (struct token){kind == '{' ? T_VAR_BEGIN : T_BLOCK_BEGIN, (uint32_t)tag, (uint32_t)lex->pos};
	return true;
}

static bool raw_next(struct lexer *lex, struct token *out, bool *again)
{
	for (size_t p = lex->pos; p + 1 < lex->source.n; p++) {
		if (lex->source.p[p] != '{' || lex->source.p[p + 1] != '%')
			continue;
		size_t end = raw_end(lex, p);
		if (end == 0)
			continue;
		*again = !give_data(lex, out, data_end(lex, p, sign_at(lex, p + 2), false));
		lex->state = LEX_TEXT;
		moved_to(lex, end);
		lex->had_comment = true; /* a raw block is syntax, whatever it holds */
		return true;
	}
	return fail_at(lex, lex->tag, "this raw block is not closed; '{% endraw %}' is missing");
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* (\d+_)*\d+ at p; gives the end, or p when there is none. */
static size_t digits(tr_str s, size_t p)
{
	size_t end = p;

	while (p < s.n && is_digit(s.p[p])) {
		while (p < s.n && is_digit(s.p[p]))
			p++;
		end = p;
		if (p + 1 >= s.n || s.p[p] != '_' || !is_digit(s.p[p + 1]))
			break;
		p++;
	}
	return end;
}

static size_t float_end(tr_str s, size_t start)
{
	size_t p, mantissa, end = 0;

	if (start > 0 && s.p[start - 1] == '.')
		return 0;
	mantissa = p = digits(s, start);
	if (p < s.n && s.p[p] == '.') {
		size_t fraction = digits(s, p + 1);
		if (fraction > p + 1)
			mantissa = end = fraction;
	}
	if (mantissa < s.n && (s.p[mantissa] | 32) == 'e') {
		p = mantissa + 1;
		if (p < s.n && (s.p[p] == '+' || s.p[p] == '-'))
			p++;
		size_t exponent = digits(s, p);
		if (exponent > p)
			end = exponent;
	}
	return end;
}

static bool is_radix_digit(char c, int radix)
{
	if (radix == 16 && (c | 32) >= 'a' && (c | 32) <= 'f')
		return true;
	return c >= '0' && c < '0' + (radix < 10 ? radix : 10);
}

/* Python's integer forms; "007" is "00" and then "7". */
static size_t integer_end(tr_str s, size_t start)
{
	size_t p = start + 1;
	int radix = 10;

	if (s.p[start] == '0' && p < s.n) {
		char c = (char)(s.p[p] | 32);
		radix = c == 'b' ? 2 : c == 'o' ? 8 : c == 'x' ? 16 : 10;
	}
	if (radix != 10) {
		size_t end = 0;
		for (p++; p < s.n; p++) {
			if (s.p[p] == '_' && p + 1 < s.n)
				p++;
			if (!is_radix_digit(s.p[p], radix))
				break;
			end = p + 1;
		}
		if (end != 0)
			return end;
		return start + 1;
	}
	bool zero = s.p[start] == '0';
	while (p < s.n) {
		size_t q = p + (s.p[p] == '_');
		if (q >= s.n || !(zero ? s.p[q] == '0' : is_digit(s.p[q])))
			break;
		p = q + 1;
	}
	return p;
}

static size_t name_end(tr_str s, size_t start)
{
	size_t p = start, n;

	while (p < s.n) {
		uint32_t c = uni_next(s.p + p, &n);
		bool ok = uni_is_alpha(c) || c == '_' ||
			  (p > start && (uni_is_decimal(c) || (c >= 128 && uni_is_numeric(c))));
		if (!ok)
			break;
		p += n;
	}
	return p;
}

static size_t string_end(tr_str s, size_t start)
{
	for (size_t p = start + 1; p < s.n; p++) {
		if (s.p[p] == '\\')
			p++;
		else if (s.p[p] == s.p[start])
			return p + 1;
	}
	return 0;
}

static const struct op {
	char text[3];
	enum token_kind kind;
} ops[] = {
    {"//", T_FLOORDIV}, {"**", T_POW},      {"==", T_EQ},    {"!=", T_NE},    {">=", T_GE},    {"<=", T_LE},
    {"+", T_ADD},       {"-", T_SUB},       {"/", T_DIV},    {"*", T_MUL},    {"%", T_MOD},    {"~", T_TILDE},
    {"[", T_LBRACKET},  {"]", T_RBRACKET},  {"(", T_LPAREN}, {")", T_RPAREN}, {"{", T_LBRACE}, {"}", T_RBRACE},
    {">", T_GT},        {"<", T_LT},        {"=", T_ASSIGN}, {".", T_DOT},    {":", T_COLON},  {"|", T_PIPE},
    {",", T_COMMA},     {";", T_SEMICOLON},
};

static bool push_open(struct lexer *lex, char close)
{
	if (lex->nopen == lex->open_cap) {
		size_t cap = lex->open_cap == 0 ? 16 : lex->open_cap * 2;
		char *open = tr_realloc(lex->open, cap);
		if (open == NULL) {
			error_memory(lex->error);
			return false;
		}
		lex->open = open;
		lex->open_cap = cap;
	}
	lex->open[lex->nopen++] = close;
	return true;
}

static bool balance(struct lexer *lex, const struct token *token)
{
	char c = lex->source.p[token->start];

	switch (token->kind) {
	case T_LPAREN:
		return push_open(lex, ')');
	case T_LBRACKET:
		return push_open(lex, ']');
	case T_LBRACE:
		return push_open(lex, '}');
	case T_RPAREN:
	case T_RBRACKET:
	case T_RBRACE:
		break;
	default:
		return true;
	}
	if (lex->nopen == 0) {
		error_syntax(lex->error, lex->source, token->start, "unexpected '%c'", c);
		return false;
	}
	char want = lex->open[--lex->nopen];
	if (want == c)
		return true;
	error_syntax(lex->error, lex->source, token->start, "unexpected '%c', expected '%c'", c, want);
	return false;
}

static bool operator_next(struct lexer *lex, struct token *out)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (!at(lex, lex->pos, ops[i].text))
			continue;
		*out = (struct token){ops[i].kind, (uint32_t)lex->pos, (uint32_t)(lex->pos + strlen(ops[i].text))};
		lex->pos = out->end;
		return balance(lex, out);
	}
	tr_str rest = {lex->source.p + lex->pos, uni_width(lex->source.p[lex->pos])};
	error_syntax(lex->error, lex->source, lex->pos, "unexpected character '%.*s'", TR_STR(rest));
	return false;
}

static bool end_of_tag(struct lexer *lex, struct token *out)
{
	bool variable = lex->state == LEX_VAR;

	if (lex->nopen != 0)
		return false;
	size_t end = tag_end(lex, lex->pos, variable ? "}}" : "%}", !variable, !variable);
	if (end == 0)
		return false;
	*out = (struct token){variable ? T_VAR_END : T_BLOCK_END, (uint32_t)lex->pos, (uint32_t)end};
	lex->state = LEX_TEXT;
	moved_to(lex, end);
	return true;
}

static bool code_next(struct lexer *lex, struct token *out)
{
	tr_str s = lex->source;
	enum token_kind kind = T_EOF;
	size_t end = 0;

	if (end_of_tag(lex, out))
		return true;
	lex->pos = skip_space(lex, lex->pos);
	if (end_of_tag(lex, out))
		return true;
	if (lex->pos >= s.n) {
		*out = (struct token){T_EOF, (uint32_t)s.n, (uint32_t)s.n};
		return true;
	}
	char c = s.p[lex->pos];
	if (is_digit(c)) {
		end = float_end(s, lex->pos);
		kind = end != 0 ? T_FLOAT : T_INTEGER;
		if (end == 0)
			end = integer_end(s, lex->pos);
	} else if (c == '"' || c == '\'') {
		end = string_end(s, lex->pos);
		kind = T_STRING;
		if (end == 0)
			return fail_at(lex, lex->pos, "this string is not closed");
	} else {
		end = name_end(s, lex->pos);
		kind = T_NAME;
		if (end == lex->pos)
			return operator_next(lex, out);
	}
	*out = (struct token){kind, (uint32_t)lex->pos, (uint32_t)end};
	lex->pos = end;
	return true;
}

bool lexer_next(struct lexer *lex, struct token *out)
{
	bool again = true, ok = true;

	while (ok && again) {
		again = false;
		if (lex->state == LEX_TEXT)
			ok = text_next(lex, out, &again);
		else if (lex->state == LEX_RAW)
			ok = raw_next(lex, out, &again);
		else
			ok = code_next(lex, out);
	}
	return ok;
}

static const char *const kind_names[] = {
    [T_EOF] = "the end of the template",
    [T_DATA] = "text",
    [T_VAR_BEGIN] = "'{{'",
    [T_VAR_END] = "'}}'",
    [T_BLOCK_BEGIN] = "'{%'",
    [T_BLOCK_END] = "'%}'",
    [T_NAME] = "a name",
    [T_STRING] = "a string",
    [T_INTEGER] = "a number",
    [T_FLOAT] = "a number",
};

const char *token_kind_name(enum token_kind kind)
{
	static const char *const symbols[] = {
	    [T_ADD] = "'+'",    [T_SUB] = "'-'",    [T_MUL] = "'*'",      [T_DIV] = "'/'",      [T_FLOORDIV] = "'//'",
	    [T_MOD] = "'%'",    [T_POW] = "'**'",   [T_TILDE] = "'~'",    [T_EQ] = "'=='",      [T_NE] = "'!='",
	    [T_LT] = "'<'",     [T_LE] = "'<='",    [T_GT] = "'>'",       [T_GE] = "'>='",      [T_ASSIGN] = "'='",
	    [T_DOT] = "'.'",    [T_COLON] = "':'",  [T_COMMA] = "','",    [T_PIPE] = "'|'",     [T_SEMICOLON] = "';'",
	    [T_LPAREN] = "'('", [T_RPAREN] = "')'", [T_LBRACKET] = "'['", [T_RBRACKET] = "']'", [T_LBRACE] = "'{'",
	    [T_RBRACE] = "'}'",
	};

	return kind <= T_FLOAT ? kind_names[kind] : symbols[kind];
}

void token_describe(const struct lexer *lex, const struct token *token, char *out, size_t n)
{
	size_t len = token->end - token->start;

	/* Long ones are cut, but never in a character. */
	if (len > 40) {
		len = 40;
		while (len > 0 && (lex->source.p[token->start + len] & 0xc0) == 0x80)
			len--;
	}

	if (token->kind == T_NAME || token->kind == T_STRING || token->kind == T_INTEGER || token->kind == T_FLOAT)
		snprintf(out, n, "%s%.*s%s", token->kind == T_STRING ? "" : "'", (int)len, lex->source.p + token->start,
			 token->kind == T_STRING ? "" : "'");
	else
		snprintf(out, n, "%s", token_kind_name(token->kind));
}
