/* SPDX-License-Identifier: Apache-2.0 */
/* Tracing: what is collected for whom, rates, destinations that end, and the ring under many producers. */
#include "tests/unit/behaviour/actor_case.h"

#include <troupe/gen_statem.h>
#include <troupe/trace.h>

#include <pthread.h>
#include <string.h>

#include "runtime/observe/trace_ring.h"

/* ---- the ring
 * ------------------------------------------------------------------------------------------------------------------ */

static struct trace_ring ring;

static void the_ring_is_bounded_and_in_order(void **state)
{
	struct trace_event e = {.value = tr_nil()};

	(void)state;
	trace_ring_init(&ring);
	for (int round = 0; round < 3; round++) {
		assert_false(trace_ring_take(&ring, &e));
		for (uint32_t i = 0; i < TRACE_RING_SIZE; i++) {
			e.time_us = i;
			assert_true(trace_ring_put(&ring, &e));
		}
		assert_false(trace_ring_put(&ring, &e));
		for (uint32_t i = 0; i < TRACE_RING_SIZE; i++) {
			assert_true(trace_ring_take(&ring, &e));
			assert_int_equal(e.time_us, i);
		}
	}
}

enum {
	PRODUCERS = 4,
	EACH = 20000
};

static void *produce(void *arg)
{
	struct trace_event e = {.kind = (unsigned)(uintptr_t)arg, .value = tr_nil()};

	for (int i = 0; i < EACH; i++) {
		e.time_us = i;
		while (!trace_ring_put(&ring, &e))
			sched_yield();
	}
	return NULL;
}

static void no_event_is_lost_or_doubled(void **state)
{
	pthread_t threads[PRODUCERS];
	int64_t next[PRODUCERS] = {0};
	struct trace_event e;

	(void)state;
	trace_ring_init(&ring);
	for (uintptr_t i = 0; i < PRODUCERS; i++)
		pthread_create(&threads[i], NULL, produce, (void *)i);
	for (int taken = 0; taken < PRODUCERS * EACH;) {
		if (!trace_ring_take(&ring, &e)) {
			sched_yield();
			continue;
		}
		assert_int_equal(e.time_us, next[e.kind]++);
		taken++;
	}
	for (int i = 0; i < PRODUCERS; i++)
		pthread_join(threads[i], NULL);
}

/* ---- traces
 * --------------------------------------------------------------------------------------------------------------------
 */

static void echo(tr_value arg)
{
	(void)arg;
	for (;;) {
		tr_value m = tr_receive(TR_FOREVER);
		if (TR_IS_A(m, stop))
			tr_exit(tr_string("told to"));
		tr_send(tr_as_pid(tr_array_at(m, 0)), tr_keep(tr_array_at(m, 1)));
		tr_drop(m);
	}
}

static bool is_trace(void *arg, tr_value message)
{
	(void)arg;
	return tr_str_is(tr_as_str(tr_array_at(message, 0)), "trace");
}

/* The next trace message is of this kind; the field is `want` (taken). */
static bool traced(const char *kind, const char *field, tr_value want)
{
	tr_value m = tr_receive_match(is_trace, NULL, SOON);
	tr_value map = tr_array_at(m, 1);
	bool same = tr_str_is(tr_as_str(tr_map_get_s(map, "trace")), kind) && tr_equal(tr_map_get_s(map, field), want);

	if (!same) {
		tr_buf text = {0};
		tr_show(&text, m, 1000);
		fprintf(stderr, "got %s instead of %s %s\n", text.p, kind, field);
		tr_buf_fini(&text);
	}
	tr_drop(m);
	tr_drop(want);
	return same;
}

static uint32_t start(tr_trace_options options)
{
	uint32_t id = 0;

	options.to = tr_self();
	THAT(tr_trace_start(tr_here(), &options, &id) == TR_OK);
	return id;
}

/* The middleman lets another actor act, since what the destination of a trace does is not traced. */
static void middleman(tr_value arg)
{
	tr_pid echo_pid = tr_as_pid(tr_array_at(arg, 0));
	tr_pid test = tr_as_pid(tr_array_at(arg, 1));

	for (int64_t i = 0; i < tr_as_int(tr_array_at(arg, 2), 0); i++) {
		tr_send(echo_pid, TR_LIST(tr_pid_value(tr_self()), tr_int(i)));
		tr_drop(tr_receive(TR_FOREVER));
	}
	tr_send(test, TR_A(done));
}

