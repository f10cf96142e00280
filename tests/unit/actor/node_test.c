/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes from outside: starting, stopping, calling, waiting, slots, inspection, reports. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include <troupe/testing.h>

#include "runtime/actor/hooks.h"
#include "tests/unit/actor/kit.h"

static void add_one(void *state, tr_value m)
{
	(void)state;
	tr_from from;
	tr_value request;
	if (tr_is_call(m, &from, &request))
		tr_reply(from, tr_int(tr_as_int(request, 0) + 1));
	else if (TR_IS_A(m, stop))
		tr_exit(TR_LIST(TR_A(shutdown), tr_int(3)));
	else if (TR_IS_A(m, crash))
		tr_exit(tr_string("broken"));
}
static const tr_behaviour adder = {.name = "adder", .handle = add_one};
static const tr_spawn_options named = {.name = "adder", .label = "adds one"};

static void outside(void **state)
{
	(void)state;
	tr_node_options o = kit_options(2);
	tr_err err = TR_EIO;
	tr_node *node = tr_node_start(&o, &err);
	assert_int_equal(err, TR_OK);
	tr_spawned s = tr_node_spawn_behaviour(node, &adder, tr_nil(), &named);
	assert_int_equal(s.err, TR_OK);
	assert_int_equal(tr_node_whereis(node, "adder").bits, s.pid.bits);
	for (int i = 0; i < 50; i++)
		assert_int_equal(tr_as_int(tr_node_call(node, s.pid, tr_int(i), TR_FOREVER), 0), i + 1);
	assert_int_equal(tr_value_err(tr_node_wait(node, s.pid, TR_MS)), TR_ETIMEOUT);
	assert_int_equal(tr_node_send(node, s.pid, TR_A(stop)), TR_OK);
	tr_value reason = tr_node_wait(node, s.pid, TR_FOREVER);
	assert_true(TR_IS_A(reason, noproc) || tr_as_int(tr_array_at(reason, 1), 0) == 3);
	tr_drop(reason);
	assert_int_equal(tr_value_err(tr_node_call(node, s.pid, tr_string("x"), TR_FOREVER)), TR_ENOPROC);
	assert_int_equal(tr_node_spawn(node, NULL, tr_nil(), &(tr_spawn_options){.link = true}).err, TR_EINVAL);
	tr_node_stop(&node);
	assert_null(node);
	tr_node_stop(&node);
}

static void *hammer(void *arg)
{
	tr_node *node = arg;
	tr_pid adder_pid = tr_node_whereis(node, "adder");
	for (int i = 0; i < 300; i++)
		if (tr_as_int(tr_node_call(node, adder_pid, tr_int(i), TR_FOREVER), 0) != i + 1)
			return NULL;
	return node;
}
static void many_threads_outside(void **state)
{
	(void)state;
	tr_node_options o = kit_options(2);
	tr_node *node = tr_node_start(&o, NULL);
	tr_node_spawn_behaviour(node, &adder, tr_nil(), &named);
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, hammer, node);
	for (int i = 0; i < 4; i++) {
		void *ok = NULL;
		pthread_join(threads[i], &ok);
		assert_ptr_equal(ok, node);
	}
	tr_node_stop(&node);
}

/* ---- stopping
 * -------------------------------------------------------------------------------------------------------- */

static _Atomic int owned, released;
static void count_release(void *p)
{
	(void)p;
	atomic_fetch_add(&released, 1);
}
static void spawns_on_and_on(tr_value arg)
{
	tr_own(NULL, count_release);
	atomic_fetch_add(&owned, 1);
	tr_trap_exit(true);
	if (tr_as_int(arg, 0) > 0) {
		tr_spawn(spawns_on_and_on, tr_int(tr_as_int(arg, 0) - 1));
		tr_spawn_link(spawns_on_and_on, tr_int(tr_as_int(arg, 0) - 1));
	}
	tr_send_at(tr_self(), tr_string("never"), tr_in(1000 * TR_SECOND));
	for (;;)
		tr_drop(tr_receive(TR_FOREVER));
}
static char order[4];
static int order_n;
static void slot_gone(void *p)
{
	order[order_n++] = *(const char *)p;
}
static int64_t actors(tr_node *node)
{
	tr_value stats = tr_node_stats(node);
	int64_t n = tr_as_int(tr_map_get_s(stats, "actors"), 0);
	tr_drop(stats);
	return n;
}
static void stop_ends_everything(void **state)
{
	(void)state;
	static char a = 'a', b = 'b', c = 'c';
	tr_node_options o = kit_options(2);
	for (int round = 0; round < 10; round++) {
		tr_node *node = tr_node_start(&o, NULL);
		atomic_store(&released, 0);
		atomic_store(&owned, 0);
		tr_node_spawn(node, spawns_on_and_on, tr_int(8), NULL);
		order_n = 0;
		tr_node_set(node, TR_SLOT_REACTOR, &a, slot_gone);
		tr_node_set(node, TR_SLOT_APP, &b, slot_gone);
		tr_node_set(node, TR_SLOT_LOGGER, &c, slot_gone);
		assert_ptr_equal(tr_node_get(node, TR_SLOT_APP), &b);
		assert_null(tr_node_get(node, TR_SLOT_HTTP));
		assert_int_equal(tr_node_set(node, TR_SLOT_COUNT, &a, NULL), TR_EINVAL);
		if (round % 2)
			while (actors(node) < 511 || atomic_load(&owned) < 511)
				continue;
		tr_node_stop(&node);
		assert_memory_equal(order, "cba", 3);
		if (round % 2)
			assert_int_equal(atomic_load(&released), 511);
	}
}

