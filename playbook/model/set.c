/* SPDX-License-Identifier: Apache-2.0 */
/* Writes: set_iter, set_vars, set_ctx, set_shared, set_prev, and `set` with its prefixes. */
#include "playbook/model/loader.h"
#include <string.h>

void sets_reserve(loader *l, set_list *to, const yaml_node *const *nodes, size_t count, size_t more)
{
	size_t room = more;
	for (size_t i = 0; i < count; i++)
		room += nodes[i] != NULL && nodes[i]->kind == YAML_MAPPING ? nodes[i]->count : 0;
	to->items = arena_alloc_array(l->mem, room, sizeof(pb_set));
	to->count = 0;
}

/* A part of a name, as templates can read it: letters, digits, '_', and with [] also '-'. */
static bool part_ok(tr_str part)
{
	for (size_t i = 0; i < part.n; i++) {
		unsigned char c = (unsigned char)part.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
		if (!letter && !(i > 0 && ((c >= '0' && c <= '9') || c == '-')))
			return false;
	}
	return part.n > 0;
}

/* Dotted names without empty parts. */
static bool name_ok(tr_str name)
{
	while (name.n > 0) {
		const char *dot = memchr(name.p, '.', name.n);
		size_t n = dot == NULL ? name.n : (size_t)(dot - name.p);
		if (!part_ok((tr_str){name.p, n}))
			return false;
		if (dot == NULL)
			return true;
		name = (tr_str){dot + 1, name.n - n - 1};
	}
	return false;
}

/* set_vars: { vars.x: … }: NULL, or the scope that is said twice. */
static const char *said_twice(pb_set_target target, tr_str name)
{
	static const char *const scopes[] = {[PB_SET_ITER] = "iter", [PB_SET_VARS] = "vars", [PB_SET_CTX] = "ctx"};
	const char *scope = target <= PB_SET_CTX ? scopes[target] : "vars";
	size_t n = strlen(scope);

	return name.n > n && memcmp(name.p, scope, n) == 0 && name.p[n] == '.' ? scope : NULL;
}

static bool key_ok(loader *l, pb_set_target target, const yaml_node *key, tr_str name, const where *w)
{
	const char *twice = said_twice(target, name);
	char hint[120] = "a write names one value, with letters, digits and '_', such as set_ctx: { total: … }";

	if (is_text(key) && name_ok(name) && twice == NULL)
		return true;
	if (twice != NULL)
		(void)snprintf(hint, sizeof hint, "write '%.*s': it is '%s' that is written to",
			       (int)(name.n - strlen(twice) - 1), name.p + strlen(twice) + 1, twice);
	load_fault(l, w, key, "bad-name", hint, "'%.*s' is no name to write to", TR_STR(key->text));
	return false;
}

static const char *const reducer_names[] = {"add", "append", "max", "min", "merge", "first", "last"};

static pb_reducer reducer_of(loader *l, const yaml_node *key, const where *w)
{
	suggestion s = load_suggestion(l, key->text);
	for (size_t i = 0; i < sizeof reducer_names / sizeof *reducer_names; i++) {
		if (tr_str_is(key->text, reducer_names[i]))
			return (pb_reducer)((size_t)PB_REDUCE_ADD + i);
		suggest_offer(&s, tr_s(reducer_names[i]));
	}
	char hint[120];
	load_fault(l, w, key, "bad-reducer", suggest_text(&s, hint, sizeof hint),
		   "'%.*s' is no reducer: it is one of add, append, max, min, merge, first, last", TR_STR(key->text));
	return PB_REDUCE_NONE;
}

static void shared_write(loader *l, tr_str name, const yaml_node *v, const where *w, set_list *to)
{
	if (v->kind != YAML_MAPPING || v->count != 1) {
		load_fault(l, w, v, "bad-reducer", "such as set_shared: { total: { add: 1 } }",
			   "a shared write takes one reducer: add, append, max, min, merge, first or last");
		return;
	}
	pb_reducer reducer = reducer_of(l, v->pairs[0].key, w);
	where here = where_key(w, v->pairs[0].key->text);
	const pb_expr *value = expr_of(l, v->pairs[0].value, &here);
	if (reducer != PB_REDUCE_NONE && to->items != NULL)
		to->items[to->count++] = (pb_set){
		    .target = PB_SET_SHARED, .key = arena_str(l->mem, name), .reducer = reducer, .value = value};
}

static void write_add(loader *l, pb_set_target target, const yaml_node *key, tr_str name, const yaml_node *v,
		      const where *w, set_list *to)
{
	if (!key_ok(l, target, key, name, w))
		return;
	if (target == PB_SET_SHARED) {
		shared_write(l, name, v, w, to);
		return;
	}
	const pb_expr *value = expr_of(l, v, w);
	if (to->items != NULL)
		to->items[to->count++] = (pb_set){.target = target, .key = arena_str(l->mem, name), .value = value};
}

void sets_of_scope(loader *l, const yaml_node *n, pb_set_target target, const where *w, set_list *to)
{
	for (size_t i = 0; n != NULL && n->kind == YAML_MAPPING && i < n->count; i++) {
		where here = where_key(w, n->pairs[i].key->text);
		write_add(l, target, n->pairs[i].key, n->pairs[i].key->text, n->pairs[i].value, &here, to);
	}
}

void sets_of_prev(loader *l, const yaml_node *n, const where *w, set_list *to)
{
	if (n == NULL)
		return;
	const pb_expr *value = expr_of(l, n, w);
	if (to->items != NULL)
		to->items[to->count++] = (pb_set){.target = PB_SET_PREV, .key = LITERAL(""), .value = value};
}

static const struct {
	const char *prefix;
	pb_set_target target;
} prefixes[] = {{"iter.", PB_SET_ITER},
		{"ctx.", PB_SET_CTX},
		{"step.", PB_SET_VARS},
		{"vars.", PB_SET_VARS},
		{"shared.", PB_SET_SHARED}};

static const char *const immutable[] = {"workload", "args", "env", "keychain", "steps", "event", "outcome", "output"};

/* workload.x and the like cannot be written. */
static bool is_immutable(tr_str name)
{
	for (size_t i = 0; i < sizeof immutable / sizeof *immutable; i++) {
		size_t n = strlen(immutable[i]);
		if (name.n > n && memcmp(name.p, immutable[i], n) == 0 && name.p[n] == '.')
			return true;
	}
	return false;
}

static void mixed_write(loader *l, const yaml_pair *pair, pb_set_target bare, const where *w, set_list *to)
{
	tr_str name = pair->key->text;
	if (tr_str_is(name, "_prev")) {
		sets_of_prev(l, pair->value, w, to);
		return;
	}
	if (is_immutable(name)) {
		load_fault(l, w, pair->key, "immutable", "write to ctx, step (vars) or iter",
			   "'%.*s' cannot be written: its scope does not change", TR_STR(name));
		return;
	}
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		size_t n = strlen(prefixes[i].prefix);
		if (name.n >= n && memcmp(name.p, prefixes[i].prefix, n) == 0) {
			write_add(l, prefixes[i].target, pair->key, (tr_str){name.p + n, name.n - n}, pair->value, w,
				  to);
			return;
		}
	}
	write_add(l, bare, pair->key, name, pair->value, w, to);
}

void sets_of_mixed(loader *l, const yaml_node *n, pb_set_target bare, const where *w, set_list *to)
{
	for (size_t i = 0; n != NULL && n->kind == YAML_MAPPING && i < n->count; i++) {
		where here = where_key(w, n->pairs[i].key->text);
		mixed_write(l, &n->pairs[i], bare, &here, to);
	}
}
