/* SPDX-License-Identifier: Apache-2.0 */
/* Error positions, texts and suggestions. */
#include <stdio.h>
#include <string.h>

#include "playbook/template/error.h"
#include "playbook/template/unicode.h"

void error_place(tr_str source, size_t at, uint32_t *line, uint32_t *column)
{
	size_t start = 0;

	if (at > source.n)
		at = source.n;
	*line = 1;
	for (size_t i = 0; i < at; i++) {
		bool crlf = source.p[i] == '\r' && i + 1 < source.n && source.p[i + 1] == '\n';
		if ((source.p[i] == '\n' || source.p[i] == '\r') && !crlf) {
			(*line)++;
			start = i + 1;
		}
	}
	tr_str before = {source.p + start, at - start};
	*column = (uint32_t)uni_count(before) + 1;
}

void error_setv(tr_template_error *error, tr_err err, tr_str source, size_t at, const char *fmt, va_list args)
{
	if (error == NULL || error->err != TR_OK)
		return;
	error->err = err;
	error_place(source, at, &error->line, &error->column);
	int n = vsnprintf(error->message, sizeof(error->message), fmt, args);
	/* A cut must not leave half a character. */
	if (n >= (int)sizeof(error->message)) {
		size_t end = sizeof(error->message) - 1;
		while (end > 0 && (error->message[end - 1] & 0xc0) == 0x80)
			end--;
		if (end > 0 && (error->message[end - 1] & 0x80) != 0)
			end--;
		error->message[end] = '\0';
	}
}

void error_set(tr_template_error *error, tr_err err, tr_str source, size_t at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	error_setv(error, err, source, at, fmt, args);
	va_end(args);
}

void error_syntax(tr_template_error *error, tr_str source, size_t at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	error_setv(error, TR_ESYNTAX, source, at, fmt, args);
	va_end(args);
}

void error_memory(tr_template_error *error)
{
	tr_str none = {"", 0};

	error_set(error, TR_ENOMEM, none, 0, "out of memory");
}

void suggest_init(struct suggestion *s, tr_str want)
{
	memset(s, 0, sizeof(*s));
	s->want = want;
	s->distance = want.n < 4 ? 2 : 3; /* only nearer names are suggested */
}

static size_t min3(size_t a, size_t b, size_t c)
{
	return a < b ? (a < c ? a : c) : (b < c ? b : c);
}

/* Edit distance with swapped neighbours as one edit. */
static size_t distance(tr_str a, tr_str b)
{
	size_t rows[3][65];

	for (size_t j = 0; j <= b.n; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *older = rows[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t change = a.p[i - 1] != b.p[j - 1];
			now[j] = min3(before[j] + 1, now[j - 1] + 1, before[j - 1] + change);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] &&
			    older[j - 2] + 1 < now[j])
				now[j] = older[j - 2] + 1;
		}
	}
	return rows[a.n % 3][b.n];
}

void suggest_try(void *suggestion, tr_str name)
{
	struct suggestion *s = suggestion;

	if (name.n == 0 || name.n >= sizeof(s->best) || s->want.n >= sizeof(s->best) || tr_str_eq(name, s->want))
		return;
	size_t d = distance(s->want, name);
	if (d < s->distance && d < name.n) {
		s->distance = d;
		memcpy(s->best, name.p, name.n);
		s->best[name.n] = '\0';
	}
}

void suggest_hint(const struct suggestion *s, char *out, size_t n)
{
	if (s->best[0] != '\0')
		snprintf(out, n, "did you mean '%s'?", s->best);
}

/* The line with this number, without its end. */
static tr_str line_of(tr_str text, uint32_t line)
{
	size_t start = 0, end;

	for (size_t i = 0; i < text.n && line > 1; i++) {
		bool crlf = text.p[i] == '\r' && i + 1 < text.n && text.p[i + 1] == '\n';
		if ((text.p[i] == '\n' || text.p[i] == '\r') && !crlf) {
			line--;
			start = i + 1;
		}
	}
	for (end = start; end < text.n && text.p[end] != '\n' && text.p[end] != '\r';)
		end++;
	return (tr_str){text.p + start, end - start};
}

#define SHOWN 100 /* characters of a line that are shown */

void tr_template_error_show(tr_buf *out, const tr_template_error *error, const char *name, tr_str text)
{
	tr_str line = line_of(text, error->line);
	size_t before = error->column > 0 ? error->column - 1 : 0,
	       skip = before > SHOWN * 3 / 4 ? before - SHOWN / 2 : 0;

	tr_buf_putf(out, "%s:%u:%u: %s\n", name != NULL ? name : "<template>", error->line, error->column,
		    error->message);
	/* Of a long line the part around the place. */
	size_t from = uni_offset(line, skip);
	line = (tr_str){line.p + from, line.n - from};
	line.n = uni_offset(line, SHOWN);
	tr_buf_putf(out, "  %.*s\n  ", TR_STR(line));
	/* Tabs stay tabs, so that the caret stands where it should. */
	for (size_t i = 0, at = 0; i < before - skip; i++) {
		tr_buf_putc(out, at < line.n && line.p[at] == '\t' ? '\t' : ' ');
		at += at < line.n ? uni_width(line.p[at]) : 1;
	}
	tr_buf_puts(out, "^\n");
	if (error->hint[0] != '\0')
		tr_buf_putf(out, "  %s\n", error->hint);
}
