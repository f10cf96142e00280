/* SPDX-License-Identifier: Apache-2.0 */
/* The loop that runs instructions. Every instruction costs one step; what takes longer charges more itself. */
#include <string.h>

#include "playbook/template/error.h"
#include "playbook/template/vm.h"

/* The first reading of a name: from the context, else a global function. */
static tr_value resolve_name(struct eval *ev, const struct frame *f, uint32_t slot)
{
	tr_value key = ev->t->consts[f->proto->slots[slot].name];
	tr_str name = tr_as_str(key);
	tr_value v = ev_lookup(ev, key);

	if (tr_is_valid(v))
		return v;
	if (tr_value_err(v) != TR_OK) {
		ev_fail(ev, tr_value_err(v), "'%.*s' could not be read: %s", TR_STR(name),
			tr_err_text(tr_value_err(v)));
		return v;
	}
	return builtin_find(name);
}

/* A variable's value, borrowed: looked up when that was not done yet, undefined when there is none. */
static tr_value variable(struct eval *ev, struct frame *f, uint32_t slot)
{
	tr_value v = f->slots[slot];

	if (tr_is_valid(v))
		return v;
	if (v.as.bits != 0) {
		v = resolve_name(ev, f, slot);
		if (tr_value_err(v) != TR_OK)
			return v;
		f->slots[slot] = v;
	}
	return tr_is_valid(v) ? v : ev_undefined(ev, UNDEF_NAME);
}

static struct frame *frame_up(struct frame *f, uint32_t hops)
{
	while (hops-- > 0)
		f = f->env;
	return f;
}

/* One step of a path beyond a plain mapping that has the key; fresh. */
static tr_value slow_step(struct eval *ev, tr_value v, const struct path_step *step, tr_value parent)
{
	const struct loop_object *loop = step->loop != LOOP_NONE ? tr_as_object(v, &loop_class) : NULL;
	tr_value key = ev->t->consts[step->key], got;

	if (loop != NULL) {
		got = loop_get(ev, loop, (enum loop_attribute)step->loop);
		return got;
	}
	got = ev_attr(ev, v, key);
	if (!tr_is_valid(got) && is_undefined(v) && tr_is(parent, TR_MAP))
		ev_suggest_key(ev, parent, step - 1);
	return got;
}

/* The value at the end of a path, borrowed from its variable or from *held, which is for the caller to drop. */
static tr_value walk_path(struct eval *ev, struct frame *f, const struct path *path, tr_value *held)
{
	tr_value v = variable(ev, frame_up(f, path->hops), path->slot), parent = tr_absent();

	*held = tr_absent();
	for (uint32_t i = 0; i < path->n && tr_is_valid(v); i++) {
		struct path_step *step = &path->steps[i];
		if (tr_is(v, TR_MAP) && ev->changed.n == 0) {
			uint32_t known = atomic_load_explicit(&step->hint, memory_order_relaxed), hint = known;
			tr_value got = view_near(v, ev->t->consts[step->key], &hint);
			if (hint != known)
				atomic_store_explicit(&step->hint, hint, memory_order_relaxed);
			if (tr_is_valid(got)) {
				v = got; /* borrowed from what v was borrowed from */
				continue;
			}
		}
		ev->step = i;
		tr_value got = slow_step(ev, v, step, parent);
		parent = tr_is(v, TR_MAP) && !tr_is_valid(*held) ? v : tr_absent();
		tr_drop(*held);
		*held = v = got;
	}
	return v;
}

static tr_value run_path(struct eval *ev, struct frame *f, const struct path *path)
{
	tr_value held, v = walk_path(ev, f, path, &held);

	v = tr_keep(v);
	tr_drop(held);
	return v;
}

static tr_value make_sequence(struct eval *ev, struct frame *f, uint32_t n, bool tuple)
{
	if (!ev_charge(ev, (n + 2) * sizeof(tr_value)))
		return tr_invalid(TR_ELIMIT);
	tr_value array = tr_array_with(n + 1);
	f->sp -= n;
	for (uint32_t i = 0; i < n; i++)
		array = tr_array_push(array, f->sp[i]);
	ev->special = ev->special || tuple;
	if (!tr_is_valid(array))
		return ev_invalid(ev, array);
	return tuple ? py_tuple(array) : array;
}

static tr_value make_map(struct eval *ev, struct frame *f, uint32_t n)
{
	tr_value map = tr_map_with(n);

	f->sp -= 2 * (size_t)n;
	for (uint32_t i = 0; i < n; i++) {
		if (tr_is_valid(map)) {
			map = ev_map_put(ev, map, f->sp[2 * i], f->sp[2 * i + 1]);
		} else {
			tr_drop(f->sp[2 * i]);
			tr_drop(f->sp[2 * i + 1]);
		}
	}
	return map;
}

