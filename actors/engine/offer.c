/* SPDX-License-Identifier: Apache-2.0 */
/* Values that offer more than they show, and references that load when they are used. */
#include "actors/engine/decide.h"

#include "actors/protocol.h"
#include "plugins/host/secret_ref.h"

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
	return load_shown(o, tr_map_get_n(o->more, name.p, name.n)); /* the result of a task, with this label */
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

/* What a step run makes load itself: a ResultRef, a loop's manifest, where a secret is. */
static bool loads_itself(tr_value map)
{
	tr_str kind = tr_as_str(tr_map_get_n(map, "kind", 4));

	return kind.n > 0 && (tr_str_is(kind, "result_ref") || tr_str_is(kind, "manifest") || secret_ref_is(map));
}

static void look_for_refs(machine *m, tr_value v, int depth)
{
	const tr_value *items = tr_array_items(v);
	const tr_entry *e = tr_map_entries(v);
	size_t n = tr_map_len(v);

	if (n > 0 && loads_itself(v)) {
		m->plain = false;
		m->has_refs = m->has_refs || offer_is_ref(v);
	}
	if (depth == 1) /* what is deeper was not looked at */
		m->plain = m->plain && n == 0 && tr_array_len(v) == 0;
	for (size_t i = 0; depth > 1 && i < tr_array_len(v); i++)
		if (items[i].type >= (uint32_t)TR_ARRAY)
			look_for_refs(m, items[i], depth - 1);
	for (size_t i = 0; depth > 1 && i < n; i++)
		if (e[i].value.type >= (uint32_t)TR_ARRAY)
			look_for_refs(m, e[i].value, depth - 1);
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
	if ((m->plain || !m->has_refs) && v.type >= (uint32_t)TR_ARRAY)
		look_for_refs(m, v, REF_DEPTH);
}
