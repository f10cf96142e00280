/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduler threads: starting, looking for work, parking, waking. */
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/actor/fault.h"
#include "runtime/actor/node.h"
#include "runtime/sched/futex.h"
#include "runtime/sched/sched.h"
#include "runtime/time/timer.h"

#define SPINS       100 /* rounds of looking before parking: some 20 µs */
#define SPIN_PAUSES 10
#define NAPS_MAX    5 /* from SCHED_AGE to 32 times that */

void futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
	struct timespec t = {timeout_ns / TR_SECOND, (long)(timeout_ns % TR_SECOND)};
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, timeout_ns == TR_FOREVER ? NULL : &t, NULL, 0);
}

void futex_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* ---- waking --------------------------------------------------------------------------------------------------------
 */

/* Whoever turns `parked` from `how` to 0 takes the scheduler out of the idle ones. */
static bool unpark(struct sched *s, uint32_t how)
{
	if (atomic_load(&s->parked) != how || !atomic_compare_exchange_strong(&s->parked, &how, PARKED_NOT))
		return false;
	atomic_fetch_sub(&s->node->idle, 1);
	return true;
}

static bool wake_parked(struct sched *s, uint32_t how)
{
	if (!unpark(s, how))
		return false;
	if (how == PARKED_POLL)
		poll_kick(atomic_load_explicit(&s->node->poll, memory_order_acquire));
	else
		futex_wake(&s->parked);
	return true;
}

void sched_wake(struct sched *s)
{
	(void)(wake_parked(s, PARKED_FUTEX) || wake_parked(s, PARKED_POLL));
}

static bool wake_one(tr_node *node, uint32_t how)
{
	uint32_t n = atomic_load_explicit(&node->sched_count, memory_order_acquire);
	for (uint32_t i = 0; i < n; i++) {
		struct sched *s = atomic_load_explicit(&node->scheds[i], memory_order_acquire);
		if (s != NULL && !atomic_load_explicit(&s->retired, memory_order_relaxed) && wake_parked(s, how))
			return true;
	}
	return false;
}

void sched_wake_one(tr_node *node)
{
	/* Rather one that does not look at the world outside. */
	(void)(wake_one(node, PARKED_FUTEX) || wake_one(node, PARKED_POLL));
}

/* ---- timers --------------------------------------------------------------------------------------------------------
 */

/* Call fn for our wheel and, while handlers overstay, for the wheels of their schedulers. */
static void each_wheel(struct sched *s, void (*fn)(struct wheel *w, int64_t *at, struct sched *s), int64_t *at)
{
	fn(&s->wheel, at, s);
	if (!s->spare && atomic_load_explicit(&s->node->watch.stuck, memory_order_relaxed) == 0)
		return;
	uint32_t n = atomic_load_explicit(&s->node->sched_count, memory_order_acquire);
	for (uint32_t i = 0; i < n; i++) {
		struct sched *o = atomic_load_explicit(&s->node->scheds[i], memory_order_acquire);
		if (o != NULL && o != s &&
		    (atomic_load_explicit(&o->slow, memory_order_relaxed) ||
		     atomic_load_explicit(&o->retired, memory_order_relaxed)))
			fn(&o->wheel, at, s);
	}
}

static void fire_wheel(struct wheel *w, int64_t *now, struct sched *s)
{
	timer_expire(s, w, *now);
}

static void earlier(struct wheel *w, int64_t *at, struct sched *s)
{
	(void)s;
	int64_t next = wheel_next(w);
	if (next < *at)
		*at = next;
}

void sched_timers(struct sched *s, int64_t now)
{
	each_wheel(s, fire_wheel, &now);
}

/* ---- looking for work ----------------------------------------------------------------------------------------------
 */

static bool anything_ready(struct sched *s)
{
	/* Sequentially consistent for park: who pushes, stops or retires us either sees us parked or is seen here. */
	if (atomic_load(&s->node->inject.lane.n) > 0 || atomic_load(&s->node->stopping) == 2 ||
	    atomic_load(&s->retired))
		return true;
	uint32_t n = atomic_load_explicit(&s->node->sched_count, memory_order_acquire);
	for (uint32_t i = 0; i < n; i++) {
		struct sched *o = atomic_load_explicit(&s->node->scheds[i], memory_order_acquire);
		if (o == NULL)
			continue;
		if ((o == s ? runq_length(&o->fifo) : sched_aged(o)) > 0 || deque_length(&o->lifo) > 0 ||
		    lane_length(&o->high) > 0 || lane_length(&o->low) > 0 ||
		    ((o == s || atomic_load_explicit(&o->slow, memory_order_relaxed)) && seat_taken(&o->next)))
			return true;
	}
	return false;
}

