/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watch. Every fifth of the limit, and every 2 ms if that is longer, it looks at each scheduler's slice counter.
 * One that has not moved for a tick is `slow`: its slice ends at the next chance, and whoever is idle may take even
 * what is next in line there. One that has not moved for the whole limit is reported, and a spare scheduler serves its
 * queue until it is back. When all schedulers sleep, so does the watch.
 */
#include <signal.h>

#include "runtime/actor/node.h"
#include "runtime/actor/report.h"
#include "runtime/sched/futex.h"
#include "runtime/sched/width.h"

#define TICK_MIN    (TR_MS / 10)
#define TICK_MAX    (2 * TR_MS)
#define QUIET_TICKS 25 /* so many ticks without work, then the watch sleeps */

/* What the watch remembers of a scheduler. */
struct sample {
	uint32_t slice;
	int64_t since;
	int64_t waited_at; /* when it was first seen not to have moved … */
	int64_t cpu;       /* … and how long its thread had run by then */
	bool reported;
	bool told; /* whoever monitors the system */
};

static bool has_backlog(struct sched *s)
{
	return runq_length(&s->fifo) > 0 || deque_length(&s->lifo) > 0 || lane_length(&s->high) > 0 ||
	       seat_taken(&s->next);
}

/* How much of the time `ran` the handler had a processor, or did not want one. Other processes, or other threads, may
 * keep a busy machine from it; for that it is not named. */
static int64_t had(const struct sched *s, const struct sample *seen, int64_t now)
{
	int64_t ran = now - seen->since, cpu = had_cpu_ns(&s->had);
	int64_t worked = seen->waited_at - seen->since + (cpu - seen->cpu);
	if (cpu < 0 || seen->cpu < 0 || worked >= ran)
		return ran;
	return had_runnable(&s->had) ? worked : ran;
}

/* Tell of a handler that overstays, once to each who wants to hear of it. */
static void tell(tr_node *node, struct sched *s, struct sample *seen, uint64_t pid, int64_t now)
{
	const struct kernel_strain *strain = atomic_load_explicit(&node->strain, memory_order_acquire);
	int64_t ran = now - seen->since;
	bool monitors = strain != NULL && !seen->told && strain->long_handler_ns > 0 && ran >= strain->long_handler_ns;
	bool reports = !seen->reported && ran >= node->long_handler_ns;
	if (!monitors && !reports)
		return;
	int64_t own = had(s, seen, now);
	if (monitors && own >= strain->long_handler_ns) {
		strain->long_handler(strain->arg, node, (tr_pid){pid}, ran);
		seen->told = true;
	}
	if (reports && own >= node->long_handler_ns) {
		report_long_handler(node, s, (tr_pid){pid}, ran);
		seen->reported = true;
	}
}

/* Look at one scheduler; true when its handler overstays. */
static bool look(tr_node *node, struct sched *s, struct sample *seen, int64_t now)
{
	uint32_t slice = atomic_load_explicit(&s->slice, memory_order_relaxed);
	uint64_t pid = atomic_load_explicit(&s->at, memory_order_relaxed);
	if (pid == 0 || slice != seen->slice) {
		*seen = (struct sample){.slice = slice, .since = now};
		atomic_store_explicit(&s->slow, false, memory_order_relaxed);
		return false;
	}
	if (seen->waited_at == 0) {
		seen->waited_at = now;
		seen->cpu = had_cpu_ns(&s->had);
	}
	atomic_store_explicit(&s->slow, true, memory_order_relaxed);
	atomic_store_explicit(&s->preempt, true, memory_order_relaxed);
	if (has_backlog(s))
		sched_wake_one(node);
	tell(node, s, seen, pid, now);
	return now - seen->since >= node->long_handler_ns;
}

/* ---- spares
 * ---------------------------------------------------------------------------------------------------------- */

static void recall(struct sched *s)
{
	atomic_store(&s->retired, false);
	uint32_t retired = PARKED_RETIRED;
	(void)atomic_compare_exchange_strong(&s->parked, &retired, PARKED_NOT);
	futex_wake(&s->parked); /* in any case: it may be asleep for its next timer */
}

static void dismiss(struct sched *s)
{
	atomic_store(&s->retired, true);
	sched_wake(s);
}

static bool call_spare(tr_node *node)
{
	uint32_t n = atomic_load(&node->sched_count);
	for (uint32_t i = node->n_scheds; i < n; i++) {
		struct sched *s = atomic_load(&node->scheds[i]);
		if (!atomic_load(&s->retired))
			continue;
		recall(s);
		return true;
	}
	if (n == NODE_SCHEDS_MAX)
		return false;
	struct sched *s = sched_new(node, n);
	if (s == NULL)
		return false;
	s->spare = true;
	atomic_store(&node->scheds[n], s);
	atomic_store(&node->sched_count, n + 1);
	return sched_thread_start(s);
}

static void dismiss_spare(tr_node *node)
{
	uint32_t n = atomic_load(&node->sched_count);
	for (uint32_t i = n; i-- > node->n_scheds;) {
		struct sched *s = atomic_load(&node->scheds[i]);
		if (atomic_load(&s->retired))
			continue;
		dismiss(s);
		return;
	}
}

static void adjust_spares(tr_node *node, uint32_t stuck)
{
	atomic_store(&node->watch.stuck, stuck);
	uint32_t at_work = atomic_load(&node->watch.spares);
	for (; at_work < stuck && call_spare(node); at_work++)
		continue;
	for (; at_work > stuck; at_work--)
		dismiss_spare(node);
	atomic_store(&node->watch.spares, at_work);
}

