/* SPDX-License-Identifier: Apache-2.0 */
/* Scope analysis. Branches of an `if` are analysed on the scope itself and undone from a log, then merged. */
#include <string.h>

#include "playbook/template/symbols.h"

void scope_init(struct scope *scope, struct scope *parent, struct func *func)
{
	memset(scope, 0, sizeof(*scope));
	scope->parent = parent;
	scope->func = func;
}

void scope_fini(struct scope *scope)
{
	tr_free(scope->symbols);
	tr_free(scope->buckets);
	tr_free(scope->log);
}

static struct symbol *symbol_find(const struct scope *scope, uint32_t name)
{
	if (scope->cap == 0)
		return NULL;
	for (uint32_t i = scope->buckets[name & (scope->cap - 1)]; i != 0; i = scope->symbols[i - 1].next)
		if (scope->symbols[i - 1].name == name)
			return &scope->symbols[i - 1];
	return NULL;
}

static bool scope_grow(struct scope *scope)
{
	uint32_t cap = scope->cap == 0 ? 8 : scope->cap * 2;
	uint32_t *buckets = tr_alloc(cap * sizeof(*buckets));
	struct symbol *symbols = buckets != NULL ? tr_realloc(scope->symbols, cap * sizeof(*symbols)) : NULL;

	if (symbols == NULL) {
		tr_free(buckets);
		scope->failed = true;
		return false;
	}
	for (uint32_t i = 0; i < scope->n; i++) {
		uint32_t *slot = &buckets[symbols[i].name & (cap - 1)];
		symbols[i].next = *slot;
		*slot = i + 1;
	}
	tr_free(scope->buckets);
	scope->symbols = symbols;
	scope->buckets = buckets;
	scope->cap = cap;
	return true;
}

/* The symbol to change, with its present state in the log; NULL without memory. */
static struct symbol *symbol_edit(struct scope *scope, uint32_t name)
{
	struct symbol *symbol = symbol_find(scope, name);

	if (symbol == NULL) {
		if (scope->n == scope->cap && !scope_grow(scope))
			return NULL;
		uint32_t *slot = &scope->buckets[name & (scope->cap - 1)];
		symbol = &scope->symbols[scope->n++];
		memset(symbol, 0, sizeof(*symbol));
		symbol->name = name;
		symbol->next = *slot;
		*slot = scope->n;
	}
	if (scope->nlog == scope->log_cap) {
		uint32_t cap = scope->log_cap == 0 ? 16 : scope->log_cap * 2;
		struct undo *log = tr_realloc(scope->log, cap * sizeof(*log));
		if (log == NULL) {
			scope->failed = true;
			return NULL;
		}
		scope->log = log;
		scope->log_cap = cap;
	}
	scope->log[scope->nlog++] = (struct undo){(uint32_t)(symbol - scope->symbols), *symbol};
	return symbol;
}

static void define(struct scope *scope, struct symbol *symbol, enum symbol_load load)
{
	if (!symbol->has_slot) {
		symbol->has_slot = true;
		symbol->slot = scope->func->nslots++;
	}
	symbol->is_ref = true;
	symbol->load = (uint8_t)load;
}

bool scope_find(const struct scope *scope, uint32_t name, struct variable *out)
{
	for (; scope != NULL; scope = scope->parent) {
		const struct symbol *symbol = symbol_find(scope, name);
		if (symbol == NULL || !symbol->is_ref)
			continue;
		*out = (struct variable){scope->func, symbol->slot, (enum symbol_load)symbol->load};
		return true;
	}
	return false;
}

static void load(struct scope *scope, uint32_t name)
{
	struct variable ignored;

	if (scope_find(scope, name, &ignored))
		return;
	struct symbol *symbol = symbol_edit(scope, name);
	if (symbol != NULL)
		define(scope, symbol, LOAD_RESOLVE);
}

static void store(struct scope *scope, uint32_t name)
{
	struct symbol *symbol = symbol_edit(scope, name);

	if (symbol == NULL)
		return;
	symbol->stored = true;
	if (symbol->is_ref)
		return;
	bool outer = scope->parent != NULL && scope_find(scope->parent, name, &symbol->alias);
	define(scope, symbol, outer ? LOAD_ALIAS : LOAD_UNDEFINED);
}

