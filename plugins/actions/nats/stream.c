/* SPDX-License-Identifier: Apache-2.0 */
/* js_publish and js_get: messages that a stream keeps, over JetStream's API (subjects $JS.API.…, answers in JSON). */
#include "plugins/actions/nats/fault.h"
#include "plugins/actions/nats/message.h"
#include "plugins/actions/nats/operations.h"

#include <string.h>
#include <strings.h>
#include <troupe/codec.h>

#define NO_MESSAGE 10037 /* err_code */

/* ---- reading ---- */

/* What the API gives of a stored message. Takes v. */
static tr_value unpack(tr_value v, const char *what, tr_value *fault)
{
	tr_value m = tr_map_get_s(v, "message"), out = tr_absent();
	tr_buf data = {0}, head = {0};
	tr_err err = tr_base64_read(&data, tr_as_str(tr_map_get_s(m, "data")));

	if (err == TR_OK)
		err = tr_base64_read(&head, tr_as_str(tr_map_get_s(m, "hdrs")));
	if (err != TR_OK || !tr_is(m, TR_MAP))
		*fault = tr_outcome_error("nats", true, "nats: %s: the server's answer holds no message", what);
	else
		out = TR_DICT("subject", tr_keep(tr_map_get_s(m, "subject")), "seq", tr_keep(tr_map_get_s(m, "seq")),
			      "data", tr_binary(data.p == NULL ? "" : data.p, data.n), "headers",
			      message_headers(tr_buf_str(&head)), "time", tr_keep(tr_map_get_s(m, "time")));
	tr_buf_fini(&data);
	tr_buf_fini(&head);
	tr_drop(v);
	return out;
}

tr_value nats_stored(nats_task *t, const char *stream, const char *subject, int64_t seq, const char *what,
		     tr_value *fault)
{
	tr_value where = tr_own_value(tr_stringf("$JS.API.STREAM.MSG.GET.%s", stream));
	tr_value request =
	    tr_own_value(seq > 0 ? TR_DICT("seq", tr_int(seq)) : TR_DICT("last_by_subj", tr_string(subject)));
	tr_value error, v = nats_ask_api(t, tr_as_cstr(where, ""), request, what, &error, fault);

	if (tr_is_valid(v))
		return unpack(v, what, fault);
	if (tr_is_valid(error) && tr_as_int(tr_map_get_s(error, "err_code"), 0) != NO_MESSAGE)
		*fault = nats_fault_api(error, what);
	tr_drop(error);
	return tr_absent();
}

/* ---- writing ---- */

/* Nobody answered a message that is to be stored: no stream takes its subject, or the server keeps none at all. */
static tr_value nobody_stores(nats_task *t, const char *subject, const char *what)
{
	tr_value error, fault = tr_absent();

	tr_drop(nats_ask_api(t, "$JS.API.INFO", tr_absent(), what, &error, &fault));
	if (tr_is_valid(error)) /* not for this account */
		fault = nats_fault_api(error, what);
	tr_drop(error);
	if (tr_str_is(tr_as_str(TR_GET(fault, "error", "kind")), "unavailable"))
		return fault;
	tr_drop(fault);
	return tr_outcome_error("not_found", false, "nats: %s: no stream takes the subject %s", what, subject);
}

tr_value nats_store(nats_task *t, const char *subject, tr_value data, tr_value headers, const char *what,
		    tr_value *fault)
{
	tr_value answer = nats_ask_once(t, subject, data, headers, fault), ack;

	if (!tr_is_valid(answer)) {
		if (tr_str_is(tr_as_str(TR_GET(*fault, "error", "kind")), "no_responders"))
			tr_assign(fault, nobody_stores(t, subject, what));
		return answer;
	}
	ack = nats_ask_read(answer, what, NULL, fault);
	tr_drop(answer);
	if (tr_is_valid(ack) && !tr_is(tr_map_get_s(ack, "seq"), TR_INT)) {
		*fault = tr_outcome_error("nats", false, "nats: %s: what answers at %s is no stream", what, subject);
		tr_drop(ack);
		return tr_absent();
	}
	return ack;
}

