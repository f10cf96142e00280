/* SPDX-License-Identifier: Apache-2.0 */
/* One client of the endpoint: frames in, calls in actors of their own, answers and watched events out. */
#include "actors/edge/connection.h"

#include "actors/edge/edge.h"
#include "actors/edge/wire.h"
#include "actors/protocol.h"

#include <inttypes.h>
#include <stdio.h>
#include <troupe/io.h>
#include <unistd.h>

#define MOST_CALLS     64 /* that wait for their answers */
#define MOST_WATCHED   256
#define EVENTS_A_FRAME 64
#define READ_AHEAD     8 /* chunks that may wait in the mailbox */
#define SEND_NS        (30 * TR_SECOND)
#define HALF_FRAME_NS  (30 * TR_SECOND)
#define RESTART_NS     (60 * TR_SECOND) /* an execution that crashed is taken up again before that */
#define CALL_MS_MAX    (INT64_C(600) * 1000)

struct connection {
	tr_value about; /* the endpoint's map */
	tr_port port;
	tr_buf in;
	bool brief;    /* it has a place of the reserve */
	bool asked;    /* a whole request has come */
	int64_t heard; /* when it came or was last answered; when half a frame began */
	uint32_t calls;
	tr_value watched; /* map: monitor -> execution id */
	tr_value lost;    /* map: execution id whose actor crashed -> when */
	bool ending;      /* `ender` waits for the last answer */
	tr_from ender;
};

static struct connection *state_of(void *state)
{
	return *(struct connection **)state;
}

static void release(void *ptr)
{
	struct connection *c = ptr;
	tr_drop(c->about);
	tr_drop(c->watched);
	tr_drop(c->lost);
	tr_buf_fini(&c->in);
	tr_free(c);
}

/* ---- out ------------------------------------------------------------------------------------------------------------
 */

/* Takes the frame. Whoever does not read for long is let go. */
static tr_err send_frame(struct connection *c, tr_value v)
{
	tr_buf out = {0};
	tr_err err = tr_is_valid(v) ? wire_put(&out, v) : tr_value_err(v);
	tr_drop(v);
	if (err == TR_OK && tr_port_send(c->port, tr_buf_str(&out), tr_in(SEND_NS)) != TR_OK) {
		tr_buf_fini(&out);
		tr_exit(TR_A(shutdown));
	}
	tr_buf_fini(&out);
	return err;
}

/* The last word. */
static tr_next part(struct connection *c, const char *why)
{
	(void)send_frame(c, TR_LIST(tr_int(0), TR_A(error), tr_string(why)));
	return tr_next_stop(TR_A(shutdown));
}

static void refuse(struct connection *c, int64_t id, const char *why)
{
	(void)send_frame(c, TR_LIST(tr_int(id), TR_A(error), tr_string_lossy(why, tr_s(why).n)));
}

/* Takes the answer. */
static void answer(struct connection *c, int64_t id, tr_value value)
{
	tr_err err = send_frame(c, TR_LIST(tr_int(id), TR_A(ok), value));
	if (err == TR_ETYPE)
		refuse(c, id, "the answer has a part that cannot leave its process");
	else if (err != TR_OK)
		refuse(c, id, err == TR_ELIMIT ? "the answer is larger than a frame may be" : tr_err_text(err));
}

/* ---- calls ----------------------------------------------------------------------------------------------------------
 */

static void say_call_failed(tr_buf *out, tr_err err, const char *subject, int64_t ms)
{
	if (err == TR_ENOPROC)
		tr_buf_putf(out, "nobody answers to '%s' on this node", subject);
	else if (err == TR_ETIMEOUT)
		tr_buf_putf(out, "'%s' did not answer within %" PRId64 " ms", subject, ms);
	else
		tr_buf_putf(out, "'%s': %s", subject, tr_err_text(err));
}

