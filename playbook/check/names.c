/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in templates that no scope can have: neither the engine's own, nor a step, an iterator, an input, nor anything
 * that some rule writes. Read from the template's tokens; what a template binds itself (for, set, macro, with) counts.
 * With strict_templates such a name ends the run, so it is a fault, unless the template asks whether it is there
 * (`is defined`, `| default`). The same of entries of the keychain. Of what stands below workload, ctx, vars and iter
 * only slips are told: a request may bring inputs that no workload declares.
 */
#include "playbook/model/loader.h"
#include "playbook/template/lexer.h"
#include <string.h>

static const char *const engine_names[] = {
    "workload", "args",  "ctx",       "vars",   "iter",   "_prev",   "_task",    "_attempt", "outcome",
    "output",   "event", "steps",     "result", "input",  "payload", "keychain", "env",      "execution_id",
    "index",    "first", "last",      "count",  "loop",   "self",    "caller",   "varargs",  "kwargs",
    "range",    "dict",  "namespace", "cycler", "joiner", "now",     "uuid",
};

static const char *const keywords[] = {"and",  "or",    "not",  "in",   "is",    "if",   "else",     "elif",
				       "true", "false", "none", "True", "False", "None", "recursive"};

/* Keys below which every key becomes a name of some scope. */
static const char *const naming_keys[] = {"set_ctx", "set_vars", "set_iter", "set_shared", "set", "args",
					  "input",   "with",     "payload",  "workload",   "vars"};

static bool listed(tr_str name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (name_is(name, list[i]))
			return true;
	}
	return false;
}
#define LISTED(name, list) listed((name), (list), sizeof(list) / sizeof *(list))

/* ---- what scopes can have ---- */

static void name_add(loader *l, tr_str name)
{
	while (name.n > 0) { /* ctx.a.b: each part */
		const char *dot = memchr(name.p, '.', name.n);
		size_t n = dot == NULL ? name.n : (size_t)(dot - name.p);
		if (n > 0 && !name_table_put(&l->names, (tr_str){name.p, n}, 0))
			l->mem->failed = true;
		if (dot == NULL)
			return;
		name = (tr_str){dot + 1, name.n - n - 1};
	}
}

static void collect(loader *l, const yaml_node *n)
{
	for (size_t i = 0; n->kind == YAML_SEQUENCE && i < n->count; i++)
		collect(l, n->items[i]);
	for (size_t i = 0; n->kind == YAML_MAPPING && i < n->count; i++) {
		const yaml_node *key = n->pairs[i].key, *value = n->pairs[i].value;
		if ((name_is(key->text, "iterator") || name_is(key->text, "step")) && value->kind == YAML_SCALAR)
			name_add(l, value->text);
		if (value->kind == YAML_MAPPING && LISTED(key->text, naming_keys)) {
			for (size_t k = 0; k < value->count; k++)
				name_add(l, value->pairs[k].key->text);
		}
		if (value->kind != YAML_SCALAR)
			collect(l, value);
	}
}

void check_names_collect(loader *l, const yaml_node *root)
{
	for (size_t i = 0; i < sizeof engine_names / sizeof *engine_names; i++)
		name_add(l, tr_s(engine_names[i]));
	l->workflow = yaml_get(root, "workflow");
	collect(l, root);
}

/* ---- what a template asks for ---- */

enum {
	NAMES_MAX = 64
};

typedef struct use {
	tr_str name;
	uint32_t at; /* byte offset */
} use;

typedef struct scan {
	tr_str text;
	use wanted[NAMES_MAX];
	size_t wanted_count;
	tr_str bound[NAMES_MAX];
	size_t bound_count;
	bool compared[NAMES_MAX]; /* beside wanted: it stands behind == or != */
	bool asked[NAMES_MAX];    /* beside wanted: `x is defined`, `x | default(1)` */
	use below[NAMES_MAX];     /* x of scope.x */
	tr_str scope[NAMES_MAX];
	bool below_asked[NAMES_MAX];
	size_t below_count;
	bool below_tested;      /* as `tested`, of the last of them */
	bool at_scope;          /* the name before this token is a bare one */
	enum token_kind before; /* the token before this one, … */
	enum token_kind left;   /* what stands before the last == or != */
	uint32_t before_at;     /* … and where it stands */
	bool after_is;          /* `is`, or `is not`: a test's name follows */
	bool tested;            /* nothing but `|`, `is`, `is not` since the last wanted name */
	bool statement;         /* just behind {% */
	enum {
		BIND_NONE,
		BIND_FOR,
		BIND_SET,
		BIND_PARAMETERS
	} binding;
	bool filter_statement;
} scan;

