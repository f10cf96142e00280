/* SPDX-License-Identifier: Apache-2.0 */
/** Writes of rules and tasks. */
#include "actors/worker/writes.h"
#include "actors/worker/path.h"
#include "actors/worker/place.h"
#include "actors/worker/refs.h"
#include "actors/worker/shared.h"

void writes_fini(writes *w)
{
	tr_value *values[] = {&w->iter, &w->vars, &w->ctx, &w->locals, &w->shared, &w->prev};
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		tr_clear(values[i]);
}

static void put(tr_value *map, tr_str key, tr_value value)
{
	tr_value base = *map;
	if (!tr_is_valid(base))
		base = tr_map();
	*map = tr_map_put(base, path_key(key), value);
}

static void put_shared(writes *w, const pb_set *set, tr_value value)
{
	tr_value base = w->shared;
	if (!tr_is_valid(base))
		base = tr_array();
	w->shared = tr_array_push(base, TR_LIST(path_key(set->key), tr_int(set->reducer), value));
}

static void add(writes *w, const pb_set *set, tr_value value, bool vars_to_iter)
{
	switch (set->target) {
	case PB_SET_ITER:
		put(&w->iter, set->key, value);
		return;
	case PB_SET_VARS:
		put(vars_to_iter ? &w->iter : &w->vars, set->key, value);
		return;
	case PB_SET_CTX:
		put(&w->ctx, set->key, value);
		return;
	case PB_SET_LOCAL:
		put(&w->locals, set->key, value);
		return;
	case PB_SET_SHARED:
		put_shared(w, set, value);
		return;
	case PB_SET_PREV:
		tr_assign(&w->prev, value);
		return;
	}
	tr_drop(value);
}

bool writes_render(writes *w, const pb_set *sets, size_t count, bool vars_to_iter, renderer *r, tr_value *error)
{
	for (size_t i = 0; i < count; i++) {
		tr_value value = render_value(r, sets[i].value, error);
		if (!tr_is_valid(value) && sets[i].value != NULL)
			return false;
		if (!tr_is_valid(value))
			value = tr_nil();
		if (sets[i].target == PB_SET_SHARED && !shared_suits(sets[i].reducer, value)) {
			tr_assign(error,
				  fault_place(r->names.run->book, shared_error(sets[i].key, sets[i].reducer, value),
					      sets[i].value->pos));
			tr_drop(value);
			return false;
		}
		if (sets[i].target == PB_SET_VARS && vars_to_iter)
			render_warn(r, "vars-in-parallel-loop", r->names.run->step->loop.pos,
				    "in a parallel loop set_vars writes to the iteration's own iter; "
				    "use set_shared for what iterations share");
		add(w, &sets[i], value, vars_to_iter);
	}
	return true;
}

void writes_apply(const writes *w, names *n)
{
	n->iter = path_put_all(n->iter, w->iter);
	n->vars = path_put_all(n->vars, w->vars);
	n->ctx = path_put_all(n->ctx, w->ctx);
	if (tr_is_valid(w->locals))
		n->locals = path_put_all(tr_is_valid(n->locals) ? n->locals : tr_map(), w->locals);
}

static tr_value with(tr_value payload, const char *key, tr_value v)
{
	return tr_is_valid(v) ? tr_map_put_s(payload, key, tr_keep(v)) : payload;
}

tr_value writes_payload(const writes *w, tr_value payload)
{
	payload = with(payload, "iter", w->iter);
	payload = with(payload, "vars", w->vars);
	payload = with(payload, "ctx", w->ctx);
	payload = with(payload, "locals", w->locals);
	return with(payload, "shared", w->shared);
}

void writes_ctx_event(event_list *events, tr_value ctx, int64_t iteration, int64_t wall_us)
{
	event *e = tr_map_len(ctx) > 0 ? event_list_add(events, EVENT_TASK_PROCESSED) : NULL;
	if (e == NULL)
		return;
	e->time_us = wall_us;
	e->iteration = iteration;
	e->status = "success";
	event_set(e, PROCESSED_LABEL, tr_word("(set)"));
	event_set(e, PROCESSED_OUTCOME, TR_DICT("status", tr_word("success")));
	event_set(e, PROCESSED_DIRECTIVE, tr_word("continue"));
	event_put(e, "ctx", tr_keep(ctx));
}

static tr_value back(tr_value payload, const char *key)
{
	tr_value v = tr_map_get_s(payload, key);
	return tr_is_valid(v) ? refs_wrap(tr_keep(v), 1) : tr_absent();
}

/* They are gone through one by one: they have to be there. */
tr_value writes_shared_back(tr_value payload)
{
	tr_value v = tr_map_get_s(payload, "shared");
	v = refs_is(v) ? refs_load(v) : tr_keep(v);
	if (tr_is(v, TR_ARRAY))
		return v;
	tr_drop(v);
	return tr_absent();
}

void writes_from_payload(writes *w, tr_value payload)
{
	w->iter = back(payload, "iter");
	w->vars = back(payload, "vars");
	w->ctx = back(payload, "ctx");
	w->locals = back(payload, "locals");
	w->shared = writes_shared_back(payload);
	w->prev = tr_keep(tr_map_get_s(payload, "prev"));
}