/* Who asks is told of an execution that stays: its first events are durable. Of one that has ended meanwhile, well or
 * not, the store knows. Takes what `executions` said. */
static tr_value when_durable(tr_value started, int64_t ms, int64_t deadline)
{
	int64_t id = tr_as_int(tr_array_at(started, 1), 0);
	tr_value got = tr_call(tr_as_pid(tr_array_at(started, 2)), TR_LIST(tr_atom("durable")), deadline);
	tr_err err = tr_is_valid(got) ? TR_OK : tr_value_err(got);
	bool there = TR_IS_A(got, ok);
	if (err == TR_ENOPROC || err == TR_EDOWN) {
		got = tr_call_name(SUBJECT_STORE, TR_LIST(tr_atom("has"), tr_int(id)), deadline);
		err = tr_is_valid(got) ? TR_OK : tr_value_err(got);
		there = tr_as_bool(got, false);
	}
	tr_drop(got);
	if (there)
		return started;
	tr_drop(started);
	if (err == TR_ETIMEOUT)
		return TR_LIST(TR_A(error), tr_stringf("the first event of execution %" PRId64 " was not written "
						       "within %" PRId64 " ms; it begins when it can be",
						       id, ms));
	return TR_LIST(TR_A(error), tr_stringf("execution %" PRId64 " ended before its first event was written", id));
}

/* [connection, id, subject, request, timeout ms, watched execution: id, true (the answer tells it), nil] */
static void caller_body(tr_value arg)
{
	const tr_value *item = tr_array_items(arg);
	const char *subject = tr_as_cstr(item[2], "");
	int64_t ms = tr_as_int(item[4], 0);
	int64_t deadline = tr_in(ms * TR_MS);
	tr_value got = tr_call_name(subject, tr_keep(item[3]), deadline);
	tr_value message;
	if (TR_IS_A(tr_array_at(got, 0), ok) && tr_str_is(tr_s(subject), SUBJECT_EXECUTIONS) &&
	    tr_str_is(tr_as_str(tr_array_at(item[3], 0)), "start"))
		got = when_durable(got, ms, deadline);
	if (tr_is_valid(got)) {
		message = TR_LIST(tr_atom("answer"), tr_keep(item[1]), TR_A(ok), got, tr_keep(item[5]));
	} else {
		tr_buf why = {.max = 400};
		say_call_failed(&why, tr_value_err(got), subject, ms);
		message = TR_LIST(tr_atom("answer"), tr_keep(item[1]), TR_A(error), tr_string_buf(&why), tr_nil());
	}
	if (!tr_is_valid(message))
		message =
		    TR_LIST(tr_atom("answer"), tr_keep(item[1]), TR_A(error), tr_string("out of memory"), tr_nil());
	(void)tr_send(tr_as_pid(item[0]), message);
}

/* Takes request and watch. */
static void call_out(struct connection *c, int64_t id, tr_value subject, tr_value request, int64_t ms, tr_value watch)
{
	static const tr_spawn_options options = {.label = "call from outside", .link = true};
	if (c->calls >= MOST_CALLS || tr_map_len(c->watched) >= MOST_WATCHED) {
		tr_drop(request);
		tr_drop(watch);
		refuse(c, id, "too many calls at once on one connection; wait for some answers");
		return;
	}
	if (c->brief && !tr_is_nil(watch)) {
		tr_drop(request);
		tr_drop(watch);
		refuse(c, id,
		       WIRE_FULL ": too many clients watch executions; waiting for one of them to end (with --detach "
				 "there is no need)");
		return;
	}
	ms = ms <= 0 || ms > CALL_MS_MAX ? CALL_MS_MAX : ms;
	tr_value arg = TR_LIST(tr_pid_value(tr_self()), tr_int(id), tr_keep(subject), request, tr_int(ms), watch);
	if (tr_spawn_opt(caller_body, arg, &options).err == TR_OK)
		c->calls++;
	else
		refuse(c, id, "out of memory");
}

