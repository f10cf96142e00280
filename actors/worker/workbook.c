/* SPDX-License-Identifier: Apache-2.0 */
/** What a task of kind workbook really is. */
#include "actors/worker/workbook.h"
#include "actors/worker/controllers.h"
#include "actors/worker/path.h"

#define DEPTH_MOST 1000 /* whatever the controller says */

void work_fini(work *w)
{
	tr_clear(&w->kind);
	tr_clear(&w->input);
}

static const pb_workbook_entry *find_entry(const playbook *book, tr_str name)
{
	for (size_t i = 0; i < book->workbook_count; i++) {
		if (tr_str_eq(book->workbook[i].name, name))
			return &book->workbook[i];
	}
	return NULL;
}

/* The entry's inputs with the caller's over its defaults, all of them visible to the entry's templates by their bare
 * names. */
static tr_value entry_input(renderer *r, const pb_task *inner, tr_value inputs, tr_value *error)
{
	names *n = &r->names;
	tr_value outer_locals = n->locals, outer_args = n->args;
	n->locals = tr_map_merge(tr_is_valid(outer_locals) ? tr_keep(outer_locals) : tr_map(), tr_keep(inputs));
	n->args = tr_map_merge(tr_keep(tr_is_valid(outer_args) ? outer_args : n->run->args), tr_keep(inputs));
	tr_value input = render_value(r, inner->config, error);
	tr_drop(n->locals);
	tr_drop(n->args);
	n->locals = outer_locals;
	n->args = outer_args;
	if (!tr_is_valid(input))
		return input;
	tr_value defaults = tr_map_get_s(input, "args");
	tr_value merged = tr_map_merge(tr_is(defaults, TR_MAP) ? tr_keep(defaults) : tr_map(), tr_keep(inputs));
	return tr_map_put_s(input, "args", merged);
}

/* The controller's answer: {entry, inputs}, or a task of its own making, {kind, input}. */
static tr_value ask(const run_scope *run, tr_value label, tr_value call, int depth, tr_value *error)
{
	return controllers_answer(run->pures, CONTROLLER_WORKBOOK,
				  TR_DICT("ask", tr_word("resolve"), "call", tr_keep(call), "entries",
					  tr_keep(run->words->workbook), "depth", tr_int(depth), "playbook",
					  tr_keep(run->words->path), "step", tr_keep(run->texts->name), "label",
					  tr_keep(label)),
				  error);
}

static bool take_entry(work *w, renderer *r, tr_value answer, tr_value *error)
{
	tr_value inputs = tr_map_get_s(answer, "inputs");
	const pb_workbook_entry *entry = find_entry(r->names.run->book, tr_as_str(tr_map_get_s(answer, "entry")));
	if (entry == NULL || !tr_is(inputs, TR_MAP)) {
		tr_assign(error, controllers_fault(CONTROLLER_WORKBOOK, "it must name an entry and its inputs"));
		return false;
	}
	tr_assign(&w->kind, path_key(entry->task.kind));
	tr_assign(&w->input, entry_input(r, &entry->task, inputs, error));
	w->body = entry->task.body;
	return tr_is_valid(w->input);
}

static bool take_made(work *w, tr_value answer, tr_value *error)
{
	tr_value kind = tr_map_get_s(answer, "kind"), input = tr_map_get_s(answer, "input");
	if (!tr_is(kind, TR_STRING) || !tr_is(input, TR_MAP)) {
		tr_assign(error,
			  controllers_fault(CONTROLLER_WORKBOOK, "it must give entry and inputs, or kind and input"));
		return false;
	}
	tr_assign(&w->kind, tr_keep(kind));
	tr_assign(&w->input, tr_keep(input));
	w->body = (pb_pos){0};
	return true;
}

bool workbook_resolve(work *w, renderer *r, tr_value label, tr_value *error)
{
	bool good = true;
	for (int depth = 0; good && tr_str_is(tr_as_str(w->kind), "workbook"); depth++) {
		if (depth == DEPTH_MOST) {
			tr_assign(error, controllers_fault(CONTROLLER_WORKBOOK, "an entry behind every entry"));
			return false;
		}
		tr_value answer = ask(r->names.run, label, w->input, depth, error);
		bool made = !tr_is_valid(tr_map_get_s(answer, "entry"));
		good = tr_is_valid(answer) && (made ? take_made(w, answer, error) : take_entry(w, r, answer, error));
		tr_drop(answer);
	}
	return good;
}
