/* SPDX-License-Identifier: Apache-2.0 */
/* Spawning, pids, behaviours, exits and what is given back. */
#include <stdatomic.h>
#include <string.h>

#include "runtime/actor/hooks.h"
#include "tests/unit/actor/kit.h"

static void nothing(tr_value arg)
{
	(void)arg;
}

static void echo_once(tr_value arg)
{
	tr_send(tr_as_pid(arg), tr_receive(TR_FOREVER));
}

static void spawn_body(tr_value arg)
{
	(void)arg;
	tr_pid p = tr_spawn(echo_once, tr_pid_value(tr_self()));
	EXPECT(p.bits != 0 && !tr_pid_eq(p, tr_self()));
	EXPECT(tr_alive(p));
	tr_send(p, tr_string("hello"));
	EXPECT_SHOWS(tr_receive(TR_FOREVER), "\"hello\"");
	EVENTUALLY(!tr_alive(p));
	/* A stale pid finds nobody, also when its slot is used again. */
	for (int i = 0; i < 1000; i++) {
		tr_spawned s = tr_spawn_opt(nothing, tr_nil(), &(tr_spawn_options){.monitor = true});
		EXPECT(!tr_pid_eq(s.pid, p));
		tr_drop(tr_receive_ref(s.monitor, TR_FOREVER));
		EXPECT(!tr_alive(p));
	}
	EXPECT(tr_send(p, tr_int(1)) == TR_OK);
}
static void spawn_send_receive(void **state)
{
	(void)state;
	kit_run(spawn_body, 0);
	kit_run(spawn_body, 1);
}

/* Ends when it is told to, so that its name is taken until then. */
static void holder(tr_value arg)
{
	(void)arg;
	tr_drop(tr_receive(TR_FOREVER));
}

static void options_body(tr_value arg)
{
	(void)arg;
	tr_spawned s = tr_spawn_opt(holder, tr_nil(), &(tr_spawn_options){.name = "taken"});
	EXPECT(s.err == TR_OK);
	EXPECT(tr_pid_eq(tr_whereis("taken"), s.pid));
	tr_spawned t = tr_spawn_opt(nothing, tr_string("dropped"), &(tr_spawn_options){.name = "taken"});
	EXPECT(t.err == TR_EEXIST && t.pid.bits == 0);
	EXPECT(tr_send(s.pid, tr_nil()) == TR_OK);
	EVENTUALLY(tr_whereis("taken").bits == 0);
	t = tr_spawn_opt(nothing, tr_nil(), &(tr_spawn_options){.priority = (tr_priority)9});
	EXPECT(t.err == TR_EINVAL);
	t = tr_spawn_opt(nothing, tr_nil(), &(tr_spawn_options){.stack_size = UINT32_MAX});
	EXPECT(t.err == TR_ELIMIT);
	t = tr_spawn_opt(nothing, tr_invalid(TR_ETYPE), NULL);
	EXPECT(t.err == TR_ETYPE);
}
static void spawn_options(void **state)
{
	(void)state;
	kit_run(options_body, 0);
}

/* ---- behaviours -------------------------------------------------------------------------------------------------- */

struct counter {
	int64_t n;
	tr_pid owner;
	int idles;
};
static _Atomic int terminated;

