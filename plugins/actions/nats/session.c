/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds a session: its value, and nats.c until it has called back for the last time about the connection and about
 * the subscription. Callbacks of a session whose value is gone find no node and do nothing.
 */
#include "plugins/actions/nats/session.h"
#include "plugins/actions/nats/fault.h"
#include "plugins/actions/nats/message.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/node.h>

#define WRITE_MS      10000
#define PING_MS       20000
#define TRY_MS        1000 /* the least to try one of several addresses for */
#define REFUSED_SIZE  512
#define DEFAULT_INBOX "_INBOX"

struct nats_session {
	_Atomic uint32_t refs;
	tr_value target;
	natsConnection *connection;
	natsSubscription *inbox;
	char prefix[160]; /* of the inbox: answers come to <prefix>.<token> */
	pthread_mutex_t lock;
	/* under the lock */
	tr_node *node; /* NULL: nobody is to be told any more */
	nats_question *questions;
	uint64_t tokens;
	bool closed;
	char refused[REFUSED_SIZE]; /* the server's last words about permissions */
};

static void release(nats_session *s)
{
	if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	pthread_mutex_destroy(&s->lock);
	tr_drop(s->target);
	tr_free(s);
}

static void hold(nats_session *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
}

/* ---- callbacks, on the library's threads ---- */

/* Under the lock. Takes what. */
static void tell(nats_session *s, const nats_question *q, tr_value what)
{
	tr_node_send(s->node, q->asker, TR_LIST(TR_A(response), tr_ref_value(q->ref), what));
}

/* An answer has our token at the end of its subject. A message that a consumer delivers keeps its own subject; where it
 * is to be acknowledged says whose it is. Under the lock. */
static const nats_question *asked_by(const nats_session *s, const char *subject, const char *reply)
{
	const char *dot = strrchr(subject, '.');
	uint64_t token = dot == NULL ? 0 : strtoull(dot + 1, NULL, 16);
	bool delivered = reply != NULL && strncmp(reply, "$JS.ACK.", 8) == 0;
	const nats_question *q = s->node == NULL ? NULL : s->questions;

	while (q != NULL && (delivered ? q->consumer == NULL || strstr(reply, q->consumer) == NULL : q->token != token))
		q = q->next;
	return q;
}

static void on_message(natsConnection *nc, natsSubscription *sub, natsMsg *m, void *arg)
{
	nats_session *s = arg;
	tr_value v = message_value(m);

	(void)nc;
	(void)sub;
	pthread_mutex_lock(&s->lock);
	const nats_question *q = asked_by(s, natsMsg_GetSubject(m), natsMsg_GetReply(m));
	if (q != NULL)
		tell(s, q, tr_keep(v));
	pthread_mutex_unlock(&s->lock);
	natsMsg_Destroy(m);
	tr_drop(v);
}

/* The server names the subject in quotes. */
static bool names(const char *text, const char *subject)
{
	const char *at = subject == NULL || *subject == '\0' ? NULL : strstr(text, subject);

	return at != NULL && at > text && at[-1] == '"' && at[strlen(subject)] == '"';
}

static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus status, void *arg)
{
	nats_session *s = arg;
	const char *text = NULL;

	(void)sub;
	if (status != NATS_NOT_PERMITTED)
		return;
	(void)natsConnection_GetLastError(nc, &text);
	pthread_mutex_lock(&s->lock);
	(void)snprintf(s->refused, sizeof s->refused, "%s", text == NULL ? "" : text);
	for (const nats_question *q = s->node == NULL ? NULL : s->questions; q != NULL; q = q->next)
		if (names(s->refused, q->subject))
			tell(s, q, tr_string("denied"));
	pthread_mutex_unlock(&s->lock);
}

static void on_closed(natsConnection *nc, void *arg)
{
	nats_session *s = arg;

	(void)nc;
	pthread_mutex_lock(&s->lock);
	s->closed = true;
	for (const nats_question *q = s->node == NULL ? NULL : s->questions; q != NULL; q = q->next)
		tell(s, q, tr_string("lost"));
	pthread_mutex_unlock(&s->lock);
	release(s);
}

static void on_inbox_ended(void *arg)
{
	release(arg);
}

/* ---- who one is ---- */

static const char *text_of(const nats_session *s, const char *name)
{
	return tr_as_cstr(tr_map_get_s(s->target, name), NULL);
}

/* The library frees what it gets with free(). */
static natsStatus give_jwt(char **jwt, char **why, void *arg)
{
	(void)why;
	*jwt = strdup(text_of(arg, "jwt"));
	return *jwt == NULL ? NATS_NO_MEMORY : NATS_OK;
}

