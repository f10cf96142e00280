/* SPDX-License-Identifier: Apache-2.0 */
/* The system monitor: each kind is told when it should be, once, and not otherwise. */
#include "tests/unit/behaviour/actor_case.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include <troupe/io.h>
#include <troupe/system_monitor.h>

struct about {
	char kind[32];
	tr_pid pid;
};

static bool is_told(void *arg, tr_value message)
{
	const struct about *about = arg;

	/* On a busy machine any actor may be a long handler. */
	return tr_str_is(tr_as_str(tr_array_at(message, 0)), "monitor") &&
	       tr_str_is(tr_as_str(tr_array_at(message, 2)), about->kind) &&
	       (strcmp(about->kind, "long_handler") != 0 || tr_pid_eq(tr_as_pid(tr_array_at(message, 1)), about->pid));
}

/* The next message of this kind is about this actor; gives its map (fresh). */
static tr_value told(const char *kind, tr_pid pid)
{
	struct about about = {.pid = pid};
	snprintf(about.kind, sizeof(about.kind), "%s", kind);
	tr_value m = tr_receive_match(is_told, &about, SOON);
	THAT(tr_is_valid(m) && tr_pid_eq(tr_as_pid(tr_array_at(m, 1)), pid));
	tr_value info = tr_keep(tr_array_at(m, 3));
	tr_drop(m);
	return info;
}

static bool told_again(const char *kind, tr_pid pid)
{
	struct about about = {.pid = pid};
	snprintf(about.kind, sizeof(about.kind), "%s", kind);
	tr_value m = tr_receive_match(is_told, &about, 0);
	bool again = tr_is_valid(m);
	tr_drop(m);
	return again;
}

static int64_t field(tr_value info, const char *name)
{
	tr_value v = tr_map_get_s(info, name);
	int64_t n = tr_is(v, TR_BOOL) ? tr_as_bool(v, false) : tr_as_int(v, -1);
	tr_drop(info);
	return n;
}

static _Atomic bool seen_spinning;

/* At least so long, and until it was seen. */
static void spins(tr_value arg)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	int64_t until = (int64_t)t.tv_sec * TR_SECOND + t.tv_nsec + tr_as_int(arg, 0);
	while ((int64_t)t.tv_sec * TR_SECOND + t.tv_nsec < until || !atomic_load(&seen_spinning))
		clock_gettime(CLOCK_MONOTONIC, &t);
}

ACTOR_CASE(a_long_handler_is_told_while_it_runs)
{
	tr_system_monitor_options o = {.to = tr_self(), .long_handler_ns = 30 * TR_MS};

	THAT(tr_system_monitor(tr_here(), &o) == TR_OK);
	atomic_store(&seen_spinning, false);
	tr_pid pid = tr_spawn(spins, tr_int(100 * TR_MS));
	THAT(field(told("long_handler", pid), "running_ns") >= 30 * TR_MS);
	atomic_store(&seen_spinning, true);
	tr_drop(case_await(tr_monitor(pid)));
	THAT(tr_system_monitor(tr_here(), NULL) == TR_OK);
	tr_pid unseen = tr_spawn(spins, tr_int(100 * TR_MS));
	tr_drop(case_await(tr_monitor(unseen)));
	THAT(!told_again("long_handler", pid));    /* once */
	THAT(!told_again("long_handler", unseen)); /* not any more */
}

/* Takes messages in, and out one by one when told to. */
static void hoards(tr_value arg)
{
	(void)arg;
	for (;;) {
		tr_value go = tr_receive_ref(tr_as_ref(arg), TR_FOREVER);
		for (int64_t n = tr_as_int(tr_array_at(go, 2), 0); n > 0; n--)
			tr_drop(tr_receive(0));
		tr_drop(go);
	}
}

ACTOR_CASE(a_long_queue_is_told_when_it_comes_and_when_it_goes)
{
	tr_system_monitor_options o = {.to = tr_self(), .queue_high = 500, .queue_low = 100};
	tr_ref go = tr_make_ref();
	tr_pid pid = tr_spawn(hoards, tr_ref_value(go));

	THAT(tr_system_monitor(tr_here(), &o) == TR_OK);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 600; i++)
			tr_send(pid, tr_int(i));
		tr_value info = told("long_message_queue", pid);
		THAT(tr_as_bool(tr_map_get_s(info, "long"), false));
		THAT(field(info, "length") >= 500);
		tr_send(pid, TR_LIST(tr_nil(), tr_ref_value(go), tr_int(300))); /* still above the low mark */
		tr_send(pid, TR_LIST(tr_nil(), tr_ref_value(go), tr_int(300)));
		info = told("long_message_queue", pid);
		THAT(!tr_as_bool(tr_map_get_s(info, "long"), false));
		THAT(field(info, "length") <= 100);
	}
	tr_exit_signal(pid, TR_A(kill));
	THAT(tr_system_monitor(tr_here(), NULL) == TR_OK);
}

