/* SPDX-License-Identifier: Apache-2.0 */
/* Ports with real children. */
#include <errno.h>
#include <signal.h>

#include <troupe/testing.h>

#include "io_check.h"

static tr_port open_port(tr_port_options options, const char *script)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	tr_port port;

	options.file = "sh";
	options.argv = argv;
	CHECK_OK(tr_port_open(&options, &port));
	return port;
}

/* Does it run? A zombie that its parent, or init, has not reaped yet does not. */
static bool is_there(int os_pid)
{
	char path[40], text[300] = "";

	snprintf(path, sizeof(path), "/proc/%d/stat", os_pid);
	FILE *f = fopen(path, "r");
	if (f == NULL)
		return false;
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	const char *state = n > 0 ? strrchr(text, ')') : NULL;
	return state != NULL && state[2] != 'Z' && state[2] != 'X';
}

/* Not even as a zombie: our own children are reaped. */
static bool is_reaped(int os_pid)
{
	return kill(os_pid, 0) != 0;
}

ACTOR_TEST(lines_go_through_a_child)
{
	tr_port port =
	    open_port((tr_port_options){.framing = TR_FRAME_LINE}, "while read -r l; do echo \"<$l>\"; done");

	CHECK(tr_port_os_pid(port) > 1);
	for (int i = 0; i < 100; i++) {
		char line[32], expected[40];
		snprintf(line, sizeof(line), "line %d", i);
		snprintf(expected, sizeof(expected), "<%s>", line);
		CHECK_OK(tr_port_send(port, tr_s(line), SOON));
		CHECK_TEXT(tr_port_receive(port, SOON), expected);
	}
	CHECK_OK(tr_port_close_stdin(port));
	CHECK_ERR(tr_port_receive(port, SOON), TR_ECLOSED);
	CHECK(tr_as_int(tr_port_wait(port, SOON), -1) == 0);
	CHECK(tr_port_os_pid(port) == 0);
	CHECK(tr_port_send(port, tr_s("x"), SOON) == TR_ECLOSED);
	tr_port_close(port, 0);
	CHECK_ERR(tr_port_receive(port, SOON), TR_ECLOSED);
}

ACTOR_TEST(frames_of_each_width)
{
	static const tr_framing widths[] = {TR_FRAME_1, TR_FRAME_2, TR_FRAME_4};
	static const size_t sizes[] = {255, 65535, 300000};
	char *big = tr_own_alloc(300001);

	for (int i = 0; i < 3; i++) {
		tr_port port = open_port((tr_port_options){.framing = widths[i]}, "exec cat");
		memset(big, 'a' + i, sizes[i]);
		CHECK_OK(tr_port_send(port, (tr_str){NULL, 0}, SOON));
		CHECK_TEXT(tr_port_receive(port, SOON), "");
		CHECK_OK(tr_port_send(port, tr_s("short"), SOON));
		CHECK_TEXT(tr_port_receive(port, SOON), "short");
		/* Larger than the pipe: the sender parks until somebody reads. */
		if (sizes[i] <= 65535) {
			CHECK_OK(tr_port_send(port, (tr_str){big, sizes[i]}, SOON));
			tr_value back = tr_port_receive(port, SOON);
			CHECK(tr_str_eq(tr_as_str(back), (tr_str){big, sizes[i]}));
			tr_drop(back);
		}
		if (i < 2)
			CHECK(tr_port_send(port, (tr_str){big, sizes[i] + 1}, SOON) == TR_ELIMIT);
		tr_port_close(port, 0);
	}
}

