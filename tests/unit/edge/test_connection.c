/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoint's side of a connection: who is silent is let go, a watched execution that crashes is followed, and what
 * was asked has its answer before the endpoint closes. The control plane is a fake that does what it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/edge/edge.h"
#include "actors/edge/wire.h"
#include "actors/protocol.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <troupe/gen_server.h>
#include <troupe/io.h>
#include <unistd.h>

#define SOON_S  120
#define ID      7
#define ID_NAME "event.7"

static char folder[64];
static tr_node *node;

/* ---- the fake -------------------------------------------------------------------------------------------------- */

struct fake {
	tr_pid watcher;
	tr_from held; /* a cancel that is not answered yet */
};

static tr_next fake_init(void *state, tr_value arg)
{
	(void)state;
	(void)arg;
	return tr_noreply();
}

static void wait_for_ever(tr_value arg)
{
	(void)arg;
	tr_drop(tr_receive(TR_FOREVER));
}

static tr_pid execution_start(void)
{
	tr_spawn_options named = {.name = ID_NAME};
	return tr_spawn_opt(wait_for_ever, tr_nil(), &named).pid;
}

static void execution_end(tr_value reason)
{
	tr_pid pid = tr_whereis(ID_NAME);
	tr_ref monitor = tr_monitor(pid);
	tr_exit_signal(pid, reason);
	tr_drop(tr_receive_ref(monitor, TR_FOREVER));
}

static tr_value request_of(tr_from *from)
{
	tr_value m = tr_receive(TR_FOREVER), request = tr_absent();
	assert_true(tr_is_call(m, from, &request));
	request = tr_keep(request);
	tr_drop(m);
	return request;
}

static sem_t asked; /* an execution whether it is durable */

/* It answers that, or ends, when it is told to. */
static void asked_body(tr_value arg)
{
	tr_from asks, tells;
	tr_value request = request_of(&asks);
	(void)arg;
	assert_true(tr_str_is(tr_as_str(tr_array_at(request, 0)), "durable"));
	tr_drop(request);
	(void)sem_post(&asked);
	request = request_of(&tells);
	if (tr_as_bool(request, false))
		tr_reply(asks, TR_A(ok));
	tr_drop(request);
	tr_reply(tells, TR_A(ok));
}

static tr_value started_one(void)
{
	tr_spawn_options named = {.name = ID_NAME};
	return TR_LIST(TR_A(ok), tr_int(ID), tr_pid_value(tr_spawn_opt(asked_body, tr_nil(), &named).pid));
}

static tr_next fake_call(void *state, tr_value request, tr_from from)
{
	struct fake *f = state;
	tr_str what = tr_as_str(tr_array_at(request, 0));

	if (tr_str_is(what, "watch")) {
		f->watcher = tr_as_pid(tr_array_at(request, 2));
		(void)execution_start();
		return tr_next_reply(TR_A(ok));
	}
	if (tr_str_is(what, "start"))
		return tr_next_reply(started_one());
	if (tr_str_is(what, "cancel")) {
		f->held = from;
		return tr_noreply();
	}
	if (tr_str_is(what, "answer")) { /* the test */
		tr_reply(f->held, TR_A(ok));
	} else if (tr_str_is(what, "crash")) {
		execution_end(tr_atom("badmatch"));
	} else if (tr_str_is(what, "restart")) {
		(void)tr_send(f->watcher, TR_LIST(tr_atom("restarted"), tr_int(ID), tr_pid_value(execution_start())));
	} else if (tr_str_is(what, "give up")) {
		(void)tr_send(f->watcher, TR_LIST(tr_atom("gone"), tr_int(ID), tr_string("too often")));
	} else if (tr_str_is(what, "done")) {
		(void)tr_send(f->watcher, TR_LIST(TR_A(done), tr_int(ID), TR_DICT("status", tr_string("success"))));
	}
	return tr_next_reply(TR_A(ok));
}

static const tr_gen_server fake = {
    .name = "executions", .state_size = sizeof(struct fake), .init = fake_init, .handle_call = fake_call};

static void tell_fake(const char *what)
{
	tr_pid pid = tr_node_whereis(node, SUBJECT_EXECUTIONS);
	tr_value answer = tr_node_call(node, pid, TR_LIST(tr_string(what)), SOON_S * TR_SECOND);
	assert_true(TR_IS_A(answer, ok));
	tr_drop(answer);
}

/* ---- a client -------------------------------------------------------------------------------------------------- */

static int dial(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct timeval deadline = {.tv_sec = SOON_S};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline), 0);
	(void)snprintf(un.sun_path, sizeof un.sun_path, "%s/" WIRE_SOCKET, folder);
	if (connect(fd, (const struct sockaddr *)(const void *)&un, sizeof un) == 0)
		return fd;
	close(fd);
	return -1;
}

