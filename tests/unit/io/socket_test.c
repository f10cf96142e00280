/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets: TCP and Unix, on port 0 and in a fresh folder. */
#include <errno.h>
#include <sys/stat.h>

#include "io_check.h"

static tr_value address_of(tr_port port)
{
	tr_value v = tr_own_value(tr_socket_address(port, false));

	CHECK(tr_is_valid(v));
	return v;
}

/* Accepts for ever; each connection is echoed by an actor of its own. */
static void echo_body(tr_value arg)
{
	tr_port socket;
	tr_value go = tr_receive(SOON); /* [ok, port id] once it is ours */
	tr_value frame;

	(void)arg;
	socket.id = tr_as_ref(tr_array_at(go, 1)).bits;
	tr_drop(go);
	while (tr_is_valid(frame = tr_port_receive(socket, TR_FOREVER))) {
		tr_own_value(frame);
		CHECK_OK(tr_port_send(socket, tr_as_str(frame), SOON));
	}
	CHECK(tr_value_err(frame) == TR_ECLOSED);
	tr_port_close(socket, 0);
}

static void acceptor_body(tr_value arg)
{
	tr_framing framing = (tr_framing)tr_as_int(tr_array_at(arg, 2), 0);
	tr_port listener, socket;

	CHECK_OK(tr_listen(tr_as_cstr(tr_array_at(arg, 1), ""), 0, &listener));
	tr_send(tr_as_pid(tr_array_at(arg, 0)), tr_socket_address(listener, false));
	for (;;) {
		CHECK_OK(tr_accept(listener, framing, TR_PASSIVE, &socket, TR_FOREVER));
		tr_pid echo = tr_spawn_link(echo_body, tr_nil());
		CHECK_OK(tr_port_give(socket, echo));
		tr_send(echo, TR_LIST(TR_A(ok), tr_port_value(socket)));
	}
}

static tr_value echo_server(const char *address, tr_framing framing)
{
	CHECK(
	    tr_spawn_link(acceptor_body, TR_LIST(tr_pid_value(tr_self()), tr_string(address), tr_int(framing))).bits !=
	    0);
	tr_value at = tr_own_value(tr_receive(SOON));
	CHECK(tr_is(at, TR_STRING));
	return at;
}

static void talk(const char *address, tr_framing framing)
{
	tr_port socket;

	CHECK_OK(tr_connect(address, framing, TR_PASSIVE, &socket, SOON));
	for (int i = 0; i < 50; i++) {
		char text[40];
		snprintf(text, sizeof(text), "message %d", i);
		CHECK_OK(tr_port_send(socket, tr_s(text), SOON));
		CHECK_TEXT(tr_port_receive(socket, SOON), text);
	}
	CHECK_OK(tr_socket_shutdown(socket));
	CHECK_ERR(tr_port_receive(socket, SOON), TR_ECLOSED);
	tr_port_close(socket, 0);
}

ACTOR_TEST(tcp_echo_in_every_framing)
{
	for (int framing = TR_FRAME_RAW; framing <= TR_FRAME_4; framing++) {
		tr_value at = echo_server("127.0.0.1:0", (tr_framing)framing);
		CHECK(strncmp(tr_as_cstr(at, ""), "127.0.0.1:", 10) == 0);
		CHECK(!tr_str_is(tr_as_str(at), "127.0.0.1:0"));
		talk(tr_as_cstr(at, ""), (tr_framing)framing);
	}
}

ACTOR_TEST(by_name_and_over_ipv6)
{
	tr_port listener, a, b;
	tr_value at = echo_server("localhost:0", TR_FRAME_2);
	char address[64];

	/* The name may mean several addresses; the one that listens is found. */
	snprintf(address, sizeof(address), "localhost%s", strrchr(tr_as_cstr(at, ""), ':'));
	talk(address, TR_FRAME_2);
	tr_err err = tr_listen("[::1]:0", 0, &listener);
	if (err != TR_OK) {
		CHECK(tr_io_errno() == EADDRNOTAVAIL || tr_io_errno() == EAFNOSUPPORT);
		return; /* a machine without IPv6 */
	}
	at = address_of(listener);
	CHECK(strncmp(tr_as_cstr(at, ""), "[::1]:", 6) == 0);
	CHECK_OK(tr_connect(tr_as_cstr(at, ""), TR_FRAME_RAW, TR_PASSIVE, &a, SOON));
	CHECK_OK(tr_accept(listener, TR_FRAME_RAW, TR_PASSIVE, &b, SOON));
}