/* A pipe that nobody reads fills; the sender waits, and the deadline ends that. */
ACTOR_TEST(a_full_pipe_parks_the_sender)
{
	tr_port port = open_port((tr_port_options){0}, "exec cat > /dev/null");
	size_t n = 1 << 20;
	char *big = tr_own_alloc(n);

	memset(big, 'x', n);
	big[n - 1] = '\n';
	CHECK_OK(tr_port_send(port, (tr_str){big, n}, SOON));
	tr_port_close(port, 0);
	port = open_port((tr_port_options){0}, "exec sleep 1000");
	/* The first one fills the pipe. (On a machine that is so slow that it does not wait at all, it counts as sent.)
	 */
	tr_err first = tr_port_send(port, (tr_str){big, n}, tr_in(20 * TR_MS));
	CHECK(first == TR_ETIMEOUT || first == TR_OK);
	int64_t before = tr_now();
	CHECK(tr_port_send(port, (tr_str){big, n}, tr_in(20 * TR_MS)) == TR_ETIMEOUT);
	CHECK(tr_now() - before >= 20 * TR_MS);
	/* Without waiting at all. */
	CHECK(tr_port_send(port, (tr_str){big, n}, 0) == TR_ETIMEOUT);
	tr_port_close(port, 0);
}

/* A part of it fits: the sender goes on, and the rest follows. */
ACTOR_TEST(what_is_begun_without_waiting_is_sent)
{
	size_t n = 1 << 20;
	char *big = tr_own_alloc(n);
	tr_port port = open_port((tr_port_options){0}, "exec sleep 1000");

	memset(big, 'x', n);
	CHECK_OK(tr_port_send(port, (tr_str){big, n}, 0));
	CHECK(tr_port_send(port, (tr_str){big, n}, 0) == TR_ETIMEOUT);
	tr_port_close(port, 0);
	port = open_port((tr_port_options){0}, "exec head -c 1048576 | wc -c");
	CHECK_OK(tr_port_send(port, (tr_str){big, n}, 0));
	tr_value count = tr_port_receive(port, SOON);
	CHECK(atoi(tr_as_cstr(count, "0")) == 1048576);
	tr_drop(count);
	tr_port_close(port, 0);
}

ACTOR_TEST(active_mode_sends_messages_in_order)
{
	tr_port port = open_port((tr_port_options){.framing = TR_FRAME_LINE, .active = TR_ACTIVE},
				 "echo one; echo two; printf rest; exit 3");

	CHECK_DATA(port, "one");
	CHECK_DATA(port, "two");
	CHECK_DATA(port, "rest");
	CHECK_MESSAGE(port, "closed", "nil");
	CHECK_MESSAGE(port, "exit_status", "3");
	tr_port_close(port, 0);
	CHECK_ERR(tr_receive(0), TR_ETIMEOUT);
}

/* More than the pipe holds when the child is already gone. */
ACTOR_TEST(nothing_is_lost_at_the_end)
{
	tr_port port = open_port((tr_port_options){.framing = TR_FRAME_LINE, .active = TR_ACTIVE},
				 "i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done");

	for (int i = 0; i < 5000; i++) {
		char line[32];
		snprintf(line, sizeof(line), "line %d", i);
		CHECK_DATA(port, line);
	}
	CHECK_MESSAGE(port, "closed", "nil");
	CHECK_MESSAGE(port, "exit_status", "0");
}

ACTOR_TEST(active_n_counts_down)
{
	tr_port port =
	    open_port((tr_port_options){.framing = TR_FRAME_LINE, .active = 2}, "echo 1; echo 2; echo 3; echo 4");

	CHECK_DATA(port, "1");
	CHECK_DATA(port, "2");
	CHECK_MESSAGE(port, "passive", "nil");
	CHECK_TEXT(tr_port_receive(port, SOON), "3");
	CHECK(tr_as_int(tr_port_wait(port, SOON), -1) == 0);
	CHECK_ERR(tr_receive(0), TR_ETIMEOUT);
	CHECK_OK(tr_port_set_active(port, TR_ACTIVE));
	CHECK_DATA(port, "4");
	CHECK_MESSAGE(port, "closed", "nil");
	CHECK_MESSAGE(port, "exit_status", "0");
	CHECK(tr_port_set_active(port, -2) == TR_EINVAL);
}

