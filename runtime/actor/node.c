/* SPDX-License-Identifier: Apache-2.0 */
/* Starting and stopping nodes. */
#include "runtime/actor/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/actor/fault.h"
#include "runtime/actor/mailbox.h"
#include "runtime/actor/signal.h"
#include "runtime/sched/step.h"
#include "runtime/time/clock.h"
#include "runtime/time/timer.h"

#define DEFAULT_ACTORS (16u << 20)
#define DEFAULT_STACK  (64u * 1024)
#define DEFAULT_DIRTY  8u
#define BLOCKS_MAX     ((size_t)1 << 31)

/* ---- starting -------------------------------------------------------------------------------------------------------
 */

static uint64_t world_random(void *seed)
{
	return clock_mix(seed);
}

static void set_world(tr_node *node, const tr_world *world)
{
	atomic_init(&node->random_seed, clock_random(NULL));
	node->world = (tr_world){clock_monotonic_ns, clock_wall_us, world_random, &node->random_seed, NULL};
	if (world == NULL)
		return;
	node->world.arg = world->arg;
	node->world.refuse = world->refuse;
	node->world.random = world->random != NULL ? world->random : clock_random;
	if (world->monotonic_ns != NULL)
		node->world.monotonic_ns = world->monotonic_ns;
	if (world->wall_us != NULL)
		node->world.wall_us = world->wall_us;
}

/* A path that does not fit is as good as none: better no dump than one in a wrong place. */
static void set_crash_dump(tr_node *node, const char *path)
{
	if (path == NULL)
		path = getenv("TROUPE_CRASH_DUMP");
	if (path == NULL)
		path = "troupe_crash.dump";
	if (strlen(path) < sizeof node->crash_dump)
		strcpy(node->crash_dump, path);
}

static void set_options(tr_node *node, const tr_node_options *o, const struct kernel_options *k)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t n = o->schedulers != 0 ? o->schedulers : (uint32_t)(cores > 0 ? cores : 1);
	node->manual = k->manual;
	node->n_scheds = node->manual ? 1 : n < NODE_SCHEDS_MAX / 2 ? n : NODE_SCHEDS_MAX / 2;
	node->pin = o->pin_schedulers;
	node->long_handler_ns = o->long_handler_ns > 0 ? o->long_handler_ns : 10 * TR_MS;
	node->report = o->report;
	node->report_arg = o->report_arg;
	(void)snprintf(node->name, sizeof node->name, "%s", o->name != NULL ? o->name : "node");
	set_crash_dump(node, o->crash_dump);
	set_world(node, o->world);
	node->id = o->id != 0 ? o->id : (uint8_t)(node->world.random(node->world.arg) % 127 + 1);
	if (o->transport != NULL)
		node->transport = *o->transport;
	node->started_ns = node_now(node);
}

_Static_assert(SLAB_CHUNK % sizeof(struct actor) == 0, "see node_actor");

static bool make_slabs(tr_node *node, const tr_node_options *o)
{
	uint32_t actors = o->max_actors != 0 && o->max_actors < DEFAULT_ACTORS ? o->max_actors : DEFAULT_ACTORS;
	return slab_init(&node->actors, sizeof(struct actor), offsetof(struct actor, free),
			 offsetof(struct actor, index), actors) &&
	       slab_init(&node->envelopes, sizeof(struct envelope), 0, SIZE_MAX, BLOCKS_MAX) &&
	       slab_init(&node->bundles, sizeof(struct bundle), 0, SIZE_MAX, BLOCKS_MAX / BUNDLE_ENVELOPES) &&
	       slab_init(&node->signals, sizeof(struct signal), 0, SIZE_MAX, BLOCKS_MAX) &&
	       slab_init(&node->timers, sizeof(struct timer), offsetof(struct timer, free),
			 offsetof(struct timer, index), (size_t)1 << 30);
}

static bool make_scheds(tr_node *node)
{
	node->outside = sched_new(node, NODE_SCHEDS_MAX);
	if (node->outside == NULL)
		return false;
	node->outside->outside = node->outside->lanes_only = true;
	for (uint32_t i = 0; i < node->n_scheds; i++) {
		struct sched *s = sched_new(node, i);
		if (s == NULL)
			return false;
		s->lanes_only = node->manual;
		atomic_store(&node->scheds[i], s);
		atomic_store(&node->sched_count, i + 1);
	}
	return true;
}

static bool start_threads(tr_node *node)
{
	if (node->manual)
		return true;
	for (uint32_t i = 0; i < node->n_scheds; i++)
		if (!sched_thread_start(node->scheds[i]))
			return false;
	return watch_start(node);
}

/* ---- stopping: close refuses, stop waits, fini frees
 * ------------------------------------------------------------------ */

static void stop_threads(tr_node *node)
{
	atomic_store(&node->stopping, 2);
	watch_stop(node);
	uint32_t n = atomic_load(&node->sched_count);
	for (uint32_t i = 0; i < n; i++)
		sched_stop(atomic_load(&node->scheds[i]));
	dirty_fini(&node->dirty);
}