static void ask(int fd, tr_value v)
{
	tr_buf out = {0};
	assert_int_equal(wire_put(&out, v), TR_OK);
	tr_drop(v);
	assert_int_equal(send(fd, out.p, out.n, MSG_NOSIGNAL), out.n);
	tr_buf_fini(&out);
}

static bool get_bytes(int fd, char *to, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t more = recv(fd, to + got, n - got, 0);
		assert_true(more >= 0);
		if (more == 0)
			return false;
		got += (size_t)more;
	}
	return true;
}

/* The next frame as text; "" at the end of the connection. */
static const char *hear(int fd)
{
	static char text[400];
	char bytes[4000];
	size_t n = 0, used;
	tr_value v;
	tr_buf shown = {0};

	*text = '\0';
	if (!get_bytes(fd, bytes, WIRE_HEAD))
		return text;
	for (size_t i = 0; i < WIRE_HEAD; i++)
		n = n << 8 | (unsigned char)bytes[i];
	assert_true(n < sizeof bytes - WIRE_HEAD);
	assert_true(get_bytes(fd, bytes + WIRE_HEAD, n));
	assert_int_equal(wire_get((tr_str){bytes, WIRE_HEAD + n}, &v, &used), WIRE_OK);
	tr_show(&shown, v, sizeof text - 1);
	(void)snprintf(text, sizeof text, "%.*s", TR_STR(tr_buf_str(&shown)));
	tr_buf_fini(&shown);
	tr_drop(v);
	return text;
}

#define HEARS(fd, part)                                                    \
	do {                                                               \
		const char *heard_ = hear(fd);                             \
		if (strstr(heard_, part) == NULL)                          \
			fail_msg("heard '%s' and not '%s'", heard_, part); \
	} while (0)

static tr_value status(int64_t id)
{
	return TR_LIST(tr_int(id), tr_string("node"), TR_LIST(tr_string("status")), tr_int(1000));
}

static tr_value watch(int64_t id)
{
	return TR_LIST(tr_int(id), tr_string("watch"), tr_int(ID));
}

/* ---- the tests -------------------------------------------------------------------------------------------------- */

static void start_with(edge_options *options)
{
	tr_spawn_options named = {.name = SUBJECT_EXECUTIONS};
	node = tr_node_start(NULL, NULL);
	assert_non_null(node);
	assert_int_equal(tr_reactor_start(node), TR_OK);
	assert_true(tr_node_gen_server(node, &fake, tr_nil(), &named).pid.bits != 0);
	options->data = folder;
	options->required = true;
	tr_child_spec child = edge_child(options);
	tr_supervisor_spec top = {.intensity = 1, .children = &child, .child_count = 1, .name = "node"};
	tr_started s = tr_node_supervisor(node, &top);
	assert_true(s.pid.bits != 0);
}

static void stop(void)
{
	tr_node_stop(&node);
}

static void the_silent_are_let_go(void **state)
{
	edge_options o = {.first_ns = TR_MS, .rest_ns = TR_MS, .brief_ns = TR_MS};
	(void)state;
	start_with(&o);
	int fd = dial();
	HEARS(fd, "nothing was asked; ");
	assert_string_equal(hear(fd), "");
	close(fd);
	stop();
}

static void who_rests_is_let_go_and_who_watches_is_not(void **state)
{
	edge_options o = {.rest_ns = TR_MS};
	(void)state;
	start_with(&o);
	int rests = dial(), watches = dial();
	ask(watches, watch(1));
	HEARS(watches, "{1, ok, ");
	ask(rests, status(1));
	HEARS(rests, "started_at_us");
	HEARS(rests, "nothing was asked for long");
	assert_string_equal(hear(rests), "");
	tell_fake("done");
	HEARS(watches, "success");
	close(rests);
	close(watches);
	stop();
}

static void the_reserve_is_for_short_requests(void **state)
{
	edge_options o = {.places = 1, .reserve = 2, .brief_ns = 1000 * TR_SECOND};
	int fd[4];
	(void)state;
	start_with(&o);
	for (int i = 0; i < 4; i++)
		fd[i] = dial();
	HEARS(fd[3], WIRE_FULL ": 3 clients are connected");
	assert_string_equal(hear(fd[3]), "");
	ask(fd[2], watch(1));
	HEARS(fd[2], WIRE_FULL);
	ask(fd[2], status(2));
	HEARS(fd[2], "started_at_us");
	ask(fd[0], watch(1));
	HEARS(fd[0], "{1, ok, ");
	for (int i = 0; i < 4; i++)
		close(fd[i]);
	stop();
}

