/* SPDX-License-Identifier: Apache-2.0 */
/* Faults as a person reads them. Control characters of the source never reach the terminal. */
#include "playbook/yaml/diagnostic.h"
#include "runtime/value/escape.h"
#include "runtime/value/utf8.h"
#include <string.h>

enum {
	WIDTH = 110,
	LEAD = 60
};

typedef struct paint {
	const char *bold, *error, *warning, *dim, *hint, *off;
} paint;

static const paint colours = {"\033[1m", "\033[1;31m", "\033[1;33m", "\033[2m", "\033[36m", "\033[0m"};
static const paint plain = {"", "", "", "", "", ""};

/* Length of the character at p, 1 for a byte that starts none; `code` 0 then. */
static size_t char_len(const char *p, const char *end, uint32_t *code)
{
	*code = 0;
	size_t n = utf8_next(p, (size_t)(end - p), code);
	return n == 0 ? 1 : n;
}

static void put_safe(FILE *out, const char *p, size_t n)
{
	for (const char *end = p + n; p < end;) {
		uint32_t code;
		size_t len = char_len(p, end, &code);
		if (!escape_wanted(code))
			fwrite(p, 1, len, out);
		else
			fputc(code == '\t' ? ' ' : '?', out); /* one column, as it was counted */
		p += len;
	}
}

static void put_text(FILE *out, const char *z)
{
	put_safe(out, z, strlen(z));
}

/* The source's line number `line`; empty when there is none. */
static tr_str source_line(tr_str source, uint32_t line)
{
	const char *p = source.p, *end = source.p + source.n;
	for (uint32_t at = 1; p != NULL && p < end; at++) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		if (stop == NULL)
			stop = end;
		if (at == line)
			return (tr_str){p, (size_t)(stop - p) - (stop > p && stop[-1] == '\r' ? 1u : 0u)};
		p = stop + 1;
	}
	return (tr_str){NULL, 0};
}

static void print_line(const diagnostic *x, tr_str source, FILE *out, const paint *c)
{
	tr_str line = source_line(source, x->line);
	if (line.n == 0)
		return;
	const char *p = line.p, *end = line.p + line.n;
	uint32_t skipped = 0, code;
	/* A very long line is shown around the column. */
	while (x->column > LEAD + WIDTH / 2 && skipped + LEAD < x->column && p < end) {
		p += char_len(p, end, &code);
		skipped++;
	}
	const char *stop = p;
	for (size_t shown = 0; stop < end && shown < WIDTH; shown++)
		stop += char_len(stop, end, &code);
	fprintf(out, "%s%6u |%s %s", c->dim, (unsigned)x->line, c->off, skipped > 0 ? "…" : "");
	put_safe(out, p, (size_t)(stop - p));
	fputs(stop < end ? "…\n" : "\n", out);
	if (x->column == 0)
		return;
	fprintf(out, "%s       |%s %*s%s^%s\n", c->dim, c->off, (int)(x->column - 1 - skipped + (skipped > 0 ? 1 : 0)),
		"", c->error, c->off);
}

static void print_one(const diagnostics *d, const diagnostic *x, tr_str source, FILE *out, const paint *c)
{
	bool error = x->level == DIAGNOSTIC_ERROR;
	fputs(c->bold, out);
	put_text(out, d->file == NULL ? "" : d->file);
	if (x->line > 0)
		fprintf(out, ":%u:%u", (unsigned)x->line, (unsigned)(x->column > 0 ? x->column : 1));
	fprintf(out, ":%s %s%s:%s ", c->off, error ? c->error : c->warning, error ? "error" : "warning", c->off);
	put_text(out, x->message);
	if (x->path[0] != '\0') {
		fprintf(out, " %s(", c->dim);
		put_text(out, x->path);
		fprintf(out, ")%s", c->off);
	}
	fputc('\n', out);
	if (x->line > 0)
		print_line(x, source, out, c);
	if (x->hint[0] != '\0') {
		fprintf(out, "       %s= hint:%s ", c->hint, c->off);
		put_text(out, x->hint);
		fputc('\n', out);
	}
}

void diagnostics_print(const diagnostics *d, tr_str source, FILE *out, bool color)
{
	const paint *c = color ? &colours : &plain;
	for (size_t i = 0; i < d->count; i++)
		print_one(d, &d->items[i], source, out, c);
	if (d->dropped > 0)
		fprintf(out, "… and %zu more\n", d->dropped);
}
