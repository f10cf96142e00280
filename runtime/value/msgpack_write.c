/* SPDX-License-Identifier: Apache-2.0 */
/* Values to MessagePack, each in its shortest form. */
#include <string.h>

#include <troupe/codec.h>

#include "runtime/value/box.h"
#include "runtime/value/msgpack.h"
#include "runtime/value/walk.h"

/* Room for any format byte with what it says of a number or a length. */
#define HEAD_MAX 10
#define LEVELS   8

/* Where the next byte goes. The buffer's n is only right after cursor_close. */
struct cursor {
	tr_buf *out;
	unsigned char *at, *end;
};

static void cursor_open(struct cursor *c, tr_buf *out)
{
	size_t last = out->cap > 0 ? out->cap - 1 : 0; /* the byte behind is for a NUL */

	*c = (struct cursor){.out = out};
	if (out->p == NULL)
		return;
	if (out->max > 0 && last > out->max)
		last = out->max;
	c->at = (unsigned char *)out->p + out->n;
	c->end = out->err == TR_OK && last > out->n ? (unsigned char *)out->p + last : c->at;
}

static void cursor_close(struct cursor *c)
{
	if (c->out->p == NULL)
		return;
	c->out->n = (size_t)((char *)c->at - c->out->p);
	*c->at = '\0';
}

/* There is not enough room: grow. */
static bool cursor_grow(struct cursor *c, size_t n)
{
	tr_buf *out = c->out;

	cursor_close(c);
	if (tr_buf_reserve(out, n) == NULL)
		return false;
	cursor_open(c, out);
	return true;
}

/* Keys and words are short: no call up to 16 of them. */
static inline void copy_short(unsigned char *to, const char *p, size_t n)
{
	uint64_t a, b;
	uint32_t x, y;

	if (n > 16) {
		memcpy(to, p, n);
	} else if (n >= 8) {
		memcpy(&a, p, 8);
		memcpy(&b, p + n - 8, 8);
		memcpy(to, &a, 8);
		memcpy(to + n - 8, &b, 8);
	} else if (n >= 4) {
		memcpy(&x, p, 4);
		memcpy(&y, p + n - 4, 4);
		memcpy(to, &x, 4);
		memcpy(to + n - 4, &y, 4);
	} else if (n > 0) {
		to[0] = (unsigned char)p[0];
		to[n / 2] = (unsigned char)p[n / 2];
		to[n - 1] = (unsigned char)p[n - 1];
	}
}

static inline bool cursor_room(struct cursor *c, size_t n)
{
	return (size_t)(c->end - c->at) >= n || cursor_grow(c, n);
}

static inline void put_bytes(struct cursor *c, const char *p, size_t n)
{
	if (!cursor_room(c, n))
		return;
	copy_short(c->at, p, n);
	c->at += n;
}

/* A length: in the format byte up to `fix_max`, else in 1 (if there is such a form), 2 or 4 bytes. 0: too long. */
static size_t length(unsigned char *at, size_t n, const struct msgpack_lengths *form)
{
	if (n <= form->fix_max && form->fix != 0) {
		at[0] = (unsigned char)(form->fix | n);
		return 1;
	}
	if (n <= UINT8_MAX && form->in8 != 0)
		return msgpack_number(at, form->in8, n, 1);
	if (n <= UINT16_MAX)
		return msgpack_number(at, form->in16, n, 2);
	return n <= UINT32_MAX ? msgpack_number(at, form->in32, n, 4) : 0;
}

static size_t ext8(unsigned char *at, unsigned char type, uint64_t bits)
{
	at[0] = 0xD7;
	return 1 + msgpack_number(at + 1, type, bits, 8);
}

static size_t atom_head(unsigned char *at, size_t n)
{
	at[0] = 0xC7;
	at[1] = (unsigned char)n;
	at[2] = MSGPACK_ATOM;
	return 3;
}

/* What stands before the bytes or items of a value, or all of it. 0: it has no such form. */
static inline size_t head_of(unsigned char *at, tr_value v)
{
	uint64_t bits;

	switch (tr_type_of(v)) {
	case TR_NIL:
		at[0] = 0xC0;
		return 1;
	case TR_BOOL:
		at[0] = v.as.b ? 0xC3 : 0xC2;
		return 1;
	case TR_INT:
		return msgpack_int(at, v.as.i);
	case TR_FLOAT:
		memcpy(&bits, &v.as.d, sizeof(bits));
		return msgpack_number(at, 0xCB, bits, 8);
	case TR_ATOM:
		return atom_head(at, tr_as_str(v).n);
	case TR_PID:
		return ext8(at, MSGPACK_PID, v.as.bits);
	case TR_REF:
		return ext8(at, MSGPACK_REF, v.as.bits);
	case TR_STRING:
		return length(at, box_text(v)->n, &msgpack_str);
	case TR_BINARY:
		return length(at, box_text(v)->n, &msgpack_bin);
	case TR_ARRAY:
		return length(at, box_array(v)->n, &msgpack_array);
	case TR_MAP:
		return length(at, box_map(v)->n, &msgpack_map);
	default:
		return 0;
	}
}

