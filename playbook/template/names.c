/* SPDX-License-Identifier: Apache-2.0 */
/* The free names of a compiled template, for callers who fetch only what is asked for. */
#include "playbook/template/program.h"

struct naming {
	const tr_template *t;
	const struct proto *main;
	void (*each)(void *arg, tr_str name, tr_str attribute);
	void *arg;
};

static const tr_str nothing = {"", 0};

static bool is_free(const struct proto *p, uint32_t slot)
{
	return slot < p->nslots && p->slots[slot].name != NO_NAME && (p->slots[slot].resolve || p->slots[slot].reset);
}

static tr_str constant(const tr_template *t, uint32_t at)
{
	return tr_as_str(t->consts[at]);
}

/* `steps['fetch']` where it was not made a path: the name, a constant, an item taken. */
static tr_str constant_item(const tr_template *t, size_t at)
{
	if (at + 2 >= t->ncode || t->code[at + 1].op != I_CONST || t->code[at + 2].op != I_ITEM)
		return nothing;
	tr_value key = t->consts[t->code[at + 1].b];
	return tr_is(key, TR_STRING) ? tr_as_str(key) : nothing;
}

static void tell(const struct naming *n, uint32_t slot, tr_str attribute)
{
	if (is_free(n->main, slot))
		n->each(n->arg, constant(n->t, n->main->slots[slot].name), attribute);
}

static void tell_instruction(const struct naming *n, size_t at)
{
	struct ins ins = n->t->code[at];
	if (ins.op == I_LOAD || ins.op == I_LOADUP || ins.op == I_LOADRAW) {
		tell(n, ins.b, constant_item(n->t, at));
	} else if (ins.op == I_PATH || ins.op == I_OUTPATH) {
		const struct path *p = &n->t->paths[ins.b];
		tell(n, p->slot, p->n > 0 ? constant(n->t, p->steps[0].key) : nothing);
	}
}

void tr_template_names(const tr_template *t, void (*each)(void *arg, tr_str name, tr_str attribute), void *arg)
{
	struct naming n = {t, t->nprotos > 0 ? &t->protos[0] : NULL, each, arg};
	if (t->nprotos == 1) {
		for (size_t at = 0; at < t->ncode; at++)
			tell_instruction(&n, at);
		return;
	}
	/* Macros see their surroundings: which use is whose is not worth finding out, so every name counts as used in
	 * any way. */
	for (size_t p = 0; p < t->nprotos; p++) {
		n.main = &t->protos[p];
		for (uint32_t slot = 0; slot < t->protos[p].nslots; slot++)
			tell(&n, slot, nothing);
	}
}