ACTOR_TEST(exit_statuses)
{
	tr_port port = open_port((tr_port_options){0}, "exit 42");

	CHECK(tr_as_int(tr_port_wait(port, SOON), -1) == 42);
	CHECK(tr_port_kill(port, SIGTERM) == TR_ENOPROC);
	tr_port_close(port, 0);
	port = open_port((tr_port_options){0}, "exec sleep 1000");
	CHECK_ERR(tr_port_wait(port, 0), TR_ETIMEOUT);
	CHECK_ERR(tr_port_wait(port, tr_in(10 * TR_MS)), TR_ETIMEOUT);
	CHECK_OK(tr_port_kill(port, SIGUSR1));
	CHECK(tr_as_int(tr_port_wait(port, SOON), -1) == 128 + SIGUSR1);
	tr_port_close(port, 0);
}

ACTOR_TEST(what_cannot_be_started)
{
	const char *argv[] = {"x", NULL};
	tr_port port;

	CHECK(tr_port_open(&(tr_port_options){.file = "/no/such/program", .argv = argv}, &port) == TR_ENOENT);
	CHECK(tr_io_errno() == ENOENT);
	CHECK(port.id == 0);
	CHECK(tr_port_open(&(tr_port_options){.file = "sh", .argv = argv, .cwd = "/no/such/folder"}, &port) ==
	      TR_ENOENT);
	CHECK(tr_port_open(&(tr_port_options){.argv = argv}, &port) == TR_EINVAL);
	CHECK(tr_port_send((tr_port){12345}, tr_s("x"), SOON) == TR_ECLOSED);
}

ACTOR_TEST(environment_and_folder)
{
	const char *argv[] = {"sh", "-c", "echo \"$GREETING\"; pwd; env | wc -l", NULL};
	const char *env[] = {"GREETING=good day", "PATH=/usr/bin:/bin", NULL};
	tr_port port;

	CHECK_OK(tr_port_open(
	    &(tr_port_options){.file = "/bin/sh", .argv = argv, .env = env, .cwd = "/", .framing = TR_FRAME_LINE},
	    &port));
	CHECK_TEXT(tr_port_receive(port, SOON), "good day");
	CHECK_TEXT(tr_port_receive(port, SOON), "/");
	tr_port_close(port, 0);
}

ACTOR_TEST(stderr_to_the_owner)
{
	tr_port port = open_port((tr_port_options){.framing = TR_FRAME_LINE, .stderr_to_owner = true},
				 "echo out; echo err >&2; read -r l");

	CHECK_TEXT(tr_port_receive(port, SOON), "out");
	tr_value m = tr_receive(SOON);
	CHECK(tr_str_is(tr_as_str(tr_array_at(m, 0)), "stderr"));
	CHECK(tr_equal(tr_array_at(m, 1), tr_port_value(port)));
	CHECK(tr_str_is(tr_as_str(tr_array_at(m, 2)), "err\n"));
	tr_drop(m);
	tr_port_close(port, 0);
}

ACTOR_TEST(protocol_on_its_own_descriptors)
{
	tr_port port =
	    open_port((tr_port_options){.framing = TR_FRAME_LINE, .protocol_fds = true, .stderr_to_owner = true},
		      "echo printed; read -r l <&3; echo \"answer to $l\" >&4; read -r l; echo \"stdin: $?\" >&4");

	CHECK_OK(tr_port_send(port, tr_s("question"), SOON));
	CHECK_TEXT(tr_port_receive(port, SOON), "answer to question");
	CHECK_TEXT(tr_port_receive(port, SOON), "stdin: 1"); /* /dev/null */
	tr_value m = tr_receive(SOON);
	CHECK(tr_str_is(tr_as_str(tr_array_at(m, 0)), "stdout"));
	CHECK(tr_str_is(tr_as_str(tr_array_at(m, 2)), "printed\n"));
	tr_drop(m);
	tr_port_close(port, 0);
}

ACTOR_TEST(pipes_can_be_opened_by_name)
{
	tr_port port =
	    open_port((tr_port_options){.framing = TR_FRAME_LINE}, "echo named > /dev/stdout; cat /dev/stdin");

	CHECK_TEXT(tr_port_receive(port, SOON), "named");
	CHECK_OK(tr_port_send(port, tr_s("by name"), SOON));
	CHECK_TEXT(tr_port_receive(port, SOON), "by name");
	tr_port_close(port, 0);
}

