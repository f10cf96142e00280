/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving, selecting, calling, bounded mailboxes. */
#include <stdatomic.h>

#include "runtime/actor/hooks.h"
#include "runtime/actor/ref.h"
#include "runtime/sched/sched.h"
#include "tests/unit/actor/kit.h"

static bool is_even(void *arg, tr_value m)
{
	(void)arg;
	return tr_is(m, TR_INT) && tr_as_int(m, 1) % 2 == 0;
}

static void select_body(tr_value arg)
{
	(void)arg;
	for (int i = 1; i <= 6; i++)
		tr_send(tr_self(), tr_int(i));
	EXPECT(tr_as_int(tr_receive_match(is_even, NULL, 0), 0) == 2);
	EXPECT(tr_as_int(tr_receive(0), 0) == 1);
	EXPECT(tr_as_int(tr_receive_match(is_even, NULL, 0), 0) == 4);
	EXPECT(tr_as_int(tr_receive_match(is_even, NULL, 0), 0) == 6);
	EXPECT(tr_value_err(tr_receive_match(is_even, NULL, tr_in(TR_MS))) == TR_ETIMEOUT);
	EXPECT(tr_as_int(tr_receive(0), 0) == 3);
	EXPECT(tr_as_int(tr_receive(0), 0) == 5);
	EXPECT(tr_value_err(tr_receive(0)) == TR_ETIMEOUT);
	EXPECT(tr_send(tr_self(), tr_invalid(TR_ETYPE)) == TR_ETYPE);
	EXPECT(tr_value_err(tr_receive(0)) == TR_ETIMEOUT);
}
static void selective_receive(void **state)
{
	(void)state;
	kit_run(select_body, 0);
}

static void late_sender(tr_value arg)
{
	tr_pid to = tr_as_pid(arg);
	for (int i = 0; i < 50; i++) {
		tr_send(to, tr_int(2 * i + 1));
		tr_yield();
	}
	tr_send(to, tr_int(1000));
}
static void select_wait_body(tr_value arg)
{
	(void)arg;
	tr_spawn(late_sender, tr_pid_value(tr_self()));
	EXPECT(tr_as_int(tr_receive_match(is_even, NULL, tr_in(60 * TR_SECOND)), 0) == 1000);
	for (int i = 0; i < 50; i++)
		EXPECT(tr_as_int(tr_receive(0), 0) == 2 * i + 1);
}
static void selective_receive_waits(void **state)
{
	(void)state;
	kit_run(select_wait_body, 0);
	kit_run(select_wait_body, 1);
}

static void ref_body(tr_value arg)
{
	(void)arg;
	tr_ref old = tr_make_ref();
	tr_send(tr_self(), TR_LIST(tr_string("a"), tr_ref_value(old)));
	for (int i = 0; i < 10; i++)
		tr_send(tr_self(), tr_int(i));
	EXPECT(tr_as_int(tr_receive_match(is_even, NULL, 0), -1) == 0);
	tr_ref ref = tr_make_ref();
	tr_send(tr_self(), TR_LIST(TR_A(reply), tr_ref_value(ref), tr_int(1)));
	tr_send(tr_self(), TR_LIST(TR_A(reply), tr_ref_value(ref), tr_int(2)));
	tr_value m = tr_receive_ref(ref, 0);
	EXPECT(tr_as_int(tr_array_at(m, 2), 0) == 1);
	tr_drop(m);
	m = tr_receive_ref(old, 0); /* older than the last ref: all is scanned */
	EXPECT_SHOWS(tr_keep(tr_array_at(m, 0)), "\"a\"");
	tr_drop(m);
	/* Taking messages before and at the mark keeps it right. */
	while (tr_is_valid(m = tr_receive_match(is_even, NULL, 0)))
		tr_drop(m);
	m = tr_receive_ref(ref, 0);
	EXPECT(tr_as_int(tr_array_at(m, 2), 0) == 2);
	tr_drop(m);
	EXPECT(!tr_is_valid(tr_receive_ref(ref, 0)));
}
/* Schedulers count their refs alike, so an actor that moves between them gets refs that differ in nothing else. The
 * mark of the newest must not hide what has arrived for the other one. */
