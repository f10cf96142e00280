/* SPDX-License-Identifier: Apache-2.0 */
/* The stand-ins around a control plane. */
#include "tests/unit/engine/control_kit.h"

#include "actors/event/frame.h"
#include "actors/event/step_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WAIT      (120 * TR_SECOND)
#define LONG_WAIT (3600 * TR_SECOND) /* of a virtual clock */

/* Crash reports of actors that are made to crash would only be noise. */
static void quiet(void *arg, tr_value report)
{
	(void)arg;
	tr_drop(report);
}

void kit_run(tr_body *body)
{
	const tr_node_options options = {.schedulers = 2, .report = quiet};
	tr_value reason = tr_run(&options, body, tr_nil());

	if (!TR_IS_A(reason, normal)) {
		tr_buf b = {0};

		tr_show(&b, reason, 2000);
		fprintf(stderr, "%s\n", b.p);
		tr_buf_fini(&b);
		tr_drop(reason);
		fail_msg("the test's actor did not end normally");
	}
}

/* Asked whether an id is taken, the store answers by itself: whoever asks is being called by the test's actor. */
static bool answered(tr_value m)
{
	tr_from from;
	tr_value request;

	if (!tr_is_call(m, &from, &request) || !tr_str_is(tr_as_str(tr_array_at(request, 0)), "has"))
		return false;
	tr_reply(from, tr_bool(tr_as_int(tr_array_at(request, 1), 0) == KIT_TAKEN));
	return true;
}

/* Hands everything to the test's actor as [name, message]. arg: [pid, name] */
static void relay(tr_value arg)
{
	tr_pid to = tr_as_pid(tr_array_at(arg, 0));

	for (;;) {
		/* Nothing is held on the stack while it waits: it is killed there. */
		tr_value m = tr_receive(TR_FOREVER);

		if (answered(m))
			tr_drop(m);
		else
			(void)tr_send(to, TR_LIST(tr_keep(tr_array_at(arg, 1)), m));
	}
}

static tr_pid relay_start(const char *name)
{
	tr_spawn_options options = {.label = "relay", .name = name};
	tr_spawned s = tr_spawn_opt(relay, TR_LIST(tr_pid_value(tr_self()), tr_string(name)), &options);

	CHECK(s.pid.bits != 0);
	return s.pid;
}

void kit_start(kit *k, const char *playbooks)
{
	const control_options options = {
	    .playbooks = playbooks, .env = TR_DICT("HOME", tr_string("/srv/me")), .node = 7};
	tr_child_spec spec = control_plane_child_with(&options);
	tr_started started;

	*k = (kit){.log = tr_array()};
	tr_drop(options.env);
	(void)tr_trap_exit(true); /* so that a plane that ends is no silent end of the test */
	k->store = relay_start(SUBJECT_STORE);
	k->pool = relay_start(SUBJECT_POOL);
	k->artifacts = relay_start(SUBJECT_ARTIFACTS);
	started = spec.start(spec.arg, tr_absent());
	tr_drop(spec.arg);
	CHECK(started.pid.bits != 0);
	k->control = started.pid;
}

tr_value kit_put(kit *k, const char *text)
{
	tr_value answer = tr_call_name(
	    SUBJECT_CATALOG, TR_LIST(tr_atom("put"), tr_string("test.yaml"), tr_string(text), tr_nil()), tr_in(WAIT));
	tr_value hash;

	(void)k;
	CHECK(TR_IS_A(tr_array_at(answer, 0), ok));
	hash = tr_keep(tr_array_at(answer, 1));
	tr_drop(answer);
	return hash;
}

tr_value kit_call(kit *k, tr_value request)
{
	(void)k;
	return tr_call_name(SUBJECT_EXECUTIONS, request, tr_in(WAIT));
}

int64_t kit_execute(kit *k, const char *text, tr_value payload, tr_pid *pid)
{
	tr_value answer =
	    kit_call(k, TR_LIST(TR_A(start), TR_DICT("hash", kit_put(k, text), "payload", payload, "watch",
						     tr_pid_value(tr_self()), "watch_events", tr_bool(!k->unwatched))));
	int64_t id = tr_as_int(tr_array_at(answer, 1), 0);

	CHECK(TR_IS_A(tr_array_at(answer, 0), ok));
	CHECK(id > 0);
	if (pid != NULL)
		*pid = tr_as_pid(tr_array_at(answer, 2));
	tr_drop(answer);
	return id;
}

bool kit_text_is(tr_value v, const char *text)
{
	return tr_str_is(tr_as_str(v), text);
}

static bool from_relay(tr_value message, const char *name, const char *tag)
{
	tr_value inner = tr_array_at(message, 1);

	return tr_is(message, TR_ARRAY) && kit_text_is(tr_array_at(message, 0), name) &&
	       tr_is(tr_array_at(message, 0), TR_STRING) && (tag == NULL || kit_text_is(tr_array_at(inner, 0), tag));
}

