/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Lookup of bare names, in the order of docs/playbook.md: pipeline locals, iter, vars, the engine's own names, args,
 * finished steps, ctx, workload.
 */
#include "actors/worker/names.h"
#include "actors/worker/refs.h"

void names_fini(names *n)
{
	tr_value *values[] = {&n->prev, &n->task, &n->attempt, &n->locals,  &n->args, &n->outcome,
			      &n->iter, &n->vars, &n->ctx,     &n->results, &n->own};
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		tr_clear(values[i]);
}

void names_note(names *n, tr_value result)
{
	n->refs = n->refs || refs_any(result, REFS_DEPTH);
}

/* What tasks gave, as templates are to see it. Fresh reference. */
static tr_value opened(names *n, tr_value v)
{
	n->lazy = n->lazy || n->refs;
	return n->refs ? refs_wrap(tr_keep(v), REFS_DEPTH + 1) : tr_keep(v);
}

static tr_value local_name(names *n, tr_str name)
{
	if (name.n > 0 && name.p[0] == '_') {
		if (tr_str_is(name, "_prev"))
			return opened(n, n->prev);
		if (tr_str_is(name, "_task"))
			return tr_keep(n->task);
		if (tr_str_is(name, "_attempt"))
			return tr_keep(n->attempt);
	}
	if (tr_is_valid(n->outcome) && (tr_str_is(name, "outcome") || tr_str_is(name, "output"))) {
		n->lazy = true;
		tr_value outcome = opened(n, n->outcome), offered = names_outcome_value(outcome);
		tr_drop(outcome);
		return offered;
	}
	return tr_keep(tr_map_get_n(n->locals, name.p, name.n));
}

/* The step's own name is bound while it runs, to what it has so far. */
static tr_value own_step(names *n)
{
	tr_value result = tr_is_valid(n->own) ? tr_keep(n->own) : opened(n, n->prev);
	tr_value labels = opened(n, n->results), offered;
	n->lazy = true;
	offered = names_step_value(tr_is_valid(result) ? result : tr_nil(), labels);
	tr_drop(result);
	tr_drop(labels);
	return offered;
}

static tr_value finished_step(names *n, tr_str name)
{
	const run_scope *run = n->run;
	if ((n->ran || tr_is_valid(n->own)) && tr_str_eq(name, run->step->name))
		return own_step(n);
	tr_value result = tr_map_get_n(run->steps, name.p, name.n);
	if (!tr_is_valid(result))
		return tr_absent();
	n->lazy = true;
	return names_step_value(result, tr_map_get_n(tr_map_get_s(run->steps, "__labels__"), name.p, name.n));
}

/* `steps`: every finished step by name, each with what a bare step name offers. */
static tr_value all_steps(names *n)
{
	const run_scope *run = n->run;
	tr_value out = tr_map_with(tr_map_len(run->steps) + 1);
	const tr_entry *e = tr_map_entries(run->steps);
	for (size_t i = 0, count = tr_map_len(run->steps); i < count; i++)
		out = tr_map_put(out, tr_keep(e[i].key), finished_step(n, tr_as_str(e[i].key)));
	tr_str self = run->step->name;
	if (n->ran || tr_is_valid(n->own))
		out = tr_map_put(out, tr_string_n(self.p, self.n), own_step(n));
	return out;
}

static tr_value result_name(names *n)
{
	if (tr_is_valid(n->own))
		return tr_keep(n->own);
	if (n->ran)
		return opened(n, n->prev);
	n->lazy = true;
	return tr_keep(n->run->result);
}

static tr_value engine_name(names *n, tr_str name)
{
	const run_scope *run = n->run;
	if (name.n < 3 || name.n > 12)
		return tr_absent();
	if (tr_str_is(name, "iter"))
		return tr_keep(n->iter);
	if (tr_str_is(name, "vars"))
		return tr_keep(n->vars);
	if (tr_str_is(name, "ctx"))
		return tr_keep(n->ctx);
	if (tr_str_is(name, "workload"))
		return tr_keep(run->workload);
	if (tr_str_is(name, "args"))
		return tr_keep(tr_is_valid(n->args) ? n->args : run->args);
	if (tr_str_is(name, "steps"))
		return all_steps(n);
	if (tr_str_is(name, "execution_id"))
		return run_scope_execution(run);
	if (tr_str_is(name, "env"))
		return tr_keep(run->env);
	if (tr_str_is(name, "keychain"))
		return tr_keep(run->keychain);
	if (tr_str_is(name, "event"))
		return tr_is_nil(run->event) ? tr_absent() : tr_keep(run->event);
	if (tr_str_is(name, "result"))
		return result_name(n);
	return tr_absent();
}

tr_value names_lookup(names *n, tr_str name)
{
	tr_value v = local_name(n, name);
	if (!tr_is_valid(v))
		v = tr_keep(tr_map_get_n(n->iter, name.p, name.n));
	if (!tr_is_valid(v))
		v = tr_keep(tr_map_get_n(n->vars, name.p, name.n));
	if (!tr_is_valid(v))
		v = engine_name(n, name);
	if (!tr_is_valid(v))
		v = tr_keep(tr_map_get_n(tr_is_valid(n->args) ? n->args : n->run->args, name.p, name.n));
	if (!tr_is_valid(v))
		v = finished_step(n, name);
	if (!tr_is_valid(v))
		v = tr_keep(tr_map_get_n(n->ctx, name.p, name.n));
	if (!tr_is_valid(v))
		v = tr_keep(tr_map_get_n(n->run->workload, name.p, name.n));
	if (v.type >= (uint32_t)TR_ARRAY)
		n->lazy = n->lazy || n->run->has_refs || n->wrapped || tr_is(v, TR_OBJECT);
	return v;
}

static tr_value scope_lookup(void *arg, tr_str name)
{
	return names_lookup(arg, name);
}

static void each_key(tr_value map, void (*each)(void *to, tr_str name), void *to)
{
	const tr_entry *e = tr_map_entries(map);
	for (size_t i = 0, n = tr_map_len(map); i < n && i < 200; i++)
		each(to, tr_as_str(e[i].key));
}

static void scope_names(void *arg, void (*each)(void *to, tr_str name), void *to)
{
	static const char *const own[] = {"_prev", "_task", "_attempt",     "iter", "vars",  "ctx",   "workload",
					  "args",  "steps", "execution_id", "env",  "event", "result"};
	names *n = arg;
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		each(to, tr_s(own[i]));
	each_key(n->locals, each, to);
	each_key(n->iter, each, to);
	each_key(n->vars, each, to);
	each_key(n->run->args, each, to);
	each_key(n->run->steps, each, to);
	each_key(n->ctx, each, to);
	each_key(n->run->workload, each, to);
	if (tr_is_valid(n->outcome))
		each(to, tr_s("outcome"));
}

tr_scope names_scope(names *n)
{
	return (tr_scope){.lookup = scope_lookup, .names = scope_names, .arg = n};
}