uint32_t scope_param(struct scope *scope, uint32_t name)
{
	struct symbol *symbol = symbol_edit(scope, name);

	if (symbol == NULL)
		return 0;
	symbol->stored = true;
	define(scope, symbol, LOAD_PARAM);
	return symbol->slot;
}

void scope_target(struct scope *scope, const struct node *target, bool as_param)
{
	if (target->kind == N_TUPLE) {
		for (const struct node *item = target->list; item != NULL; item = item->next)
			scope_target(scope, item, as_param);
	} else if (target->kind == N_NSREF) {
		load(scope, target->name);
	} else if (as_param || (target->flags & NODE_PARAM)) {
		scope_param(scope, target->name);
	} else {
		store(scope, target->name);
	}
}

static void expressions(struct scope *scope, const struct node *list)
{
	for (; list != NULL; list = list->next)
		scope_expression(scope, list);
}

void scope_expression(struct scope *scope, const struct node *node)
{
	/* The left spine may be long, so it is a loop. */
	for (; node != NULL; node = node->a) {
		if (node->kind == N_NAME)
			load(scope, node->name);
		if (node->b != NULL)
			scope_expression(scope, node->b);
		if (node->c != NULL)
			scope_expression(scope, node->c);
		expressions(scope, node->list);
		expressions(scope, node->list2);
	}
}

/* What one branch did to one name. */
struct change {
	uint32_t at;
	struct symbol now;
	bool stored_newly;
};

struct branch {
	struct change *changes;
	uint32_t n;
};

/* Gather what changed since `mark`, and undo it. */
static void branch_take(struct scope *scope, uint32_t mark, struct branch *out)
{
	uint32_t n = scope->nlog - mark;

	out->n = 0;
	out->changes = n > 0 ? tr_alloc(n * sizeof(*out->changes)) : NULL;
	if (n > 0 && out->changes == NULL)
		scope->failed = true;
	while (scope->nlog > mark) {
		const struct undo *undo = &scope->log[--scope->nlog];
		struct symbol *symbol = &scope->symbols[undo->at];
		/* Going back, the first meeting of a name shows its last state, the last one its first. Each entry is
		 * kept with the state behind it; only a name's newest entry is used when merging. */
		if (out->changes != NULL)
			out->changes[out->n++] =
			    (struct change){undo->at, *symbol, symbol->stored && !undo->was.stored};
		uint32_t next = symbol->next, slot = symbol->slot;
		bool has_slot = symbol->has_slot;
		*symbol = undo->was;
		symbol->next = next;
		symbol->slot = slot;
		symbol->has_slot = has_slot;
	}
}

static void branch_apply(struct scope *scope, const struct branch *branch)
{
	/* From the oldest change to the newest. */
	for (uint32_t i = branch->n; i > 0; i--) {
		const struct change *change = &branch->changes[i - 1];
		struct symbol *symbol = symbol_edit(scope, change->now.name);
		if (symbol == NULL)
			return;
		symbol->stored = symbol->stored || change->now.stored;
		symbol->is_ref = symbol->is_ref || change->now.is_ref;
		symbol->load = change->now.load;
		symbol->alias = change->now.alias;
	}
}

/* A name that some branch assigns and another may not: its first value is the outer one. */
static void branch_settle(struct scope *scope, const struct branch branches[3])
{
	for (unsigned b = 0; b < 3; b++)
		for (uint32_t i = 0; i < branches[b].n; i++)
			if (branches[b].changes[i].stored_newly)
				scope->symbols[branches[b].changes[i].at].branches |= (uint8_t)(1u << b);
	for (unsigned b = 0; b < 3; b++) {
		for (uint32_t i = 0; i < branches[b].n; i++) {
			uint32_t at = branches[b].changes[i].at;
			uint8_t in = scope->symbols[at].branches;
			scope->symbols[at].branches = 0;
			struct symbol *symbol = in != 0 && in != 7 ? symbol_edit(scope, scope->symbols[at].name) : NULL;
			if (symbol == NULL)
				continue;
			bool outer = scope->parent != NULL && scope_find(scope->parent, symbol->name, &symbol->alias);
			symbol->load = outer ? LOAD_ALIAS : LOAD_RESOLVE;
		}
	}
}