static tr_err no_form(tr_value v)
{
	if (!tr_is_valid(v))
		return tr_value_err(invalid_from(v));
	return tr_is(v, TR_OBJECT) ? TR_ETYPE : TR_ELIMIT;
}

/* A value of no fixed or no short form; of a container, what stands before its items. */
static tr_err put_slow(struct cursor *c, tr_value v)
{
	unsigned char near[HEAD_MAX];
	size_t n = head_of(near, v);

	if (n == 0)
		return no_form(v);
	if (cursor_room(c, n)) {
		memcpy(c->at, near, n);
		c->at += n;
	}
	if (tr_is(v, TR_STRING) || tr_is(v, TR_BINARY)) {
		put_bytes(c, box_text(v)->data, box_text(v)->n);
	} else if (tr_is(v, TR_ATOM)) {
		tr_str name = tr_as_str(v);
		put_bytes(c, name.p, name.n);
	}
	return c->out->err;
}

/* The same; short texts and integers, which is what events are made of, first. */
static inline tr_err put_value(struct cursor *c, tr_value v)
{
	if (c->end - c->at < 32 + HEAD_MAX)
		return put_slow(c, v);
	if (tr_is(v, TR_STRING) && box_text(v)->n < 32) {
		size_t n = box_text(v)->n;
		c->at[0] = (unsigned char)(0xA0 | n);
		copy_short(c->at + 1, box_text(v)->data, n);
		c->at += n + 1;
		return TR_OK;
	}
	if (tr_is(v, TR_INT)) {
		c->at += msgpack_int(c->at, v.as.i);
		return TR_OK;
	}
	return put_slow(c, v);
}

/* The next item of the frame; a map gives key and value in turn. False at the end. */
static inline bool next_item(struct walk_frame *f, tr_value *v)
{
	size_t at = f->at++;

	if (tr_is(f->a, TR_ARRAY)) {
		const struct box_array *array = box_array(f->a);
		if (at >= array->n)
			return false;
		*v = array->items[at];
		return true;
	}
	const struct box_map *map = box_map(f->a);
	if (at / 2 >= map->n)
		return false;
	*v = at % 2 == 0 ? map->entries[at / 2].key : map->entries[at / 2].value;
	return true;
}

/* The items of a container whose head is written, however deep. */
static tr_err put_deep(struct cursor *c, tr_value v)
{
	struct walk walk;
	tr_err err = TR_OK;

	walk_init(&walk);
	(void)walk_push(&walk, v, tr_absent()); /* there is room for the first */
	while (err == TR_OK && walk.n > 0) {
		if (!next_item(walk_top(&walk), &v)) {
			walk.n--;
			continue;
		}
		err = put_value(c, v);
		if (err == TR_OK && is_container(v) && !walk_push(&walk, v, tr_absent()))
			err = TR_ENOMEM;
	}
	walk_fini(&walk);
	return err;
}

/* The same by recursion for the first levels, which are most of the time all. */
static tr_err put_items(struct cursor *c, tr_value v, unsigned levels)
{
	bool is_map = tr_is(v, TR_MAP);
	size_t n = is_map ? box_map(v)->n : box_array(v)->n;
	tr_err err = TR_OK;

	if (levels == 0)
		return put_deep(c, v);
	for (size_t i = 0; i < n && err == TR_OK; i++) {
		tr_value item = is_map ? box_map(v)->entries[i].value : box_array(v)->items[i];

		if (is_map && (err = put_value(c, box_map(v)->entries[i].key)) != TR_OK)
			break;
		if (is_map && is_container(box_map(v)->entries[i].key))
			err = put_deep(c, box_map(v)->entries[i].key);
		if (err == TR_OK)
			err = put_value(c, item);
		if (err == TR_OK && is_container(item))
			err = put_items(c, item, levels - 1);
	}
	return err;
}

tr_err tr_msgpack_write(tr_buf *out, tr_value v)
{
	struct cursor c;

	cursor_open(&c, out);
	tr_err err = put_value(&c, v);
	if (err == TR_OK && is_container(v))
		err = put_items(&c, v, LEVELS);
	cursor_close(&c);
	return err != TR_OK ? err : out->err;
}
