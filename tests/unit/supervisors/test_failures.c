/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resources run out, one after the other: each allocation in turn, actors, descriptors. Nothing crashes, nothing stays
 * behind, and whoever asked gets an error with a name.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <troupe/io.h>
#include <troupe/sim.h>
#include <troupe/supervisor.h>
#include <troupe/testing.h>

#define SOON tr_in(120 * TR_SECOND)

/* How long something is waited for that the other side may have lost for want of memory or descriptors. */
static int64_t patience_ns;

static bool is_one_of(tr_err err, const tr_err *known, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (known[i] == err)
			return true;
	return false;
}
#define ERR_IN(err, ...) \
	is_one_of((err), (const tr_err[]){TR_OK, __VA_ARGS__}, 1 + sizeof((tr_err[]){__VA_ARGS__}) / sizeof(tr_err))

/* ---- allocations, in a world where everything is repeatable -------------------------------------------------------
 */

static void echo(tr_value arg)
{
	(void)arg;
	for (;;) {
		tr_from from;
		tr_value request, m = tr_receive(TR_FOREVER);
		if (tr_is_call(m, &from, &request))
			tr_reply(from, TR_LIST(tr_keep(request), tr_string("and more of it")));
		tr_drop(m);
	}
}

static void actors(void)
{
	tr_spawned s = tr_spawn_opt(echo, tr_string("an argument, long enough for a box"),
				    &(tr_spawn_options){.link = true, .monitor = true, .name = "echo"});
	tr_sim_check(ERR_IN(s.err, TR_ENOMEM), "spawn says why");
	if (s.err != TR_OK)
		return;
	tr_value v = tr_call(s.pid, tr_string("a request, long enough for a box"), SOON);
	tr_sim_check(ERR_IN(tr_value_err(v), TR_ENOMEM), "call says why");
	tr_drop(v);
	tr_sim_check(ERR_IN(tr_send(s.pid, tr_string("a message, long enough for a box")), TR_ENOMEM), "send says why");
	tr_ref ref = tr_monitor(s.pid);
	tr_exit_signal(s.pid, TR_A(kill));
	tr_value down = tr_receive_ref(ref, TR_FOREVER);
	tr_sim_check(TR_IS_A(tr_array_at(down, 4), killed), "signals are never lost");
	tr_drop(down);
}

static void names(void)
{
	tr_err err = tr_register("a name", tr_self());
	tr_sim_check(ERR_IN(err, TR_ENOMEM), "register says why");
	tr_sim_check((tr_whereis("a name").bits != 0) == (err == TR_OK), "a name is there or not");
	if (err == TR_OK)
		tr_sim_check(tr_unregister("a name") == TR_OK, "and goes");
}

static void groups(void)
{
	tr_err err = tr_group_join("a group", tr_self());
	tr_sim_check(ERR_IN(err, TR_ENOMEM), "join says why");
	tr_value members = tr_group_members("a group");
	tr_sim_check(!tr_is_valid(members) || tr_array_len(members) == (err == TR_OK), "in it or not");
	tr_drop(members);
	tr_sim_check(tr_group_send("a group", tr_string("a message, long enough for a box")) <= 1, "one at most");
	if (err == TR_OK)
		tr_sim_check(tr_group_leave("a group", tr_self()) == TR_OK, "and leaves");
}

static void timers(void)
{
	tr_ref t = tr_send_at(tr_self(), tr_string("a message, long enough for a box"), tr_in(TR_MS));
	tr_ref u = tr_send_at(tr_self(), tr_int(1), tr_in(TR_SECOND));
	if (t.bits != 0)
		tr_drop(tr_receive(tr_in(2 * TR_MS)));
	tr_sim_check(u.bits == 0 || tr_cancel_timer(u) >= 0, "armed or not");
	tr_sleep_until(tr_in(TR_MS));
}

static tr_next server_init(void *state, tr_value arg)
{
	(void)state, (void)arg;
	return tr_noreply();
}
static tr_next server_call(void *state, tr_value request, tr_from from)
{
	(void)state, (void)from;
	return tr_next_reply(tr_keep(request));
}
static const tr_gen_server server = {
    .name = "server", .state_size = 20000, .init = server_init, .handle_call = server_call};

static void servers(void)
{
	tr_started s = tr_gen_server_start_link(&server, tr_string("an argument, long enough for a box"), NULL, SOON);
	tr_sim_check((s.pid.bits != 0) != tr_is_valid(s.reason), "started, or a reason why not");
	tr_drop(s.reason);
	if (s.pid.bits != 0)
		tr_sim_check(ERR_IN(tr_stop(s.pid, TR_A(shutdown), SOON), TR_ENOMEM, TR_ENOPROC), "stop says why");
}

