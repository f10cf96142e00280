/* SPDX-License-Identifier: Apache-2.0 */
/* One world: verdicts, replay, checks, faults that strike one node, and the refusal of what is real. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <troupe/io.h>
#include <troupe/sim.h>
#include <troupe/testing.h>

static tr_sim_result run(tr_body *body, const tr_sim_options *options)
{
	return tr_sim_run(4711, options, body, tr_nil());
}

/* ---- verdicts -----------------------------------------------------------------------------------------------------
 */

static void nothing(tr_value arg)
{
	(void)arg;
}

static void waits(tr_value arg)
{
	(void)arg;
	tr_drop(tr_receive(TR_FOREVER));
}

static void sleeps_long(tr_value arg)
{
	(void)arg;
	for (;;)
		tr_sleep_until(tr_in(600 * TR_SECOND));
}

static void spins(tr_value arg)
{
	(void)arg;
	for (;;)
		tr_yield();
}

static void checks(tr_value arg)
{
	(void)arg;
	tr_sim_check(1 + 1 == 2, "sums are right");
	tr_sim_check(1 + 1 == 3, "sums are wrong");
}

static void crashes(tr_value arg)
{
	(void)arg;
	tr_exit(tr_string("no reason"));
}

static void verdicts(void **state)
{
	(void)state;
	tr_sim_result r = run(nothing, NULL);
	assert_int_equal(r.verdict, TR_SIM_FINISHED);
	assert_string_equal(r.text, "");
	assert_int_equal(run(waits, NULL).verdict, TR_SIM_QUIET);
	assert_int_equal(run(sleeps_long, NULL).verdict, TR_SIM_LIMIT);
	tr_sim_options few = {.max_steps = 1000};
	r = run(spins, &few);
	assert_int_equal(r.verdict, TR_SIM_LIMIT);
	assert_int_equal(r.steps, 1000);
	r = run(checks, NULL);
	assert_int_equal(r.verdict, TR_SIM_FAILED);
	assert_non_null(strstr(r.text, "sums are wrong"));
	assert_non_null(strstr(r.text, "world_test.c:"));
	r = run(crashes, NULL);
	assert_int_equal(r.verdict, TR_SIM_FAILED);
	assert_string_equal(r.text, "main ended with \"no reason\"");
	tr_sim_options many = {.nodes = TR_SIM_NODES_MAX + 1};
	assert_int_equal(run(nothing, &many).verdict, TR_SIM_FAILED);
}

/* ---- time ---------------------------------------------------------------------------------------------------------
 */

static void looks_at_clocks(tr_value arg)
{
	(void)arg;
	int64_t before = tr_now(), wall = tr_wall_us();
	tr_sleep_until(tr_in(1800 * TR_SECOND));
	tr_sim_check(tr_now() - before >= 1800 * TR_SECOND, "it slept");
	tr_sim_check(tr_now() - before < 1801 * TR_SECOND, "and woke in time");
	tr_sim_check((tr_wall_us() - wall) / 1000000 == 1800, "both clocks go alike");
	before = tr_now();
	tr_sim_clock_jump(INT64_C(-3600000000));
	tr_sim_check(tr_wall_us() < wall, "the wall clock may go back");
	tr_sim_check(tr_now() >= before, "the other never does");
}

static void time_is_virtual(void **state)
{
	(void)state;
	tr_sim_result r = run(looks_at_clocks, NULL);
	assert_string_equal(r.text, "");
	assert_in_range(r.time_ns, 1800 * TR_SECOND, 1801 * TR_SECOND);
}

/* ---- replay -------------------------------------------------------------------------------------------------------
 */

static void talker(tr_value arg)
{
	tr_pid main_actor = tr_as_pid(arg);
	for (int i = 0; i < 20; i++) {
		tr_send(main_actor, TR_LIST(tr_atom("says"), tr_int((int64_t)(tr_random() % 1000))));
		if (tr_random() % 3 == 0)
			tr_sleep_until(tr_in((int64_t)(tr_random() % (2 * TR_MS))));
	}
}