static void nothing(tr_value arg)
{
	(void)arg;
}

static void two_nodes(void **state)
{
	(void)state;
	tr_node_options o = kit_options(1);
	tr_node *one = tr_node_start(&o, NULL), *two = tr_node_start(&o, NULL);
	tr_pid p = tr_node_spawn_behaviour(one, &adder, tr_nil(), &named).pid;
	tr_pid q = tr_node_spawn_behaviour(two, &adder, tr_nil(), &named).pid;
	assert_int_equal(tr_as_int(tr_node_call(one, p, tr_int(1), TR_FOREVER), 0), 2);
	assert_int_equal(tr_as_int(tr_node_call(two, q, tr_int(2), TR_FOREVER), 0), 3);
	tr_node_stop(&one);
	assert_int_equal(tr_as_int(tr_node_call(two, q, tr_int(3), TR_FOREVER), 0), 4);
	tr_node_stop(&two);
}

/* ---- inspection
 * ------------------------------------------------------------------------------------------------------- */

static bool state_is(tr_pid pid, const char *name)
{
	tr_value i = tr_info(tr_here(), pid);
	bool is = tr_str_is(tr_as_str(tr_map_get_s(i, "state")), name);
	tr_drop(i);
	return is;
}

static void info_body(tr_value arg)
{
	(void)arg;
	tr_spawned s = tr_spawn_behaviour(
	    &adder, tr_nil(),
	    &(tr_spawn_options){
		.label = "adds", .name = "inspected", .link = true, .monitor = true, .priority = TR_PRIORITY_HIGH});
	tr_drop(tr_call(s.pid, tr_int(1), TR_FOREVER));
	EVENTUALLY(state_is(s.pid, "waiting"));
	tr_value i = tr_info(tr_here(), s.pid);
	EXPECT_SHOWS(tr_keep(tr_map_get_s(i, "label")), "\"adds\"");
	EXPECT_SHOWS(tr_keep(tr_map_get_s(i, "name")), "\"inspected\"");
	EXPECT_SHOWS(tr_keep(tr_map_get_s(i, "behaviour")), "\"adder\"");
	EXPECT_SHOWS(tr_keep(tr_map_get_s(i, "priority")), "\"high\"");
	EXPECT(tr_array_len(tr_map_get_s(i, "links")) == 1);
	EXPECT(tr_pid_eq(tr_as_pid(tr_array_at(tr_map_get_s(i, "links"), 0)), tr_self()));
	EXPECT(tr_array_len(tr_map_get_s(i, "monitored_by")) == 1);
	EXPECT(tr_array_len(tr_map_get_s(i, "monitors")) == 0);
	EXPECT(tr_as_int(tr_map_get_s(i, "mailbox_length"), -1) == 0);
	EXPECT(tr_as_int(tr_map_get_s(i, "messages_in"), -1) == 1);
	EXPECT(tr_as_int(tr_map_get_s(i, "memory"), 0) <= 450); /* with a name, relations and a link */
	EXPECT(tr_as_int(tr_map_get_s(i, "stack_in_use"), -1) == 0);
	EXPECT(tr_pid_eq(tr_as_pid(tr_map_get_s(i, "supervisor")), tr_self()));
	EXPECT(!tr_as_bool(tr_map_get_s(i, "trap_exit"), true));
	EXPECT(tr_as_int(tr_map_get_s(i, "started_us"), 0) > 0);
	tr_drop(i);
	tr_set_label("me");
	tr_set_note(tr_string("busy with tests"));
	i = tr_info(tr_here(), tr_self());
	EXPECT_SHOWS(tr_keep(tr_map_get_s(i, "note")), "\"busy with tests\"");
	EXPECT_SHOWS(tr_keep(tr_map_get_s(i, "label")), "\"me\"");
	EXPECT_SHOWS(tr_keep(tr_map_get_s(i, "state")), "\"running\"");
	EXPECT(tr_array_len(tr_map_get_s(i, "monitors")) == 1);
	tr_drop(i);
	tr_value all = tr_processes(tr_here());
	EXPECT(tr_array_len(all) == 3);
	EXPECT(tr_pid_eq(tr_as_pid(tr_array_at(all, 2)), s.pid)); /* oldest first */
	tr_drop(all);
	tr_pid dead = tr_spawn(nothing, tr_nil());
	EVENTUALLY(!tr_alive(dead));
	EVENTUALLY(tr_is_nil(tr_info(tr_here(), dead)));
}
static void inspection(void **state)
{
	(void)state;
	kit_run(info_body, 0);
}

