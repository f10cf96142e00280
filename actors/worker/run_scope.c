/* SPDX-License-Identifier: Apache-2.0 */
/** What a step run is given, and shares with its iterations. */
#include "actors/worker/run_scope.h"
#include "actors/event/digits.h"
#include "actors/worker/keychain.h"
#include "actors/worker/refs.h"

static void scope_destroy(void *data)
{
	run_scope *s = data;
	tr_value *values[] = {&s->words_object, &s->execution_text, &s->file,   &s->workload, &s->args, &s->ctx,
			      &s->vars,         &s->steps,          &s->result, &s->event,    &s->env,  &s->keychain};
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		tr_clear(values[i]);
	playbook *book = (playbook *)(uintptr_t)s->book;
	playbook_free(&book);
	tr_free(s);
}

static const tr_class scope_class = {"run_scope", scope_destroy};

/* A mapping of the command with its references made loadable; an empty one when it is not there. */
static tr_value taken_map(run_scope *s, tr_value command, const char *key, int depth)
{
	tr_value v = tr_map_get_s(command, key);
	if (!tr_is(v, TR_MAP))
		return tr_map();
	tr_value wrapped = refs_wrap(tr_keep(v), depth);
	s->has_refs = s->has_refs || wrapped.as.box != v.as.box;
	return wrapped;
}

static tr_value taken(run_scope *s, tr_value command, const char *key)
{
	tr_value v = tr_map_get_s(command, key);
	if (!tr_is_valid(v))
		return tr_nil();
	tr_value wrapped = refs_wrap(tr_keep(v), REFS_DEPTH);
	s->has_refs = s->has_refs || wrapped.as.bits != v.as.bits;
	return wrapped;
}

/* A step's result that is itself a reference stays one: `fetch._ref` shows it, and names_step_value loads it. */
static tr_value taken_steps(run_scope *s, tr_value command)
{
	tr_value steps = tr_map_get_s(command, "steps");
	tr_value out = tr_map_with(tr_map_len(steps));
	const tr_entry *e = tr_map_entries(steps);
	for (size_t i = 0, n = tr_map_len(steps); i < n; i++) {
		tr_value v = tr_keep(e[i].value);
		out = tr_map_put(out, tr_keep(e[i].key), refs_is(v) ? v : refs_wrap(v, REFS_DEPTH));
	}
	s->has_refs = s->has_refs || tr_map_len(out) > 0;
	return out;
}

tr_value run_scope_new(const playbook *book, tr_value said, tr_value command, tr_value env)
{
	int32_t step = playbook_step(book, tr_as_str(tr_map_get_s(command, "step")));
	int64_t execution = tr_as_int(tr_map_get_s(command, "execution_id"), 0);
	int64_t run = tr_as_int(tr_map_get_s(command, "step_run_id"), 0);
	if (step < 0 || execution <= 0 || run <= 0)
		return tr_invalid(step < 0 ? TR_ENOENT : TR_EINVAL);
	run_scope *s = tr_alloc(sizeof *s);
	if (s == NULL)
		return tr_invalid(TR_ENOMEM);
	s->book = playbook_hold(book);
	s->step = &book->steps[step];
	s->words_object = tr_is_valid(said) ? tr_keep(said) : words_new(book);
	s->words = words_of(s->words_object);
	if (s->words == NULL) {
		scope_destroy(s);
		return tr_invalid(TR_ENOMEM);
	}
	s->texts = &s->words->steps[step];
	s->execution_id = execution;
	s->step_run_id = (uint64_t)run;
	s->attempt = (uint32_t)tr_as_int(tr_map_get_s(command, "attempt"), 1);
	s->trace_id = (uint64_t)tr_as_int(tr_map_get_s(command, "trace_id"), 0);
	char text[DIGITS_MAX];
	s->execution_text = tr_string_n(text, (size_t)(digits_put(text, execution) - text));
	/* Equal playbooks of two folders share the model, not the place. */
	tr_value file = TR_GET(command, "playbook", "file");
	s->file = tr_keep(tr_is(file, TR_STRING) ? file : s->words->file);
	s->workload = taken_map(s, command, "workload", 1);
	s->args = taken_map(s, command, "args", REFS_DEPTH);
	s->ctx = taken_map(s, command, "ctx", 2);
	s->vars = taken_map(s, command, "vars", 2);
	s->steps = taken_steps(s, command);
	s->result = taken(s, command, "result");
	s->event = taken(s, command, "event");
	s->env = tr_is(env, TR_MAP) ? tr_keep(env) : tr_map();
	s->keychain = keychain_map(book, execution, s->workload, s->env);
	s->has_refs = s->has_refs || book->keychain_count > 0;
	s->reply_to = tr_as_pid(tr_map_get_s(command, "reply_to"));
	return tr_object(&scope_class, s);
}

const run_scope *run_scope_of(tr_value object)
{
	return tr_as_object(object, &scope_class);
}
