/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folding, indentation and quotes change a scalar's white space and nothing else, so the n-th character that is not
 * white space is the same one in the file and in the text. Escapes in quotes count as the character they stand for.
 */
#include "playbook/model/locate.h"
#include <stdlib.h>
#include <string.h>

typedef struct reader {
	const char *p, *end;
	uint32_t line, column;
} reader;

typedef enum style {
	STYLE_PLAIN,
	STYLE_SINGLE,
	STYLE_DOUBLE
} style;

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void step_on(reader *r)
{
	if (r->p >= r->end)
		return;
	if (*r->p == '\n') {
		r->line++;
		r->column = 1;
		r->p++;
		return;
	}
	do
		r->p++;
	while (r->p < r->end && ((unsigned char)*r->p & 0xc0) == 0x80);
	r->column++;
}

static void skip_space(reader *r)
{
	while (r->p < r->end && is_space(*r->p))
		step_on(r);
}

/* Characters that are not white space in `text` before line:column. */
static size_t solid_before(tr_str text, uint32_t line, uint32_t column)
{
	reader r = {text.p, text.p + text.n, 1, 1};
	size_t count = 0;
	while (r.p < r.end && (r.line < line || (r.line == line && r.column < column))) {
		count += is_space(*r.p) ? 0 : 1;
		step_on(&r);
	}
	return count;
}

static void go_to(reader *r, pb_pos at)
{
	while (r->p < r->end && r->line < at.line) {
		const char *next = memchr(r->p, '\n', (size_t)(r->end - r->p));
		r->p = next == NULL ? r->end : next + 1;
		r->line++;
	}
	while (r->p < r->end && *r->p != '\n' && r->column < at.column)
		step_on(r);
}

/* Over anchor and tag, the quote or the block's head line. */
static style enter(reader *r)
{
	while (r->p < r->end && (*r->p == '&' || *r->p == '!')) {
		while (r->p < r->end && !is_space(*r->p))
			step_on(r);
		skip_space(r);
	}
	if (r->p >= r->end)
		return STYLE_PLAIN;
	if (*r->p == '|' || *r->p == '>') {
		while (r->p < r->end && *r->p != '\n')
			step_on(r);
		return STYLE_PLAIN;
	}
	style s = *r->p == '"' ? STYLE_DOUBLE : *r->p == '\'' ? STYLE_SINGLE : STYLE_PLAIN;
	if (s != STYLE_PLAIN)
		step_on(r);
	return s;
}

/* Over an escape in double quotes; true when it stands for a character that is not white space. */
static bool skip_escape(reader *r)
{
	step_on(r);
	if (r->p >= r->end)
		return true;
	char kind = *r->p;
	bool solid = strchr("nrt \t\n\r", kind) == NULL;
	size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
	step_on(r);
	char hex[9] = {0};
	for (size_t i = 0; i < digits && r->p < r->end; i++) {
		hex[i] = *r->p;
		step_on(r);
	}
	if (digits > 0) {
		unsigned long code = strtoul(hex, NULL, 16);
		solid = !(code == ' ' || code == '\t' || code == '\n' || code == '\r');
	}
	return solid;
}

pb_pos locate_in_scalar(tr_str source, pb_pos at, tr_str text, uint32_t line, uint32_t column)
{
	reader r = {source.p, source.p + source.n, 1, 1};
	size_t wanted = solid_before(text, line, column);
	if (source.n == 0 || at.line == 0)
		return at;
	go_to(&r, at);
	style s = enter(&r);
	for (size_t seen = 0; seen < wanted && r.p < r.end;) {
		skip_space(&r);
		if (s == STYLE_DOUBLE && r.p < r.end && *r.p == '\\') {
			seen += skip_escape(&r) ? 1 : 0;
			continue;
		}
		if (s == STYLE_SINGLE && r.end - r.p > 1 && r.p[0] == '\'' && r.p[1] == '\'')
			step_on(&r);
		step_on(&r);
		seen++;
	}
	if (wanted < solid_before(text, UINT32_MAX, 1))
		skip_space(&r);
	return (pb_pos){r.line, r.column};
}

pb_pos pb_expr_locate(const pb_expr *e, uint32_t line, uint32_t column)
{
	if (e->kind != PB_TEMPLATE || e->book == NULL)
		return e->pos;
	return locate_in_scalar(e->book->source, e->pos, e->source, line, column);
}
