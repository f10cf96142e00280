/* SPDX-License-Identifier: Apache-2.0 */
/* Checking templates against what they must give. Contexts are JSON. */
#ifndef TROUPE_TEST_TEMPLATE_SUPPORT_H
#define TROUPE_TEST_TEMPLATE_SUPPORT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <troupe/codec.h>
#include <troupe/template.h>

struct expectation {
	const char *template;
	const char *context; /* NULL: none */
	const char *text;    /* what it gives; or, for errors, how "line:column: message" begins */
};

/* The text that a template gives, as a fresh string value; invalid with *error filled. */
tr_value give(const char *template, const char *context, const tr_template_options *options, const tr_eval_options *how,
	      tr_template_error *error);

void check_text(const char *template, const char *context, const char *want);
/* An expression's own value, as compact JSON. */
void check_value(const char *template, const char *context, const char *want_json);
/* It fails, with "line:column: message (hint)" beginning like this. */
void check_error(const char *template, const char *context, const char *want);
void check_all(const struct expectation *table, size_t n);
void check_all_errors(const struct expectation *table, size_t n);

#define CHECK_ALL(table)        check_all(table, sizeof(table) / sizeof((table)[0]))
#define CHECK_ALL_ERRORS(table) check_all_errors(table, sizeof(table) / sizeof((table)[0]))

#endif
