/* SPDX-License-Identifier: Apache-2.0 */
/* MessagePack in pieces. */
#include "actors/engine/state_writer.h"

#include <troupe/codec.h>

/* Deeper than what comes out of a log can be, and not so deep that it could not be read again below the state's own
 * levels. */
#define VALUE_DEPTH (MACHINE_STATE_DEPTH - 16)

tr_err state_writer_init(state_writer *w, machine_piece *piece, void *arg)
{
	*w = (state_writer){.piece = piece, .arg = arg, .at = tr_alloc(MACHINE_PIECE)};
	w->err = w->at != NULL ? TR_OK : TR_ENOMEM;
	return w->err;
}

static void hand_on(state_writer *w, const void *p, size_t n)
{
	w->bytes += n;
	if (w->err == TR_OK && (w->bytes > MACHINE_STATE_MAX || w->items > MACHINE_STATE_ITEMS))
		w->err = TR_ELIMIT;
	if (w->err == TR_OK && n > 0)
		w->err = w->piece(w->arg, (tr_str){p, n});
}

bool state_writer_turn(state_writer *w)
{
	hand_on(w, w->at, w->n);
	w->n = 0;
	return w->err == TR_OK;
}

tr_err state_writer_fini(state_writer *w)
{
	if (w->at != NULL)
		(void)state_writer_turn(w);
	tr_free(w->at);
	w->at = NULL;
	return w->err;
}

/* A length: in the format byte, or in 1 (where there is such a form), 2 or 4 bytes behind it. */
static void put_length(state_writer *w, size_t n, const struct msgpack_lengths *form)
{
	unsigned char *at = state_room(w);

	if (form->fix != 0 && n <= form->fix_max) {
		*at = (unsigned char)(form->fix | n);
		w->n++;
	} else if (form->in8 != 0 && n <= UINT8_MAX) {
		w->n += msgpack_number(at, form->in8, n, 1);
	} else if (n <= UINT16_MAX) {
		w->n += msgpack_number(at, form->in16, n, 2);
	} else if (n <= UINT32_MAX) {
		w->n += msgpack_number(at, form->in32, n, 4);
	} else if (w->err == TR_OK) {
		w->err = TR_ELIMIT;
	}
}

static void put_bytes(state_writer *w, const char *p, size_t n)
{
	while (n > 0 && w->err == TR_OK) {
		size_t room = MACHINE_PIECE - w->n, part = n < room ? n : room;

		if (room == 0) {
			(void)state_writer_turn(w);
			continue;
		}
		memcpy(w->at + w->n, p, part);
		w->n += part;
		p += part;
		n -= part;
	}
}

void state_array(state_writer *w, size_t n)
{
	put_length(w, n, &msgpack_array);
}
void state_map(state_writer *w, size_t n)
{
	put_length(w, n, &msgpack_map);
}
void state_text(state_writer *w, tr_str text)
{
	put_length(w, text.n, &msgpack_str);
	put_bytes(w, text.p, text.n);
}

static void put_scalar(state_writer *w, tr_value v)
{
	tr_buf near = {0};

	/* A float, an atom, a pid, a ref; an object has no form. */
	tr_err err = tr_msgpack_write(&near, v);
	if (err != TR_OK && w->err == TR_OK)
		w->err = err;
	w->items++;
	put_bytes(w, near.p, near.n);
	tr_buf_fini(&near);
}

static void put_nil(state_writer *w)
{
	*state_room(w) = 0xC0;
	w->n++;
}

static void put_any(state_writer *w, tr_value v, unsigned depth);

static void put_items(state_writer *w, tr_value v, unsigned depth)
{
	const tr_value *item = tr_array_items(v);
	const tr_entry *e = tr_map_entries(v);
	size_t n = tr_is(v, TR_MAP) ? tr_map_len(v) : tr_array_len(v);

	if (depth == VALUE_DEPTH && w->err == TR_OK)
		w->err = TR_ELIMIT;
	for (size_t i = 0; i < n && w->err == TR_OK; i++) {
		if (item != NULL) {
			put_any(w, item[i], depth + 1);
			continue;
		}
		put_any(w, e[i].key, depth + 1);
		put_any(w, e[i].value, depth + 1);
	}
}

static void put_any(state_writer *w, tr_value v, unsigned depth)
{
	switch (tr_type_of(v)) {
	case TR_NIL:
		put_nil(w);
		break;
	case TR_BOOL:
		state_bool(w, tr_as_bool(v, false));
		break;
	case TR_INT:
		state_int(w, tr_as_int(v, 0));
		break;
	case TR_STRING:
		state_text(w, tr_as_str(v));
		break;
	case TR_BINARY:
		put_length(w, tr_as_str(v).n, &msgpack_bin);
		put_bytes(w, tr_as_str(v).p, tr_as_str(v).n);
		break;
	case TR_ARRAY:
		state_array(w, tr_array_len(v));
		put_items(w, v, depth);
		break;
	case TR_MAP:
		state_map(w, tr_map_len(v));
		put_items(w, v, depth);
		break;
	default:
		put_scalar(w, v);
	}
}

void state_value(state_writer *w, tr_value v)
{
	if (tr_is_valid(v))
		put_any(w, v, 0);
	else
		put_nil(w);
}