static void large(tr_value arg)
{
	THAT(tr_own_alloc((size_t)tr_as_int(arg, 0)) != NULL);
	tr_drop(tr_receive(TR_FOREVER));
}

ACTOR_CASE(large_states_are_told_once)
{
	tr_system_monitor_options o = {.to = tr_self(), .large_state = 1 << 20};
	tr_pid small = tr_spawn(large, tr_int(1 << 10));
	tr_pid big = tr_spawn(large, tr_int(2 << 20));

	THAT(tr_system_monitor(tr_here(), &o) == TR_OK);
	THAT(field(told("large_state", big), "bytes") >= 2 << 20);
	tr_pid second = tr_spawn(large, tr_int(3 << 20));
	THAT(field(told("large_state", second), "bytes") >= 3 << 20); /* and in between not the first again */
	tr_exit_signal(small, TR_A(kill));
	tr_exit_signal(big, TR_A(kill));
	tr_exit_signal(second, TR_A(kill));
}

static void floods(tr_value arg)
{
	static char block[1 << 20];
	tr_port socket;

	(void)tr_connect(tr_as_cstr(arg, ""), TR_FRAME_RAW, TR_PASSIVE, &socket, SOON);
	for (int i = 0; i < 64; i++)
		(void)tr_port_send(socket, (tr_str){block, sizeof(block)}, TR_FOREVER);
}

ACTOR_CASE(a_busy_port_is_told)
{
	tr_system_monitor_options o = {.to = tr_self(), .busy_port = true};
	tr_port listener, socket;

	THAT(tr_reactor_start(tr_here()) == TR_OK);
	THAT(tr_listen("127.0.0.1:0", 4, &listener) == TR_OK);
	THAT(tr_system_monitor(tr_here(), &o) == TR_OK);
	tr_pid pid = tr_spawn(floods, tr_socket_address(listener, false));
	THAT(tr_accept(listener, TR_FRAME_RAW, TR_PASSIVE, &socket, SOON) == TR_OK);
	tr_value info = told("busy_port", pid); /* nobody reads */
	THAT(tr_is(tr_map_get_s(info, "port"), TR_REF));
	tr_drop(info);
	tr_exit_signal(pid, TR_A(kill));
}

static void monitors_and_ends(tr_value arg)
{
	(void)arg;
	tr_system_monitor_options o = {.to = tr_self(), .queue_high = 10};
	THAT(tr_system_monitor(tr_here(), &o) == TR_OK);
}

ACTOR_CASE(it_ends_with_whom_it_tells)
{
	tr_drop(case_await(tr_monitor(tr_spawn(monitors_and_ends, tr_nil()))));
	tr_system_monitor_options o = {.to = tr_self(), .queue_high = 10}; /* another takes its place */
	tr_pid pid = tr_spawn(hoards, tr_ref_value(tr_make_ref()));
	THAT(tr_system_monitor(tr_here(), &o) == TR_OK);
	for (int i = 0; i < 20; i++)
		tr_send(pid, tr_int(i));
	THAT(field(told("long_message_queue", pid), "length") >= 10);
	tr_exit_signal(pid, TR_A(kill));
	o.queue_high = 0;
	THAT(tr_system_monitor(tr_here(), &o) == TR_EINVAL);
	o.queue_high = o.queue_low = 5;
	THAT(tr_system_monitor(tr_here(), &o) == TR_EINVAL);
	o.queue_low = 0;
	o.to.bits = 0;
	THAT(tr_system_monitor(tr_here(), &o) == TR_ENOPROC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_long_handler_is_told_while_it_runs),
	    cmocka_unit_test(a_long_queue_is_told_when_it_comes_and_when_it_goes),
	    cmocka_unit_test(large_states_are_told_once),
	    cmocka_unit_test(a_busy_port_is_told),
	    cmocka_unit_test(it_ends_with_whom_it_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