static void run_middleman(tr_pid echo_pid, int64_t rounds)
{
	tr_spawn(middleman, TR_LIST(tr_pid_value(echo_pid), tr_pid_value(tr_self()), tr_int(rounds)));
}

static bool is_done(void *arg, tr_value message)
{
	(void)arg;
	return TR_IS_A(message, done);
}

static void await_done(void)
{
	tr_drop(tr_receive_match(is_done, NULL, SOON));
}

ACTOR_CASE(an_actors_events_arrive_in_order)
{
	tr_pid pid = tr_spawn(echo, tr_nil());
	uint32_t id = start((tr_trace_options){.events = TR_TRACE_ALL, .pid = pid});

	run_middleman(pid, 2);
	for (int i = 0; i < 2; i++) {
		THAT(traced("send", "to", tr_pid_value(pid)));
		THAT(traced("receive", "pid", tr_pid_value(pid)));
		THAT(traced("send", "message", tr_int(i)));
	}
	await_done();
	tr_exit_signal(pid, tr_string("out"));
	THAT(traced("exit", "reason", tr_string("out")));
	THAT(tr_trace_stop(tr_here(), id) == TR_OK);
	THAT(tr_trace_stop(tr_here(), id) == TR_ENOENT);
}

static bool even(void *arg, tr_value message)
{
	(void)arg;
	return tr_is(message, TR_INT) && tr_as_int(message, 1) % 2 == 0;
}

ACTOR_CASE(a_match_chooses_messages)
{
	tr_pid pid = tr_spawn(echo, tr_nil());
	tr_register("echo", pid);
	uint32_t id = start((tr_trace_options){.events = TR_TRACE_SEND, .name = "echo", .match = even});

	run_middleman(pid, 6);
	THAT(traced("send", "message", tr_int(0)));
	THAT(traced("send", "message", tr_int(2)));
	THAT(traced("send", "message", tr_int(4)));
	await_done();
	THAT(tr_trace_stop(tr_here(), id) == TR_OK);
	tr_exit_signal(pid, TR_A(kill));
}

ACTOR_CASE(a_rate_drops_and_tells)
{
	tr_pid pid = tr_spawn(echo, tr_nil());
	/* A second may begin anew in the middle: what counts is that all are either seen or told of. */
	uint32_t id = start((tr_trace_options){.events = TR_TRACE_RECEIVE, .pid = pid, .rate = 10});
	int64_t seen = 0, dropped = 0;

	run_middleman(pid, 200);
	await_done();
	while (seen + dropped < 200) {
		tr_value m = tr_receive_match(is_trace, NULL, SOON);
		THAT(tr_is_valid(m));
		tr_value map = tr_array_at(m, 1);
		if (tr_str_is(tr_as_str(tr_map_get_s(map, "trace")), "dropped"))
			dropped += tr_as_int(tr_map_get_s(map, "count"), 0);
		else
			seen++;
		tr_drop(m);
	}
	THAT(seen + dropped == 200);
	THAT(seen >= 10 && dropped > 0);
	THAT(tr_trace_stop(tr_here(), id) == TR_OK);
	tr_exit_signal(pid, TR_A(kill));
}

static void tracing_actor(tr_value arg)
{
	tr_pid pid = tr_as_pid(arg);
	uint32_t id;
	tr_trace_options options = {.events = TR_TRACE_ALL, .pid = pid, .to = tr_self()};

	THAT(tr_trace_start(tr_here(), &options, &id) == TR_OK);
}

ACTOR_CASE(a_trace_ends_with_its_destination_and_places_are_limited)
{
	uint32_t ids[16], more;
	tr_trace_options options = {.events = TR_TRACE_EXIT, .to = tr_self()};
	tr_spawn_options monitored = {.monitor = true};

	for (int i = 0; i < 15; i++)
		THAT(tr_trace_start(tr_here(), &options, &ids[i]) == TR_OK);
	tr_spawned s = tr_spawn_opt(tracing_actor, tr_pid_value(tr_self()), &monitored);
	THAT(TR_IS_A(case_await(s.monitor), normal));
	int64_t deadline = SOON;
	tr_err err; /* its place becomes free when the tracer has seen that it ended */
	while ((err = tr_trace_start(tr_here(), &options, &ids[15])) == TR_EFULL && tr_now() < deadline)
		tr_yield();
	THAT(err == TR_OK);
	THAT(tr_trace_start(tr_here(), &options, &more) == TR_EFULL);
	for (int i = 0; i < 16; i++)
		THAT(tr_trace_stop(tr_here(), ids[i]) == TR_OK);
	options.events = 0;
	THAT(tr_trace_start(tr_here(), &options, &more) == TR_EINVAL);
	options.events = TR_TRACE_ALL;
	options.name = "nobody";
	THAT(tr_trace_start(tr_here(), &options, &more) == TR_ENOPROC);
}