static void statistics_body(tr_value arg)
{
	tr_value all = tr_scheduler_stats(tr_here());
	int64_t here = 0, spawned = 0;
	(void)arg;
	EXPECT(tr_array_len(all) >= 2);
	for (size_t i = 0; i < tr_array_len(all); i++) {
		tr_value one = tr_array_at(all, i);
		EXPECT(tr_as_bool(tr_map_get_s(one, "spare"), true) == (i >= 2));
		EXPECT(tr_as_int(tr_map_get_s(one, "busy_ns"), -1) >= 0);
		here += tr_pid_eq(tr_as_pid(tr_map_get_s(one, "running")), tr_self());
		spawned += tr_as_int(tr_map_get_s(one, "spawned"), -1000);
	}
	EXPECT(here == 1);
	EXPECT(spawned >= 0);
	tr_drop(all);
	cpu_set_t cpus; /* the schedulers are pinned */
	EXPECT(sched_getaffinity(0, sizeof cpus, &cpus) == 0);
	EXPECT(CPU_COUNT(&cpus) == 1);
}
static void scheduler_statistics(void **state)
{
	(void)state;
	tr_node_options o = kit_options(2);
	o.pin_schedulers = true;
	o.long_handler_ns = 1000 * TR_SECOND; /* no spare takes over: those are not pinned */
	tr_value reason = tr_run(&o, statistics_body, tr_nil());
	assert_true(TR_IS_A(reason, normal));
}

/* ---- reports
 * ---------------------------------------------------------------------------------------------------------- */

struct kept {
	pthread_mutex_t lock;
	tr_value last;
	int n;
};
static void keep_report(void *arg, tr_value report)
{
	struct kept *k = arg;
	if (!tr_str_is(tr_as_str(tr_map_get_s(report, "report")), "crash")) { /* a slow machine has long handlers */
		tr_drop(report);
		return;
	}
	pthread_mutex_lock(&k->lock);
	tr_assign(&k->last, report);
	k->n++;
	pthread_mutex_unlock(&k->lock);
}
static void crash_reports(void **state)
{
	(void)state;
	struct kept k = {.lock = PTHREAD_MUTEX_INITIALIZER, .last = tr_nil()};
	tr_node_options o = {.schedulers = 1, .report = keep_report, .report_arg = &k};
	tr_node *node = tr_node_start(&o, NULL);
	tr_pid p = tr_node_spawn_behaviour(node, &adder, tr_nil(), &named).pid;
	tr_node_send(node, p, TR_A(crash));
	tr_drop(tr_node_wait(node, p, TR_FOREVER));
	assert_int_equal(k.n, 1);
	assert_string_equal(tr_as_cstr(tr_map_get_s(k.last, "report"), ""), "crash");
	assert_string_equal(tr_as_cstr(tr_map_get_s(k.last, "reason"), ""), "broken");
	assert_string_equal(tr_as_cstr(tr_map_get_s(k.last, "name"), ""), "adder");
	assert_string_equal(tr_as_cstr(tr_map_get_s(k.last, "label"), ""), "adds one");
	assert_string_equal(tr_as_cstr(tr_map_get_s(k.last, "behaviour"), ""), "adder");
	assert_int_equal(tr_as_pid(tr_map_get_s(k.last, "pid")).bits, p.bits);
	assert_true(TR_IS_A(tr_array_at(tr_map_get_s(k.last, "last_messages"), 0), crash));
	assert_true(tr_array_len(tr_map_get_s(k.last, "backtrace")) > 2);
	p = tr_node_spawn_behaviour(node, &adder, tr_nil(), &named).pid;
	tr_node_send(node, p, TR_A(stop)); /* [shutdown, …] is no crash */
	tr_drop(tr_node_wait(node, p, TR_FOREVER));
	assert_int_equal(k.n, 1);
	tr_node_stop(&node);
	tr_drop(k.last);
}

