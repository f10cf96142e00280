/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions, writes, rules and tasks as canonical values. */
#include "playbook/graph/convert_parts.h"
#include <string.h>

tr_value convert_text(tr_str s)
{
	return tr_string_n(s.p == NULL ? "" : s.p, s.n);
}

/* `of_text` makes a template's text canonical. */
static tr_value expr_with(const pb_expr *e, tr_value (*of_text)(tr_str))
{
	tr_value v;
	switch (e->kind) {
	case PB_CONST:
		return tr_keep(e->constant);
	case PB_TEMPLATE:
		return of_text(e->source);
	case PB_LIST:
		v = tr_array_with(e->count);
		for (size_t i = 0; i < e->count; i++)
			v = tr_array_push(v, expr_with(e->items[i], of_text));
		return v;
	case PB_MAP:
		v = tr_map_with(e->count);
		for (size_t i = 0; i < e->count; i++)
			v = tr_map_put(v, expr_with(e->pairs[i].key, of_text), expr_with(e->pairs[i].value, of_text));
		return v;
	}
	return tr_invalid(TR_EINVAL);
}

tr_value convert_expr(const pb_expr *e)
{
	return expr_with(e, convert_text);
}

/* An expression of a rule: the outcome has its canonical name. */
static tr_value rule_expr(const pb_expr *e)
{
	return expr_with(e, convert_names);
}

static tr_value rule_put(tr_value map, const char *key, const pb_expr *e)
{
	return e == NULL ? map : tr_map_put_s(map, key, rule_expr(e));
}

static tr_value rule_condition(const pb_expr *e)
{
	if (e->kind != PB_TEMPLATE || tr_template_has_syntax(e->source))
		return rule_expr(e);
	tr_value text = convert_names(e->source);
	tr_value braced = tr_stringf("{{ %.*s }}", TR_STR(tr_as_str(text)));
	tr_drop(text);
	return braced;
}

tr_value convert_condition(const pb_expr *e)
{
	if (e->kind == PB_TEMPLATE && !tr_template_has_syntax(e->source))
		return tr_stringf("{{ %.*s }}", TR_STR(e->source));
	return convert_expr(e);
}

tr_value convert_put(tr_value map, const char *key, const pb_expr *e)
{
	return e == NULL ? map : tr_map_put_s(map, key, convert_expr(e));
}

tr_value convert_sets(const pb_set *sets, size_t count)
{
	static const char *const prefixes[] = {"iter.", "step.", "ctx.", "shared.", "_prev", ""};
	static const char *const reducers[] = {"", "add", "append", "max", "min", "merge", "first", "last"};
	tr_value map = tr_map();
	for (size_t i = 0; i < count; i++) {
		tr_value key = tr_stringf("%s%.*s", prefixes[sets[i].target], TR_STR(sets[i].key));
		tr_value value = convert_expr(sets[i].value);
		if (sets[i].target == PB_SET_SHARED)
			value = tr_map_put_s(tr_map(), reducers[sets[i].reducer], value);
		map = tr_map_put(map, key, value);
	}
	return map;
}

/* In a rule each scope has a key of its own. */
static tr_value rule_sets(tr_value rule, const pb_rule *r)
{
	static const char *const keys[] = {"set_iter", "set_vars", "set_ctx", "set_shared"};
	static const char *const reducers[] = {"", "add", "append", "max", "min", "merge", "first", "last"};
	for (size_t target = PB_SET_ITER; target <= PB_SET_SHARED; target++) {
		tr_value map = tr_map();
		for (size_t i = 0; i < r->set_count; i++) {
			const pb_set *s = &r->sets[i];
			if ((size_t)s->target != target)
				continue;
			tr_value value = rule_expr(s->value);
			if (s->target == PB_SET_SHARED)
				value = tr_map_put_s(tr_map(), reducers[s->reducer], value);
			map = tr_map_put(map, convert_text(s->key), value);
		}
		if (tr_map_len(map) > 0)
			rule = tr_map_put_s(rule, keys[target], map);
		else
			tr_drop(map);
	}
	for (size_t i = 0; i < r->set_count; i++) {
		if (r->sets[i].target == PB_SET_PREV)
			rule = rule_put(rule, "set_prev", r->sets[i].value);
	}
	return rule;
}

static tr_value directive(tr_value map, const pb_rule *r, const pb_task *tasks)
{
	static const char *const names[] = {"continue", "retry", "jump", "break", "fail"};
	static const char *const backoffs[] = {"fixed", "linear", "exponential"};
	map = tr_map_put_s(map, "do", tr_string(names[r->directive]));
	if (r->directive == PB_JUMP && r->jump_to >= 0)
		map = tr_map_put_s(map, "to", convert_text(tasks[r->jump_to].label));
	if (r->directive == PB_RETRY) {
		map = rule_put(map, "attempts", r->attempts);
		map = rule_put(map, "delay", r->delay);
		if (r->backoff != PB_BACKOFF_FIXED)
			map = tr_map_put_s(map, "backoff", tr_string(backoffs[r->backoff]));
		map = rule_put(map, "max_delay", r->max_delay);
		map = rule_put(map, "jitter", r->jitter);
	}
	map = rule_put(map, "message", r->message);
	return rule_sets(map, r);
}

static tr_value rules(const pb_task *t, const pb_task *tasks)
{
	tr_value list = tr_array_with(t->rule_count);
	for (size_t i = 0; i < t->rule_count; i++) {
		const pb_rule *r = &t->rules[i];
		tr_value rule = tr_map();
		if (r->when != NULL)
			rule = directive(tr_map_put_s(rule, "expr", rule_condition(r->when)), r, tasks);
		else
			rule = tr_map_put_s(rule, "else", directive(tr_map(), r, tasks));
		list = tr_array_push(list, rule);
	}
	return list;
}

tr_value convert_result(tr_value map, const pb_result_policy *r)
{
	if (!r->present)
		return map;
	if (r->store == NULL)
		return convert_put(map, "result", r->value);
	return tr_map_put_s(map, "result", convert_put(convert_expr(r->store), "value", r->value));
}

tr_value convert_task(const pb_task *t, const pb_task *tasks)
{
	tr_value map = TR_DICT("kind", convert_text(t->kind));
	if (t->when != NULL)
		map = tr_map_put_s(map, "when", convert_condition(t->when));
	map = tr_map_merge(map, convert_expr(t->config));
	if (t->timeout != NULL)
		map = tr_map_put_s(map, "spec", TR_DICT("timeout", convert_expr(t->timeout)));
	if (t->rule_count > 0)
		map = tr_map_put_s(map, "eval", rules(t, tasks));
	if (t->set_count > 0)
		map = tr_map_put_s(map, "set", convert_sets(t->sets, t->set_count));
	return convert_result(map, &t->result);
}