static tr_str token_text(const scan *s, const struct token *t)
{
	return (tr_str){s->text.p + t->start, t->end - t->start};
}

static void bind(scan *s, tr_str name)
{
	if (s->bound_count < NAMES_MAX)
		s->bound[s->bound_count++] = name;
}

static void statement_word(scan *s, tr_str word)
{
	s->statement = false;
	s->binding = BIND_NONE;
	if (name_is(word, "for"))
		s->binding = BIND_FOR;
	else if (name_is(word, "set"))
		s->binding = BIND_SET;
	else if (name_is(word, "macro") || name_is(word, "call"))
		s->binding = BIND_PARAMETERS;
	s->filter_statement = name_is(word, "filter");
}

/* The name of a filter or test just behind a wanted name: does it take what is not there? */
static void on_test(scan *s, tr_str name)
{
	static const char *const takes_nothing[] = {"default", "d", "defined", "undefined"};

	if (s->tested && s->wanted_count > 0 && LISTED(name, takes_nothing))
		s->asked[s->wanted_count - 1] = true;
	if (s->below_tested && s->below_count > 0 && LISTED(name, takes_nothing))
		s->below_asked[s->below_count - 1] = true;
	s->tested = s->below_tested = false;
}

/* x of scope.x, with the scope just before it. */
static void on_below(scan *s, tr_str name, uint32_t at)
{
	s->at_scope = false;
	if (s->below_count == NAMES_MAX || s->wanted_count == 0)
		return;
	s->scope[s->below_count] = s->wanted[s->wanted_count - 1].name;
	s->below_asked[s->below_count] = false;
	s->below[s->below_count++] = (use){name, at};
	s->below_tested = true;
}

static void on_name(scan *s, const struct token *t)
{
	tr_str name = token_text(s, t);
	bool test = s->after_is;
	s->after_is = name_is(name, "is") || (test && name_is(name, "not"));
	if (s->statement) {
		statement_word(s, name);
		return;
	}
	if (s->before == T_DOT || s->before == T_PIPE || s->filter_statement || (test && !s->after_is)) {
		s->filter_statement = false;
		on_test(s, name);
		if (s->before == T_DOT && s->at_scope)
			on_below(s, name, t->start);
		return;
	}
	if (s->after_is)
		return;
	s->tested = s->below_tested = s->at_scope = false;
	if (s->binding == BIND_FOR && name_is(name, "in")) {
		s->binding = BIND_NONE;
		return;
	}
	if (LISTED(name, keywords))
		return;
	if (s->binding != BIND_NONE) {
		bind(s, name);
	} else if (s->wanted_count < NAMES_MAX) {
		s->tested = s->at_scope = true;
		s->asked[s->wanted_count] = false;
		s->compared[s->wanted_count] = (s->before == T_EQ || s->before == T_NE) && s->left != T_STRING;
		s->wanted[s->wanted_count++] = (use){name, t->start};
	}
}

static void on_token(scan *s, const struct token *t)
{
	if (t->kind == T_NAME) {
		on_name(s, t);
	} else {
		s->after_is = false;
		s->tested = s->tested && t->kind == T_PIPE;
		s->below_tested = s->below_tested && t->kind == T_PIPE;
		s->at_scope = s->at_scope && t->kind == T_DOT && s->before == T_NAME;
		if (t->kind == T_EQ || t->kind == T_NE)
			s->left = s->before;
		if (t->kind == T_DOT && s->before == T_NAME && s->wanted_count > 0)
			s->compared[s->wanted_count - 1] = false; /* x.y is no text */
		if (t->kind == T_BLOCK_BEGIN)
			s->statement = true;
		else if (t->kind == T_BLOCK_END || (t->kind == T_ASSIGN && s->binding == BIND_SET))
			s->binding = BIND_NONE;
		/* name=: a keyword argument, or what `with` and `macro` bind */
		size_t last = s->wanted_count;
		if (t->kind == T_ASSIGN && s->before == T_NAME && last > 0 && s->wanted[last - 1].at == s->before_at)
			bind(s, s->wanted[--s->wanted_count].name);
	}
	s->before = t->kind;
	s->before_at = t->start;
}

