/* SPDX-License-Identifier: Apache-2.0 */
/* Values that offer more than they show, and references that load when they are used. */
#include "actors/engine/decide.h"

#include "actors/protocol.h"

typedef struct offer {
	machine_world world; /* its load function */
	tr_value shown;
	tr_value more; /* step: label -> result; outcome: its result */
} offer;

bool offer_is_ref(tr_value v)
{
	tr_str kind = tr_is(v, TR_MAP) ? tr_as_str(tr_map_get_s(v, "kind")) : (tr_str){NULL, 0};

	return (tr_str_is(kind, "result_ref") && tr_is(tr_map_get_s(v, "ref"), TR_STRING)) ||
	       (tr_str_is(kind, "manifest") && tr_is(tr_map_get_s(v, "parts"), TR_ARRAY));
}

static tr_value load_shown(const offer *o, tr_value v)
{
	return offer_is_ref(v) && o->world.load != NULL ? o->world.load(o->world.arg, v) : tr_keep(v);
}

static tr_value offer_load(void *arg)
{
	const offer *o = arg;

	return load_shown(o, o->shown);
}

static void offer_destroy(void *arg)
{
	offer *o = arg;

	tr_drop(o->shown);
	tr_drop(o->more);
	tr_free(o);
}

static tr_value step_attribute(void *arg, tr_value loaded, tr_str name)
{
	const offer *o = arg;

	if (tr_str_is(name, "data") || tr_str_is(name, "result"))
		return tr_keep(loaded);
	if (tr_str_is(name, "_ref"))
		return offer_is_ref(o->shown) ? tr_keep(o->shown) : tr_nil();
	return tr_keep(tr_map_get_n(o->more, name.p, name.n));
}

static tr_value outcome_attribute(void *arg, tr_value loaded, tr_str name)
{
	const offer *o = arg;
	tr_value result, found;

	(void)loaded;
	if (tr_str_is(name, "data"))
		return tr_keep(o->more);
	result = load_shown(o, o->more);
	found = tr_keep(tr_map_get_n(result, name.p, name.n));
	if (!tr_is_valid(found))
		found = tr_keep(tr_map_get_n(tr_map_get_s(result, "data"), name.p, name.n));
	tr_drop(result);
	return found;
}

static tr_value offer_new(const machine_world *w, tr_value shown, tr_value more,
			  tr_value (*attribute)(void *, tr_value, tr_str))
{
	offer *o = tr_alloc(sizeof *o);
	tr_lazy lazy = {.load = offer_load, .destroy = offer_destroy, .arg = o, .attribute = attribute};

	if (o == NULL)
		return tr_invalid(TR_ENOMEM);
	o->world = *w;
	o->shown = tr_keep(shown);
	o->more = tr_keep(more);
	return tr_lazy_value(&lazy);
}

tr_value offer_step(const machine_world *w, tr_value result, tr_value labels)
{
	return offer_new(w, result, labels, step_attribute);
}

tr_value offer_outcome(const machine_world *w, tr_value outcome)
{
	return offer_new(w, outcome, tr_map_get_s(outcome, "result"), outcome_attribute);
}

tr_value offer_ref(const machine_world *w, tr_value ref)
{
	return offer_new(w, ref, tr_absent(), NULL);
}

static bool holds_refs(tr_value v, int depth)
{
	if (depth == 0)
		return false;
	if (tr_is(v, TR_ARRAY)) {
		for (size_t i = 0; i < tr_array_len(v); i++)
			if (holds_refs(tr_array_at(v, i), depth - 1))
				return true;
	} else if (tr_is(v, TR_MAP)) {
		const tr_entry *e = tr_map_entries(v);
		size_t n = tr_map_len(v);

		if (n > 0 && offer_is_ref(v))
			return true;
		for (size_t i = 0; i < n; i++)
			if (holds_refs(e[i].value, depth - 1))
				return true;
	}
	return false;
}

tr_value offer_args(const decision *d, uint32_t step, tr_value args)
{
	const tr_entry *e = tr_map_entries(args);
	tr_value out;

	if (d->w->put == NULL || tr_value_size(args) <= INLINE_LIMIT)
		return args;
	out = tr_keep(args);
	for (size_t i = 0; i < tr_map_len(args); i++) {
		tr_value ref = tr_absent();

		if (e[i].value.type >= (uint32_t)TR_STRING && tr_value_size(e[i].value) > INLINE_LIMIT)
			ref = d->w->put(d->w->arg, e[i].value, d->m->routes->playbook->steps[step].name);
		if (tr_is_valid(ref))
			out = tr_map_put(out, tr_keep(e[i].key), ref);
		else if (tr_value_err(ref) == TR_ENOMEM) {
			tr_drop(out);
			out = ref;
			break;
		}
	}
	tr_drop(args);
	return out;
}

void machine_note_refs(machine *m, tr_value v)
{
	if (!m->has_refs)
		m->has_refs = holds_refs(v, REF_DEPTH);
}
