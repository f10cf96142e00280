/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be said of a task's inputs before it runs: those that are written out, without a template, must make sense
 * to the kind. The kinds themselves ask again when the templates are rendered.
 */
#include "playbook/model/loader.h"
#include <string.h>

#define NAMES(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static bool is_fixed(const yaml_node *n)
{
	return n != NULL && !is_null(n) && !(is_text(n) && tr_template_has_syntax(n->text));
}

static bool is_fixed_text(const yaml_node *n)
{
	return n != NULL && is_text(n) && !tr_template_has_syntax(n->text);
}

/* Inputs may come from `args` as well, and from there as a template. */
static bool may_have(const yaml_node *body, const char *key)
{
	static const char *const shared[] = {"args", "input", "with", "payload"};

	for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
		const yaml_node *n = yaml_get(body, shared[i]);
		if (n != NULL && (n->kind != YAML_MAPPING || yaml_get(n, key) != NULL))
			return true;
	}
	return yaml_get(body, key) != NULL;
}

static void list_names(const char *const *names, tr_buf *out)
{
	for (size_t i = 0; names[i] != NULL; i++)
		tr_buf_putf(out, "%s'%s'", i == 0 ? "" : names[i + 1] == NULL ? " or " : ", ", names[i]);
}

static bool is_one_of(tr_str word, const char *const *names)
{
	for (size_t i = 0; names[i] != NULL; i++)
		if (tr_str_is(word, names[i]))
			return true;
	return false;
}

/* ---- seconds ---- */

static bool is_seconds(const yaml_node *n)
{
	return !is_fixed(n) || (n->kind == YAML_SCALAR && !is_text(n) && tr_as_float(n->value, -1) > 0);
}

static bool is_parts(const yaml_node *n)
{
	bool good = n->kind == YAML_MAPPING && n->count > 0;

	for (size_t i = 0; good && i < n->count; i++)
		good = is_one_of(n->pairs[i].key->text, NAMES("connect", "read", "total")) &&
		       is_seconds(n->pairs[i].value);
	return good;
}

static void check_timeout(loader *l, const tool_kind *kind, const yaml_node *body, const where *w)
{
	const yaml_node *n = yaml_get(body, "timeout");
	bool parts = strcmp(kind->name, "http") == 0;
	where here = where_key(w, tr_s("timeout"));

	if (kind_key_find(kind, tr_s("timeout")) == NULL || n == NULL || is_seconds(n) || (parts && is_parts(n)))
		return;
	load_fault(l, &here, n, "bad-value", is_fixed_text(n) ? "a number, without quotes and unit" : NULL,
		   parts ? "'timeout' must be seconds above 0, or a mapping of connect, read and total"
			 : "'timeout' must be seconds above 0");
}

/* ---- http ---- */

/* RFC 9110, tchar. */
static bool is_token(tr_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		if (!word && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
			return false;
	}
	return s.n > 0 && s.n < 32;
}

static void check_http(loader *l, const yaml_node *body, const where *w)
{
	static const char *const known[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"};
	const yaml_node *n = yaml_get(body, "method");
	where here = where_key(w, tr_s("method"));
	char upper[32] = "", hint[120];

	if (!is_fixed(n))
		return;
	if (!is_text(n) || !is_token(n->text)) {
		load_fault(l, &here, n, "bad-value", NULL, "'method' must be a name such as GET or POST");
		return;
	}
	for (size_t i = 0; i < n->text.n && i < sizeof upper - 1; i++)
		upper[i] = (char)(n->text.p[i] >= 'a' && n->text.p[i] <= 'z' ? n->text.p[i] - 32 : n->text.p[i]);
	suggestion s = load_suggestion(l, tr_s(upper));
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(upper, known[i]) == 0)
			return;
		suggest_offer(&s, tr_s(known[i]));
	}
	if (suggest_is_slip(&s)) /* servers may have methods of their own */
		load_fault(l, &here, n, "bad-value", suggest_text(&s, hint, sizeof hint), "no method is called '%.*s'",
			   TR_STR(n->text));
}

/* ---- kinds whose inputs depend on what they do ---- */

typedef struct need {
	const char *action;
	const char *const *all;    /* each of them */
	const char *const *one_of; /* one of them; NULL: nothing more */
} need;

static const need artifact_needs[] = {{"put", NAMES("data"), NULL},
				      {"get", NAMES("ref"), NULL},
				      {"head", NAMES("ref"), NULL},
				      {"delete", NAMES("ref"), NULL},
				      {NULL, NULL, NULL}};

