/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions with Python's syntax, by PCRE2 with bounds on what a match may cost. */
#ifndef TROUPE_TEMPLATE_REGEX_H
#define TROUPE_TEMPLATE_REGEX_H

#include "playbook/template/eval.h"

enum regex_flag {
	REGEX_IGNORE_CASE = 1,
	REGEX_MULTI_LINE = 2,
	REGEX_DOT_ALL = 4,
	REGEX_EXTENDED = 8
};

struct regex {
	void *code, *data, *context; /* PCRE2's */
	uint32_t groups;
};

/* False after ev_fail. */
bool regex_compile(struct eval *ev, struct regex *r, tr_str pattern, unsigned flags);
void regex_free(struct regex *r);
/* Match in s from byte `from`: 1 found, 0 not, -1 after ev_fail. */
int regex_match(struct eval *ev, struct regex *r, tr_str s, size_t from);
/* Bounds of a group of the last match; false when it took no part. */
bool regex_group(const struct regex *r, uint32_t group, size_t *start, size_t *end);
/* The number of a named group, or -1. */
int regex_named(const struct regex *r, const char *name);

#endif