ACTOR_TEST(unix_sockets)
{
	char folder[] = "/tmp/troupe-io-XXXXXX", address[64];
	struct stat st;
	tr_port listener;

	CHECK(mkdtemp(folder) != NULL);
	snprintf(address, sizeof(address), "unix:%s/s", folder);
	tr_value at = echo_server(address, TR_FRAME_4);
	CHECK(tr_str_is(tr_as_str(at), address));
	talk(address, TR_FRAME_4);
	CHECK(tr_listen(address, 0, &listener) == TR_EBUSY);
	char other[80];
	snprintf(other, sizeof(other), "unix:%s/gone", folder);
	CHECK_OK(tr_listen(other, 0, &listener));
	CHECK(stat(other + 5, &st) == 0);
	tr_port_close(listener, 0);
	CHECK(stat(other + 5, &st) != 0);
	CHECK(tr_connect(other, TR_FRAME_RAW, TR_PASSIVE, &listener, SOON) == TR_ENOENT);
	unlink(address + 5);
	rmdir(folder);
}

ACTOR_TEST(accept_gives_up_at_its_deadline)
{
	tr_port listener, a, b;

	CHECK_OK(tr_listen("127.0.0.1:0", 1, &listener));
	CHECK(tr_accept(listener, TR_FRAME_RAW, TR_PASSIVE, &b, 0) == TR_ETIMEOUT);
	CHECK(tr_accept(listener, TR_FRAME_RAW, TR_PASSIVE, &b, tr_in(5 * TR_MS)) == TR_ETIMEOUT);
	CHECK(b.id == 0);
	/* Who comes later goes to the next accept, not to the one that gave up. */
	CHECK_OK(tr_connect(tr_as_cstr(address_of(listener), ""), TR_FRAME_LINE, TR_PASSIVE, &a, SOON));
	CHECK_OK(tr_accept(listener, TR_FRAME_LINE, TR_PASSIVE, &b, SOON));
	CHECK_OK(tr_port_send(a, tr_s("hello"), SOON));
	CHECK_TEXT(tr_port_receive(b, SOON), "hello");
	tr_value peer = tr_socket_address(b, true), own = tr_socket_address(a, false);
	CHECK(tr_equal(peer, own));
	tr_drop(peer);
	tr_drop(own);
	CHECK_ERR(tr_port_receive(listener, SOON), TR_EINVAL);
	CHECK(tr_port_send(listener, tr_s("x"), SOON) == TR_EINVAL);
	CHECK(tr_port_kill(a, 9) == TR_EINVAL);
}

ACTOR_TEST(active_sockets)
{
	tr_port listener, a, b;

	CHECK_OK(tr_listen("127.0.0.1:0", 0, &listener));
	CHECK_OK(tr_connect(tr_as_cstr(address_of(listener), ""), TR_FRAME_2, 3, &a, SOON));
	CHECK_OK(tr_accept(listener, TR_FRAME_2, TR_PASSIVE, &b, SOON));
	for (int i = 0; i < 5; i++)
		CHECK_OK(tr_port_send(b, tr_s("m"), SOON));
	for (int i = 0; i < 3; i++)
		CHECK_DATA(a, "m");
	CHECK_MESSAGE(a, "passive", "nil");
	CHECK_OK(tr_port_set_active(a, 1));
	CHECK_DATA(a, "m");
	CHECK_MESSAGE(a, "passive", "nil");
	CHECK_TEXT(tr_port_receive(a, SOON), "m");
	CHECK_OK(tr_port_set_active(a, TR_ACTIVE));
	tr_port_close(b, 0);
	CHECK_MESSAGE(a, "closed", "nil");
	CHECK(tr_port_set_active(b, 1) == TR_ECLOSED);
}

