/* SPDX-License-Identifier: Apache-2.0 */
/* Frames, and calls of macros and recursive loops. */
#include <string.h>

#include "playbook/template/vm.h"

size_t frame_size(const struct proto *proto)
{
	return sizeof(struct frame) + (proto->nslots + proto->max_stack) * sizeof(tr_value) +
	       proto->max_iters * sizeof(struct iter);
}

struct frame *frame_push(struct eval *ev, const struct proto *proto, struct frame *env, void *memory)
{
	struct frame *f = memory;

	if (f == NULL) {
		size_t size = frame_size(proto);
		if (!ev_enter_frame(ev) || (proto->captured && !ev_charge(ev, size)))
			return NULL;
		f = tr_alloc(size);
		if (f == NULL) {
			ev_fail(ev, TR_ENOMEM, "out of memory");
			return NULL;
		}
	}
	f->proto = proto;
	f->caller = ev->frame;
	f->env = env;
	f->resume = NULL;
	f->slots = (tr_value *)(f + 1);
	f->sp = f->stack = f->slots + proto->nslots;
	f->iters = f->iters_base = (struct iter *)(f->stack + proto->max_stack);
	f->mark = ev->out.n;
	f->depth = 0;
	f->kept = false;
	f->on_heap = memory == NULL;
	for (uint32_t i = 0; i < proto->nslots; i++)
		f->slots[i] = proto->slots[i].resolve ? UNRESOLVED : NO_VALUE;
	ev->frame = f;
	return f;
}

static void frame_clear(struct frame *f)
{
	while (f->sp > f->stack)
		tr_drop(*--f->sp);
	while (f->iters > f->iters_base)
		iter_end(--f->iters);
}

static void frame_destroy(struct frame *f)
{
	for (uint32_t i = 0; i < f->proto->nslots; i++)
		tr_drop(f->slots[i]);
	if (f->on_heap)
		tr_free(f);
}

void frame_pop(struct eval *ev)
{
	struct frame *f = ev->frame;

	ev->frame = f->caller;
	ev->depth--;
	frame_clear(f);
	if (f->proto->captured) {
		f->kept = true;
		f->caller = ev->kept;
		ev->kept = f;
		return;
	}
	frame_destroy(f);
}

void frames_drop(struct eval *ev)
{
	/* Values first: a macro object may be all that names a frame, but never what frees one. */
	while (ev->frame != NULL) {
		struct frame *f = ev->frame;
		ev->frame = f->caller;
		frame_clear(f);
		frame_destroy(f);
	}
	while (ev->kept != NULL) {
		struct frame *f = ev->kept;
		ev->kept = f->caller;
		frame_destroy(f);
	}
}

bool invoke_loop(struct eval *ev, const struct proto *proto, struct frame *env, tr_value over, size_t depth,
		 const struct ins *resume)
{
	struct frame *f = frame_push(ev, proto, env, NULL);

	if (f == NULL) {
		tr_drop(over);
		return false;
	}
	f->slots[0] = over;
	f->depth = depth;
	f->resume = resume;
	return true;
}

/* Spread a list behind the positional arguments, or a mapping behind the keywords. */
static bool spread(struct eval *ev, struct argument_stack *a, const tr_value *first, const struct call *call)
{
	tr_value star = call->star ? first[call->npos + call->nkw] : tr_absent();
	tr_value stars = call->stars ? ev_resolve(ev, first[call->npos + call->nkw + call->star]) : tr_absent();
	tr_value items = call->star ? ev_items(ev, star) : tr_array();
	size_t npos, nkw, k = 0;

	if (!tr_is_valid(items))
		return false;
	if (call->stars && !tr_is(stars, TR_MAP)) {
		tr_drop(items);
		ev_fail(ev, TR_ETYPE, "the argument behind ** must be a mapping, not '%s'", ev_type_name(stars));
		return false;
	}
	npos = call->npos + tr_array_len(items);
	nkw = call->nkw + tr_map_len(stars);
	a->nvalues = npos + nkw;
	a->values = tr_alloc((npos + nkw + 1) * sizeof(tr_value));
	a->names = tr_alloc((nkw + 1) * sizeof(tr_value));
	if (a->values == NULL || a->names == NULL || !ev_charge(ev, (npos + 2 * nkw) * sizeof(tr_value))) {
		tr_drop(items);
		ev_fail(ev, TR_ENOMEM, "out of memory");
		return false;
	}
	for (size_t i = 0; i < call->npos; i++)
		a->values[k++] = tr_keep(first[i]);
	for (size_t i = 0; i < tr_array_len(items); i++)
		a->values[k++] = tr_keep(tr_array_at(items, i));
	for (size_t i = 0; i < call->nkw; i++)
		a->values[k++] = tr_keep(first[call->npos + i]);
	for (size_t i = 0; i < tr_map_len(stars); i++)
		a->values[k++] = tr_keep(tr_map_entries(stars)[i].value);
	for (size_t i = 0; i < nkw; i++) {
		a->names[i] =
		    i < call->nkw ? ev->t->consts[call->kwnames[i]] : tr_map_entries(stars)[i - call->nkw].key;
		if (is_text(a->names[i]))
			continue;
		tr_drop(items);
		ev_fail(ev, TR_ETYPE, "the keys of a ** argument must be text");
		return false;
	}
	tr_drop(items);
	a->args = (struct args){a->values, npos, a->names, a->values + npos, nkw};
	return true;
}

