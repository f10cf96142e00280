/* SPDX-License-Identifier: Apache-2.0 */
/* Files, names, signals, other libraries on the loop. */
#include <errno.h>
#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>

#include <uv.h>

#include "io_check.h"

static size_t count_entries(const char *folder)
{
	DIR *d = opendir(folder);
	size_t n = 0;

	while (d != NULL && readdir(d) != NULL)
		n++;
	if (d != NULL)
		closedir(d);
	return n - 2;
}

ACTOR_TEST(what_is_written_is_read)
{
	char folder[] = "/tmp/troupe-io-XXXXXX", path[64];
	size_t n = 3000000;
	char *big = tr_own_alloc(n);
	struct stat st;

	CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/file", folder);
	CHECK_OK(tr_file_write(path, tr_s("first")));
	CHECK_TEXT(tr_file_read(path, 100), "first");
	CHECK_TEXT(tr_file_read(path, 5), "first");
	CHECK_ERR(tr_file_read(path, 4), TR_ELIMIT);
	CHECK(chmod(path, 0640) == 0);
	memset(big, 'x', n);
	CHECK_OK(tr_file_write(path, (tr_str){big, n}));
	CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0640);
	tr_value v = tr_file_read(path, SIZE_MAX);
	CHECK(tr_is(v, TR_BINARY) && tr_str_eq(tr_as_str(v), (tr_str){big, n}));
	tr_drop(v);
	CHECK_OK(tr_file_write(path, (tr_str){NULL, 0}));
	CHECK_TEXT(tr_file_read(path, 0), "");
	CHECK(count_entries(folder) == 1); /* nothing temporary is left */
	unlink(path);
	rmdir(folder);
}

ACTOR_TEST(files_that_fail)
{
	CHECK_ERR(tr_file_read("/no/such/file", 10), TR_ENOENT);
	CHECK(tr_io_errno() == ENOENT);
	CHECK_ERR(tr_file_read("/tmp", 10), TR_EIO);
	CHECK(tr_io_errno() == EISDIR);
	CHECK(tr_file_write("/no/such/folder/file", tr_s("x")) == TR_ENOENT);
	CHECK_ERR(tr_file_read(NULL, 10), TR_EINVAL);
	/* A file without a length of its own. */
	tr_value v = tr_file_read("/proc/self/stat", 100000);
	CHECK(tr_as_str(v).n > 10);
	tr_drop(v);
	CHECK_ERR(tr_file_read("/dev/zero", 100000), TR_ELIMIT);
}

static void reader_body(tr_value arg)
{
	(void)arg;
	for (int i = 0; i < 50; i++) {
		tr_value v = tr_file_read("/proc/self/maps", SIZE_MAX);
		CHECK(tr_is_valid(v));
		tr_drop(v);
	}
}

/* The loop's answer may come when the asker is gone. */
ACTOR_TEST(killed_while_reading)
{
	for (int i = 0; i < 50; i++) {
		tr_pid pid = tr_spawn(reader_body, tr_nil());
		if (i % 2)
			tr_yield();
		tr_exit_signal(pid, TR_A(kill));
		monitor_end(pid);
	}
}

ACTOR_TEST(names)
{
	tr_value v = tr_resolve("127.0.0.1", SOON);

	CHECK(tr_array_len(v) == 1 && tr_str_is(tr_as_str(tr_array_at(v, 0)), "127.0.0.1"));
	tr_drop(v);
	v = tr_resolve("::1", SOON);
	CHECK(tr_array_len(v) == 1 && tr_str_is(tr_as_str(tr_array_at(v, 0)), "::1"));
	tr_drop(v);
	v = tr_resolve("localhost", SOON);
	CHECK(tr_array_len(v) >= 1);
	for (size_t i = 0; i < tr_array_len(v); i++)
		CHECK(tr_str_is(tr_as_str(tr_array_at(v, i)), "127.0.0.1") ||
		      tr_str_is(tr_as_str(tr_array_at(v, i)), "::1"));
	tr_drop(v);
	CHECK(!tr_is_valid(tr_resolve("host.invalid", SOON)));
	CHECK_ERR(tr_resolve("", SOON), TR_EINVAL);
}

