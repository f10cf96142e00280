/* SPDX-License-Identifier: Apache-2.0 */
/* The names that guards and arguments see on the server side, in the order of docs/playbook.md, "Scopes". */
#include "actors/engine/decide.h"

#include <inttypes.h>
#include <string.h>

void machine_scope_fini(scope *s)
{
	for (size_t i = 0; i < s->offer_count; i++) {
		tr_drop(s->offers[i].value);
		tr_drop(s->offers[i].shown);
	}
	tr_free(s->offers);
	s->offers = NULL;
	s->offer_count = s->offer_capacity = 0;
}

/* Remember what a value that loads itself shows. Takes the value, gives it back. */
static tr_value offered(scope *s, tr_value value, tr_value shown)
{
	if (!tr_is_valid(value))
		return value;
	if (s->offer_count == s->offer_capacity) {
		size_t capacity = s->offer_capacity == 0 ? 8 : s->offer_capacity * 2;
		struct scope_offer *more = tr_realloc(s->offers, capacity * sizeof *more);

		if (more == NULL) {
			tr_drop(value);
			return tr_invalid(TR_ENOMEM);
		}
		s->offers = more;
		s->offer_capacity = capacity;
	}
	s->offers[s->offer_count++] = (struct scope_offer){tr_keep(value), tr_keep(shown)};
	return value;
}

/* References inside become values that load themselves. Fresh reference. */
static tr_value wrapped(scope *s, tr_value v, int depth)
{
	if (!s->m->has_refs || depth == 0 || (!tr_is(v, TR_MAP) && !tr_is(v, TR_ARRAY)))
		return tr_keep(v);
	if (offer_is_ref(v))
		return offered(s, offer_ref(s->w, v), v);
	if (tr_is(v, TR_ARRAY)) {
		tr_value out = tr_array_with(tr_array_len(v));

		for (size_t i = 0; i < tr_array_len(v); i++)
			out = tr_array_push(out, wrapped(s, tr_array_at(v, i), depth - 1));
		return out;
	}
	tr_value out = tr_map_with(tr_map_len(v));
	const tr_entry *e = tr_map_entries(v);

	for (size_t i = 0; i < tr_map_len(v); i++)
		out = tr_map_put(out, tr_keep(e[i].key), wrapped(s, e[i].value, depth - 1));
	return out;
}

static tr_value unwrap_object(scope *s, tr_value v)
{
	for (size_t i = s->offer_count; i-- > 0;)
		if (s->offers[i].value.as.box == v.as.box)
			return tr_keep(s->offers[i].shown);
	return tr_lazy_force(v);
}

static tr_value unwrap(scope *s, tr_value v, int depth)
{
	if (tr_is(v, TR_OBJECT))
		return unwrap_object(s, v);
	if (depth == 0 || (!tr_is(v, TR_MAP) && !tr_is(v, TR_ARRAY)))
		return tr_keep(v);
	if (tr_is(v, TR_ARRAY)) {
		tr_value out = tr_array_with(tr_array_len(v));

		for (size_t i = 0; i < tr_array_len(v); i++)
			out = tr_array_push(out, unwrap(s, tr_array_at(v, i), depth - 1));
		return out;
	}
	tr_value out = tr_map_with(tr_map_len(v));
	const tr_entry *e = tr_map_entries(v);

	for (size_t i = 0; i < tr_map_len(v); i++)
		out = tr_map_put(out, tr_keep(e[i].key), unwrap(s, e[i].value, depth - 1));
	return out;
}

tr_value machine_scope_unwrap(scope *s, tr_value v)
{
	tr_value out;

	if (s->offer_count == 0 || !tr_is_valid(v))
		return v;
	out = unwrap(s, v, 64);
	tr_drop(v);
	return out;
}

static tr_value step_value(scope *s, uint32_t step)
{
	const step_state *st = &s->m->steps[step];
	tr_value inner, out;

	if (!tr_is_valid(st->result))
		return tr_absent();
	if (offer_is_ref(st->result))
		return offered(s, offer_step(s->w, st->result, st->labels), st->result);
	inner = wrapped(s, st->result, REF_DEPTH);
	out = tr_is_valid(inner) ? offered(s, offer_step(s->w, inner, st->labels), st->result) : tr_keep(inner);
	tr_drop(inner);
	return out;
}

struct steps_wanted {
	scope *s;
	tr_value out;
	bool all;
};

static void steps_want(void *arg, tr_str name, tr_str attribute)
{
	struct steps_wanted *w = arg;
	int64_t step;

	if (!tr_str_is(name, "steps"))
		return;
	if (attribute.n == 0) {
		w->all = true;
		return;
	}
	step = tr_as_int(tr_map_get_n(w->s->m->routes->step_index, attribute.p, attribute.n), -1);
	if (step >= 0 && tr_is_valid(w->s->m->steps[step].result))
		w->out = tr_map_put(w->out, tr_keep(w->s->m->routes->names[step]), step_value(w->s, (uint32_t)step));
}

/* `steps`: those that the template names, all of them only when that cannot be told. */
static tr_value steps_value(scope *s)
{
	struct steps_wanted w = {s, tr_map(), s->expr == NULL || *s->expr == NULL};

	if (!w.all)
		tr_template_names((*s->expr)->compiled, steps_want, &w);
	for (size_t i = 0; w.all && i < s->m->routes->playbook->step_count; i++)
		if (tr_is_valid(s->m->steps[i].result))
			w.out = tr_map_put(w.out, tr_keep(s->m->routes->names[i]), step_value(s, (uint32_t)i));
	return w.out;
}

