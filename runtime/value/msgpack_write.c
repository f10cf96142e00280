/* SPDX-License-Identifier: Apache-2.0 */
/* Values to MessagePack, each in its shortest form. */
#include <string.h>

#include <troupe/codec.h>

#include "runtime/value/box.h"
#include "runtime/value/msgpack.h"
#include "runtime/value/walk.h"

/* A format byte and an unsigned number of `size` bytes behind it, most significant first. */
static void put_number(tr_buf *out, unsigned char format, uint64_t n, unsigned size)
{
	unsigned char bytes[9] = {format};

	for (unsigned i = size; i > 0; i--) {
		bytes[i] = (unsigned char)n;
		n >>= 8;
	}
	tr_buf_put(out, bytes, size + 1);
}

static void put_int(tr_buf *out, int64_t i)
{
	if (i >= -32 && i < 128)
		tr_buf_putc(out, (char)i);
	else if (i >= 0 && i <= UINT8_MAX)
		put_number(out, 0xCC, (uint64_t)i, 1);
	else if (i >= 0 && i <= UINT16_MAX)
		put_number(out, 0xCD, (uint64_t)i, 2);
	else if (i >= 0 && i <= UINT32_MAX)
		put_number(out, 0xCE, (uint64_t)i, 4);
	else if (i >= 0)
		put_number(out, 0xCF, (uint64_t)i, 8);
	else if (i >= INT8_MIN)
		put_number(out, 0xD0, (uint64_t)i, 1);
	else if (i >= INT16_MIN)
		put_number(out, 0xD1, (uint64_t)i, 2);
	else if (i >= INT32_MIN)
		put_number(out, 0xD2, (uint64_t)i, 4);
	else
		put_number(out, 0xD3, (uint64_t)i, 8);
}

static void put_float(tr_buf *out, double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	put_number(out, 0xCB, bits, 8);
}

/* A length: in the format byte up to `fix_max`, else in 1 (if there is such a form), 2 or 4 bytes. */
static tr_err put_length(tr_buf *out, size_t n, const struct msgpack_lengths *form)
{
	if (n <= form->fix_max && form->fix != 0)
		tr_buf_putc(out, (char)(form->fix | n));
	else if (n <= UINT8_MAX && form->in8 != 0)
		put_number(out, form->in8, n, 1);
	else if (n <= UINT16_MAX)
		put_number(out, form->in16, n, 2);
	else if (n <= UINT32_MAX)
		put_number(out, form->in32, n, 4);
	else
		return TR_ELIMIT;
	return TR_OK;
}

static tr_err put_bytes(tr_buf *out, tr_str s, const struct msgpack_lengths *form)
{
	tr_err err = put_length(out, s.n, form);

	if (err == TR_OK)
		tr_buf_put(out, s.p, s.n);
	return err;
}

static void put_ext8(tr_buf *out, char type, uint64_t bits)
{
	tr_buf_putc(out, (char)0xD7);
	put_number(out, (unsigned char)type, bits, 8);
}

static void put_atom(tr_buf *out, tr_str name)
{
	put_number(out, 0xC7, name.n, 1);
	tr_buf_putc(out, MSGPACK_ATOM);
	tr_buf_put(out, name.p, name.n);
}

static tr_err put_value(tr_buf *out, struct walk *walk, tr_value v)
{
	tr_err err = TR_OK;

	switch (tr_type_of(v)) {
	case TR_NIL:
		tr_buf_putc(out, (char)0xC0);
		return TR_OK;
	case TR_BOOL:
		tr_buf_putc(out, (char)(v.as.b ? 0xC3 : 0xC2));
		return TR_OK;
	case TR_INT:
		put_int(out, v.as.i);
		return TR_OK;
	case TR_FLOAT:
		put_float(out, v.as.d);
		return TR_OK;
	case TR_ATOM:
		put_atom(out, tr_as_str(v));
		return TR_OK;
	case TR_PID:
		put_ext8(out, MSGPACK_PID, v.as.bits);
		return TR_OK;
	case TR_REF:
		put_ext8(out, MSGPACK_REF, v.as.bits);
		return TR_OK;
	case TR_STRING:
		return put_bytes(out, tr_as_str(v), &msgpack_str);
	case TR_BINARY:
		return put_bytes(out, tr_as_str(v), &msgpack_bin);
	case TR_ARRAY:
		err = put_length(out, tr_array_len(v), &msgpack_array);
		break;
	case TR_MAP:
		err = put_length(out, tr_map_len(v), &msgpack_map);
		break;
	case TR_INVALID:
		return tr_value_err(invalid_from(v));
	default:
		return TR_ETYPE;
	}
	return err != TR_OK || walk_push(walk, v, tr_absent()) ? err : TR_ENOMEM;
}

/* The next item of the frame; a map gives key and value in turn. Absent at the end. */
static tr_value next_item(struct walk_frame *f)
{
	size_t at = f->at++;

	if (tr_is(f->a, TR_ARRAY))
		return tr_array_at(f->a, at);
	if (at / 2 >= tr_map_len(f->a))
		return tr_absent();
	const tr_entry *e = &tr_map_entries(f->a)[at / 2];
	return at % 2 == 0 ? e->key : e->value;
}

tr_err tr_msgpack_write(tr_buf *out, tr_value v)
{
	struct walk walk;

	walk_init(&walk);
	tr_err err = put_value(out, &walk, v);
	while (err == TR_OK && out->err == TR_OK && walk.n > 0) {
		v = next_item(walk_top(&walk));
		if (tr_is_valid(v))
			err = put_value(out, &walk, v);
		else
			walk.n--;
	}
	walk_fini(&walk);
	return err != TR_OK ? err : out->err;
}