static natsStatus sign(char **why, unsigned char **signature, int *n, const char *nonce, void *arg)
{
	(void)why;
	return nats_Sign(text_of(arg, "seed"), nonce, signature, n);
}

static natsStatus set_identity(natsOptions *o, nats_session *s)
{
	natsStatus st = NATS_OK;

	if (text_of(s, "user") != NULL)
		st = natsOptions_SetUserInfo(o, text_of(s, "user"),
					     text_of(s, "password") == NULL ? "" : text_of(s, "password"));
	if (st == NATS_OK && text_of(s, "token") != NULL)
		st = natsOptions_SetToken(o, text_of(s, "token"));
	if (st == NATS_OK && text_of(s, "jwt") != NULL)
		st = natsOptions_SetUserCredentialsCallbacks(o, give_jwt, s, sign, s);
	else if (st == NATS_OK && text_of(s, "nkey") != NULL)
		st = natsOptions_SetNKey(o, text_of(s, "nkey"), sign, s);
	return st;
}

static natsStatus set_tls(natsOptions *o, const nats_session *s)
{
	bool on = tr_as_bool(tr_map_get_s(s->target, "tls"), false);
	bool verify = tr_as_bool(tr_map_get_s(s->target, "verify"), true);
	natsStatus st = NATS_OK;

	if (!on)
		return NATS_OK;
	st = natsOptions_SetSecure(o, true);
	if (st == NATS_OK && text_of(s, "ca") != NULL)
		st = natsOptions_SetCATrustedCertificates(o, text_of(s, "ca"));
	if (st == NATS_OK && text_of(s, "cert") != NULL)
		st = natsOptions_SetCertificatesChain(o, text_of(s, "cert"), text_of(s, "key"));
	if (st == NATS_OK && verify && text_of(s, "host") != NULL)
		st = natsOptions_SetExpectedHostname(o, text_of(s, "host"));
	if (st == NATS_OK && !verify)
		st = natsOptions_SkipServerVerification(o, true);
	return st;
}

static natsStatus set_options(natsOptions *o, nats_session *s, const char *url, int64_t timeout_ms)
{
	natsStatus st = natsOptions_SetURL(o, url);

	if (st == NATS_OK)
		st = set_identity(o, s);
	if (st == NATS_OK)
		st = set_tls(o, s);
	if (st != NATS_OK)
		return st;
	natsOptions_SetName(o, "troupe");
	natsOptions_SetTimeout(o, timeout_ms);
	natsOptions_SetAllowReconnect(o, false);
	natsOptions_SetIgnoreDiscoveredServers(o, true);
	natsOptions_SetSendAsap(o, true);
	natsOptions_SetWriteDeadline(o, WRITE_MS);
	natsOptions_SetPingInterval(o, PING_MS);
	natsOptions_UseGlobalMessageDelivery(o, true);
	natsOptions_SetErrorHandler(o, on_error, s);
	return natsOptions_SetClosedCB(o, on_closed, s);
}

/* ---- life ---- */

static natsStatus connect_to(nats_session *s, const char *url, int64_t timeout_ms)
{
	natsOptions *o = NULL;
	natsStatus st = natsOptions_Create(&o);

	if (st == NATS_OK)
		st = set_options(o, s, url, timeout_ms);
	hold(s); /* for on_closed, which is called for connections only that were made */
	if (st == NATS_OK)
		st = natsConnection_Connect(&s->connection, o);
	if (st != NATS_OK)
		release(s);
	natsOptions_Destroy(o);
	return st;
}

/* One after the other, from a random one on so that several servers share the load. The library, given them all, would
 * forget that one of them refused the user or the certificate when it cannot reach the next. */
static natsStatus connect_it(nats_session *s, int64_t timeout_ms, tr_value *fault)
{
	tr_value urls = tr_map_get_s(s->target, "urls");
	size_t n = tr_array_len(urls), first = n == 0 ? 0 : randombytes_uniform((uint32_t)n);
	int64_t each = n < 2 ? timeout_ms : timeout_ms / (int64_t)n;
	natsStatus st = NATS_NO_SERVER;

	for (size_t i = 0; i < n && st != NATS_OK; i++) {
		const char *url = tr_as_cstr(tr_array_at(urls, (first + i) % n), "");
		st = connect_to(s, url, n > 1 && each < TRY_MS ? TRY_MS : each);
		tr_value why = st == NATS_OK ? tr_absent() : nats_fault_connect(st, nats_GetLastError(NULL));
		tr_value retryable = tr_map_get_s(tr_map_get_s(why, "error"), "retryable");
		bool telling = st == NATS_OK || !tr_as_bool(retryable, true);
		if (telling || !tr_is_valid(*fault)) {
			tr_drop(*fault);
			*fault = why;
		} else {
			tr_drop(why);
		}
	}
	return st;
}

