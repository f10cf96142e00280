/* SPDX-License-Identifier: Apache-2.0 */
/* A task's rules, in either dialect: { expr, do, … }, { when, then: { do, … } }, { else: … }. */
#include "playbook/model/loader.h"

/* Where a rule's directive stands: on the rule, in `then`, in `else`, in `else.then`. */
typedef struct directive_at {
	fields f;
	where w;
	const yaml_node *node;
} directive_at;

#define LONGEST_S 1e9

static const pb_expr *number(loader *l, const directive_at *d, const char *key)
{
	return expr_or_null(l, fields_get(&d->f, key), &d->w, key);
}

static void check_attempts(loader *l, const where *w, const yaml_node *n)
{
	if (n->kind == YAML_SCALAR && tr_is(n->value, TR_INT) && n->value.as.i < 1)
		load_fault(l, w, n, "bad-value", "attempts counts all runs, the first included",
			   "'attempts' must be at least 1");
}

static void check_number(loader *l, const directive_at *d, const char *key, double least, double most, const char *what)
{
	number_check(l, fields_get(&d->f, key), &d->w, key, least, most, what);
}

static void retry_load(loader *l, const directive_at *d, pb_rule *r)
{
	const yaml_node *attempts = fields_get(&d->f, "attempts");
	if (attempts == NULL && fields_key(&d->f, "attempts") == NULL)
		load_fault(l, &d->w, d->node, "retry-unbounded", "add attempts: 3 (all runs, the first included)",
			   "'retry' has no bound");
	where here = where_key(&d->w, LITERAL("attempts"));
	if (attempts != NULL)
		check_attempts(l, &here, attempts);
	check_number(l, d, "delay", 0, LONGEST_S, "seconds, 0 or more");
	check_number(l, d, "max_delay", 0, LONGEST_S, "seconds, 0 or more");
	check_number(l, d, "jitter", 0, 1, "a part of the delay, 0 to 1");
	r->attempts = number(l, d, "attempts");
	r->delay = number(l, d, "delay");
	r->backoff = (pb_backoff)fields_choice(&d->f, "backoff", PB_BACKOFF_FIXED);
	r->max_delay = number(l, d, "max_delay");
	r->jitter = number(l, d, "jitter");
}

static void jump_load(loader *l, const directive_at *d, const label_list *labels, pb_rule *r)
{
	const yaml_node *to = fields_get(&d->f, "to");
	r->jump_to = -1;
	if (to == NULL) {
		if (fields_key(&d->f, "to") == NULL)
			load_fault(l, &d->w, d->node, "no-such-label", "add to: <label of a task>",
				   "'jump' does not say where to");
		return;
	}
	r->jump_to = (int32_t)label_find(labels, to->text);
	if (r->jump_to >= 0)
		return;
	suggestion s = load_suggestion(l, to->text);
	for (size_t i = 0; s.budget > 0 && i < labels->count; i++)
		suggest_offer(&s, labels->items[i]);
	char hint[120];
	where here = where_key(&d->w, LITERAL("to"));
	load_fault(l, &here, to, "no-such-label", suggest_text(&s, hint, sizeof hint),
		   "no task of this pipeline is labelled '%.*s'", TR_STR(to->text));
}

static void sets_load(loader *l, const directive_at *d, pb_rule *r)
{
	static const struct {
		const char *key;
		pb_set_target target;
	} scopes[] = {{"set_iter", PB_SET_ITER},
		      {"set_vars", PB_SET_VARS},
		      {"set_ctx", PB_SET_CTX},
		      {"set_shared", PB_SET_SHARED}};
	const yaml_node *nodes[5];
	set_list sets;
	for (size_t i = 0; i < 4; i++)
		nodes[i] = fields_get(&d->f, scopes[i].key);
	nodes[4] = fields_get(&d->f, "set");
	sets_reserve(l, &sets, nodes, 5, 1);
	for (size_t i = 0; i < 4; i++) {
		where here = where_key(&d->w, tr_s(scopes[i].key));
		sets_of_scope(l, nodes[i], scopes[i].target, &here, &sets);
	}
	where set = where_key(&d->w, LITERAL("set"));
	sets_of_mixed(l, nodes[4], PB_SET_CTX, &set, &sets);
	where prev = where_key(&d->w, LITERAL("set_prev"));
	sets_of_prev(l, fields_get(&d->f, "set_prev"), &prev, &sets);
	r->sets = sets.items;
	r->set_count = sets.count;
}