static void node_fini(tr_node *node)
{
	timer_drop_all(node);
	uint32_t n = atomic_load(&node->sched_count);
	for (uint32_t i = 0; i < n; i++) {
		struct sched *s = atomic_load(&node->scheds[i]);
		sched_free(&s);
	}
	sched_free(&node->outside);
	struct poll *poll = atomic_load(&node->poll);
	poll_free(&poll); /* not before: schedulers sleep in it */
	registry_fini(&node->registry);
	groups_fini(&node->groups);
	slab_fini(&node->actors);
	slab_fini(&node->envelopes);
	slab_fini(&node->bundles);
	slab_fini(&node->signals);
	slab_fini(&node->timers);
	stack_pool_fini(&node->stacks);
	pthread_mutex_destroy(&node->slot_lock);
	pthread_mutex_destroy(&node->end_lock);
	pthread_cond_destroy(&node->end_cond);
	tr_free(node);
}

tr_node *node_start(const tr_node_options *options, const struct kernel_options *kernel, tr_err *err)
{
	static const tr_node_options no_options;
	const tr_node_options *o = options != NULL ? options : &no_options;
	tr_err ignored;
	err = err != NULL ? err : &ignored;
	*err = TR_ENOMEM;
	tr_node *node = tr_alloc(sizeof *node);
	if (node == NULL)
		return NULL;
	pthread_mutex_init(&node->slot_lock, NULL);
	pthread_mutex_init(&node->end_lock, NULL);
	pthread_cond_init(&node->end_cond, NULL);
	set_options(node, o, kernel);
	fault_install();
	(void)seat_prepare(); /* without it a stuck scheduler keeps the actor that is next in line */
	stack_pool_init(&node->stacks, o->stack_size != 0 ? o->stack_size : DEFAULT_STACK);
	bool ok = make_slabs(node, o) &&
		  dirty_init(&node->dirty, o->dirty_threads != 0 ? o->dirty_threads : DEFAULT_DIRTY) &&
		  make_scheds(node);
	if (ok && !start_threads(node)) {
		*err = TR_ESYSTEM;
		ok = false;
	}
	if (!ok) {
		stop_threads(node);
		node_fini(node);
		return NULL;
	}
	fault_add_node(node);
	*err = TR_OK;
	return node;
}

tr_node *tr_node_start(const tr_node_options *options, tr_err *err)
{
	static const struct kernel_options threads;
	return node_start(options, &threads, err);
}

uint32_t node_used_slots(tr_node *node)
{
	spin_lock(&node->actors.lock);
	uint32_t n = node->actors.bump;
	spin_unlock(&node->actors.lock);
	return n;
}

/* Kill everything that lives now. New actors are refused already. */
static void kill_all(tr_node *node)
{
	struct sched *s = node_enter(node);
	uint32_t slots = node_used_slots(node);
	for (uint32_t i = 0; i < slots; i++) {
		struct actor *a = slab_at(&node->actors, i);
		tr_pid pid = a == NULL ? (tr_pid){0} : actor_pid(a);
		if (pid.bits != 0)
			signal_send(s, pid, (struct signal_spec){.kind = ENV_EXIT, .value = TR_A(kill)});
	}
	node_leave(node, s);
}

void node_close(tr_node *node)
{
	atomic_store(&node->stopping, 1);
	kill_all(node);
}

/* False when it took too long. By the machine's clock: the node's may stand still. */
static bool wait_for_the_last(tr_node *node, int64_t timeout_ns)
{
	if (node->manual) {
		while (sched_step(node, NULL, NULL))
			continue;
		return true;
	}
	int64_t began = clock_monotonic_ns(NULL);
	bool in_time = true;
	pthread_mutex_lock(&node->end_lock);
	while (atomic_load(&node->actors_live) > 0 && in_time) {
		struct timespec t;
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_nsec += 5000000;
		t.tv_sec += t.tv_nsec / 1000000000;
		t.tv_nsec %= 1000000000;
		/* Again now and then: one that was just being spawned may have been missed. */
		if (pthread_cond_timedwait(&node->end_cond, &node->end_lock, &t) != 0) {
			pthread_mutex_unlock(&node->end_lock);
			kill_all(node);
			pthread_mutex_lock(&node->end_lock);
		}
		in_time = timeout_ns == TR_FOREVER || clock_monotonic_ns(NULL) - began < timeout_ns;
	}
	bool all = atomic_load(&node->actors_live) == 0;
	pthread_mutex_unlock(&node->end_lock);
	return all;
}

void tr_node_stop(tr_node **node)
{
	(void)tr_node_stop_within(node, TR_FOREVER);
}

bool tr_node_stop_within(tr_node **node, int64_t timeout_ns)
{
	tr_node *n = *node;
	if (n == NULL)
		return true;
	CHECK(sched_self() == NULL || sched_self()->node != n || n->manual); /* not from inside an actor */
	fault_remove_node(n);
	node_close(n);
	if (!wait_for_the_last(n, timeout_ns))
		return false;
	*node = NULL;
	atomic_store(&n->stopping, 2);
	watch_stop(n); /* it looks into what a slot holds */
	node_slots_fini(n);
	stop_threads(n);
	node_fini(n);
	return true;
}