/* `true` where a watcher's pid belongs becomes this connection. Fresh; *watch says which execution is watched. */
static tr_value with_watcher(tr_value request, tr_value *watch)
{
	tr_str what = tr_as_str(tr_array_at(request, 0));
	tr_value second = tr_array_at(request, 1);
	*watch = tr_nil();
	if (tr_str_is(what, "start") && tr_as_bool(tr_map_get_s(second, "watch"), false)) {
		*watch = tr_bool(true);
		return tr_array_set(tr_keep(request), 1,
				    tr_map_put_s(tr_keep(second), "watch", tr_pid_value(tr_self())));
	}
	if (tr_str_is(what, "resume") && tr_as_bool(tr_array_at(request, 2), false)) {
		*watch = tr_keep(second);
		return tr_array_set(tr_keep(request), 2, tr_pid_value(tr_self()));
	}
	return tr_keep(request);
}

static void node_subject(struct connection *c, int64_t id, tr_value request)
{
	tr_str what = tr_as_str(tr_array_at(request, 0));
	const char *owner = tr_as_cstr(tr_map_get_s(c->about, "owner"), NULL);
	if (tr_str_is(what, "status")) {
		answer(c, id,
		       TR_DICT("version", tr_string(TR_VERSION_STRING), "pid", tr_int(getpid()), "mode",
			       tr_keep(tr_map_get_s(c->about, "mode")), "data", tr_keep(tr_map_get_s(c->about, "data")),
			       "started_at_us", tr_keep(tr_map_get_s(c->about, "started_at_us"))));
	} else if (tr_str_is(what, "stop") && owner != NULL) {
		answer(c, id, TR_A(ok));
		(void)tr_send_name(owner, TR_LIST(TR_A(stop)));
	} else if (tr_str_is(what, "stop")) {
		refuse(c, id, "this process ends when its own work is done; cancel its execution instead");
	} else {
		refuse(c, id, "node knows status and stop");
	}
}

/* [id, "watch", execution_id] or [id, subject, request, timeout_ms]. False: the client speaks another language. */
static bool take_request(struct connection *c, tr_value v)
{
	int64_t id = tr_as_int(tr_array_at(v, 0), 0);
	tr_value subject = tr_array_at(v, 1), third = tr_array_at(v, 2), watch = tr_nil();
	tr_str name = tr_as_str(subject);
	if (id <= 0 || !tr_is(subject, TR_STRING) || tr_array_len(v) < 3)
		return false;
	if (tr_str_is(name, "watch")) {
		tr_value to = tr_string(SUBJECT_EXECUTIONS);
		call_out(c, id, to, TR_LIST(tr_string("watch"), tr_keep(third), tr_pid_value(tr_self())), 30000,
			 tr_keep(third));
		tr_drop(to);
	} else if (tr_str_is(name, "node")) {
		node_subject(c, id, third);
	} else if (!edge_subject_allowed(name)) {
		refuse(c, id, "there is no such subject for clients");
	} else if (!edge_request_allowed(name, third)) {
		refuse(c, id,
		       "executions know start, resume, cancel, pause, unpause, summary, watch and list for clients; "
		       "the node itself ends by node [stop]");
	} else {
		tr_value request = tr_str_is(name, SUBJECT_EXECUTIONS) ? with_watcher(third, &watch) : tr_keep(third);
		call_out(c, id, subject, request, tr_as_int(tr_array_at(v, 3), 30000), watch);
	}
	return true;
}

/* The execution's actor may vanish without a last word. */
static void watch_end(struct connection *c, int64_t execution_id)
{
	char name[40];
	(void)snprintf(name, sizeof name, "event.%" PRId64, execution_id);
	tr_pid pid = tr_whereis(name);
	if (pid.bits != 0)
		c->watched = tr_map_put(c->watched, tr_ref_value(tr_monitor(pid)), tr_int(execution_id));
}

