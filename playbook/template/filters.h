/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of filters, and what their files share. */
#ifndef TROUPE_TEMPLATE_FILTERS_H
#define TROUPE_TEMPLATE_FILTERS_H

#include "playbook/template/attribute.h"
#include "playbook/template/strings.h"

extern const struct native text_filters[], markup_filters[], list_filters[], select_filters[], group_filters[],
    sort_filters[], number_filters[], data_filters[], regex_filters[], wrap_filters[], urlize_filters[];
extern const struct native type_tests[], compare_tests[];

/* pprint (pretty.c). */
bool pretty_put(struct eval *ev, tr_buf *out, tr_value v);
/* An optional boolean argument. */
bool flag(struct eval *ev, tr_value v, bool *out);

#endif