/* ---- operations ---- */

static bool stream_name(const char *name)
{
	return strcspn(name, " \t\r\n.*>/\\") == strlen(name) && strlen(name) <= 255;
}

/* A message of a task is stored once, however often the task is tried: the stream knows it by its id. */
static tr_value with_id(const nats_task *t)
{
	tr_value headers = tr_map_get_s(t->input, "headers"), key = tr_map_get_s(t->context, "idempotency_key");

	headers = tr_is(headers, TR_MAP) ? tr_keep(headers) : tr_map();
	for (size_t i = 0; i < tr_map_len(headers); i++)
		if (strcasecmp(tr_as_cstr(tr_map_entries(headers)[i].key, ""), "Nats-Msg-Id") == 0)
			return headers;
	return tr_is(key, TR_STRING) ? tr_map_put_s(headers, "Nats-Msg-Id", tr_keep(key)) : headers;
}

tr_value nats_js_publish(nats_task *t)
{
	const char *subject, *stream = nats_task_text(t, "stream");
	tr_value fault = nats_task_need(t, "subject", &subject), ack, headers;

	if (!tr_is_valid(fault))
		fault = nats_subject_check(subject);
	if (tr_is_valid(fault))
		return fault;
	headers = with_id(t);
	if (stream != NULL)
		headers = tr_map_put_s(headers, "Nats-Expected-Stream", tr_string(stream));
	headers = tr_own_value(headers);
	ack = nats_store(t, subject, tr_map_get_s(t->input, "data"), headers, "js_publish", &fault);
	if (!tr_is_valid(ack))
		return fault;
	tr_value out = TR_DICT("status", tr_string("success"), "subject", tr_string(subject), "stream",
			       tr_keep(tr_map_get_s(ack, "stream")), "seq", tr_keep(tr_map_get_s(ack, "seq")),
			       "duplicate", tr_bool(tr_as_bool(tr_map_get_s(ack, "duplicate"), false)));
	tr_drop(ack);
	return tr_outcome_ok(out);
}

static tr_value absent_message(const char *stream, const char *subject, int64_t seq)
{
	return tr_outcome_ok(TR_DICT("status", tr_string("not_found"), "stream", tr_string(stream), "subject",
				     subject == NULL ? tr_nil() : tr_string(subject), "seq",
				     seq > 0 ? tr_int(seq) : tr_nil(), "data", tr_nil()));
}

tr_value nats_js_get(nats_task *t)
{
	const char *stream, *subject = nats_task_text(t, "subject");
	tr_value fault = nats_task_need(t, "stream", &stream), m;
	int64_t seq = tr_as_int(tr_map_get_s(t->input, "seq"), 0);

	if (tr_is_valid(fault))
		return fault;
	if (!stream_name(stream) || (seq > 0) == (subject != NULL))
		return tr_outcome_error("input", false,
					"nats: js_get needs stream, and either seq (from 1) or subject (then the last "
					"message of it)");
	tr_value what = tr_own_value(tr_stringf("js_get of stream %s", stream));
	m = nats_stored(t, stream, subject, seq, tr_as_cstr(what, ""), &fault);
	if (tr_is_valid(fault))
		return fault;
	if (!tr_is_valid(m))
		return absent_message(stream, subject, seq);
	tr_value out = TR_DICT("status", tr_string("success"), "stream", tr_string(stream), "subject",
			       tr_keep(tr_map_get_s(m, "subject")), "seq", tr_keep(tr_map_get_s(m, "seq")), "time",
			       tr_keep(tr_map_get_s(m, "time")));
	out = nats_put_content(out, "data", m);
	tr_drop(m);
	return tr_outcome_ok(out);
}
