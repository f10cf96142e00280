/* SPDX-License-Identifier: Apache-2.0 */
/* The world outside wakes idle schedulers and is not forgotten by busy ones; no wake-up is lost. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>

#include "runtime/actor/node.h"

#undef CHECK /* the runtime's own ends the process */
#include "io_check.h"

#define ROUNDS  2000
#define WAITERS 200
#define POSTS   500
#define POSTERS 3

static const tr_node_options two = {.schedulers = 2, .report = no_report};

static int fd_at(tr_value arg, size_t i)
{
	return (int)tr_as_int(tr_array_at(arg, i), -1);
}

static void watch_end(void *arg)
{
	tr_fd_watch_free(arg);
}

static tr_fd_watch *watch_new(void)
{
	tr_err err;
	tr_fd_watch *w = tr_fd_watch_new(&err);

	CHECK_OK(err);
	CHECK_OK(tr_own(w, watch_end));
	return w;
}

static void set_nonblocking(int fd)
{
	CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
}

static char read_byte(tr_fd_watch *w, int fd)
{
	char c = 0;

	while (read(fd, &c, 1) != 1)
		CHECK_OK(tr_fd_watch_wait(w, fd, TR_FD_READ, TR_FOREVER, NULL));
	return c;
}

static void write_byte(int fd, char c)
{
	CHECK(write(fd, &c, 1) == 1);
}

/* ---- to and fro ---- */

/* arg: [fd, begins?]; each byte is one more than the one before. */
static void player(tr_value arg)
{
	int fd = fd_at(arg, 0);
	bool begins = tr_as_bool(tr_array_at(arg, 1), false);
	tr_fd_watch *w = watch_new();

	for (int i = 0; i < ROUNDS; i++) {
		char due = (char)(2 * i + (begins ? 1 : 0));
		if (begins)
			write_byte(fd, (char)(2 * i));
		CHECK(read_byte(w, fd) == due);
		if (!begins)
			write_byte(fd, (char)(2 * i + 1));
	}
}

static _Atomic int games_over;

static void game_body(tr_value arg)
{
	int s[2];

	(void)arg;
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s) == 0);
	tr_pid first = tr_spawn_link(player, TR_LIST(tr_int(s[0]), tr_bool(true)));
	tr_ref ended = tr_monitor(first);
	monitor_end(tr_spawn_link(player, TR_LIST(tr_int(s[1]), tr_bool(false))));
	tr_drop(tr_receive_ref(ended, SOON));
	atomic_fetch_add(&games_over, 1);
}

/* Several nodes in one process, each with a set of its own. They are started and stopped one after the other: what
 * libuv closes behind the back of ThreadSanitizer must not be opened by a thread that knows nothing of that. */
static void no_byte_waits_for_ever(void **state)
{
	tr_node *nodes[3];
	tr_pid games[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		tr_node_options o = {.schedulers = i == 0 ? 1 : 2, .report = no_report};
		nodes[i] = tr_node_start(&o, NULL);
		assert_non_null(nodes[i]);
		assert_int_equal(tr_reactor_start(nodes[i]), TR_OK);
	}
	for (int i = 0; i < 3; i++)
		games[i] = tr_node_spawn(nodes[i], game_body, tr_nil(), NULL).pid;
	for (int i = 0; i < 3; i++)
		tr_drop(tr_node_wait(nodes[i], games[i], TR_FOREVER));
	for (int i = 0; i < 3; i++)
		tr_node_stop(&nodes[i]);
	assert_int_equal(atomic_load(&games_over), 3);
}

/* ---- many at once ---- */

static void waiter(tr_value arg)
{
	tr_pid to = tr_as_pid(tr_array_at(arg, 1));
	int fd = fd_at(arg, 0);
	tr_fd_watch *w = watch_new();

	CHECK(read_byte(w, fd) == 'x');
	tr_send(to, tr_int(fd));
}

struct ends {
	int write[WAITERS];
};

static void *write_all(void *arg)
{
	struct ends *e = arg;

	for (int i = 0; i < WAITERS; i++)
		if (write(e->write[i], "x", 1) != 1)
			return NULL;
	return e;
}

/* Bytes from a thread that is no scheduler, while the waiters are still being made. */
static void each_gets_its_own_body(tr_value arg)
{
	static struct ends ends;
	int fd[WAITERS];
	pthread_t writer;
	void *well;

	(void)arg;
	CHECK_OK(tr_reactor_start(tr_here())); /* here, not in several of them at once */
	for (int i = 0; i < WAITERS; i++) {
		int p[2];
		CHECK(pipe2(p, O_CLOEXEC | O_NONBLOCK) == 0);
		fd[i] = p[0];
		ends.write[i] = p[1];
	}
	CHECK(pthread_create(&writer, NULL, write_all, &ends) == 0);
	for (int i = 0; i < WAITERS; i++)
		tr_spawn_link(waiter, TR_LIST(tr_int(fd[i]), tr_pid_value(tr_self())));
	for (int i = 0; i < WAITERS; i++)
		CHECK(tr_is(tr_receive(SOON), TR_INT));
	pthread_join(writer, &well);
	CHECK(well != NULL);
	for (int i = 0; i < WAITERS; i++) {
		close(fd[i]);
		close(ends.write[i]);
	}
}

