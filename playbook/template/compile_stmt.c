/* SPDX-License-Identifier: Apache-2.0 */
/* Code of statements. */
#include <string.h>

#include "playbook/template/compiler.h"

void compile_store(struct compiler *c, struct node *target)
{
	struct variable v;

	if (target->kind == N_TUPLE) {
		emit(c, I_UNPACK, 0, target->count, (int)target->count - 1, target);
		for (struct node *item = target->list; item != NULL; item = item->next)
			compile_store(c, item);
		return;
	}
	if (!lookup(c, target->name, &v))
		return;
	if (target->kind == N_NSREF) {
		uint32_t hops = hops_to(c, &v);
		emit(c, I_LOADUP, hops, v.slot, 1, target);
		emit(c, I_NSSET, 0, name_constant(c, target->name2), -2, target);
		return;
	}
	emit(c, I_STORE, 0, v.slot, -1, target);
}

static void compile_if(struct compiler *c, struct node *node)
{
	bool soft = c->soft;
	size_t last = 0;

	c->soft = true;
	for (struct node *branch = node->list; branch != NULL && !c->failed; branch = branch->next) {
		compile_expr(c, branch->a);
		size_t next = emit(c, I_JFALSE, 0, 0, -1, branch->a);
		compile_statements(c, branch->list);
		if (branch->next != NULL || node->list2 != NULL)
			last = emit(c, I_JUMP, 0, (uint32_t)last, 0, branch);
		patch(c, next);
	}
	compile_statements(c, node->list2);
	while (last != 0 && !c->failed) {
		size_t before = c->t->code[last].b;
		patch(c, last);
		last = before;
	}
	c->soft = soft;
}

static void compile_set_block(struct compiler *c, struct node *node)
{
	struct scope inner;

	scope_init(&inner, c->scope, &c->fn->func);
	scope_statements(&inner, node->list);
	/* The filter sees what the block sees. */
	for (struct node *f = node->b; f != NULL; f = f->a)
		scope_expression(&inner, f);
	scope_enter(c, &inner, false);
	c->scope = &inner;
	emit(c, I_CAPTURE, 0, 0, 1, node);
	compile_statements(c, node->list);
	emit(c, I_ENDCAPTURE, 0, 0, 0, node);
	if (node->b != NULL)
		compile_filter_on_stack(c, node->b);
	c->scope = inner.parent;
	compile_store(c, node->a);
	scope_fini(&inner);
}

static void compile_filter_block(struct compiler *c, struct node *node)
{
	struct scope inner;

	scope_init(&inner, c->scope, &c->fn->func);
	scope_statements(&inner, node->list);
	scope_expression(&inner, node->a);
	scope_enter(c, &inner, false);
	c->scope = &inner;
	emit(c, I_CAPTURE, 0, 0, 1, node);
	compile_statements(c, node->list);
	emit(c, I_ENDCAPTURE, 0, 0, 0, node);
	compile_filter_on_stack(c, node->a);
	emit(c, I_OUT, 0, 0, -1, node);
	c->scope = inner.parent;
	scope_fini(&inner);
}

static void compile_with(struct compiler *c, struct node *node)
{
	struct scope *outer = c->scope;
	struct scope inner;

	scope_init(&inner, outer, &c->fn->func);
	for (struct node *pair = node->list; pair != NULL; pair = pair->next)
		scope_target(&inner, pair->a, true);
	scope_statements(&inner, node->list2);
	scope_enter(c, &inner, false);
	for (struct node *pair = node->list; pair != NULL; pair = pair->next) {
		compile_expr(c, pair->b);
		c->scope = &inner;
		compile_store(c, pair->a);
		c->scope = outer;
	}
	c->scope = &inner;
	compile_statements(c, node->list2);
	c->scope = outer;
	scope_fini(&inner);
}

/* Parameters that were not given get their default, or are undefined. */
static void compile_defaults(struct compiler *c, struct node *node)
{
	uint32_t ndefaults = 0, i = 0;
	struct node *value = node->list2;
	struct variable v;

	for (const struct node *d = node->list2; d != NULL; d = d->next)
		ndefaults++;
	for (struct node *param = node->list; param != NULL; param = param->next, i++) {
		if (!lookup(c, param->name, &v))
			return;
		emit(c, I_LOADRAW, 0, v.slot, 1, param);
		size_t given = emit(c, I_JVALUE, 0, 0, -1, param);
		if (i >= node->count - ndefaults && value != NULL) {
			compile_expr(c, value);
			value = value->next;
		} else {
			emit(c, I_NOPARAM, 0, name_constant(c, param->name), 1, param);
		}
		emit(c, I_STORE, 0, v.slot, -1, param);
		patch(c, given);
	}
}

static uint32_t special_param(struct compiler *c, struct node *node, struct scope *scope, const char *text,
			      uint32_t flag)
{
	uint32_t name = tree_name(c->tree, tr_s(text));
	bool explicit = false;

	if (name >= c->tree->nnames || !reads_undeclared(node->list3, name))
		return 0;
	for (const struct node *param = node->list; param != NULL; param = param->next)
		explicit = explicit || param->name == name;
	if (!explicit)
		scope_param(scope, name);
	return explicit ? 0 : flag;
}

