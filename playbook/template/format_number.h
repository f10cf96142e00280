/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers by a parsed format specification. */
#ifndef TROUPE_TEMPLATE_FORMAT_NUMBER_H
#define TROUPE_TEMPLATE_FORMAT_NUMBER_H

#include "playbook/template/eval.h"

struct format_spec {
	tr_str fill;
	char align, sign, group, type; /* '\0': not given */
	bool alternate, zero, fill_given;
	int64_t width, precision; /* precision -1: not given */
};

/* sign-and-prefix and body, padded to the width; `otherwise` is the alignment when none is given. */
bool put_padded(struct eval *ev, tr_buf *out, tr_str prefix, tr_str body, const struct format_spec *spec,
		char otherwise);
bool put_int_spec(struct eval *ev, tr_buf *out, int64_t i, const struct format_spec *spec);
bool put_float_spec(struct eval *ev, tr_buf *out, double d, const struct format_spec *spec);

#endif
