/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec.policy.admit as one guard: a condition, { when: … }, or rules whose `then.allow` decides. Rules become one
 * expression, `A if (c1) else B if (c2) else C`, so the engine knows one kind of guard only.
 */
#include "playbook/model/loader.h"
#include <string.h>

static tr_str trim(tr_str s)
{
	while (s.n > 0 && strchr(" \t\r\n", s.p[0]) != NULL)
		s = (tr_str){s.p + 1, s.n - 1};
	while (s.n > 0 && strchr(" \t\r\n", s.p[s.n - 1]) != NULL)
		s.n--;
	return s;
}

/* The expression inside `{{ }}`, or the text itself when it has no braces. False: neither. */
static bool inner_expression(const yaml_node *n, tr_str *to)
{
	tr_str t = trim(n->text);
	if (!is_text(n)) {
		*to = tr_s(tr_as_bool(n->value, false) ? "true" : "false");
		return tr_is(n->value, TR_BOOL);
	}
	if (!tr_template_has_syntax(t)) {
		*to = t;
		return t.n > 0;
	}
	if (t.n < 5 || memcmp(t.p, "{{", 2) != 0 || memcmp(t.p + t.n - 2, "}}", 2) != 0)
		return false;
	*to = trim((tr_str){t.p + 2, t.n - 4});
	if (to->n > 0 && to->p[0] == '-')
		*to = trim((tr_str){to->p + 1, to->n - 1});
	if (to->n > 0 && to->p[to->n - 1] == '-')
		*to = trim((tr_str){to->p, to->n - 1});
	return to->n > 0 && !tr_template_has_syntax(*to);
}

/* What a rule answers: then.allow, or allow itself; true when it says nothing. */
static bool rule_allows(loader *l, const yaml_node *rule, const where *w)
{
	const yaml_node *then = yaml_get(rule, "then");
	const yaml_node *allow = yaml_get(then != NULL ? then : rule, "allow");
	if (allow == NULL)
		return true;
	if (allow->kind != YAML_SCALAR || !tr_is(allow->value, TR_BOOL))
		load_fault(l, w, allow, "wrong-type", NULL, "'allow' must be true or false, not %s",
			   node_kind_name(allow));
	return tr_as_bool(allow->value, false);
}

static const yaml_node *rule_condition(const yaml_node *rule)
{
	const yaml_node *when = yaml_get(rule, "when");
	return when != NULL ? when : yaml_get(rule, "expr");
}

static const pb_expr *rules_guard(loader *l, const yaml_node *list, const where *w)
{
	tr_buf text = {0};
	const char *last = "false";
	tr_buf_puts(&text, "{{ ");
	for (size_t i = 0; i < list->count; i++) {
		const yaml_node *rule = list->items[i], *other = yaml_get(rule, "else");
		where here = where_at(w, i);
		const yaml_node *when = rule_condition(rule);
		tr_str inner;
		if (other != NULL || when == NULL) {
			last = rule_allows(l, other != NULL ? other : rule, &here) ? "true" : "false";
			break;
		}
		if (when->kind != YAML_SCALAR || !inner_expression(when, &inner)) {
			load_fault(l, &here, when, "bad-condition", "such as when: \"{{ ctx.ready }}\"",
				   "an admission rule needs one expression as its condition");
			continue;
		}
		tr_buf_putf(&text, "%s if (", rule_allows(l, rule, &here) ? "true" : "false");
		tr_buf_put(&text, inner.p, inner.n);
		tr_buf_puts(&text, ") else ");
	}
	tr_buf_putf(&text, "%s }}", last);
	const pb_expr *e = expr_template(l, tr_buf_str(&text), pos_of(list), w);
	l->mem->failed = l->mem->failed || text.err != TR_OK;
	tr_buf_fini(&text);
	return e;
}

const pb_expr *admit_load(loader *l, const yaml_node *n, const where *w)
{
	fields f;
	if (n->kind == YAML_SCALAR)
		return expr_condition(l, n, w);
	if (n->kind == YAML_SEQUENCE)
		return rules_guard(l, n, w);
	if (!fields_read(l, n, &schema_admit, NULL, w, &f))
		return NULL;
	const yaml_node *when = fields_get(&f, "when"), *rules = fields_get(&f, "rules");
	if (when != NULL && rules != NULL)
		fault_both(l, w, fields_key(&f, "when"), "when", fields_key(&f, "rules"), "rules");
	where here = where_key(w, LITERAL("rules"));
	return rules != NULL ? rules_guard(l, rules, &here) : condition_or_null(l, when, w, "when");
}
