/* SPDX-License-Identifier: Apache-2.0 */
/* The model as a canonical document. What the canonical dialect has no word for keeps its later form. */
#include "playbook/graph/convert.h"
#include "playbook/graph/convert_parts.h"
#include "playbook/graph/yaml_write.h"
#include "playbook/yaml/yaml.h"

static tr_value put_text(tr_value map, const char *key, tr_str s)
{
	return s.n == 0 ? map : tr_map_put_s(map, key, convert_text(s));
}

/* Put a mapping or list when there is something in it. Takes both. */
static tr_value put_filled(tr_value map, const char *key, tr_value v)
{
	if (tr_map_len(v) > 0 || tr_array_len(v) > 0 || !tr_is_valid(v))
		return tr_map_put_s(map, key, v);
	tr_drop(v);
	return map;
}

static tr_value metadata(const playbook *p)
{
	tr_value map = put_text(put_text(tr_map(), "name", p->name), "path", p->path);
	map = put_text(put_text(map, "version", p->version), "description", p->description);
	return tr_is_nil(p->labels) ? map : tr_map_put_s(map, "labels", tr_keep(p->labels));
}

static tr_value executor_spec(const playbook *p)
{
	static const char *const failures[] = {"finish", "fail_fast", "partial"};
	tr_value map = tr_map();
	if (p->entry != 0)
		map = put_text(map, "entry_step", p->steps[p->entry].name);
	if (p->final_step >= 0)
		map = put_text(map, "final_step", p->steps[p->final_step].name);
	if (p->on_failure != PB_FAILURE_FINISH)
		map = tr_map_put_s(map, "on_failure", tr_string(failures[p->on_failure]));
	if (p->discard_disabled)
		map = tr_map_put_s(map, "on_disabled", tr_string("discard"));
	if (p->strict_templates)
		map = tr_map_put_s(map, "strict_templates", tr_bool(true));
	if (p->no_next_is_error)
		map = tr_map_put_s(map, "no_next_is_error", tr_bool(true));
	return convert_put(map, "timeout", p->timeout);
}

/* kind, version and profile mean nothing to the engine, so they are taken from the text. */
static tr_value executor(const playbook *p)
{
	static const char *const kept[] = {"kind", "version", "profile"};
	tr_value map = tr_map();
	diagnostics d;
	const yaml_limits limits = {.keep_faulty = true};
	diagnostics_init(&d, p->file);
	yaml_document *doc = yaml_parse(p->file, p->source, &limits, &d);
	const yaml_node *root = doc == NULL ? NULL : yaml_root(doc);
	const yaml_node *n = root == NULL ? NULL : yaml_get(root, "executor");
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		const yaml_node *v = n == NULL ? NULL : yaml_get(n, kept[i]);
		if (v != NULL)
			map = tr_map_put_s(map, kept[i], yaml_to_value(v));
	}
	yaml_free(&doc);
	diagnostics_fini(&d);
	map = put_text(map, "pool", p->pool);
	return put_filled(map, "spec", executor_spec(p));
}

static tr_value keychain(const playbook *p)
{
	tr_value list = tr_array();
	for (size_t i = 0; i < p->keychain_count; i++) {
		tr_value map = TR_DICT("name", convert_text(p->keychain[i].name));
		list = tr_array_push(list, tr_map_merge(map, convert_expr(p->keychain[i].config)));
	}
	return list;
}

static tr_value loop(const pb_loop *l)
{
	static const char *const on_error[] = {"finish", "stop", "continue"};
	tr_value map = TR_DICT(l->cursor ? "cursor" : "in", convert_expr(l->in), "iterator", convert_text(l->iterator));
	tr_value spec = tr_map();
	if (l->mode == PB_PARALLEL)
		spec = tr_map_put_s(spec, "mode", tr_string("parallel"));
	spec = convert_put(spec, "max_in_flight", l->max_in_flight);
	if (l->on_error != PB_ON_ERROR_FINISH)
		spec = tr_map_put_s(spec, "on_error", tr_string(on_error[l->on_error]));
	return put_filled(map, "spec", spec);
}

