/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps: dense entries in insertion order, found by a scan up to MAP_SMALL and by an index beyond. Like arrays they
 * change in place while the value has one holder. Deleting keeps the order and so moves what is behind.
 */
#include <stdarg.h>
#include <string.h>

#include "runtime/value/box.h"
#include "runtime/value/key.h"
#include "runtime/value/map.h"
#include "runtime/value/map_index.h"
#include "runtime/value/view.h"

#define FIRST_CAPACITY 4
#define MAP_MAX        (UINT32_MAX / 4)
#define KEY_MAX_DEPTH  8

#define NOT_FOUND MAP_NO_PLACE

static struct box_map *map_new(uint32_t cap)
{
	struct box_map *map = alloc_raw(sizeof(*map) + cap * sizeof(tr_entry));

	if (map == NULL)
		return NULL;
	box_init(&map->head, TR_MAP);
	map->u.cap = cap;
	map->n = 0;
	map->mask = 0;
	map->index = NULL;
	if (cap > MAP_SMALL && (map->index = map_index_new(cap, &map->mask)) == NULL) {
		tr_free(map);
		return NULL;
	}
	return map;
}

static tr_value map_value(struct box_map *map)
{
	return map != NULL ? box_value(TR_MAP, &map->head) : tr_invalid(TR_ENOMEM);
}

/* Empty maps are all the same one, which nobody counts. */
static struct box_map no_entries = {.head = {.refs = BOX_IMMORTAL, .kind = TR_MAP}};

tr_value tr_map(void)
{
	return box_value(TR_MAP, &no_entries.head);
}

tr_value tr_map_with(size_t capacity)
{
	return capacity > MAP_MAX ? tr_invalid(TR_EFULL) : map_value(map_new((uint32_t)capacity));
}

/* ---- finding ---- */

static bool same_text(tr_value key, const char *p, size_t n)
{
	return box_text(key)->n == n && view_same_bytes(box_text(key)->data, p, n);
}

static bool same_key(tr_value a, tr_value b)
{
	if (a.type != b.type)
		return false;
	if (tr_is(a, TR_STRING))
		return a.as.box == b.as.box || same_text(a, box_text(b)->data, box_text(b)->n);
	return tr_equal(a, b);
}

static uint32_t map_find_text(const struct box_map *map, const char *p, size_t n)
{
	if (map->index == NULL) {
		for (uint32_t i = 0; i < map->n; i++) {
			if (tr_is(map->entries[i].key, TR_STRING) && same_text(map->entries[i].key, p, n))
				return i;
		}
		return NOT_FOUND;
	}
	uint32_t hash = map_hash(text_hash(p, n));
	for (uint32_t i = hash & map->mask; map->index[i].at != 0; i = (i + 1) & map->mask) {
		uint32_t at = map->index[i].at - 1;
		tr_value key = map->entries[at].key;
		if (map->index[i].hash == hash && tr_is(key, TR_STRING) && same_text(key, p, n))
			return at;
	}
	return NOT_FOUND;
}

static uint32_t map_find(const struct box_map *map, tr_value key)
{
	if (map->index == NULL) {
		for (uint32_t i = 0; i < map->n; i++) {
			if (same_key(map->entries[i].key, key))
				return i;
		}
		return NOT_FOUND;
	}
	uint32_t hash = map_hash(tr_hash(key));
	for (uint32_t i = hash & map->mask; map->index[i].at != 0; i = (i + 1) & map->mask) {
		uint32_t at = map->index[i].at - 1;
		if (map->index[i].hash == hash && same_key(map->entries[at].key, key))
			return at;
	}
	return NOT_FOUND;
}

/* ---- growing and copying ---- */

static inline void map_append(struct box_map *map, tr_value key, tr_value value)
{
	map->entries[map->n] = (tr_entry){key, value};
	if (map->index != NULL)
		map_index_add(map->index, map->mask, map_hash(tr_hash(key)), map->n);
	map->n++;
}

/* Append entries of another map, borrowed; there is room and none of the keys is here. */
static void map_append_kept(struct box_map *to, const tr_entry *entries, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		map_append(to, tr_keep(entries[i].key), tr_keep(entries[i].value));
}

static uint32_t larger_capacity(const struct box_map *map, uint32_t need)
{
	uint32_t cap = map->u.cap < FIRST_CAPACITY ? FIRST_CAPACITY : map->u.cap + map->u.cap / 2;

	return cap < need ? need : cap;
}

/* Grow the own map in place; NULL when there is no memory, and then it is as before. */
static struct box_map *map_grow(struct box_map *map, uint32_t cap)
{
	struct map_slot *index = NULL;
	uint32_t mask = map->mask;
	bool reindex = cap > MAP_SMALL && (map->index == NULL || cap > (mask + 1) / 4 * 3);