ACTOR_TEST(frames_that_are_too_long)
{
	tr_port port = open_port((tr_port_options){.framing = TR_FRAME_LINE, .max_frame = 10, .active = TR_ACTIVE},
				 "echo short; echo this line is too long; exec sleep 1000");

	CHECK_DATA(port, "short");
	CHECK_MESSAGE(port, "error", "frame_too_long");
	CHECK_MESSAGE(port, "closed", "nil");
	CHECK_MESSAGE(port, "exit_status", "137");
	tr_port_close(port, 0);
	port = open_port((tr_port_options){.framing = TR_FRAME_4}, "printf '\\377\\377\\377\\377'; exec sleep 1000");
	CHECK_ERR(tr_port_receive(port, SOON), TR_ELIMIT);
	CHECK_ERR(tr_port_receive(port, SOON), TR_ECLOSED);
	tr_port_close(port, 0);
	/* A frame that stops in the middle. */
	port = open_port((tr_port_options){.framing = TR_FRAME_4}, "printf '\\000\\000\\000\\005abc'");
	CHECK_ERR(tr_port_receive(port, SOON), TR_ECORRUPT);
	CHECK_ERR(tr_port_receive(port, SOON), TR_ECLOSED);
	tr_port_close(port, 0);
}

ACTOR_TEST(receive_without_waiting)
{
	tr_port port = open_port((tr_port_options){.framing = TR_FRAME_LINE}, "read -r l; echo got; exec sleep 1000");

	CHECK_ERR(tr_port_receive(port, 0), TR_ETIMEOUT);
	CHECK_ERR(tr_port_receive(port, tr_in(5 * TR_MS)), TR_ETIMEOUT);
	CHECK_OK(tr_port_send(port, tr_s("go"), SOON));
	/* The receive that gave up must not have eaten it. */
	tr_value v = tr_port_receive(port, 0);
	while (tr_value_err(v) == TR_ETIMEOUT)
		v = tr_port_receive(port, 0);
	CHECK_TEXT(v, "got");
	tr_port_close(port, 0);
}

ACTOR_TEST(closing_asks_first)
{
	tr_port port = open_port((tr_port_options){.framing = TR_FRAME_LINE},
				 "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done");

	CHECK_TEXT(tr_port_receive(port, SOON), "ready");
	int os_pid = tr_port_os_pid(port);
	tr_port_close(port, 3600 * TR_SECOND); /* nobody waits for so long */
	CHECK(is_reaped(os_pid));
	/* Deaf to SIGTERM. */
	port = open_port((tr_port_options){.framing = TR_FRAME_LINE},
			 "trap '' TERM; echo ready; while :; do sleep 0.01; done");
	CHECK_TEXT(tr_port_receive(port, SOON), "ready");
	os_pid = tr_port_os_pid(port);
	int64_t before = tr_now();
	tr_port_close(port, 30 * TR_MS);
	CHECK(tr_now() - before >= 30 * TR_MS);
	CHECK(is_reaped(os_pid));
}

/* Waits until the process is no more: init or the test reaps it. */
static void wait_gone(int os_pid)
{
	int64_t deadline = SOON;

	while (is_there(os_pid)) {
		CHECK(tr_now() < deadline);
		tr_sleep_until(tr_in(TR_MS));
	}
}

ACTOR_TEST(a_group_goes_as_a_whole)
{
	tr_port port =
	    open_port((tr_port_options){.framing = TR_FRAME_LINE, .new_group = true}, "sleep 1000 & echo $!; wait");
	tr_value line = tr_port_receive(port, SOON);
	int grandchild = atoi(tr_as_cstr(line, "0"));

	tr_drop(line);
	CHECK(grandchild > 1 && is_there(grandchild));
	tr_port_close(port, 0);
	wait_gone(grandchild);
	/* Also when the child itself has long ended. */
	port = open_port((tr_port_options){.framing = TR_FRAME_LINE, .new_group = true}, "sleep 1000 & echo $!");
	line = tr_port_receive(port, SOON);
	grandchild = atoi(tr_as_cstr(line, "0"));
	tr_drop(line);
	CHECK(tr_as_int(tr_port_wait(port, SOON), -1) == 0);
	CHECK(is_there(grandchild));
	tr_port_close(port, 0);
	wait_gone(grandchild);
}

