/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that queue up in bundles: their order, what is given back, and who waits for whom. */
#include "runtime/actor/bundle.h"

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/actor/mailbox.h"
#include "tests/unit/actor/kit.h"

/* ---- the bundle itself --------------------------------------------------------------------------------------------
 */

static alignas(256) struct bundle shared;

static void *write_it(void *arg)
{
	(void)arg;
	bundle_write(&shared.at[6], 9, tr_int(42));
	return NULL;
}

static void a_reader_waits_for_the_writer(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		pthread_t writer;
		shared.live = 2;
		assert_int_equal(pthread_create(&writer, NULL, write_it, NULL), 0);
		bundle_await(&shared.at[6]);
		assert_int_equal(shared.at[6].generation, 9);
		assert_int_equal(tr_as_int(shared.at[6].value, 0), 42);
		assert_true(bundle_has_more(&shared.at[6]));
		assert_false(bundle_forget(&shared.at[6]));
		assert_int_equal(shared.at[6].generation, 0);
		assert_false(bundle_has_more(&shared.at[6]));
		pthread_join(writer, NULL);
	}
	assert_true(bundle_forget(&shared.at[6]));
}

static void links(void **state)
{
	(void)state;
	struct envelope *link = (struct envelope *)(void *)&shared;
	assert_int_equal(link_count(link), 0);
	for (uint32_t n = 1; n <= BUNDLE_ENVELOPES; n++) {
		link = link_more(link);
		assert_int_equal(link_count(link), n);
		assert_ptr_equal(link_bundle(link), &shared);
		assert_ptr_equal(link_next(link), &shared.next);
		assert_ptr_equal(bundle_of(&shared.at[n - 1]), &shared);
		assert_int_equal(mailbox_has_room(link), n < BUNDLE_ENVELOPES);
	}
	assert_false(mailbox_has_room(NULL));
	assert_false(mailbox_has_room(INBOX_IDLE));
	assert_false(mailbox_has_room(INBOX_CLOSED));
}

/* ---- order ------------------------------------------------------------------------------------------------------- */

#define SENDERS 5
#define EACH    3000

/* Messages [me, i]; every so often a link and an unlink between two of them, which must not overtake them either. */
static void sender(tr_value arg)
{
	tr_pid to = tr_as_pid(arg);
	tr_trap_exit(true);
	for (int i = 0; i < EACH; i++) {
		tr_send(to, TR_LIST(tr_pid_value(tr_self()), tr_int(i)));
		if (i % 10 == 3)
			tr_exit_signal(to, TR_LIST(tr_pid_value(tr_self()), tr_int(i)));
	}
}

struct progress {
	tr_pid pid;
	int64_t next;
	int64_t signals;
};

static void note(struct progress *all, tr_value m)
{
	bool signal = TR_IS_A(tr_array_at(m, 0), exit);
	tr_value what = signal ? tr_array_at(m, 2) : m;
	tr_pid from = tr_as_pid(tr_array_at(what, 0));
	int64_t i = tr_as_int(tr_array_at(what, 1), -1);
	struct progress *p = all;
	while (p->pid.bits != 0 && p->pid.bits != from.bits)
		p++;
	EXPECT(p < all + SENDERS);
	p->pid = from;
	if (signal) {
		EXPECT(i == p->next - 1); /* right behind the message that was sent before it */
		p->signals++;
	} else {
		EXPECT(i == p->next);
		p->next++;
	}
	tr_drop(m);
}

static void order_body(tr_value arg)
{
	(void)arg;
	struct progress all[SENDERS + 1] = {0};
	tr_trap_exit(true);
	for (int i = 0; i < SENDERS; i++)
		tr_spawn(sender, tr_pid_value(tr_self()));
	for (int i = 0; i < SENDERS * (EACH + EACH / 10); i++)
		note(all, tr_receive(tr_in(60 * TR_SECOND)));
	for (int i = 0; i < SENDERS; i++)
		EXPECT(all[i].next == EACH && all[i].signals == EACH / 10);
}

static void messages_and_signals_keep_their_order(void **state)
{
	(void)state;
	for (uint32_t schedulers = 1; schedulers <= 3; schedulers++)
		kit_run(order_body, schedulers);
}

/* ---- what is given back ------------------------------------------------------------------------------------------ */

static int64_t stat(const char *name)
{
	tr_value stats = tr_node_stats(tr_here());
	int64_t n = tr_as_int(tr_map_get_s(stats, name), -1);
	tr_drop(stats);
	return n;
}

static bool is_multiple(void *arg, tr_value m)
{
	return tr_as_int(m, 1) % *(int *)arg == 0;
}

