/* SPDX-License-Identifier: Apache-2.0 */
/* POST /api/v2/statements, GET …/<handle>, GET …/<handle>?partition=n, POST …/<handle>/cancel. */
#include "plugins/shared/snowflake/wire.h"
#include "plugins/shared/auth/auth.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <troupe/node.h>

#define PATH       "/api/v2/statements"
#define FIRST_NS   (20 * TR_MS)
#define LONGEST_NS (2 * TR_SECOND)
#define CANCEL_NS  (30 * TR_SECOND)
#define ID_SIZE    37
#define HANDLE_MAX 100
#define SMALL_BODY ((size_t)1 << 20)

/* ---- errors ---- */

typedef struct state_class {
	const char *prefix; /* of the SQLSTATE */
	const char *kind;
	bool retryable;
} state_class;

/* The first that fits. */
static const state_class classes[] = {
    {"57014", "timeout", false}, {"40", "rollback", true}, {"08", "connection", true},  {"28", "auth", false},
    {"42501", "denied", false},  {"42", "syntax", false},  {"23", "constraint", false}, {"22", "data", false},
    {"02", "syntax", false},     {"", "snowflake", false},
};

/* The server's own word on a statement that failed. Takes nothing. */
static tr_value statement_fault(tr_value reply)
{
	const char *state = tr_as_cstr(tr_map_get_s(reply, "sqlState"), "");
	const char *code = tr_as_cstr(tr_map_get_s(reply, "code"), "");
	const state_class *c = classes;

	while (strncmp(state, c->prefix, strlen(c->prefix)) != 0)
		c++;
	/* 000604: it was cancelled; 000630: its time was over; 000625: too many wait for a lock. */
	bool late = strcmp(code, "000604") == 0 || strcmp(code, "000630") == 0, locked = strcmp(code, "000625") == 0;
	tr_value outcome = tr_outcome_error(late     ? "timeout"
					    : locked ? "locked"
						     : c->kind,
					    !late && (locked || c->retryable), "snowflake: %s (%s%s%s)",
					    tr_as_cstr(tr_map_get_s(reply, "message"), "no reason was given"), code,
					    *state != '\0' ? ", SQLSTATE " : "", state);
	outcome = tr_outcome_error_put(outcome, "code", tr_string(*state != '\0' ? state : code));
	return tr_outcome_put(outcome, "snowflake",
			      TR_DICT("code", tr_string(*state != '\0' ? state : code), "error", tr_string(code),
				      "handle", tr_keep(tr_map_get_s(reply, "statementHandle"))));
}

static tr_value request_fault(tr_value outcome)
{
	tr_value error = tr_map_get_s(outcome, "error"), reply = TR_GET(outcome, "result", "data");
	int64_t status = tr_as_int(tr_map_get_s(error, "status"), 0);
	const char *kind = tr_as_cstr(tr_map_get_s(error, "kind"), "connection");
	const char *said = tr_as_cstr(tr_map_get_s(reply, "message"), tr_as_cstr(tr_map_get_s(error, "message"), "?"));

	if (status == 422 && tr_is(reply, TR_MAP))
		return statement_fault(reply);
	if (status == 408)
		kind = "timeout";
	tr_value fault =
	    tr_outcome_error(kind, tr_as_bool(tr_map_get_s(error, "retryable"), false), "snowflake: %s", said);
	tr_value after = tr_map_get_s(error, "retry_after");
	if (tr_is_valid(after))
		fault = tr_outcome_error_put(fault, "retry_after", tr_keep(after));
	return status == 0 ? fault : tr_outcome_error_put(fault, "code", tr_int(status));
}

/* ---- requests ---- */

