/* SPDX-License-Identifier: Apache-2.0 */
/* publish and request: messages to whoever listens now. */
#include "plugins/actions/nats/message.h"
#include "plugins/actions/nats/operations.h"

#include <string.h>

#define MAX_SUBJECT 1000u

tr_value nats_subject_check(const char *subject)
{
	size_t n = strlen(subject);
	bool ok =
	    n <= MAX_SUBJECT && subject[0] != '.' && (n == 0 || subject[n - 1] != '.') && strstr(subject, "..") == NULL;

	for (size_t i = 0; ok && i < n; i++) {
		unsigned char c = (unsigned char)subject[i];
		bool alone = (i == 0 || subject[i - 1] == '.') && (subject[i + 1] == '\0' || subject[i + 1] == '.');
		ok = c > ' ' && c != 0x7f && !(alone && (c == '*' || c == '>'));
	}
	if (ok && n > 0)
		return tr_absent();
	return tr_outcome_error("input", false,
				"nats: the subject must be words between dots, without blanks and wildcards");
}

tr_value nats_put_content(tr_value out, const char *name, tr_value message)
{
	tr_value headers = tr_map_get_s(message, "headers"), body, data;
	tr_str bytes = tr_as_str(tr_map_get_s(message, "data"));

	body = message_body(bytes);
	data = message_data(bytes, headers);
	out = tr_map_put_s(out, name, data);
	out = tr_map_put_s(out, "body", body);
	return tr_map_put_s(out, "headers", tr_keep(headers));
}

static tr_value need_subject(const nats_task *t, const char **subject)
{
	tr_value fault = nats_task_need(t, "subject", subject);

	return tr_is_valid(fault) ? fault : nats_subject_check(*subject);
}

tr_value nats_publish(nats_task *t)
{
	const char *subject;
	tr_value fault = need_subject(t, &subject), why;

	if (tr_is_valid(fault))
		return fault;
	natsMsg *m =
	    message_make(subject, NULL, tr_map_get_s(t->input, "data"), tr_map_get_s(t->input, "headers"), &why);
	if (m == NULL) {
		fault = tr_outcome_error("input", false, "nats: the message to %s: %s", subject, tr_as_cstr(why, "?"));
		tr_drop(why);
		return fault;
	}
	int64_t size = natsMsg_GetDataLength(m);
	fault = nats_ask_send(t, m, subject, true);
	if (tr_is_valid(fault))
		return fault;
	return tr_outcome_ok(
	    TR_DICT("status", tr_string("success"), "subject", tr_string(subject), "size", tr_int(size)));
}

tr_value nats_request(nats_task *t)
{
	const char *subject;
	tr_value fault = need_subject(t, &subject), answer, out;

	if (tr_is_valid(fault))
		return fault;
	answer = nats_ask_once(t, subject, tr_map_get_s(t->input, "data"), tr_map_get_s(t->input, "headers"), &fault);
	if (!tr_is_valid(answer))
		return fault;
	out = TR_DICT("status", tr_string("success"), "subject", tr_string(subject));
	out = nats_put_content(out, "data", answer);
	tr_drop(answer);
	return tr_outcome_ok(out);
}