/* One of each bundle first, then the rest; no round needs more memory than the first. */
static void rounds_body(tr_value arg)
{
	(void)arg;
	int seven = 7;
	int64_t after_first = 0;
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 7000; i++)
			tr_send(tr_self(), tr_int(i));
		for (int i = 0; i < 7000; i += 7)
			EXPECT(tr_as_int(tr_receive_match(is_multiple, &seven, 0), -1) == i);
		for (int i = 0; i < 7000; i++)
			EXPECT(i % 7 == 0 || tr_as_int(tr_receive(0), -1) == i);
		EXPECT(tr_value_err(tr_receive(0)) == TR_ETIMEOUT);
		if (round == 0)
			after_first = stat("memory");
		EXPECT(stat("memory") == after_first);
	}
}

static void bundles_are_used_again(void **state)
{
	(void)state;
	kit_run(rounds_body, 1);
}

static bool never(void *arg, tr_value m)
{
	(void)arg, (void)m;
	return false;
}

static void deaf(tr_value arg)
{
	tr_send(tr_as_pid(arg), TR_A(ok));
	tr_drop(tr_receive_match(never, NULL, TR_FOREVER));
}

/* Some messages are in the queue of the one that is killed, some in its inbox before and behind the kill. */
static void dead_body(tr_value arg)
{
	(void)arg;
	tr_spawned s = tr_spawn_opt(deaf, tr_pid_value(tr_self()), &(tr_spawn_options){.monitor = true});
	tr_drop(tr_receive(TR_FOREVER));
	for (int i = 0; i < 30; i++)
		tr_send(s.pid, tr_int(i));
	tr_yield();
	for (int i = 0; i < 30; i++)
		tr_send(s.pid, tr_string("long enough to be given back"));
	tr_exit_signal(s.pid, TR_A(kill));
	for (int i = 0; i < 30; i++)
		tr_send(s.pid, tr_int(i));
	tr_drop(tr_receive_ref(s.monitor, TR_FOREVER));
	EVENTUALLY(stat("dead_letters") == 90);
	EXPECT(stat("messages") == stat("received") + 90);
}

static void what_the_dead_do_not_read_is_counted(void **state)
{
	(void)state;
	kit_run(dead_body, 1);
	kit_run(dead_body, 2);
}

/* A sender that was late: the slot is another actor's by now. */
static void late_body(tr_value arg)
{
	(void)arg;
	struct sched *s = sched_self();
	tr_pid before = {tr_self().bits + ((uint64_t)1 << PID_SLOT_BITS)};
	tr_send(tr_self(), tr_int(1));
	tr_send(tr_self(), tr_int(2));
	EXPECT(mailbox_join(sched_actor(), before, tr_string("for the one before")));
	stat_add(&s->stats.sent, 1);
	tr_send(tr_self(), tr_int(3));
	for (int i = 1; i <= 3; i++)
		EXPECT(tr_as_int(tr_receive(0), 0) == i);
	EXPECT(tr_value_err(tr_receive(0)) == TR_ETIMEOUT);
	EXPECT(stat("dead_letters") == 1);
}

static void a_message_for_the_one_before_is_a_dead_letter(void **state)
{
	(void)state;
	kit_run(late_body, 1);
}

/* ---- signals meet those who are busy with a queue -----------------------------------------------------------------
 */

#define SEEN_BY 16 /* messages */

static _Atomic int taken;
static _Atomic bool shot;

/* Reads on only when the kill is in its inbox. */
static void reads_on(tr_value arg)
{
	tr_drop(arg);
	for (;;) {
		tr_drop(tr_receive(TR_FOREVER));
		if (atomic_fetch_add(&taken, 1) + 1 == 100)
			while (!atomic_load(&shot))
				continue;
	}
}

static void busy_body(tr_value arg)
{
	(void)arg;
	atomic_store(&taken, 0);
	atomic_store(&shot, false);
	tr_spawned s = tr_spawn_opt(reads_on, tr_nil(), &(tr_spawn_options){.monitor = true});
	for (int i = 0; i < 400; i++)
		tr_send(s.pid, tr_int(i));
	EVENTUALLY(atomic_load(&taken) == 100);
	tr_exit_signal(s.pid, TR_A(kill));
	atomic_store(&shot, true);
	tr_drop(tr_receive_ref(s.monitor, TR_FOREVER));
	EXPECT(atomic_load(&taken) <= 100 + SEEN_BY);
}

static void a_kill_does_not_wait_for_the_end_of_the_queue(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		kit_run(busy_body, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_reader_waits_for_the_writer),
	    cmocka_unit_test(links),
	    cmocka_unit_test(messages_and_signals_keep_their_order),
	    cmocka_unit_test(bundles_are_used_again),
	    cmocka_unit_test(what_the_dead_do_not_read_is_counted),
	    cmocka_unit_test(a_message_for_the_one_before_is_a_dead_letter),
	    cmocka_unit_test(a_kill_does_not_wait_for_the_end_of_the_queue),
	};
	return cmocka_run_group_tests_name("kernel.bundle", tests, NULL, NULL);
}
