/* SPDX-License-Identifier: Apache-2.0 */
/* The atom table: names to numbers and back. */
#ifndef TROUPE_VALUE_ATOM_H
#define TROUPE_VALUE_ATOM_H

#include <troupe/value.h>

/* The atom's text, NUL-terminated; the empty view for a number that was never given out. */
tr_str atom_text(uint64_t number);

#endif