	if (reindex && (index = map_index_new(cap, &mask)) == NULL)
		return NULL;
	struct box_map *to = tr_realloc(map, sizeof(*map) + cap * sizeof(tr_entry));
	if (to == NULL) {
		tr_free(index);
		return NULL;
	}
	to->u.cap = cap;
	if (!reindex)
		return to;
	if (to->index == NULL) {
		for (uint32_t i = 0; i < to->n; i++)
			map_index_add(index, mask, map_hash(tr_hash(to->entries[i].key)), i);
	} else {
		for (uint32_t i = 0; i <= to->mask; i++) {
			if (to->index[i].at != 0)
				map_index_add(index, mask, to->index[i].hash, to->index[i].at - 1);
		}
		tr_free(to->index);
	}
	to->index = index;
	to->mask = mask;
	return to;
}

static struct box_map *map_copy(const struct box_map *map, uint32_t cap)
{
	struct box_map *to = map_new(cap);

	if (to != NULL)
		map_append_kept(to, map->entries, map->n);
	return to;
}

/* The map (taken), writable and with room for `more` entries; NULL when there is no memory, and then it is gone. */
static struct box_map *map_writable(tr_value v, uint32_t more)
{
	struct box_map *map = box_map(v);
	uint32_t need = map->n + more;
	bool own = box_is_own(v.as.box);

	if (own && need <= map->u.cap)
		return map;
	/* A copy is made by what is there, not by the room there was: else it would grow with every copy. */
	uint32_t room = more == 0 ? need : need < FIRST_CAPACITY ? FIRST_CAPACITY : need + need / 2;
	struct box_map *to = own ? map_grow(map, larger_capacity(map, need)) : map_copy(map, room);
	if (to == NULL || !own)
		tr_drop(v);
	return to;
}

/* ---- changing ---- */

/* May v be a key? Keys are compared by recursion when they hold maps, so their nesting is bounded. */
static bool key_fits(tr_value v, unsigned depth)
{
	if (!is_container(v))
		return true;
	if (depth == 0)
		return false;
	for (size_t i = 0; i < tr_array_len(v); i++) {
		if (!key_fits(tr_array_at(v, i), depth - 1))
			return false;
	}
	for (size_t i = 0; i < tr_map_len(v); i++) {
		const tr_entry *e = &box_map(v)->entries[i];
		if (!key_fits(e->key, depth - 1) || !key_fits(e->value, depth - 1))
			return false;
	}
	return true;
}

/* Why these cannot be put together; absent when they can. */
static tr_value put_refused(tr_value map, tr_value key, tr_value value)
{
	if (!tr_is_valid(map))
		return invalid_from(map);
	if (!tr_is_valid(key))
		return invalid_from(key);
	if (!tr_is_valid(value))
		return invalid_from(value);
	if (!tr_is(map, TR_MAP))
		return tr_invalid(TR_ETYPE);
	if (box_map(map)->n >= MAP_MAX)
		return tr_invalid(TR_EFULL);
	return key_fits(key, KEY_MAX_DEPTH) ? tr_absent() : tr_invalid(TR_EDEPTH);
}

/* Replace the value of entry `at`. Takes both. */
static tr_value map_replace(tr_value v, uint32_t at, tr_value value)
{
	struct box_map *map = map_writable(v, 0);

	if (map == NULL)
		tr_drop(value);
	else
		tr_assign(&map->entries[at].value, value);
	return map_value(map);
}

tr_value map_insert(tr_value v, tr_value key, tr_value value)
{
	struct box_map *map = map_writable(v, 1);

	if (map == NULL) {
		tr_drop(key);
		tr_drop(value);
	} else {
		map_append(map, key, value);
	}
	return map_value(map);
}

tr_value tr_map_put(tr_value map, tr_value key, tr_value value)
{
	tr_value refused = put_refused(map, key, value);

	if (tr_value_err(refused) != TR_OK) {
		tr_drop(map);
		tr_drop(key);
		tr_drop(value);
		return refused;
	}
	uint32_t at = map_find(box_map(map), key);
	if (at == NOT_FOUND)
		return map_insert(map, key, value);
	tr_drop(key);
	return map_replace(map, at, value);
}

tr_value tr_map_put_s(tr_value map, const char *key, tr_value value)
{
	size_t n = key != NULL ? strlen(key) : 0;

	if (key == NULL || !tr_is(map, TR_MAP) || !tr_is_valid(value) || box_map(map)->n >= MAP_MAX)
		return tr_map_put(map, tr_string(key), value);
	uint32_t at = map_find_text(box_map(map), key, n);
	if (at != NOT_FOUND)
		return map_replace(map, at, value);
	tr_value name = key_string(key);
	return tr_is_valid(name) ? map_insert(map, name, value) : tr_map_put(map, name, value);
}

/* A map that is being built and has room. Known keys with the same text are the same box, so they are compared by where
 * they are; `seen` has a bit for each that was put, and most of the time tells that a key is new. */
struct building {
	tr_value map;
	uint64_t seen;
};

static bool is_new_key(const struct building *b, tr_value name, uint64_t bit)
{
	const struct box_map *map = box_map(b->map);

	for (uint32_t i = 0; (b->seen & bit) != 0 && i < map->n; i++)
		if (map->entries[i].key.as.box == name.as.box)
			return false;
	return true;
}

