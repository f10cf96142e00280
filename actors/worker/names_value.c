/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Values that offer more than they show: `fetch` is the result of step fetch, and `fetch.data`, `fetch.result`,
 * `fetch.<label>` and `fetch._ref` serve where the result lacks such a key; `outcome.x` falls through to the result.
 */
#include "actors/worker/names.h"
#include "actors/worker/refs.h"

typedef struct offer {
	tr_value shown; /* what it is */
	tr_value more;  /* step: label -> result; outcome: the result */
} offer;

static tr_value offer_load(void *arg)
{
	const offer *o = arg;
	if (!refs_is(o->shown))
		return tr_lazy_force(o->shown);
	tr_value loaded = refs_load(o->shown);
	return tr_is_valid(loaded) ? refs_wrap(loaded, REFS_DEPTH) : loaded;
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
		return tr_nil();
	return tr_keep(tr_map_get_n(o->more, name.p, name.n));
}

/* Where it is kept can be said without fetching it. */
static tr_value step_known(void *arg, tr_str name)
{
	const offer *o = arg;
	return refs_is(o->shown) ? refs_known(o->shown, name) : tr_absent();
}

/* An unknown key of an outcome: `data`, then the result's own, then those of the body that a result carries as `data`.
 */
static tr_value outcome_attribute(void *arg, tr_value loaded, tr_str name)
{
	(void)loaded;
	const offer *o = arg;
	if (tr_str_is(name, "data"))
		return tr_keep(o->more);
	tr_value result = tr_lazy_force(o->more);
	tr_value found = tr_keep(tr_map_get_n(result, name.p, name.n));
	if (!tr_is_valid(found))
		found = tr_keep(tr_map_get_n(tr_map_get_s(result, "data"), name.p, name.n));
	tr_drop(result);
	return found;
}

static tr_value offer_value(tr_value shown, tr_value more, tr_value (*attribute)(void *, tr_value, tr_str),
			    tr_value (*known)(void *, tr_str))
{
	offer *o = tr_alloc(sizeof *o);
	if (o == NULL)
		return tr_invalid(TR_ENOMEM);
	o->shown = tr_keep(shown);
	o->more = tr_keep(more);
	tr_lazy lazy = {.load = offer_load, .destroy = offer_destroy, .attribute = attribute, .known = known, .arg = o};
	return tr_lazy_value(&lazy);
}

tr_value names_step_value(tr_value result, tr_value labels)
{
	return offer_value(result, labels, step_attribute, step_known);
}

tr_value names_outcome_value(tr_value outcome)
{
	return offer_value(outcome, tr_map_get_s(outcome, "result"), outcome_attribute, NULL);
}
