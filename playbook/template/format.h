/* SPDX-License-Identifier: Apache-2.0 */
/* Python's three ways to format: '%d' % x, '{:d}'.format(x), and the format specifications both rest on. */
#ifndef TROUPE_TEMPLATE_FORMAT_H
#define TROUPE_TEMPLATE_FORMAT_H

#include "playbook/template/eval.h"

tr_value format_percent(struct eval *ev, tr_value text, tr_value values);
tr_value format_braces(struct eval *ev, tr_value text, const struct args *args);
/* Append v by the specification: format(v, spec). */
bool format_value(struct eval *ev, tr_buf *out, tr_value v, tr_str spec);

#endif