ACTOR_TEST(nobody_listens)
{
	tr_port listener, a;

	CHECK_OK(tr_listen("127.0.0.1:0", 0, &listener));
	tr_value at = address_of(listener);
	tr_port_close(listener, 0);
	CHECK(tr_connect(tr_as_cstr(at, ""), TR_FRAME_RAW, TR_PASSIVE, &a, SOON) == TR_EIO);
	CHECK(tr_io_errno() == ECONNREFUSED);
	CHECK(tr_accept(listener, TR_FRAME_RAW, TR_PASSIVE, &a, SOON) == TR_ECLOSED);
	CHECK_OK(tr_listen(tr_as_cstr(at, ""), 0, &listener));
	tr_port other;
	CHECK(tr_listen(tr_as_cstr(at, ""), 0, &other) == TR_EBUSY);
	CHECK(tr_io_errno() == EADDRINUSE);
}

ACTOR_TEST(addresses_that_are_none)
{
	static const char *const bad[] = {"",       "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000",
					  "::1:80", "unix:",     ":-1"};
	tr_port p;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(tr_listen(bad[i], 0, &p) == TR_EINVAL);
	CHECK(tr_connect(NULL, TR_FRAME_RAW, TR_PASSIVE, &p, SOON) == TR_EINVAL);
	CHECK(tr_connect("host.invalid:80", TR_FRAME_RAW, TR_PASSIVE, &p, SOON) != TR_OK);
}

static void reader_body(tr_value arg)
{
	tr_port listener, socket;
	size_t n = 0;
	tr_value chunk;

	CHECK_OK(tr_listen("127.0.0.1:0", 0, &listener));
	tr_send(tr_as_pid(arg), tr_socket_address(listener, false));
	CHECK_OK(tr_accept(listener, TR_FRAME_RAW, TR_PASSIVE, &socket, SOON));
	tr_drop(tr_receive(SOON)); /* the writer is stuck now */
	while (tr_is_valid(chunk = tr_port_receive(socket, SOON))) {
		n += tr_as_str(chunk).n;
		tr_drop(chunk);
	}
	tr_send(tr_as_pid(arg), tr_int((int64_t)n));
}

/* A passive reader that does not read holds the writer back; nothing is lost. */
ACTOR_TEST(back_pressure_reaches_the_sender)
{
	size_t n = 1 << 20, sent = 0;
	char *big = tr_own_alloc(n);
	tr_pid reader = tr_spawn_link(reader_body, tr_pid_value(tr_self()));
	tr_value at = tr_own_value(tr_receive(SOON));
	tr_port socket;

	CHECK_OK(tr_connect(tr_as_cstr(at, ""), TR_FRAME_RAW, TR_PASSIVE, &socket, SOON));
	tr_err err;
	while ((err = tr_port_send(socket, (tr_str){big, n}, tr_in(100 * TR_MS))) == TR_OK) {
		sent += n;
		CHECK(sent < (size_t)1 << 30);
	}
	CHECK(err == TR_ETIMEOUT);
	sent += n; /* it is queued all the same */
	tr_send(reader, TR_A(ok));
	CHECK_OK(tr_socket_shutdown(socket));
	tr_value got = tr_receive(SOON);
	CHECK(tr_as_int(got, -1) == (int64_t)sent);
}

static void client_body(tr_value arg)
{
	talk(tr_as_cstr(arg, ""), TR_FRAME_2);
}

ACTOR_TEST(many_connections)
{
	enum {
		CLIENTS = 50
	};
	tr_value at = echo_server("127.0.0.1:0", TR_FRAME_2);
	tr_spawned s[CLIENTS];

	for (int i = 0; i < CLIENTS; i++) {
		s[i] = tr_spawn_opt(client_body, tr_keep(at), &(tr_spawn_options){.monitor = true});
		CHECK_OK(s[i].err);
	}
	for (int i = 0; i < CLIENTS; i++) {
		tr_value down = tr_receive_ref(s[i].monitor, SOON);
		CHECK(TR_IS_A(tr_array_at(down, 4), normal));
		tr_drop(down);
	}
}

enum {
	SENDERS = 8,
	FRAMES = 30
};

/* Frames of all sizes, each full of the sender's letter, the first byte counting. */
static void sender_body(tr_value arg)
{
	tr_port socket = {tr_as_ref(tr_array_at(arg, 0)).bits};
	int letter = (int)tr_as_int(tr_array_at(arg, 1), 0);
	char *frame = tr_own_alloc(300000);

	memset(frame, letter, 300000);
	for (int i = 0; i < FRAMES; i++) {
		size_t n = 1 + (size_t)((i + 1) * 7919 * (letter - 'a' + 1)) % (i % 5 == 0 ? 300000 : 500);
		frame[0] = (char)i;
		CHECK_OK(tr_port_send(socket, (tr_str){frame, n}, SOON));
	}
}

