/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be said of a task's inputs before it runs: those that are written out, without a template, must be what the
 * kind's description asks for. The kinds themselves ask again when the templates are rendered.
 */
#include "playbook/check/input_form.h"
#include "playbook/model/loader.h"
#include <string.h>

/* A mapping and what it should hold. */
typedef struct judged {
	loader *l;
	const tool_kind *set;
	const yaml_node *body;
	const where *w;
	const schema_node *shared; /* further keys it may have; NULL */
	const yaml_node *task;     /* where further keys may stand; NULL */
	const char *plugin;        /* the kind it belongs to */
	bool named;                /* its `name` is the task's label */
	bool only_slips;           /* which kind it is can only be guessed */
} judged;

static bool is_fixed(const yaml_node *n)
{
	return n != NULL && !is_null(n) && !(is_text(n) && tr_template_has_syntax(n->text));
}

static bool is_fixed_text(const yaml_node *n)
{
	return n != NULL && is_text(n) && !tr_template_has_syntax(n->text);
}

/* "a task of kind 'http'", "the auth of …" */
static const char *set_name(const tool_kind *set, char to[120])
{
	if (set->what != NULL)
		return set->what;
	(void)snprintf(to, 120, "a task of kind '%s'", set->name);
	return to;
}

static void list_names(const char *const *names, tr_buf *out)
{
	for (size_t i = 0; names[i] != NULL; i++)
		tr_buf_putf(out, "%s'%s'", i == 0 ? "" : names[i + 1] == NULL ? " or " : ", ", names[i]);
}

/* ---- keys that must be there ---- */

/* A key, or a key of a mapping below it: target.key. What a template gives may have it. */
static bool is_there(const judged *j, const char *key)
{
	const char *dot = strchr(key, '.');
	char head[40];

	if (j->named && strcmp(key, "name") == 0)
		return true; /* the label serves */
	if (dot != NULL) {
		(void)snprintf(head, sizeof head, "%.*s", (int)(dot - key), key);
		const yaml_node *above = yaml_get(j->body, head);
		return above != NULL && (!is_fixed(above) || yaml_get(above, dot + 1) != NULL);
	}
	const yaml_node *n = yaml_get(j->body, key);
	const kind_key *k = kind_key_find(j->set, tr_s(key));
	if (n == NULL && j->task != NULL)
		n = yaml_get(j->task, key);
	return n != NULL && (!is_null(n) || (k != NULL && k->null_counts));
}

/* Kinds read their inputs from the task itself. */
static bool is_astray(const judged *j)
{
	static const char *const below[] = {"args", "input", "with", "payload"};
	bool found = false;

	for (size_t i = 0; j->shared != NULL && i < sizeof below / sizeof *below; i++)
		found = found || (kind_key_find(j->set, tr_s(below[i])) == NULL && yaml_get(j->body, below[i]) != NULL);
	return found;
}

static void missing(const judged *j, const yaml_node *at, const char *doer, const char *needed, const char *hint)
{
	char name[120];

	if (hint == NULL && is_astray(j))
		hint = "it stands in the task itself, not below 'args'";
	load_fault(j->l, j->w, at, "missing-key", hint, "%s%s%s needs %s", doer, *doer == '\0' ? "" : " of ",
		   set_name(j->set, name), needed);
}

static void need_all(const judged *j, const char *const *keys, const yaml_node *at, const char *doer, const char *hint)
{
	char quoted[80];

	for (size_t i = 0; keys != NULL && keys[i] != NULL; i++) {
		(void)snprintf(quoted, sizeof quoted, "'%s'", keys[i]);
		if (!is_there(j, keys[i]))
			missing(j, at, doer, quoted, hint);
	}
}

static bool is_any_there(const judged *j, const char *const *keys)
{
	bool found = false;

	for (size_t i = 0; keys[i] != NULL && !found; i++)
		found = is_there(j, keys[i]);
	return found;
}

static void need_one(const judged *j, const char *const *keys, const yaml_node *at, const char *doer, const char *hint)
{
	tr_buf listed = {0};

	if (keys == NULL || is_any_there(j, keys))
		return;
	list_names(keys, &listed);
	missing(j, at, doer, listed.p == NULL ? "" : listed.p, hint);
	tr_buf_fini(&listed);
}

static void at_most(const judged *j, const kind_group *g)
{
	const yaml_node *first = NULL;

	for (size_t i = 0; g->keys[i] != NULL; i++) {
		const yaml_node *n = yaml_get(j->body, g->keys[i]);
		if (!is_fixed(n)) /* a template may give null, which is nothing */
			continue;
		const yaml_node *key = yaml_key(j->body, g->keys[i]);
		if (first == NULL) {
			first = key;
			continue;
		}
		bool later = key->line > first->line || (key->line == first->line && key->column > first->column);
		const yaml_node *one = later ? first : key, *other = later ? key : first;
		where here = where_key(j->w, other->text);
		load_fault(j->l, &here, other, "both-forms", g->hint != NULL ? g->hint : "keep one of them",
			   "'%.*s' (line %u) and '%.*s' cannot both be given", TR_STR(one->text), (unsigned)one->line,
			   TR_STR(other->text));
	}
}