static tr_err counter_init(void *state, tr_value arg)
{
	struct counter *c = state;
	if (tr_is_nil(arg))
		return TR_EINVAL;
	EXPECT(c->n == 0);
	c->owner = tr_as_pid(arg);
	return TR_OK;
}
static void counter_handle(void *state, tr_value m)
{
	struct counter *c = state;
	tr_from from;
	tr_value request;
	if (tr_is_call(m, &from, &request))
		tr_reply(from, tr_int(c->n));
	else if (kit_atom_is(m, 0, "idle"))
		tr_idle_until(tr_in(TR_MS));
	else if (kit_atom_is(m, 0, "block"))
		tr_drop(tr_receive_match(NULL, NULL, 0));
	else if (TR_IS_A(m, stop))
		tr_exit(TR_A(shutdown));
	else
		c->n += tr_as_int(m, 0);
}
static void counter_idle(void *state)
{
	struct counter *c = state;
	c->idles++;
	tr_send(c->owner, tr_string("idle"));
}
static void counter_terminate(void *state, tr_value reason)
{
	struct counter *c = state;
	atomic_fetch_add(&terminated, 1);
	tr_send(c->owner, TR_LIST(tr_string("terminate"), tr_int(c->n), tr_keep(reason)));
}
static const tr_behaviour counter = {.name = "counter",
				     .state_size = sizeof(struct counter),
				     .init = counter_init,
				     .handle = counter_handle,
				     .idle = counter_idle,
				     .terminate = counter_terminate};

static void behaviour_body(tr_value arg)
{
	(void)arg;
	tr_spawn_options mon = {.monitor = true};
	tr_spawned s = tr_spawn_behaviour(&counter, tr_pid_value(tr_self()), &mon);
	for (int i = 1; i <= 1000; i++)
		tr_send(s.pid, tr_int(i));
	EXPECT(tr_as_int(tr_call(s.pid, tr_nil(), TR_FOREVER), 0) == 500500);
	tr_send(s.pid, TR_LIST(tr_atom("idle")));
	EXPECT_SHOWS(tr_receive(tr_in(60 * TR_SECOND)), "\"idle\"");
	EXPECT(!tr_is_valid(tr_receive(tr_in(3 * TR_MS)))); /* once only */
	tr_send(s.pid, TR_A(stop));
	EXPECT_SHOWS(tr_receive(TR_FOREVER), "{\"terminate\", 500500, shutdown}");
	tr_value down = tr_receive_ref(s.monitor, TR_FOREVER);
	EXPECT(TR_IS_A(tr_array_at(down, 4), shutdown));
	tr_drop(down);
	/* init that refuses: no terminate, and the reason tells. */
	s = tr_spawn_behaviour(&counter, tr_nil(), &mon);
	down = tr_receive_ref(s.monitor, TR_FOREVER);
	EXPECT_SHOWS(tr_keep(tr_array_at(down, 4)), "{error, EINVAL}");
	tr_drop(down);
	/* kill: no terminate. */
	int before = atomic_load(&terminated);
	s = tr_spawn_behaviour(&counter, tr_pid_value(tr_self()), &mon);
	tr_drop(tr_call(s.pid, tr_nil(), TR_FOREVER));
	tr_exit_signal(s.pid, TR_A(kill));
	down = tr_receive_ref(s.monitor, TR_FOREVER);
	EXPECT(TR_IS_A(tr_array_at(down, 4), killed));
	tr_drop(down);
	EXPECT(atomic_load(&terminated) == before);
	/* An exit signal while it does not trap: terminate with the reason. */
	s = tr_spawn_behaviour(&counter, tr_pid_value(tr_self()), NULL);
	tr_drop(tr_call(s.pid, tr_nil(), TR_FOREVER));
	tr_exit_signal(s.pid, tr_string("go"));
	EXPECT_SHOWS(tr_receive(TR_FOREVER), "{\"terminate\", 0, \"go\"}");
}
static void behaviours(void **state)
{
	(void)state;
	kit_run(behaviour_body, 0);
	kit_run(behaviour_body, 1);
}

/* ---- terminate that misbehaves -------------------------------------------------------------------------------------
 */

static void term_exit(void *state, tr_value reason)
{
	(void)state, (void)reason;
	tr_exit(tr_string("other"));
}
static _Atomic bool in_terminate;
static void term_sleep(void *state, tr_value reason)
{
	(void)state, (void)reason;
	atomic_store(&in_terminate, true);
	tr_sleep_until(TR_FOREVER);
}
static void stop_handle(void *state, tr_value m)
{
	(void)state;
	tr_exit(tr_keep(m));
}
static const tr_behaviour exits_again = {.name = "exits_again", .handle = stop_handle, .terminate = term_exit};
static const tr_behaviour sleeps = {.name = "sleeps", .handle = stop_handle, .terminate = term_sleep};

