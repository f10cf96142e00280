/* SPDX-License-Identifier: Apache-2.0 */
/* Code of for loops. */
#include "playbook/template/compiler.h"

/* The scopes of one loop. */
struct loop {
	struct node *node;
	struct scope body, test, otherwise;
	struct scope *outer;
	bool extended; /* `loop` is used */
	uint32_t loop_slot;
};

static bool stores_loop(const struct node *target, const struct tree *tree)
{
	if (target->kind == N_TUPLE) {
		for (const struct node *item = target->list; item != NULL; item = item->next)
			if (stores_loop(item, tree))
				return true;
		return false;
	}
	return tr_str_is(tree_text(tree, target->name), "loop");
}

static void loop_analyse(struct compiler *c, struct loop *loop, struct scope *outer)
{
	struct node *node = loop->node;
	uint32_t name = tree_name(c->tree, tr_s("loop"));

	loop->outer = outer;
	loop->extended =
	    (node->flags & NODE_RECURSIVE) != 0 || (name != UINT32_MAX && reads_undeclared(node->list, name));
	scope_init(&loop->body, outer, &c->fn->func);
	scope_init(&loop->test, outer, &c->fn->func);
	scope_init(&loop->otherwise, outer, &c->fn->func);
	if (loop->extended)
		loop->loop_slot = scope_param(&loop->body, name);
	scope_target(&loop->body, node->a, true);
	scope_statements(&loop->body, node->list);
	scope_statements(&loop->otherwise, node->list2);
	if (node->c != NULL) {
		scope_target(&loop->test, node->a, true);
		scope_expression(&loop->test, node->c);
	}
}

static void loop_fini(struct loop *loop)
{
	scope_fini(&loop->body);
	scope_fini(&loop->test);
	scope_fini(&loop->otherwise);
}

static void iter_begin(struct compiler *c)
{
	if (++c->fn->iters > c->fn->max_iters)
		c->fn->max_iters = c->fn->iters;
}

/* With the item on the stack: run the loop's `if` on it. Gives the jump to patch when it does not hold. */
static size_t compile_test(struct compiler *c, struct loop *loop)
{
	struct node *node = loop->node;

	emit(c, I_DUP, 0, 0, 1, node);
	scope_enter(c, &loop->test, false);
	c->scope = &loop->test;
	compile_store(c, node->a);
	compile_expr(c, node->c);
	return emit(c, I_JFALSE, 0, 0, -1, node->c);
}

/* Replace the iterable on the stack by the list of its items for which the `if` holds, so that loop.length is right. */
static void compile_prefilter(struct compiler *c, struct loop *loop)
{
	struct node *node = loop->node;

	emit(c, I_ITER, 0, 0, -1, node->b);
	iter_begin(c);
	emit(c, I_LIST, 0, 0, 1, node);
	size_t top = here(c);
	size_t next = emit(c, I_NEXT, 0, 0, 1, node);
	size_t no = compile_test(c, loop);
	emit(c, I_COLLECT, 0, 0, -1, node);
	emit(c, I_JUMP, 0, (uint32_t)top, 0, node);
	patch(c, no);
	c->fn->stack++;
	emit(c, I_POP, 0, 0, -1, node);
	emit(c, I_JUMP, 0, (uint32_t)top, 0, node);
	patch(c, next);
	emit(c, I_ENDITER, 0, 0, 0, node);
	c->fn->iters--;
}

/* for a, b in x.items(): pairs need not be made. */
static bool is_pair_loop(const struct compiler *c, const struct loop *loop)
{
	const struct node *target = loop->node->a, *call = loop->node->b;

	return target->kind == N_TUPLE && target->count == 2 && !loop->extended && loop->node->c == NULL &&
	       call->kind == N_CALL && call->list == NULL && call->list2 == NULL && call->b == NULL &&
	       call->c == NULL && call->a->kind == N_GETATTR && tr_str_is(tree_text(c->tree, call->a->name), "items");
}

