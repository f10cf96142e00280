/* SPDX-License-Identifier: Apache-2.0 */
/* Emitting instructions, constants and functions; the entry of the compiler. */
#include <string.h>

#include "playbook/template/compiler.h"
#include "playbook/template/error.h"

bool compile_fail(struct compiler *c, const struct node *node, const char *fmt, ...)
{
	va_list args;

	c->failed = true;
	va_start(args, fmt);
	error_setv(c->error, TR_ESYNTAX, program_source(c->t), node->start, fmt, args);
	va_end(args);
	return false;
}

static void out_of_memory(struct compiler *c)
{
	c->failed = true;
	error_memory(c->error);
}

bool array_room(struct compiler *c, void *items, size_t *cap, size_t n, size_t size)
{
	void **array = items;

	if (c->failed)
		return false;
	if (n < *cap)
		return true;
	size_t more = *cap == 0 ? 16 : *cap * 2;
	void *p = tr_realloc(*array, more * size);
	if (p == NULL) {
		out_of_memory(c);
		return false;
	}
	*array = p;
	*cap = more;
	return true;
}

size_t emit_at(struct compiler *c, enum opcode op, uint32_t a, uint32_t b, int effect, struct span span)
{
	tr_template *t = c->t;
	size_t spans_cap = t->code_cap;

	if (a > UINT16_MAX || t->ncode >= UINT32_MAX / 2) {
		c->failed = true;
		error_set(c->error, TR_ELIMIT, program_source(t), span.at, "the template is too large");
		return 0;
	}
	if (!array_room(c, &t->spans, &spans_cap, t->ncode, sizeof(*t->spans)) ||
	    !array_room(c, &t->code, &t->code_cap, t->ncode, sizeof(*t->code)))
		return 0;
	t->code[t->ncode] = (struct ins){(uint16_t)op, (uint16_t)a, b};
	t->spans[t->ncode] = span;
	c->fn->stack = (uint32_t)((int)c->fn->stack + effect);
	if (c->fn->stack > c->fn->max_stack)
		c->fn->max_stack = c->fn->stack;
	return t->ncode++;
}

size_t emit(struct compiler *c, enum opcode op, uint32_t a, uint32_t b, int effect, const struct node *node)
{
	return emit_at(c, op, a, b, effect, (struct span){node->start, node->end, node->start});
}

void patch(struct compiler *c, size_t at)
{
	if (!c->failed)
		c->t->code[at].b = (uint32_t)c->t->ncode;
}

uint32_t constant(struct compiler *c, tr_value v)
{
	tr_template *t = c->t;

	if (!tr_is_valid(v) && t->nconsts > 0) {
		out_of_memory(c);
		return 0;
	}
	if (!array_room(c, &t->consts, &t->consts_cap, t->nconsts, sizeof(*t->consts))) {
		tr_drop(v);
		return 0;
	}
	t->consts[t->nconsts] = v;
	return (uint32_t)t->nconsts++;
}

uint32_t name_constant(struct compiler *c, uint32_t name)
{
	if (c->name_consts[name] == 0) {
		tr_str text = tree_text(c->tree, name);
		c->name_consts[name] = constant(c, tr_string_n(text.p, text.n)) + 1;
	}
	return c->name_consts[name] - 1;
}

uint32_t hops_to(struct compiler *c, const struct variable *v)
{
	struct func *f = &c->fn->func;
	uint32_t hops = 0;

	while (f != v->func && f->parent != NULL) {
		f = f->parent;
		hops++;
	}
	if (hops > 0)
		f->captured = true;
	return hops;
}

bool lookup(struct compiler *c, uint32_t name, struct variable *out)
{
	if (scope_find(c->scope, name, out))
		return true;
	out_of_memory(c); /* only an analysis cut short misses a name */
	return false;
}

void func_begin(struct compiler *c, struct func_state *fn)
{
	memset(fn, 0, sizeof(*fn));
	fn->func.parent = c->fn != NULL ? &c->fn->func : NULL;
	c->fn = fn;
}

uint32_t proto_new(struct compiler *c)
{
	tr_template *t = c->t;

	if (!array_room(c, &t->protos, &t->protos_cap, t->nprotos, sizeof(*t->protos)))
		return 0;
	memset(&t->protos[t->nprotos], 0, sizeof(*t->protos));
	t->protos[t->nprotos].name = NO_NAME;
	return (uint32_t)t->nprotos++;
}

