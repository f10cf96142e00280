/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets of a node: texts that no log, event or artifact may show. Found by the first four bytes through a small hash
 * table, so that a text is read once however many secrets there are. Any thread.
 */

#include <pthread.h>
#include <string.h>
#include <troupe/codec.h>
#include <troupe/log.h>
#include <troupe/node.h>

#define BUCKETS   4096u
#define DEPTH_MAX 200
#define MASK      "***"

typedef struct secret {
	struct secret *next; /* in its bucket, longest first */
	tr_value instead;    /* for a text that is nothing else; absent: the mask */
	size_t n;
	char text[];
} secret;

typedef struct redactor {
	pthread_rwlock_t lock;
	size_t count;
	secret *buckets[BUCKETS];
} redactor;

static uint32_t bucket_of(const char *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return (v * UINT32_C(2654435761)) >> 20;
}

static void redactor_free(void *arg)
{
	redactor *r = arg;

	for (size_t i = 0; i < BUCKETS; i++) {
		while (r->buckets[i] != NULL) {
			secret *s = r->buckets[i];
			r->buckets[i] = s->next;
			tr_drop(s->instead);
			memset(s->text, 0, s->n);
			tr_free(s);
		}
	}
	pthread_rwlock_destroy(&r->lock);
	tr_free(r);
}

static redactor *redactor_of(tr_node *node, bool make)
{
	redactor *r = tr_node_get(node, TR_SLOT_REDACT);

	if (r != NULL || !make)
		return r;
	r = tr_alloc(sizeof(*r));
	if (r == NULL)
		return NULL;
	memset(r, 0, sizeof(*r));
	pthread_rwlock_init(&r->lock, NULL);
	if (tr_node_set(node, TR_SLOT_REDACT, r, redactor_free) == TR_OK)
		return r;
	redactor_free(r); /* another actor was first */
	return tr_node_get(node, TR_SLOT_REDACT);
}

/* ---- adding ---- */

static tr_err insert(redactor *r, tr_str text, tr_value instead)
{
	secret **at = &r->buckets[bucket_of(text.p)];

	for (; *at != NULL && (*at)->n >= text.n; at = &(*at)->next)
		if ((*at)->n == text.n && memcmp((*at)->text, text.p, text.n) == 0)
			return TR_OK;
	secret *s = tr_alloc(sizeof(*s) + text.n);
	if (s == NULL)
		return TR_ENOMEM;
	s->n = text.n;
	s->instead = tr_is_valid(instead) ? tr_keep(instead) : tr_absent();
	memcpy(s->text, text.p, text.n);
	s->next = *at;
	*at = s;
	r->count++;
	return TR_OK;
}

/* The same secret as it stands inside JSON text and in a URL. */
static tr_err insert_forms(redactor *r, tr_str text)
{
	static const char digits[] = "0123456789ABCDEF";
	tr_buf json = {0}, url = {0};
	tr_value v = tr_string_lossy(text.p, text.n);

	(void)tr_json_write(&json, v, TR_JSON_COMPACT);
	tr_drop(v);
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     strchr("-._~", c) != NULL;
		if (!plain)
			tr_buf_putc(&url, '%');
		tr_buf_putc(&url, plain ? (char)c : digits[c >> 4]);
		if (!plain)
			tr_buf_putc(&url, digits[c & 15]);
	}
	tr_err err = json.err != TR_OK || url.err != TR_OK ? TR_ENOMEM : TR_OK;
	if (err == TR_OK && json.n > text.n + 2)
		err = insert(r, (tr_str){json.p + 1, json.n - 2}, tr_absent());
	if (err == TR_OK && url.n > text.n)
		err = insert(r, tr_buf_str(&url), tr_absent());
	tr_buf_fini(&json);
	tr_buf_fini(&url);
	return err;
}

tr_err tr_redact_add(tr_node *node, tr_str text, tr_value instead)
{
	if (text.n < TR_SECRET_MIN)
		return TR_EINVAL;
	redactor *r = redactor_of(node, true);
	if (r == NULL)
		return TR_ENOMEM;
	pthread_rwlock_wrlock(&r->lock);
	tr_err err = insert(r, text, instead);
	if (err == TR_OK)
		err = insert_forms(r, text);
	pthread_rwlock_unlock(&r->lock);
	return err;
}