/* The loop itself; the iterable (or the mapping of a pair loop) lies on the stack. */
static void compile_rounds(struct compiler *c, struct loop *loop, bool pairs)
{
	struct node *node = loop->node;
	size_t no = 0;
	bool filtered = node->c != NULL;

	if (filtered && loop->extended)
		compile_prefilter(c, loop);
	filtered = filtered && !loop->extended;
	unsigned flags = loop->extended ? 1u | ((node->flags & NODE_RECURSIVE) ? 2u : 0) : 0;
	emit(c, pairs ? I_ITEMS : I_ITER, flags, loop->loop_slot, -1, node->b);
	iter_begin(c);
	size_t top = here(c);
	size_t next = emit(c, pairs ? I_NEXTPAIR : I_NEXT, 0, 0, pairs ? 2 : 1, node);
	if (filtered)
		no = compile_test(c, loop);
	scope_enter(c, &loop->body, false);
	c->scope = &loop->body;
	if (pairs) {
		compile_store(c, node->a->list);
		compile_store(c, node->a->list->next);
	} else {
		compile_store(c, node->a);
	}
	compile_statements(c, node->list);
	if (node->list2 != NULL)
		emit(c, I_RAN, 0, 0, 0, node);
	emit(c, I_JUMP, 0, (uint32_t)top, 0, node);
	if (filtered) {
		patch(c, no);
		c->fn->stack++;
		emit(c, I_POP, 0, 0, -1, node);
		emit(c, I_JUMP, 0, (uint32_t)top, 0, node);
	}
	patch(c, next);
	emit(c, I_ENDITER, node->list2 != NULL, 0, node->list2 != NULL, node);
	c->fn->iters--;
	if (node->list2 != NULL) {
		size_t ran = emit(c, I_JTRUE, 0, 0, -1, node);
		scope_enter(c, &loop->otherwise, false);
		c->scope = &loop->otherwise;
		compile_statements(c, node->list2);
		patch(c, ran);
	}
	c->scope = loop->outer;
}

/* The body of a recursive loop is a function with one parameter, the iterable. */
__attribute__((noinline)) static void compile_recursive(struct compiler *c, struct node *node)
{
	struct func_state fn, *outer_fn = c->fn;
	struct scope *outer = c->scope;
	struct loop loop = {.node = node};

	compile_expr(c, node->b);
	size_t around = emit(c, I_JUMP, 0, 0, 0, node);
	uint32_t proto = proto_new(c);
	func_begin(c, &fn);
	fn.func.nslots = 1;
	loop_analyse(c, &loop, outer);
	size_t entry = here(c);
	emit(c, I_LOADRAW, 0, 0, 1, node);
	compile_rounds(c, &loop, false);
	emit(c, I_RETURN, 0, 0, 0, node);
	c->fn = outer_fn;
	c->scope = outer;
	loop_fini(&loop);
	if (c->failed) {
		tr_free(fn.slots);
		return;
	}
	patch(c, around);
	struct proto *p = &c->t->protos[proto];
	func_end(&fn, p);
	p->entry = (uint32_t)entry;
	p->nparams = 1;
	p->flags = PROTO_LOOP;
	emit(c, I_LOOPCALL, 0, proto, 0, node->b);
	emit(c, I_OUT, 0, 0, -1, node);
}

void compile_for(struct compiler *c, struct node *node)
{
	struct loop loop = {.node = node};

	if (stores_loop(node->a, c->tree)) {
		compile_fail(c, node->a, "'loop' belongs to the loop itself and cannot be its variable");
		return;
	}
	if (node->flags & NODE_RECURSIVE) {
		compile_recursive(c, node);
		return;
	}
	loop_analyse(c, &loop, c->scope);
	bool pairs = is_pair_loop(c, &loop);
	compile_expr(c, pairs ? node->b->a->a : node->b);
	compile_rounds(c, &loop, pairs);
	loop_fini(&loop);
}
