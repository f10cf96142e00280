/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kv_keys: a consumer of the bucket's stream that gives the last message of each key, without its value, fetched a
 * batch at a time. The server forgets it by itself when nobody fetches any more.
 */
#include "plugins/actions/nats/fault.h"
#include "plugins/actions/nats/message.h"
#include "plugins/actions/nats/operations.h"

#include <string.h>
#include <troupe/codec.h>

#define BATCH      500
#define FORGET_NS  (30 * TR_SECOND)
#define STATUS_END 400 /* of a batch: 404 no more messages, 408 the time is over, 409 the consumer is gone */

typedef struct listing {
	nats_task *task;
	const char *bucket;
	tr_value stream, consumer;
	tr_value own;  /* how its messages are known */
	size_t head;   /* letters of a subject in front of the key */
	tr_value keys; /* map: key -> true */
	int64_t left;  /* messages that are still to come */
	int64_t max;
} listing;

static tr_value create(listing *l, const char *filter, const char *what)
{
	tr_value fault, answer;
	tr_value subject = tr_own_value(tr_stringf("$JS.API.CONSUMER.CREATE.%s", tr_as_cstr(l->stream, "")));
	tr_value config =
	    TR_DICT("deliver_policy", tr_string("last_per_subject"), "ack_policy", tr_string("explicit"),
		    "max_ack_pending", tr_int(-1), "max_deliver", tr_int(1), "filter_subject",
		    tr_stringf("$KV.%s.%s", l->bucket, filter), "headers_only", tr_bool(true), "inactive_threshold",
		    tr_int(FORGET_NS), "mem_storage", tr_bool(true), "num_replicas", tr_int(1));
	tr_value request = tr_own_value(TR_DICT("stream_name", tr_keep(l->stream), "config", config));

	answer = nats_ask_api(l->task, tr_as_cstr(subject, ""), request, what, NULL, &fault);
	if (!tr_is_valid(answer))
		return fault;
	answer = tr_own_value(answer);
	l->consumer = tr_map_get_s(answer, "name");
	l->own = tr_own_value(tr_stringf(".%s.%s.", tr_as_cstr(l->stream, ""), tr_as_cstr(l->consumer, "?")));
	l->left = tr_as_int(tr_map_get_s(answer, "num_pending"), 0);
	return tr_absent();
}

static void take(listing *l, tr_value m)
{
	tr_str subject = tr_as_str(tr_map_get_s(m, "subject"));
	bool deleted = tr_is_valid(TR_GET(m, "headers", "KV-Operation"));

	if (subject.n <= l->head)
		return;
	tr_value key = tr_string_lossy(subject.p + l->head, subject.n - l->head);
	if (deleted) {
		l->keys = tr_map_del(l->keys, key);
		tr_drop(key);
	} else {
		l->keys = tr_map_put(l->keys, key, tr_bool(true));
	}
	l->left--;
}

/* Ask for a batch and take what comes. Absent, or an outcome. *ended: the server has no more. */
static tr_value fetch(listing *l, const char *next, bool *ended)
{
	nats_ask *a = nats_ask_open(l->task, next, tr_as_cstr(l->own, NULL));
	int64_t wanted = l->left < BATCH ? l->left : BATCH;
	tr_value fault = tr_absent(), why, text = tr_stringf("{\"batch\":%lld,\"no_wait\":true}", (long long)wanted);
	natsMsg *m = a == NULL ? NULL : message_raw(next, tr_as_cstr(a->reply, ""), tr_as_str(text), tr_absent(), &why);

	tr_drop(text);
	if (m == NULL)
		return tr_outcome_error("busy", true, "nats: out of memory");
	fault = nats_ask_send(l->task, m, next, false);
	while (!tr_is_valid(fault) && !*ended && wanted > 0) {
		tr_value answer = nats_ask_next(a, l->task->deadline, &fault);
		*ended = tr_as_int(tr_map_get_s(answer, "status"), 0) >= STATUS_END;
		if (tr_is_valid(answer) && !*ended) {
			take(l, answer);
			wanted--;
		}
		tr_drop(answer);
	}
	nats_ask_close(a);
	return fault;
}

static tr_value fetch_all(listing *l)
{
	tr_value next = tr_own_value(
	    tr_stringf("$JS.API.CONSUMER.MSG.NEXT.%s.%s", tr_as_cstr(l->stream, ""), tr_as_cstr(l->consumer, "")));
	tr_value fault = tr_absent();
	bool ended = false;

	while (!tr_is_valid(fault) && !ended && l->left > 0) {
		fault = fetch(l, tr_as_cstr(next, ""), &ended);
		if (!tr_is_valid(fault) && (int64_t)tr_map_len(l->keys) > l->max)
			fault = tr_outcome_error("too_large", false,
						 "nats: bucket %s has more than %lld keys; ask with a filter, or raise "
						 "max_keys",
						 l->bucket, (long long)l->max);
		tr_reduce(BATCH);
	}
	return fault;
}

static void forget(listing *l)
{
	tr_value subject = tr_own_value(
	    tr_stringf("$JS.API.CONSUMER.DELETE.%s.%s", tr_as_cstr(l->stream, ""), tr_as_cstr(l->consumer, "")));
	tr_value why;
	natsMsg *m = message_raw(tr_as_cstr(subject, ""), NULL, (tr_str){"", 0}, tr_absent(), &why);

	if (m != NULL)
		tr_drop(nats_ask_send(l->task, m, tr_as_cstr(subject, ""), false));
}

static bool names_ok(const char *bucket, const char *filter)
{
	return strcspn(bucket, " .*>/\\\t\r\n") == strlen(bucket) && strlen(bucket) <= 255 &&
	       strcspn(filter, " \t\r\n") == strlen(filter) && strlen(filter) <= 1000;
}

tr_value nats_kv_keys(nats_task *t)
{
	listing l = {.task = t, .keys = tr_map()};
	const char *filter = nats_task_text(t, "filter");
	tr_value fault = nats_task_need(t, "bucket", &l.bucket), out = tr_array(),
		 max = tr_map_get_s(t->input, "max_keys");

	l.max = tr_as_int(tr_is_valid(max) ? max : tr_map_get_s(t->config, "max_keys"), 0);
	filter = filter == NULL ? ">" : filter;
	if (!tr_is_valid(fault) && !names_ok(l.bucket, filter))
		fault = tr_outcome_error("input", false, "nats: bucket or filter has letters that it may not have");
	if (!tr_is_valid(fault)) {
		tr_value what = tr_own_value(tr_stringf("kv_keys of bucket %s", l.bucket));
		l.stream = tr_own_value(tr_stringf("KV_%s", l.bucket));
		l.head = strlen("$KV.") + strlen(l.bucket) + 1;
		fault = nats_fault_bucket(create(&l, filter, tr_as_cstr(what, "")), l.bucket);
	}
	if (!tr_is_valid(fault)) {
		fault = fetch_all(&l);
		forget(&l);
	}
	for (size_t i = 0; i < tr_map_len(l.keys); i++)
		out = tr_array_push(out, tr_keep(tr_map_entries(l.keys)[i].key));
	tr_drop(l.keys);
	if (tr_is_valid(fault)) {
		tr_drop(out);
		return fault;
	}
	int64_t count = (int64_t)tr_array_len(out);
	return tr_outcome_ok(TR_DICT("status", tr_string("success"), "bucket", tr_string(l.bucket), "keys", out,
				     "count", tr_int(count)));
}
