/* SPDX-License-Identifier: Apache-2.0 */
/* One evaluation: its bounds, its output, and the operations of Python on values that instructions, filters and
 * methods are made of.
 *
 * Unless it says otherwise, a function here borrows its arguments and gives a fresh reference, or an invalid value
 * after ev_fail. */
#ifndef TROUPE_TEMPLATE_EVAL_H
#define TROUPE_TEMPLATE_EVAL_H

#include <string.h>

#include <troupe/template.h>

#include "playbook/template/native.h"
#include "playbook/template/overlay.h"
#include "playbook/template/program.h"
#include "playbook/template/pyvalue.h"
#include "runtime/value/view.h"

struct frame;
struct holder;

struct eval {
	const tr_template *t;
	const tr_scope *scope;
	const tr_eval_options *options;
	tr_template_error *error;
	uint32_t pc;   /* the instruction being run */
	uint32_t step; /* of its path */
	enum tr_undefined_mode undefined;
	uint64_t fuel; /* steps left */
	size_t memory; /* bytes that may still be built */
	size_t depth, max_depth;
	bool special; /* values exist that must be made plain before they leave */
	bool seeded;
	tr_buf out;
	struct frame *frame;
	struct frame *kept;     /* frames whose variables macros may still read */
	struct holder *holders; /* objects of this evaluation that hold values */
	struct holder *ended;   /* of them, those that nobody holds any more, while one is being freed */
	bool ending;
	struct overlay
	    changed; /* lists and mappings that the template changed: everybody who holds one sees what it is now */
	struct overlay loaded; /* lazy values and what they loaded */
	uint64_t random[2];
};

/* ---- errors and bounds (eval.c) ---- */

/* Note the fault (the first one counts); gives an invalid value. The position is that of the present instruction. */
tr_value ev_fail(struct eval *ev, tr_err err, const char *fmt, ...) TR_PRINTF(3, 4);
/* The fault that an invalid value from the value library stands for. */
tr_value ev_invalid(struct eval *ev, tr_value v);
bool ev_charge(struct eval *ev, size_t bytes); /* false: the bound is met, ev_fail was called */
bool ev_spend(struct eval *ev, size_t steps);
/* One level into a container, which counts twice; a frame counts once. False after ev_fail; else undo with ev_leave. */
bool ev_enter(struct eval *ev);
static inline void ev_leave(struct eval *ev)
{
	ev->depth -= 2;
}
bool ev_enter_frame(struct eval *ev);
/* What v is after the template changed it, or what it loads. Borrowed; invalid when loading failed. */
tr_value ev_resolve_slow(struct eval *ev, tr_value v);
static inline tr_value ev_resolve(struct eval *ev, tr_value v)
{
	if (v.type == (uint32_t)TR_OBJECT ||
	    (ev->changed.n > 0 && (v.type == (uint32_t)TR_ARRAY || v.type == (uint32_t)TR_MAP)))
		return ev_resolve_slow(ev, v);
	return v;
}
/* v, or what it loads when it is lazy; a container stays the one it was, whatever changed it. Borrowed. */
tr_value ev_loaded(struct eval *ev, tr_value v);
/* Everybody who holds the container `of` shall see `now` (taken). Gives false after ev_fail. */
bool ev_change(struct eval *ev, tr_value of, tr_value now);
/* What the scope has under this name: a fresh reference, absent, or invalid with an error of its own. */
tr_value ev_lookup(struct eval *ev, tr_value name);
uint64_t ev_random(struct eval *ev);

/* ---- undefined (undefined.c) ---- */

enum undefined_kind {
	UNDEF_NAME,   /* a name that no scope has */
	UNDEF_ATTR,   /* something taken from a value that does not have it */
	UNDEF_PARAM,  /* a parameter that was not given */
	UNDEF_NOELSE, /* an inline if without else */
	UNDEF_EMPTY,  /* the first, last, … of nothing */
	UNDEF_CALLER  /* a macro called without a block */
};
tr_value ev_undefined(struct eval *ev, enum undefined_kind kind);
/* The hint of an error: the key of `map` nearest to the one that this step did not find. */
void ev_suggest_key(struct eval *ev, tr_value map, const struct path_step *step);
/* The error of using it in a way that its mode forbids. */
tr_value ev_undefined_fail(struct eval *ev, tr_value undefined);
/* It is shown, tested or compared: an error in strict mode (false), a report in chainable mode. */
bool ev_undefined_use(struct eval *ev, tr_value undefined);

/* ---- truth, equality, order (compare.c) ---- */