static void spawner(tr_value arg)
{
	tr_spawn_options options = {.label = "child"};

	tr_exit_signal(tr_spawn_opt(echo, tr_nil(), &options).pid, TR_A(kill));
	tr_send(tr_as_pid(arg), TR_A(done));
}

ACTOR_CASE(spawns_are_told_but_not_those_of_the_destination)
{
	uint32_t id = start((tr_trace_options){.events = TR_TRACE_SPAWN});

	tr_spawn(spawner, tr_pid_value(tr_self()));
	THAT(traced("spawn", "label", tr_string("child")));
	await_done();
	THAT(tr_trace_stop(tr_here(), id) == TR_OK);
	tr_value none = tr_receive_match(is_trace, NULL, 0);
	THAT(!tr_is_valid(none));
}

/* ---- calls of callbacks ---------------------------------------------------------------------------------------------
 */

static tr_next counter_init(void *state, tr_value arg)
{
	(void)state, (void)arg;
	return tr_noreply();
}

static tr_next counter_call(void *state, tr_value request, tr_from from)
{
	(void)from;
	*(int64_t *)state += tr_as_int(request, 0);
	return tr_next_reply(tr_int(*(int64_t *)state));
}

static tr_next counter_cast(void *state, tr_value request)
{
	(void)state;
	return TR_IS_A(request, stop) ? tr_next_stop(TR_A(normal)) : tr_next_then(tr_keep(request));
}

static tr_next counter_continue(void *state, tr_value arg)
{
	(void)state, (void)arg;
	return tr_noreply();
}

static void counter_terminate(void *state, tr_value reason)
{
	(void)state, (void)reason;
}

static const tr_gen_server counter = {.name = "counter",
				      .state_size = sizeof(int64_t),
				      .init = counter_init,
				      .handle_call = counter_call,
				      .handle_cast = counter_cast,
				      .handle_continue = counter_continue,
				      .terminate = counter_terminate};

/* The next trace message is this call or return. */
static bool traced_call(const char *kind, const char *module, const char *function)
{
	tr_value m = tr_receive_match(is_trace, NULL, SOON);
	tr_value map = tr_array_at(m, 1);
	bool same =
	    tr_str_is(tr_as_str(tr_map_get_s(map, "trace")), kind) &&
	    tr_str_is(tr_as_str(tr_map_get_s(map, "module")), module) &&
	    tr_str_is(tr_as_str(tr_map_get_s(map, "function")), function) &&
	    (tr_str_is(tr_as_str(tr_map_get_s(map, "trace")), "call") ? tr_is_valid(tr_map_get_s(map, "argument"))
								      : tr_as_int(tr_map_get_s(map, "ns"), -1) >= 0);

	if (!same) {
		tr_buf text = {0};
		tr_show(&text, m, 1000);
		print_error("not %s %s %s but %s\n", kind, module, function, text.p);
		tr_buf_fini(&text);
	}
	tr_drop(m);
	return same;
}

ACTOR_CASE(calls_of_callbacks_are_told_in_order)
{
	const unsigned both = TR_TRACE_CALL | TR_TRACE_RETURN;
	uint32_t id = start((tr_trace_options){.events = both, .module = "counter"});
	tr_pid pid = tr_gen_server_start(&counter, tr_nil(), NULL, SOON).pid;

	THAT(case_answer_is(tr_call(pid, tr_int(3), SOON), tr_int(3)));
	tr_cast(pid, tr_int(5));
	tr_cast(pid, TR_A(stop));
	static const char *const order[] = {"init",        "handle_call", "handle_cast", "handle_continue",
					    "handle_cast", "terminate"};
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		THAT(traced_call("call", "counter", order[i]));
		THAT(traced_call("return", "counter", order[i]));
	}
	THAT(tr_trace_stop(tr_here(), id) == TR_OK);
}

/* One trace after the other: what a new one is told must not be lost because the tracer is still busy with the old one.
 */