static void terminate_body(tr_value arg)
{
	(void)arg;
	tr_spawn_options mon = {.monitor = true};
	tr_spawned s = tr_spawn_behaviour(&exits_again, tr_nil(), &mon);
	tr_send(s.pid, tr_string("first"));
	tr_value down = tr_receive_ref(s.monitor, TR_FOREVER);
	EXPECT_SHOWS(tr_keep(tr_array_at(down, 4)), "\"first\"");
	tr_drop(down);
	atomic_store(&in_terminate, false);
	s = tr_spawn_behaviour(&sleeps, tr_nil(), &mon);
	tr_send(s.pid, tr_string("first"));
	EVENTUALLY(atomic_load(&in_terminate));
	EXPECT(!tr_is_valid(tr_receive_ref(s.monitor, tr_in(5 * TR_MS))));
	tr_exit_signal(s.pid, tr_string("ignored: it ends already"));
	EXPECT(!tr_is_valid(tr_receive_ref(s.monitor, tr_in(5 * TR_MS))));
	tr_exit_signal(s.pid, TR_A(kill));
	down = tr_receive_ref(s.monitor, TR_FOREVER);
	EXPECT_SHOWS(tr_keep(tr_array_at(down, 4)), "\"first\"");
	tr_drop(down);
}
static void terminate_blocks_or_exits(void **state)
{
	(void)state;
	kit_run(terminate_body, 0);
}

/* ---- exits and owning
 * ------------------------------------------------------------------------------------------------ */

static char order[16];
static _Atomic int order_n;
static void note_order(void *p)
{
	order[atomic_fetch_add(&order_n, 1)] = *(const char *)p;
}
static _Atomic bool owner_waits;
static void owner(tr_value arg)
{
	static char a = 'a', b = 'b', c = 'c', d = 'd';
	tr_own(&a, note_order);
	tr_own(&b, note_order);
	tr_own(&d, note_order);
	tr_own(&c, note_order);
	EXPECT(tr_disown(&d));
	EXPECT(!tr_disown(&d));
	char *mine = tr_own_alloc(100);
	EXPECT(mine != NULL && mine[99] == 0);
	tr_value text = tr_own_value(tr_string("held over a blocking call"));
	EXPECT(tr_is(text, TR_STRING));
	if (tr_as_int(arg, 0) == 1)
		tr_exit(tr_string("on purpose"));
	if (tr_as_int(arg, 0) == 2) {
		atomic_store(&owner_waits, true);
		tr_sleep_until(TR_FOREVER);
	}
}
static void own_body(tr_value arg)
{
	(void)arg;
	for (int how = 0; how < 3; how++) {
		atomic_store(&order_n, 0);
		atomic_store(&owner_waits, false);
		tr_spawned s = tr_spawn_opt(owner, tr_int(how), &(tr_spawn_options){.monitor = true});
		if (how == 2) {
			EVENTUALLY(atomic_load(&owner_waits));
			tr_exit_signal(s.pid, TR_A(kill));
		}
		tr_drop(tr_receive_ref(s.monitor, TR_FOREVER));
		EXPECT(atomic_load(&order_n) == 3);
		EXPECT(memcmp(order, "cba", 3) == 0);
	}
}
static void owned_things_are_given_back(void **state)
{
	(void)state;
	kit_run(own_body, 0);
}

static int deep(int n)
{
	char block[200];
	memset(block, n, sizeof block);
	if (n == 0) {
		if (tr_alive(tr_self()))
			tr_exitf("%s %d", "at the bottom", 7);
		return 0;
	}
	return deep(n - 1) + block[5];
}
static void exits_deep(tr_value arg)
{
	(void)arg, (void)deep(50);
}
static void exit_from_anywhere(void **state)
{
	(void)state;
	kit_run_reason(exits_deep, "{crash, \"at the bottom 7\"}");
}