static void logger(tr_value arg)
{
	EXPECT(tr_register("logger", tr_self()) == TR_OK);
	tr_send(tr_as_pid(arg), TR_A(ok));
	for (;;)
		tr_send(tr_as_pid(arg), tr_receive(TR_FOREVER));
}
static void crashes(tr_value arg)
{
	(void)arg;
	tr_exit(tr_string("reported"));
}
static void logger_body(tr_value arg)
{
	(void)arg;
	tr_spawn(logger, tr_pid_value(tr_self()));
	EXPECT(TR_IS_A(tr_receive(TR_FOREVER), ok));
	tr_spawn(crashes, tr_nil());
	/* on a busy machine the watch may have told of a long handler before */
	for (bool crash = false; !crash;) {
		tr_value m = tr_receive(tr_in(60 * TR_SECOND));
		EXPECT(kit_atom_is(m, 0, "report"));
		crash = strcmp(tr_as_cstr(tr_map_get_s(tr_array_at(m, 1), "report"), ""), "crash") == 0;
		if (crash)
			EXPECT_SHOWS(tr_keep(tr_map_get_s(tr_array_at(m, 1), "reason")), "\"reported\"");
		tr_drop(m);
	}
}
static void reports_go_to_the_logger(void **state)
{
	(void)state;
	tr_node_options o = {.schedulers = 2};
	tr_value reason = tr_run(&o, logger_body, tr_nil());
	assert_true(TR_IS_A(reason, normal));
}

/* ---- failing allocations
 * ----------------------------------------------------------------------------------------------- */

static void survives(tr_value arg)
{
	int64_t n = tr_as_int(arg, 0);
	tr_test_fail_alloc(n);
	tr_spawned s = tr_spawn_behaviour(&adder, tr_nil(), &(tr_spawn_options){.name = "fragile", .monitor = true});
	tr_value v = tr_call(s.pid, TR_LIST(tr_string("a request that is long enough to be boxed")), tr_in(TR_SECOND));
	tr_drop(v);
	tr_link(s.pid);
	tr_unlink(s.pid);
	(void)tr_group_join("fragile", tr_self());
	tr_send_at(tr_self(), tr_string("some text or other, at once"), tr_in(0));
	tr_own_alloc(100);
	tr_set_note(tr_string("note"));
	tr_exit_signal(s.pid, TR_A(kill));
	tr_test_fail_alloc(-1);
	tr_exit(tr_test_alloc_failed() ? TR_A(enomem) : TR_A(ok));
}
static void every_allocation_in_turn(void **state)
{
	(void)state;
	for (int64_t n = 0; n < 200; n++) {
		tr_node_options o = kit_options(1);
		o.long_handler_ns = 3600 * TR_SECOND; /* no other thread: it is an allocation of this one that fails */
		tr_value reason = tr_run(&o, survives, tr_int(n));
		assert_true(tr_is_valid(reason));
		bool over = TR_IS_A(reason, ok);
		tr_drop(reason);
		if (over)
			return;
	}
	fail();
}
static void node_start_fails(void **state)
{
	(void)state;
	for (int64_t n = 0; n < 200; n++) {
		tr_node_options o = kit_options(2);
		tr_err err = TR_OK;
		tr_test_fail_alloc(n);
		tr_node *node = tr_node_start(&o, &err);
		tr_test_fail_alloc(-1);
		if (node != NULL) {
			assert_true(n > 3);
			tr_node_stop(&node);
			if (!tr_test_alloc_failed())
				return;
		} else {
			assert_int_equal(err, TR_ENOMEM);
		}
	}
	fail();
}

/* ---- hooks
 * ------------------------------------------------------------------------------------------------------------- */