static tr_value run_concat(struct eval *ev, struct frame *f, uint32_t n)
{
	tr_buf out = {.max = ev->memory};
	bool ok = true;

	for (uint32_t i = 0; i < n && ok; i++)
		ok = ev_put_str(ev, &out, f->sp[(ptrdiff_t)i - (ptrdiff_t)n]);
	for (uint32_t i = 0; i < n; i++)
		tr_drop(*--f->sp);
	if (!ok) {
		tr_buf_fini(&out);
		return tr_invalid(ev->error->err);
	}
	return ev_take_text(ev, &out);
}

static void drop_top(struct frame *f, size_t n)
{
	while (n-- > 0)
		tr_drop(*--f->sp);
}

/* A filter or test whose value and arguments are on the stack. */
static tr_value run_native(struct eval *ev, struct frame *f, const struct call *call)
{
	size_t n = call->npos + call->nkw + call->star + call->stars + 1;
	tr_value *first = f->sp - n, result;

	if (call->bound) {
		result = call->native->fn(ev, first);
	} else {
		struct argument_stack a;
		bool ok = arguments_take(ev, f, call, &a, first + 1);
		result = ok ? ev_native(ev, call->native, first[0], &a.args) : tr_invalid(TR_ETYPE);
		arguments_drop(&a);
	}
	drop_top(f, n);
	return result;
}

/* Call what lies under its arguments. True: a frame was pushed; else *out is the result. */
static bool run_call(struct eval *ev, struct frame *f, const struct call *call, const struct ins *resume, tr_value *out)
{
	size_t n = call->npos + call->nkw + call->star + call->stars + 1;
	tr_value *first = f->sp - n;
	struct argument_stack a;
	bool pushed = false;

	*out = tr_invalid(TR_ETYPE);
	if (arguments_take(ev, f, call, &a, first + 1))
		pushed = invoke(ev, first[0], &a.args, resume, out);
	arguments_drop(&a);
	drop_top(f, n);
	return pushed;
}

/* object.name(…): a method, or a macro that the object holds under this name. */
static bool run_method(struct eval *ev, struct frame *f, const struct call *call, const struct ins *resume,
		       tr_value *out)
{
	size_t n = call->npos + call->nkw + call->star + call->stars + 1;
	tr_value *first = f->sp - n, name = ev->t->consts[call->name];
	struct argument_stack a;
	bool pushed = false;

	*out = tr_invalid(TR_ETYPE);
	if (arguments_take(ev, f, call, &a, first + 1)) {
		tr_value object = ev_loaded(ev, first[0]), held = tr_absent();
		if (tr_is(object, TR_OBJECT) && !object_has_method(object, tr_as_str(name)))
			held = object_attr(ev, object, tr_as_str(name));
		else if (tr_is(object, TR_MAP) && !has_method(object, tr_as_str(name)))
			held = tr_keep(tr_map_get(ev_resolve(ev, object), name));
		if (tr_is_valid(held))
			pushed = invoke(ev, held, &a.args, resume, out);
		else
			*out = ev_method(ev, object, name, &a.args);
		tr_drop(held);
	}
	arguments_drop(&a);
	drop_top(f, n);
	return pushed;
}

static bool begin_loop(struct eval *ev, struct frame *f, const struct ins *in)
{
	struct iter *it = f->iters;
	tr_value over = *--f->sp;

	if (in->op == I_ITEMS ? !iter_pairs(ev, it, over) : !iter_begin(ev, it, over))
		return false;
	f->iters++;
	if (in->a == 0)
		return true;
	if (it->kind == ITER_RANGE) {
		tr_value range = range_new(
		    it->start, (int64_t)((uint64_t)it->start + (uint64_t)it->n * (uint64_t)it->step), it->step);
		it->over = ev_items(ev, range);
		it->kind = ITER_ARRAY;
		tr_drop(range);
		if (!tr_is_valid(it->over))
			return false;
	}
	it->loop_value = loop_new(ev, tr_keep(it->over));
	if (!tr_is_valid(it->loop_value)) {
		ev_invalid(ev, it->loop_value);
		return false;
	}
	it->loop = tr_as_object(it->loop_value, &loop_class);
	if (in->a & 2) {
		it->loop->recurse = f->proto;
		it->loop->env = f->env;
		it->loop->depth = f->depth;
	}
	return true;
}

