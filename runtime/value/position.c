/* SPDX-License-Identifier: Apache-2.0 */
/* Where in its input a decoder failed. */
#include <stdio.h>
#include <string.h>

#include "runtime/value/position.h"

void text_position(tr_str text, size_t offset, size_t *line, size_t *column)
{
	size_t start = 0;

	*line = 1;
	if (offset > text.n)
		offset = text.n;
	for (size_t i = 0; i < offset; i++) {
		if (text.p[i] == '\n') {
			++*line;
			start = i + 1;
		}
	}
	*column = offset - start + 1;
}

tr_value decode_failed(tr_decode_error *error, tr_err err, tr_str input, size_t offset, bool is_text,
		       const char *message)
{
	if (error != NULL) {
		*error = (tr_decode_error){.err = err, .offset = offset};
		if (is_text)
			text_position(input, offset, &error->line, &error->column);
		snprintf(error->message, sizeof(error->message), "%s", message != NULL ? message : tr_err_text(err));
	}
	return tr_invalid(err);
}