/* One request, its outcome owned by the actor. Takes params; body is borrowed. */
static tr_value ask_once(snow_wire *w, const char *method, const char *path, tr_value params, tr_value body)
{
	tr_value input = TR_DICT(
	    "method", tr_string(method), "url", tr_stringf("%s%s", tr_as_cstr(w->target->url, ""), path), "headers",
	    tr_keep(w->headers), "follow_redirects", tr_bool(false), "max_body", tr_int((int64_t)w->max_body));

	if (tr_is(params, TR_MAP))
		input = tr_map_put_s(input, "params", params);
	if (tr_is_valid(body))
		input = tr_map_put_s(input, "json", tr_keep(body));
	return tr_plugin_run("http", input, tr_absent(), w->deadline);
}

static bool refused_token(const snow_wire *w, tr_value outcome)
{
	return tr_as_int(TR_GET(outcome, "error", "status"), 0) == 401 && !tr_is(w->target->token, TR_STRING);
}

/* A value for as long as a request takes, which may end the actor: a task with many requests must not keep them all. */
static void let_go(void *box)
{
	tr_drop(*(tr_value *)box);
	tr_free(box);
}

/* Takes v. NULL without memory. */
static tr_value *keep_for_now(tr_value v)
{
	tr_value *box = tr_alloc(sizeof(*box));

	if (box == NULL) {
		tr_drop(v);
		return NULL;
	}
	*box = v;
	return tr_own(box, let_go) == TR_OK ? box : NULL;
}

/* Takes the outcome. */
static tr_value reply_of(const snow_wire *w, tr_value outcome, int64_t *status, tr_value *fault)
{
	tr_value reply = tr_keep(TR_GET(outcome, "result", "data"));

	*status = tr_as_int(TR_GET(outcome, "result", "status_code"), 0);
	bool good = tr_str_is(tr_as_str(tr_map_get_s(outcome, "status")), "success") && tr_is(reply, TR_MAP);
	if (!good && tr_is(tr_map_get_s(outcome, "error"), TR_MAP))
		*fault = request_fault(outcome);
	else if (!good)
		*fault = tr_outcome_error("connection", false, "snowflake: what answers at %s is no Snowflake account",
					  tr_as_cstr(w->target->url, "?"));
	tr_drop(outcome);
	if (!good)
		tr_clear(&reply);
	return reply;
}

/* The answer, a map (fresh), and its status. A token that is no good any more is replaced once. Takes params. */
static tr_value ask(snow_wire *w, const char *method, const char *path, tr_value params, tr_value body, int64_t *status,
		    tr_value *fault)
{
	tr_value *kept = keep_for_now(params), outcome;

	*fault = tr_absent();
	if (kept == NULL)
		return tr_invalid(TR_ENOMEM);
	outcome = ask_once(w, method, path, tr_keep(params), body);
	if (refused_token(w, outcome)) {
		tr_drop(outcome);
		w->headers = tr_own_value(snow_headers(w->target, w->plugin, true, w->deadline, fault));
		outcome = tr_is_valid(*fault) ? tr_absent() : ask_once(w, method, path, tr_keep(params), body);
	}
	(void)tr_disown(kept);
	let_go(kept);
	return tr_is_valid(*fault) ? tr_absent() : reply_of(w, outcome, status, fault);
}

/* ---- from one actor to another ---- */

tr_value snow_wire_hand_on(const snow_wire *w)
{
	return TR_LIST(tr_pid_value(w->plugin), secret_wrap(tr_keep(w->target->fields)));
}

tr_value snow_wire_take_on(snow_wire *w, tr_value handed, int64_t deadline)
{
	tr_value fault;

	*w = (snow_wire){.plugin = tr_as_pid(tr_array_at(handed, 0)), .deadline = deadline, .max_body = SMALL_BODY};
	w->target = snow_target_again(secret_open(tr_array_at(handed, 1)));
	if (w->target == NULL)
		return tr_outcome_error("busy", true, "snowflake: out of memory");
	w->headers = tr_own_value(snow_headers(w->target, w->plugin, false, deadline, &fault));
	return fault;
}