/* Value and key of the next item of a pair loop. False at its end or on failure. */
static bool next_pair(struct eval *ev, struct frame *f, struct iter *it)
{
	if (it->kind == ITER_MAP) {
		if (it->at >= it->n)
			return false;
		const tr_entry *entry = &tr_map_entries(it->over)[it->at++];
		*f->sp++ = tr_keep(entry->value);
		*f->sp++ = tr_keep(entry->key);
		return true;
	}
	tr_value item = iter_next(ev, it);
	return tr_is_valid(item) && unpack(ev, f, item, 2);
}

static bool set_attribute(struct eval *ev, tr_value object, tr_value name, tr_value value)
{
	struct namespace_object *ns = tr_as_object(object, &namespace_class);

	if (ns == NULL) {
		ev_fail(ev, TR_ETYPE, "only a namespace's attributes can be set, not those of '%s'",
			ev_type_name(object));
		tr_drop(value);
		return false;
	}
	tr_value map = ns->in.value;
	size_t had = tr_map_len(map);
	ns->in.value = tr_nil(); /* the map is ours alone while it changes */
	map = tr_map_put(map, tr_keep(name), value);
	if (!tr_is_valid(map) || (tr_map_len(map) > had && !ev_charge(ev, sizeof(tr_entry)))) {
		ev_invalid(ev, map);
		tr_drop(map);
		return false;
	}
	ns->in.value = map;
	return true;
}

static tr_value captured(struct eval *ev, size_t mark)
{
	tr_str text = ev->out.n > mark ? (tr_str){ev->out.p + mark, ev->out.n - mark} : (tr_str){"", 0};
	tr_value v = ev_text(ev, text);

	ev->out.n = mark;
	return v;
}

static bool output_failed(struct eval *ev)
{
	if (ev->out.err == TR_ELIMIT)
		ev_fail(ev, TR_ELIMIT, "the output is larger than %zu bytes", ev->out.max);
	else
		ev_fail(ev, ev->out.err, "%s", tr_err_text(ev->out.err));
	return false;
}

static bool compare(struct eval *ev, unsigned op, tr_value a, tr_value b, bool *out)
{
	bool ok;

	switch (op) {
	case I_EQ:
		return ev_equal(ev, a, b, out);
	case I_NE:
		ok = ev_equal(ev, a, b, out);
		*out = !*out;
		return ok;
	case I_IN:
		return ev_contains(ev, a, b, out);
	case I_NOTIN:
		ok = ev_contains(ev, a, b, out);
		*out = !*out;
		return ok;
	default:
		return ev_order(ev, op, a, b, out);
	}
}

static bool is_defined(tr_value v)
{
	return !is_undefined(v);
}

#define PUSH(v)         (*f->sp++ = (v))
#define TOP             (f->sp[-1])
#define JUMP_TO(target) (ip = code + (target))
/* Push a result, which may be a failure. */
#define PUSH_RESULT(v)                     \
	do {                               \
		tr_value result_ = (v);    \
		if (!tr_is_valid(result_)) \
			goto failed;       \
		PUSH(result_);             \
	} while (0)

