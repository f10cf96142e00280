/* SPDX-License-Identifier: Apache-2.0 */
/* Code of expressions. A chain of attributes, items, calls and filters is walked in a loop, however long it is. */
#include <string.h>

#include "playbook/template/compiler.h"
#include "playbook/template/error.h"
#include "playbook/template/native.h"
#include "playbook/template/objects.h"
#include "playbook/template/pyvalue.h"

static const enum opcode math_ops[] = {
    [OP_ADD] = I_ADD, [OP_SUB] = I_SUB, [OP_MUL] = I_MUL, [OP_DIV] = I_DIV, [OP_FLOORDIV] = I_FLOORDIV,
    [OP_MOD] = I_MOD, [OP_POW] = I_POW, [OP_EQ] = I_EQ,   [OP_NE] = I_NE,   [OP_LT] = I_LT,
    [OP_LE] = I_LE,   [OP_GT] = I_GT,   [OP_GE] = I_GE,   [OP_IN] = I_IN,   [OP_NOTIN] = I_NOTIN,
};

static void compile_name(struct compiler *c, struct node *node)
{
	struct variable v;

	if (!lookup(c, node->name, &v))
		return;
	uint32_t hops = hops_to(c, &v);
	emit(c, hops == 0 ? I_LOAD : I_LOADUP, hops, v.slot, 1, node);
}

/* A literal of literals is made once, unless the template may change it in place. */
static bool is_literal(const struct compiler *c, const struct node *node)
{
	if (node->kind == N_CONST)
		return true;
	if ((node->kind != N_LIST && node->kind != N_TUPLE) || c->t->mutates)
		return false;
	for (const struct node *item = node->list; item != NULL; item = item->next)
		if (!is_literal(c, item))
			return false;
	return true;
}

static tr_value literal_value(const struct node *node)
{
	if (node->kind == N_CONST)
		return tr_keep(node->value);
	tr_value array = tr_array_with(node->count);
	for (const struct node *item = node->list; item != NULL; item = item->next)
		array = tr_array_push(array, literal_value(item));
	return node->kind == N_TUPLE ? py_tuple(array) : array;
}

static void compile_sequence(struct compiler *c, struct node *node)
{
	if (is_literal(c, node)) {
		emit(c, I_CONST, 0, constant(c, literal_value(node)), 1, node);
		return;
	}
	for (struct node *item = node->list; item != NULL; item = item->next)
		compile_expr(c, item);
	emit(c, node->kind == N_LIST ? I_LIST : I_TUPLE, 0, node->count, 1 - (int)node->count, node);
}

static void compile_dict(struct compiler *c, struct node *node)
{
	for (struct node *pair = node->list; pair != NULL; pair = pair->next) {
		compile_expr(c, pair->a);
		compile_expr(c, pair->b);
	}
	emit(c, I_MAP, 0, node->count, 1 - 2 * (int)node->count, node);
}

static void compile_logic(struct compiler *c, struct node *node)
{
	enum opcode op = node->kind == N_AND ? I_AND : I_OR;
	size_t last = 0;

	/* Each jump holds the place of the one before until all are known. */
	for (struct node *item = node->list; item != NULL; item = item->next) {
		compile_expr(c, item);
		if (item->next != NULL)
			last = emit(c, op, 0, (uint32_t)last, -1, item);
	}
	while (last != 0 && !c->failed) {
		size_t before = c->t->code[last].b;
		patch(c, last);
		last = before;
	}
}

static void compile_math(struct compiler *c, struct node *node)
{
	compile_expr(c, node->a);
	for (struct node *operand = node->list; operand != NULL; operand = operand->next) {
		compile_expr(c, operand->a);
		emit_at(c, math_ops[operand->op], 0, 0, -1, (struct span){node->start, operand->end, node->start});
	}
}

