/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that templates make or meet: ranges, namespaces, cyclers, joiners, macros, loops, bound methods. Those that
 * point into an evaluation never leave it. */
#ifndef TROUPE_TEMPLATE_OBJECTS_H
#define TROUPE_TEMPLATE_OBJECTS_H

#include "playbook/template/eval.h"

struct range_object {
	int64_t start, stop, step;
	size_t n; /* of its items */
};

/* What begins every object that holds values. They are known to their evaluation: an object may come to hold itself, so
 * all are emptied when the evaluation ends; and one may hold the next in a long chain, so they are freed one after the
 * other and not one within the other. */
struct holder {
	tr_value value, other;
	struct eval *ev; /* NULL once it was emptied */
	struct holder *next, **back;
};

struct namespace_object {
	struct holder in; /* value: a map */
};

struct cycler_object {
	struct holder in; /* value: an array */
	size_t at;
};

struct joiner_object {
	struct holder in; /* value: the separator */
	bool used;
};

struct macro_object {
	const struct proto *proto;
	struct frame *env; /* where it was defined */
};

struct loop_object {
	struct holder in; /* value: the items, an array; other: arguments of the last changed(), absent at first */
	size_t index;     /* from 1; 0 before the first round */
	size_t depth;     /* from 0 */
	const struct proto *recurse; /* NULL: not recursive */
	struct frame *env;
};

struct bound_object {
	struct holder in; /* value: self; other: the method's name */
};

extern const tr_class range_class, namespace_class, cycler_class, joiner_class, macro_class, loop_class, bound_class,
    lazy_class;

tr_value range_new(int64_t start, int64_t stop, int64_t step);
static inline int64_t range_at(const struct range_object *r, size_t i)
{
	return (int64_t)((uint64_t)r->start + (uint64_t)i * (uint64_t)r->step);
}
tr_value namespace_new(struct eval *ev, tr_value map);    /* takes */
tr_value cycler_new(struct eval *ev, tr_value items);     /* takes */
tr_value joiner_new(struct eval *ev, tr_value separator); /* takes */
tr_value macro_new(const struct proto *proto, struct frame *env);
tr_value loop_new(struct eval *ev, tr_value items);                /* takes */
tr_value bound_new(struct eval *ev, tr_value self, tr_value name); /* takes both */
/* The evaluation ends: what its objects hold is let go. */
void holders_empty(struct eval *ev);

enum loop_attribute loop_attribute(tr_str name);
tr_value loop_get(struct eval *ev, const struct loop_object *loop, enum loop_attribute attribute);
/* Attributes of objects: the value, or absent. */
tr_value object_attr(struct eval *ev, tr_value object, tr_str name);
/* Methods of objects, but not calls that run code of the template. */
tr_value object_method(struct eval *ev, tr_value object, tr_str name, const struct args *args, bool *found);
bool object_has_method(tr_value object, tr_str name);
/* How it shows itself. */
bool object_put(struct eval *ev, tr_buf *out, tr_value object);

/* ---- functions of the global scope (functions.c) ---- */

/* The function of this name, or absent. */
tr_value builtin_find(tr_str name);
void builtin_names(void (*each)(void *to, tr_str name), void *to);
tr_value builtin_call(struct eval *ev, tr_value builtin, const struct args *args);
const char *builtin_name(tr_value builtin);

#endif