/* Look around for a short while; true when there is something to pick. */
static bool look_around(struct sched *s)
{
	tr_node *node = s->node;
	/* Half of the schedulers looking is enough. */
	if (atomic_load(&node->spinning) * 2 >= node->n_scheds + 1)
		return false;
	bool found = false;
	atomic_fetch_add(&node->spinning, 1);
	for (int i = 0; i < SPINS && !found; i++) {
		for (int p = 0; p < SPIN_PAUSES; p++)
			spin_pause();
		found = anything_ready(s);
	}
	atomic_fetch_sub(&node->spinning, 1);
	return found;
}

/* Others have queues that are too young to be helped with: sleep only for a while, longer each time. */
static int64_t nap_until(struct sched *s, int64_t now)
{
	uint32_t n = atomic_load_explicit(&s->node->sched_count, memory_order_acquire);
	for (uint32_t i = 0; i < n; i++) {
		struct sched *o = atomic_load_explicit(&s->node->scheds[i], memory_order_acquire);
		if (o == NULL || o == s || runq_length(&o->fifo) == 0)
			continue;
		int64_t nap = SCHED_AGE << s->naps;
		s->naps += s->naps < NAPS_MAX;
		return now + nap;
	}
	s->naps = 0;
	return WHEEL_NEVER;
}

/* Not idle any more, if nobody has counted us out already. Pairs with doze in watch.c: the watch sleeps if it saw all
 * schedulers idle, be it only for as long as one of them took to find out that there is work. */
static void leave_park(struct sched *s)
{
	(void)(unpark(s, PARKED_FUTEX) || unpark(s, PARKED_POLL));
	if (atomic_load(&s->node->watch.asleep) != 0)
		watch_wake(s->node);
}

/* Parked; `p`: in there, as its sleeper. */
static void sleep_until(struct sched *s, struct poll *p, int64_t at, int64_t before)
{
	struct epoll_event events[POLL_EVENTS];
	int n = 0;
	if (p != NULL)
		n = poll_wait(p, events, at);
	else
		futex_wait(&s->parked, PARKED_FUTEX, at == WHEEL_NEVER ? TR_FOREVER : at - before);
	leave_park(s);
	int64_t now = node_now(s->node);
	stat_add(&s->stats.parked_ns, (uint64_t)(now - before));
	sched_timers(s, now);
	if (p != NULL) {
		poll_give_role(p);
		poll_act(p, events, n);
	}
}

static void park(struct sched *s)
{
	tr_node *node = s->node;
	int64_t before = node_now(node), at = WHEEL_NEVER;
	each_wheel(s, earlier, &at);
	if (at <= before) {
		sched_timers(s, before);
		return;
	}
	int64_t nap = nap_until(s, before);
	if (nap < at)
		at = nap;
	struct poll *p = atomic_load_explicit(&node->poll, memory_order_acquire);
	if (p != NULL && !poll_take_role(p))
		p = NULL;
	/* Pairs with push_inject: it pushes, then looks for somebody idle and parked; we become both, then look. In
	 * this order, as whoever unparks us counts us out. */
	atomic_fetch_add(&node->idle, 1);
	atomic_store(&s->parked, p != NULL ? PARKED_POLL : PARKED_FUTEX);
	if (!anything_ready(s)) {
		stat_add(&s->stats.parks, 1);
		sleep_until(s, p, at, before);
		return;
	}
	leave_park(s);
	if (p != NULL)
		poll_give_role(p);
}

