/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting faults; at most DIAGNOSTICS_MAX are kept, all are counted. */
#include "playbook/yaml/diagnostic.h"
#include <stdlib.h>
#include <string.h>

enum {
	DIAGNOSTICS_MAX = 200
};

static char *text_copy(const char *z)
{
	size_t n = strlen(z) + 1;
	char *p = tr_alloc(n);
	if (p != NULL)
		memcpy(p, z, n);
	return p;
}

void diagnostics_init(diagnostics *d, const char *file)
{
	memset(d, 0, sizeof *d);
	d->file = text_copy(file == NULL || *file == '\0' ? "<playbook>" : file);
}

static void diagnostic_fini(diagnostic *x)
{
	tr_free(x->code);
	tr_free(x->path);
	tr_free(x->message);
	tr_free(x->hint);
}

void diagnostics_fini(diagnostics *d)
{
	for (size_t i = 0; i < d->count; i++)
		diagnostic_fini(&d->items[i]);
	tr_free(d->items);
	tr_free(d->file);
	memset(d, 0, sizeof *d);
}

static bool diagnostics_grow(diagnostics *d)
{
	if (d->count < d->capacity)
		return true;
	size_t capacity = d->capacity == 0 ? 8 : d->capacity * 2;
	diagnostic *grown = tr_realloc(d->items, capacity * sizeof *grown);
	if (grown == NULL)
		return false;
	d->items = grown;
	d->capacity = capacity;
	return true;
}

void diagnostics_add(diagnostics *d, diagnostic_level level, const char *code, uint32_t line, uint32_t column,
		     const char *path, const char *hint, const char *fmt, ...)
{
	if (level == DIAGNOSTIC_ERROR)
		d->errors++;
	else
		d->warnings++;
	if (d->count >= DIAGNOSTICS_MAX || !diagnostics_grow(d)) {
		d->dropped++;
		return;
	}
	char message[1024];
	va_list args;
	va_start(args, fmt);
	vsnprintf(message, sizeof message, fmt, args);
	va_end(args);
	diagnostic x = {.level = level, .line = line, .column = column, .code = text_copy(code)};
	x.path = text_copy(path == NULL ? "" : path);
	x.message = text_copy(message);
	x.hint = text_copy(hint == NULL ? "" : hint);
	if (x.code == NULL || x.path == NULL || x.message == NULL || x.hint == NULL) {
		diagnostic_fini(&x);
		d->dropped++;
		return;
	}
	d->items[d->count++] = x;
}

static int diagnostic_order(const void *pa, const void *pb)
{
	const diagnostic *a = pa, *b = pb;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	if (a->level != b->level)
		return a->level < b->level ? -1 : 1;
	int order = strcmp(a->code, b->code);
	return order != 0 ? order : strcmp(a->message, b->message);
}

void diagnostics_strict(diagnostics *d)
{
	for (size_t i = 0; i < d->count; i++)
		d->items[i].level = DIAGNOSTIC_ERROR;
	d->errors += d->warnings;
	d->warnings = 0;
}

void diagnostics_sort(diagnostics *d)
{
	if (d->count > 1)
		qsort(d->items, d->count, sizeof *d->items, diagnostic_order);
}

static tr_value lossy(const char *z)
{
	return tr_string_lossy(z, strlen(z));
}

tr_value diagnostics_to_value(const diagnostics *d)
{
	tr_value list = tr_array_with(d->count);
	for (size_t i = 0; i < d->count; i++) {
		const diagnostic *x = &d->items[i];
		tr_value v = TR_DICT(
		    "file", lossy(d->file == NULL ? "" : d->file), "line", tr_int(x->line), "column", tr_int(x->column),
		    "level", tr_string(x->level == DIAGNOSTIC_ERROR ? "error" : "warning"), "code", lossy(x->code),
		    "path", lossy(x->path), "message", lossy(x->message), "hint", lossy(x->hint));
		list = tr_array_push(list, v);
	}
	return list;
}
