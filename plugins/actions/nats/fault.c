/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses of the library and error codes of JetStream's API. */
#include "plugins/actions/nats/fault.h"

#include <string.h>

static tr_value with_code(tr_value outcome, natsStatus s)
{
	return tr_outcome_error_put(outcome, "code", tr_stringf("NATS_%d", (int)s));
}

tr_value nats_fault_connect(natsStatus s, const char *text)
{
	const char *kind = "connection";
	bool retryable = true;

	switch (s) {
	case NATS_CONNECTION_AUTH_FAILED:
	case NATS_NOT_PERMITTED:
		kind = "auth";
		retryable = false;
		break;
	case NATS_SSL_ERROR:
	case NATS_SECURE_CONNECTION_WANTED:
	case NATS_SECURE_CONNECTION_REQUIRED:
		kind = "tls";
		retryable = false;
		break;
	case NATS_TIMEOUT:
		kind = "timeout";
		break;
	case NATS_NO_MEMORY:
		kind = "busy";
		break;
	default:
		break;
	}
	if (text == NULL || *text == '\0')
		text = natsStatus_GetText(s);
	return with_code(tr_outcome_error(kind, retryable, "nats: no connection: %s", text), s);
}

tr_value nats_fault_send(natsStatus s, const char *subject)
{
	switch (s) {
	case NATS_MAX_PAYLOAD:
		return with_code(tr_outcome_error("too_large", false,
						  "nats: the message to %s is larger than the server allows", subject),
				 s);
	case NATS_INVALID_SUBJECT:
	case NATS_INVALID_ARG:
		return with_code(
		    tr_outcome_error("input", false, "nats: %s is no subject that can be sent to", subject), s);
	case NATS_NO_SERVER_SUPPORT:
		return with_code(tr_outcome_error("input", false, "nats: the server knows no headers"), s);
	case NATS_TIMEOUT:
		return with_code(tr_outcome_error("timeout", true,
						  "nats: the server did not confirm the message to %s in time",
						  subject),
				 s);
	default:
		return with_code(tr_outcome_error("connection", true, "nats: the message to %s could not be sent: %s",
						  subject, natsStatus_GetText(s)),
				 s);
	}
}

tr_value nats_fault_denied(const char *subject)
{
	return with_code(
	    tr_outcome_error("denied", false, "nats: the server does not permit this user to publish to %s", subject),
	    NATS_NOT_PERMITTED);
}

tr_value nats_fault_lost(const char *subject)
{
	return tr_outcome_error("connection", true, "nats: the connection was lost before %s was answered", subject);
}

tr_value nats_fault_late(const char *subject)
{
	return tr_outcome_error("timeout", true, "nats: no answer from %s in time", subject);
}

tr_value nats_fault_nobody(const char *subject)
{
	if (strncmp(subject, "$JS.", 4) == 0)
		return tr_outcome_error("unavailable", false,
					"nats: JetStream does not answer: it is not enabled on this server (start it "
					"with 'nats-server -js', or jetstream {} in its configuration), or not for "
					"this account");
	return tr_outcome_error("no_responders", true, "nats: nobody listens at %s", subject);
}

#define NO_STREAM 10059 /* stream not found */

typedef struct api_error {
	int64_t code; /* err_code */
	const char *kind;
	bool retryable;
} api_error;

/* nats-server, server/errors.json */
static const api_error known[] = {
    {NO_STREAM, "not_found", false}, {10071, "conflict", false}, /* wrong last sequence */
    {10060, "conflict", false},                                  /* expected stream does not match */
    {10054, "too_large", false},                                 /* message size exceeds maximum allowed */
    {10077, "too_large", false},                                 /* maximum bytes exceeded */
    {10076, "unavailable", false},                               /* JetStream not enabled */
    {10039, "unavailable", false},                               /* not for the account */
    {10008, "unavailable", true},                                /* JetStream system temporarily unavailable */
    {10009, "unavailable", true},                                /* no leader */
    {10023, "resources", true},                                  /* insufficient resources */
    {10047, "resources", false},                                 /* insufficient storage */
};

tr_value nats_fault_api(tr_value error, const char *what)
{
	int64_t status = tr_as_int(tr_map_get_s(error, "code"), 0),
		code = tr_as_int(tr_map_get_s(error, "err_code"), 0);
	const char *kind = status == 404 ? "not_found" : status >= 500 ? "server_error" : "nats";
	bool retryable = status >= 500;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (known[i].code != code)
			continue;
		kind = known[i].kind;
		retryable = known[i].retryable;
	}
	tr_value outcome =
	    tr_outcome_error(kind, retryable, "nats: %s: %s", what,
			     tr_as_cstr(tr_map_get_s(error, "description"), "the server gave no reason"));
	outcome = tr_outcome_error_put(outcome, "code", tr_int(code != 0 ? code : status));
	return tr_outcome_error_put(outcome, "details", tr_keep(error));
}

tr_value nats_fault_bucket(tr_value fault, const char *bucket)
{
	if (tr_as_int(TR_GET(fault, "error", "code"), 0) != NO_STREAM)
		return fault;
	return tr_outcome_error_put(
	    fault, "message",
	    tr_stringf("%s: there is no bucket %s; whoever runs the server makes it, with 'nats kv "
		       "add %s' for one",
		       tr_as_cstr(TR_GET(fault, "error", "message"), "nats"), bucket, bucket));
}