static void listener_body(tr_value arg)
{
	CHECK_OK(tr_signal_subscribe(SIGUSR2));
	CHECK_OK(tr_signal_subscribe(SIGUSR2)); /* once is enough */
	tr_send(tr_as_pid(arg), TR_A(ok));
	tr_value m = tr_receive(SOON);
	CHECK(tr_str_is(tr_as_str(tr_array_at(m, 0)), "signal"));
	CHECK(tr_as_int(tr_array_at(m, 1), 0) == SIGUSR2);
	tr_drop(m);
	tr_send(tr_as_pid(arg), TR_A(done));
	if (tr_as_bool(tr_receive(SOON), false))
		CHECK_ERR(tr_receive(0), TR_ETIMEOUT);
}

ACTOR_TEST(signals_arrive)
{
	tr_pid pids[3];

	for (int i = 0; i < 3; i++) {
		pids[i] = tr_spawn_link(listener_body, tr_pid_value(tr_self()));
		CHECK(TR_IS_A(tr_receive(SOON), ok));
	}
	kill(getpid(), SIGUSR2);
	for (int i = 0; i < 3; i++)
		CHECK(TR_IS_A(tr_receive(SOON), done));
	for (int i = 0; i < 3; i++)
		tr_send(pids[i], tr_bool(true));
	for (int i = 0; i < 3; i++)
		monitor_end(pids[i]);
	CHECK(tr_signal_subscribe(SIGKILL) == TR_EINVAL);
	CHECK(tr_signal_subscribe(0) == TR_EINVAL);
	CHECK(tr_signal_subscribe(100000) == TR_EINVAL);
}

struct on_loop {
	tr_node *node;
	tr_pid pid;
	uv_timer_t timer;
};

static void on_timer_closed(uv_handle_t *handle)
{
	struct on_loop *o = handle->data;

	tr_node_send(o->node, o->pid, TR_A(done));
}

static void on_timer(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, on_timer_closed);
}

static void begin_on_loop(void *loop, void *arg)
{
	struct on_loop *o = arg;

	uv_timer_init(loop, &o->timer);
	o->timer.data = o;
	uv_timer_start(&o->timer, on_timer, 1, 0);
}

ACTOR_TEST(others_use_the_loop)
{
	struct on_loop *o = tr_own_alloc(sizeof(*o));

	o->node = tr_here();
	o->pid = tr_self();
	CHECK_OK(tr_reactor_run(tr_here(), begin_on_loop, o));
	CHECK(TR_IS_A(tr_receive(SOON), done));
	CHECK(tr_reactor_run(tr_here(), NULL, NULL) == TR_EINVAL);
	CHECK_OK(tr_reactor_start(tr_here()));
}

/* Two nodes in one process have a loop each. */
static void second_node_body(tr_value arg)
{
	tr_value v = tr_file_read("/proc/self/stat", 100000);

	(void)arg;
	CHECK(tr_is_valid(v));
	tr_drop(v);
}

static void several_nodes(void **state)
{
	tr_node *nodes[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		nodes[i] = tr_node_start(NULL, NULL);
		assert_non_null(nodes[i]);
		assert_int_equal(tr_reactor_start(nodes[i]), TR_OK);
	}
	for (int i = 0; i < 3; i++) {
		tr_spawned s = tr_node_spawn(nodes[i], second_node_body, tr_nil(), NULL);
		tr_value reason = tr_node_wait(nodes[i], s.pid, TR_FOREVER);
		assert_true(TR_IS_A(reason, normal) || TR_IS_A(reason, noproc));
		tr_drop(reason);
	}
	for (int i = 0; i < 3; i++)
		tr_node_stop(&nodes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read), cmocka_unit_test(files_that_fail),
	    cmocka_unit_test(killed_while_reading),    cmocka_unit_test(names),
	    cmocka_unit_test(signals_arrive),          cmocka_unit_test(others_use_the_loop),
	    cmocka_unit_test(several_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
