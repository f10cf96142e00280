/* SPDX-License-Identifier: Apache-2.0 */
/* Messages out on the dirty pool, answers in as messages to the actor. */
#include "plugins/actions/nats/ask.h"
#include "plugins/actions/nats/fault.h"
#include "plugins/actions/nats/message.h"
#include "plugins/actions/nats/pool.h"

#include <troupe/codec.h>

#define FLUSH_NS (10 * TR_SECOND)

/* ---- the task ---- */

tr_value nats_task_connect(nats_task *t, bool bulk)
{
	tr_value fault;

	t->session = nats_pool_borrow(t->plugin, t->target, bulk, t->deadline, &fault);
	t->s = nats_session_of(t->session);
	return fault;
}

const char *nats_task_text(const nats_task *t, const char *key)
{
	tr_value v = tr_map_get_s(t->input, key);

	return tr_is(v, TR_STRING) && tr_as_str(v).n > 0 ? tr_as_cstr(v, NULL) : NULL;
}

tr_value nats_task_need(const nats_task *t, const char *key, const char **out)
{
	*out = nats_task_text(t, key);
	if (*out != NULL)
		return tr_absent();
	return tr_outcome_error("input", false, "nats: %s needs %s, a text", nats_task_text(t, "operation"), key);
}

/* ---- out ---- */

typedef struct sending {
	nats_session *session;
	natsMsg *message;
	int64_t confirm_ms;
	natsStatus status;
} sending;

static void *send_it(void *arg)
{
	sending *o = arg;

	o->status = nats_session_send(o->session, o->message, o->confirm_ms);
	natsMsg_Destroy(o->message);
	return NULL;
}

static int64_t confirm_ms(int64_t deadline)
{
	int64_t left = deadline == TR_FOREVER ? FLUSH_NS : deadline - tr_now();

	return left > FLUSH_NS ? FLUSH_NS / TR_MS : left < TR_MS ? 1 : left / TR_MS;
}

tr_value nats_ask_send(nats_task *t, natsMsg *m, const char *subject, bool confirm)
{
	sending o = {.session = t->s, .message = m, .confirm_ms = confirm ? confirm_ms(t->deadline) : 0};
	tr_err err;

	(void)tr_dirty(send_it, &o, &err);
	if (err != TR_OK) {
		natsMsg_Destroy(m);
		return tr_outcome_error("busy", true, "nats: the message to %s could not be sent: %s", subject,
					tr_err_text(err));
	}
	if (o.status != NATS_OK)
		return nats_fault_send(o.status, subject);
	return confirm && nats_session_refused(t->s, subject) ? nats_fault_denied(subject) : tr_absent();
}

/* ---- in ---- */

static void ask_end(void *arg)
{
	nats_ask *a = arg;

	nats_session_forget(nats_session_of(a->session), &a->question);
	tr_drop(a->session);
	tr_drop(a->reply);
	tr_free(a);
}

nats_ask *nats_ask_open(nats_task *t, const char *subject, const char *consumer)
{
	nats_ask *a = tr_alloc(sizeof(*a));

	if (a == NULL)
		return NULL;
	*a = (nats_ask){.session = tr_keep(t->session), .subject = subject};
	a->question =
	    (nats_question){.asker = tr_self(), .ref = tr_make_ref(), .subject = subject, .consumer = consumer};
	nats_session_expect(t->s, &a->question, &a->reply);
	return tr_own(a, ask_end) == TR_OK ? a : NULL;
}

void nats_ask_close(nats_ask *a)
{
	tr_disown(a);
	ask_end(a);
}

tr_value nats_ask_next(nats_ask *a, int64_t deadline, tr_value *fault)
{
	tr_value message = tr_receive_ref(a->question.ref, deadline), what = tr_array_at(message, 2);
	tr_value answer = tr_absent();

	*fault = tr_absent();
	if (!tr_is_valid(message))
		*fault = nats_fault_late(a->subject);
	else if (!tr_is(what, TR_MAP))
		*fault =
		    tr_str_is(tr_as_str(what), "denied") ? nats_fault_denied(a->subject) : nats_fault_lost(a->subject);
	else if (tr_as_int(tr_map_get_s(what, "status"), 0) == 503)
		*fault = nats_fault_nobody(a->subject);
	else
		answer = tr_keep(what);
	tr_drop(message);
	return answer;
}

/* ---- both ---- */

/* Takes m. */
static tr_value exchange(nats_task *t, nats_ask *a, natsMsg *m, tr_value *fault)
{
	*fault = nats_ask_send(t, m, a->subject, false);
	return tr_is_valid(*fault) ? tr_absent() : nats_ask_next(a, t->deadline, fault);
}

static tr_value refused_input(const char *subject, tr_value why)
{
	tr_value fault = tr_outcome_error("input", false, "nats: the message to %s: %s", subject, tr_as_cstr(why, "?"));

	tr_drop(why);
	return fault;
}

tr_value nats_ask_once(nats_task *t, const char *subject, tr_value data, tr_value headers, tr_value *fault)
{
	nats_ask *a = nats_ask_open(t, subject, NULL);
	tr_value answer = tr_absent(), why;

	if (a == NULL) {
		*fault = tr_outcome_error("busy", true, "nats: out of memory");
		return answer;
	}
	natsMsg *m = message_make(subject, tr_as_cstr(a->reply, ""), data, headers, &why);
	if (m == NULL)
		*fault = refused_input(subject, why);
	else
		answer = exchange(t, a, m, fault);
	nats_ask_close(a);
	return answer;
}

/* ---- JetStream's API ---- */

tr_value nats_ask_read(tr_value answer, const char *what, tr_value *error, tr_value *fault)
{
	tr_str bytes = tr_as_str(tr_map_get_s(answer, "data"));
	tr_value v = tr_json_read(bytes, NULL, NULL), said = tr_map_get_s(v, "error");

	if (!tr_is(v, TR_MAP))
		*fault = tr_outcome_error("nats", false, "nats: %s: the answer is no JSON mapping", what);
	else if (tr_is(said, TR_MAP) && error != NULL)
		*error = tr_keep(said);
	else if (tr_is(said, TR_MAP))
		*fault = nats_fault_api(said, what);
	else
		return v;
	tr_drop(v);
	return tr_absent();
}

tr_value nats_ask_api(nats_task *t, const char *subject, tr_value request, const char *what, tr_value *error,
		      tr_value *fault)
{
	nats_ask *a = nats_ask_open(t, subject, NULL);
	tr_buf json = {0};
	tr_value why, result = tr_absent(), answer = tr_absent();

	if (error != NULL)
		*error = tr_absent();
	if (a == NULL || (tr_is_valid(request) && tr_json_write(&json, request, TR_JSON_COMPACT) != TR_OK)) {
		*fault = tr_outcome_error("busy", true, "nats: out of memory");
	} else {
		natsMsg *m = message_raw(subject, tr_as_cstr(a->reply, ""), tr_buf_str(&json), tr_absent(), &why);
		*fault = m == NULL ? refused_input(subject, why) : tr_absent();
		if (m != NULL)
			answer = exchange(t, a, m, fault);
	}
	tr_buf_fini(&json);
	if (a != NULL)
		nats_ask_close(a);
	if (tr_is_valid(answer))
		result = nats_ask_read(answer, what, error, fault);
	tr_drop(answer);
	return result;
}