static bool is_bound(const scan *s, tr_str name)
{
	for (size_t i = 0; i < s->bound_count; i++) {
		if (tr_str_eq(s->bound[i], name))
			return true;
	}
	return false;
}

/* Asked about anywhere in the template: its other uses may well be behind that question. */
static bool is_asked(const scan *s, tr_str name)
{
	for (size_t i = 0; i < s->wanted_count; i++) {
		if (s->asked[i] && tr_str_eq(s->wanted[i].name, name))
			return true;
	}
	return false;
}

/* Where a name of the template stands in the file. */
static pb_pos place_of(const pb_expr *e, const scan *s, const use *u)
{
	uint32_t line = 1, column = 1;
	for (uint32_t i = 0; i < u->at; i++) {
		unsigned char c = (unsigned char)s->text.p[i];
		line += c == '\n' ? 1 : 0;
		column = c == '\n' ? 1 : column + ((c & 0xc0) != 0x80 ? 1 : 0);
	}
	return pb_expr_locate(e, line, column);
}

/* Does the step have a task of this label? Its tool is a list of tasks, or one. */
static bool has_task(const yaml_node *step, tr_str label)
{
	const yaml_node *tool = yaml_get(step, "tool");
	bool list = tool != NULL && tool->kind == YAML_SEQUENCE, found = false;
	for (size_t i = 0; tool != NULL && i < (list ? tool->count : 1) && !found; i++) {
		const yaml_node *task = list ? tool->items[i] : tool;
		if (task->kind != YAML_MAPPING)
			continue;
		const yaml_node *name = yaml_get(task, "name");
		if (task->count == 1 && task->pairs[0].value->kind == YAML_MAPPING)
			name = task->pairs[0].key;
		found = name != NULL && is_text(name) && tr_str_eq(name->text, label);
	}
	return found;
}

/* A task's label is below its step's name: a better hint than what is spelt alike. */
static void label_text(const loader *l, tr_str label, char *hint, size_t size)
{
	bool list = l->workflow != NULL && l->workflow->kind == YAML_SEQUENCE;
	for (size_t i = 0; list && i < l->workflow->count; i++) {
		const yaml_node *step = l->workflow->items[i], *name = yaml_get(step, "step");
		if (name == NULL || !is_text(name) || !has_task(step, label))
			continue;
		(void)snprintf(hint, size, "the result of this task is '%.*s.%.*s'", TR_STR(name->text), TR_STR(label));
		return;
	}
}

/* What is written where a text was meant, or an item of a loop. */
static void meant_text(const loader *l, tr_str name, bool compared, const suggestion *near, char *hint, size_t size)
{
	static const char *const items[] = {"item",  "element", "elem",  "it",     "row",
					    "entry", "each",    "value", "record", "x"};

	if (compared && suggest_is_slip(near))
		(void)snprintf(hint, size, "text needs quotes: '%.*s'; or did you mean '%.*s'?", TR_STR(name),
			       TR_STR(near->best));
	else if (compared)
		(void)snprintf(hint, size, "text needs quotes: '%.*s'", TR_STR(name));
	else if (l->iterator.n > 0 && LISTED(name, items))
		(void)snprintf(hint, size, "did you mean '%.*s'? So the loop calls its item", TR_STR(l->iterator));
}

static void unknown_name(loader *l, const pb_expr *e, const scan *s, size_t at, const where *w)
{
	const use *u = &s->wanted[at];
	bool fails = l->box->pub.strict_templates && !is_asked(s, u->name);
	diagnostic_level level = fails ? DIAGNOSTIC_ERROR : DIAGNOSTIC_WARNING;
	if (l->out->dropped > 0) { /* only counted any more: finding the place in a large file is dear */
		load_say(l, level, w, e->pos, "unknown-name", NULL, "an unknown name");
		return;
	}
	suggestion near = load_suggestion(l, u->name);
	for (size_t i = 0; near.budget > 0 && i < l->names.capacity; i++) {
		if (l->names.slots[i].used)
			suggest_offer(&near, l->names.slots[i].name);
	}
	char hint[120];
	suggest_text(&near, hint, sizeof hint);
	meant_text(l, u->name, s->compared[at], &near, hint, sizeof hint);
	label_text(l, u->name, hint, sizeof hint);
	load_say(l, level, w, place_of(e, s, u), "unknown-name",
		 hint[0] != '\0' ? hint : "inputs are declared in 'workload', results are read by the step's name",
		 "no scope can have the name '%.*s'", TR_STR(u->name));
}