static void each_gets_its_own(void **state)
{
	(void)state;
	tr_value reason = tr_run(&two, each_gets_its_own_body, tr_nil());

	assert_true(TR_IS_A(reason, normal));
	tr_drop(reason);
}

/* ---- while all are busy ---- */

struct busy {
	_Atomic int stop;
	_Atomic int running;
};

static void not_ours(void *data)
{
	(void)data;
}

static const tr_class busy_class = {"busy", not_ours};

/* arg: [busy, yields?] */
static void busy_body(tr_value arg)
{
	struct busy *b = tr_as_object(tr_array_at(arg, 0), &busy_class);
	bool yields = tr_as_bool(tr_array_at(arg, 1), false);

	atomic_fetch_add(&b->running, 1);
	while (atomic_load(&b->stop) == 0) {
		if (yields)
			tr_yield();
	}
}

static void stop_them(tr_value arg)
{
	struct busy *b = tr_as_object(tr_array_at(arg, 0), &busy_class);
	tr_fd_watch *w = watch_new();

	CHECK(read_byte(w, fd_at(arg, 1)) == 'x');
	atomic_store(&b->stop, 1);
}

/* All schedulers run actors that end only when a byte has come through: looking at the world is not left to idle ones.
 */
static void busy_node(bool yields)
{
	static struct busy both[2]; /* who is busy may look once more when this actor has ended */
	struct busy *b = &both[yields];
	int p[2];

	CHECK(pipe2(p, O_CLOEXEC | O_NONBLOCK) == 0);
	tr_value object = tr_own_value(tr_object(&busy_class, b));
	tr_pid reader = tr_spawn(stop_them, TR_LIST(tr_keep(object), tr_int(p[0])));
	tr_ref ended = tr_monitor(reader);
	for (int i = 0; i < 4; i++)
		tr_spawn_link(busy_body, TR_LIST(tr_keep(object), tr_bool(yields)));
	while (atomic_load(&b->running) < 2)
		tr_yield();
	write_byte(p[1], 'x');
	tr_value down = tr_receive_ref(ended, SOON);
	CHECK(tr_is_valid(down));
	tr_drop(down);
	CHECK(atomic_load(&b->stop) == 1);
	close(p[0]);
	close(p[1]);
}

static void busy_yielding(tr_value arg)
{
	(void)arg;
	busy_node(true);
}

static void busy_stubborn(tr_value arg)
{
	(void)arg;
	busy_node(false);
}

static void busy_schedulers_look_up(void **state)
{
	tr_body *const bodies[] = {busy_yielding, busy_stubborn};
	tr_node_options o = {.schedulers = 2, .report = no_report};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		tr_value reason = tr_run(&o, bodies[i], tr_nil());
		assert_true(TR_IS_A(reason, normal));
		tr_drop(reason);
	}
}

/* ---- turns ---- */

struct posts {
	tr_node *node;
	_Atomic int begun, ended, turns;
};

static void count_turn(void *loop, void *arg)
{
	struct posts *p = arg;

	(void)loop;
	/* Turns never overlap. */
	if (atomic_fetch_add(&p->begun, 1) == atomic_load(&p->ended))
		atomic_fetch_add(&p->turns, 1);
	atomic_fetch_add(&p->ended, 1);
}

static void *post_from_outside(void *arg)
{
	struct posts *p = arg;

	for (int i = 0; i < POSTS; i++)
		if (tr_reactor_run(p->node, count_turn, p) != TR_OK)
			return NULL;
	return p;
}

static void post_from_actor(tr_value arg)
{
	struct posts *p = tr_as_object(arg, &busy_class);

	for (int i = 0; i < POSTS; i++) {
		CHECK_OK(tr_reactor_run(tr_here(), count_turn, p));
		if (i % 50 == 0)
			tr_sleep_until(tr_in(TR_MS));
	}
}

/* From actors and from other threads at once, to a node that sleeps in between: all of them run, one after the other.
 */
static void every_post_has_its_turn(void **state)
{
	static struct posts p;
	pthread_t posters[POSTERS];
	tr_pid actors[POSTERS];
	void *well;

	(void)state;
	p.node = tr_node_start(&two, NULL);
	assert_non_null(p.node);
	assert_int_equal(tr_reactor_start(p.node), TR_OK);
	for (int i = 0; i < POSTERS; i++) {
		actors[i] = tr_node_spawn(p.node, post_from_actor, tr_object(&busy_class, &p), NULL).pid;
		assert_int_equal(pthread_create(&posters[i], NULL, post_from_outside, &p), 0);
	}
	for (int i = 0; i < POSTERS; i++) {
		pthread_join(posters[i], &well);
		assert_non_null(well);
		tr_drop(tr_node_wait(p.node, actors[i], TR_FOREVER));
	}
	tr_node_stop(&p.node); /* takes the last turns */
	assert_int_equal(atomic_load(&p.ended), 2 * POSTERS * POSTS);
	assert_int_equal(atomic_load(&p.turns), 2 * POSTERS * POSTS);
}