void func_end(struct func_state *fn, struct proto *proto)
{
	proto->nslots = fn->func.nslots;
	proto->max_stack = fn->max_stack;
	proto->max_iters = fn->max_iters;
	proto->captured = fn->func.captured;
	proto->slots = fn->slots;
}

static void slot_note(struct compiler *c, uint32_t slot, uint32_t name, bool resolve)
{
	struct func_state *fn = c->fn;

	while (fn->slots_cap <= slot && !c->failed) {
		uint32_t cap = fn->slots_cap == 0 ? 8 : fn->slots_cap * 2;
		struct slot_info *slots = tr_realloc(fn->slots, cap * sizeof(*slots));
		if (slots == NULL) {
			out_of_memory(c);
			return;
		}
		fn->slots = slots;
		fn->slots_cap = cap;
	}
	for (; fn->nslots_known <= slot && !c->failed; fn->nslots_known++)
		fn->slots[fn->nslots_known] = (struct slot_info){.name = NO_NAME};
	if (!c->failed && name != NO_NAME)
		fn->slots[slot] = (struct slot_info){.name = name_constant(c, name), .resolve = resolve};
}

void scope_enter(struct compiler *c, struct scope *scope, bool function_entry)
{
	struct span nowhere = {0, 0, 0};

	if (scope->failed) {
		out_of_memory(c);
		return;
	}
	for (uint32_t i = 0; i < scope->n; i++) {
		const struct symbol *symbol = &scope->symbols[i];
		if (!symbol->is_ref)
			continue;
		/* What is only read has one value for the whole evaluation; no need to look it up in every round. */
		bool once = symbol->load == LOAD_RESOLVE && (function_entry || !symbol->stored);
		slot_note(c, symbol->slot, symbol->name, once);
		if (symbol->load == LOAD_RESOLVE && !once) {
			emit_at(c, I_RESET, 0, symbol->slot, 0, nowhere);
			if (!c->failed)
				c->fn->slots[symbol->slot].reset = true;
		} else if (symbol->load == LOAD_ALIAS) {
			emit_at(c, I_LOADRAW, hops_to(c, &symbol->alias), symbol->alias.slot, 1, nowhere);
			emit_at(c, I_STORE, 0, symbol->slot, -1, nowhere);
		} else if (symbol->load == LOAD_UNDEFINED && !function_entry) {
			emit_at(c, I_CLEAR, 0, symbol->slot, 0, nowhere);
		}
	}
	/* A slot may be left over from an analysis that was undone. */
	if (c->fn->func.nslots > 0)
		slot_note(c, c->fn->func.nslots - 1, NO_NAME, false);
}

static bool calls_mutators(const struct tree *tree)
{
	static const char *const names[] = {"append",  "extend", "insert",     "pop",     "remove", "sort",
					    "reverse", "clear",  "setdefault", "popitem", "update"};

	for (uint32_t i = 0; i < tree->nnames; i++)
		for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++)
			if (tr_str_is(tree->names[i].text, names[j]))
				return true;
	return false;
}

static void compile_root(struct compiler *c)
{
	struct func_state fn;
	struct scope scope;
	struct span end = {(uint32_t)c->t->source_n, (uint32_t)c->t->source_n, (uint32_t)c->t->source_n};

	constant(c, tr_absent());
	func_begin(c, &fn);
	uint32_t proto = proto_new(c);
	scope_init(&scope, NULL, &fn.func);
	c->scope = &scope;
	scope_statements(&scope, c->tree->body);
	scope_enter(c, &scope, true);
	if (c->tree->single)
		compile_expr(c, c->tree->body->a);
	else
		compile_statements(c, c->tree->body);
	emit_at(c, c->tree->single ? I_RESULT : I_END, 0, 0, c->tree->single ? -1 : 0, end);
	scope_fini(&scope);
	if (c->t->nprotos > 0)
		func_end(&fn, &c->t->protos[proto]);
	else
		tr_free(fn.slots);
}

bool compile_tree(tr_template *t, struct tree *tree, tr_template_error *error)
{
	struct compiler c;

	memset(&c, 0, sizeof(c));
	c.t = t;
	c.tree = tree;
	c.error = error;
	/* A few names may be added: loop, caller, kwargs, varargs. */
	c.name_consts = tr_alloc((tree->nnames + 8) * sizeof(*c.name_consts));
	if (c.name_consts == NULL) {
		error_memory(error);
		return false;
	}
	t->is_expression = tree->single;
	t->is_constant = tree->constant;
	t->mutates = calls_mutators(tree);
	compile_root(&c);
	tr_free(c.name_consts);
	return !c.failed;
}