static void supervisors(void)
{
	tr_child_spec specs[] = {{.id = "one", .server = &server, .name = "one"}, {.id = "two", .server = &server}};
	tr_supervisor_spec spec = {.intensity = 9, .children = specs, .child_count = 2};
	tr_started s = tr_supervisor_start_link(&spec);
	tr_sim_check((s.pid.bits != 0) != tr_is_valid(s.reason), "started, or a reason why not");
	tr_drop(s.reason);
	if (s.pid.bits == 0)
		return;
	tr_ref ref = tr_monitor(s.pid);
	tr_exit_signal(tr_whereis("one"), TR_A(kill));
	tr_drop(tr_receive_ref(ref, tr_in(TR_SECOND)));
	/* Both live again, or the supervisor said that it could not and ended. */
	tr_value count = tr_supervisor_count_children(s.pid, SOON);
	if (tr_is_valid(count))
		tr_sim_check(tr_as_int(tr_map_get_s(count, "active"), -1) == 2, "restarted");
	else
		tr_sim_check(ERR_IN(tr_value_err(count), TR_ENOMEM, TR_ENOPROC, TR_EDOWN), "or a named error");
	tr_drop(count);
	ref = tr_monitor(s.pid); /* the first may have told already */
	tr_exit_signal(s.pid, TR_A(shutdown));
	tr_drop(tr_receive_ref(ref, TR_FOREVER));
}

static void far_calls(void)
{
	tr_spawned s = tr_sim_spawn(2, echo, tr_nil(), NULL);
	tr_sim_check(ERR_IN(s.err, TR_ENOMEM), "spawn says why");
	tr_ref ref = tr_monitor(s.pid);
	tr_link(s.pid);
	tr_value v = tr_call(s.pid, tr_string("a request, long enough for a box"), SOON);
	tr_sim_check(ERR_IN(tr_value_err(v), TR_ENOMEM, TR_ENOPROC), "call says why");
	tr_drop(v);
	tr_unlink(s.pid);
	tr_exit_signal(s.pid, TR_A(kill));
	tr_value down = tr_receive_ref(ref, TR_FOREVER);
	tr_sim_check(tr_is_valid(down), "signals are never lost");
	tr_drop(down);
}

static void (*const in_world[])(void) = {actors, names, groups, timers, servers, supervisors, far_calls};

static void run_in_world(tr_value arg)
{
	tr_trap_exit(true);
	tr_sim_fail_alloc(tr_as_int(tr_array_at(arg, 1), 0));
	in_world[tr_as_int(tr_array_at(arg, 0), 0)]();
}

static void each_allocation_fails_once(void **state)
{
	tr_sim_options options = {.nodes = 2};
	(void)state;
	(void)tr_sim_run(1, &options, run_in_world, TR_LIST(tr_int(0), tr_int(1000000))); /* atoms and the like */
	(void)tr_test_live_blocks();
	for (size_t i = 0; i < sizeof in_world / sizeof in_world[0]; i++) {
		for (int64_t n = 0;; n++) {
			int64_t before = tr_test_live_blocks();
			tr_sim_result r = tr_sim_run(1, &options, run_in_world, TR_LIST(tr_int((int64_t)i), tr_int(n)));
			if (r.verdict != TR_SIM_FINISHED)
				print_error("scenario %zu, allocation %d: %s\n", i, (int)n, r.text);
			assert_int_equal(r.verdict, TR_SIM_FINISHED);
			assert_int_equal(tr_test_live_blocks(), before);
			if (r.failed_allocs == 0) {
				assert_true(n > 1);
				break;
			}
		}
	}
}

/* ---- actors -------------------------------------------------------------------------------------------------------
 */

