/* SPDX-License-Identifier: Apache-2.0 */
/** The command of a task: its rendered inputs and what a tool may know of where it runs. What a task of kind workbook
 * is says the controller of that name; here it is rendered. */
#include "actors/event/digits.h"
#include "actors/worker/controllers.h"
#include "actors/worker/path.h"
#include "actors/worker/pipeline_internal.h"
#include "plugins/host/host.h"

#include <troupe/actor.h>

/* The same for every run of this visit, also after a crash: a tool can recognise that it is asked twice. */
static tr_value idempotency_key(const pipeline *p)
{
	const run_scope *run = p->run;
	tr_str label = pipeline_task(p)->label;
	unsigned visit = p->visits[p->pc];
	char text[4 * DIGITS_MAX + 200], *at = text;
	if (label.n > 190)
		return tr_stringf("%lld/%llu/%lld/%.*s/%u", (long long)run->execution_id,
				  (unsigned long long)run->step_run_id, (long long)p->iteration, TR_STR(label), visit);
	at = digits_put(at, run->execution_id);
	*at++ = '/';
	at = digits_put(at, (int64_t)run->step_run_id);
	*at++ = '/';
	if (p->iteration >= 0) {
		at = digits_put(at, p->iteration);
		*at++ = '/';
	}
	memcpy(at, label.p, label.n);
	at += label.n;
	*at++ = '/';
	at = digits_put(at, visit);
	return tr_string_n(text, (size_t)(at - text));
}

static tr_value readable(const pipeline *p)
{
	const names *n = &p->render.names;
	return TR_DICT("args", tr_keep(p->run->args), "workload", tr_keep(p->run->workload), "ctx", tr_keep(n->ctx),
		       "vars", tr_keep(n->vars), "iter", tr_keep(n->iter));
}

static tr_value context(const pipeline *p, int64_t deadline_ns)
{
	const run_scope *run = p->run;
	return TR_DICT("execution_id", run_scope_execution(run), "playbook", tr_keep(run->words->path), "file",
		       tr_keep(run_scope_file(run)), "step", tr_keep(run->texts->name), "step_run_id",
		       tr_int((int64_t)run->step_run_id), "label", tr_keep(run->texts->labels[p->pc]), "attempt",
		       tr_int(p->attempt), "iteration", p->iteration >= 0 ? tr_int(p->iteration) : tr_nil(),
		       "idempotency_key", idempotency_key(p), "deadline_ns", tr_int(deadline_ns), "scope", readable(p));
}