ACTOR_CASE(traces_follow_each_other_closely)
{
	tr_pid pid = tr_gen_server_start(&counter, tr_nil(), NULL, SOON).pid;

	for (int i = 0; i < 500; i++) {
		tr_trace_options options = {.events = TR_TRACE_CALL, .module = "counter", .to = tr_self()};
		uint32_t id;
		tr_err err;
		while ((err = tr_trace_start(tr_here(), &options, &id)) == TR_EFULL)
			tr_yield(); /* those that have ended keep their places for a while */
		THAT(err == TR_OK);
		tr_drop(tr_call(pid, tr_int(1), SOON));
		THAT(traced_call("call", "counter", "handle_call"));
		THAT(tr_trace_stop(tr_here(), id) == TR_OK);
	}
}

static bool is_two(void *arg, tr_value argument)
{
	(void)arg;
	return tr_as_int(argument, 0) == 2;
}

static tr_step lamp_off(tr_machine *m, void *data, const tr_event *event)
{
	(void)m, (void)data;
	if (event->type == TR_EVENT_CALL)
		tr_reply(event->from, tr_nil());
	return tr_next_state(tr_string("on"));
}

static tr_step lamp_init(tr_machine *m, void *data, tr_value arg)
{
	(void)m, (void)data, (void)arg;
	return tr_next_state(tr_string("off"));
}

static void plain_handle(void *state, tr_value message)
{
	(void)state, (void)message;
}

ACTOR_CASE(calls_are_chosen_by_function_argument_and_pid)
{
	static const tr_state states[] = {{"off", lamp_off}, {"on", lamp_off}};
	static const tr_gen_statem lamp = {.name = "lamp", .init = lamp_init, .states = states, .state_count = 2};
	static const tr_behaviour plain = {.name = "plain", .handle = plain_handle};
	tr_pid one = tr_gen_server_start(&counter, tr_nil(), NULL, SOON).pid;
	tr_pid two = tr_gen_server_start(&counter, tr_nil(), NULL, SOON).pid;
	tr_pid machine = tr_gen_statem_start(&lamp, tr_nil(), NULL, SOON).pid;
	tr_pid other = tr_spawn_behaviour(&plain, tr_nil(), NULL).pid;
	uint32_t by_argument = start((tr_trace_options){
	    .events = TR_TRACE_CALL, .module = "counter", .function = "handle_call", .match = is_two, .pid = one});

	for (int i = 0; i < 4; i++) {
		tr_drop(tr_call(one, tr_int(i), SOON));
		tr_drop(tr_call(two, tr_int(i), SOON));
		tr_cast(one, tr_int(2));
	}
	THAT(traced("call", "argument", tr_int(2)));
	THAT(tr_trace_stop(tr_here(), by_argument) == TR_OK);
	uint32_t states_id = start((tr_trace_options){.events = TR_TRACE_CALL, .pid = machine});
	tr_drop(tr_call(machine, tr_nil(), SOON));
	tr_drop(tr_call(machine, tr_nil(), SOON));
	THAT(traced_call("call", "lamp", "off"));
	THAT(traced_call("call", "lamp", "on"));
	THAT(tr_trace_stop(tr_here(), states_id) == TR_OK);
	uint32_t plain_id = start((tr_trace_options){.events = TR_TRACE_CALL, .pid = other});
	tr_send(other, tr_nil());
	THAT(traced_call("call", "plain", "handle"));
	THAT(tr_trace_stop(tr_here(), plain_id) == TR_OK);
	THAT(!tr_is_valid(tr_receive_match(is_trace, NULL, 0)));
	char long_name[100];
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = 0;
	uint32_t none;
	THAT(tr_trace_start(tr_here(), &(tr_trace_options){.events = TR_TRACE_CALL, .module = long_name}, &none) ==
	     TR_ELIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_ring_is_bounded_and_in_order),
	    cmocka_unit_test(no_event_is_lost_or_doubled),
	    cmocka_unit_test(an_actors_events_arrive_in_order),
	    cmocka_unit_test(a_match_chooses_messages),
	    cmocka_unit_test(a_rate_drops_and_tells),
	    cmocka_unit_test(a_trace_ends_with_its_destination_and_places_are_limited),
	    cmocka_unit_test(calls_of_callbacks_are_told_in_order),
	    cmocka_unit_test(traces_follow_each_other_closely),
	    cmocka_unit_test(calls_are_chosen_by_function_argument_and_pid),
	    cmocka_unit_test(spawns_are_told_but_not_those_of_the_destination),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