static void listens(tr_value arg)
{
	(void)arg;
	for (int i = 0; i < 4; i++)
		tr_spawn(talker, tr_pid_value(tr_self()));
	for (int i = 0; i < 80; i++)
		tr_drop(tr_receive(TR_FOREVER));
}

static void the_same_seed_is_the_same_run(void **state)
{
	(void)state;
	uint64_t hashes[50];
	for (uint64_t seed = 0; seed < 50; seed++) {
		tr_sim_result one = tr_sim_run(seed, NULL, listens, tr_nil());
		tr_sim_result two = tr_sim_run(seed, NULL, listens, tr_nil());
		assert_int_equal(one.verdict, TR_SIM_FINISHED);
		assert_memory_equal(&one, &two, sizeof one);
		assert_int_equal(one.received, 80);
		hashes[seed] = one.hash;
		for (uint64_t other = 0; other < seed; other++)
			assert_int_not_equal(hashes[other], hashes[seed]);
	}
}

/* Two that race are seen in both orders. */
static void shouts(tr_value arg)
{
	tr_send(tr_as_pid(tr_array_at(arg, 0)), tr_keep(tr_array_at(arg, 1)));
}

static void races(tr_value arg)
{
	(void)arg;
	tr_spawn(shouts, TR_LIST(tr_pid_value(tr_self()), tr_int(1)));
	tr_spawn(shouts, TR_LIST(tr_pid_value(tr_self()), tr_int(2)));
	int64_t first = tr_as_int(tr_receive(TR_FOREVER), 0);
	tr_drop(tr_receive(TR_FOREVER));
	tr_sim_check(first == 1, "2 was first");
}

static void orders_differ(void **state)
{
	(void)state;
	int firsts = 0;
	for (uint64_t seed = 1; seed <= 100; seed++)
		firsts += tr_sim_run(seed, NULL, races, tr_nil()).verdict == TR_SIM_FINISHED;
	assert_in_range(firsts, 20, 80);
}

/* ---- faults -------------------------------------------------------------------------------------------------------
 */

static void counts_mail(tr_value arg)
{
	int64_t n = 0;
	for (;;) {
		tr_drop(tr_receive(TR_FOREVER));
		tr_send(tr_as_pid(arg), tr_int(++n));
	}
}

static void crash_body(tr_value arg)
{
	(void)arg;
	tr_spawned s =
	    tr_spawn_opt(counts_mail, tr_pid_value(tr_self()), &(tr_spawn_options){.monitor = true, .label = "victim"});
	tr_sim_check(tr_sim_crash_at(s.pid, 3) == TR_OK, "it is to crash");
	for (int i = 0; i < 5; i++)
		tr_send(s.pid, tr_int(i));
	tr_value down = tr_receive_ref(s.monitor, TR_FOREVER);
	tr_sim_check(TR_IS_A(tr_array_at(tr_array_at(down, 4), 0), crash), "with a reason");
	tr_drop(down);
	tr_sim_check(tr_as_int(tr_receive(0), 0) == 1 && tr_as_int(tr_receive(0), 0) == 2, "two were handled");
	tr_sim_check(!tr_is_valid(tr_receive(0)), "the third was not");
	tr_sim_check(tr_sim_crash_at(s.pid, 1) == TR_ENOPROC, "nobody there");
}

static void crash_at_the_nth_message(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 50; seed++) {
		tr_sim_result r = tr_sim_run(seed, NULL, crash_body, tr_nil());
		assert_string_equal(r.text, "");
		assert_int_equal(r.crashes, 1);
	}
}

static void spawn_many(tr_value arg)
{
	(void)arg;
	for (int i = 0; i < 100; i++) {
		tr_spawn_options o = {.monitor = true, .label = i % 2 == 0 ? "fragile" : "solid"};
		tr_spawned s = tr_spawn_opt(counts_mail, tr_pid_value(tr_self()), &o);
		tr_send(s.pid, tr_nil());
		tr_value got = tr_receive(TR_FOREVER);
		bool down = tr_is(got, TR_ARRAY);
		tr_drop(got);
		tr_sim_check(!down || i % 2 == 0, "only the fragile ones crash");
	}
}