/* Takes the value. */
static inline void build_put(struct building *b, const char *key, tr_value value)
{
	tr_value name = key_string(key);
	uint64_t bit = UINT64_C(1) << (((uintptr_t)name.as.box * UINT64_C(0x9e3779b97f4a7c15)) >> 58);

	if (tr_is(b->map, TR_MAP) && tr_is_valid(value) && tr_is(name, TR_STRING) && box_is_immortal(name.as.box) &&
	    b->seen != UINT64_MAX && is_new_key(b, name, bit)) {
		b->seen |= bit;
		map_append(box_map(b->map), name, value);
		return;
	}
	/* From here on each key is looked for: one that is not a known one may stand before it. */
	b->seen = UINT64_MAX;
	b->map = tr_map_put(b->map, tr_is_valid(name) ? name : tr_string(key), value);
}

tr_value tr_map_build(const char *key, tr_value value, ...)
{
	va_list rest;
	size_t n = 1;

	va_start(rest, value);
	for (; va_arg(rest, const char *) != NULL; n++)
		(void)va_arg(rest, tr_value);
	va_end(rest);
	struct building b = {tr_map_with(n), 0};
	build_put(&b, key, value);
	va_start(rest, value);
	for (const char *k; (k = va_arg(rest, const char *)) != NULL;)
		build_put(&b, k, va_arg(rest, tr_value));
	va_end(rest);
	return b.map;
}

tr_value map_like(tr_value shape, const tr_value *values)
{
	const struct box_map *like = box_map(shape);
	tr_value map = tr_map_with(like->n), bad = tr_absent();

	for (uint32_t i = 0; i < like->n; i++) {
		if (!tr_is_valid(values[i]))
			bad = invalid_from(values[i]);
		if (tr_is(map, TR_MAP))
			map_append(box_map(map), tr_keep(like->entries[i].key), values[i]);
		else
			tr_drop(values[i]);
	}
	if (tr_value_err(bad) == TR_OK)
		return map;
	tr_drop(map);
	return bad;
}

static tr_value map_without(const struct box_map *map, uint32_t at)
{
	struct box_map *to = map_new(map->n - 1);

	if (to != NULL) {
		map_append_kept(to, map->entries, at);
		map_append_kept(to, map->entries + at + 1, map->n - at - 1);
	}
	return map_value(to);
}

tr_value tr_map_del(tr_value v, tr_value key)
{
	if (!tr_is(v, TR_MAP) || !tr_is_valid(key)) {
		tr_value bad = !tr_is_valid(v)     ? invalid_from(v)
			       : !tr_is_valid(key) ? invalid_from(key)
						   : tr_invalid(TR_ETYPE);
		tr_drop(v);
		return bad;
	}
	struct box_map *map = box_map(v);
	uint32_t at = map_find(map, key);
	if (at == NOT_FOUND)
		return v;
	if (!box_is_own(v.as.box)) {
		tr_value without = map_without(map, at);
		tr_drop(v);
		return without;
	}
	tr_entry gone = map->entries[at];
	if (map->index != NULL)
		map_index_remove(map->index, map->mask, map_hash(tr_hash(gone.key)), at);
	map->n--;
	memmove(&map->entries[at], &map->entries[at + 1], (map->n - at) * sizeof(tr_entry));
	/* `key` may be borrowed from the entry itself: let it go last. */
	tr_drop(gone.value);
	tr_drop(gone.key);
	return v;
}

/* ---- reading ---- */

size_t tr_map_len(tr_value map)
{
	return tr_is(map, TR_MAP) ? box_map(map)->n : 0;
}

const tr_entry *tr_map_entries(tr_value map)
{
	return tr_map_len(map) > 0 ? box_map(map)->entries : NULL;
}

uint32_t map_place(tr_value map, tr_value key)
{
	return tr_is(map, TR_MAP) && tr_is_valid(key) ? map_find(box_map(map), key) : NOT_FOUND;
}

tr_value tr_map_get(tr_value map, tr_value key)
{
	uint32_t at = map_place(map, key);

	return at != NOT_FOUND ? box_map(map)->entries[at].value : tr_absent();
}

tr_value tr_map_get_n(tr_value map, const char *p, size_t n)
{
	uint32_t at = tr_is(map, TR_MAP) ? map_find_text(box_map(map), p, n) : NOT_FOUND;

	return at != NOT_FOUND ? box_map(map)->entries[at].value : tr_absent();
}

tr_value tr_map_get_s(tr_value map, const char *key)
{
	return key != NULL ? tr_map_get_n(map, key, strlen(key)) : tr_absent();
}

tr_entry *map_own_entry(tr_value *slot, tr_value key)
{
	struct box_map *map = map_writable(*slot, 0);

	*slot = map_value(map);
	uint32_t at = map != NULL ? map_find(map, key) : NOT_FOUND;
	return at != NOT_FOUND ? &map->entries[at] : NULL;
}
