/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An echo server: an actor for each connection, written as if it had the thread for itself. With --load it brings its
 * clients along (in a process of their own): so many connections, all open at the same time, each sending a few lines
 * and checking what comes back.
 *
 *     echo_server [ADDRESS]                    e.g. 127.0.0.1:7777, then: nc 127.0.0.1 7777
 *     echo_server --load CONNECTIONS
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <troupe/troupe.h>

#define LINES   5
#define AT_ONCE 100 /* that connect; however long the listener's queue may be here, these fit */

/* ---- the server ---------------------------------------------------------------------------------------------------
 */

/* One connection. It owns its socket: however it ends, the socket is closed. */
static void connection(tr_value arg)
{
	tr_value given = tr_receive(TR_FOREVER); /* [port id] from the acceptor, when the socket is ours */
	tr_port socket = {(uint64_t)tr_as_int(tr_array_at(given, 0), 0)};

	(void)arg;
	tr_drop(given);
	for (;;) {
		tr_value line = tr_port_receive(socket, TR_FOREVER);
		if (!tr_is_valid(line))
			return; /* the other side has closed */
		tr_err err = tr_port_send(socket, tr_as_str(line), TR_FOREVER);
		tr_drop(line);
		if (err != TR_OK)
			return;
	}
}

static void acceptor(tr_port listener)
{
	for (;;) {
		tr_port socket;
		tr_err err = tr_accept(listener, TR_FRAME_LINE, TR_PASSIVE, &socket, TR_FOREVER);
		if (err == TR_ECLOSED)
			return;
		if (err != TR_OK) { /* out of descriptors, say: others may close theirs meanwhile */
			tr_sleep_until(tr_in(10 * TR_MS));
			continue;
		}
		tr_pid pid = tr_spawn(connection, tr_nil());
		tr_port_give(socket, pid);
		tr_send(pid, TR_LIST(tr_int((int64_t)socket.id)));
	}
}

/* arg: [descriptor to write the address to, address]. Listens and accepts until the process is ended. */
static void server(tr_value arg)
{
	tr_port listener;
	const char *address = tr_as_cstr(tr_array_at(arg, 1), "");

	if (tr_reactor_start(tr_here()) != TR_OK)
		tr_exitf("the reactor does not start");
	tr_err err = tr_listen(address, 4096, &listener);
	if (err != TR_OK)
		tr_exitf("cannot listen on %s: %s (%s)", address, tr_err_text(err), strerror(tr_io_errno()));
	tr_value bound = tr_socket_address(listener, false);
	dprintf((int)tr_as_int(tr_array_at(arg, 0), 1), "%s\n", tr_as_cstr(bound, "?"));
	tr_drop(bound);
	acceptor(listener);
}

/* ---- the load -----------------------------------------------------------------------------------------------------
 */

static void say_line(tr_port socket, int number)
{
	char line[64];
	int n = snprintf(line, sizeof line, "line %d of %" PRIx64, number, tr_self().bits);
	tr_err err = tr_port_send(socket, (tr_str){line, (size_t)n}, tr_in(60 * TR_SECOND));
	tr_value back = tr_port_receive(socket, tr_in(60 * TR_SECOND));

	if (err != TR_OK || !tr_str_is(tr_as_str(back), line))
		tr_exitf("sent \"%s\", got \"%s\"", line, tr_as_cstr(back, "nothing"));
	tr_drop(back);
}

/* A client: connects, and when the server answers it says so and waits for the word to begin, so that all connections
 * are open at once. */
static void client(tr_value arg)
{
	tr_pid boss = tr_as_pid(tr_array_at(arg, 0));
	tr_port socket;
	tr_err err =
	    tr_connect(tr_as_cstr(tr_array_at(arg, 1), ""), TR_FRAME_LINE, TR_PASSIVE, &socket, tr_in(60 * TR_SECOND));

	if (err != TR_OK)
		tr_exitf("cannot connect: %s (%s)", tr_err_text(err), strerror(tr_io_errno()));
	say_line(socket, 0);
	tr_send(boss, tr_atom("connected"));
	tr_drop(tr_receive(TR_FOREVER));
	for (int i = 1; i <= LINES; i++)
		say_line(socket, i);
	tr_send(boss, TR_A(done));
}