/* ---- a turn on another thread ---- */

struct held {
	int fd;
	_Atomic int busy, turning, release;
	sem_t read;
};

static void hold_turn(void *loop, void *arg)
{
	struct held *h = arg;

	(void)loop;
	atomic_store(&h->turning, 1);
	while (atomic_load(&h->release) == 0)
		sched_yield();
}

/* The only scheduler is at work until another thread has begun a turn. */
static void busy_then_waits(tr_value arg)
{
	struct held *h = tr_as_object(arg, &busy_class);
	tr_fd_watch *w = watch_new();

	atomic_store(&h->busy, 1);
	while (atomic_load(&h->turning) == 0)
		continue;
	CHECK(read_byte(w, h->fd) == 'x');
	CHECK(sem_post(&h->read) == 0);
}

/* The scheduler parks while the loop's own thread is at a turn: it may not sleep in the set then, and when the turn is
 * over nobody sleeps there. However long handlers may take, the watch notices that. */
static void nobody_is_left_out_by_a_turn_elsewhere(void **state)
{
	static struct held h;
	tr_node_options one = {.schedulers = 1, .report = no_report, .long_handler_ns = 3600 * TR_SECOND};
	tr_node *node = tr_node_start(&one, NULL);
	int p[2];

	(void)state;
	assert_non_null(node);
	assert_int_equal(tr_reactor_start(node), TR_OK);
	assert_int_equal(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	h.fd = p[0];
	assert_int_equal(sem_init(&h.read, 0, 0), 0);
	assert_int_equal(tr_node_spawn(node, busy_then_waits, tr_object(&busy_class, &h), NULL).err, TR_OK);
	while (atomic_load(&h.busy) == 0)
		sched_yield();
	assert_int_equal(tr_reactor_run(node, hold_turn, &h), TR_OK);
	while (atomic_load(&node->scheds[0]->parked) != PARKED_FUTEX)
		sched_yield();
	atomic_store(&h.release, 1);
	assert_int_equal(write(p[1], "x", 1), 1);
	/* Without a timer of the node's, which would wake the scheduler as well. */
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 60;
	int woken = sem_timedwait(&h.read, &until);
	tr_node_stop(&node);
	assert_int_equal(woken, 0);
	close(p[0]);
	close(p[1]);
}

/* ---- descriptors that change ---- */

/* The same watch, the same number, another descriptor; and one that is freed while it is armed. */
ACTOR_TEST(a_number_may_be_used_again)
{
	tr_fd_watch *w = watch_new();

	for (int i = 0; i < 50; i++) {
		int p[2];
		CHECK(pipe(p) == 0);
		set_nonblocking(p[0]);
		CHECK(tr_fd_watch_wait(w, p[0], TR_FD_READ, tr_in(1), NULL) == TR_ETIMEOUT);
		tr_fd_watch *other = tr_fd_watch_new(NULL);
		CHECK(other != NULL);
		CHECK(tr_fd_watch_wait(other, p[0], TR_FD_READ, tr_in(1000), NULL) == TR_ETIMEOUT);
		tr_fd_watch_free(other);
		write_byte(p[1], (char)i);
		CHECK(read_byte(w, p[0]) == (char)i);
		close(p[0]);
		close(p[1]);
	}
}

ACTOR_TEST(what_can_be_had_at_once)
{
	tr_fd_watch *w = watch_new();
	int s[2], ready = 0;

	CHECK(tr_fd_watch_wait(w, -1, TR_FD_READ, SOON, NULL) == TR_EINVAL);
	CHECK(tr_fd_watch_wait(NULL, 0, TR_FD_READ, SOON, NULL) == TR_EINVAL);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	CHECK_OK(tr_fd_watch_wait(w, s[0], TR_FD_READ | TR_FD_WRITE, SOON, &ready));
	CHECK(ready == TR_FD_WRITE);
	CHECK(tr_fd_watch_wait(w, s[0], TR_FD_READ, 0, NULL) == TR_ETIMEOUT);
	close(s[1]);
	CHECK_OK(tr_fd_watch_wait(w, s[0], TR_FD_READ, SOON, &ready));
	CHECK(ready == TR_FD_READ);
	close(s[0]);
	/* A file is always ready. */
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	CHECK_OK(tr_fd_watch_wait(w, file, TR_FD_READ, SOON, &ready));
	CHECK(ready == TR_FD_READ);
	close(file);
	tr_fd_watch_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_byte_waits_for_ever),
	    cmocka_unit_test(each_gets_its_own),
	    cmocka_unit_test(busy_schedulers_look_up),
	    cmocka_unit_test(every_post_has_its_turn),
	    cmocka_unit_test(nobody_is_left_out_by_a_turn_elsewhere),
	    cmocka_unit_test(a_number_may_be_used_again),
	    cmocka_unit_test(what_can_be_had_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