static void collector_body(tr_value arg)
{
	tr_port listener, socket;
	int seen[SENDERS] = {0}, alone = 0;

	CHECK_OK(tr_listen("127.0.0.1:0", 0, &listener));
	tr_send(tr_as_pid(arg), tr_socket_address(listener, false));
	CHECK_OK(tr_accept(listener, TR_FRAME_4, TR_PASSIVE, &socket, SOON));
	for (int i = 0; i < SENDERS * FRAMES; i++) {
		tr_value v = tr_port_receive(socket, SOON);
		tr_str frame = tr_as_str(v);
		CHECK(tr_is_valid(v) && frame.n > 0);
		if (frame.n == 1) {
			alone++; /* nothing but the count: whose it is cannot be seen */
		} else {
			int who = frame.p[1] - 'a';
			CHECK(who >= 0 && who < SENDERS);
			for (size_t k = 1; k < frame.n; k++)
				CHECK(frame.p[k] == frame.p[1]);
			CHECK(frame.p[0] >= seen[who]);
			seen[who] = frame.p[0] + 1;
		}
		tr_drop(v);
	}
	tr_send(tr_as_pid(arg), tr_int(alone));
	tr_drop(tr_receive(SOON));
}

/* Several actors send on one socket while its reader is slower: no frame is torn, and each one's stay in order. */
static void send_together(void)
{
	tr_pid collector = tr_spawn_link(collector_body, tr_pid_value(tr_self()));
	tr_value at = tr_own_value(tr_receive(SOON));
	tr_spawned s[SENDERS];
	tr_port socket;

	CHECK_OK(tr_connect(tr_as_cstr(at, ""), TR_FRAME_4, TR_PASSIVE, &socket, SOON));
	for (int i = 0; i < SENDERS; i++)
		s[i] = tr_spawn_opt(sender_body, TR_LIST(tr_port_value(socket), tr_int('a' + i)),
				    &(tr_spawn_options){.monitor = true});
	for (int i = 0; i < SENDERS; i++) {
		tr_value down = tr_receive_ref(s[i].monitor, SOON);
		CHECK(TR_IS_A(tr_array_at(down, 4), normal));
		tr_drop(down);
	}
	CHECK(tr_as_int(tr_receive(SOON), -1) >= 0);
	tr_send(collector, TR_A(stop));
}

/* From the first moment of a connection on. */
ACTOR_TEST(senders_do_not_mix)
{
	for (int i = 0; i < 5; i++)
		send_together();
}

static void silent_body(tr_value arg)
{
	tr_port socket;

	CHECK_OK(tr_connect(tr_as_cstr(arg, ""), TR_FRAME_RAW, TR_PASSIVE, &socket, SOON));
	tr_receive(TR_FOREVER);
}

/* The peer sees the end of a connection whose owner was killed, and one whose owner was killed while it received. */
ACTOR_TEST(a_killed_owner_closes_its_socket)
{
	tr_port listener, socket;

	CHECK_OK(tr_listen("127.0.0.1:0", 0, &listener));
	tr_pid pid = tr_spawn(silent_body, tr_keep(address_of(listener)));
	CHECK_OK(tr_accept(listener, TR_FRAME_RAW, TR_PASSIVE, &socket, SOON));
	CHECK_ERR(tr_port_receive(socket, tr_in(2 * TR_MS)), TR_ETIMEOUT);
	tr_exit_signal(pid, TR_A(kill));
	CHECK_ERR(tr_port_receive(socket, SOON), TR_ECLOSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tcp_echo_in_every_framing),
	    cmocka_unit_test(by_name_and_over_ipv6),
	    cmocka_unit_test(unix_sockets),
	    cmocka_unit_test(accept_gives_up_at_its_deadline),
	    cmocka_unit_test(active_sockets),
	    cmocka_unit_test(nobody_listens),
	    cmocka_unit_test(addresses_that_are_none),
	    cmocka_unit_test(back_pressure_reaches_the_sender),
	    cmocka_unit_test(many_connections),
	    cmocka_unit_test(senders_do_not_mix),
	    cmocka_unit_test(a_killed_owner_closes_its_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
