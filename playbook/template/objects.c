/* SPDX-License-Identifier: Apache-2.0 */
/* Making, showing and asking objects. */
#include <string.h>

#include "playbook/template/objects.h"

/* What an object that holds values costs: it is paid back when nobody holds the object any more. */
#define HOLDER_BYTES 192

static void plain_destroy(void *data)
{
	tr_free(data);
}

static void holder_leave(struct holder *h)
{
	if (h->ev == NULL)
		return;
	*h->back = h->next;
	if (h->next != NULL)
		h->next->back = h->back;
	h->ev = NULL;
}

/* What is dropped may be the last that held h itself. */
static void holder_let_go(struct holder *h)
{
	tr_value value = h->value, other = h->other;

	h->value = h->other = tr_nil();
	tr_drop(value);
	tr_drop(other);
}

static void holder_destroy(void *data)
{
	struct holder *h = data;
	struct eval *ev = h->ev;

	if (ev == NULL) { /* was emptied */
		tr_free(h);
		return;
	}
	holder_leave(h);
	ev->memory += HOLDER_BYTES;
	h->next = ev->ended;
	ev->ended = h;
	if (ev->ending)
		return;
	ev->ending = true;
	while ((h = ev->ended) != NULL) {
		ev->ended = h->next;
		holder_let_go(h);
		tr_free(h);
	}
	ev->ending = false;
}

void holders_empty(struct eval *ev)
{
	while (ev->holders != NULL) {
		struct holder *h = ev->holders;
		holder_leave(h);
		holder_let_go(h);
	}
}

static void lazy_destroy(void *data)
{
	tr_lazy *lazy = data;

	if (lazy->destroy != NULL)
		lazy->destroy(lazy->arg);
	tr_free(lazy);
}

const tr_class range_class = {"range", plain_destroy};
const tr_class namespace_class = {"Namespace", holder_destroy};
const tr_class cycler_class = {"Cycler", holder_destroy};
const tr_class joiner_class = {"Joiner", holder_destroy};
const tr_class macro_class = {"Macro", plain_destroy};
const tr_class loop_class = {"LoopContext", holder_destroy};
const tr_class bound_class = {"method", holder_destroy};
const tr_class lazy_class = {"lazy", lazy_destroy};

/* An object around a copy of *data. */
static tr_value object_new(const tr_class *cls, const void *data, size_t size)
{
	void *copy = tr_alloc(size);

	if (copy == NULL)
		return tr_invalid(TR_ENOMEM);
	memcpy(copy, data, size);
	return tr_object(cls, copy);
}

/* An object that begins with a holder, of `size` zeroed bytes behind it; takes both values. */
static tr_value holder_new(struct eval *ev, const tr_class *cls, size_t size, tr_value value, tr_value other)
{
	bool paid = tr_is_valid(value) && ev_charge(ev, HOLDER_BYTES);
	struct holder *h = paid ? tr_alloc(size) : NULL;

	if (h == NULL) {
		tr_drop(value);
		tr_drop(other);
		return !tr_is_valid(value) ? value : tr_invalid(paid ? TR_ENOMEM : TR_ELIMIT);
	}
	*h = (struct holder){.value = value, .other = other, .ev = ev, .next = ev->holders, .back = &ev->holders};
	if (h->next != NULL)
		h->next->back = &h->next;
	ev->holders = h;
	ev->special = true;
	return tr_object(cls, h);
}

static size_t range_length(int64_t start, int64_t stop, int64_t step)
{
	uint64_t span, stride;

	if (step > 0 ? start >= stop : start <= stop)
		return 0;
	span = step > 0 ? (uint64_t)stop - (uint64_t)start : (uint64_t)start - (uint64_t)stop;
	stride = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
	return (span - 1) / stride + 1;
}

tr_value range_new(int64_t start, int64_t stop, int64_t step)
{
	struct range_object r = {start, stop, step, range_length(start, stop, step)};

	return object_new(&range_class, &r, sizeof(r));
}

tr_value namespace_new(struct eval *ev, tr_value map)
{
	return holder_new(ev, &namespace_class, sizeof(struct namespace_object), map, tr_absent());
}

tr_value cycler_new(struct eval *ev, tr_value items)
{
	return holder_new(ev, &cycler_class, sizeof(struct cycler_object), items, tr_absent());
}

tr_value joiner_new(struct eval *ev, tr_value separator)
{
	return holder_new(ev, &joiner_class, sizeof(struct joiner_object), separator, tr_absent());
}

tr_value macro_new(const struct proto *proto, struct frame *env)
{
	struct macro_object m = {proto, env};

	return object_new(&macro_class, &m, sizeof(m));
}

tr_value loop_new(struct eval *ev, tr_value items)
{
	return holder_new(ev, &loop_class, sizeof(struct loop_object), items, tr_absent());
}