static void compile_compare(struct compiler *c, struct node *node)
{
	size_t last = 0;

	compile_expr(c, node->a);
	for (struct node *operand = node->list; operand != NULL; operand = operand->next) {
		compile_expr(c, operand->a);
		if (operand->next != NULL)
			last = emit(c, I_CHAIN, math_ops[operand->op], (uint32_t)last, -1, node);
		else
			emit(c, math_ops[operand->op], 0, 0, -1, node);
	}
	while (last != 0 && !c->failed) {
		size_t before = c->t->code[last].b;
		patch(c, last);
		last = before;
	}
}

static void compile_cond(struct compiler *c, struct node *node)
{
	bool soft = c->soft;

	c->soft = true;
	compile_expr(c, node->a);
	size_t otherwise = emit(c, I_JFALSE, 0, 0, -1, node->a);
	compile_expr(c, node->b);
	size_t end = emit(c, I_JUMP, 0, 0, -1, node);
	patch(c, otherwise);
	if (node->c != NULL)
		compile_expr(c, node->c);
	else
		emit(c, I_NOELSE, 0, 0, 1, node);
	patch(c, end);
	c->soft = soft;
}

static void compile_negative(struct compiler *c, struct node *node)
{
	if (node->kind == N_NEG && node->a->kind == N_CONST && tr_is(node->a->value, TR_INT)) {
		emit(c, I_CONST, 0, constant(c, tr_int(-tr_as_int(node->a->value, 0))), 1, node);
		return;
	}
	compile_expr(c, node->a);
	emit(c, node->kind == N_NEG ? I_NEG : node->kind == N_POS ? I_POS : I_NOT, 0, 0, 0, node);
}

static uint32_t call_new(struct compiler *c)
{
	tr_template *t = c->t;

	if (!array_room(c, &t->calls, &t->calls_cap, t->ncalls, sizeof(*t->calls)))
		return 0;
	memset(&t->calls[t->ncalls], 0, sizeof(*t->calls));
	return (uint32_t)t->ncalls++;
}

/* Push arguments as they are written; extra_kw more keyword names will be added by the caller. */
static int push_arguments(struct compiler *c, struct node *node, struct call *call, uint32_t extra_kw)
{
	uint32_t i = 0;

	call->npos = node->count;
	for (struct node *kw = node->list2; kw != NULL; kw = kw->next)
		call->nkw++;
	if (call->nkw + extra_kw > 0) {
		call->kwnames = tr_alloc((call->nkw + extra_kw) * sizeof(*call->kwnames));
		if (call->kwnames == NULL) {
			c->failed = true;
			error_memory(c->error);
			return 0;
		}
	}
	for (struct node *arg = node->list; arg != NULL; arg = arg->next)
		compile_expr(c, arg);
	for (struct node *kw = node->list2; kw != NULL; kw = kw->next) {
		call->kwnames[i++] = name_constant(c, kw->name);
		compile_expr(c, kw->a);
	}
	return (int)(call->npos + call->nkw);
}

static int push_stars(struct compiler *c, struct node *node, struct call *call)
{
	call->star = node->b != NULL;
	call->stars = node->c != NULL;
	if (call->star)
		compile_expr(c, node->b);
	if (call->stars)
		compile_expr(c, node->c);
	return (int)call->star + (int)call->stars;
}

static bool too_many_arguments(struct compiler *c, struct node *node)
{
	uint32_t n = node->count;

	for (struct node *kw = node->list2; kw != NULL; kw = kw->next)
		n++;
	return n > 4096 && !compile_fail(c, node, "too many arguments");
}