struct wanted {
	bool (*is)(const struct wanted *w, tr_value message);
	const char *name, *tag;
	int64_t token;
	tr_ref ref;
	bool loads;
};

/* A call of the store, as the relay hands it on. */
static bool is_call(tr_value message)
{
	return tr_is(tr_array_at(message, 0), TR_STRING) && kit_text_is(tr_array_at(message, 0), SUBJECT_STORE) &&
	       TR_IS_A(tr_array_at(tr_array_at(message, 1), 0), call);
}

static bool wanted_or_store(void *arg, tr_value message)
{
	const struct wanted *w = arg;

	return from_relay(message, SUBJECT_STORE, "append") || (w->loads && is_call(message)) || w->is(w, message);
}

/* The store's work: frames are checked and decoded, the order of an execution's events too. */
static void store_take(kit *k, tr_value message)
{
	tr_value inner = tr_array_at(message, 1);
	tr_str bytes = tr_as_str(tr_array_at(inner, 4));
	bool first = tr_as_bool(tr_array_at(inner, 5), false);

	k->appender = tr_as_pid(tr_array_at(inner, 1));
	CHECK(first == tr_is(tr_array_at(inner, 6), TR_STRING));
	bool asks = tr_as_bool(tr_array_at(inner, 7), false);
	CHECK(bytes.n > 0 || asks);
	while (bytes.n > 0) {
		frame f;
		size_t used;
		event e;

		CHECK(frame_get(bytes, &f, &used) == FRAME_OK);
		CHECK(event_decode(f.payload, &e) == TR_OK);
		k->log = tr_array_push(k->log, event_to_value(&e));
		k->last = e.seq;
		event_fini(&e);
		bytes = (tr_str){bytes.p + used, bytes.n - used};
	}
	CHECK(k->last == (uint64_t)tr_as_int(tr_array_at(inner, 3), 0));
	k->appends++;
	k->asked += asks;
	if (!k->hold && asks)
		(void)tr_send(k->appender, TR_LIST(tr_atom("appended"), tr_keep(tr_array_at(inner, 2)),
						   tr_keep(tr_array_at(inner, 3)), tr_int((int64_t)k->ahead)));
}

void kit_durable(kit *k)
{
	event e;

	CHECK(event_from_value(tr_array_at(k->log, tr_array_len(k->log) - 1), &e) == TR_OK);
	(void)tr_send(k->appender, TR_LIST(tr_atom("appended"), tr_int(e.execution_id), tr_int((int64_t)e.seq),
					   tr_int((int64_t)k->ahead)));
	event_fini(&e);
}

static tr_value wait_for(kit *k, struct wanted *w, const char *what)
{
	int64_t deadline = tr_in(k->loads ? LONG_WAIT : WAIT);
	tr_value request;
	tr_from from;

	w->loads = k->loads;
	for (;;) {
		tr_value m = tr_receive_match(wanted_or_store, w, deadline);

		if (!tr_is_valid(m))
			tr_exitf("no %s came", what);
		if (k->loads && is_call(m) && tr_is_call(tr_array_at(m, 1), &from, &request))
			tr_reply(from, TR_LIST(TR_A(ok), tr_keep(k->log), tr_nil()));
		else if (from_relay(m, SUBJECT_STORE, "append"))
			store_take(k, m);
		else
			return m;
		tr_drop(m);
	}
}

static bool is_relayed(const struct wanted *w, tr_value m)
{
	return from_relay(m, w->name, w->tag);
}
static bool is_tagged(const struct wanted *w, tr_value m)
{
	tr_value tag = tr_array_at(m, 0);

	return tr_is(tag, TR_ATOM) && kit_text_is(tag, w->tag) &&
	       (w->token == 0 || tr_as_int(tr_array_at(m, 1), 0) == w->token) &&
	       (w->ref.bits == 0 || tr_ref_eq(tr_as_ref(tr_array_at(m, 1)), w->ref));
}

static tr_value item_of(tr_value message, size_t at)
{
	tr_value v = tr_keep(tr_array_at(message, at));

	tr_drop(message);
	return v;
}

tr_value kit_command(kit *k)
{
	struct wanted w = {.is = is_relayed, .name = SUBJECT_POOL, .tag = "command"};

	tr_value object = item_of(item_of(wait_for(k, &w, "command"), 1), 1);
	const step_command *c = step_command_of(object);

	CHECK(c != NULL);
	tr_value map = step_command_map(c);
	tr_drop(object);
	return map;
}