bool ev_truth(struct eval *ev, tr_value v, bool *out);
bool ev_equal(struct eval *ev, tr_value a, tr_value b, bool *out);
/* op: I_LT, I_LE, I_GT, I_GE */
bool ev_order(struct eval *ev, unsigned op, tr_value a, tr_value b, bool *out);
bool ev_contains(struct eval *ev, tr_value item, tr_value in, bool *out);
/* Python's keys: 1, 1.0 and True are the same one. Borrowed; absent. Unhashable keys fail. */
tr_value ev_map_find(struct eval *ev, tr_value map, tr_value key);
tr_value ev_map_put(struct eval *ev, tr_value map, tr_value key, tr_value value); /* takes all three */
tr_value ev_map_del(struct eval *ev, tr_value map, tr_value key);                 /* takes the map */
struct sort_how {
	bool reverse;
	bool as_lists; /* each key as if it were a list of itself: equal ones are not asked for their order */
};
/* order[i] shall be the place of the key that stands at i when all are sorted, stably (sort.c). */
bool ev_sort(struct eval *ev, const tr_value *keys, size_t n, struct sort_how how, size_t *order);

/* ---- text (text.c) ---- */

/* tr_buf_put for short runs: no call when there is room. */
static inline void buf_put(tr_buf *b, const char *p, size_t n)
{
	if (n < b->cap - b->n && b->err == TR_OK && b->cap > 0) {
		memcpy(b->p + b->n, p, n);
		b->n += n;
		b->p[b->n] = '\0';
	} else {
		tr_buf_put(b, p, n);
	}
}

const char *ev_type_name(tr_value v); /* as Python calls it */
bool ev_put_str(struct eval *ev, tr_buf *out, tr_value v);
bool ev_put_repr(struct eval *ev, tr_buf *out, tr_value v);
/* str(v): a string value; v itself when it is one. */
tr_value ev_str(struct eval *ev, tr_value v);
/* Did all that was put there find room? False after ev_fail. */
bool ev_buf_ok(struct eval *ev, const tr_buf *b);
/* A string of what the buffer holds; takes its content. */
tr_value ev_take_text(struct eval *ev, tr_buf *b);
tr_value ev_text(struct eval *ev, tr_str s);
void put_float(tr_buf *out, double d);           /* repr(d) */
tr_value ev_escape(struct eval *ev, tr_value v); /* Markup of v */

/* ---- numbers (number.c) ---- */

tr_value ev_binary(struct eval *ev, unsigned op, tr_value a, tr_value b);
tr_value ev_unary(struct eval *ev, unsigned op, tr_value a);
/* An index: an int or bool, else TR_ETYPE. */
bool ev_index(struct eval *ev, tr_value v, const char *what, int64_t *out);

/* ---- taking apart (access.c) ---- */

tr_value ev_attr(struct eval *ev, tr_value v, tr_value name);
tr_value ev_item(struct eval *ev, tr_value v, tr_value key);
/* parts: from, to, step; absent or None when left out */
tr_value ev_slice(struct eval *ev, tr_value v, const tr_value parts[3]);
bool ev_length(struct eval *ev, tr_value v, size_t *out);
/* All items as an array of any kind. */
tr_value ev_items(struct eval *ev, tr_value v);
/* d.keys(), .values(), .items() */
tr_value ev_view(struct eval *ev, tr_value map, enum seq_kind kind);
tr_value ev_pair(tr_value a, tr_value b); /* a tuple; takes both */
/* Append to an array (both taken), charged. */
tr_value ev_push(struct eval *ev, tr_value array, tr_value item);
/* The same for an array that only the caller holds: no call while there is room. */
static inline tr_value ev_append(struct eval *ev, tr_value array, tr_value item)
{
	if (!tr_is_valid(array) || !tr_is_valid(item) || !view_has_room(array) || ev->memory < sizeof(tr_value))
		return ev_push(ev, array, item);
	ev->memory -= sizeof(tr_value);
	view_append(array, item);
	return array;
}

/* ---- calling (call.c, methods_*.c) ---- */

/* Call whatever a template may call: a macro, a function, a method, a joiner. */
tr_value ev_call(struct eval *ev, tr_value callee, const struct args *args);
tr_value ev_method(struct eval *ev, tr_value object, tr_value name, const struct args *args);
/* Give each parameter its argument: out[i] is absent when not given. False after ev_fail. */
bool ev_bind(struct eval *ev, const char *what, const char *params, unsigned required, const struct args *args,
	     tr_value *out);
bool ev_no_args(struct eval *ev, const char *what, const struct args *args);
/* Call a filter or test as a template would. */
tr_value ev_native(struct eval *ev, const struct native *native, tr_value value, const struct args *args);

/* Methods of one type. *found false: it has no such method. */
tr_value str_method(struct eval *ev, tr_value s, tr_str name, const struct args *args, bool *found);
tr_value list_method(struct eval *ev, tr_value list, tr_str name, const struct args *args, bool *found);
tr_value dict_method(struct eval *ev, tr_value map, tr_str name, const struct args *args, bool *found);
tr_value number_method(struct eval *ev, tr_value n, tr_str name, const struct args *args, bool *found);
tr_value bytes_method(struct eval *ev, tr_value b, tr_str name, const struct args *args, bool *found);
bool has_method(tr_value v, tr_str name);

/* ---- the result (result.c) ---- */

/* Take v and give it without anything that only an evaluation understands. */
tr_value ev_plain(struct eval *ev, tr_value v);

#endif