/* ---- width ------------------------------------------------------------------------------------------------------- */

static uint64_t count_messages(tr_node *node)
{
	uint64_t all = 0;
	for (uint32_t i = 0; i < node->n_scheds; i++) {
		struct sched *s = atomic_load(&node->scheds[i]);
		all += atomic_load_explicit(&s->stats.sent, memory_order_relaxed) +
		       atomic_load_explicit(&s->stats.received, memory_order_relaxed);
	}
	return all;
}

static bool anyone_slow(tr_node *node)
{
	for (uint32_t i = 0; i < node->n_scheds; i++)
		if (atomic_load_explicit(&atomic_load(&node->scheds[i])->slow, memory_order_relaxed))
			return true;
	return false;
}

void watch_use(tr_node *node, uint32_t used)
{
	spin_lock(&node->watch.width_lock);
	uint32_t before = atomic_load(&node->watch.used);
	atomic_store(&node->watch.used, used);
	for (; before > used; before--)
		dismiss(atomic_load(&node->scheds[before - 1]));
	for (; before < used; before++)
		recall(atomic_load(&node->scheds[before]));
	spin_unlock(&node->watch.width_lock);
}

static void adjust_width(tr_node *node, struct width *w, int64_t now)
{
	uint32_t before = w->used, used = width_tick(w, count_messages(node), now, anyone_slow(node));
	if (used != before)
		watch_use(node, used);
}

/* ---- dead letters ------------------------------------------------------------------------------------------------ */

struct dead_letters {
	uint64_t seen;
	int64_t since;
};

static void count_dead_letters(tr_node *node, struct dead_letters *d, int64_t now)
{
	if (now - d->since < TR_SECOND)
		return;
	uint64_t all = atomic_load_explicit(&node->outside->stats.dead, memory_order_relaxed);
	uint32_t n = atomic_load(&node->sched_count);
	for (uint32_t i = 0; i < n; i++)
		all += atomic_load_explicit(&atomic_load(&node->scheds[i])->stats.dead, memory_order_relaxed);
	if (all - d->seen > REPORT_DEAD_RATE)
		report_dead_letters(node, all - d->seen, now - d->since);
	*d = (struct dead_letters){all, now};
}

/* ---- the thread
 * ------------------------------------------------------------------------------------------------------ */

/* … one of them where the world outside wakes it, if there is one. */
static bool all_asleep(tr_node *node)
{
	struct poll *p = atomic_load(&node->poll);
	return (p == NULL || atomic_load(&p->role) != 0) &&
	       atomic_load(&node->idle) >= atomic_load(&node->watch.used) + atomic_load(&node->watch.spares);
}

static void doze(tr_node *node)
{
	atomic_store(&node->watch.asleep, 1);
	/* Pairs with park(): it stops being idle, then looks at asleep. */
	if (all_asleep(node) && atomic_load(&node->stopping) != 2)
		futex_wait(&node->watch.asleep, 1, TR_FOREVER);
	atomic_store(&node->watch.asleep, 0);
}

/* Often enough for handlers that overstay, and for input and output that nobody waits for: a scheduler that parks while
 * another thread is at a turn leaves that to us. */
static int64_t tick_ns(const tr_node *node)
{
	int64_t tick = node->long_handler_ns / 5;
	return tick > TICK_MAX ? TICK_MAX : tick < TICK_MIN ? TICK_MIN : tick;
}

static void *watch_main(void *arg)
{
	tr_node *node = arg;
	struct sample *samples = tr_alloc(NODE_SCHEDS_MAX * sizeof *samples);
	struct dead_letters dead = {0, node_now(node)};
	struct width width;
	width_init(&width, node->n_scheds, count_messages(node), node_now(node));
	int quiet = 0;
	pthread_setname_np(pthread_self(), "troupe-watch");
	while (samples != NULL && atomic_load(&node->stopping) != 2) {
		quiet = all_asleep(node) ? quiet + 1 : 0;
		if (quiet > QUIET_TICKS)
			doze(node);
		uint32_t stopping = atomic_load(&node->stopping);
		if (stopping == 2)
			break;
		futex_wait(&node->stopping, stopping, tick_ns(node));
		int64_t now = node_now(node);
		uint32_t stuck = 0;
		uint32_t n = atomic_load(&node->sched_count);
		for (uint32_t i = 0; i < n; i++)
			stuck += look(node, atomic_load(&node->scheds[i]), &samples[i], now);
		adjust_spares(node, stuck);
		adjust_width(node, &width, now);
		count_dead_letters(node, &dead, now);
		struct poll *p = atomic_load(&node->poll);
		if (p != NULL)
			poll_watch(p, atomic_load(&node->idle) > 0);
	}
	tr_free(samples);
	return NULL;
}

void watch_wake(tr_node *node)
{
	atomic_store(&node->watch.asleep, 0);
	futex_wake(&node->watch.asleep);
}

bool watch_start(tr_node *node)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	atomic_store(&node->watch.used, node->n_scheds);
	node->watch.started = pthread_create(&node->watch.thread, NULL, watch_main, node) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return node->watch.started;
}

void watch_stop(tr_node *node)
{
	if (!node->watch.started)
		return;
	watch_wake(node);
	futex_wake(&node->stopping);
	pthread_join(node->watch.thread, NULL);
	node->watch.started = false;
}