static void no_room(tr_value arg)
{
	(void)arg;
	tr_trap_exit(true);
	tr_child_spec one[] = {{.id = "one", .server = &server}};
	tr_supervisor_spec spec = {.children = one, .child_count = 1};
	tr_started sup = tr_supervisor_start_link(&spec);
	tr_sim_check(sup.pid.bits != 0, "while there is room");
	tr_spawned s;
	tr_value all = tr_array();
	while ((s = tr_spawn_opt(echo, tr_nil(), NULL)).err == TR_OK)
		all = tr_array_push(all, tr_pid_value(s.pid));
	tr_sim_check(s.err == TR_ENOMEM && tr_array_len(all) > 100, "then there is none");
	tr_started g = tr_gen_server_start(&server, tr_nil(), NULL, SOON);
	tr_sim_check(g.pid.bits == 0 && TR_IS_A(g.reason, enomem), "a server says why");
	g = tr_supervisor_start_link(&(tr_supervisor_spec){.intensity = 1});
	tr_sim_check(g.pid.bits == 0 && TR_IS_A(g.reason, enomem), "a supervisor too");
	tr_child_spec two = {.id = "two", .server = &server};
	g = tr_supervisor_start_child(sup.pid, &two, SOON);
	tr_sim_check(g.pid.bits == 0 && TR_IS_A(g.reason, enomem), "and a child's start");
	for (size_t i = 0; i < tr_array_len(all); i++)
		tr_exit_signal(tr_as_pid(tr_array_at(all, i)), TR_A(kill));
	tr_drop(all);
	tr_sleep_until(tr_in(TR_SECOND));
	g = tr_supervisor_start_child(sup.pid, &two, SOON);
	tr_sim_check(g.pid.bits != 0, "and goes on when there is room again");
}

static void actors_run_out(void **state)
{
	tr_sim_options options = {.max_actors = 1}; /* the least there is */
	(void)state;
	int64_t before = tr_test_live_blocks();
	tr_sim_result r = tr_sim_run(1, &options, no_room, tr_nil());
	assert_string_equal(r.text, "");
	assert_int_equal(tr_test_live_blocks(), before);
}

/* ---- sockets, files, processes ------------------------------------------------------------------------------------
 */

struct outcome {
	tr_err err;
	int os_error;
};
static struct outcome seen[8];
static size_t n_seen;

/* Remember how a call ended; true when it did what it should. */
static bool went_well(tr_err err)
{
	if (n_seen < sizeof seen / sizeof seen[0])
		seen[n_seen++] = (struct outcome){err, tr_io_errno()};
	return err == TR_OK;
}

static void accepts(tr_value arg)
{
	tr_port socket;
	(void)arg;
	tr_port listener;
	if (!went_well(tr_listen("127.0.0.1:0", 4, &listener)))
		return;
	tr_value address = tr_socket_address(listener, false);
	tr_port client;
	if (tr_is_valid(address) &&
	    went_well(tr_connect(tr_as_cstr(address, ""), TR_FRAME_4, TR_PASSIVE, &client, SOON))) {
		if (went_well(tr_accept(listener, TR_FRAME_4, TR_PASSIVE, &socket, tr_in(patience_ns))) &&
		    went_well(tr_port_send(client, tr_s("a frame"), SOON))) {
			tr_value v = tr_port_receive(socket, tr_in(patience_ns));
			(void)went_well(tr_value_err(v));
			tr_drop(v);
		}
	}
	tr_drop(address);
}

static void runs_a_process(tr_value arg)
{
	const char *argv[] = {"cat", NULL};
	tr_port port;
	(void)arg;
	if (!went_well(tr_port_open(&(tr_port_options){.file = "cat", .argv = argv, .framing = TR_FRAME_LINE}, &port)))
		return;
	if (went_well(tr_port_send(port, tr_s("a line"), SOON))) { /* else there is nothing to wait for */
		tr_value v = tr_port_receive(port, tr_in(patience_ns));
		(void)went_well(tr_value_err(v));
		tr_drop(v);
	}
	tr_port_close(port, TR_SECOND);
}

static void uses_files(tr_value arg)
{
	const char *path = tr_as_cstr(arg, "");
	if (went_well(tr_file_write(path, tr_s("some bytes")))) {
		tr_value v = tr_file_read(path, 100);
		(void)went_well(tr_value_err(v));
		tr_drop(v);
	}
}

static tr_body *const with_io[] = {accepts, runs_a_process, uses_files};

