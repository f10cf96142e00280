/* SPDX-License-Identifier: Apache-2.0 */
/* Running a world: whose turn it is, when the clock moves, when it is over. */
#include "runtime/sim/world.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/sched/step.h"
#include "runtime/value/alloc.h"

#define MAX_STEPS    UINT64_C(10000000)
#define MAX_TIME     (3600 * TR_SECOND)
#define MAX_ACTORS   65536u
#define BEGIN_NS     TR_SECOND
#define BEGIN_US     INT64_C(1767225600000000) /* 2026-01-01 */
#define STEP_MIN_NS  200
#define STEP_SPAN_NS 5000
#define SHORT_SLICE  64

/* ---- the door to the world ----------------------------------------------------------------------------------------
 */

/* splitmix64 */
uint64_t sim_random(struct sim_world *w)
{
	uint64_t z = w->random += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

int64_t sim_interval(struct sim_world *w, double rate)
{
	double u = ((double)(sim_random(w) >> 11) + 1) * 0x1.0p-53;
	double seconds = -log(u) / rate;
	return seconds > 1e6 ? (int64_t)1e15 : 1 + (int64_t)(seconds * 1e9);
}

static int64_t world_now(void *arg)
{
	return ((struct sim_node *)arg)->world->now;
}

static int64_t world_wall(void *arg)
{
	struct sim_world *w = ((struct sim_node *)arg)->world;
	return BEGIN_US + w->wall_offset_us + w->now / 1000;
}

static uint64_t world_random(void *arg)
{
	return sim_random(((struct sim_node *)arg)->world);
}

static void world_refuse(void *arg, const char *what)
{
	struct sim_node *n = arg;
	sim_failed(n->world, "%s: there is no real input and output in a simulated world", what);
}

void sim_failed(struct sim_world *w, const char *fmt, ...)
{
	va_list args;
	w->over = true;
	if (w->result.verdict == TR_SIM_FAILED)
		return;
	w->result.verdict = TR_SIM_FAILED;
	va_start(args, fmt);
	(void)vsnprintf(w->result.text, sizeof w->result.text, fmt, args);
	va_end(args);
	sim_tell(w, "failed: %s", w->result.text);
}

struct sim_world *sim_here(void)
{
	struct sched *s = sched_self();
	struct sim_node *n = s == NULL ? NULL : tr_node_get(s->node, TR_SLOT_SIM);
	return n == NULL ? NULL : n->world;
}

/* ---- making -------------------------------------------------------------------------------------------------------
 */

static bool make_node(struct sim_world *w, uint32_t i)
{
	struct sim_node *n = &w->nodes[i];
	char name[16];
	tr_world world = {
	    .monotonic_ns = world_now, .wall_us = world_wall, .random = world_random, .arg = n, .refuse = world_refuse};
	tr_transport transport = {.send = sim_net_send, .arg = n};
	struct kernel_options manual = {.manual = true};
	(void)snprintf(name, sizeof name, "sim%u", i + 1);
	n->world = w;
	n->id = (uint8_t)(i + 1);
	n->hooks = sim_hooks(n);
	tr_node_options o = {.name = name,
			     .schedulers = 1,
			     .dirty_threads = 1,
			     .max_actors = w->options.max_actors,
			     .world = &world,
			     .report = sim_report,
			     .report_arg = n,
			     .id = n->id,
			     .transport = &transport};
	n->node = node_start(&o, &manual, NULL);
	if (n->node == NULL || tr_node_set(n->node, TR_SLOT_SIM, n, NULL) != TR_OK)
		return false;
	kernel_set_world_hooks(n->node, &n->hooks);
	return true;
}

static int64_t next_failing_alloc(struct sim_world *w)
{
	return w->faults.alloc > 0 ? sim_interval(w, w->faults.alloc) / TR_SECOND : -1;
}

static bool plan_partition(struct sim_world *w, uint8_t a, uint8_t b)
{
	struct sim_pair *p = &w->pairs[a - 1][b - 1];
	if (p->planned || w->faults.partitions <= 0)
		return true;
	p->planned = sim_event_add(
	    w, (struct sim_event){
		   .kind = SIM_PARTITION, .at = w->now + sim_interval(w, w->faults.partitions), .a = a, .b = b});
	return p->planned;
}

bool sim_set_faults(struct sim_world *w, const tr_sim_faults *faults)
{
	bool ok = true;
	w->faults = *faults;
	w->fail_alloc = next_failing_alloc(w);
	for (uint8_t a = 1; a <= w->n_nodes; a++)
		for (uint8_t b = (uint8_t)(a + 1); b <= w->n_nodes; b++)
			ok = ok && plan_partition(w, a, b);
	if (w->faults.clock_jumps > 0 && !w->jump_planned)
		ok = w->jump_planned = sim_event_add(
		    w, (struct sim_event){.kind = SIM_JUMP, .at = w->now + sim_interval(w, w->faults.clock_jumps)});
	return ok;
}

static bool world_begin(struct sim_world *w, uint64_t seed, const tr_sim_options *options)
{
	if (options != NULL)
		w->options = *options;
	w->n_nodes = w->options.nodes == 0 ? 1 : w->options.nodes;
	if (w->options.max_steps == 0)
		w->options.max_steps = MAX_STEPS;
	if (w->options.max_time_ns == 0)
		w->options.max_time_ns = MAX_TIME;
	if (w->options.max_actors == 0)
		w->options.max_actors = MAX_ACTORS;
	w->random = seed * UINT64_C(0xd1342543de82ef95) + 1;
	w->now = BEGIN_NS;
	w->result.seed = seed;
	w->fail_alloc = -1;
	if (w->n_nodes > TR_SIM_NODES_MAX) {
		w->n_nodes = 0;
		return false;
	}
	for (uint32_t i = 0; i < w->n_nodes; i++)
		if (!make_node(w, i))
			return false;
	return sim_set_faults(w, &w->options.faults);
}

/* ---- running ------------------------------------------------------------------------------------------------------
 */

static void jump(struct sim_world *w, struct sim_event *e)
{
	w->jump_planned = w->faults.clock_jumps > 0;
	if (!w->jump_planned)
		return;
	int64_t most = w->faults.clock_jump_max_us > 0 ? w->faults.clock_jump_max_us : INT64_C(3600000000);
	int64_t by = (int64_t)sim_below(w, (uint64_t)most * 2) - most;
	w->wall_offset_us += by;
	sim_tell(w, "the wall clock jumps by %.3f s", (double)by / 1e6);
	e->at = w->now + sim_interval(w, w->faults.clock_jumps);
	(void)sim_event_add(w, *e);
}

/* Everything that is due by now. */
static void catch_up(struct sim_world *w)
{
	struct sim_event e;
	while (sim_event_take(w, w->now, &e)) {
		if (e.kind == SIM_JUMP)
			jump(w, &e);
		else
			sim_net_event(w, &e);
	}
	for (uint32_t i = 0; i < w->n_nodes; i++)
		if (step_next_timer(w->nodes[i].node) <= w->now)
			step_fire(w->nodes[i].node);
}

static size_t all_ready(struct sim_world *w)
{
	size_t n = 0;
	for (uint32_t i = 0; i < w->n_nodes; i++)
		n += step_ready(w->nodes[i].node);
	return n;
}

/* Nobody is ready: move the clock to where something happens. False when nothing will. */
static bool skip(struct sim_world *w)
{
	int64_t at = INT64_MAX;
	for (uint32_t i = 0; i < w->n_nodes; i++) {
		int64_t next = step_next_timer(w->nodes[i].node);
		at = next < at ? next : at;
	}
	if (at == INT64_MAX && w->n_awaited == 0)
		return false;
	if (sim_event_next(w) < at)
		at = sim_event_next(w);
	w->now = at > w->now ? at : w->now + 1;
	return true;
}

static void arm_alloc(struct sim_world *w)
{
	if (w->fail_alloc >= 0)
		(void)alloc_fail_exchange(w->fail_alloc);
}

static void disarm_alloc(struct sim_world *w)
{
	bool was_armed = w->fail_alloc >= 0;
	w->fail_alloc = alloc_fail_exchange(-1);
	if (was_armed && w->fail_alloc < 0) {
		w->result.failed_allocs++;
		sim_tell(w, "an allocation has failed");
		w->fail_alloc = next_failing_alloc(w);
	}
}

/* One slice of one actor, drawn from all that are ready. */
static void step(struct sim_world *w, size_t ready)
{
	size_t i = (size_t)sim_below(w, ready);
	uint64_t draw = sim_random(w);
	uint32_t node = 0;
	while (i >= step_ready(w->nodes[node].node))
		i -= step_ready(w->nodes[node++].node);
	w->now += STEP_MIN_NS + (int64_t)(draw >> 32) % STEP_SPAN_NS;
	if (sim_chance(w, w->faults.slow))
		w->slow_ns =
		    1 + (int64_t)sim_below(w, w->faults.slow_max_ns > 0 ? (uint64_t)w->faults.slow_max_ns : 50 * TR_MS);
	arm_alloc(w);
	(void)step_run(w->nodes[node].node, i, draw & 1 ? 0 : 1 + (uint32_t)(draw >> 1) % SHORT_SLICE);
	disarm_alloc(w);
	w->now += w->slow_ns;
	w->slow_ns = 0;
	w->result.steps++;
}

static void run(struct sim_world *w)
{
	while (!w->over) {
		if (w->result.steps >= w->options.max_steps || w->now - BEGIN_NS >= w->options.max_time_ns) {
			w->result.verdict = TR_SIM_LIMIT;
			(void)snprintf(w->result.text, sizeof w->result.text, "a limit was reached: %llu steps, %.3f s",
				       (unsigned long long)w->result.steps, (double)(w->now - BEGIN_NS) / 1e9);
			return;
		}
		catch_up(w);
		size_t ready = all_ready(w);
		if (ready > 0) {
			step(w, ready);
		} else if (!skip(w)) {
			w->result.verdict = TR_SIM_QUIET;
			(void)snprintf(w->result.text, sizeof w->result.text,
				       "nothing can happen any more, and main has not ended");
			return;
		}
	}
}

/* ---- ending -------------------------------------------------------------------------------------------------------
 */

static void add_stats(tr_sim_result *r, const struct sched_stats *s)
{
	r->sent += atomic_load_explicit(&s->sent, memory_order_relaxed);
	r->received += atomic_load_explicit(&s->received, memory_order_relaxed);
	r->dead_letters += atomic_load_explicit(&s->dead, memory_order_relaxed);
	r->spawned += atomic_load_explicit(&s->spawned, memory_order_relaxed);
}

/* Kill what still lives, and count. */
static void settle(struct sim_world *w)
{
	tr_sim_result *r = &w->result;
	sim_net_close(w);
	for (uint32_t i = 0; i < w->n_nodes; i++)
		node_close(w->nodes[i].node);
	while (all_ready(w) > 0)
		for (uint32_t i = 0; i < w->n_nodes; i++)
			(void)step_run(w->nodes[i].node, 0, 0);
	for (uint32_t i = 0; i < w->n_nodes; i++) {
		add_stats(r, &atomic_load(&w->nodes[i].node->scheds[0])->stats);
		add_stats(r, &w->nodes[i].node->outside->stats);
	}
	r->time_ns = w->now - BEGIN_NS;
	if (r->sent + r->duplicated != r->received + r->dead_letters + r->dropped && r->verdict == TR_SIM_FINISHED)
		sim_failed(
		    w,
		    "messages are missing: %llu sent and %llu doubled, but %llu received, %llu dead and %llu dropped",
		    (unsigned long long)r->sent, (unsigned long long)r->duplicated, (unsigned long long)r->received,
		    (unsigned long long)r->dead_letters, (unsigned long long)r->dropped);
}

static void world_end(struct sim_world *w)
{
	for (uint32_t i = 0; i < w->n_nodes; i++) {
		tr_node_stop(&w->nodes[i].node);
		tr_free(w->nodes[i].targets);
	}
	tr_free(w->events);
}

tr_sim_result tr_sim_run(uint64_t seed, const tr_sim_options *options, tr_body *body, tr_value arg)
{
	static const tr_spawn_options main_options = {.label = "main"};
	struct sim_world *w = tr_alloc(sizeof *w);
	tr_sim_result result = {
	    .seed = seed, .verdict = TR_SIM_FAILED, .text = "no memory for the world, or too many nodes"};
	if (w == NULL) {
		tr_drop(arg);
		return result;
	}
	if (world_begin(w, seed, options)) {
		w->main = tr_node_spawn(w->nodes[0].node, body, arg, &main_options).pid;
		run(w);
		settle(w);
		result = w->result;
	} else {
		tr_drop(arg);
	}
	world_end(w);
	tr_free(w);
	return result;
}
