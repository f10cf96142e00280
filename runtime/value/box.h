/* SPDX-License-Identifier: Apache-2.0 */
/* How boxed values lie in memory. Only files of runtime/value/ look inside; others take what view.h shows. */
#ifndef TROUPE_VALUE_BOX_H
#define TROUPE_VALUE_BOX_H

#include <stdatomic.h>

#include <troupe/value.h>

#include "runtime/value/alloc.h"

struct tr_box {
	/* A new reference is made from an existing one, so counting up may be relaxed; counting down is
	 * acquire-release, so that whoever frees sees what the other holders read. */
	_Atomic(uint32_t) refs;
	uint32_t kind; /* enum tr_type */
};

struct box_text { /* TR_STRING and TR_BINARY */
	tr_box head;
	_Atomic(uint64_t) hash; /* 0: not computed; two threads may compute it, to the same number */
	size_t n;
	char data[]; /* NUL behind */
};

struct box_array {
	tr_box head;
	union {
		size_t cap;
		tr_box *next_dead; /* while it waits to be freed */
	} u;
	size_t n;
	tr_value items[];
};

/* A slot of the open-addressing index: the upper half of the key's hash, and the entry's position + 1 (0: free). */
struct map_slot {
	uint32_t hash;
	uint32_t at;
};

struct box_map {
	tr_box head;
	union {
		uint32_t cap;
		tr_box *next_dead;
	} u;
	uint32_t n;
	uint32_t mask;          /* slots - 1; 0 when there is no index */
	struct map_slot *index; /* NULL up to MAP_SMALL entries: a scan is faster there */
	tr_entry entries[];     /* dense, in insertion order */
};

#define MAP_SMALL 16

struct box_object {
	tr_box head;
	const tr_class *cls;
	void *data;
};

static inline struct box_text *box_text(tr_value v)
{
	return (struct box_text *)(void *)v.as.box;
}
static inline struct box_array *box_array(tr_value v)
{
	return (struct box_array *)(void *)v.as.box;
}
static inline struct box_map *box_map(tr_value v)
{
	return (struct box_map *)(void *)v.as.box;
}
static inline struct box_object *box_object(tr_value v)
{
	return (struct box_object *)(void *)v.as.box;
}

/* A count that is never reached by counting: the box is shared by all and stays for ever. */
#define BOX_IMMORTAL UINT32_C(0x80000000)

static inline bool box_is_immortal(tr_box *box)
{
	return atomic_load_explicit(&box->refs, memory_order_relaxed) == BOX_IMMORTAL;
}

static inline void box_init(tr_box *box, tr_type kind)
{
	atomic_init(&box->refs, 1);
	box->kind = (uint32_t)kind;
}

static inline tr_value box_value(tr_type kind, tr_box *box)
{
	tr_value v = tr_value_make(kind, 0, 0);
	v.as.box = box;
	return v;
}

/* Does the caller hold the only reference? Then nobody else can make one, and it may write. */
static inline bool box_is_own(tr_box *box)
{
	return atomic_load_explicit(&box->refs, memory_order_acquire) == 1;
}

static inline bool is_boxed(tr_value v)
{
	return v.type >= (uint32_t)TR_STRING;
}
static inline bool is_container(tr_value v)
{
	return v.type == (uint32_t)TR_ARRAY || v.type == (uint32_t)TR_MAP;
}

/* The invalid value to give because v, an argument, is not valid. An absent argument has no error of its own. */
static inline tr_value invalid_from(tr_value v)
{
	return tr_invalid(v.aux != 0 ? (tr_err)v.aux : TR_EINVAL);
}

/* A string or binary of n bytes for the caller to fill, NUL-terminated already; invalid when there is no memory. */
tr_value text_new(tr_type kind, size_t n);
/* A string of bytes that are known to be UTF-8. */
tr_value text_known(const char *p, size_t n);
/* The hash of a string with this content. */
uint64_t text_hash(const char *p, size_t n);
/* tr_hash of a string or binary, remembered in its box. */
uint64_t text_value_hash(tr_value v);
/* tr_compare that also tells 1 from 1.0 (the int first), so that 0 means tr_equal. */
int compare_exact(tr_value a, tr_value b);

#endif
