/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for descriptors that the runtime does not own. */
#include <fcntl.h>
#include <sys/socket.h>

#include "io_check.h"

static void write_soon(tr_value fd)
{
	CHECK(write((int)tr_as_int(fd, -1), "x", 1) == 1);
}

/* Reading the byte is what orders the other actor's write() before the close(). */
static void read_and_close(const int p[2])
{
	char byte = 0;

	CHECK(read(p[0], &byte, 1) == 1 && byte == 'x');
	CHECK(close(p[0]) == 0 && close(p[1]) == 0);
}

ACTOR_TEST(waits_until_it_can_be_read)
{
	int p[2], ready = 0;

	CHECK(pipe(p) == 0);
	CHECK(tr_wait_fd(p[0], TR_FD_READ, 0, NULL) == TR_ETIMEOUT);
	CHECK(tr_wait_fd(p[0], TR_FD_READ, tr_in(TR_MS), NULL) == TR_ETIMEOUT);
	CHECK_OK(tr_wait_fd(p[1], TR_FD_WRITE, SOON, &ready));
	CHECK(ready == TR_FD_WRITE);
	tr_spawn_link(write_soon, tr_int(p[1]));
	CHECK_OK(tr_wait_fd(p[0], TR_FD_READ, SOON, &ready));
	CHECK(ready == TR_FD_READ);
	read_and_close(p);
}

ACTOR_TEST(a_hang_up_ends_the_wait)
{
	int s[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	close(s[1]);
	CHECK_OK(tr_wait_fd(s[0], TR_FD_READ, SOON, NULL));
	close(s[0]);
	CHECK(tr_wait_fd(-1, TR_FD_READ, SOON, NULL) == TR_EINVAL);
	CHECK(tr_wait_fd(0, 0, SOON, NULL) == TR_EINVAL);
}

static void waits_for_ever(tr_value arg)
{
	tr_send(tr_as_pid(tr_array_at(arg, 0)), tr_string("waiting"));
	(void)tr_wait_fd((int)tr_as_int(tr_array_at(arg, 1), -1), TR_FD_READ, TR_FOREVER, NULL);
	tr_exitf("it came back");
}

/* Two wait for one descriptor, one is killed and its descriptor is closed: the other one goes on. */
ACTOR_TEST(a_waiter_may_be_killed)
{
	int p[2];

	CHECK(pipe(p) == 0);
	tr_pid s = tr_spawn(waits_for_ever, TR_LIST(tr_pid_value(tr_self()), tr_int(p[0])));
	CHECK_TEXT(tr_receive(SOON), "waiting");
	CHECK(tr_wait_fd(p[0], TR_FD_READ, tr_in(TR_MS), NULL) == TR_ETIMEOUT);
	tr_exit_signal(s, TR_A(kill));
	monitor_end(s);
	tr_spawn_link(write_soon, tr_int(p[1]));
	CHECK_OK(tr_wait_fd(p[0], TR_FD_READ, SOON, NULL));
	read_and_close(p);
}

/* A node that stops while somebody waits gives everything back. */
ACTOR_TEST(the_node_may_stop)
{
	int p[2];

	CHECK(pipe(p) == 0);
	tr_spawn(waits_for_ever, TR_LIST(tr_pid_value(tr_self()), tr_int(p[0])));
	CHECK_TEXT(tr_receive(SOON), "waiting");
	close(p[0]); /* the wait has a duplicate of its own */
	close(p[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waits_until_it_can_be_read),
	    cmocka_unit_test(a_hang_up_ends_the_wait),
	    cmocka_unit_test(a_waiter_may_be_killed),
	    cmocka_unit_test(the_node_may_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
