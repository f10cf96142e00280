/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of isolated plugins. */
#include "plugins/host/process/wire.h"
#include <troupe/codec.h>

tr_err wire_write(tr_buf *out, tr_value message)
{
	tr_err err = tr_is_valid(message) ? tr_msgpack_write(out, message) : tr_value_err(message);

	tr_drop(message);
	return err;
}

tr_value wire_read(tr_str content, bool trusted)
{
	tr_decode_limits limits = {.max_depth = 256, .max_bytes = WIRE_MAX, .known_atoms_only = !trusted};
	size_t used = 0;
	tr_value v = tr_msgpack_read(content, &used, &limits, NULL);

	if (tr_is_valid(v) && used == content.n && tr_is(tr_array_at(v, 0), TR_STRING))
		return v;
	tr_drop(v);
	return tr_invalid(TR_ECORRUPT);
}

bool wire_is(tr_value message, const char *word)
{
	return tr_str_is(tr_as_str(tr_array_at(message, 0)), word);
}
