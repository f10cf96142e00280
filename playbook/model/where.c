/* SPDX-License-Identifier: Apache-2.0 */
/* Faults with their key path. */
#include "playbook/model/loader.h"
#include <string.h>

static void path_put(tr_buf *b, const where *w)
{
	if (w == NULL)
		return;
	path_put(b, w->up);
	if (w->is_index) {
		tr_buf_putf(b, "[%zu]", w->index);
		return;
	}
	if (w->key.n == 0)
		return;
	if (b->n > 0)
		tr_buf_putc(b, '.');
	tr_buf_put(b, w->key.p, w->key.n);
}

tr_str where_text(loader *l, const where *w)
{
	tr_buf path = {0};
	path_put(&path, w);
	tr_str kept = arena_str(l->mem, tr_buf_str(&path));
	tr_buf_fini(&path);
	return kept;
}

TR_PRINTF(7, 0)
static void load_vsay(loader *l, diagnostic_level level, const where *w, pb_pos at, const char *code, const char *hint,
		      const char *fmt, va_list args)
{
	char message[512];
	vsnprintf(message, sizeof message, fmt, args);
	tr_buf path = {0};
	path_put(&path, w);
	diagnostics_add(l->out, level, code, at.line, at.column, path.n == 0 ? "" : path.p, hint, "%s", message);
	tr_buf_fini(&path);
}

void load_say(loader *l, diagnostic_level level, const where *w, pb_pos at, const char *code, const char *hint,
	      const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	load_vsay(l, level, w, at, code, hint, fmt, args);
	va_end(args);
}

static pb_pos place(const yaml_node *at)
{
	return at == NULL ? (pb_pos){0, 0} : pos_of(at);
}

void load_fault(loader *l, const where *w, const yaml_node *at, const char *code, const char *hint, const char *fmt,
		...)
{
	va_list args;
	va_start(args, fmt);
	load_vsay(l, DIAGNOSTIC_ERROR, w, place(at), code, hint, fmt, args);
	va_end(args);
}

void load_warn(loader *l, const where *w, const yaml_node *at, const char *code, const char *hint, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	load_vsay(l, DIAGNOSTIC_WARNING, w, place(at), code, hint, fmt, args);
	va_end(args);
}

suggestion load_suggestion(const loader *l, tr_str wanted)
{
	suggestion s = suggest_for(wanted);
	if (l->out->dropped > 0)
		s.budget = 0;
	return s;
}

const char *node_kind_name(const yaml_node *n)
{
	if (n->kind == YAML_SEQUENCE)
		return "a list";
	if (n->kind == YAML_MAPPING)
		return "a mapping";
	switch (tr_type_of(n->value)) {
	case TR_NIL:
		return "null";
	case TR_BOOL:
		return "a boolean";
	case TR_INT:
		return "an integer";
	case TR_FLOAT:
		return "a number";
	default:
		return "text";
	}
}
