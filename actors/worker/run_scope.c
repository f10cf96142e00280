/* SPDX-License-Identifier: Apache-2.0 */
/** What a step run is given, and shares with its iterations. */
#include "actors/worker/run_scope.h"
#include "actors/event/digits.h"
#include "actors/worker/keychain.h"
#include "actors/worker/refs.h"

static void scope_destroy(void *data)
{
	run_scope *s = data;
	for (uint32_t i = 0; i < s->made_count; i++)
		tr_drop(s->made[i]);
	tr_drop(s->env);
	tr_drop(s->keychain);
	tr_drop(s->command_object);
	tr_drop(s->keep);
	tr_drop(s->pures_object);
	tr_drop(s->words_object);
	playbook *book = (playbook *)(uintptr_t)s->book;
	playbook_free(&book);
}

static const tr_class scope_class = {"run_scope", scope_destroy};

/* A value of the command (borrowed) with its references made loadable, borrowed from the scope. */
static tr_value wrapped(run_scope *s, tr_value v, int depth)
{
	if (s->command->plain || !refs_any(v, depth))
		return v;
	s->has_refs = true;
	return s->made[s->made_count++] = refs_wrap(tr_keep(v), depth);
}

static tr_value nothing(run_scope *s)
{
	return s->made[s->made_count++] = tr_map();
}

/* An empty mapping when it is not there. */
static tr_value taken_map(run_scope *s, tr_value v, int depth)
{
	return tr_is(v, TR_MAP) ? wrapped(s, v, depth) : nothing(s);
}

static tr_value taken(run_scope *s, tr_value v)
{
	return tr_is_valid(v) ? wrapped(s, v, REFS_DEPTH) : tr_nil();
}

/* A step's result that is itself a reference stays one: `fetch._ref` shows it, and names_step_value loads it. */
static tr_value with_wrapped(tr_value steps)
{
	tr_value out = tr_map_with(tr_map_len(steps));
	const tr_entry *e = tr_map_entries(steps);
	for (size_t i = 0, n = tr_map_len(steps); i < n; i++) {
		tr_value v = tr_keep(e[i].value);
		out = tr_map_put(out, tr_keep(e[i].key), refs_is(v) ? v : refs_wrap(v, REFS_DEPTH));
	}
	return out;
}

static tr_value taken_steps(run_scope *s, tr_value steps)
{
	const tr_entry *e = tr_map_entries(steps);
	size_t n = tr_map_len(steps);
	if (n == 0)
		return tr_is(steps, TR_MAP) ? steps : nothing(s);
	s->has_refs = true;
	for (size_t i = 0; i < n && !s->command->plain; i++) {
		if (!refs_is(e[i].value) && refs_any(e[i].value, REFS_DEPTH))
			return s->made[s->made_count++] = with_wrapped(steps);
	}
	return steps;
}

static void take_values(run_scope *s, const step_command *c, tr_value env)
{
	s->workload = taken_map(s, c->workload, 1);
	s->args = taken_map(s, c->args, REFS_DEPTH);
	s->ctx = taken_map(s, c->ctx, 2);
	s->vars = taken_map(s, c->vars, 2);
	s->steps = taken_steps(s, c->steps);
	s->result = taken(s, c->result);
	s->event = taken(s, c->event);
	s->env = tr_is(env, TR_MAP) ? tr_keep(env) : tr_map();
	s->keychain = keychain_map(s->book, c->execution_id, s->workload, s->env);
	s->has_refs = s->has_refs || s->book->keychain_count > 0;
}

/* Sent by who has the same playbook, the index is right; the name is what counts. */
static int32_t step_of(const playbook *book, const step_command *c)
{
	tr_str name = tr_as_str(c->step);
	if (c->index < book->step_count && tr_str_eq(book->steps[c->index].name, name))
		return (int32_t)c->index;
	return playbook_step(book, name);
}

/* With what comes from the pool. */
static tr_value scope_alloc(const run_place *place, int32_t step, run_scope **out)
{
	void *data;
	tr_value object = tr_object_with(&scope_class, sizeof(run_scope), &data);
	run_scope *s = *out = data;
	if (s == NULL)
		return object;
	s->book = playbook_hold(place->book);
	s->step = &s->book->steps[step];
	s->words_object = tr_is_valid(place->words) ? tr_keep(place->words) : words_new(place->book);
	s->words = words_of(s->words_object);
	s->pures_object = tr_keep(place->pures);
	s->pures = pure_table_of(s->pures_object);
	s->keep = tr_keep(place->keep);
	s->supervisor = place->supervisor;
	s->concurrency = place->concurrency;
	if (s->words == NULL) {
		tr_drop(object);
		return tr_invalid(TR_ENOMEM);
	}
	s->texts = &s->words->steps[step];
	return object;
}

tr_value run_scope_new(const run_place *place, tr_value said)
{
	tr_value command = step_command_read(said);
	const step_command *c = step_command_of(command);
	if (c == NULL)
		return command;
	int32_t step = step_of(place->book, c);
	if (step < 0 || c->execution_id <= 0 || (int64_t)c->step_run_id <= 0) {
		tr_drop(command);
		return tr_invalid(step < 0 ? TR_ENOENT : TR_EINVAL);
	}
	run_scope *s;
	tr_value object = scope_alloc(place, step, &s);
	if (!tr_is_valid(object)) {
		tr_drop(command);
		return object;
	}
	s->command_object = command;
	s->command = c;
	s->execution_id = c->execution_id;
	s->step_run_id = c->step_run_id;
	s->attempt = c->attempt;
	s->trace_id = c->trace_id;
	s->reply_to = c->reply_to;
	take_values(s, c, place->env);
	return object;
}

tr_value run_scope_execution(const run_scope *s)
{
	char text[DIGITS_MAX];
	return tr_string_n(text, (size_t)(digits_put(text, s->execution_id) - text));
}

/* Equal playbooks of two folders share the model, not the place. */
tr_value run_scope_file(const run_scope *s)
{
	tr_value file = tr_map_get_s(s->command->playbook, "file");
	return tr_is(file, TR_STRING) ? file : s->words->file;
}

const run_scope *run_scope_of(tr_value object)
{
	return tr_as_object(object, &scope_class);
}
