/* SPDX-License-Identifier: Apache-2.0 */
/* Erlang terms as text, read as values: tuples and lists are arrays, names are atoms, `true` and `false` booleans. */
#ifndef TROUPE_TESTS_OTP_TERM_H
#define TROUPE_TESTS_OTP_TERM_H

#include <troupe/value.h>

/* The term at *at, which is moved behind it and its dot. Absent at the end of the text, invalid TR_ESYNTAX when it is
 * no term. */
tr_value term_read(const char **at);

#endif