static void owner_body(tr_value arg)
{
	tr_port port = open_port((tr_port_options){.framing = TR_FRAME_LINE}, "exec sleep 1000");

	tr_send(tr_as_pid(arg), tr_int(tr_port_os_pid(port)));
	tr_value how = tr_receive(SOON);
	if (TR_IS_A(how, crash))
		tr_exitf("on purpose");
	CHECK_ERR(tr_port_receive(port, TR_FOREVER), TR_ECLOSED); /* to be killed in */
}

ACTOR_TEST(the_owners_end_is_the_childs)
{
	for (int round = 0; round < 3; round++) {
		tr_pid owner = tr_spawn(owner_body, tr_pid_value(tr_self()));
		int os_pid = (int)tr_as_int(tr_receive(SOON), 0);
		CHECK(is_there(os_pid));
		tr_send(owner, round == 0 ? TR_A(crash) : TR_A(ok));
		if (round > 0)
			tr_exit_signal(owner, round == 1 ? TR_A(kill) : TR_A(shutdown));
		monitor_end(owner);
		wait_gone(os_pid);
	}
}

static void heir_body(tr_value arg)
{
	tr_value m = tr_receive(SOON);
	CHECK(TR_IS_A(tr_array_at(m, 0), data));
	tr_send(tr_as_pid(arg), tr_keep(tr_array_at(m, 2)));
	tr_drop(m);
	tr_drop(tr_receive(SOON)); /* told to end */
}

ACTOR_TEST(given_away_it_serves_the_new_owner)
{
	tr_port port = open_port((tr_port_options){.framing = TR_FRAME_LINE, .active = TR_ACTIVE}, "exec cat");
	int os_pid = tr_port_os_pid(port);
	tr_pid heir = tr_spawn(heir_body, tr_pid_value(tr_self()));

	CHECK_OK(tr_port_give(port, heir));
	CHECK(tr_port_give(port, heir) == TR_EDENIED);
	CHECK_OK(tr_port_send(port, tr_s("for the heir"), SOON));
	CHECK_TEXT(tr_receive(SOON), "for the heir");
	CHECK(is_there(os_pid));
	tr_send(heir, TR_A(stop));
	monitor_end(heir);
	wait_gone(os_pid);
	CHECK(tr_port_give(port, heir) == TR_ENOPROC);
}

static void crowd_body(tr_value arg)
{
	tr_port port = open_port((tr_port_options){.framing = TR_FRAME_2}, "exec cat");

	for (int i = 0; i < 20; i++) {
		tr_value text = tr_own_value(tr_stringf("%d of %lld", i, (long long)tr_as_int(arg, 0)));
		CHECK_OK(tr_port_send(port, tr_as_str(text), SOON));
		CHECK_TEXT(tr_port_receive(port, SOON), tr_as_cstr(text, ""));
	}
}

ACTOR_TEST(many_at_once)
{
	tr_spawned s[20];

	for (int i = 0; i < 20; i++) {
		s[i] = tr_spawn_opt(crowd_body, tr_int(i), &(tr_spawn_options){.monitor = true});
		CHECK_OK(s[i].err);
	}
	for (int i = 0; i < 20; i++) {
		tr_value down = tr_receive_ref(s[i].monitor, SOON);
		CHECK(TR_IS_A(tr_array_at(down, 4), normal));
		tr_drop(down);
	}
}

/* A node that is stopped while children run leaves none behind. */
static void leave_running_body(tr_value arg)
{
	tr_port port = open_port((tr_port_options){0}, "exec sleep 1000");

	tr_send(tr_as_pid(arg), tr_int(tr_port_os_pid(port)));
	tr_sleep_until(TR_FOREVER);
}

static int left_pid;

static void starter_body(tr_value arg)
{
	(void)arg;
	tr_spawn(leave_running_body, tr_pid_value(tr_self()));
	left_pid = (int)tr_as_int(tr_receive(SOON), 0);
}

