/* SPDX-License-Identifier: Apache-2.0 */
/* Which variable a name means in each scope of a template, settled at compile time by Jinja's rules: what a block
 * assigns is its own, a branch that may not assign leaves the outer value, everything else comes from the context. */
#ifndef TROUPE_TEMPLATE_SYMBOLS_H
#define TROUPE_TEMPLATE_SYMBOLS_H

#include "playbook/template/ast.h"

enum symbol_load {
	LOAD_NONE,
	LOAD_PARAM,    /* the block's own, always set */
	LOAD_RESOLVE,  /* from the context */
	LOAD_ALIAS,    /* starts with the outer variable's value */
	LOAD_UNDEFINED /* nothing until it is assigned */
};

/* A function of the program: the template itself, a macro, a call block, the body of a recursive loop. */
struct func {
	struct func *parent;
	uint32_t proto;
	uint32_t nslots;
	bool captured; /* a function inside uses its variables */
};

struct variable {
	const struct func *func;
	uint32_t slot;
	enum symbol_load load; /* how the variable got its first value */
};

struct symbol {
	uint32_t name;
	uint32_t slot;
	bool has_slot; /* the slot stays the same when an analysis is undone */
	bool is_ref, stored;
	uint8_t load;
	uint8_t branches; /* scratch: bits of the branches that assign it */
	struct variable alias;
	uint32_t next; /* in its hash chain, index + 1 */
};

struct undo {
	uint32_t at;
	struct symbol was;
};

struct scope {
	struct scope *parent;
	struct func *func;
	struct symbol *symbols;
	uint32_t n, cap;
	uint32_t *buckets;
	struct undo *log;
	uint32_t nlog, log_cap;
	bool failed; /* out of memory */
};

void scope_init(struct scope *scope, struct scope *parent, struct func *func);
void scope_fini(struct scope *scope);
/* The block's own variable, set before its body runs. Gives its slot. */
uint32_t scope_param(struct scope *scope, uint32_t name);
/* What the name means here; false when nobody mentioned it (does not happen after an analysis). */
bool scope_find(const struct scope *scope, uint32_t name, struct variable *out);

/* Note what these statements and expressions load and store in this very scope. */
void scope_statements(struct scope *scope, const struct node *list);
void scope_expression(struct scope *scope, const struct node *node);
void scope_target(struct scope *scope, const struct node *target, bool as_param);

/* Is `name` read in these nodes before they assign it? */
bool reads_undeclared(const struct node *list, uint32_t name);

#endif
