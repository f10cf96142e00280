/* SPDX-License-Identifier: Apache-2.0 */
/* The stack machine: frames of functions, and the loops that run in them. */
#ifndef TROUPE_TEMPLATE_VM_H
#define TROUPE_TEMPLATE_VM_H

#include "playbook/template/objects.h"

enum iter_kind {
	ITER_ARRAY,
	ITER_MAP,
	ITER_RANGE
};

struct iter {
	tr_value over;            /* held */
	struct loop_object *loop; /* of an extended loop, which holds the items too */
	tr_value loop_value;
	size_t at, n;
	int64_t start, step; /* of a range */
	uint8_t kind;
	bool ran;
};

/* One activation. Variables, stack and iterators lie behind it in one block. */
struct frame {
	const struct proto *proto;
	struct frame *caller;     /* to return to; in the list of kept frames: the next one */
	struct frame *env;        /* where the function was defined */
	const struct ins *resume; /* the caller's next instruction */
	tr_value *slots, *sp;
	struct iter *iters; /* the next free one */
	size_t mark;        /* where its text begins in the output */
	size_t depth;       /* of a recursive loop */
	tr_value *stack;
	struct iter *iters_base;
	bool kept, on_heap;
};

/* "Has no value" and "not looked up yet" in a variable's place. */
#define NO_VALUE   tr_absent()
#define UNRESOLVED tr_value_make(TR_INVALID, 0, 1)

size_t frame_size(const struct proto *proto);
/* A frame in `memory` of frame_size bytes, or on the heap when it is NULL. NULL after ev_fail. */
struct frame *frame_push(struct eval *ev, const struct proto *proto, struct frame *env, void *memory);
/* Take the topmost frame off; variables that macros may still read are kept. */
void frame_pop(struct eval *ev);
void frames_drop(struct eval *ev);

/* Run from the entry of the topmost frame. Gives the result of an expression, else absent; invalid on failure. */
tr_value vm_run(struct eval *ev);

/* Loops (iterate.c). */
bool iter_begin(struct eval *ev, struct iter *it, tr_value over); /* takes over */
bool iter_pairs(struct eval *ev, struct iter *it, tr_value over); /* takes over */
/* The next item (fresh), absent at the end. */
tr_value iter_next(struct eval *ev, struct iter *it);
void iter_end(struct iter *it);
/* Push the n items of a sequence (taken), the first on top. */
bool unpack(struct eval *ev, struct frame *f, tr_value v, size_t n);

/* Calls of code of the template (invoke.c). Gives true when a frame was pushed, or the result is in *out. */
struct argument_stack {
	struct args args;
	tr_value *names; /* allocated, for * and ** arguments */
	tr_value *values;
	size_t nvalues;
};
/* The arguments of a call as they lie on the stack, with * and ** arguments spread out. */
bool arguments_take(struct eval *ev, struct frame *f, const struct call *call, struct argument_stack *out,
		    tr_value *first);
void arguments_drop(struct argument_stack *a);
bool invoke(struct eval *ev, tr_value callee, const struct args *args, const struct ins *resume, tr_value *out);
bool invoke_loop(struct eval *ev, const struct proto *proto, struct frame *env, tr_value over, size_t depth,
		 const struct ins *resume);

#endif
