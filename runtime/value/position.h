/* SPDX-License-Identifier: Apache-2.0 */
/* Filling in a tr_decode_error. */
#ifndef TROUPE_VALUE_POSITION_H
#define TROUPE_VALUE_POSITION_H

#include <troupe/codec.h>

/* Line and column of a byte offset, both from 1. */
void text_position(tr_str text, size_t offset, size_t *line, size_t *column);
/* Fill *error (may be NULL) and give the invalid value to return. line 0: not a text. */
tr_value decode_failed(tr_decode_error *error, tr_err err, tr_str input, size_t offset, bool is_text,
		       const char *message);

#endif