static void crashes_are_aimed(void **state)
{
	(void)state;
	tr_sim_options o = {.faults = {.crash = 1, .crash_within = 1, .crash_only = "fragile"}};
	tr_sim_result r = run(spawn_many, &o);
	assert_string_equal(r.text, "");
	assert_int_equal(r.crashes, 50);
	o.faults.crash = 0.5;
	r = run(spawn_many, &o);
	assert_in_range(r.crashes, 10, 40);
}

static void slow_one(tr_value arg)
{
	tr_from from;
	tr_value request, m = tr_receive(TR_FOREVER);
	(void)arg;
	if (tr_is_call(m, &from, &request))
		tr_reply(from, tr_int(tr_now() - tr_as_int(request, 0)));
	tr_drop(m);
}

static void slow_body(tr_value arg)
{
	(void)arg;
	int64_t most = 0;
	for (int i = 0; i < 100; i++) {
		int64_t took = tr_as_int(tr_call(tr_spawn(slow_one, tr_nil()), tr_int(tr_now()), TR_FOREVER), 0);
		most = took > most ? took : most;
	}
	tr_sim_check(most > TR_SECOND, "handlers take their time");
}

static void handlers_may_be_slow(void **state)
{
	(void)state;
	tr_sim_options o = {.faults = {.slow = 0.2, .slow_max_ns = 10 * TR_SECOND}};
	assert_string_equal(run(slow_body, &o).text, "");
	assert_int_equal(run(slow_body, NULL).verdict, TR_SIM_FAILED);
}

static void alloc_body(tr_value arg)
{
	(void)arg;
	tr_sim_fail_alloc(1);
	tr_value one = tr_string("the first is there, and long enough to be a box");
	tr_value two = tr_string("the second is not, and long enough to be a box");
	tr_value three = tr_string("the third is, and long enough to be a box");
	tr_sim_check(tr_is_valid(one) && tr_is_valid(three), "one failure only");
	tr_sim_check(tr_value_err(two) == TR_ENOMEM, "the second failed");
	tr_drop(one);
	tr_drop(three);
}

static void often_alloc_body(tr_value arg)
{
	(void)arg;
	int failed = 0;
	for (int i = 0; i < 2000; i++) {
		tr_value v = tr_string("long enough to be a box, surely it is");
		failed += !tr_is_valid(v);
		tr_drop(v);
		tr_yield();
	}
	tr_sim_check(failed >= 10 && failed <= 200, "about one in a hundred fails");
	tr_sim_calm();
	for (int i = 0; i < 2000; i++) {
		tr_value v = tr_string("long enough to be a box, surely it is");
		tr_sim_check(tr_is_valid(v), "none fails when it is calm");
		tr_drop(v);
		tr_yield();
	}
}

static void allocations_fail(void **state)
{
	(void)state;
	tr_sim_result r = run(alloc_body, NULL);
	assert_string_equal(r.text, "");
	assert_int_equal(r.failed_allocs, 1);
	tr_sim_options o = {.faults = {.alloc = 0.01}};
	assert_string_equal(run(often_alloc_body, &o).text, "");
	void *p = tr_alloc(1); /* and not outside */
	assert_non_null(p);
	tr_free(p);
}

static void jump_body(tr_value arg)
{
	(void)arg;
	int64_t wall = tr_wall_us(), now = tr_now();
	int back = 0, forth = 0;
	for (int i = 0; i < 1000; i++) {
		tr_sleep_until(tr_in(100 * TR_MS));
		int64_t by = tr_wall_us() - wall;
		back += by < 0;
		forth += by > 1000000;
		wall = tr_wall_us();
		tr_sim_check(tr_now() > now, "time goes on");
		now = tr_now();
	}
	tr_sim_check(back > 10 && forth > 10, "the wall clock jumps");
}

