/* SPDX-License-Identifier: Apache-2.0 */
/**
 * MessagePack in pieces: what fills one goes on at once, so that a state of any size takes no more memory than a piece
 * while it is written. Errors stick in `err`; what is put after one is lost. Not thread-safe.
 */
#ifndef TROUPE_ENGINE_STATE_WRITER_H
#define TROUPE_ENGINE_STATE_WRITER_H

#include "actors/engine/machine.h"
#include "runtime/value/msgpack.h"

#include <string.h>

#define STATE_HEAD 10 /* room for any format byte with the number or the length behind it */

typedef struct state_writer {
	machine_piece *piece;
	void *arg;
	unsigned char *at; /* MACHINE_PIECE bytes */
	size_t n;          /* filled */
	size_t bytes;      /* gone on */
	size_t items;
	tr_err err;
} state_writer;

tr_err state_writer_init(state_writer *w, machine_piece *piece, void *arg);
/** What is left goes on. The first error. */
tr_err state_writer_fini(state_writer *w);

/* Room for n bytes, at most STATE_HEAD; false after an error. */
bool state_writer_turn(state_writer *w);
static inline unsigned char *state_room(state_writer *w)
{
	w->items++;
	if (w->n + STATE_HEAD > MACHINE_PIECE && !state_writer_turn(w))
		w->n = 0;
	return w->at + w->n;
}

static inline void state_int(state_writer *w, int64_t n)
{
	w->n += msgpack_int(state_room(w), n);
}
static inline void state_number(state_writer *w, uint64_t n)
{
	state_int(w, (int64_t)n);
}
static inline void state_bool(state_writer *w, bool b)
{
	*state_room(w) = b ? 0xC3 : 0xC2;
	w->n++;
}

/* n items, or n pairs, follow. */
void state_array(state_writer *w, size_t n);
void state_map(state_writer *w, size_t n);
void state_text(state_writer *w, tr_str text);
/** A value of any size and depth; what is no value is nil. Borrows. */
void state_value(state_writer *w, tr_value v);

static inline void state_key(state_writer *w, const char *key)
{
	state_text(w, tr_s(key));
}

#endif