/* The call behind a callee or object that lies on the stack. */
static void compile_call(struct compiler *c, struct node *node, uint32_t method, const uint32_t *caller)
{
	struct call call = {0};

	if (too_many_arguments(c, node))
		return;
	int pushed = push_arguments(c, node, &call, caller != NULL);
	if (caller != NULL && !c->failed) {
		call.kwnames[call.nkw++] = constant(c, tr_string("caller"));
		emit(c, I_FUNC, 0, *caller, 1, node);
		pushed++;
	}
	pushed += push_stars(c, node, &call);
	call.name = method;
	uint32_t at = call_new(c);
	if (c->failed) {
		tr_free(call.kwnames);
		return;
	}
	c->t->calls[at] = call;
	struct node *base = node->a;
	uint32_t point = method != NO_NAME ? base->end - (uint32_t)tree_text(c->tree, base->name).n : base->start;
	emit_at(c, method != NO_NAME ? I_METHOD : I_CALL, 0, at, -pushed, (struct span){node->start, node->end, point});
}

static void fail_later(struct compiler *c, const struct node *node, const char *what, tr_str name)
{
	emit(c, I_FAIL, 0, constant(c, tr_stringf("%s '%.*s'", what, TR_STR(name))), 0, node);
}

/* Each parameter of a native gets one place on the stack. False when the arguments do not fit. */
static bool bind_arguments(struct compiler *c, struct node *node, const struct native *native, struct node **places)
{
	size_t n = params_count(native->params), given = 0;

	memset(places, 0, MAX_PARAMS * sizeof(*places));
	if (node->count > n)
		return false;
	for (struct node *arg = node->list; arg != NULL; arg = arg->next)
		places[given++] = arg;
	for (struct node *kw = node->list2; kw != NULL; kw = kw->next) {
		size_t at = params_index(native->params, tree_text(c->tree, kw->name));
		if (at == n || places[at] != NULL)
			return false;
		places[at] = kw->a;
	}
	for (size_t i = 0; i < native->required; i++)
		if (places[i] == NULL)
			return false;
	return true;
}

static void compile_bound(struct compiler *c, struct node *node, const struct native *native, enum opcode op)
{
	struct node *places[MAX_PARAMS];
	size_t n = params_count(native->params);
	tr_str name = tree_text(c->tree, node->name);

	if (!bind_arguments(c, node, native, places)) {
		fail_later(c, node, op == I_FILTER ? "wrong arguments for filter" : "wrong arguments for test", name);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (places[i] != NULL)
			compile_expr(c, places[i]);
		else
			emit(c, I_CONST, 0, CONST_ABSENT, 1, node);
	}
	uint32_t at = call_new(c);
	if (c->failed)
		return;
	c->t->calls[at].native = native;
	c->t->calls[at].bound = true;
	c->t->calls[at].npos = (uint32_t)n;
	c->t->calls[at].name = name_constant(c, node->name);
	emit(c, op, 0, at, -(int)n, node);
}

static void suggest_native(struct compiler *c, tr_str name, const struct native *const *tables)
{
	struct suggestion s;

	suggest_init(&s, name);
	for (; *tables != NULL; tables++)
		for (const struct native *n = *tables; n->name != NULL; n++)
			suggest_try(&s, tr_s(n->name));
	suggest_hint(&s, c->error->hint, sizeof(c->error->hint));
}

/* A filter or test on the value that lies on the stack. */
static void compile_native(struct compiler *c, struct node *node, enum opcode op)
{
	tr_str name = tree_text(c->tree, node->name);
	const struct native *native = op == I_FILTER ? filter_find(name) : test_find(name);
	struct call call = {0};

	if (node->flags & NODE_FUSED)
		native = &fused_filters[tr_str_is(name, "sum") ? FUSED_SUM : FUSED_JOIN];

	if (native == NULL && c->soft) {
		fail_later(c, node, op == I_FILTER ? "there is no filter" : "there is no test", name);
		return;
	}
	if (native == NULL) {
		compile_fail(c, node, "there is no %s '%.*s'", op == I_FILTER ? "filter" : "test", TR_STR(name));
		suggest_native(c, name, op == I_FILTER ? filter_tables : test_tables);
		return;
	}
	if (native->var == NULL && node->b == NULL && node->c == NULL) {
		compile_bound(c, node, native, op);
		return;
	}
	if (too_many_arguments(c, node))
		return;
	int pushed = push_arguments(c, node, &call, 0);
	pushed += push_stars(c, node, &call);
	call.native = native;
	call.name = name_constant(c, node->name);
	uint32_t at = call_new(c);
	if (c->failed) {
		tr_free(call.kwnames);
		return;
	}
	c->t->calls[at] = call;
	emit(c, op, 0, at, -pushed, node);
}

