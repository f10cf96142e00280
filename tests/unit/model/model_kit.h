/* SPDX-License-Identifier: Apache-2.0 */
/** What the model tests share: load text, compare two playbooks, look at the faults. */
#ifndef TROUPE_TESTS_MODEL_KIT_H
#define TROUPE_TESTS_MODEL_KIT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "playbook/graph/convert.h"
#include "playbook/model/model.h"
#include <stdlib.h>
#include <string.h>
#include <troupe/codec.h>

#define HEAD "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: { name: test, path: tests/test }\n"

/** Load; faults are printed. `warnings` must be the number of warnings; -1: any. */
static inline playbook *load_with(const char *text, const pb_check_options *options, int warnings)
{
	diagnostics d;
	diagnostics_init(&d, "test.yaml");
	playbook *p = playbook_load("test.yaml", tr_s(text), options, &d);
	if (p == NULL || (warnings >= 0 && d.warnings != (size_t)warnings))
		diagnostics_print(&d, tr_s(text), stderr, false);
	assert_non_null(p);
	if (warnings >= 0)
		assert_int_equal(d.warnings, warnings);
	diagnostics_fini(&d);
	return p;
}

static inline playbook *load(const char *text)
{
	return load_with(text, NULL, 0);
}

/** A playbook of these steps. */
static inline playbook *load_steps(const char *steps)
{
	tr_buf text = {0};
	tr_buf_puts(&text, HEAD "workflow:\n");
	tr_buf_puts(&text, steps);
	playbook *p = load_with(text.p, NULL, -1);
	tr_buf_fini(&text);
	return p;
}

/** Both must mean the same. */
static inline void assert_same_playbook(const char *a, const char *b)
{
	playbook *pa = load_with(a, NULL, -1), *pb = load_with(b, NULL, -1);
	tr_value va = convert_value(pa), vb = convert_value(pb);
	if (!tr_equal(va, vb)) {
		tr_value ta = tr_json_string(va, TR_JSON_PRETTY), tb = tr_json_string(vb, TR_JSON_PRETTY);
		print_error("%s\n----\n%s\n", tr_as_cstr(ta, ""), tr_as_cstr(tb, ""));
		tr_drop(ta);
		tr_drop(tb);
	}
	assert_true(tr_equal(va, vb));
	tr_drop(va);
	tr_drop(vb);
	playbook_free(&pa);
	playbook_free(&pb);
}

static inline void assert_same_steps(const char *a, const char *b)
{
	tr_buf ta = {0}, tb = {0};
	tr_buf_putf(&ta, HEAD "workflow:\n%s", a);
	tr_buf_putf(&tb, HEAD "workflow:\n%s", b);
	assert_same_playbook(ta.p, tb.p);
	tr_buf_fini(&ta);
	tr_buf_fini(&tb);
}

/** Refused, with a fault of this code on this line. */
static inline void assert_refused_with(const char *text, const pb_check_options *options, const char *code,
				       uint32_t line)
{
	diagnostics d;
	diagnostics_init(&d, "test.yaml");
	playbook *p = playbook_load("test.yaml", tr_s(text), options, &d);
	bool found = false;
	for (size_t i = 0; i < d.count; i++)
		found = found || (d.items[i].level == DIAGNOSTIC_ERROR && strcmp(d.items[i].code, code) == 0 &&
				  d.items[i].line == line);
	if (!found || p != NULL)
		diagnostics_print(&d, tr_s(text), stderr, false);
	assert_null(p);
	assert_true(found);
	diagnostics_fini(&d);
}

static inline void assert_str(tr_str s, const char *want)
{
	if (!tr_str_is(s, want))
		print_error("'%.*s' is not '%s'\n", TR_STR(s), want);
	assert_true(tr_str_is(s, want));
}

/** The constant must be this JSON. */
static inline void assert_const(const pb_expr *e, const char *json)
{
	assert_non_null(e);
	assert_int_equal(e->kind, PB_CONST);
	tr_value text = tr_json_string(e->constant, TR_JSON_COMPACT);
	assert_string_equal(tr_as_cstr(text, ""), json);
	tr_drop(text);
}

static inline void assert_template(const pb_expr *e, const char *source)
{
	assert_non_null(e);
	assert_int_equal(e->kind, PB_TEMPLATE);
	assert_str(e->source, source);
	assert_non_null(e->compiled);
}

#endif