/* [answer, id, ok | error, value, watched] */
static void take_answer(struct connection *c, tr_value m)
{
	const tr_value *item = tr_array_items(m);
	int64_t id = tr_as_int(item[1], 0);
	bool ok = TR_IS_A(item[2], ok);
	c->calls--;
	c->heard = tr_now();
	if (ok && !tr_is_nil(item[4])) {
		bool told = tr_is(item[4], TR_BOOL);
		int64_t execution_id = tr_as_int(told ? tr_array_at(item[3], 1) : item[4], 0);
		if (execution_id > 0)
			watch_end(c, execution_id);
	}
	if (ok)
		answer(c, id, tr_keep(item[3]));
	else
		refuse(c, id, tr_as_cstr(item[3], "failed"));
}

/* ---- watching -------------------------------------------------------------------------------------------------------
 */

static bool same_event(void *arg, tr_value m)
{
	const int64_t *id = arg;
	return tr_array_len(m) == 3 && TR_IS_A(tr_array_at(m, 0), event) && tr_as_int(tr_array_at(m, 1), 0) == *id;
}

/* Many events, one frame. */
static void tell_events(struct connection *c, tr_value first)
{
	int64_t id = tr_as_int(tr_array_at(first, 1), 0);
	tr_value events = tr_array_push(tr_array(), tr_keep(tr_array_at(first, 2)));
	for (size_t i = 1; i < EVENTS_A_FRAME; i++) {
		tr_value m = tr_receive_match(same_event, &id, 0);
		if (!tr_is_valid(m))
			break;
		events = tr_array_push(events, tr_keep(tr_array_at(m, 2)));
		tr_drop(m);
	}
	(void)send_frame(c, TR_LIST(tr_int(0), TR_A(event), tr_int(id), events));
}

static void tell_done(struct connection *c, tr_value m)
{
	tr_value id = tr_array_at(m, 1), summary = tr_array_at(m, 2);
	tr_err err = send_frame(c, TR_LIST(tr_int(0), TR_A(done), id, tr_keep(summary)));
	if (err != TR_OK) /* too large: what matters most */
		(void)send_frame(c, TR_LIST(tr_int(0), TR_A(done), id,
					    TR_DICT("status", tr_keep(tr_map_get_s(summary, "status")), "started_at_us",
						    tr_keep(tr_map_get_s(summary, "started_at_us")), "duration_us",
						    tr_keep(tr_map_get_s(summary, "duration_us")))));
}

static void tell_down(struct connection *c, tr_value id, tr_value text)
{
	(void)send_frame(c, TR_LIST(tr_int(0), TR_A(down), tr_keep(id), tr_keep(text)));
}

/* [DOWN, ref, process, pid, reason] */
static void take_down(struct connection *c, tr_value m)
{
	tr_value ref = tr_array_at(m, 1), reason = tr_array_at(m, 4), id = tr_keep(tr_map_get(c->watched, ref));
	if (!tr_is_valid(id))
		return;
	c->watched = tr_map_del(c->watched, ref);
	c->heard = tr_now();
	if (TR_IS_A(reason, shutdown)) {
		tr_value text = tr_string("it was shut down");
		tell_down(c, id, text);
		tr_drop(text);
	} else if (!TR_IS_A(reason, normal)) { /* it is taken up again, and says so */
		c->lost = tr_map_put(c->lost, tr_keep(id), tr_int(c->heard));
	}
	tr_drop(id);
}

/* The monitor of a watched execution; absent. */
static tr_value monitor_of(const struct connection *c, tr_value id)
{
	for (size_t i = 0; i < tr_map_len(c->watched); i++)
		if (tr_equal(tr_map_entries(c->watched)[i].value, id))
			return tr_keep(tr_map_entries(c->watched)[i].key);
	return tr_absent();
}

/* It is not watched any more, nor known as lost; false: it was neither. What is said of an execution that crashed may
 * come before it is known here that it is down. */