static void the_wall_clock_jumps(void **state)
{
	(void)state;
	tr_sim_options o = {.faults = {.clock_jumps = 1}};
	assert_string_equal(run(jump_body, &o).text, "");
}

/* ---- no real input and output -------------------------------------------------------------------------------------
 */

static void (*trial)(void);
static void tries(tr_value arg)
{
	(void)arg;
	trial();
}
static void try_connect(void)
{
	tr_port s;
	if (tr_connect("127.0.0.1:1", TR_FRAME_RAW, 0, &s, TR_FOREVER) != TR_EUNSUPPORTED)
		abort();
}
static void try_listen(void)
{
	tr_port s;
	if (tr_listen("127.0.0.1:0", 1, &s) != TR_EUNSUPPORTED)
		abort();
}
static void try_read(void)
{
	if (tr_value_err(tr_file_read("/etc/hostname", 100)) != TR_EUNSUPPORTED)
		abort();
}
static void try_write(void)
{
	if (tr_file_write("/nowhere/at/all", tr_s("x")) != TR_EUNSUPPORTED)
		abort();
}
static void try_port(void)
{
	const char *argv[] = {"true", NULL};
	tr_port p;
	if (tr_port_open(&(tr_port_options){.file = "true", .argv = argv}, &p) != TR_EUNSUPPORTED)
		abort();
}
static void try_resolve(void)
{
	if (tr_value_err(tr_resolve("localhost", TR_FOREVER)) != TR_EUNSUPPORTED)
		abort();
}
static void try_signal(void)
{
	if (tr_signal_subscribe(10) != TR_EUNSUPPORTED)
		abort();
}
static void try_reactor(void)
{
	if (tr_reactor_start(tr_here()) != TR_EUNSUPPORTED)
		abort();
}

static void real_io_is_refused_and_named(void **state)
{
	(void)state;
	static const struct {
		void (*fn)(void);
		const char *name;
	} trials[] = {
	    {try_connect, "tr_connect:"},         {try_listen, "tr_listen:"},         {try_read, "tr_file_read:"},
	    {try_write, "tr_file_write:"},        {try_port, "tr_port_open:"},        {try_resolve, "tr_resolve:"},
	    {try_signal, "tr_signal_subscribe:"}, {try_reactor, "tr_reactor_start:"},
	};
	for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++) {
		trial = trials[i].fn;
		tr_sim_result r = run(tries, NULL);
		assert_int_equal(r.verdict, TR_SIM_FAILED);
		assert_ptr_equal(strstr(r.text, trials[i].name), r.text);
	}
}

/* ---- nothing is left ----------------------------------------------------------------------------------------------
 */

static void worlds_leave_nothing(void **state)
{
	(void)state;
	(void)run(listens, NULL);
	(void)tr_test_live_blocks();
	int64_t before = tr_test_live_blocks();
	for (uint64_t seed = 0; seed < 20; seed++) {
		tr_sim_options o = {.nodes = 3, .faults = {.alloc = 0.001, .crash = 0.2, .slow = 0.1}};
		(void)tr_sim_run(seed, &o, listens, tr_string("an argument that is long enough to be a box"));
	}
	assert_int_equal(tr_test_live_blocks(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(verdicts),
	    cmocka_unit_test(time_is_virtual),
	    cmocka_unit_test(the_same_seed_is_the_same_run),
	    cmocka_unit_test(orders_differ),
	    cmocka_unit_test(crash_at_the_nth_message),
	    cmocka_unit_test(crashes_are_aimed),
	    cmocka_unit_test(handlers_may_be_slow),
	    cmocka_unit_test(allocations_fail),
	    cmocka_unit_test(the_wall_clock_jumps),
	    cmocka_unit_test(real_io_is_refused_and_named),
	    cmocka_unit_test(worlds_leave_nothing),
	};
	return cmocka_run_group_tests_name("sim.world", tests, NULL, NULL);
}