tr_value kit_heartbeat(kit *k)
{
	struct wanted w = {.is = is_relayed, .name = SUBJECT_POOL, .tag = "heartbeat"};

	return item_of(wait_for(k, &w, "heartbeat"), 1);
}

void kit_pool_again(kit *k)
{
	k->pool = relay_start(SUBJECT_POOL);
}

tr_value kit_cancelled(kit *k)
{
	struct wanted w = {.is = is_relayed, .name = SUBJECT_POOL, .tag = "cancel"};

	return item_of(wait_for(k, &w, "cancel"), 1);
}

tr_value kit_done(kit *k)
{
	struct wanted w = {.is = is_tagged, .tag = "done"};

	return item_of(wait_for(k, &w, "end of the execution"), 2);
}

tr_value kit_verdict(kit *k, int64_t token)
{
	struct wanted w = {.is = is_tagged, .tag = "ack", .token = token};

	return item_of(wait_for(k, &w, "verdict"), 2);
}

tr_value kit_reason(kit *k, tr_ref monitor)
{
	struct wanted w = {.is = is_tagged, .tag = "DOWN", .ref = monitor};

	return item_of(wait_for(k, &w, "DOWN"), 4);
}

void kit_append(kit *k)
{
	size_t before = k->appends;

	while (k->appends == before) {
		struct wanted none = {.is = is_tagged, .tag = "no such message"};
		tr_value m = tr_receive_match(wanted_or_store, &none, tr_in(WAIT));

		CHECK(tr_is_valid(m));
		store_take(k, m);
		tr_drop(m);
	}
}

tr_value kit_artifact_call(kit *k, tr_from *from)
{
	struct wanted w = {.is = is_relayed, .name = SUBJECT_ARTIFACTS};
	tr_value message = item_of(wait_for(k, &w, "call of the artifact store"), 1), request;

	CHECK(tr_is_call(message, from, &request));
	request = tr_keep(request);
	tr_drop(message);
	return request;
}

static bool from_pool(void *arg, tr_value message)
{
	(void)arg;
	return from_relay(message, SUBJECT_POOL, NULL);
}

bool kit_pool_is_idle(void)
{
	tr_value m = tr_receive_match(from_pool, NULL, 0);
	bool idle = !tr_is_valid(m);

	tr_drop(m);
	return idle;
}

static tr_value event_value(tr_value command, event_type type, tr_value payload)
{
	tr_value v;
	event e;

	event_init(&e, type);
	e.time_us = tr_wall_us();
	e.execution_id = tr_as_int(tr_map_get_s(command, "execution_id"), 0);
	e.step_run_id = (uint64_t)tr_as_int(tr_map_get_s(command, "step_run_id"), 0);
	e.attempt = (uint32_t)tr_as_int(tr_map_get_s(command, "attempt"), 0);
	e.payload = payload;
	v = event_to_value(&e);
	event_fini(&e);
	return v;
}

static void report(tr_value command, int64_t token, tr_value events)
{
	char name[40];

	(void)snprintf(name, sizeof name, "event.%" PRId64, tr_as_int(tr_map_get_s(command, "execution_id"), 0));
	(void)tr_send_name(name, TR_LIST(TR_A(event), tr_pid_value(tr_self()), tr_int(token),
					 tr_keep(tr_map_get_s(command, "step_run_id")),
					 tr_keep(tr_map_get_s(command, "attempt")), events));
}

void kit_report(tr_value command, int64_t token, event_type type, tr_value payload)
{
	report(command, token, TR_LIST(event_value(command, type, payload)));
}

void kit_step_done(tr_value command, int64_t token, tr_value result)
{
	report(
	    command, token,
	    TR_LIST(event_value(command, EVENT_STEP_STARTED,
				TR_DICT("step", tr_keep(tr_map_get_s(command, "step")), "worker", tr_string("test"))),
		    event_value(command, EVENT_STEP_DONE, TR_DICT("result", result))));
}

/* arg: [command, type, payload, test] */
static void worker_body(tr_value arg)
{
	kit_report(tr_array_at(arg, 0), 0, (event_type)tr_as_int(tr_array_at(arg, 1), 0), tr_keep(tr_array_at(arg, 2)));
	(void)tr_send(tr_as_pid(tr_array_at(arg, 3)), tr_atom("reported"));
	tr_drop(tr_receive(TR_FOREVER));
}

static bool is_reported(void *arg, tr_value message)
{
	(void)arg;
	return tr_is(message, TR_ATOM) && kit_text_is(message, "reported");
}

tr_pid kit_worker(tr_value command, event_type type, tr_value payload)
{
	tr_pid pid =
	    tr_spawn(worker_body, TR_LIST(tr_keep(command), tr_int((int64_t)type), payload, tr_pid_value(tr_self())));

	tr_drop(tr_receive_match(is_reported, NULL, tr_in(WAIT)));
	return pid;
}