/* An explicit `caller` parameter takes the caller's place, and so must be optional. */
static uint32_t explicit_caller(struct compiler *c, struct node *node)
{
	uint32_t ndefaults = 0, i = 0;

	for (const struct node *d = node->list2; d != NULL; d = d->next)
		ndefaults++;
	for (const struct node *param = node->list; param != NULL; param = param->next, i++) {
		if (!tr_str_is(tree_text(c->tree, param->name), "caller"))
			continue;
		if (i < node->count - ndefaults && reads_undeclared(node->list3, param->name))
			compile_fail(c, param, "the parameter 'caller' needs a default, or must be left out");
		return PROTO_EXPLICIT_CALLER;
	}
	return 0;
}

/* The function of a macro or call block, out of line. */
static uint32_t compile_function(struct compiler *c, struct node *node)
{
	struct func_state fn, *outer_fn = c->fn;
	struct scope scope, *outer = c->scope;
	uint32_t flags = 0, proto;
	bool soft = c->soft;

	size_t around = emit(c, I_JUMP, 0, 0, 0, node);
	proto = proto_new(c);
	func_begin(c, &fn);
	scope_init(&scope, outer, &fn.func);
	for (struct node *param = node->list; param != NULL; param = param->next)
		scope_param(&scope, param->name);
	flags |= special_param(c, node, &scope, "caller", PROTO_CALLER);
	flags |= special_param(c, node, &scope, "kwargs", PROTO_KWARGS);
	flags |= special_param(c, node, &scope, "varargs", PROTO_VARARGS);
	flags |= explicit_caller(c, node);
	for (struct node *d = node->list2; d != NULL; d = d->next)
		scope_expression(&scope, d);
	scope_statements(&scope, node->list3);
	c->scope = &scope;
	c->soft = false;
	size_t entry = here(c);
	scope_enter(c, &scope, true);
	compile_defaults(c, node);
	compile_statements(c, node->list3);
	emit(c, I_RETURN, 0, 0, 0, node);
	c->soft = soft;
	c->scope = outer;
	c->fn = outer_fn;
	scope_fini(&scope);
	if (c->failed) {
		tr_free(fn.slots);
		return 0;
	}
	patch(c, around);
	struct proto *p = &c->t->protos[proto];
	func_end(&fn, p);
	p->entry = (uint32_t)entry;
	p->nparams = node->count;
	p->flags = flags;
	if (node->kind == N_MACRO)
		p->name = name_constant(c, node->name);
	return proto;
}

static void compile_macro(struct compiler *c, struct node *node)
{
	uint32_t proto = compile_function(c, node);
	struct variable v;

	if (c->failed || !lookup(c, node->name, &v))
		return;
	emit(c, I_FUNC, 0, proto, 1, node);
	emit(c, I_STORE, 0, v.slot, -1, node);
}

static void compile_call_block(struct compiler *c, struct node *node)
{
	uint32_t proto = compile_function(c, node);

	if (c->failed)
		return;
	compile_call_with(c, node->a, proto);
	emit(c, I_OUT, 0, 0, -1, node->a);
}

static void compile_output(struct compiler *c, struct node *node)
{
	struct node *value = node->a;

	if (value->kind == N_CONST && tr_is(value->value, TR_STRING))
		emit(c, I_DATA, 0, constant(c, tr_keep(value->value)), 0, value);
	else {
		compile_expr(c, value);
		size_t last = here(c) - 1;
		/* A path is put out at once, without a stop on the stack. */
		if (!c->failed && value->kind == N_GETATTR && c->t->code[last].op == I_PATH) {
			c->t->code[last].op = I_OUTPATH;
			c->fn->stack--;
		} else {
			emit(c, I_OUT, 0, 0, -1, value);
		}
	}
}

static void compile_statement(struct compiler *c, struct node *node)
{
	switch (node->kind) {
	case N_DATA:
		c->t->data_size += tr_as_str(node->value).n;
		emit(c, I_DATA, 0, constant(c, tr_keep(node->value)), 0, node);
		break;
	case N_OUTPUT:
		compile_output(c, node);
		break;
	case N_PRINT:
		compile_statements(c, node->list);
		break;
	case N_IF:
		compile_if(c, node);
		break;
	case N_FOR:
		compile_for(c, node);
		break;
	case N_SET:
		compile_expr(c, node->b);
		compile_store(c, node->a);
		break;
	case N_SETBLOCK:
		compile_set_block(c, node);
		break;
	case N_MACRO:
		compile_macro(c, node);
		break;
	case N_CALLBLOCK:
		compile_call_block(c, node);
		break;
	case N_FILTERBLOCK:
		compile_filter_block(c, node);
		break;
	default:
		compile_with(c, node);
		break;
	}
}

void compile_statements(struct compiler *c, struct node *list)
{
	for (; list != NULL && !c->failed; list = list->next)
		compile_statement(c, list);
}