static void alike_refs_body(tr_value arg)
{
	(void)arg;
	struct sched *s = sched_self();
	uint64_t before = s->refs;
	tr_ref here = tr_make_ref();
	tr_ref elsewhere = {ref_bits(s->id + 2, before + 1, 0)};
	EXPECT(here.bits != elsewhere.bits);
	tr_send(tr_self(), TR_LIST(TR_A(down), tr_ref_value(elsewhere)));
	EXPECT(tr_is_valid(tr_receive_match(is_even, NULL, 0)) == false); /* it is in the queue by now */
	s = sched_self();
	s->refs = before;
	EXPECT(tr_make_ref().bits == ref_bits(s->id + 1, before + 1, 0));
	tr_value m = tr_receive_ref(elsewhere, 0);
	EXPECT(TR_IS_A(tr_array_at(m, 0), down));
	tr_drop(m);
}
static void refs_that_look_alike(void **state)
{
	(void)state;
	kit_run(alike_refs_body, 1);
}

static void receive_by_ref(void **state)
{
	(void)state;
	kit_run(ref_body, 0);
}

/* ---- calls ----------------------------------------------------------------------------------------------------------
 */

static void server(tr_value arg)
{
	(void)arg;
	tr_from late = {{0}, {0}};
	for (;;) {
		tr_value m = tr_receive(TR_FOREVER), request;
		tr_from from;
		if (tr_is_call(m, &from, &request)) {
			if (TR_IS_A(request, stop)) {
				tr_drop(m);
				tr_exit(tr_string("told to"));
			} else if (TR_IS_A(request, noreply))
				late = from;
			else
				tr_reply(from, tr_int(tr_as_int(request, 0) + 1));
		} else if (TR_IS_A(m, reply)) {
			tr_reply(late, tr_string("late"));
		}
		tr_drop(m);
	}
}

static int64_t count_monitored_by(tr_pid pid)
{
	tr_value info = tr_info(tr_here(), pid);
	int64_t n = (int64_t)tr_array_len(tr_map_get_s(info, "monitored_by"));
	tr_drop(info);
	return n;
}

static void call_body(tr_value arg)
{
	(void)arg;
	tr_pid s = tr_spawn(server, tr_nil());
	for (int i = 0; i < 1000; i++)
		EXPECT(tr_as_int(tr_call(s, tr_int(i), TR_FOREVER), -1) == i + 1);
	EXPECT(count_monitored_by(s) == 0); /* each call's monitor went with its reply */
	EXPECT(tr_value_err(tr_call(s, TR_A(noreply), tr_in(2 * TR_MS))) == TR_ETIMEOUT);
	tr_send(s, TR_A(reply));
	EXPECT(tr_as_int(tr_call(s, tr_int(7), TR_FOREVER), 0) == 8);
	EXPECT(!tr_is_valid(tr_receive(0))); /* the late reply never arrives */
	EVENTUALLY(count_monitored_by(s) == 0);
	EXPECT(tr_value_err(tr_call(s, TR_A(stop), TR_FOREVER)) == TR_EDOWN);
	EXPECT_SHOWS(tr_keep(tr_call_reason()), "\"told to\"");
	EXPECT(tr_value_err(tr_call(s, tr_int(1), TR_FOREVER)) == TR_ENOPROC);
	EXPECT(TR_IS_A(tr_call_reason(), noproc));
	EXPECT(tr_value_err(tr_call_name("nobody", tr_string("x"), TR_FOREVER)) == TR_ENOPROC);
	EXPECT(tr_value_err(tr_call(s, tr_invalid(TR_ETYPE), TR_FOREVER)) == TR_ETYPE);
	EXPECT(!tr_is_valid(tr_receive(0)));
}
static void calls(void **state)
{
	(void)state;
	kit_run(call_body, 0);
	kit_run(call_body, 1);
}