static bool unwatch(struct connection *c, tr_value id)
{
	tr_value monitor = monitor_of(c, id);
	bool lost = tr_is_valid(tr_map_get(c->lost, id)), watched = tr_is_valid(monitor);
	if (watched)
		c->watched = tr_map_del(c->watched, monitor);
	if (lost)
		c->lost = tr_map_del(c->lost, id);
	tr_drop(monitor);
	return lost || watched;
}

/* [restarted, execution_id, pid] */
static void take_restarted(struct connection *c, tr_value m)
{
	tr_value id = tr_array_at(m, 1), pid = tr_array_at(m, 2);
	if (unwatch(c, id))
		c->watched = tr_map_put(c->watched, tr_ref_value(tr_monitor(tr_as_pid(pid))), tr_keep(id));
}

/* [gone, execution_id, text] */
static void take_gone(struct connection *c, tr_value m)
{
	tr_value id = tr_array_at(m, 1);
	c->heard = tr_now();
	if (unwatch(c, id))
		tell_down(c, id, tr_array_at(m, 2));
}

/* Nobody has said a word of them since. */
static void give_up_lost(struct connection *c, int64_t now)
{
	tr_value text = tr_string("it crashed and was not taken up again"), left = tr_map();
	for (size_t i = 0; i < tr_map_len(c->lost); i++) {
		const tr_entry *e = &tr_map_entries(c->lost)[i];
		if (now - tr_as_int(e->value, 0) >= RESTART_NS)
			tell_down(c, e->key, text);
		else
			left = tr_map_put(left, tr_keep(e->key), tr_keep(e->value));
	}
	tr_drop(text);
	tr_assign(&c->lost, left);
	c->heard = now;
}

/* ---- in -------------------------------------------------------------------------------------------------------------
 */

/* False: no more can be understood of this client. */
static bool take_bytes(struct connection *c, tr_str bytes)
{
	size_t at = 0;
	wire_result result = WIRE_OK;
	if (c->in.n == 0 && c->asked)
		c->heard = tr_now();
	tr_buf_put(&c->in, bytes.p, bytes.n);
	if (c->in.err != TR_OK)
		return false;
	while (result == WIRE_OK) {
		tr_value v;
		size_t used = 0;
		result = wire_get((tr_str){c->in.p + at, c->in.n - at}, &v, &used);
		if (result == WIRE_OK) {
			c->asked = true;
			c->heard = tr_now();
			if (!take_request(c, v))
				result = WIRE_BAD;
		}
		tr_drop(v);
		at += used;
	}
	if (at == c->in.n) {
		tr_buf_fini(&c->in);
	} else if (at > 0) {
		tr_buf rest = {0};
		tr_buf_put(&rest, c->in.p + at, c->in.n - at);
		tr_buf_fini(&c->in);
		c->in = rest;
	}
	return result != WIRE_BAD && c->in.err == TR_OK;
}

/* How long the client may be silent; 0: as long as it likes. */
static int64_t patience_of(const struct connection *c)
{
	bool waits = c->calls > 0 || tr_map_len(c->watched) > 0;
	if (c->brief && (c->in.n > 0 || !waits))
		return tr_as_int(tr_map_get_s(c->about, "brief_ns"), 0);
	if (!c->asked)
		return tr_as_int(tr_map_get_s(c->about, "first_ns"), 0);
	if (c->in.n > 0)
		return HALF_FRAME_NS;
	if (waits)
		return 0;
	return tr_map_len(c->lost) > 0 ? RESTART_NS : tr_as_int(tr_map_get_s(c->about, "rest_ns"), 0);
}