tr_value vm_run(struct eval *ev)
{
	const struct ins *code = ev->t->code, *ip = code + ev->frame->proto->entry;
	const tr_value *consts = ev->t->consts;
	struct frame *f = ev->frame;
	tr_value a, b;
	bool truth = false;

	for (;;) {
		const struct ins *in = ip++;
		ev->pc = (uint32_t)(in - code);
		if (ev->fuel-- == 0) {
			ev->fuel = 0;
			ev_fail(ev, TR_ELIMIT, "the evaluation takes more steps than its limit");
			goto failed;
		}
		switch ((enum opcode)in->op) {
		case I_CONST:
			PUSH(tr_keep(consts[in->b]));
			break;
		case I_LOAD:
			a = f->slots[in->b];
			if (!tr_is_valid(a))
				a = variable(ev, f, in->b);
			if (!tr_is_valid(a))
				goto failed;
			PUSH(tr_keep(a));
			break;
		case I_LOADUP:
			a = variable(ev, frame_up(f, in->a), in->b);
			if (!tr_is_valid(a))
				goto failed;
			PUSH(tr_keep(a));
			break;
		case I_LOADRAW: {
			struct frame *up = frame_up(f, in->a);
			PUSH(tr_keep(up->slots[in->b]));
			if (!tr_is_valid(TOP) && TOP.as.bits != 0) {
				/* Looked up now: the copy may outlive a change of the original. */
				a = resolve_name(ev, up, in->b);
				if (tr_value_err(a) != TR_OK)
					goto failed;
				TOP = a;
			}
			break;
		}
		case I_STORE:
			a = f->slots[in->b];
			f->slots[in->b] = *--f->sp;
			tr_drop(a);
			break;
		case I_CLEAR:
			tr_clear(&f->slots[in->b]);
			break;
		case I_RESET:
			tr_drop(f->slots[in->b]);
			f->slots[in->b] = UNRESOLVED;
			break;
		case I_POP:
			tr_drop(*--f->sp);
			break;
		case I_DUP:
			a = tr_keep(TOP);
			PUSH(a);
			break;
		case I_PATH:
			PUSH_RESULT(run_path(ev, f, &ev->t->paths[in->b]));
			break;
		case I_OUTPATH:
			a = walk_path(ev, f, &ev->t->paths[in->b], &b);
			truth = tr_is_valid(a) && ev_put_str(ev, &ev->out, a);
			tr_drop(b);
			if (!truth || (ev->out.err != TR_OK && !output_failed(ev)))
				goto failed;
			break;
		case I_ATTR:
			a = *--f->sp;
			b = ev_attr(ev, a, consts[in->b]);
			tr_drop(a);
			PUSH_RESULT(b);
			break;
		case I_ITEM:
			b = ev_item(ev, f->sp[-2], f->sp[-1]);
			drop_top(f, 2);
			PUSH_RESULT(b);
			break;
		case I_SLICE: {
			tr_value parts[3] = {tr_absent(), tr_absent(), tr_absent()};
			size_t n = 0;
			for (int i = 2; i >= 0; i--)
				if (in->a & (1u << i))
					parts[i] = f->sp[-1 - (ptrdiff_t)n++];
			b = ev_slice(ev, f->sp[-1 - (ptrdiff_t)n], parts);
			drop_top(f, n + 1);
			PUSH_RESULT(b);
			break;
		}
		case I_LIST:
			PUSH_RESULT(make_sequence(ev, f, in->b, false));
			break;
		case I_TUPLE:
			PUSH_RESULT(make_sequence(ev, f, in->b, true));
			break;
		case I_MAP:
			PUSH_RESULT(make_map(ev, f, in->b));
			break;
		case I_NOT:
			if (!ev_truth(ev, TOP, &truth))
				goto failed;
			tr_drop(TOP);
			TOP = tr_bool(!truth);
			break;
		case I_NEG:
		case I_POS:
			a = *--f->sp;
			b = ev_unary(ev, in->op, a);
			tr_drop(a);
			PUSH_RESULT(b);
			break;
		case I_ADD:
			if (tr_is(f->sp[-1], TR_INT) && tr_is(f->sp[-2], TR_INT)) {
				int64_t sum;
				if (!__builtin_add_overflow(f->sp[-2].as.i, f->sp[-1].as.i, &sum)) {
					*--f->sp = tr_absent();
					TOP = tr_int(sum);
					break;
				}
			}
			/* fall through */
		case I_SUB:
		case I_MUL:
		case I_DIV:
		case I_FLOORDIV:
		case I_MOD:
		case I_POW:
			b = ev_binary(ev, in->op, f->sp[-2], f->sp[-1]);
			drop_top(f, 2);
			PUSH_RESULT(b);
			break;
		case I_EQ:
		case I_NE:
		case I_LT:
		case I_LE:
		case I_GT:
		case I_GE:
		case I_IN:
		case I_NOTIN:
			if (!compare(ev, in->op, f->sp[-2], f->sp[-1], &truth))
				goto failed;
			drop_top(f, 2);
			PUSH(tr_bool(truth));
			break;
		case I_CHAIN:
			if (!compare(ev, in->a, f->sp[-2], f->sp[-1], &truth))
				goto failed;
			if (truth) {
				a = *--f->sp;
				tr_drop(TOP);
				TOP = a;
			} else {
				drop_top(f, 2);
				PUSH(tr_bool(false));
				JUMP_TO(in->b);
			}
			break;
		case I_JUMP:
			JUMP_TO(in->b);
			break;
		case I_JFALSE:
		case I_JTRUE:
			a = *--f->sp;
			if (tr_is(a, TR_BOOL)) {
				truth = a.as.b;
			} else {
				bool ok = ev_truth(ev, a, &truth);
				tr_drop(a);
				if (!ok)
					goto failed;
			}
			if (truth == (in->op == I_JTRUE))
				JUMP_TO(in->b);
			break;
		case I_AND:
		case I_OR:
			if (!ev_truth(ev, TOP, &truth))
				goto failed;
			if (truth == (in->op == I_OR))
				JUMP_TO(in->b);
			else
				tr_drop(*--f->sp);
			break;
		case I_JVALUE:
			a = *--f->sp;
			if (tr_is_valid(a))
				JUMP_TO(in->b);
			tr_drop(a);
			break;
		case I_CONCAT:
			PUSH_RESULT(run_concat(ev, f, in->b));
			break;
		case I_FILTER:
		case I_TEST:
			PUSH_RESULT(run_native(ev, f, &ev->t->calls[in->b]));
			break;
		case I_DEFINED:
		case I_UNDEFINED:
			truth = is_defined(TOP) == (in->op == I_DEFINED);
			tr_drop(TOP);
			TOP = tr_bool(truth);
			break;
		case I_CALL:
			if (run_call(ev, f, &ev->t->calls[in->b], ip, &a))
				goto entered;
			PUSH_RESULT(a);
			break;
		case I_METHOD:
			if (run_method(ev, f, &ev->t->calls[in->b], ip, &a))
				goto entered;
			PUSH_RESULT(a);
			break;
		case I_OUT:
			a = *--f->sp;
			truth = ev_put_str(ev, &ev->out, a);
			tr_drop(a);
			if (!truth || (ev->out.err != TR_OK && !output_failed(ev)))
				goto failed;
			break;
		case I_DATA: {
			tr_str s = tr_as_str(consts[in->b]);
			buf_put(&ev->out, s.p, s.n);
			if (ev->out.err != TR_OK && !output_failed(ev))
				goto failed;
			break;
		}
		case I_ITER:
		case I_ITEMS:
			if (!begin_loop(ev, f, in))
				goto failed;
			if (in->a != 0)
				tr_assign(&f->slots[in->b], tr_keep(f->iters[-1].loop_value));
			break;
		case I_NEXT:
			a = iter_next(ev, &f->iters[-1]);
			if (tr_is_valid(a))
				PUSH(a);
			else
				JUMP_TO(in->b);
			break;
		case I_NEXTPAIR:
			if (!next_pair(ev, f, &f->iters[-1])) {
				if (ev->error->err != TR_OK)
					goto failed;
				JUMP_TO(in->b);
			}
			break;
		case I_RAN:
			f->iters[-1].ran = true;
			break;
		case I_ENDITER:
			f->iters--;
			iter_end(f->iters);
			if (in->a != 0)
				PUSH(tr_bool(f->iters->ran));
			break;
		case I_COLLECT:
			a = *--f->sp;
			TOP = ev_push(ev, TOP, a);
			if (!tr_is_valid(TOP))
				goto failed;
			break;
		case I_UNPACK:
			a = *--f->sp;
			if (!unpack(ev, f, a, in->b))
				goto failed;
			break;
		case I_FUNC:
			ev->special = true;
			a = macro_new(&ev->t->protos[in->b], f);
			if (!tr_is_valid(a) || !ev_charge(ev, 128)) {
				ev_invalid(ev, a);
				tr_drop(a);
				goto failed;
			}
			PUSH(a);
			break;
		case I_LOOPCALL:
			a = *--f->sp;
			if (!invoke_loop(ev, &ev->t->protos[in->b], f, a, 0, ip))
				goto failed;
			goto entered;
		case I_CAPTURE:
			PUSH(tr_int((int64_t)ev->out.n));
			break;
		case I_ENDCAPTURE:
			a = *--f->sp;
			PUSH_RESULT(captured(ev, (size_t)a.as.i));
			break;
		case I_NSSET:
			a = *--f->sp;
			b = *--f->sp;
			truth = set_attribute(ev, a, consts[in->b], b);
			tr_drop(a);
			if (!truth)
				goto failed;
			break;
		case I_NOPARAM:
			PUSH(ev_undefined(ev, UNDEF_PARAM));
			break;
		case I_NOELSE:
			PUSH(ev_undefined(ev, UNDEF_NOELSE));
			break;
		case I_RETURN:
			a = captured(ev, f->mark);
			ip = f->resume;
			frame_pop(ev);
			f = ev->frame;
			PUSH_RESULT(a);
			break;
		case I_RESULT:
			return *--f->sp;
		case I_END:
			return tr_absent();
		case I_FAIL:
			ev_fail(ev, TR_EINVAL, "%s", tr_as_cstr(consts[in->b], "?"));
			goto failed;
		case OPCODE_COUNT:
			goto failed;
		}
		continue;
	entered:
		if (ev->error->err != TR_OK)
			goto failed;
		f = ev->frame;
		ip = code + f->proto->entry;
	}
failed:
	if (ev->error->err == TR_OK)
		ev_fail(ev, TR_EINVAL, "the evaluation failed");
	return tr_invalid(ev->error->err);
}