/* Names by which guards may know an event; the first is its own. */
static const char *const done_names[] = {"step.done", "call.done", "step.exit", NULL};
static const char *const loop_names[] = {"loop.done", "step.done", NULL};
static const char *const failed_names[] = {"step.failed", "call.error", NULL};

static bool quotes(tr_str source, const char *name)
{
	size_t n = strlen(name);
	const char *at = source.p, *end = source.p + source.n;

	while (at != NULL && at < end && (at = memmem(at, (size_t)(end - at), name, n)) != NULL) {
		if (at > source.p && (at[-1] == '\'' || at[-1] == '"') && at + n < end && at[n] == at[-1])
			return true;
		at += n;
	}
	return false;
}

/* The event under the name that the guard asks for, when that is one of its names. */
static tr_value event_value(scope *s)
{
	tr_str name = tr_as_str(tr_map_get_s(s->event, "name"));
	tr_str source = s->expr != NULL && *s->expr != NULL ? (*s->expr)->source : (tr_str){NULL, 0};
	const char *const *names = tr_str_is(name, "step.done")     ? done_names
				   : tr_str_is(name, "loop.done")   ? loop_names
				   : tr_str_is(name, "step.failed") ? failed_names
								    : NULL;

	if (!tr_is(s->event, TR_MAP))
		return tr_absent();
	for (size_t i = 0; names != NULL && names[i] != NULL; i++)
		if (quotes(source, names[i]))
			return i == 0 ? tr_keep(s->event)
				      : tr_map_put_s(tr_keep(s->event), "name", tr_string(names[i]));
	return tr_keep(s->event);
}

static tr_value result_value(scope *s)
{
	tr_value result = tr_map_get_s(s->event, "result");

	if (!tr_is_valid(result))
		return tr_absent();
	return offer_is_ref(result) ? offered(s, offer_step(s->w, result, tr_absent()), result)
				    : wrapped(s, result, REF_DEPTH);
}

static tr_value outcome_value(scope *s)
{
	tr_value outcome =
	    TR_DICT("status", tr_keep(tr_map_get_s(s->event, "status")), "result",
		    tr_keep(tr_map_get_s(s->event, "result")), "error", tr_keep(tr_map_get_s(s->event, "error")));
	tr_value out = tr_is_valid(outcome) ? offered(s, offer_outcome(s->w, outcome), outcome) : tr_keep(outcome);

	tr_drop(outcome);
	return out;
}

static tr_value engine_name(scope *s, tr_str name)
{
	const machine *m = s->m;

	if (tr_str_is(name, "workload"))
		return wrapped(s, s->before ? s->args : m->workload, REF_DEPTH);
	if (tr_str_is(name, "ctx"))
		return wrapped(s, m->ctx, REF_DEPTH);
	if (tr_str_is(name, "event"))
		return event_value(s);
	if (tr_str_is(name, "args"))
		return tr_is_valid(s->args) ? wrapped(s, s->args, REF_DEPTH) : tr_map();
	if (tr_str_is(name, "vars"))
		return wrapped(s, m->vars, REF_DEPTH);
	if (tr_str_is(name, "steps"))
		return steps_value(s);
	if (tr_str_is(name, "execution_id"))
		return tr_stringf("%" PRId64, m->execution_id);
	if (tr_str_is(name, "env"))
		return tr_is(s->w->env, TR_MAP) ? tr_keep(s->w->env) : tr_map();
	if (tr_str_is(name, "result"))
		return result_value(s);
	if (s->routing && (tr_str_is(name, "outcome") || tr_str_is(name, "output")))
		return outcome_value(s);
	if (s->before && tr_str_is(name, "payload"))
		return tr_keep(m->payload);
	return tr_absent();
}

static tr_value lookup(void *arg, tr_str name)
{
	scope *s = arg;
	const machine *m = s->m;
	int64_t step;
	tr_value v = tr_map_get_n(m->vars, name.p, name.n);

	if (tr_is_valid(v))
		return wrapped(s, v, REF_DEPTH);
	v = engine_name(s, name);
	if (tr_is_valid(v) || tr_value_err(v) != TR_OK)
		return v;
	v = tr_map_get_n(s->args, name.p, name.n);
	if (tr_is_valid(v))
		return wrapped(s, v, REF_DEPTH);
	step = tr_as_int(tr_map_get_n(m->routes->step_index, name.p, name.n), -1);
	if (step >= 0 && tr_is_valid(m->steps[step].result))
		return step_value(s, (uint32_t)step);
	v = tr_map_get_n(m->ctx, name.p, name.n);
	if (!tr_is_valid(v))
		v = tr_map_get_n(m->workload, name.p, name.n);
	if (!tr_is_valid(v) && s->before)
		v = tr_map_get_n(m->payload, name.p, name.n);
	return tr_is_valid(v) ? wrapped(s, v, REF_DEPTH) : tr_absent();
}

static void each_key(tr_value map, void (*each)(void *to, tr_str name), void *to)
{
	const tr_entry *e = tr_map_entries(map);

	for (size_t i = 0; i < tr_map_len(map) && i < 200; i++)
		each(to, tr_as_str(e[i].key));
}

static void known_names(void *arg, void (*each)(void *to, tr_str name), void *to)
{
	static const char *const own[] = {"workload", "ctx",          "event", "args",  "vars",
					  "steps",    "execution_id", "env",   "result"};
	const scope *s = arg;

	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		each(to, tr_s(own[i]));
	each_key(s->args, each, to);
	each_key(s->m->routes->step_index, each, to);
	each_key(s->m->ctx, each, to);
	each_key(s->m->workload, each, to);
	each_key(s->m->payload, each, to);
}

tr_scope machine_scope_names(scope *s)
{
	return (tr_scope){.lookup = lookup, .names = known_names, .arg = s};
}