static tr_next too_late(struct connection *c)
{
	int64_t now = tr_now();
	if (c->in.n == 0 && tr_map_len(c->lost) > 0) {
		give_up_lost(c, now);
		tr_next n = tr_noreply();
		n.timeout_ns = RESTART_NS;
		return n;
	}
	if (c->in.n > 0)
		return part(c, "the rest of a request did not come; the connection is closed");
	return part(c, c->asked ? "nothing was asked for long; the connection is closed"
				: "nothing was asked; the connection is closed");
}

static tr_next next(struct connection *c)
{
	tr_next n = tr_noreply();
	int64_t patience = patience_of(c), left = c->heard + patience - tr_now();
	if (c->ending && c->calls == 0) {
		tr_reply(c->ender, TR_A(ok));
		return part(c, REFUSAL_CLOSING);
	}
	if (patience == 0)
		return n;
	if (left <= 0)
		return too_late(c);
	n.timeout_ns = left;
	return n;
}

static void connection_take(struct connection *c, tr_value m, tr_str what)
{
	if (tr_str_is(what, "passive"))
		(void)tr_port_set_active(c->port, READ_AHEAD);
	else if (tr_str_is(what, "answer"))
		take_answer(c, m);
	else if (tr_str_is(what, "restarted"))
		take_restarted(c, m);
	else if (tr_str_is(what, "gone"))
		take_gone(c, m);
}

static tr_next connection_info(void *state, tr_value m)
{
	struct connection *c = state_of(state);
	tr_value tag = tr_array_at(m, 0);
	if (TR_IS_A(tag, connected)) {
		c->port = (tr_port){(uint64_t)tr_as_int(tr_array_at(m, 1), 0)};
		c->heard = tr_now();
		(void)tr_port_set_active(c->port, READ_AHEAD);
	} else if (TR_IS_A(tag, data)) {
		if (!take_bytes(c, tr_as_str(tr_array_at(m, 2))))
			return part(c, "this is no request of this endpoint's protocol");
	} else if (TR_IS_A(tag, event)) {
		tell_events(c, m);
	} else if (TR_IS_A(tag, done)) {
		tell_done(c, m);
	} else if (TR_IS_A(tag, down)) {
		take_down(c, m);
	} else if (TR_IS_A(tag, closed) || TR_IS_A(tag, error)) {
		return tr_next_stop(TR_A(shutdown));
	} else if (tr_is(tag, TR_ATOM)) {
		connection_take(c, m, tr_as_str(tag));
	}
	return next(c);
}

static tr_next connection_idle(void *state)
{
	return next(state_of(state));
}

/* [end]: answered when all that was asked has its answer; then it ends. */
static tr_next connection_call(void *state, tr_value request, tr_from from)
{
	struct connection *c = state_of(state);
	if (!tr_equal(tr_array_at(request, 0), tr_atom("end")))
		return tr_next_reply(TR_LIST(TR_A(error), tr_string("a connection knows end")));
	c->ending = true;
	c->ender = from;
	return next(c);
}

static tr_next connection_init(void *state, tr_value arg)
{
	struct connection *c = tr_alloc(sizeof *c);
	if (c == NULL)
		return tr_next_stop(TR_A(enomem));
	c->about = tr_keep(arg);
	c->brief = tr_as_bool(tr_map_get_s(arg, "brief"), false);
	c->watched = tr_map();
	c->lost = tr_map();
	c->heard = tr_now();
	if (tr_own(c, release) != TR_OK)
		return tr_next_stop(TR_A(enomem));
	*(struct connection **)state = c;
	return next(c);
}

static tr_value connection_show(void *state)
{
	const struct connection *c = state_of(state);
	return TR_DICT("calls", tr_int((int64_t)c->calls), "watched", tr_int((int64_t)tr_map_len(c->watched)), "brief",
		       tr_bool(c->brief));
}

const tr_gen_server connection_server = {
    .name = "connection",
    .state_size = sizeof(struct connection *),
    .init = connection_init,
    .handle_call = connection_call,
    .handle_info = connection_info,
    .handle_timeout = connection_idle,
    .show = connection_show,
};