/* ---- cancelling ---- */

/* A statement, and what is held for it. When its actor ends while it runs at the server, the plugin's actor sees to
 * it. */
typedef struct running {
	tr_node *node;
	tr_pid plugin;
	tr_value request, id, reply;
	tr_value order; /* absent: nothing to cancel */
} running;

static void let_it_be(running *r)
{
	tr_drop(r->request);
	tr_drop(r->id);
	tr_drop(r->reply);
	tr_drop(r->order);
	tr_free(r);
}

static void give_up(void *arg)
{
	running *r = arg;

	if (tr_is_valid(r->order))
		(void)tr_node_send(r->node, r->plugin, TR_LIST(tr_atom("gone"), tr_keep(r->order)));
	let_it_be(r);
}

/* Takes both. */
static running *watch(const snow_wire *w, tr_value request, tr_value id)
{
	running *r = tr_alloc(sizeof(*r));

	if (r == NULL) {
		tr_drop(request);
		tr_drop(id);
		return NULL;
	}
	*r = (running){tr_here(), w->plugin, request, id, tr_absent(), tr_absent()};
	return tr_own(r, give_up) == TR_OK ? r : NULL;
}

void snow_wire_cancel(tr_value order)
{
	snow_wire w;
	char path[sizeof PATH + sizeof "/cancel" + HANDLE_MAX];
	int64_t status;
	tr_value fault = snow_wire_take_on(&w, tr_array_at(order, 0), tr_in(CANCEL_NS));

	(void)snprintf(path, sizeof path, PATH "/%s/cancel", tr_as_cstr(tr_array_at(order, 1), "?"));
	if (!tr_is_valid(fault))
		tr_drop(ask(&w, "POST", path, tr_absent(), tr_absent(), &status, &fault));
	tr_drop(fault);
}

/* ---- statements ---- */

static bool is_running(int64_t status, tr_value reply)
{
	const char *code = tr_as_cstr(tr_map_get_s(reply, "code"), "");

	return status == 202 || strcmp(code, "333333") == 0 || strcmp(code, "333334") == 0;
}

static bool handle_ok(tr_value handle)
{
	tr_str s = tr_as_str(handle);
	size_t n = strspn(tr_as_cstr(handle, ""), "0123456789abcdefABCDEF-");

	return tr_is(handle, TR_STRING) && s.n > 0 && s.n <= HANDLE_MAX && n == s.n;
}

/* Our own time was over, whoever noticed it: nobody knows how far the statement is. */
static bool out_of_time(tr_value fault)
{
	return tr_str_is(tr_as_str(TR_GET(fault, "error", "kind")), "timeout") &&
	       !tr_is_valid(tr_map_get_s(fault, "snowflake"));
}

static tr_value late(tr_value fault)
{
	if (!out_of_time(fault))
		return fault;
	tr_drop(fault);
	return tr_outcome_error("timeout", false, "snowflake: the statement did not end in time");
}

static tr_value wait_for_it(snow_wire *w, tr_value handle, tr_value *fault)
{
	char path[sizeof PATH + 1 + HANDLE_MAX];
	int64_t pause = FIRST_NS, status;

	(void)snprintf(path, sizeof path, PATH "/%s", tr_as_cstr(handle, ""));
	for (;;) {
		tr_value reply = ask(w, "GET", path, tr_absent(), tr_absent(), &status, fault);
		if (!tr_is_valid(reply) || !is_running(status, reply))
			return reply;
		tr_drop(reply);
		if (tr_in(pause) >= w->deadline) {
			tr_sleep_until(w->deadline);
			*fault = tr_outcome_error("timeout", false, "snowflake: time is over");
			return tr_absent();
		}
		tr_sleep_until(tr_in(pause));
		pause = pause * 3 / 2 > LONGEST_NS ? LONGEST_NS : pause * 3 / 2;
	}
}