static tr_value step_spec(const pb_step *s)
{
	static const char *const joins[] = {"auto", "none", "any"};
	tr_value map = tr_map();
	if (s->inclusive)
		map = tr_map_put_s(map, "next_mode", tr_string("inclusive"));
	map = convert_put(map, "timeout", s->timeout);
	if (s->join == PB_JOIN_COUNT)
		map = tr_map_put_s(map, "join", tr_int(s->join_count));
	else if (s->join != PB_JOIN_AUTO)
		map = tr_map_put_s(map, "join", tr_string(joins[s->join]));
	map = put_text(map, "pool", s->pool);
	if (s->max_directives != 1000000)
		map = tr_map_put_s(map, "max_directives", tr_int((int64_t)s->max_directives));
	if (s->admit && s->when != NULL)
		map = tr_map_put_s(map, "policy", TR_DICT("admit", convert_condition(s->when)));
	return map;
}

static tr_value arcs(const playbook *p, const pb_step *s)
{
	tr_value list = tr_array_with(s->arc_count);
	for (size_t i = 0; i < s->arc_count; i++) {
		const pb_arc *a = &s->arcs[i];
		tr_value map = TR_DICT("step", convert_text(p->steps[a->to].name));
		if (a->when != NULL)
			map = tr_map_put_s(map, "when", convert_condition(a->when));
		map = convert_put(map, "args", a->args);
		list = tr_array_push(list, put_filled(map, "set", convert_sets(a->sets, a->set_count)));
	}
	if (!s->no_match_is_error)
		return list;
	return TR_DICT("spec", TR_DICT("on_no_match", tr_string("error")), "arcs", list);
}

static tr_value pipeline(const pb_step *s)
{
	tr_value list = tr_array_with(s->task_count);
	for (size_t i = 0; i < s->task_count; i++) {
		tr_value body = convert_task(&s->tasks[i], s->tasks);
		list = tr_array_push(list, tr_map_put(tr_map(), convert_text(s->tasks[i].label), body));
	}
	return list;
}

static tr_value step(const playbook *p, const pb_step *s)
{
	tr_value map = put_text(TR_DICT("step", convert_text(s->name)), "desc", s->desc);
	map = put_filled(map, "spec", step_spec(s));
	if (s->when != NULL && !s->admit)
		map = tr_map_put_s(map, "when", convert_condition(s->when));
	map = convert_put(map, "args", s->args);
	if (s->loop.present)
		map = tr_map_put_s(map, "loop", loop(&s->loop));
	map = put_filled(map, "tool", pipeline(s));
	map = put_filled(map, "set", convert_sets(s->sets, s->set_count));
	map = convert_result(map, &s->result);
	return put_filled(map, "next", arcs(p, s));
}

tr_value convert_value(const playbook *p)
{
	tr_value root =
	    TR_DICT("apiVersion", tr_string("noetl.io/v2"), "kind", tr_string("Playbook"), "metadata", metadata(p));
	root = put_filled(root, "keychain", keychain(p));
	root = put_filled(root, "executor", executor(p));
	root = put_filled(root, "workload", convert_expr(p->workload));
	root = convert_put(root, "vars", p->vars);
	tr_value steps = tr_array_with(p->step_count);
	for (size_t i = 0; i < p->step_count; i++)
		steps = tr_array_push(steps, step(p, &p->steps[i]));
	root = tr_map_put_s(root, "workflow", steps);
	tr_value book = tr_map();
	for (size_t i = 0; i < p->workbook_count; i++) {
		const pb_workbook_entry *e = &p->workbook[i];
		book = tr_map_put(book, convert_text(e->name), convert_task(&e->task, &e->task));
	}
	return put_filled(root, "workbook", book);
}

tr_err convert_write(const playbook *p, FILE *out)
{
	tr_buf text = {0};
	tr_value v = convert_value(p);
	tr_err err = tr_is_valid(v) ? yaml_write(&text, v) : tr_value_err(v);
	tr_drop(v);
	if (err == TR_OK && fwrite(text.p, 1, text.n, out) != text.n)
		err = TR_EIO;
	tr_buf_fini(&text);
	return err;
}

int convert_file(const char *file, const pb_check_options *options, bool color, FILE *out, FILE *err)
{
	diagnostics d;
	tr_buf source = {0};
	diagnostics_init(&d, file);
	playbook *p = playbook_load_file(file, options, &d, &source);
	diagnostics_print(&d, tr_buf_str(&source), err, color);
	int status = p == NULL ? 2 : 0;
	tr_err failed = p == NULL ? TR_OK : convert_write(p, out);
	if (failed != TR_OK) {
		fprintf(err, "convert: %s\n", tr_err_text(failed));
		status = 2;
	}
	playbook_free(&p);
	tr_buf_fini(&source);
	diagnostics_fini(&d);
	return status;
}