static void merge(struct scope *scope, struct branch branches[3])
{
	for (unsigned b = 0; b < 3; b++)
		branch_apply(scope, &branches[b]);
	branch_settle(scope, branches);
	for (unsigned b = 0; b < 3; b++)
		tr_free(branches[b].changes);
}

static void if_branch(struct scope *scope, const struct node *branch)
{
	struct branch branches[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
	uint32_t mark;

	scope_expression(scope, branch->a);
	mark = scope->nlog;
	scope_statements(scope, branch->list);
	branch_take(scope, mark, &branches[0]);
	merge(scope, branches);
}

static void visit_if(struct scope *scope, const struct node *node)
{
	struct branch branches[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
	uint32_t mark;

	scope_expression(scope, node->list->a);
	mark = scope->nlog;
	scope_statements(scope, node->list->list);
	branch_take(scope, mark, &branches[0]);
	for (const struct node *elif = node->list->next; elif != NULL; elif = elif->next)
		if_branch(scope, elif);
	branch_take(scope, mark, &branches[1]);
	scope_statements(scope, node->list2);
	branch_take(scope, mark, &branches[2]);
	merge(scope, branches);
}

static void visit(struct scope *scope, const struct node *node)
{
	switch (node->kind) {
	case N_OUTPUT:
		scope_expression(scope, node->a);
		break;
	case N_PRINT:
		scope_statements(scope, node->list);
		break;
	case N_IF:
		visit_if(scope, node);
		break;
	case N_FOR: /* its body is a scope of its own */
		scope_expression(scope, node->b);
		break;
	case N_SET:
		scope_expression(scope, node->b);
		scope_target(scope, node->a, false);
		break;
	case N_SETBLOCK:
		scope_target(scope, node->a, false);
		break;
	case N_MACRO:
		store(scope, node->name);
		break;
	case N_CALLBLOCK:
	case N_FILTERBLOCK:
		scope_expression(scope, node->a);
		break;
	case N_WITH:
		for (const struct node *pair = node->list; pair != NULL; pair = pair->next)
			scope_expression(scope, pair->b);
		break;
	default:
		break;
	}
}

void scope_statements(struct scope *scope, const struct node *list)
{
	for (; list != NULL; list = list->next)
		visit(scope, list);
}

enum seen {
	SEEN_NOTHING,
	SEEN_READ,
	SEEN_STORED
};

static enum seen look(const struct node *node, uint32_t name);

static enum seen look_list(const struct node *list, uint32_t name)
{
	enum seen seen = SEEN_NOTHING;

	for (; list != NULL && seen == SEEN_NOTHING; list = list->next)
		seen = look(list, name);
	return seen;
}

static enum seen look(const struct node *node, uint32_t name)
{
	enum seen seen = SEEN_NOTHING;

	for (; node != NULL && seen == SEEN_NOTHING; node = node->a) {
		if (node->kind == N_NAME && node->name == name)
			return (node->flags & (NODE_STORE | NODE_PARAM)) ? SEEN_STORED : SEEN_READ;
		/* In the order in which Jinja looks: values before targets, parameters before bodies. */
		const struct node *parts[] = {node->kind == N_FOR ? node->a : NULL, node->b, node->c};
		for (unsigned i = 0; i < 3 && seen == SEEN_NOTHING; i++)
			if (parts[i] != NULL)
				seen = look(parts[i], name);
		if (seen == SEEN_NOTHING)
			seen = look_list(node->list, name);
		if (seen == SEEN_NOTHING)
			seen = look_list(node->list2, name);
		if (seen == SEEN_NOTHING)
			seen = look_list(node->list3, name);
	}
	return seen;
}

bool reads_undeclared(const struct node *list, uint32_t name)
{
	return look_list(list, name) == SEEN_READ;
}
