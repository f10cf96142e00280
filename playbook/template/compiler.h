/* SPDX-License-Identifier: Apache-2.0 */
/* From syntax tree to program. */
#ifndef TROUPE_TEMPLATE_COMPILER_H
#define TROUPE_TEMPLATE_COMPILER_H

#include "playbook/template/program.h"
#include "playbook/template/symbols.h"

#define CONST_ABSENT 0 /* the constant that stands for an argument not given */

/* A function while its code is made. */
struct func_state {
	struct func func;
	struct slot_info *slots;
	uint32_t nslots_known, slots_cap;
	uint32_t stack, max_stack;
	uint32_t iters, max_iters;
};

struct compiler {
	tr_template *t;
	struct tree *tree;
	tr_template_error *error;
	struct func_state *fn;
	struct scope *scope;
	uint32_t *name_consts; /* constant + 1 of each name */
	bool soft;             /* inside a branch: an unknown filter is an error only when it is met */
	bool failed;           /* out of memory or refused; error is filled */
};

/* Fill the program from the tree; false with *error filled. */
bool compile_tree(tr_template *t, struct tree *tree, tr_template_error *error);

/* Emitting. `effect` is what the instruction does to the height of the stack. */
size_t emit(struct compiler *c, enum opcode op, uint32_t a, uint32_t b, int effect, const struct node *node);
size_t emit_at(struct compiler *c, enum opcode op, uint32_t a, uint32_t b, int effect, struct span span);
void patch(struct compiler *c, size_t at); /* its jump goes here */
static inline size_t here(const struct compiler *c)
{
	return c->t->ncode;
}
uint32_t constant(struct compiler *c, tr_value v); /* taken */
uint32_t name_constant(struct compiler *c, uint32_t name);
bool compile_fail(struct compiler *c, const struct node *node, const char *fmt, ...) TR_PRINTF(3, 4);
bool array_room(struct compiler *c, void *items, size_t *cap, size_t n, size_t size);
uint32_t hops_to(struct compiler *c, const struct variable *v);
bool lookup(struct compiler *c, uint32_t name, struct variable *out);

void func_begin(struct compiler *c, struct func_state *fn);
/* Give the function its place in the program. */
void func_end(struct func_state *fn, struct proto *proto);
uint32_t proto_new(struct compiler *c);
/* Code that gives the scope's variables their first values. */
void scope_enter(struct compiler *c, struct scope *scope, bool function_entry);

void compile_expr(struct compiler *c, struct node *node);
/* A call with one more keyword argument `caller`, the macro of function `proto`. */
void compile_call_with(struct compiler *c, struct node *node, uint32_t caller_proto);
void compile_store(struct compiler *c, struct node *target);
void compile_statements(struct compiler *c, struct node *list);
void compile_for(struct compiler *c, struct node *node);
void compile_filter_on_stack(struct compiler *c, struct node *filter);

#endif