/* The node at a key, or at a key of a mapping below it. */
static const yaml_node *node_at(const judged *j, const char *key)
{
	const char *dot = strchr(key, '.');
	char head[40];

	if (dot == NULL)
		return yaml_get(j->body, key);
	(void)snprintf(head, sizeof head, "%.*s", (int)(dot - key), key);
	return yaml_get(yaml_get(j->body, head), dot + 1);
}

static void refuse_values(const judged *j, const kind_group *g, const yaml_node *at)
{
	for (size_t i = 0; g->keys[i] != NULL; i++) {
		const yaml_node *n = node_at(j, g->keys[i]);
		for (size_t k = 0; n != NULL && is_fixed_text(n) && g->refused[k] != NULL; k++) {
			where here = where_key(j->w, tr_s(g->when_key));
			if (tr_str_is(n->text, g->refused[k]))
				load_fault(j->l, &here, at, "bad-value", g->hint,
					   "'%s' cannot be '%s' where '%s' is '%s'", g->when_key, g->when_value,
					   g->keys[i], g->refused[k]);
		}
	}
}

static void check_group(const judged *j, const kind_group *g)
{
	const yaml_node *when = g->when_key == NULL ? NULL : yaml_get(j->body, g->when_key);
	const pb_check_options *o = &j->l->options;

	if (g->when_key != NULL && (!is_fixed_text(when) || !tr_str_is(when->text, g->when_value)))
		return;
	if (g->setting != NULL && (o->has_setting == NULL || o->has_setting(o->arg, tr_s(j->plugin), tr_s(g->setting))))
		return;
	const yaml_node *at = when != NULL ? when : j->body;
	const char *doer = when != NULL ? g->when_value : "";
	if (g->rule == GROUP_ALL)
		need_all(j, g->keys, at, doer, g->hint);
	else if (g->rule == GROUP_AT_MOST)
		at_most(j, g);
	else if (g->rule == GROUP_REFUSES)
		refuse_values(j, g, at);
	else if (g->needed == NULL)
		need_one(j, g->keys, at, doer, g->hint);
	else if (!is_any_there(j, g->keys))
		missing(j, at, doer, g->needed, g->hint);
}

/* ---- values ---- */

static void set_check(const judged *j);

static void shape_fault(loader *l, const kind_key *k, unsigned shapes, bool item, const yaml_node *n, const where *w)
{
	bool seconds = k->form == FORM_SECONDS;
	bool plain_word = n->kind == YAML_SCALAR && !n->quoted && (shapes & SHAPE_TEXT) != 0;
	bool colon = n->kind == YAML_MAPPING && item && (shapes & SHAPE_TEXT) != 0;
	const char *hint = colon                                         ? "a text with ': ' in it must be in quotes"
			   : k->such_as != NULL && !(item && plain_word) ? k->such_as
			   : plain_word                                  ? "write it in quotes to make it text"
			   : seconds && is_text(n)                       ? "a number, without quotes and unit"
			   : is_text(n) && (shapes & SHAPE_NUMBER) != 0  ? "without quotes and unit"
			   : is_text(n) && (shapes & SHAPE_BOOL) != 0    ? "without quotes"
									 : NULL;
	tr_buf wanted = {0};

	if (item)
		shapes_text(shapes, &wanted);
	else
		input_wanted(k, &wanted);
	load_fault(l, w, n, seconds ? "bad-value" : "wrong-type", hint, "%s'%s' must be %s, not %s",
		   item ? "what stands in " : "", k->key, wanted.p == NULL ? "" : wanted.p, node_kind_name(n));
	tr_buf_fini(&wanted);
}

static void check_listed(loader *l, const kind_key *k, const yaml_node *v, const where *w)
{
	suggestion s = load_suggestion(l, v->text);
	char hint[120];
	tr_buf listed = {0};

	for (size_t i = 0; k->values[i] != NULL; i++) {
		if (tr_str_is(v->text, k->values[i]))
			return;
		suggest_offer(&s, tr_s(k->values[i]));
	}
	list_names(k->values, &listed);
	load_fault(l, w, v, "bad-value", suggest_text(&s, hint, sizeof hint), "'%s' cannot be '%.*s': it is %s", k->key,
		   TR_STR(v->text), listed.p == NULL ? "" : listed.p);
	tr_buf_fini(&listed);
}