/* ---- below a scope ---- */

/* The name of an entry of the keychain. */
static bool is_entry(const yaml_node *keychain, tr_str name, suggestion *near)
{
	for (size_t i = 0; i < keychain->count; i++) {
		const yaml_node *item = keychain->kind == YAML_SEQUENCE ? keychain->items[i] : NULL;
		const yaml_node *named = item == NULL ? keychain->pairs[i].key : yaml_get(item, "name");
		if (named == NULL && item->kind == YAML_MAPPING && item->count == 1)
			named = item->pairs[0].key;
		if (named == NULL || named->kind != YAML_SCALAR)
			continue;
		if (tr_str_eq(named->text, name))
			return true;
		suggest_offer(near, named->text);
	}
	return false;
}

/* Is the name there, and which one that is there is nearest to it? */
static bool is_known_below(loader *l, tr_str scope, tr_str name, suggestion *near)
{
	const name_table *known = tr_str_is(scope, "workload") ? &l->inputs : &l->names;
	if (tr_str_is(scope, "keychain"))
		return l->keychain == NULL || l->keychain->kind == YAML_SCALAR || l->looks++ >= LOOKS_MAX ||
		       is_entry(l->keychain, name, near);
	if ((known == &l->inputs && !l->declares) || name_table_find(known, name) != NULL || l->looks++ >= LOOKS_MAX)
		return true;
	for (size_t i = 0; near->budget > 0 && i < known->capacity; i++) {
		if (known->slots[i].used)
			suggest_offer(near, known->slots[i].name);
	}
	return false;
}

/* Methods of mappings are no names that somebody forgot to write. */
static bool is_method(tr_str name)
{
	static const char *const methods[] = {"items", "keys", "values", "get", "copy", "pop", "update"};
	return LISTED(name, methods);
}

static bool check_below(loader *l, const pb_expr *e, const scan *s, size_t at, const where *w)
{
	static const char *const scopes[] = {"workload", "ctx", "vars", "iter", "keychain"};
	tr_str scope = s->scope[at], name = s->below[at].name;
	suggestion near = load_suggestion(l, name);
	char hint[120];

	if (s->below_asked[at] || !LISTED(scope, scopes) || is_bound(s, scope) || is_method(name) ||
	    is_known_below(l, scope, name, &near))
		return true;
	bool entry = tr_str_is(scope, "keychain"); /* which nothing but the keychain can have */
	if (!entry && !suggest_is_slip(&near))
		return true;
	load_say(l, DIAGNOSTIC_WARNING, w, place_of(e, s, &s->below[at]), "unknown-name",
		 suggest_text(&near, hint, sizeof hint), "nothing %s '%.*s.%.*s'",
		 tr_str_is(scope, "workload") || entry ? "declares" : "writes", TR_STR(scope), TR_STR(name));
	return false;
}

static void scan_template(scan *s, const pb_expr *e)
{
	struct lexer lex;
	struct token t = {0};
	const tr_template_options options = {0};
	tr_template_error error = {0};
	lexer_init(&lex, e->source, tr_template_has_syntax(e->source) ? LEX_TEXT : LEX_VAR, &options, &error);
	while (lexer_next(&lex, &t) && t.kind != T_EOF)
		on_token(s, &t);
	lexer_fini(&lex);
}

bool check_names(loader *l, const pb_expr *e, const where *w)
{
	scan s; /* but for its arrays, which are filled as far as their counts say */
	s.text = e->source;
	s.wanted_count = s.bound_count = s.below_count = 0;
	s.below_tested = s.at_scope = false;
	s.before = s.left = T_EOF;
	s.before_at = 0;
	s.after_is = s.tested = s.statement = s.filter_statement = false;
	s.binding = BIND_NONE;
	scan_template(&s, e);
	bool clean = true;
	for (size_t i = 0; i < s.wanted_count; i++) {
		tr_str name = s.wanted[i].name;
		bool again = is_bound(&s, name);
		if (!again && name_table_find(&l->names, name) == NULL) {
			clean = false;
			unknown_name(l, e, &s, i, w);
			bind(&s, name); /* once a template */
		}
	}
	for (size_t i = 0; i < s.below_count; i++)
		clean = check_below(l, e, &s, i, w) && clean;
	return clean;
}
