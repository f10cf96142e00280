/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads whose first keys are known: values by position instead of a map. */
#include "actors/event/shape.h"

#include <string.h>
#include <troupe/codec.h>

#include "runtime/value/msgpack.h"

struct shape_key {
	char text[SHAPE_KEY_MAX];
	unsigned char n;
	bool list;
};

struct shape {
	struct shape_key keys[EVENT_FIELDS];
	int count;
};

static const struct shape shapes[EVENT_TYPE_END] = {
#define KEY(name)                              \
	{                                      \
#name, sizeof #name - 1, false \
	}
#define LIST(name)                            \
	{                                     \
#name, sizeof #name - 1, true \
	}
#define X(name, ...) \
	[EVENT_##name] = {{__VA_ARGS__}, sizeof((struct shape_key[]){__VA_ARGS__}) / sizeof(struct shape_key)},
    EVENT_SHAPES(X, KEY, LIST)
#undef X
#undef LIST
#undef KEY
};

static const struct shape *shape_of(event_type t)
{
	return (int)t > 0 && t < EVENT_TYPE_END ? &shapes[t] : &shapes[EVENT_NONE];
}

bool event_has_shape(event_type t)
{
	return shape_of(t)->count > 0;
}

/* The position of a key; -1 when the shape has it not. */
static int position(const struct shape *s, const char *key)
{
	size_t n = strlen(key);

	for (int i = 0; i < s->count; i++) {
		const struct shape_key *k = &s->keys[i];

		if (k->n == n && memcmp(k->text, key, n) == 0)
			return i;
	}
	return -1;
}

void event_put(event *e, const char *key, tr_value v)
{
	int at = e->shaped ? position(shape_of(e->type), key) : -1;

	if (at >= 0)
		tr_assign(&e->field[at], v);
	else
		e->payload = tr_map_put_s(tr_is_nil(e->payload) ? tr_map() : e->payload, key, v);
}

tr_value event_get(const event *e, const char *key)
{
	int at = e->shaped ? position(shape_of(e->type), key) : -1;

	return at >= 0 ? e->field[at] : tr_map_get_s(e->payload, key);
}

tr_value event_payload(const event *e)
{
	const struct shape *s = shape_of(e->type);
	tr_value map;

	if (!e->shaped)
		return tr_keep(e->payload);
	map = tr_map_with(EVENT_FIELDS + tr_map_len(e->payload));
	for (int i = 0; i < s->count; i++) {
		const struct shape_key *k = &s->keys[i];
		tr_value v = e->field[i];

		if (!tr_is_valid(v) && tr_value_err(v) == TR_OK)
			continue;
		v = k->list && tr_is(v, TR_INT) ? TR_LIST(v) : tr_keep(v);
		map = tr_map_put(map, tr_string_n(k->text, k->n), v);
	}
	return tr_is_nil(e->payload) ? map : tr_map_merge(map, tr_keep(e->payload));
}

tr_err event_unshape(event *e)
{
	tr_value all;

	if (!e->shaped)
		return TR_OK;
	all = event_payload(e);
	event_fini(e);
	e->shaped = false;
	e->payload = all;
	return tr_value_err(all);
}

void event_view(const event *e, event *view)
{
	const struct shape *s = shape_of(e->type);

	*view = *e;
	if (e->shaped)
		return;
	view->shaped = true;
	for (int i = 0; i < s->count; i++) {
		const struct shape_key *k = &s->keys[i];
		tr_value v = tr_map_get_n(e->payload, k->text, k->n);

		if (k->list && tr_array_len(v) == 1 && tr_is(tr_array_at(v, 0), TR_INT))
			v = tr_array_at(v, 0);
		view->field[i] = v;
	}
}

/* ---- on disk -------------------------------------------------------------------------------------------------- */

/* The value when it is short; 0 when it is not. */
static inline size_t put_short(unsigned char *at, tr_value v, bool list)
{
	tr_str text;

	if (tr_is(v, TR_INT)) {
		at[0] = 0x91; /* a list of one */
		return (list ? 1u : 0u) + msgpack_int(at + (list ? 1 : 0), v.as.i);
	}
	if (!tr_is(v, TR_STRING)) {
		at[0] = tr_is(v, TR_MAP) ? 0x80 : tr_is(v, TR_ARRAY) ? 0x90 : 0xc0;
		return tr_is_nil(v) || (tr_is(v, TR_MAP) && tr_map_len(v) == 0) ||
		       (tr_is(v, TR_ARRAY) && tr_array_len(v) == 0);
	}
	text = tr_as_str(v);
	if (text.n > SHAPE_SHORT_MAX)
		return 0;
	at[0] = (unsigned char)(0xa0 | text.n);
	memcpy(at + 1, text.p, text.n);
	return 1 + text.n;
}

/* The head of a map. */
static size_t put_head(unsigned char *at, size_t count)
{
	if (count <= 15) {
		at[0] = (unsigned char)(0x80 | count);
		return 1;
	}
	at[0] = 0xde;
	at[1] = (unsigned char)(count >> 8);
	at[2] = (unsigned char)(count & 0xff);
	return 3;
}

/* What is not short, behind the n bytes that are written already; then there is room again. */
static tr_err put_long(tr_buf *out, unsigned char **at, size_t *n, tr_value v)
{
	tr_err err;

	out->n += *n;
	*n = 0;
	err = tr_msgpack_write(out, v);
	*at = (unsigned char *)tr_buf_reserve(out, SHAPE_ROOM);
	return err != TR_OK ? err : out->err;
}

static tr_err put_rest(tr_buf *out, tr_value rest)
{
	const tr_entry *e = tr_map_entries(rest);
	tr_err err = TR_OK;

	for (size_t i = 0, n = tr_map_len(rest); i < n && err == TR_OK; i++) {
		err = tr_msgpack_write(out, e[i].key);
		if (err == TR_OK)
			err = tr_msgpack_write(out, e[i].value);
	}
	return err;
}

/* How many keys there are; fails with what failed before. */
static tr_err count_keys(const struct shape *s, const event *e, size_t *count)
{
	tr_err err = tr_value_err(e->payload);

	*count = tr_is_nil(e->payload) ? 0 : tr_map_len(e->payload);
	for (int i = 0; i < s->count && err == TR_OK; i++) {
		err = tr_value_err(e->field[i]);
		*count += tr_is_valid(e->field[i]);
	}
	return err == TR_OK && *count > UINT16_MAX ? TR_ELIMIT : err;
}

tr_err shape_encode(tr_buf *out, size_t n, const event *e)
{
	const struct shape *s = shape_of(e->type);
	unsigned char *at = (unsigned char *)out->p + out->n;
	size_t count;
	tr_err err = count_keys(s, e, &count);

	if (err != TR_OK)
		return err;
	n += put_head(at + n, count);
	for (int i = 0; i < s->count && err == TR_OK; i++) {
		const struct shape_key *k = &s->keys[i];
		size_t more;

		if (!tr_is_valid(e->field[i]))
			continue;
		at[n] = (unsigned char)(0xa0 | k->n);
		memcpy(at + n + 1, k->text, SHAPE_KEY_MAX);
		n += 1u + k->n;
		more = put_short(at + n, e->field[i], k->list);
		n += more;
		if (more == 0)
			err = put_long(out, &at, &n, e->field[i]);
	}
	if (err != TR_OK)
		return err;
	out->n += n;
	if (!tr_is_nil(e->payload))
		err = put_rest(out, e->payload);
	return err != TR_OK ? err : out->err;
}