static void check_item(loader *l, const kind_key *k, const yaml_node *n, const where *w)
{
	if (!is_fixed(n))
		return;
	if (k->items != 0 && (shape_of(n) & k->items) == 0)
		shape_fault(l, k, k->items, true, n, w);
	else
		input_form_check(l, k, n, w);
}

/* The description of a place, by the kind that the place says. NULL: reported, or it cannot be told. */
static const tool_kind *variant_of(loader *l, const kind_key *k, const yaml_node *n, const where *w)
{
	const yaml_node *kind = yaml_get(n, "kind") != NULL ? yaml_get(n, "kind") : yaml_get(n, "type");
	const char *names[9] = {NULL};
	const tool_kind *found = NULL;
	tr_buf listed = {0};
	char hint[120];

	for (size_t i = 0; i < k->variant_count && i < 8; i++) {
		names[i] = k->variants[i].name;
		if (kind != NULL && is_fixed_text(kind) && tr_str_is(kind->text, names[i]))
			found = &k->variants[i];
	}
	if (found != NULL || (kind != NULL && !is_fixed(kind)))
		return found;
	list_names(names, &listed);
	if (kind == NULL) {
		load_fault(l, w, n, "missing-key", "such as kind: postgres", "'%s' does not say its kind: it is %s",
			   k->key, listed.p == NULL ? "" : listed.p);
	} else {
		suggestion s = load_suggestion(l, kind->kind == YAML_SCALAR ? kind->text : tr_s(""));
		where here = where_key(w, tr_s("kind"));
		for (size_t i = 0; names[i] != NULL; i++)
			suggest_offer(&s, tr_s(names[i]));
		load_fault(l, &here, kind, "bad-value", suggest_text(&s, hint, sizeof hint),
			   "the kind of '%s' is %s, not %s%.*s%s", k->key, listed.p == NULL ? "" : listed.p,
			   kind->kind == YAML_SCALAR ? "'" : node_kind_name(kind),
			   kind->kind == YAML_SCALAR ? (int)kind->text.n : 0, kind->text.p,
			   kind->kind == YAML_SCALAR ? "'" : "");
	}
	tr_buf_fini(&listed);
	return NULL;
}

static void check_auth(loader *l, const tool_kind *auth, const char *plugin, const yaml_node *body, const where *w)
{
	static const char *const keys[] = {"auth", "credential"};

	for (size_t i = 0; auth != NULL && i < sizeof keys / sizeof *keys; i++) {
		const yaml_node *n = yaml_get(body, keys[i]);
		where here = where_key(w, tr_s(keys[i]));
		if (!is_fixed(n))
			continue;
		if (n->kind == YAML_MAPPING)
			set_check(&(judged){.l = l,
					    .set = auth,
					    .body = n,
					    .w = &here,
					    .task = auth->with_task ? body : NULL,
					    .plugin = plugin});
		else if (!is_text(n) || n->text.n == 0)
			load_fault(l, &here, n, "wrong-type", "such as auth: warehouse",
				   "'%s' must be the name of a credential or a mapping, not %s", keys[i],
				   is_text(n) ? "empty" : node_kind_name(n));
	}
}

static void check_below(const judged *j, const kind_key *k, const yaml_node *n, const where *w)
{
	const tool_kind *set = k->variants != NULL ? variant_of(j->l, k, n, w) : k->of;

	if (set == NULL)
		return;
	set_check(&(judged){.l = j->l, .set = set, .body = n, .w = w, .plugin = j->plugin});
	if (k->variants != NULL)
		check_auth(j->l, set->auth, j->plugin, n, w);
}

static void check_value(const judged *j, const kind_key *k, const yaml_node *n, const where *w)
{
	char name[120];

	if (k->never != NULL && !is_null(n))
		load_fault(j->l, w, n, "bad-value", k->never, "%s takes no '%s'", set_name(j->set, name), k->key);
	if (!is_fixed(n))
		return;
	if (k->shapes != 0 && (shape_of(n) & k->shapes) == 0) {
		shape_fault(j->l, k, k->shapes, false, n, w);
		return;
	}
	if (k->values != NULL && is_text(n))
		check_listed(j->l, k, n, w);
	if (n->kind == YAML_SCALAR)
		input_form_check(j->l, k, n, w);
	for (size_t i = 0; n->kind == YAML_SEQUENCE && i < n->count; i++) {
		where at = where_at(w, i);
		check_item(j->l, k, n->items[i], &at);
	}
	for (size_t i = 0; n->kind == YAML_MAPPING && k->names != FORM_ANY && i < n->count; i++) {
		const yaml_node *key = n->pairs[i].key;
		where at = where_key(w, key->text);
		if (is_fixed_text(key) && !input_form_fits(k->names, key->text))
			load_fault(j->l, &at, key, "bad-value", k->such_as, "a name in '%s' %s, not '%.*s'", k->key,
				   input_form_wanted(k->names), (int)(key->text.n < 80 ? key->text.n : 80),
				   key->text.p);
	}
	for (size_t i = 0; n->kind == YAML_MAPPING && k->items != 0 && i < n->count; i++) {
		where at = where_key(w, n->pairs[i].key->text);
		check_item(j->l, k, n->pairs[i].value, &at);
	}
	if (n->kind == YAML_MAPPING)
		check_below(j, k, n, w);
}

