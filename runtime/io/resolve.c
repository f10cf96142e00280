/* SPDX-License-Identifier: Apache-2.0 */
/* Names to addresses. */
#include <netdb.h>
#include <string.h>

#include "runtime/io/permit.h"
#include "runtime/io/address.h"
#include "runtime/io/socket.h"

struct resolve_request {
	struct request q;
	struct address address;
	struct lookup lookup;
};

static bool has(tr_value list, tr_value text)
{
	for (size_t i = 0; i < tr_array_len(list); i++) {
		if (tr_equal(tr_array_at(list, i), text))
			return true;
	}
	return false;
}

/* Each address once, in the order in which to try them. */
static tr_value address_list(const struct addrinfo *at)
{
	tr_value list = tr_array();
	char text[INET6_ADDRSTRLEN];

	for (; at != NULL && tr_is_valid(list); at = at->ai_next) {
		int family = at->ai_addr->sa_family;
		int uv_error = family == AF_INET    ? uv_ip4_name((const void *)at->ai_addr, text, sizeof(text))
			       : family == AF_INET6 ? uv_ip6_name((const void *)at->ai_addr, text, sizeof(text))
						    : UV_EAFNOSUPPORT;
		if (uv_error != 0)
			continue;
		tr_value one = tr_string(text);
		if (has(list, one))
			tr_drop(one);
		else
			list = tr_array_push(list, one);
	}
	return list;
}

static void on_looked_up(struct lookup *lookup, int uv_error)
{
	struct resolve_request *r = IO_OUTER(lookup, struct resolve_request, lookup);

	/* After a cancel the loop's reference is gone and nobody is to be answered. */
	if (r->q.on_cancel != NULL) {
		tr_value list = uv_error == 0 ? address_list(lookup->list) : tr_nil();
		if (uv_error != 0)
			answer_lookup_failed(&r->q, uv_error);
		else if (!request_answer(&r->q, tr_value_err(list), list))
			tr_drop(list);
	}
	request_unhold(&r->q);
}

static void cancel_resolve(struct request *q)
{
	lookup_cancel(&IO_OUTER(q, struct resolve_request, q)->lookup);
}

static void run_resolve(struct task *task)
{
	struct resolve_request *r = IO_OUTER(task, struct resolve_request, q.start);

	if (r->q.poll) {
		request_answer(&r->q, TR_ETIMEOUT, tr_nil());
		return;
	}
	r->lookup.done = on_looked_up;
	r->q.on_cancel = cancel_resolve;
	request_hold(&r->q);
	lookup_start(r->q.reactor, &r->lookup, &r->address, false);
}

static void free_resolve(struct request *q)
{
	lookup_fini(&IO_OUTER(q, struct resolve_request, q)->lookup);
}

tr_value tr_resolve(const char *host, int64_t deadline)
{
	tr_err err;

	if (host == NULL || host[0] == '\0' || strlen(host) >= sizeof(((struct address *)0)->host))
		return tr_invalid(TR_EINVAL);
	struct address wanted = {0};
	strcpy(wanted.host, host);
	if (!permit_net(&wanted))
		return tr_invalid(TR_EDENIED);
	struct resolve_request *r = request_new(sizeof(*r), run_resolve, &err);
	if (r == NULL)
		return tr_invalid(err);
	strcpy(r->address.host, host);
	r->q.on_free = free_resolve;
	err = request_ask(&r->q, deadline);
	tr_value v = err == TR_OK ? tr_keep(r->q.value) : tr_invalid(err);
	request_end(&r->q);
	return v;
}
