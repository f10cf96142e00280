/* SPDX-License-Identifier: Apache-2.0 */
/* Filling tr_template_error: positions from byte offsets, and messages of the common faults. */
#ifndef TROUPE_TEMPLATE_ERROR_H
#define TROUPE_TEMPLATE_ERROR_H

#include <stdarg.h>

#include <troupe/template.h>

/* Line and column (in characters) of a byte offset, both from 1. */
void error_place(tr_str source, size_t at, uint32_t *line, uint32_t *column);
/* Fill *error, which may be NULL, unless it holds one already. */
void error_set(tr_template_error *error, tr_err err, tr_str source, size_t at, const char *fmt, ...) TR_PRINTF(5, 6);
void error_setv(tr_template_error *error, tr_err err, tr_str source, size_t at, const char *fmt, va_list args)
    TR_PRINTF(5, 0);
void error_syntax(tr_template_error *error, tr_str source, size_t at, const char *fmt, ...) TR_PRINTF(4, 5);
void error_memory(tr_template_error *error);

/* Collects the name nearest to `want` out of those it is shown. */
struct suggestion {
	tr_str want;
	size_t distance;
	char best[64];
};
void suggest_init(struct suggestion *s, tr_str want);
void suggest_try(void *suggestion, tr_str name);
/* "did you mean 'x'?" into out, or the empty text. */
void suggest_hint(const struct suggestion *s, char *out, size_t n);

#endif