void compile_filter_on_stack(struct compiler *c, struct node *filter)
{
	struct node *up = NULL;

	/* filter->a … down to NULL, then from there upwards */
	for (struct node *f = filter; f != NULL; f = f->a) {
		f->up = up;
		up = f;
	}
	for (; up != NULL; up = up->up)
		compile_native(c, up, I_FILTER);
}

static void compile_test(struct compiler *c, struct node *node)
{
	tr_str name = tree_text(c->tree, node->name);
	bool plain = node->list == NULL && node->list2 == NULL && node->b == NULL && node->c == NULL;

	if (plain && (tr_str_is(name, "defined") || tr_str_is(name, "undefined")))
		emit(c, tr_str_is(name, "defined") ? I_DEFINED : I_UNDEFINED, 0, 0, 0, node);
	else
		compile_native(c, node, I_TEST);
}

static void compile_item(struct compiler *c, struct node *node)
{
	struct node *key = node->b;
	unsigned parts = 0;

	if (key->kind != N_SLICE) {
		compile_expr(c, key);
		emit(c, I_ITEM, 0, 0, -1, node);
		return;
	}
	struct node *of[3] = {key->a, key->b, key->c};
	for (unsigned i = 0; i < 3; i++) {
		if (of[i] == NULL)
			continue;
		compile_expr(c, of[i]);
		parts |= 1u << i;
	}
	emit(c, I_SLICE, parts, 0, -__builtin_popcount(parts), node);
}

/* A name with attributes: one instruction for all that are not methods. Gives the last node it covers. */
static struct node *compile_path(struct compiler *c, struct node *name)
{
	struct node *last = name;
	struct variable v;
	struct path path = {0};

	while (last->up != NULL && last->up->kind == N_GETATTR &&
	       (last->up->up == NULL || last->up->up->kind != N_CALL)) {
		last = last->up;
		path.n++;
	}
	if (path.n == 0 || !lookup(c, name->name, &v)) {
		compile_name(c, name);
		return name;
	}
	path.slot = v.slot;
	path.hops = hops_to(c, &v);
	path.steps = tr_alloc(path.n * sizeof(*path.steps));
	if (path.steps == NULL || !array_room(c, &c->t->paths, &c->t->paths_cap, c->t->npaths, sizeof(path))) {
		c->failed = true;
		error_memory(c->error);
		tr_free(path.steps);
		return last;
	}
	uint32_t i = 0;
	for (struct node *n = name; n != last; n = n->up) {
		uint32_t size = (uint32_t)tree_text(c->tree, n->up->name).n;
		path.steps[i].key = name_constant(c, n->up->name);
		path.steps[i].start = n->up->end - size;
		path.steps[i].end = n->up->end;
		path.steps[i++].loop = loop_attribute(tree_text(c->tree, n->up->name));
	}
	c->t->paths[c->t->npaths] = path;
	emit_at(c, I_PATH, 0, (uint32_t)c->t->npaths++, 1, (struct span){name->start, last->end, name->start});
	return last;
}

static bool is_postfix(const struct node *node)
{
	return node->kind == N_GETATTR || node->kind == N_GETITEM || node->kind == N_CALL || node->kind == N_FILTER ||
	       node->kind == N_TEST;
}