bool tr_redact_name(tr_str name)
{
	static const char *const parts[] = {"pass", "token", "secret", "key", "dsn", "private", "connection_string"};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (memmem(name.p, name.n, parts[i], strlen(parts[i])) != NULL)
			return true;
	return false;
}

/* ---- hiding; under the read lock ---- */

/* The secret that begins at p, NULL when none does. */
static const secret *found(const redactor *r, const char *p, size_t left)
{
	for (const secret *s = r->buckets[bucket_of(p)]; s != NULL; s = s->next)
		if (s->n <= left && memcmp(s->text, p, s->n) == 0)
			return s;
	return NULL;
}

/* Where the first one begins, text.n when there is none. */
static size_t first_in(const redactor *r, tr_str text)
{
	for (size_t i = 0; i + 4 <= text.n; i++)
		if (r->buckets[bucket_of(text.p + i)] != NULL && found(r, text.p + i, text.n - i) != NULL)
			return i;
	return text.n;
}

static tr_value hide_text(const redactor *r, tr_value v)
{
	tr_str text = tr_as_str(v);
	size_t at = first_in(r, text);
	tr_buf out = {0};

	if (at == text.n)
		return v;
	const secret *whole = at == 0 ? found(r, text.p, text.n) : NULL;
	if (whole != NULL && whole->n == text.n && tr_is_valid(whole->instead)) {
		tr_drop(v);
		return tr_keep(whole->instead);
	}
	tr_buf_put(&out, text.p, at);
	while (at < text.n) {
		const secret *s = at + 4 <= text.n ? found(r, text.p + at, text.n - at) : NULL;
		if (s != NULL)
			tr_buf_puts(&out, MASK);
		else
			tr_buf_putc(&out, text.p[at]);
		at += s != NULL ? s->n : 1;
	}
	tr_value hidden = out.err != TR_OK      ? tr_invalid(TR_ENOMEM)
			  : tr_is(v, TR_BINARY) ? tr_binary(out.p, out.n)
						: tr_string_n(out.p, out.n);
	tr_buf_fini(&out);
	tr_drop(v);
	return hidden;
}

static bool holds(const redactor *r, tr_value v, int depth)
{
	if (tr_is(v, TR_STRING) || tr_is(v, TR_BINARY))
		return first_in(r, tr_as_str(v)) < tr_as_str(v).n;
	if (v.type < (uint32_t)TR_ARRAY || depth == 0)
		return false;
	const tr_value *items = tr_array_items(v);
	for (size_t i = 0, n = tr_array_len(v); i < n; i++)
		if (items[i].type >= (uint32_t)TR_STRING && holds(r, items[i], depth - 1))
			return true;
	const tr_entry *e = tr_map_entries(v);
	for (size_t i = 0, n = tr_map_len(v); i < n; i++)
		if (holds(r, e[i].key, 1) ||
		    (e[i].value.type >= (uint32_t)TR_STRING && holds(r, e[i].value, depth - 1)))
			return true;
	return false;
}

/* Takes v. */
static tr_value hide(const redactor *r, tr_value v, int depth)
{
	if (tr_is(v, TR_STRING) || tr_is(v, TR_BINARY))
		return hide_text(r, v);
	if (v.type < (uint32_t)TR_ARRAY || !holds(r, v, depth))
		return v;
	tr_value out = tr_is(v, TR_ARRAY) ? tr_array_with(tr_array_len(v)) : tr_map_with(tr_map_len(v));
	for (size_t i = 0, n = tr_array_len(v); i < n; i++)
		out = tr_array_push(out, hide(r, tr_keep(tr_array_at(v, i)), depth - 1));
	const tr_entry *e = tr_map_entries(v);
	for (size_t i = 0, n = tr_map_len(v); i < n; i++) {
		tr_value key = hide(r, tr_keep(e[i].key), 1);
		if (!tr_is(key, TR_STRING)) { /* what stands for a whole secret is no key */
			tr_drop(key);
			key = tr_string(MASK);
		}
		out = tr_map_put(out, key, hide(r, tr_keep(e[i].value), depth - 1));
	}
	tr_drop(v);
	return out;
}

tr_value tr_redact(tr_node *node, tr_value v)
{
	redactor *r = redactor_of(node, false);

	if (r == NULL || v.type < (uint32_t)TR_STRING)
		return v;
	pthread_rwlock_rdlock(&r->lock);
	tr_value out = hide(r, v, DEPTH_MAX);
	pthread_rwlock_unlock(&r->lock);
	return out;
}