/* One that is not needed now gives its actors away and sleeps until it is called again. */
static void retire(struct sched *s)
{
	struct actor *a;
	while ((a = runq_pop(&s->fifo)) != NULL || (a = deque_pop(&s->lifo)) != NULL ||
	       (a = seat_swap(&s->next, NULL)) != NULL || (a = lane_pop(&s->high)) != NULL ||
	       (a = lane_pop(&s->low)) != NULL)
		lane_push(&s->node->inject.lane, a);
	if (lane_length(&s->node->inject.lane) > 0)
		sched_wake_one(s->node);
	/* Its timers are fired by others, see each_wheel, unless all of those sleep. */
	int64_t at = wheel_next(&s->wheel), before = node_now(s->node);
	if (at == WHEEL_NEVER) {
		atomic_store(&s->parked, PARKED_RETIRED);
		if (atomic_load(&s->retired) && atomic_load(&s->node->stopping) != 2)
			futex_wait(&s->parked, PARKED_RETIRED, TR_FOREVER);
		atomic_store(&s->parked, PARKED_NOT);
	} else if (at > before) {
		futex_wait(&s->parked, PARKED_NOT, at - before < 10 * TR_MS ? at - before : 10 * TR_MS);
	}
	int64_t now = node_now(s->node);
	stat_add(&s->stats.parked_ns, (uint64_t)(now - before));
	if (at <= now)
		sched_timers(s, now);
}

struct actor *sched_next(struct sched *s)
{
	if (s->node->manual) {
		struct actor *a = s->chosen;
		s->chosen = NULL;
		return a;
	}
	for (;;) {
		struct actor *a = sched_pick(s);
		if (a != NULL) {
			s->naps = 0;
			return a;
		}
		if (atomic_load(&s->node->stopping) == 2)
			return NULL;
		if (atomic_load(&s->retired)) {
			retire(s);
			continue;
		}
		sched_timers(s, node_now(s->node));
		struct poll *p = atomic_load_explicit(&s->node->poll, memory_order_acquire);
		if (p != NULL && poll_has_tasks(p) && poll_turn(p))
			continue;
		if (s->naps > 0 || (p != NULL && poll_is_free(p)) || !look_around(s))
			park(s);
	}
}

/* ---- threads -------------------------------------------------------------------------------------------------------
 */

static void *sched_main(void *arg)
{
	struct sched *s = arg;
	char name[16];
	snprintf(name, sizeof name, "troupe-%u", s->id);
	pthread_setname_np(pthread_self(), name);
	had_enter(&s->had);
	fault_thread_enter(s);
	sched_set_self(s);
	sched_run_loop(s);
	sched_set_self(NULL);
	fault_thread_leave(s);
	return NULL;
}

static void pin(pthread_t thread, uint32_t id)
{
	cpu_set_t allowed, one;
	if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) == 0)
		return;
	uint32_t nth = id % (uint32_t)CPU_COUNT(&allowed);
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || nth-- > 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		(void)pthread_setaffinity_np(thread, sizeof one, &one);
		return;
	}
}

bool sched_thread_start(struct sched *s)
{
	sigset_t all, old;
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	s->thread_started = pthread_create(&s->thread, NULL, sched_main, s) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (s->thread_started && s->node->pin && !s->spare)
		pin(s->thread, s->id);
	return s->thread_started;
}

void sched_stop(struct sched *s)
{
	if (s == NULL || !s->thread_started)
		return;
	if (!unpark(s, PARKED_FUTEX) && !unpark(s, PARKED_POLL))
		atomic_store(&s->parked, PARKED_NOT); /* a retired spare */
	futex_wake(&s->parked);
	struct poll *p = atomic_load(&s->node->poll);
	if (p != NULL)
		poll_kick(p);
	pthread_join(s->thread, NULL);
	s->thread_started = false;
}

struct sched *sched_new(tr_node *node, uint32_t id)
{
	struct sched *s = NULL;
	void *raw = tr_alloc(sizeof *s + 128);
	if (raw == NULL)
		return NULL;
	s = (struct sched *)(((uintptr_t)raw + 64 + 63) & ~(uintptr_t)63);
	((void **)s)[-1] = raw;
	s->node = node;
	s->id = id;
	s->seed = id * 7919u + 1;
	s->quantum = SCHED_BUDGET;
	wheel_init(&s->wheel, id, node_now(node));
	if (id == NODE_SCHEDS_MAX)
		return s; /* the stand-in runs nothing */
	struct stack *k = stack_new(&node->stacks, 0);
	if (k != NULL)
		sched_stack_give(s, k);
	else
		sched_free(&s);
	return s;
}

void sched_free(struct sched **s)
{
	while (*s != NULL && (*s)->warm != NULL) {
		struct stack *k = (*s)->warm;
		(*s)->warm = k->next;
		stack_free(&(*s)->node->stacks, k);
	}
	if (*s != NULL)
		tr_free(((void **)*s)[-1]);
	*s = NULL;
}