static void stopping_the_node_ends_children(void **state)
{
	(void)state;
	run_actor(starter_body);
	assert_true(left_pid > 1);
	assert_true(is_reaped(left_pid));
}

/* What the actor itself allocates fails in turn; one scheduler whose queue is not handed on when the machine is slow,
 * so that it stays on the thread that counts. */
static tr_err use_everything(void)
{
	const char *argv[] = {"cat", NULL};
	tr_port port;
	tr_err err = tr_port_open(&(tr_port_options){.file = "cat", .argv = argv, .framing = TR_FRAME_2}, &port);

	if (err != TR_OK)
		return err;
	err = tr_port_send(port, tr_s("x"), SOON);
	tr_value frame = err == TR_OK ? tr_port_receive(port, SOON) : tr_invalid(err);
	if (tr_is_valid(frame))
		err = tr_port_set_active(port, TR_ACTIVE);
	else
		err = tr_value_err(frame);
	tr_drop(frame);
	tr_test_fail_alloc(-1);
	tr_port_close(port, 0);
	return err;
}

static void without_memory_body(tr_value arg)
{
	bool failed = true;

	(void)arg;
	for (int n = 0; failed; n++) {
		tr_test_fail_alloc(n);
		tr_err err = use_everything();
		failed = err != TR_OK;
		if (err != TR_OK && err != TR_ENOMEM)
			tr_exitf("without allocation %d: %s", n, tr_err_name(err));
		CHECK(n < 1000);
	}
	CHECK_ERR(tr_receive(0), TR_ETIMEOUT);
}

static void without_memory(void **state)
{
	int64_t before = tr_test_live_blocks();
	tr_node_options options = {.schedulers = 1, .report = no_report, .long_handler_ns = 3600 * TR_SECOND};
	tr_value reason = tr_run(&options, without_memory_body, tr_nil());

	(void)state;
	if (!TR_IS_A(reason, normal))
		fail_msg("%s", tr_as_cstr(tr_array_at(reason, 1), "?"));
	tr_drop(reason);
	assert_int_equal(tr_test_live_blocks(), before);
}

static void outside_actors(void **state)
{
	tr_port port;
	const char *argv[] = {"true", NULL};

	(void)state;
	assert_int_equal(tr_port_open(&(tr_port_options){.file = "true", .argv = argv}, &port), TR_ENOTACTOR);
	assert_int_equal(tr_value_err(tr_port_receive((tr_port){1}, 0)), TR_ENOTACTOR);
	assert_int_equal(tr_io_errno(), 0);
	assert_int_equal(tr_reactor_start(NULL), TR_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_go_through_a_child),
	    cmocka_unit_test(frames_of_each_width),
	    cmocka_unit_test(a_full_pipe_parks_the_sender),
	    cmocka_unit_test(what_is_begun_without_waiting_is_sent),
	    cmocka_unit_test(active_mode_sends_messages_in_order),
	    cmocka_unit_test(nothing_is_lost_at_the_end),
	    cmocka_unit_test(active_n_counts_down),
	    cmocka_unit_test(exit_statuses),
	    cmocka_unit_test(what_cannot_be_started),
	    cmocka_unit_test(environment_and_folder),
	    cmocka_unit_test(stderr_to_the_owner),
	    cmocka_unit_test(protocol_on_its_own_descriptors),
	    cmocka_unit_test(pipes_can_be_opened_by_name),
	    cmocka_unit_test(frames_that_are_too_long),
	    cmocka_unit_test(receive_without_waiting),
	    cmocka_unit_test(closing_asks_first),
	    cmocka_unit_test(a_group_goes_as_a_whole),
	    cmocka_unit_test(the_owners_end_is_the_childs),
	    cmocka_unit_test(given_away_it_serves_the_new_owner),
	    cmocka_unit_test(many_at_once),
	    cmocka_unit_test(stopping_the_node_ends_children),
	    cmocka_unit_test(without_memory),
	    cmocka_unit_test(outside_actors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