/* ---- many -----------------------------------------------------------------------------------------------------------
 */

static void leaf(tr_value arg)
{
	tr_send(tr_as_pid(arg), tr_int(1));
}
static void many_body(tr_value arg)
{
	(void)arg;
	int64_t sum = 0;
	for (int i = 0; i < 20000; i++)
		EXPECT(tr_spawn(leaf, tr_pid_value(tr_self())).bits != 0);
	for (int i = 0; i < 20000; i++)
		sum += tr_as_int(tr_receive(TR_FOREVER), 0);
	EXPECT(sum == 20000);
}
static void many(void **state)
{
	(void)state;
	kit_run(many_body, 0);
}

static void full_body(tr_value arg)
{
	(void)arg;
	size_t n = 0;
	tr_spawned s;
	while ((s = tr_spawn_behaviour(&counter, tr_pid_value(tr_self()), NULL)).err == TR_OK)
		n++;
	EXPECT(s.err == TR_ENOMEM && n >= 5000);
}
static void actor_limit(void **state)
{
	(void)state;
	tr_node_options o = kit_options(1);
	o.max_actors = 5000;
	tr_value reason = tr_run(&o, full_body, tr_nil());
	assert_true(TR_IS_A(reason, normal));
}

/* Kernel floors for the rooms above: interrupts, suspending. */
static void interrupt_fn(void *arg, bool alive)
{
	_Atomic int *seen = arg;
	atomic_store(seen, alive ? 1 : 2);
}
static void interrupt_body(tr_value arg)
{
	static _Atomic int seen;
	(void)arg;
	EXPECT(kernel_interrupt(tr_here(), tr_self(), interrupt_fn, &seen) == TR_OK);
	EXPECT(atomic_load(&seen) == 0);
	tr_drop(tr_receive(0));
	EXPECT(atomic_load(&seen) == 1);
	tr_pid dead = tr_spawn(nothing, tr_nil());
	EVENTUALLY(!tr_alive(dead));
	EXPECT(kernel_interrupt(tr_here(), dead, interrupt_fn, &seen) == TR_OK);
	EVENTUALLY(atomic_load(&seen) == 2);
}
static void interrupts(void **state)
{
	(void)state;
	kit_run(interrupt_body, 0);
}

static void not_an_actor(void **state)
{
	(void)state;
	assert_int_equal(tr_self().bits, 0);
	assert_null(tr_here());
	assert_int_equal(tr_send((tr_pid){1}, tr_string("x")), TR_ENOTACTOR);
	assert_int_equal(tr_value_err(tr_receive(0)), TR_ENOTACTOR);
	assert_int_equal(tr_spawn(nothing, tr_string("x")).bits, 0);
	assert_int_equal(tr_spawn_opt(nothing, tr_nil(), NULL).err, TR_ENOTACTOR);
	assert_int_equal(tr_link((tr_pid){1}), TR_ENOTACTOR);
	assert_int_equal(tr_value_err(tr_call((tr_pid){1}, tr_nil(), 0)), TR_ENOTACTOR);
	assert_true(tr_now() > 0);
	assert_true(tr_in(TR_FOREVER) == TR_FOREVER);
	tr_yield();
	tr_reduce(5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(spawn_send_receive),
	    cmocka_unit_test(spawn_options),
	    cmocka_unit_test(behaviours),
	    cmocka_unit_test(terminate_blocks_or_exits),
	    cmocka_unit_test(owned_things_are_given_back),
	    cmocka_unit_test(exit_from_anywhere),
	    cmocka_unit_test(many),
	    cmocka_unit_test(actor_limit),
	    cmocka_unit_test(interrupts),
	    cmocka_unit_test(not_an_actor),
	};
	return cmocka_run_group_tests_name("kernel.spawn", tests, NULL, NULL);
}