/* Answered later, by another actor. */
static void answers_for_it(tr_value arg)
{
	tr_reply((tr_from){tr_as_pid(tr_array_at(arg, 0)), tr_as_ref(tr_array_at(arg, 1))}, tr_string("from a helper"));
}
static void delegator(tr_value arg)
{
	(void)arg;
	tr_value m = tr_receive(TR_FOREVER), request;
	tr_from from;
	EXPECT(tr_is_call(m, &from, &request));
	tr_spawn(answers_for_it, TR_LIST(tr_pid_value(from.pid), tr_ref_value(from.ref)));
	tr_drop(m);
	tr_drop(tr_receive(TR_FOREVER));
}
static void delegate_body(tr_value arg)
{
	(void)arg;
	tr_pid s = tr_spawn(delegator, tr_nil());
	EXPECT_SHOWS(tr_call(s, tr_nil(), TR_FOREVER), "\"from a helper\"");
	EVENTUALLY(count_monitored_by(s) == 0);
	/* Many calls at once, as a multi-call makes them. */
	tr_pid w = tr_spawn(server, tr_nil());
	tr_ref refs[20];
	for (int i = 0; i < 20; i++)
		refs[i] = kernel_call_begin(w, tr_int(i));
	for (int i = 19; i >= 0; i--) {
		tr_value m = tr_receive_ref(refs[i], TR_FOREVER);
		EXPECT(TR_IS_A(tr_array_at(m, 0), reply) && tr_as_int(tr_array_at(m, 2), 0) == i + 1);
		tr_drop(m);
		kernel_call_end(refs[i]);
	}
	tr_ref gone = kernel_call_begin(w, TR_A(noreply));
	kernel_call_end(gone);
	tr_send(w, TR_A(reply));
	tr_drop(tr_call(w, tr_int(1), TR_FOREVER));
	EXPECT(!tr_is_valid(tr_receive(0)));
}
static void delegated_calls(void **state)
{
	(void)state;
	kit_run(delegate_body, 0);
}

static void client(tr_value arg)
{
	tr_pid s = tr_as_pid(tr_array_at(arg, 0));
	for (int i = 0; i < 500; i++)
		EXPECT(tr_as_int(tr_call(s, tr_int(i), TR_FOREVER), 0) == i + 1);
	tr_send(tr_as_pid(tr_array_at(arg, 1)), TR_A(done));
}
static void clients_body(tr_value arg)
{
	(void)arg;
	tr_pid s = tr_spawn(server, tr_nil());
	for (int i = 0; i < 64; i++)
		tr_spawn_link(client, TR_LIST(tr_pid_value(s), tr_pid_value(tr_self())));
	for (int i = 0; i < 64; i++)
		tr_drop(tr_receive(TR_FOREVER));
}
static void many_clients(void **state)
{
	(void)state;
	kit_run(clients_body, 0);
	kit_run(clients_body, 4);
}

/* ---- bounded mailboxes
 * ------------------------------------------------------------------------------------------------ */

static bool is_call(void *arg, tr_value m)
{
	(void)arg;
	tr_from from;
	tr_value request;
	return tr_is_call(m, &from, &request);
}

/* Waits for a call, then forwards all other messages to its spawner and ends. */
static void collector(tr_value arg)
{
	tr_from from;
	tr_value request, m = tr_receive_match(is_call, NULL, TR_FOREVER);
	EXPECT(tr_is_call(m, &from, &request));
	tr_value all = tr_array(), next;
	while (tr_is_valid(next = tr_receive(0)))
		all = tr_array_push(all, next);
	tr_reply(from, all);
	tr_drop(m);
	(void)arg;
}

