/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of filters, and what their files share. */
#ifndef TROUPE_TEMPLATE_FILTERS_H
#define TROUPE_TEMPLATE_FILTERS_H

#include "playbook/template/strings.h"

extern const struct native text_filters[], markup_filters[], list_filters[], select_filters[], group_filters[],
    number_filters[], data_filters[], regex_filters[], wrap_filters[], urlize_filters[];
extern const struct native type_tests[], compare_tests[];

/* An attribute given to a filter, "a.b.0" or a number, taken apart once. */
struct attribute {
	tr_value *keys;
	size_t n;
	bool ignore_case; /* text is lowered behind it */
	struct {
		tr_value text, low;
	} memo[16];    /* text lowered before: groups have few different keys */
	uint32_t hint; /* where the first key was found the last time */
};
bool attribute_parse(struct eval *ev, tr_value attribute, bool ignore_case, struct attribute *out);
void attribute_free(struct attribute *a);
/* The item's attribute; `otherwise` (absent: none) stands in where it is undefined. Fresh. */
tr_value attribute_get(struct eval *ev, struct attribute *a, tr_value item, tr_value otherwise);
/* pprint (pretty.c). */
bool pretty_put(struct eval *ev, tr_buf *out, tr_value v);
/* The same when it is one key of a mapping that has it: borrowed; absent when attribute_get must look. */
static inline tr_value attribute_peek(struct eval *ev, struct attribute *a, tr_value item)
{
	if (a->n != 1 || a->ignore_case || !tr_is(item, TR_MAP) || ev->changed.n > 0 || !tr_is(a->keys[0], TR_STRING))
		return tr_absent();
	return map_get_near(item, a->keys[0], &a->hint);
}
/* An optional boolean argument. */
bool flag(struct eval *ev, tr_value v, bool *out);

#endif
