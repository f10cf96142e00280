/* SPDX-License-Identifier: Apache-2.0 */
/* Playbooks before the hooks of plugins. */
#include "actors/engine/validate.h"

#include "playbook/yaml/yaml.h"
#include "plugins/host/host.h"

#include <stdio.h>

static tr_value text_of(tr_str s)
{
	return s.n == 0 ? tr_nil() : tr_string_n(s.p, s.n);
}

static tr_value file_of(const playbook *p)
{
	return p->file == NULL ? tr_nil() : tr_string_lossy(p->file, tr_s(p->file).n);
}

/* The document as it was written; nil when it cannot be had again. */
static tr_value document_of(const playbook *p)
{
	diagnostics none;
	tr_value v = tr_nil();

	diagnostics_init(&none, p->file);
	yaml_document *doc = yaml_parse(p->file, p->source, NULL, &none);
	if (doc != NULL && yaml_root(doc) != NULL)
		v = yaml_to_value(yaml_root(doc));
	yaml_free(&doc);
	diagnostics_fini(&none);
	return v;
}

static void add_fault(diagnostics *out, tr_value fault, const char *path, pb_pos at)
{
	tr_value message = tr_is(fault, TR_MAP) ? tr_map_get_s(fault, "message") : fault;
	bool warning = tr_str_is(tr_as_str(tr_map_get_s(fault, "level")), "warning");
	int64_t line = tr_as_int(tr_map_get_s(fault, "line"), at.line);
	int64_t column = tr_as_int(tr_map_get_s(fault, "column"), line == at.line ? at.column : 1);

	diagnostics_add(out, warning ? DIAGNOSTIC_WARNING : DIAGNOSTIC_ERROR, "plugin",
			line > 0 && line < UINT32_MAX ? (uint32_t)line : 0,
			column > 0 && column < UINT32_MAX ? (uint32_t)column : 0, path,
			tr_as_cstr(tr_map_get_s(fault, "hint"), NULL), "%s",
			tr_as_cstr(message, "a plugin found a fault and did not say which"));
}

static void run(hook_point point, tr_value context, const char *path, pb_pos at, diagnostics *out)
{
	tr_value refusal = tr_absent(), seen = hooks_run(point, context, NULL, NULL, &refusal);
	tr_value faults = tr_map_get_s(seen, "faults");

	for (size_t i = 0; i < tr_array_len(faults); i++)
		add_fault(out, tr_array_at(faults, i), path, at);
	if (tr_is_valid(refusal)) {
		tr_value error = hook_error(refusal);
		add_fault(out, error, path, at);
		tr_drop(error);
	}
	tr_drop(seen);
}

static tr_value task_of(const pb_task *t)
{
	return TR_DICT("label", text_of(t->label), "kind", text_of(t->kind), "config", pb_expr_source(t->config),
		       "line", tr_int(t->pos.line), "column", tr_int(t->pos.column));
}

static tr_value step_of(const playbook *p, const pb_step *s)
{
	tr_value tasks = tr_array_with(s->task_count);

	for (size_t i = 0; i < s->task_count; i++)
		tasks = tr_array_push(tasks, task_of(&s->tasks[i]));
	return TR_DICT("file", file_of(p), "playbook", text_of(p->path), "step", text_of(s->name), "index",
		       tr_int(s->index), "line", tr_int(s->pos.line), "column", tr_int(s->pos.column), "loop",
		       tr_bool(s->loop.present), "args", pb_expr_source(s->args), "tasks", tasks, "faults", tr_array());
}

void validate_by_plugins(const playbook *p, diagnostics *out)
{
	const pb_pos top = {1, 1};

	if (hooks_any(tr_here(), HOOK_VALIDATE_PLAYBOOK))
		run(HOOK_VALIDATE_PLAYBOOK,
		    TR_DICT("file", file_of(p), "name", text_of(p->name), "path", text_of(p->path), "version",
			    text_of(p->version), "document", document_of(p), "faults", tr_array()),
		    "", top, out);
	if (!hooks_any(tr_here(), HOOK_VALIDATE_STEP))
		return;
	for (size_t i = 0; i < p->step_count; i++) {
		char path[48];
		(void)snprintf(path, sizeof path, "workflow[%zu]", i);
		run(HOOK_VALIDATE_STEP, step_of(p, &p->steps[i]), path, p->steps[i].pos, out);
	}
}
