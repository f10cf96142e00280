/* SPDX-License-Identifier: Apache-2.0 */
/** What operations have in common: a command's inputs, its connection, and talking over it without holding a thread. */
#ifndef TROUPE_PLUGINS_NATS_ASK_H
#define TROUPE_PLUGINS_NATS_ASK_H

#include "plugins/actions/nats/session.h"

/** One command; owned by its actor. */
typedef struct nats_task {
	tr_value input, context, config; /* borrowed */
	tr_pid plugin;
	int64_t deadline;
	tr_value target;
	tr_value session;
	nats_session *s;
} nats_task;

/** Connect, or take a connection that is there. Absent, or an outcome. */
tr_value nats_task_connect(nats_task *t, bool bulk);
/** The text of an input, NULL when it is none. */
const char *nats_task_text(const nats_task *t, const char *key);
/** An input that must be there as text; absent, or an outcome. */
tr_value nats_task_need(const nats_task *t, const char *key, const char **out);

/** Several answers to one question. Owned by the actor. */
typedef struct nats_ask {
	nats_question question;
	tr_value session;
	tr_value reply; /* where answers are to go */
	const char *subject;
} nats_ask;

/** NULL without memory. `consumer` as in nats_question, or NULL. */
nats_ask *nats_ask_open(nats_task *t, const char *subject, const char *consumer);
void nats_ask_close(nats_ask *a);
/** Send a message (taken). Absent, or an outcome. */
tr_value nats_ask_send(nats_task *t, natsMsg *m, const char *subject, bool confirm);
/** The next answer {subject, data, headers, status} (fresh), or invalid with an outcome in *fault. */
tr_value nats_ask_next(nats_ask *a, int64_t deadline, tr_value *fault);

/** One question with one answer (fresh), or invalid with an outcome in *fault. Borrows data and headers. */
tr_value nats_ask_once(nats_task *t, const char *subject, tr_value data, tr_value headers, tr_value *fault);
/** A question to JetStream's API: `request` is a map or absent. The answer, a map (fresh), or invalid with an outcome
 * in *fault; with `error` not NULL an error that the API tells goes there (fresh) instead. */
tr_value nats_ask_api(nats_task *t, const char *subject, tr_value request, const char *what, tr_value *error,
		      tr_value *fault);
/** The same of an answer (borrowed) that is there already. */
tr_value nats_ask_read(tr_value answer, const char *what, tr_value *error, tr_value *fault);

#endif
