/* SPDX-License-Identifier: Apache-2.0 */
/* kv_get, kv_put, kv_delete. A key that was deleted is one whose last message says so. */
#include "plugins/actions/nats/fault.h"
#include "plugins/actions/nats/operations.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

typedef struct place {
	const char *bucket, *key;
	tr_value stream, subject, what; /* texts of the actor */
} place;

static bool all_of(const char *text, const char *letters, size_t max)
{
	size_t n = strspn(text, letters);

	return n > 0 && n <= max && text[n] == '\0';
}

static tr_value read_place(nats_task *t, place *p)
{
	tr_value fault = nats_task_need(t, "bucket", &p->bucket);

	if (!tr_is_valid(fault))
		fault = nats_task_need(t, "key", &p->key);
	if (tr_is_valid(fault))
		return fault;
	size_t n = strlen(p->key);
	if (!all_of(p->bucket, LETTERS, 255))
		return tr_outcome_error("input", false, "nats: a bucket's name has letters, digits, '-' and '_'");
	if (!all_of(p->key, LETTERS "/=.", 1000) || p->key[0] == '.' || p->key[n - 1] == '.' ||
	    strstr(p->key, "..") != NULL)
		return tr_outcome_error("input", false,
					"nats: a key has letters, digits and -/_=. , and no dot at its ends");
	p->stream = tr_own_value(tr_stringf("KV_%s", p->bucket));
	p->subject = tr_own_value(tr_stringf("$KV.%s.%s", p->bucket, p->key));
	p->what =
	    tr_own_value(tr_stringf("%s of key %s in bucket %s", nats_task_text(t, "operation"), p->key, p->bucket));
	return tr_absent();
}

static tr_value named(const char *status, const place *p)
{
	return TR_DICT("status", tr_string(status), "bucket", tr_string(p->bucket), "key", tr_string(p->key));
}

/* The key's last message; absent when there is none, or it says that the key was deleted. */
static tr_value look(nats_task *t, const place *p, tr_value *fault)
{
	tr_value m =
	    nats_stored(t, tr_as_cstr(p->stream, ""), tr_as_cstr(p->subject, ""), 0, tr_as_cstr(p->what, ""), fault);
	*fault = nats_fault_bucket(*fault, p->bucket);

	if (!tr_is_valid(TR_GET(m, "headers", "KV-Operation")))
		return m;
	tr_drop(m);
	return tr_absent();
}

tr_value nats_kv_get(nats_task *t)
{
	place p;
	tr_value fault = read_place(t, &p), m = tr_is_valid(fault) ? tr_absent() : look(t, &p, &fault), out;

	if (tr_is_valid(fault))
		return fault;
	if (!tr_is_valid(m))
		return tr_outcome_ok(tr_map_put_s(named("not_found", &p), "value", tr_nil()));
	out = nats_put_content(named("success", &p), "value", m);
	out = tr_map_put_s(out, "revision", tr_keep(tr_map_get_s(m, "seq")));
	out = tr_map_put_s(out, "created", tr_keep(tr_map_get_s(m, "time")));
	tr_drop(m);
	return tr_outcome_ok(out);
}

/* Write to the key, only when its last revision is this one (below 0: whatever it is). */
static tr_value write(nats_task *t, const place *p, tr_value value, tr_value headers, int64_t revision)
{
	tr_value fault, ack, out;

	if (revision >= 0)
		headers = tr_map_put_s(headers, "Nats-Expected-Last-Subject-Sequence", tr_int(revision));
	headers = tr_own_value(headers);
	ack = nats_store(t, tr_as_cstr(p->subject, ""), value, headers, tr_as_cstr(p->what, ""), &fault);
	if (!tr_is_valid(ack)) {
		/* No stream takes what is for a bucket that is not there: asking for the key tells why. */
		tr_value why = tr_absent();
		if (tr_str_is(tr_as_str(TR_GET(fault, "error", "kind")), "not_found"))
			tr_drop(look(t, p, &why));
		if (tr_is_valid(why))
			tr_assign(&fault, why);
		return fault;
	}
	out = tr_map_put_s(named("success", p), "revision", tr_keep(tr_map_get_s(ack, "seq")));
	tr_drop(ack);
	return tr_outcome_ok(out);
}

static tr_value read_revision(const nats_task *t, int64_t *revision)
{
	tr_value v = tr_map_get_s(t->input, "revision");

	*revision = tr_as_int(v, -1);
	if (!tr_is_valid(v) || tr_is_nil(v) || *revision >= 0)
		return tr_absent();
	return tr_outcome_error("input", false, "nats: revision must be a number from 0 (the key is not there)");
}

tr_value nats_kv_put(nats_task *t)
{
	place p;
	int64_t revision;
	tr_value fault = read_place(t, &p), value = tr_map_get_s(t->input, "value"), headers;

	if (!tr_is_valid(fault))
		fault = read_revision(t, &revision);
	if (tr_is_valid(fault))
		return fault;
	if (!tr_is_valid(value))
		value = tr_map_get_s(t->input, "data");
	headers = tr_map_get_s(t->input, "headers");
	return write(t, &p, tr_is_valid(value) ? value : tr_nil(), tr_is(headers, TR_MAP) ? tr_keep(headers) : tr_map(),
		     revision);
}

tr_value nats_kv_delete(nats_task *t)
{
	place p;
	int64_t revision;
	tr_value fault = read_place(t, &p), m = tr_absent();

	if (!tr_is_valid(fault))
		fault = read_revision(t, &revision);
	if (!tr_is_valid(fault))
		m = look(t, &p, &fault);
	if (tr_is_valid(fault))
		return fault;
	if (!tr_is_valid(m))
		return tr_outcome_ok(named("not_found", &p));
	tr_drop(m);
	return write(t, &p, tr_absent(), TR_DICT("KV-Operation", tr_string("DEL")), revision);
}