static void the_reserve_is_soon_free_again(void **state)
{
	edge_options o = {.places = 1, .reserve = 1, .brief_ns = TR_MS};
	(void)state;
	start_with(&o);
	int seated = dial(), brief = dial();
	HEARS(brief, "nothing was asked; ");
	ask(seated, status(1));
	HEARS(seated, "started_at_us");
	close(seated);
	close(brief);
	stop();
}

static void a_watched_execution_may_crash(void **state)
{
	edge_options o = {0};
	(void)state;
	start_with(&o);
	int fd = dial();
	ask(fd, watch(1));
	HEARS(fd, "{1, ok, ");
	tell_fake("crash");
	tell_fake("restart");
	tell_fake("crash");
	tell_fake("restart");
	tell_fake("done");
	HEARS(fd, "{0, done, 7, ");
	tell_fake("crash");
	tell_fake("give up");
	HEARS(fd, "{0, DOWN, 7, \"too often\"}");
	close(fd);
	stop();
}

/* A store that has the execution, or has not. */
static void store_body(tr_value has)
{
	for (;;) {
		tr_from from;
		tr_value request = request_of(&from);
		assert_true(tr_str_is(tr_as_str(tr_array_at(request, 0)), "has"));
		assert_int_equal(tr_as_int(tr_array_at(request, 1), 0), ID);
		tr_drop(request);
		tr_reply(from, tr_keep(has));
	}
}

/* A client that has asked for a start, and an execution that has been asked whether it is durable: it is told to say
 * so, or to end without. */
static int started(bool says)
{
	int fd = dial();
	ask(fd, TR_LIST(tr_int(1), tr_string(SUBJECT_EXECUTIONS), TR_LIST(tr_string("start"), tr_map()),
			tr_int(SOON_S * 1000)));
	assert_int_equal(sem_wait(&asked), 0);
	ask(fd, status(2));
	HEARS(fd, "{2, ok, "); /* and nothing of the start */
	tr_value answer = tr_node_call(node, tr_node_whereis(node, ID_NAME), tr_bool(says), SOON_S * TR_SECOND);
	assert_true(TR_IS_A(answer, ok));
	tr_drop(answer);
	return fd;
}

static void who_starts_is_told_of_what_is_durable(void **state)
{
	static const char *const said[] = {"{1, ok, {error, \"execution 7 ended before its first event was written\"}}",
					   "{1, ok, {ok, 7, "};
	edge_options o = {0};
	(void)state;
	assert_int_equal(sem_init(&asked, 0, 0), 0);
	start_with(&o);
	int fd = started(true);
	HEARS(fd, said[1]);
	close(fd);
	/* One that has ended before it could be asked: the store knows. */
	for (int has = 0; has < 2; has++) {
		tr_spawn_options named = {.name = SUBJECT_STORE};
		tr_pid store = tr_node_spawn(node, store_body, tr_bool(has == 1), &named).pid;
		assert_true(store.bits != 0);
		fd = started(false);
		HEARS(fd, said[has]);
		close(fd);
		stop();
		start_with(&o);
	}
	stop();
}

static sem_t closed;

static void close_body(tr_value arg)
{
	(void)arg;
	edge_close(tr_in(SOON_S * TR_SECOND));
	(void)sem_post(&closed);
}

static void what_was_asked_is_answered_before_it_closes(void **state)
{
	edge_options o = {0};
	(void)state;
	assert_int_equal(sem_init(&closed, 0, 0), 0);
	start_with(&o);
	int asks = dial(), idle = dial();
	ask(asks, TR_LIST(tr_int(1), tr_string(SUBJECT_EXECUTIONS), TR_LIST(tr_string("cancel"), tr_int(ID)),
			  tr_int(SOON_S * 1000)));
	ask(idle, status(1));
	HEARS(idle, "started_at_us");
	assert_true(tr_node_spawn(node, close_body, tr_nil(), NULL).pid.bits != 0);
	HEARS(idle, REFUSAL_CLOSING);
	assert_string_equal(hear(idle), "");
	assert_int_equal(dial(), -1);
	tell_fake("answer");
	HEARS(asks, "{1, ok, ok}");
	HEARS(asks, REFUSAL_CLOSING);
	assert_string_equal(hear(asks), "");
	assert_int_equal(sem_wait(&closed), 0);
	close(asks);
	close(idle);
	stop();
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof folder, "/tmp/troupe-edge-XXXXXX");
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(folder); /* nothing is left there */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_silent_are_let_go, setup, teardown),
	    cmocka_unit_test_setup_teardown(who_rests_is_let_go_and_who_watches_is_not, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_reserve_is_for_short_requests, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_reserve_is_soon_free_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_watched_execution_may_crash, setup, teardown),
	    cmocka_unit_test_setup_teardown(who_starts_is_told_of_what_is_durable, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_was_asked_is_answered_before_it_closes, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