/* ---- the whole ---- */

/* What else it is called elsewhere. */
static void offer_other_word(const judged *j, tr_str word, char hint[120])
{
	static const struct {
		const char *written, *meant;
	} words[] = {
	    {"sql", "query"},         {"statement", "query"},
	    {"content", "data"},      {"message", "data"},
	    {"payload", "data"},      {"value", "data"},
	    {"command", "cmds"},      {"script", "cmds"},
	    {"secret", "name"},       {"key", "name"},
	    {"uri", "url"},           {"address", "url"},
	    {"server", "url"},        {"topic", "subject"},
	    {"playbook", "path"},     {"file", "path"},
	    {"dir", "cwd"},           {"directory", "cwd"},
	    {"folder", "cwd"},        {"environment", "env"},
	    {"source", "code"},       {"query", "params"},
	    {"verify", "verify_ssl"}, {"redirects", "follow_redirects"},
	    {"columns", "mapping"},   {"batch_size", "chunk_size"},
	};

	for (size_t i = 0; hint[0] == '\0' && i < sizeof words / sizeof *words; i++)
		if (tr_str_is(word, words[i].written) && kind_key_find(j->set, tr_s(words[i].meant)) != NULL)
			(void)snprintf(hint, 120, "did you mean '%s'?", words[i].meant);
}

static void unknown_key(const judged *j, const yaml_node *key)
{
	suggestion s = load_suggestion(j->l, key->text);
	char hint[120], name[120];
	where here = where_key(j->w, key->text);

	for (size_t i = 0; i < j->set->key_count; i++)
		suggest_offer(&s, tr_s(j->set->keys[i].key));
	for (size_t i = 0; j->shared != NULL && i < j->shared->field_count; i++)
		suggest_offer(&s, tr_s(j->shared->fields[i].key));
	if (j->only_slips && !suggest_is_slip(&s))
		return;
	if (j->shared == &schema_task && misplaced_key(j->l, j->shared, j->body, key, set_name(j->set, name), &here))
		return;
	suggest_text(&s, hint, sizeof hint);
	offer_other_word(j, key->text, hint);
	if (hint[0] == '\0' && strcmp(j->set->name, "workbook") == 0)
		(void)snprintf(hint, sizeof hint, "what the entry is given stands below 'args'");
	load_say(j->l, suggest_is_slip(&s) ? DIAGNOSTIC_ERROR : DIAGNOSTIC_WARNING, &here, pos_of(key), "unknown-key",
		 hint, "%s has no key '%.*s'", set_name(j->set, name), TR_STR(key->text));
}

static void check_keys(const judged *j)
{
	for (size_t i = 0; i < j->body->count; i++) {
		const yaml_node *key = j->body->pairs[i].key;
		const kind_key *k = kind_key_find(j->set, key->text);
		where here = where_key(j->w, key->text);
		bool label = j->shared != NULL && tr_str_is(key->text, "name") && !is_text(j->body->pairs[i].value);
		if (k != NULL && !j->only_slips && !label) /* a label that is no text is said already */
			check_value(j, k, j->body->pairs[i].value, &here);
		else if (k == NULL && (!is_text(key) || j->shared == NULL || schema_find(j->shared, key->text) == NULL))
			unknown_key(j, key);
	}
}

static void set_check(const judged *j)
{
	need_all(j, j->set->required, j->body, "", NULL);
	need_one(j, j->set->one_of, j->body, "", NULL);
	for (size_t i = 0; i < j->set->group_count; i++)
		check_group(j, &j->set->groups[i]);
	check_keys(j);
}

void check_set(loader *l, const tool_kind *set, const yaml_node *body, const schema_node *shared, bool named,
	       const where *w)
{
	set_check(
	    &(judged){.l = l, .set = set, .body = body, .w = w, .shared = shared, .plugin = set->name, .named = named});
	check_auth(l, set->auth, set->name, body, w);
}

void check_inputs(loader *l, const tool_kind *kind, const yaml_node *body, bool named, const where *w)
{
	check_set(l, kind, body, &schema_task, named, w);
}

void check_stray_keys(loader *l, const tool_kind *near, const yaml_node *body, const where *w)
{
	static const tool_kind nothing = {.name = "", .what = "a task"};

	check_keys(&(judged){.l = l,
			     .set = near != NULL ? near : &nothing,
			     .body = body,
			     .w = w,
			     .shared = &schema_task,
			     .only_slips = true});
}