tr_value bound_new(struct eval *ev, tr_value self, tr_value name)
{
	return holder_new(ev, &bound_class, sizeof(struct bound_object), self, name);
}

enum loop_attribute loop_attribute(tr_str name)
{
	static const char *const names[] = {"",         "index",     "index0", "first",  "last",     "length",
					    "revindex", "revindex0", "depth",  "depth0", "previtem", "nextitem"};

	for (unsigned i = 1; i < sizeof(names) / sizeof(names[0]); i++)
		if (tr_str_is(name, names[i]))
			return (enum loop_attribute)i;
	return LOOP_NONE;
}

tr_value loop_get(struct eval *ev, const struct loop_object *loop, enum loop_attribute attribute)
{
	int64_t index = (int64_t)loop->index, length = (int64_t)tr_array_len(loop->in.value);

	switch (attribute) {
	case LOOP_INDEX:
		return tr_int(index);
	case LOOP_INDEX0:
		return tr_int(index - 1);
	case LOOP_FIRST:
		return tr_bool(index == 1);
	case LOOP_LAST:
		return tr_bool(index >= length);
	case LOOP_LENGTH:
		return tr_int(length);
	case LOOP_REVINDEX:
		return tr_int(length - index + 1);
	case LOOP_REVINDEX0:
		return tr_int(length - index);
	case LOOP_DEPTH:
		return tr_int((int64_t)loop->depth + 1);
	case LOOP_DEPTH0:
		return tr_int((int64_t)loop->depth);
	case LOOP_PREVITEM:
		return index > 1 ? tr_keep(tr_array_at(loop->in.value, loop->index - 2))
				 : ev_undefined(ev, UNDEF_EMPTY);
	case LOOP_NEXTITEM:
		return index < length ? tr_keep(tr_array_at(loop->in.value, loop->index))
				      : ev_undefined(ev, UNDEF_EMPTY);
	default:
		return tr_absent();
	}
}

static tr_value macro_attr(struct eval *ev, const struct macro_object *macro, tr_str name)
{
	const struct proto *p = macro->proto;

	if (tr_str_is(name, "name"))
		return p->name != NO_NAME ? tr_keep(ev->t->consts[p->name]) : tr_nil();
	if (tr_str_is(name, "catch_kwargs"))
		return tr_bool((p->flags & PROTO_KWARGS) != 0);
	if (tr_str_is(name, "catch_varargs"))
		return tr_bool((p->flags & PROTO_VARARGS) != 0);
	if (tr_str_is(name, "caller"))
		return tr_bool((p->flags & PROTO_CALLER) != 0);
	if (!tr_str_is(name, "arguments"))
		return tr_absent();
	tr_value list = tr_array_with(p->nparams);
	for (uint32_t i = 0; i < p->nparams; i++)
		list = tr_array_push(list, tr_keep(ev->t->consts[p->slots[i].name]));
	return py_tuple(list);
}

tr_value object_attr(struct eval *ev, tr_value object, tr_str name)
{
	const struct range_object *range = tr_as_object(object, &range_class);
	const struct namespace_object *ns = tr_as_object(object, &namespace_class);
	const struct cycler_object *cycler = tr_as_object(object, &cycler_class);
	const struct macro_object *macro = tr_as_object(object, &macro_class);
	const struct loop_object *loop = tr_as_object(object, &loop_class);

	if (loop != NULL)
		return loop_get(ev, loop, loop_attribute(name));
	if (ns != NULL)
		return tr_keep(tr_map_get_n(ns->in.value, name.p, name.n));
	if (macro != NULL)
		return macro_attr(ev, macro, name);
	if (cycler != NULL && tr_str_is(name, "current"))
		return tr_keep(tr_array_at(cycler->in.value, cycler->at));
	if (cycler != NULL && tr_str_is(name, "items"))
		return py_tuple(tr_keep(cycler->in.value));
	if (cycler != NULL && tr_str_is(name, "pos"))
		return tr_int((int64_t)cycler->at);
	if (range != NULL && tr_str_is(name, "start"))
		return tr_int(range->start);
	if (range != NULL && tr_str_is(name, "stop"))
		return tr_int(range->stop);
	if (range != NULL && tr_str_is(name, "step"))
		return tr_int(range->step);
	return tr_absent();
}

static tr_value loop_cycle(struct eval *ev, const struct loop_object *loop, const struct args *args)
{
	if (args->npos == 0 || args->nkw > 0)
		return ev_fail(ev, TR_ETYPE, "loop.cycle() needs the values to go through");
	return tr_keep(args->pos[(loop->index - 1) % args->npos]);
}