/* So many of these atoms; anything else (a client that crashed) ends the load. */
static void await(const char *what, int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		tr_value m = tr_receive(tr_in(120 * TR_SECOND));
		if (!tr_str_is(tr_as_str(m), what))
			tr_exitf("%" PRId64 " of %" PRId64 " %s, then something else", i, n, what);
		tr_drop(m);
	}
}

static void load(tr_value arg)
{
	int64_t n = tr_as_int(tr_array_at(arg, 0), 0), began = tr_now();
	tr_value where = tr_array_at(arg, 1);
	tr_pid *clients = tr_own_alloc((size_t)n * sizeof *clients);

	if (clients == NULL || tr_reactor_start(tr_here()) != TR_OK)
		tr_exitf("the reactor does not start");
	for (int64_t i = 0; i < n; i++) {
		if (i >= AT_ONCE)
			await("connected", 1);
		clients[i] = tr_spawn_link(client, TR_LIST(tr_pid_value(tr_self()), tr_keep(where)));
	}
	await("connected", n < AT_ONCE ? n : AT_ONCE);
	int64_t open = tr_now();
	for (int64_t i = 0; i < n; i++)
		tr_send(clients[i], TR_A(start));
	await("done", n);
	int64_t over = tr_now();
	printf("%" PRId64 " connections open at once after %" PRId64 " ms; %" PRId64 " lines echoed in %" PRId64
	       " ms, %" PRId64 " a second\n",
	       n, (open - began) / TR_MS, n * LINES, (over - open) / TR_MS, n * LINES * TR_SECOND / (over - open));
}

/* ---- the program --------------------------------------------------------------------------------------------------
 */

/* Clients and server share the cores; a handler that waits for one is not worth a report before that. */
static const tr_node_options patient = {.long_handler_ns = 200 * TR_MS};

static int end_of(tr_value reason)
{
	bool well = TR_IS_A(reason, normal);

	tr_drop(reason);
	return well ? 0 : 1;
}

static bool raise_descriptors(int64_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return false;
	if (limit.rlim_cur >= (rlim_t)wanted)
		return true;
	limit.rlim_cur = (rlim_t)wanted;
	return limit.rlim_max >= (rlim_t)wanted && setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* Server and clients are a process each, so that each has its descriptors for itself. */
static int run_load(int64_t n)
{
	int ends[2];
	char address[64] = "";

	if (!raise_descriptors(n + 200)) {
		fprintf(stderr, "%" PRId64 " connections need %" PRId64 " descriptors: raise the limit (ulimit -Hn)\n",
			n, n + 200);
		return 77;
	}
	if (pipe(ends) != 0)
		return 1;
	pid_t child = fork();
	if (child == 0)
		_exit(end_of(tr_run(&patient, server, TR_LIST(tr_int(ends[1]), tr_string("127.0.0.1:0")))));
	close(ends[1]); /* if the server does not come up, the read below ends */
	if (child < 0 || read(ends[0], address, sizeof address - 1) <= 0)
		return 1;
	address[strcspn(address, "\n")] = 0;
	int status = end_of(tr_run(&patient, load, TR_LIST(tr_int(n), tr_string(address))));
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
	return status;
}

int main(int argc, char **argv)
{
	bool loaded = argc == 3 && strcmp(argv[1], "--load") == 0;
	int64_t n = loaded ? atoll(argv[2]) : 0;
	const char *address = argc == 2 ? argv[1] : "127.0.0.1:7777";

	if (argc > 3 || (argc == 3 && n <= 0)) {
		fprintf(stderr, "usage: echo_server [ADDRESS | --load CONNECTIONS]\n");
		return 2;
	}
	if (loaded)
		return run_load(n);
	return end_of(tr_run(&patient, server, TR_LIST(tr_int(STDOUT_FILENO), tr_string(address))));
}