static void compile_link(struct compiler *c, struct node *node)
{
	switch (node->kind) {
	case N_GETATTR: {
		uint32_t size = (uint32_t)tree_text(c->tree, node->name).n;
		if (node->up != NULL && node->up->kind == N_CALL)
			break; /* the call takes the method's name */
		emit_at(c, I_ATTR, 0, name_constant(c, node->name), 0,
			(struct span){node->start, node->end, node->end - size});
		break;
	}
	case N_GETITEM:
		compile_item(c, node);
		break;
	case N_CALL:
		compile_call(c, node, node->a->kind == N_GETATTR ? name_constant(c, node->a->name) : NO_NAME, NULL);
		break;
	case N_FILTER:
		compile_native(c, node, I_FILTER);
		break;
	default:
		compile_test(c, node);
		break;
	}
}

/* x|map(attribute=k)|sum and |join add up or join the attributes themselves: no list between them. */
static void fuse_map(struct compiler *c, struct node *node)
{
	struct node *map = node->a;
	bool sum = tr_str_is(tree_text(c->tree, node->name), "sum"),
	     join = tr_str_is(tree_text(c->tree, node->name), "join");

	if ((!sum && !join) || map == NULL || map->kind != N_FILTER || map->a == NULL || node->list2 != NULL ||
	    node->b != NULL || node->c != NULL || node->count > (sum ? 0u : 1u))
		return;
	if (!tr_str_is(tree_text(c->tree, map->name), "map") || map->count > 0 || map->list2 == NULL ||
	    map->list2->next != NULL || map->b != NULL || map->c != NULL ||
	    !tr_str_is(tree_text(c->tree, map->list2->name), "attribute"))
		return;
	node->list2 = map->list2;
	node->a = map->a;
	node->flags |= NODE_FUSED;
}

/* a.b(c)|d[e]…: the base, then link after link. The last link is left out with `but_last`. */
static void compile_chain(struct compiler *c, struct node *top, bool but_last)
{
	struct node *base = top;

	top->up = NULL;
	while (is_postfix(base) && base->a != NULL) {
		if (base->kind == N_FILTER)
			fuse_map(c, base);
		base->a->up = base;
		base = base->a;
	}
	if (base->kind == N_NAME)
		base = compile_path(c, base);
	else
		compile_expr(c, base);
	for (struct node *link = base->up; link != NULL && !c->failed; link = link->up)
		if (!but_last || link != top)
			compile_link(c, link);
}

void compile_call_with(struct compiler *c, struct node *node, uint32_t caller_proto)
{
	compile_chain(c, node, true);
	compile_call(c, node, node->a->kind == N_GETATTR ? name_constant(c, node->a->name) : NO_NAME, &caller_proto);
}

void compile_expr(struct compiler *c, struct node *node)
{
	if (c->failed)
		return;
	switch (node->kind) {
	case N_CONST:
		emit(c, I_CONST, 0, constant(c, tr_keep(node->value)), 1, node);
		break;
	case N_NAME:
		compile_name(c, node);
		break;
	case N_TUPLE:
	case N_LIST:
		compile_sequence(c, node);
		break;
	case N_DICT:
		compile_dict(c, node);
		break;
	case N_AND:
	case N_OR:
		compile_logic(c, node);
		break;
	case N_NOT:
	case N_NEG:
	case N_POS:
		compile_negative(c, node);
		break;
	case N_MATH:
		compile_math(c, node);
		break;
	case N_COMPARE:
		compile_compare(c, node);
		break;
	case N_CONCAT:
		for (struct node *item = node->list; item != NULL; item = item->next)
			compile_expr(c, item);
		emit(c, I_CONCAT, 0, node->count, 1 - (int)node->count, node);
		break;
	case N_COND:
		compile_cond(c, node);
		break;
	case N_SLICE: /* outside of a subscript of its own, as in x[1:2, 3] */
		compile_fail(c, node, "a slice cannot stand here");
		break;
	default:
		compile_chain(c, node, false);
		break;
	}
}