static size_t open_descriptors(void)
{
	size_t n = 0;
	DIR *d = opendir("/proc/self/fd");
	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void swallow(void *arg, tr_value report)
{
	(void)arg;
	tr_drop(report);
}

static char scratch[] = "/tmp/troupe-failures-XXXXXX";

/* All that was seen has a name: success, or one of these. */
static bool all_named(const tr_err *known, size_t n)
{
	for (size_t i = 0; i < n_seen; i++)
		if (seen[i].err != TR_OK && !is_one_of(seen[i].err, known, n)) {
			print_error("call %zu: %s (errno %d)\n", i, tr_err_name(seen[i].err), seen[i].os_error);
			return false;
		}
	return true;
}

static tr_value run_with_io(tr_body *body)
{
	tr_node_options options = {.schedulers = 1, .report = swallow};
	char path[64];
	n_seen = 0;
	snprintf(path, sizeof path, "%s/file", scratch);
	return tr_run(&options, body, tr_string(path));
}

/* With all that it needs, and time. */
static void assert_all_goes_well(tr_body *body)
{
	int64_t before = patience_ns;

	patience_ns = 120 * TR_SECOND;
	tr_value reason = run_with_io(body);
	patience_ns = before;
	assert_true(TR_IS_A(reason, normal));
	assert_true(n_seen > 1);
	for (size_t i = 0; i < n_seen; i++)
		assert_int_equal(seen[i].err, TR_OK);
}

/* arg: [which, n, path] */
static void fail_then_run(tr_value arg)
{
	tr_test_fail_alloc(tr_as_int(tr_array_at(arg, 1), 0));
	with_io[tr_as_int(tr_array_at(arg, 0), 0)](tr_array_at(arg, 2));
	n_seen = tr_test_alloc_failed() ? n_seen : SIZE_MAX;
	tr_test_fail_alloc(-1);
}

static void allocations_of_input_and_output(void **state)
{
	static const tr_err known[] = {TR_ENOMEM, TR_ETIMEOUT, TR_ESYSTEM};
	(void)state;
	for (size_t i = 0; i < sizeof with_io / sizeof with_io[0]; i++) {
		assert_all_goes_well(with_io[i]);
		int64_t before = tr_test_live_blocks();
		size_t descriptors = open_descriptors();
		for (int64_t n = 0;; n++) {
			char path[64];
			/* One thread alone, since it is one of its allocations that fails. */
			tr_node_options options = {
			    .schedulers = 1, .report = swallow, .long_handler_ns = 3600 * TR_SECOND};
			snprintf(path, sizeof path, "%s/file", scratch);
			n_seen = 0;
			tr_value reason =
			    tr_run(&options, fail_then_run, TR_LIST(tr_int((int64_t)i), tr_int(n), tr_string(path)));
			assert_true(TR_IS_A(reason, normal));
			assert_int_equal(tr_test_live_blocks(), before);
			assert_int_equal(open_descriptors(), descriptors);
			if (n_seen == SIZE_MAX) /* nothing was left to fail */
				break;
			assert_true(all_named(known, sizeof known / sizeof known[0]));
		}
	}
}

static void descriptors_run_out(void **state)
{
	static const tr_err known[] = {TR_EFULL, TR_ELIMIT, TR_ESYSTEM, TR_EIO, TR_ETIMEOUT, TR_ENOMEM};
	struct rlimit usual, low;
	(void)state;
	if (getenv("UNDER_VALGRIND") != NULL) {
		print_message("valgrind keeps the limit of descriptors to itself: nothing runs out\n");
		skip();
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
	for (size_t i = 0; i < sizeof with_io / sizeof with_io[0]; i++) {
		int failures = 0;
		int64_t before = tr_test_live_blocks();
		size_t descriptors = open_descriptors();
		for (rlim_t room = 0; room < 30; room++) {
			low = usual;
			low.rlim_cur = (rlim_t)descriptors - 3 + room; /* ".", ".." and the folder's own */
			assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
			tr_value reason = run_with_io(with_io[i]);
			assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
			assert_true(TR_IS_A(reason, normal));
			assert_true(all_named(known, sizeof known / sizeof known[0]));
			for (size_t c = 0; c < n_seen; c++)
				failures += seen[c].err != TR_OK;
			assert_int_equal(tr_test_live_blocks(), before);
			if (open_descriptors() != descriptors)
				print_error("scenario %zu with room for %d: %zu descriptors, before %zu\n", i,
					    (int)room, open_descriptors(), descriptors);
			assert_int_equal(open_descriptors(), descriptors);
		}
		assert_true(failures > 0);
		assert_all_goes_well(with_io[i]); /* with enough of them it works */
	}
}

static int make_scratch(void **state)
{
	(void)state;
	patience_ns = 200 * TR_MS;
	return mkdtemp(scratch) == NULL ? -1 : 0;
}

static int remove_scratch(void **state)
{
	char path[64];
	(void)state;
	snprintf(path, sizeof path, "%s/file", scratch);
	unlink(path);
	return rmdir(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_allocation_fails_once),
	    cmocka_unit_test(actors_run_out),
	    cmocka_unit_test(allocations_of_input_and_output),
	    cmocka_unit_test(descriptors_run_out),
	};
	return cmocka_run_group_tests_name("failures", tests, make_scratch, remove_scratch);
}
