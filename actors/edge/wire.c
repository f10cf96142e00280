/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the endpoint. */
#include "actors/edge/wire.h"

#include <troupe/codec.h>

#define ITEMS_MAX (2u * 1024u * 1024u)

tr_err wire_put(tr_buf *out, tr_value v)
{
	size_t start = out->n;
	tr_buf_put(out, "\0\0\0\0", WIRE_HEAD);
	tr_err err = tr_msgpack_write(out, v);
	if (err == TR_OK)
		err = out->err;
	size_t n = out->n - start - WIRE_HEAD;
	if (err == TR_OK && n > WIRE_MAX)
		err = TR_ELIMIT;
	if (err != TR_OK) {
		if (out->n > start)
			out->n = start;
		return err;
	}
	for (size_t i = 0; i < WIRE_HEAD; i++)
		out->p[start + i] = (char)(n >> (8 * (WIRE_HEAD - 1 - i)) & 0xff);
	return TR_OK;
}

wire_result wire_get(tr_str bytes, tr_value *v, size_t *used)
{
	*v = tr_absent();
	if (bytes.n < WIRE_HEAD)
		return WIRE_MORE;
	size_t n = 0;
	for (size_t i = 0; i < WIRE_HEAD; i++)
		n = n << 8 | (unsigned char)bytes.p[i];
	if (n == 0 || n > WIRE_MAX)
		return WIRE_BAD;
	if (bytes.n - WIRE_HEAD < n)
		return WIRE_MORE;
	size_t read = 0;
	tr_decode_limits limits = {
	    .max_depth = 100, .max_bytes = WIRE_MAX, .max_items = ITEMS_MAX, .known_atoms_only = true};
	tr_value value = tr_msgpack_read((tr_str){bytes.p + WIRE_HEAD, n}, &read, &limits, NULL);
	if (!tr_is_valid(value) || read != n) {
		tr_drop(value);
		return WIRE_BAD;
	}
	*v = value;
	*used = WIRE_HEAD + n;
	return WIRE_OK;
}
