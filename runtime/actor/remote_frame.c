/* SPDX-License-Identifier: Apache-2.0 */
/* Writing and reading frames. What is read comes from outside: nothing in it is believed. */
#include "runtime/actor/remote_frame.h"

#include <troupe/codec.h>

/* Atoms of a program's own code travel; more new ones than this in one signal are an attack on the table. */
#define NEW_ATOMS_MAX 256

static void put(unsigned char *at, uint64_t v, unsigned n)
{
	while (n-- > 0) {
		at[n] = (unsigned char)v;
		v >>= 8;
	}
}

static uint64_t get(const unsigned char *at, unsigned n)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < n; i++)
		v = v << 8 | at[i];
	return v;
}

void frame_write(tr_buf *out, const struct frame *f)
{
	unsigned char head[FRAME_HEAD] = {FRAME_VERSION, f->kind, f->flags, 0};
	put(head + 4, f->id, 2);
	put(head + 6, (uint64_t)tr_value_err(f->value), 2);
	put(head + 8, f->from.bits, 8);
	put(head + 16, f->to.bits, 8);
	put(head + 24, f->ref.bits, 8);
	tr_buf_put(out, head, sizeof head);
	if (tr_is_valid(f->value) && out->err == TR_OK) {
		tr_err err = tr_msgpack_write(out, f->value);
		if (out->err == TR_OK)
			out->err = err;
	}
}

static bool is_kind(uint8_t kind)
{
	return kind <= ENV_DOWN || kind == FRAME_NAMED;
}

/* Does a signal of this kind carry a value? Replies may bring an error instead. */
static bool value_fits(const struct frame *f)
{
	switch (f->kind) {
	case ENV_MESSAGE:
	case ENV_CALL:
	case ENV_EXIT:
	case ENV_LINK_EXIT:
	case ENV_DOWN:
		return tr_is_valid(f->value);
	case ENV_REPLY:
		return tr_is_valid(f->value) || tr_value_err(f->value) != TR_OK;
	case FRAME_NAMED:
		return tr_array_len(f->value) == 2 && tr_is(tr_array_at(f->value, 0), TR_STRING);
	default:
		return !tr_is_valid(f->value);
	}
}

tr_err frame_read(tr_str bytes, struct frame *f)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	if (bytes.n < FRAME_HEAD || p[0] != FRAME_VERSION || !is_kind(p[1]) || p[3] != 0)
		return TR_ECORRUPT;
	*f = (struct frame){.kind = p[1],
			    .flags = p[2] & ENV_CLEARED,
			    .id = (uint16_t)get(p + 4, 2),
			    .from = {get(p + 8, 8)},
			    .to = {get(p + 16, 8)},
			    .ref = {get(p + 24, 8)},
			    .value = tr_invalid((tr_err)get(p + 6, 2))};
	if (bytes.n > FRAME_HEAD) {
		size_t used = 0;
		tr_str rest = {bytes.p + FRAME_HEAD, bytes.n - FRAME_HEAD};
		tr_decode_limits limits = {.max_new_atoms = NEW_ATOMS_MAX};
		f->value = tr_msgpack_read(rest, &used, &limits, NULL);
		if (!tr_is_valid(f->value))
			return tr_value_err(f->value) == TR_ENOMEM ? TR_ENOMEM : TR_ECORRUPT;
		if (used != rest.n) {
			tr_drop(f->value);
			return TR_ECORRUPT;
		}
	}
	if (value_fits(f))
		return TR_OK;
	tr_drop(f->value);
	return TR_ECORRUPT;
}