static void reject_body(tr_value arg)
{
	(void)arg;
	tr_spawn_options o = {.mailbox_policy = TR_MAILBOX_REJECT, .mailbox_limit = 3};
	tr_pid p = tr_spawn_opt(collector, tr_nil(), &o).pid;
	EXPECT(tr_send(p, tr_int(1)) == TR_OK);
	EXPECT(tr_send(p, tr_int(2)) == TR_OK);
	EXPECT(tr_send(p, tr_int(3)) == TR_OK);
	EXPECT(tr_send(p, tr_string("no room")) == TR_EFULL);
	EXPECT_SHOWS(tr_call(p, tr_nil(), TR_FOREVER), "{1, 2, 3}"); /* calls are signals: not counted */
}
static void drop_body(tr_value arg)
{
	(void)arg;
	tr_spawn_options o = {.mailbox_policy = TR_MAILBOX_DROP_OLDEST, .mailbox_limit = 3};
	tr_pid p = tr_spawn_opt(collector, tr_nil(), &o).pid;
	for (int i = 1; i <= 500; i++)
		EXPECT(tr_send(p, tr_int(i)) == TR_OK);
	EXPECT_SHOWS(tr_call(p, tr_nil(), TR_FOREVER), "{498, 499, 500}");
}
static _Atomic int passed;
static void pusher(tr_value arg)
{
	for (int i = 0; i < 10; i++) {
		EXPECT(tr_send(tr_as_pid(arg), tr_int(i)) == TR_OK);
		atomic_fetch_add(&passed, 1);
	}
}
static void pressure_body(tr_value arg)
{
	(void)arg;
	atomic_store(&passed, 0);
	tr_trap_exit(true);
	tr_spawn_options o = {.mailbox_policy = TR_MAILBOX_BACK_PRESSURE, .mailbox_limit = 3};
	tr_pid p = tr_spawn_opt(collector, tr_nil(), &o).pid;
	tr_pid pushers[4];
	for (int i = 0; i < 4; i++)
		pushers[i] = tr_spawn_link(pusher, tr_pid_value(p));
	EVENTUALLY(atomic_load(&passed) == 3);
	tr_sleep_until(tr_in(2 * TR_MS));
	EXPECT(atomic_load(&passed) == 3);      /* all are held back */
	tr_exit_signal(pushers[1], TR_A(kill)); /* one of those that wait goes away */
	tr_drop(tr_receive(TR_FOREVER));
	/* The collector takes what there is while the others go on; its end lets the rest go. */
	tr_drop(tr_call(p, tr_nil(), TR_FOREVER));
	for (int i = 0; i < 3; i++) {
		tr_value m = tr_receive(tr_in(60 * TR_SECOND));
		EXPECT(TR_IS_A(tr_array_at(m, 2), normal));
		tr_drop(m);
	}
	EXPECT(atomic_load(&passed) >= 30);
}
static void bounded_mailboxes(void **state)
{
	(void)state;
	kit_run(reject_body, 0);
	kit_run(drop_body, 0);
	kit_run(drop_body, 1);
	for (int i = 0; i < 20; i++)
		kit_run(pressure_body, (uint32_t)i % 3);
}

/* Conservation through a bounded mailbox that is always full. */
static void drain_slowly(tr_value arg)
{
	(void)arg;
	bool stop = false;
	for (int n = 0; !stop; n++) {
		tr_value m = tr_receive(TR_FOREVER);
		stop = TR_IS_A(m, stop);
		tr_drop(m);
		if (n % 10 == 0)
			tr_yield();
	}
}
static void pour(tr_value arg)
{
	for (int i = 0; i < 2000; i++)
		tr_send(tr_as_pid(arg), tr_string("drop"));
}
static void bound_stress(void **state)
{
	(void)state;
	const tr_mailbox_policy policies[] = {TR_MAILBOX_REJECT, TR_MAILBOX_DROP_OLDEST, TR_MAILBOX_BACK_PRESSURE};
	for (size_t p = 0; p < 3; p++) {
		tr_node_options no = kit_options(2);
		tr_node *node = tr_node_start(&no, NULL);
		tr_spawn_options o = {.mailbox_policy = policies[p], .mailbox_limit = 5};
		tr_pid reader = tr_node_spawn(node, drain_slowly, tr_nil(), &o).pid;
		tr_pid pourers[4];
		for (int i = 0; i < 4; i++)
			pourers[i] = tr_node_spawn(node, pour, tr_pid_value(reader), NULL).pid;
		for (int i = 0; i < 4; i++)
			tr_drop(tr_node_wait(node, pourers[i], TR_FOREVER));
		while (tr_node_send(node, reader, TR_A(stop)) == TR_EFULL)
			tr_drop(tr_node_wait(node, (tr_pid){0}, TR_FOREVER));
		tr_drop(tr_node_wait(node, reader, TR_FOREVER));
		tr_value stats = tr_node_stats(node);
		assert_true(tr_as_int(tr_map_get_s(stats, "messages"), 0) >= 8000);
		tr_drop(stats);
		tr_node_stop(&node);
	}
}