static const need nats_needs[] = {{"kv_get", NAMES("bucket", "key"), NULL},
				  {"kv_put", NAMES("bucket", "key"), NAMES("value", "data")},
				  {"kv_delete", NAMES("bucket", "key"), NULL},
				  {"kv_keys", NAMES("bucket"), NULL},
				  {"publish", NAMES("subject"), NULL},
				  {"request", NAMES("subject"), NULL},
				  {"js_publish", NAMES("subject"), NULL},
				  {"js_get", NAMES("stream"), NAMES("seq", "subject")},
				  {NULL, NULL, NULL}};

static void check_needs(loader *l, const char *kind, const yaml_node *body, const char *key, const need *needs,
			const where *w)
{
	const yaml_node *action = yaml_get(body, key);
	bool found = false;

	for (; is_fixed_text(action) && needs->action != NULL; needs++) {
		if (!tr_str_is(action->text, needs->action))
			continue;
		for (size_t i = 0; needs->all[i] != NULL; i++)
			if (!may_have(body, needs->all[i]))
				load_fault(l, w, action, "missing-key", NULL, "%s of a task of kind '%s' needs '%s'",
					   needs->action, kind, needs->all[i]);
		for (size_t i = 0; needs->one_of != NULL && needs->one_of[i] != NULL; i++)
			found = found || may_have(body, needs->one_of[i]);
		if (needs->one_of == NULL || found)
			return;
		tr_buf listed = {0};
		list_names(needs->one_of, &listed);
		load_fault(l, w, action, "missing-key", NULL, "%s of a task of kind '%s' needs %s", needs->action, kind,
			   listed.p == NULL ? "" : listed.p);
		tr_buf_fini(&listed);
		return;
	}
}

static bool is_server(tr_str s)
{
	const char *colon = s.n > 3 ? memmem(s.p, s.n, "://", 3) : NULL;
	tr_str scheme = {s.p, colon == NULL ? 0 : (size_t)(colon - s.p)};
	size_t rest = colon == NULL ? s.n : s.n - scheme.n - 3;

	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ')
			return false;
	return rest > 0 && (colon == NULL || is_one_of(scheme, NAMES("nats", "tls")));
}

static void check_nats(loader *l, const yaml_node *body, const where *w)
{
	const yaml_node *n = yaml_get(body, "url");
	where here = where_key(w, tr_s("url"));
	const char *p = is_fixed_text(n) ? n->text.p : NULL, *end = p == NULL ? NULL : p + n->text.n;

	check_needs(l, "nats", body, "operation", nats_needs, w);
	if (is_fixed(n) && !is_text(n) && n->kind != YAML_SEQUENCE)
		load_fault(l, &here, n, "bad-value", "such as nats://host:4222", "'url' must be text, not %s",
			   node_kind_name(n));
	while (p != NULL && p < end) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		tr_str one = {p, (size_t)((comma == NULL ? end : comma) - p)};
		while (one.n > 0 && *one.p == ' ')
			one = (tr_str){one.p + 1, one.n - 1};
		if (!is_server(one))
			load_fault(l, &here, n, "bad-value", "such as nats://host:4222, or tls://host:4222",
				   "'%.*s' is no address of a NATS server", TR_STR(one));
		p = comma == NULL ? end : comma + 1;
	}
}

/* ---- transfer ---- */

typedef struct place {
	const char *kind;
	const char *const *source; /* one of these is needed */
	const char *const *target;
} place;

#define SQL_SOURCE NAMES("table", "query", "command", "commands", "script", "file")

static const place places[] = {
    {"http", NAMES("url", "endpoint"), NAMES("url", "endpoint")},
    {"postgres", SQL_SOURCE, NAMES("table")},
    {"duckdb", SQL_SOURCE, NAMES("table")},
    {"snowflake", SQL_SOURCE, NAMES("table")},
    {"file", NAMES("path"), NAMES("path")},
};

#define PLACE_COUNT (sizeof places / sizeof *places)

static const place *place_find(loader *l, const yaml_node *kind, const char *side, const where *w)
{
	suggestion s = load_suggestion(l, kind->text);
	where here = where_key(w, tr_s("kind"));
	char hint[120];

	for (size_t i = 0; i < PLACE_COUNT; i++) {
		if (tr_str_is(kind->text, places[i].kind))
			return &places[i];
		suggest_offer(&s, tr_s(places[i].kind));
	}
	load_fault(l, &here, kind, "bad-value", suggest_text(&s, hint, sizeof hint),
		   "the kind of a transfer's %s is 'http', 'postgres', 'duckdb', 'snowflake' or 'file', not '%.*s'",
		   side, TR_STR(kind->text));
	return NULL;
}