static natsStatus open_inbox(nats_session *s)
{
	unsigned char bytes[16];
	char subject[sizeof s->prefix + 2];
	const char *head = text_of(s, "inbox");
	size_t n = (size_t)snprintf(s->prefix, sizeof s->prefix - 2 * sizeof bytes - 2, "%.100s.",
				    head == NULL ? DEFAULT_INBOX : head);

	randombytes_buf(bytes, sizeof bytes);
	(void)sodium_bin2hex(s->prefix + n, sizeof s->prefix - n, bytes, sizeof bytes);
	(void)snprintf(subject, sizeof subject, "%s.*", s->prefix);
	hold(s); /* for on_inbox_ended */
	natsStatus st = natsConnection_Subscribe(&s->inbox, s->connection, subject, on_message, s);
	if (st == NATS_OK)
		st = natsSubscription_SetOnCompleteCB(s->inbox, on_inbox_ended, s);
	if (st != NATS_OK)
		release(s);
	else
		st = natsSubscription_SetPendingLimits(s->inbox, -1, -1);
	return st;
}

static void close_it(void *data)
{
	nats_session *s = data;

	pthread_mutex_lock(&s->lock);
	s->node = NULL;
	pthread_mutex_unlock(&s->lock);
	natsSubscription_Destroy(s->inbox);
	natsConnection_Destroy(s->connection);
	release(s);
}

static const tr_class session_class = {"nats connection", close_it};

tr_value nats_session_open(tr_node *node, tr_value target, int64_t timeout_ms, tr_value *fault)
{
	nats_session *s = tr_alloc(sizeof(*s));

	*fault = tr_absent();
	if (s == NULL) {
		*fault = tr_outcome_error("busy", true, "nats: out of memory");
		return tr_absent();
	}
	atomic_init(&s->refs, 1);
	pthread_mutex_init(&s->lock, NULL);
	s->node = node;
	s->target = tr_keep(target);
	natsStatus st = connect_it(s, timeout_ms, fault);
	if (st == NATS_OK && (st = open_inbox(s)) != NATS_OK)
		*fault = nats_fault_connect(st, natsStatus_GetText(st));
	if (st == NATS_OK)
		return tr_object(&session_class, s);
	close_it(s);
	return tr_absent();
}

nats_session *nats_session_of(tr_value v)
{
	return tr_as_object(v, &session_class);
}

bool nats_session_alive(nats_session *s)
{
	pthread_mutex_lock(&s->lock);
	bool alive = !s->closed;
	pthread_mutex_unlock(&s->lock);
	return alive && !natsConnection_IsClosed(s->connection);
}

void nats_session_close(nats_session *s)
{
	if (s != NULL)
		natsConnection_Close(s->connection);
}

/* ---- sending ---- */

natsStatus nats_session_send(nats_session *s, natsMsg *m, int64_t timeout_ms)
{
	natsStatus st = natsConnection_PublishMsg(s->connection, m);

	if (st == NATS_OK && timeout_ms > 0)
		st = natsConnection_FlushTimeout(s->connection, timeout_ms);
	return st;
}

bool nats_session_refused(nats_session *s, const char *subject)
{
	const char *text = NULL;

	if (natsConnection_GetLastError(s->connection, &text) == NATS_NOT_PERMITTED && text != NULL &&
	    names(text, subject))
		return true;
	pthread_mutex_lock(&s->lock);
	bool refused = names(s->refused, subject);
	pthread_mutex_unlock(&s->lock);
	return refused;
}

/* ---- questions ---- */

void nats_session_expect(nats_session *s, nats_question *q, tr_value *reply)
{
	pthread_mutex_lock(&s->lock);
	q->token = ++s->tokens;
	q->next = s->questions;
	s->questions = q;
	if (s->closed && s->node != NULL)
		tell(s, q, tr_string("lost"));
	pthread_mutex_unlock(&s->lock);
	*reply = tr_stringf("%s.%llx", s->prefix, (unsigned long long)q->token);
}

void nats_session_forget(nats_session *s, nats_question *q)
{
	pthread_mutex_lock(&s->lock);
	nats_question **at = &s->questions;
	while (*at != NULL && *at != q)
		at = &(*at)->next;
	if (*at == q)
		*at = q->next;
	pthread_mutex_unlock(&s->lock);
}
