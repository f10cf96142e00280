/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A connection that many commands share: messages go out, answers come in at one inbox and are told apart by the last
 * part of their subject. nats.c reads, and calls us back, on threads of its own; they only ever send to actors.
 *
 * A connection that is lost is over: the next command opens another. Functions that block say so: they are for the
 * dirty pool.
 */
#ifndef TROUPE_PLUGINS_NATS_SESSION_H
#define TROUPE_PLUGINS_NATS_SESSION_H

#include <nats/nats.h>
#include <troupe/plugin.h>

typedef struct nats_session nats_session;

/** Connect. Blocks for at most timeout_ms a server. A value that holds the session (the connection is closed when
 * nobody holds it any more), or invalid with an outcome in *fault. */
tr_value nats_session_open(tr_node *node, tr_value target, int64_t timeout_ms, tr_value *fault);
/** The session in such a value, NULL in others. Borrowed. */
nats_session *nats_session_of(tr_value v);
bool nats_session_alive(nats_session *s);
/** End it for all who hold it. Blocks. NULL is nothing to do. */
void nats_session_close(nats_session *s);

/** Send, and with `timeout_ms` > 0 wait until the server has it. Blocks. */
natsStatus nats_session_send(nats_session *s, natsMsg *m, int64_t timeout_ms);
/** Has the server refused this subject? Known once what was sent is confirmed. */
bool nats_session_refused(nats_session *s, const char *subject);

/** A question that is out. Answers come to the actor that asks as [response, ref, {subject, data, headers, status}], or
 * [response, ref, "lost" | "denied"]. */
typedef struct nats_question {
	uint64_t token;
	tr_pid asker;
	tr_ref ref;
	const char *subject;  /* NULL or borrowed: what was asked */
	const char *consumer; /* NULL or borrowed: ".<stream>.<consumer>.", whose messages are answers, too */
	struct nats_question *next;
} nats_question;

/** From now on answers find it; in *reply where they are to be sent (fresh text). The caller keeps it in place until
 * nats_session_forget. */
void nats_session_expect(nats_session *s, nats_question *q, tr_value *reply);
void nats_session_forget(nats_session *s, nats_question *q);

#endif