static _Atomic int sends, receives, spawns, exits;
static void on_send(void *arg, tr_node *n, tr_pid from, tr_pid to, tr_value m)
{
	(void)arg, (void)n, (void)from, (void)to, (void)m;
	atomic_fetch_add(&sends, 1);
}
static void on_receive(void *arg, tr_node *n, tr_pid self, tr_value m)
{
	(void)arg, (void)n, (void)self, (void)m;
	atomic_fetch_add(&receives, 1);
}
static void on_spawn(void *arg, tr_node *n, tr_pid parent, tr_pid child, const char *label)
{
	(void)arg, (void)n, (void)parent, (void)child, (void)label;
	atomic_fetch_add(&spawns, 1);
}
static void on_exit_(void *arg, tr_node *n, tr_pid pid, tr_value reason)
{
	(void)arg, (void)n, (void)pid, (void)reason;
	atomic_fetch_add(&exits, 1);
}
static bool on_system(void *arg, const tr_behaviour *b, void *state, tr_value m)
{
	(void)arg, (void)b, (void)state;
	tr_from from;
	tr_value request;
	if (!tr_is_call(m, &from, &request))
		return false;
	if (TR_IS_A(tr_array_at(request, 1), suspend))
		kernel_suspend_self();
	else
		kernel_resume_self();
	tr_reply(from, TR_A(ok));
	return true;
}
static void hooks_body(tr_value arg)
{
	(void)arg;
	tr_pid p = tr_spawn_behaviour(&adder, tr_nil(), NULL).pid;
	EXPECT(tr_as_int(tr_call(p, tr_int(1), TR_FOREVER), 0) == 2);
	EXPECT(TR_IS_A(tr_call(p, TR_LIST(TR_A(system), TR_A(suspend)), TR_FOREVER), ok));
	EXPECT(tr_value_err(tr_call(p, tr_int(5), tr_in(3 * TR_MS))) == TR_ETIMEOUT);
	EXPECT(TR_IS_A(tr_call(p, TR_LIST(TR_A(system), TR_A(resume)), TR_FOREVER), ok));
	EXPECT(tr_as_int(tr_call(p, tr_int(1), TR_FOREVER), 0) == 2);
	tr_exit_signal(p, TR_A(kill));
	EVENTUALLY(!tr_alive(p));
}
static void hooks(void **state)
{
	(void)state;
	static const struct kernel_hooks table = {.on_send = on_send,
						  .on_receive = on_receive,
						  .on_spawn = on_spawn,
						  .on_exit = on_exit_,
						  .system = on_system};
	tr_node_options o = kit_options(2);
	tr_node *node = tr_node_start(&o, NULL);
	kernel_set_hooks(node, &table);
	tr_pid p = tr_node_spawn(node, hooks_body, tr_nil(), NULL).pid;
	tr_value reason = tr_node_wait(node, p, TR_FOREVER);
	assert_true(TR_IS_A(reason, normal) || TR_IS_A(reason, noproc));
	tr_node_stop(&node);
	assert_true(atomic_load(&sends) >= 5 && atomic_load(&receives) >= 5);
	assert_int_equal(atomic_load(&spawns), atomic_load(&exits));
}

/* ---- one that does not come back ---- */

static _Atomic bool spinning, spun_enough;
static void spin_body(tr_value arg)
{
	(void)arg;
	tr_set_note(tr_string("spinner"));
	atomic_store(&spinning, true);
	while (!atomic_load(&spun_enough))
		continue;
}
static void sleep_body(tr_value arg)
{
	(void)arg;
	(void)tr_receive(TR_FOREVER);
}
static bool is_there(tr_node *node, tr_pid pid)
{
	tr_value info = tr_info(node, pid);
	bool there = tr_is(info, TR_MAP);
	tr_drop(info);
	return there;
}
static void stop_leaves_one_behind(void **state)
{
	(void)state;
	tr_node_options o = kit_options(2);
	tr_node *node = tr_node_start(&o, NULL);
	tr_pid sleeper = tr_node_spawn(node, sleep_body, tr_nil(), NULL).pid;
	tr_pid spinner = tr_node_spawn(node, spin_body, tr_nil(), NULL).pid;
	while (!atomic_load(&spinning))
		(void)sched_yield();
	do /* on a slow machine another turn may be needed */
		assert_false(tr_node_stop_within(&node, 20 * TR_MS));
	while (is_there(node, sleeper));
	assert_non_null(node);
	tr_value info = tr_info(node, spinner);
	assert_string_equal(tr_as_cstr(tr_map_get_s(info, "note"), ""), "spinner");
	tr_drop(info);
	atomic_store(&spun_enough, true);
	assert_true(tr_node_stop_within(&node, TR_FOREVER));
	assert_null(node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(outside),
	    cmocka_unit_test(many_threads_outside),
	    cmocka_unit_test(stop_ends_everything),
	    cmocka_unit_test(stop_leaves_one_behind),
	    cmocka_unit_test(two_nodes),
	    cmocka_unit_test(inspection),
	    cmocka_unit_test(scheduler_statistics),
	    cmocka_unit_test(crash_reports),
	    cmocka_unit_test(reports_go_to_the_logger),
	    cmocka_unit_test(every_allocation_in_turn),
	    cmocka_unit_test(node_start_fails),
	    cmocka_unit_test(hooks),
	};
	return cmocka_run_group_tests_name("kernel.node", tests, NULL, NULL);
}