/* A key that is nearly one which is needed. */
static void place_slips(loader *l, const yaml_node *n, const char *const *needed, const char *side, const where *w)
{
	for (size_t i = 0; i < n->count; i++) {
		const yaml_node *key = n->pairs[i].key;
		suggestion s = load_suggestion(l, key->text);
		where here = where_key(w, key->text);
		char hint[120];
		for (size_t k = 0; needed[k] != NULL; k++)
			suggest_offer(&s, tr_s(needed[k]));
		if (!is_one_of(key->text, needed) && suggest_is_slip(&s))
			load_fault(l, &here, key, "unknown-key", suggest_text(&s, hint, sizeof hint),
				   "a transfer's %s has no key '%.*s'", side, TR_STR(key->text));
	}
}

static void check_place(loader *l, const yaml_node *body, const char *side, const where *w)
{
	const yaml_node *n = yaml_get(body, side), *kind;
	where here = where_key(w, tr_s(side));
	bool source = strcmp(side, "source") == 0, found = false;

	if (!is_fixed(n))
		return;
	if (n->kind != YAML_MAPPING) {
		load_fault(l, &here, n, "wrong-type", "such as { kind: postgres, auth: …, table: … }",
			   "'%s' must be a mapping: its kind and its keys, not %s", side, node_kind_name(n));
		return;
	}
	kind = yaml_get(n, "kind") != NULL ? yaml_get(n, "kind") : yaml_get(n, "type");
	if (kind == NULL)
		load_fault(l, &here, n, "missing-key", "http, postgres, duckdb, snowflake or file",
			   "a transfer's %s needs 'kind'", side);
	if (kind == NULL || !is_fixed_text(kind))
		return;
	const place *p = place_find(l, kind, side, &here);
	if (p == NULL)
		return;
	const char *const *needed = source ? p->source : p->target;
	for (size_t i = 0; needed[i] != NULL; i++)
		found = found || yaml_get(n, needed[i]) != NULL;
	if (found)
		return;
	tr_buf listed = {0};
	list_names(needed, &listed);
	load_fault(l, &here, n, "missing-key", NULL, "a transfer's %s of kind '%s' needs %s", side, p->kind,
		   listed.p == NULL ? "" : listed.p);
	tr_buf_fini(&listed);
	place_slips(l, n, needed, side, &here);
}

static void check_transfer(loader *l, const yaml_node *body, const where *w)
{
	const yaml_node *mode = yaml_get(body, "mode"), *to = yaml_get(body, "target");
	const yaml_node *chunk = yaml_get(body, "chunk_size"), *mapping = yaml_get(body, "mapping");
	where wchunk = where_key(w, tr_s("chunk_size")), wmapping = where_key(w, tr_s("mapping"));

	check_place(l, body, "source", w);
	check_place(l, body, "target", w);
	if (is_fixed(chunk) &&
	    (chunk->kind != YAML_SCALAR || tr_as_int(chunk->value, 0) < 1 || !tr_is(chunk->value, TR_INT)))
		load_fault(l, &wchunk, chunk, "bad-value", NULL, "'chunk_size' must be a whole number of rows above 0");
	if (is_fixed(mapping) && mapping->kind != YAML_MAPPING)
		load_fault(l, &wmapping, mapping, "wrong-type", NULL,
			   "'mapping' must be a mapping, target column to source column, not %s",
			   node_kind_name(mapping));
	bool keys =
	    may_have(body, "key") || may_have(body, "keys") ||
	    (to != NULL && (to->kind != YAML_MAPPING || yaml_get(to, "key") != NULL || yaml_get(to, "keys") != NULL));
	if (mode != NULL && is_text(mode) && tr_str_is(mode->text, "upsert") && !keys)
		load_fault(l, w, mode, "missing-key", NULL, "upsert needs 'key': the columns that identify a row");
}

void check_inputs(loader *l, const tool_kind *kind, const yaml_node *body, const where *w)
{
	check_timeout(l, kind, body, w);
	if (strcmp(kind->name, "http") == 0)
		check_http(l, body, w);
	else if (strcmp(kind->name, "nats") == 0)
		check_nats(l, body, w);
	else if (strcmp(kind->name, "artifact") == 0)
		check_needs(l, "artifact", body, "action", artifact_needs, w);
	else if (strcmp(kind->name, "transfer") == 0)
		check_transfer(l, body, w);
}