/* A random UUID: a request that is sent twice with the same one is performed once. */
tr_value snow_wire_id(void)
{
	unsigned char b[16];
	char text[ID_SIZE];

	randombytes_buf(b, sizeof b);
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	(void)snprintf(text, sizeof text, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
		       b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
	return tr_string(text);
}

/* Asynchronously, so that there is a handle to cancel it by from the first moment. */
static tr_value send_request(snow_wire *w, tr_value request, tr_value id, bool again, int64_t *status, tr_value *fault)
{
	tr_value params = TR_DICT("async", tr_string("true"), "requestId", tr_keep(id));

	if (again)
		params = tr_map_put_s(params, "retry", tr_string("true"));
	return ask(w, "POST", PATH, params, request, status, fault);
}

static tr_value hand_in(snow_wire *w, tr_value request, tr_value id, bool again, int64_t *status, tr_value *fault)
{
	tr_value reply = send_request(w, request, id, again, status, fault);
	tr_value kind = TR_GET(*fault, "error", "kind");

	if (!tr_str_is(tr_as_str(kind), "connection") || !tr_as_bool(TR_GET(*fault, "error", "retryable"), false))
		return reply;
	/* It may have arrived. */
	tr_drop(*fault);
	return send_request(w, request, id, true, status, fault);
}

static tr_value wait_for_handle(snow_wire *w, running *r, tr_value *fault)
{
	tr_value handle = tr_map_get_s(r->reply, "statementHandle");

	if (!handle_ok(handle)) {
		*fault = tr_outcome_error("snowflake", false, "snowflake: the server gave no handle for the statement");
		return tr_absent();
	}
	r->order = TR_LIST(snow_wire_hand_on(w), tr_keep(handle));
	tr_value result = wait_for_it(w, handle, fault);
	if (!out_of_time(*fault)) { /* else it is cancelled */
		tr_drop(r->order);
		r->order = tr_absent();
	}
	return result;
}

tr_value snow_wire_run_as(snow_wire *w, tr_value request, tr_value id, bool again, tr_value *fault)
{
	running *r = watch(w, request, id);
	int64_t status = 0;

	*fault = r == NULL ? tr_outcome_error("busy", true, "snowflake: out of memory") : tr_absent();
	if (r == NULL)
		return tr_absent();
	r->reply = hand_in(w, r->request, r->id, again, &status, fault);
	tr_value result =
	    tr_is_valid(r->reply) && is_running(status, r->reply) ? wait_for_handle(w, r, fault) : tr_keep(r->reply);
	*fault = late(*fault);
	tr_disown(r);
	give_up(r);
	return result;
}

tr_value snow_wire_run(snow_wire *w, tr_value request, tr_value *fault)
{
	return snow_wire_run_as(w, request, snow_wire_id(), false, fault);
}

tr_value snow_wire_result(snow_wire *w, tr_value handle, tr_value *fault)
{
	if (handle_ok(handle))
		return wait_for_it(w, handle, fault);
	*fault = tr_outcome_error("snowflake", false, "snowflake: the server gave a handle that is none");
	return tr_absent();
}

tr_value snow_wire_partition(snow_wire *w, tr_value handle, int64_t number, tr_value *fault)
{
	char path[sizeof PATH + 2 + HANDLE_MAX];
	int64_t status;

	(void)snprintf(path, sizeof path, PATH "/%s", handle_ok(handle) ? tr_as_cstr(handle, "") : "");
	tr_value reply = ask(w, "GET", path, TR_DICT("partition", tr_int(number)), tr_absent(), &status, fault);
	tr_value data = tr_keep(tr_map_get_s(reply, "data"));

	tr_drop(reply);
	if (!tr_is_valid(*fault) && !tr_is(data, TR_ARRAY))
		*fault = tr_outcome_error("snowflake", true, "snowflake: partition %lld of the result has no rows",
					  (long long)number);
	return data;
}