/* ---- killed in the middle ------------------------------------------------------------------------------------------
 */

static _Atomic int made, gone;

static void count_gone(void *data)
{
	(void)data;
	atomic_fetch_add(&gone, 1);
}
static const tr_class counted = {.name = "counted", .destroy = count_gone};

static tr_value counted_new(void)
{
	atomic_fetch_add(&made, 1);
	return tr_object(&counted, NULL);
}

/* Calls somebody who is not there: all that can hold it up is that its slice is over. */
static void calls_for_ever(tr_value arg)
{
	tr_send(tr_as_pid(arg), TR_A(start));
	for (;;)
		tr_drop(tr_call((tr_pid){0}, counted_new(), TR_FOREVER));
}
static _Atomic bool spinning, shot;

/* Has a kill in its mailbox and two reductions left when it calls. */
static void calls_when_shot(tr_value arg)
{
	(void)arg;
	tr_yield();
	tr_reduce(1998);
	atomic_store(&spinning, true);
	while (!atomic_load(&shot))
		continue;
	tr_drop(tr_call((tr_pid){0}, counted_new(), TR_FOREVER));
}
static void shot_body(tr_value arg)
{
	(void)arg;
	tr_spawn_options o = {.monitor = true};
	atomic_store(&spinning, false);
	atomic_store(&shot, false);
	tr_spawned s = tr_spawn_opt(calls_when_shot, tr_nil(), &o);
	EVENTUALLY(atomic_load(&spinning));
	tr_exit_signal(s.pid, TR_A(kill));
	atomic_store(&shot, true);
	tr_drop(tr_receive_ref(s.monitor, TR_FOREVER));
}
static void sends_to_the_full(tr_value arg)
{
	for (;;)
		tr_send(tr_as_pid(arg), counted_new());
}
static void killed_body(tr_value arg)
{
	(void)arg;
	for (int i = 0; i < 50; i++) {
		tr_spawn_options o = {.monitor = true};
		tr_spawned s = tr_spawn_opt(calls_for_ever, tr_pid_value(tr_self()), &o);
		tr_drop(tr_receive(TR_FOREVER));
		tr_exit_signal(s.pid, TR_A(kill));
		tr_drop(tr_receive_ref(s.monitor, TR_FOREVER));
	}
	tr_spawn_options full = {.mailbox_policy = TR_MAILBOX_BACK_PRESSURE, .mailbox_limit = 3, .monitor = true};
	tr_spawned reader = tr_spawn_opt(collector, tr_nil(), &full);
	tr_spawn_options o = {.monitor = true};
	int before = atomic_load(&made);
	tr_spawned sender = tr_spawn_opt(sends_to_the_full, tr_pid_value(reader.pid), &o);
	EVENTUALLY(atomic_load(&made) == before + 4);
	tr_exit_signal(sender.pid, TR_A(kill));
	tr_drop(tr_receive_ref(sender.monitor, TR_FOREVER));
	tr_exit_signal(reader.pid, TR_A(kill));
	tr_drop(tr_receive_ref(reader.monitor, TR_FOREVER));
}
static void what_the_killed_held_is_given_back(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		atomic_store(&made, 0);
		atomic_store(&gone, 0);
		kit_run(killed_body, i % 3);
		assert_true(atomic_load(&made) > 50);
		assert_int_equal(atomic_load(&made), atomic_load(&gone));
	}
	atomic_store(&made, 0);
	atomic_store(&gone, 0);
	kit_run(shot_body, 2);
	assert_int_equal(atomic_load(&made), 1);
	assert_int_equal(atomic_load(&gone), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(selective_receive),
	    cmocka_unit_test(selective_receive_waits),
	    cmocka_unit_test(receive_by_ref),
	    cmocka_unit_test(refs_that_look_alike),
	    cmocka_unit_test(calls),
	    cmocka_unit_test(delegated_calls),
	    cmocka_unit_test(many_clients),
	    cmocka_unit_test(bounded_mailboxes),
	    cmocka_unit_test(bound_stress),
	    cmocka_unit_test(what_the_killed_held_is_given_back),
	};
	return cmocka_run_group_tests_name("kernel.message", tests, NULL, NULL);
}