static tr_value loop_changed(struct eval *ev, struct loop_object *loop, const struct args *args)
{
	tr_value now;
	bool same = false;

	if (args->nkw > 0)
		return ev_fail(ev, TR_ETYPE, "loop.changed() takes no keywords");
	now = tr_array_with(args->npos);
	for (size_t i = 0; i < args->npos; i++)
		now = tr_array_push(now, tr_keep(args->pos[i]));
	if (!tr_is_valid(now))
		return ev_invalid(ev, now);
	if (tr_is_valid(loop->in.other) && !ev_equal(ev, loop->in.other, now, &same)) {
		tr_drop(now);
		return tr_invalid(TR_ETYPE);
	}
	tr_assign(&loop->in.other, now);
	return tr_bool(!same);
}

tr_value object_method(struct eval *ev, tr_value object, tr_str name, const struct args *args, bool *found)
{
	struct cycler_object *cycler = tr_as_object(object, &cycler_class);
	struct loop_object *loop = tr_as_object(object, &loop_class);
	struct range_object *range = tr_as_object(object, &range_class);

	*found = object_has_method(object, name);
	if (!*found)
		return tr_absent();
	if (loop != NULL)
		return tr_str_is(name, "cycle") ? loop_cycle(ev, loop, args) : loop_changed(ev, loop, args);
	if (cycler != NULL) {
		if (!ev_no_args(ev, "cycler", args))
			return tr_invalid(TR_ETYPE);
		tr_value current = tr_array_at(cycler->in.value, cycler->at);
		cycler->at = tr_str_is(name, "next") ? (cycler->at + 1) % tr_array_len(cycler->in.value) : 0;
		return tr_str_is(name, "next") ? tr_keep(current) : tr_nil();
	}
	tr_value want[1], items;
	if (range == NULL || !ev_bind(ev, "range", "value", 1, args, want))
		return tr_invalid(TR_ETYPE);
	items = ev_items(ev, object);
	if (!tr_is_valid(items))
		return items;
	tr_value result = list_method(ev, items, name, args, found);
	tr_drop(items);
	return result;
}

bool object_has_method(tr_value object, tr_str name)
{
	const tr_class *cls = tr_object_class(object);

	if (cls == &loop_class)
		return tr_str_is(name, "cycle") || tr_str_is(name, "changed");
	if (cls == &cycler_class)
		return tr_str_is(name, "next") || tr_str_is(name, "reset");
	return cls == &range_class && (tr_str_is(name, "index") || tr_str_is(name, "count"));
}

static void put_range(tr_buf *out, const struct range_object *range)
{
	tr_buf_putf(out, "range(%lld, %lld", (long long)range->start, (long long)range->stop);
	if (range->step != 1)
		tr_buf_putf(out, ", %lld", (long long)range->step);
	tr_buf_putc(out, ')');
}

bool object_put(struct eval *ev, tr_buf *out, tr_value object)
{
	const struct range_object *range = tr_as_object(object, &range_class);
	const struct namespace_object *ns = tr_as_object(object, &namespace_class);
	const struct macro_object *macro = tr_as_object(object, &macro_class);
	const struct loop_object *loop = tr_as_object(object, &loop_class);
	const struct bound_object *bound = tr_as_object(object, &bound_class);

	if (range != NULL) {
		put_range(out, range);
	} else if (ns != NULL) {
		tr_buf_puts(out, "<Namespace ");
		bool ok = ev_put_repr(ev, out, ns->in.value);
		tr_buf_putc(out, '>');
		return ok;
	} else if (macro != NULL && ev != NULL) {
		tr_buf_puts(out, macro->proto->name == NO_NAME ? "<Macro anonymous>" : "<Macro ");
		if (macro->proto->name == NO_NAME)
			return true;
		bool ok = ev_put_repr(ev, out, ev->t->consts[macro->proto->name]);
		tr_buf_putc(out, '>');
		return ok;
	} else if (loop != NULL) {
		tr_buf_putf(out, "<LoopContext %zu/%zu>", loop->index, tr_array_len(loop->in.value));
	} else if (bound != NULL) {
		tr_buf_putf(out, "<built-in method %s of %s object>", tr_as_cstr(bound->in.other, "?"),
			    ev_type_name(bound->in.value));
	} else {
		const tr_class *cls = tr_object_class(object);
		tr_buf_putf(out, "<%s object>", cls != NULL ? cls->name : "?");
	}
	return true;
}

tr_value tr_lazy_value(const tr_lazy *lazy)
{
	tr_lazy *copy = tr_alloc(sizeof(*copy));

	if (copy == NULL) {
		if (lazy->destroy != NULL)
			lazy->destroy(lazy->arg);
		return tr_invalid(TR_ENOMEM);
	}
	*copy = *lazy;
	return tr_object(&lazy_class, copy);
}

tr_value tr_lazy_force(tr_value v)
{
	const tr_lazy *lazy = tr_as_object(v, &lazy_class);

	return lazy != NULL ? lazy->load(lazy->arg) : tr_keep(v);
}