static void directive_load(loader *l, const directive_at *d, const label_list *labels, pb_rule *r)
{
	if (d->f.table == NULL)
		return;
	r->directive = (pb_directive)fields_choice(&d->f, "do", PB_CONTINUE);
	if (r->directive == PB_RETRY)
		retry_load(l, d, r);
	if (r->directive == PB_JUMP)
		jump_load(l, d, labels, r);
	r->message = number(l, d, "message");
	sets_load(l, d, r);
}

static bool has_directive(const fields *f)
{
	static const char *const keys[] = {"do", "set_iter", "set_vars", "set_ctx", "set_shared", "set_prev", "set"};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (fields_key(f, keys[i]) != NULL)
			return true;
	}
	return false;
}

/* The rule's own fields are in d; follow `else` and `then` to where the directive is. `w` is storage for the path. */
static void directive_find(loader *l, directive_at *d, where *w)
{
	const yaml_node *other = fields_get(&d->f, "else");
	if (other != NULL && other->kind == YAML_SCALAR) { /* `else:` with nothing in it: continue */
		d->f = (fields){0};
		return;
	}
	if (other != NULL) {
		if (has_directive(&d->f))
			fault_both(l, &d->w, fields_key(&d->f, "else"), "else", d->node, "do");
		w[0] = d->w;
		d->w = where_key(&w[0], LITERAL("else"));
		d->node = other;
		if (!fields_read(l, other, &schema_then, NULL, &d->w, &d->f))
			d->f = (fields){0};
	}
	const yaml_node *then = d->f.table == NULL ? NULL : fields_get(&d->f, "then");
	if (then == NULL)
		return;
	if (has_directive(&d->f))
		fault_both(l, &d->w, fields_key(&d->f, "then"), "then", d->node, "do");
	w[1] = d->w;
	d->w = where_key(&w[1], LITERAL("then"));
	d->node = then;
	if (!fields_read(l, then, &schema_then, NULL, &d->w, &d->f))
		d->f = (fields){0};
}

static void rule_load(loader *l, const yaml_node *n, const label_list *labels, const where *w, pb_rule *r)
{
	directive_at d = {.w = *w, .node = n};
	where up[2];
	r->pos = pos_of(n);
	r->jump_to = -1;
	if (!fields_read(l, n, &schema_rule, NULL, w, &d.f))
		return;
	const yaml_node *when = fields_get(&d.f, "when");
	if (when != NULL && fields_key(&d.f, "else") != NULL)
		fault_both(l, w, fields_key(&d.f, "when"), "when", fields_key(&d.f, "else"), "else");
	r->when = condition_or_null(l, when, w, when == NULL ? "" : fields_key(&d.f, "when")->text.p);
	directive_find(l, &d, up);
	directive_load(l, &d, labels, r);
}

void rules_load(loader *l, const yaml_node *list, const label_list *labels, const where *w, pb_task *t)
{
	pb_rule *rules = arena_alloc_array(l->mem, list->count, sizeof *rules);
	if (rules == NULL)
		return;
	bool ended = false;
	for (size_t i = 0; i < list->count; i++) {
		where here = where_at(w, i);
		if (ended)
			load_warn(l, &here, list->items[i], "never-tried", "move it above",
				  "a rule above always matches, so this one is never tried");
		size_t errors = l->out->errors;
		rule_load(l, list->items[i], labels, &here, &rules[i]);
		ended = rules[i].when == NULL && errors == l->out->errors;
	}
	t->rules = rules;
	t->rule_count = list->count;
}

/* The older form `retry: 3` or `retry: { max_attempts, … }` as the rule it stands for. */
void rules_of_retry(loader *l, const yaml_node *n, const where *w, pb_task *t)
{
	pb_rule *r = arena_alloc(l->mem, sizeof *r);
	if (r == NULL)
		return;
	directive_at d = {.w = *w, .node = n};
	r->pos = pos_of(n);
	r->directive = PB_RETRY;
	r->jump_to = -1;
	t->rules = r;
	t->rule_count = 1;
	if (n->kind == YAML_SCALAR) {
		check_attempts(l, w, n);
		r->attempts = expr_of(l, n, w);
	} else if (fields_read(l, n, &schema_retry, NULL, w, &d.f)) {
		retry_load(l, &d, r);
		const yaml_node *factor = fields_get(&d.f, "backoff_multiplier");
		check_number(l, &d, "backoff_multiplier", 1, LONGEST_S, "1 or more");
		if (factor != NULL && tr_as_float(factor->value, 1) > 1)
			r->backoff = PB_BACKOFF_EXPONENTIAL;
		r->when = condition_or_null(l, fields_get(&d.f, "when"), w, "when");
	}
	if (r->when == NULL)
		r->when = expr_template(l, LITERAL("{{ outcome.status == 'error' }}"), r->pos, w);
}