bool arguments_take(struct eval *ev, struct frame *f, const struct call *call, struct argument_stack *out,
		    tr_value *first)
{
	(void)f;
	memset(out, 0, sizeof(*out));
	if (call->star || call->stars)
		return spread(ev, out, first, call);
	out->args = (struct args){first, call->npos, NULL, first + call->npos, call->nkw};
	if (call->nkw == 0)
		return true;
	out->names = tr_alloc(call->nkw * sizeof(tr_value));
	if (out->names == NULL) {
		ev_fail(ev, TR_ENOMEM, "out of memory");
		return false;
	}
	for (uint32_t i = 0; i < call->nkw; i++)
		out->names[i] = ev->t->consts[call->kwnames[i]];
	out->args.kwnames = out->names;
	return true;
}

void arguments_drop(struct argument_stack *a)
{
	for (size_t i = 0; i < a->nvalues && a->values != NULL; i++)
		tr_drop(a->values[i]);
	tr_free(a->values);
	tr_free(a->names);
}

static const char *macro_name(const struct eval *ev, const struct proto *p)
{
	return p->name != NO_NAME ? tr_as_cstr(ev->t->consts[p->name], "?") : "caller";
}

/* Is keyword i the name of parameter p? */
static bool is_param(const struct eval *ev, const struct proto *proto, uint32_t p, const struct args *args, size_t i)
{
	return tr_str_eq(tr_as_str(ev->t->consts[proto->slots[p].name]), tr_as_str(args->kwnames[i]));
}

/* Keywords that are no parameter: the caller, or what kwargs catches. */
static bool rest_keywords(struct eval *ev, struct frame *f, const struct args *args, tr_value *caller, tr_value *kwargs)
{
	const struct proto *p = f->proto;
	bool wants_caller = (p->flags & PROTO_CALLER) != 0;

	for (size_t i = 0; i < args->nkw; i++) {
		uint32_t at = 0;
		while (at < p->nparams && !(is_param(ev, p, at, args, i) && at >= args->npos))
			at++;
		if (at < p->nparams) {
			tr_assign(&f->slots[at], tr_keep(args->kwvals[i]));
			continue;
		}
		tr_str name = tr_as_str(args->kwnames[i]);
		if (wants_caller && tr_str_is(name, "caller")) {
			tr_assign(caller, tr_keep(args->kwvals[i]));
		} else if (p->flags & PROTO_KWARGS) {
			*kwargs = ev_map_put(ev, *kwargs, tr_keep(args->kwnames[i]), tr_keep(args->kwvals[i]));
			if (!tr_is_valid(*kwargs))
				return false;
		} else {
			ev_fail(ev, TR_ETYPE, "macro '%s' has no parameter '%.*s'", macro_name(ev, p), TR_STR(name));
			return false;
		}
	}
	return true;
}

static bool bind_macro(struct eval *ev, struct frame *f, const struct args *args)
{
	const struct proto *p = f->proto;
	tr_value caller = tr_absent();
	tr_value kwargs = (p->flags & PROTO_KWARGS) ? tr_map() : tr_nil();
	tr_value varargs = (p->flags & PROTO_VARARGS) ? tr_array() : tr_nil();
	uint32_t slot = p->nparams;

	if (args->npos > p->nparams && !(p->flags & PROTO_VARARGS)) {
		ev_fail(ev, TR_ETYPE, "macro '%s' takes at most %u arguments, not %zu", macro_name(ev, p), p->nparams,
			args->npos);
		goto failed;
	}
	for (size_t i = 0; i < args->npos; i++) {
		if (i < p->nparams)
			tr_assign(&f->slots[i], tr_keep(args->pos[i]));
		else
			varargs = ev_push(ev, varargs, tr_keep(args->pos[i]));
	}
	if (!tr_is_valid(varargs) || !tr_is_valid(kwargs) || !rest_keywords(ev, f, args, &caller, &kwargs))
		goto failed;
	if (p->flags & PROTO_CALLER)
		tr_assign(&f->slots[slot++],
			  tr_is_valid(caller) && !is_none(caller) ? tr_keep(caller) : ev_undefined(ev, UNDEF_CALLER));
	if (p->flags & PROTO_KWARGS)
		tr_assign(&f->slots[slot++], tr_keep(kwargs));
	if (p->flags & PROTO_VARARGS)
		tr_assign(&f->slots[slot++], py_tuple(tr_keep(varargs)));
	ev->special = ev->special || (p->flags & PROTO_VARARGS) != 0;
	tr_drop(caller);
	tr_drop(kwargs);
	tr_drop(varargs);
	return true;
failed:
	ev_fail(ev, TR_ENOMEM, "out of memory"); /* unless there is a better reason already */
	tr_drop(caller);
	tr_drop(kwargs);
	tr_drop(varargs);
	return false;
}

bool invoke(struct eval *ev, tr_value callee, const struct args *args, const struct ins *resume, tr_value *out)
{
	const struct macro_object *macro = tr_as_object(callee, &macro_class);
	const struct loop_object *loop = tr_as_object(callee, &loop_class);

	*out = tr_invalid(TR_ETYPE);
	if (macro != NULL) {
		struct frame *f = frame_push(ev, macro->proto, macro->env, NULL);
		if (f == NULL)
			return false;
		f->resume = resume;
		return bind_macro(ev, f, args);
	}
	if (loop != NULL) {
		if (loop->recurse == NULL) {
			ev_fail(ev, TR_ETYPE, "loop can be called only in a loop that is marked 'recursive'");
			return false;
		}
		if (args->npos != 1 || args->nkw > 0) {
			ev_fail(ev, TR_ETYPE, "loop() takes one argument, what to go through");
			return false;
		}
		return invoke_loop(ev, loop->recurse, loop->env, tr_keep(args->pos[0]), loop->depth + 1, resume);
	}
	*out = ev_call(ev, callee, args);
	return false;
}
