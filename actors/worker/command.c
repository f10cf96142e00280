/* SPDX-License-Identifier: Apache-2.0 */
/** The command of a task: its rendered inputs and what a tool may know of where it runs. */
#include "actors/event/digits.h"
#include "actors/worker/pipeline_internal.h"
#include "actors/worker/workbook.h"
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

tr_value command_input(pipeline *p, tr_value *error)
{
	return task_input(p, pipeline_task(p), error);
}

tr_value command_build(pipeline *p, int64_t deadline_ns, tr_value *error)
{
	const pb_task *task = pipeline_task(p);
	const step_words *texts = p->run->texts;
	work w = {tr_keep(texts->kinds[p->pc]), task_input(p, task, error), task->body};
	if (!tr_is_valid(w.input) || !workbook_resolve(&w, &p->render, texts->labels[p->pc], error)) {
		tr_err err = tr_value_err(w.input);
		work_fini(&w);
		return tr_invalid(err == TR_OK ? TR_EINVAL : err);
	}
	p->of_playbook = tr_str_is(tr_as_str(w.kind), "playbook");
	tr_value around = context(p, deadline_ns);
	if (tr_str_is(tr_as_str(w.kind), "python"))
		around = tr_map_put_s(around, "code_line", tr_int(w.body.line));
	return TR_DICT("kind", w.kind, "input", w.input, "context", around);
}
