/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers to text and back, whatever the locale. */
#ifndef TROUPE_VALUE_NUMBER_H
#define TROUPE_VALUE_NUMBER_H

#include <troupe/base.h>

#define NUMBER_TEXT 32

/* The shortest text that reads back as d, written as Python's repr writes it (1.0, 0.0001, 1e-05, 1e+16); nan, inf and
 * -inf for these. NUL-terminated; gives the length. */
size_t number_text(double d, char out[NUMBER_TEXT]);
/* Read a whole decimal number ([-]digits[.digits][e[+-]digits]) correctly rounded; false when the text is not one. */
bool number_read(tr_str text, double *d);
/* Read a whole decimal integer. TR_ESYNTAX, TR_ERANGE. */
tr_err integer_read(tr_str text, int64_t *i);

#endif