/* ---- workbook ---- */

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
static tr_value entry_input(pipeline *p, const pb_task *inner, tr_value inputs, tr_value *error)
{
	names *n = &p->render.names;
	tr_value outer_locals = n->locals, outer_args = n->args;
	n->locals = tr_map_merge(tr_is_valid(outer_locals) ? tr_keep(outer_locals) : tr_map(), tr_keep(inputs));
	n->args = tr_map_merge(tr_keep(tr_is_valid(outer_args) ? outer_args : p->run->args), tr_keep(inputs));
	tr_value input = render_value(&p->render, inner->config, error);
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

/* ---- the hooks at template_render ---- */

typedef struct rendering_input {
	pipeline *p;
	const pb_task *task;
	tr_value *error;
} rendering_input;

static tr_value render_core(void *arg, tr_value context)
{
	const rendering_input *r = arg;
	(void)context;
	return render_value(&r->p->render, r->task->config, r->error);
}

static tr_value task_input(pipeline *p, const pb_task *task, tr_value *error)
{
	rendering_input r = {p, task, error};
	if (!hooks_any(tr_here(), HOOK_TEMPLATE_RENDER))
		return render_core(&r, tr_nil());
	tr_value refusal = tr_absent();
	tr_value seen = TR_DICT("execution_id", run_scope_execution(p->run), "playbook", tr_keep(p->run->words->path),
				"step", tr_keep(p->run->texts->name), "label", tr_keep(p->run->texts->labels[p->pc]),
				"kind", tr_keep(p->run->texts->kinds[p->pc]), "template", pb_expr_source(task->config));
	tr_value input = hooks_run(HOOK_TEMPLATE_RENDER, seen, render_core, &r, &refusal);
	if (tr_is_valid(refusal))
		tr_assign(error, hook_error(refusal));
	return input;
}

/* ---- what a task of kind workbook is ---- */

#define WORKBOOK_MOST 1000 /* whatever the controller says */

/* What is to be performed: its kind, and its inputs as they are rendered so far. */
typedef struct work {
	tr_value kind, input; /* owned */
	pb_pos body;          /* of its code */
} work;

static void work_fini(work *w)
{
	tr_drop(w->kind);
	tr_drop(w->input);
}

/* The controller's answer: {entry, inputs}, or a task of its own making, {kind, input}. */
static tr_value resolve(pipeline *p, tr_value call, int depth, tr_value *error)
{
	const run_scope *run = p->run;
	return controllers_answer(run->pures, CONTROLLER_WORKBOOK,
				  TR_DICT("ask", tr_word("resolve"), "call", tr_keep(call), "entries",
					  tr_keep(run->words->workbook), "depth", tr_int(depth), "playbook",
					  tr_keep(run->words->path), "step", tr_keep(run->texts->name), "label",
					  tr_keep(run->texts->labels[p->pc])),
				  error);
}

static bool take_entry(pipeline *p, work *w, const pb_workbook_entry *entry, tr_value inputs, tr_value *error)
{
	if (entry == NULL || !tr_is(inputs, TR_MAP)) {
		tr_assign(error, controllers_fault(CONTROLLER_WORKBOOK, "it must name an entry and its inputs"));
		return false;
	}
	tr_assign(&w->kind, path_key(entry->task.kind));
	tr_assign(&w->input, entry_input(p, &entry->task, inputs, error));
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
	return true;
}

/* One step nearer to what is to be performed. False with *error. */
static bool look_up(pipeline *p, work *w, int depth, tr_value *error)
{
	tr_value answer = resolve(p, w->input, depth, error), entry = tr_map_get_s(answer, "entry");
	bool good = tr_is_valid(answer);
	if (good && tr_is_valid(entry))
		good =
		    take_entry(p, w, find_entry(p->run->book, tr_as_str(entry)), tr_map_get_s(answer, "inputs"), error);
	else if (good)
		good = take_made(w, answer, error);
	tr_drop(answer);
	return good;
}

static bool work_of(pipeline *p, work *w, tr_value *error)
{
	const pb_task *task = pipeline_task(p);
	*w = (work){tr_keep(p->run->texts->kinds[p->pc]), task_input(p, task, error), task->body};
	bool good = tr_is_valid(w->input);
	for (int depth = 0; good && tr_str_is(tr_as_str(w->kind), "workbook"); depth++) {
		if (depth == WORKBOOK_MOST)
			tr_assign(error, controllers_fault(CONTROLLER_WORKBOOK, "an entry behind every entry"));
		good = depth < WORKBOOK_MOST && look_up(p, w, depth, error);
	}
	return good;
}

tr_value command_input(pipeline *p, tr_value *error)
{
	return task_input(p, pipeline_task(p), error);
}

tr_value command_build(pipeline *p, int64_t deadline_ns, tr_value *error)
{
	work w;
	if (!work_of(p, &w, error)) {
		tr_err err = tr_value_err(w.input);
		work_fini(&w);
		return tr_invalid(err == TR_OK ? TR_EINVAL : err);
	}
	tr_value around = context(p, deadline_ns);
	if (tr_str_is(tr_as_str(w.kind), "python"))
		around = tr_map_put_s(around, "code_line", tr_int(w.body.line));
	return TR_DICT("kind", w.kind, "input", w.input, "context", around);
}
