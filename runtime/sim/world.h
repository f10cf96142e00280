/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated world: nodes in manual mode, one clock, one generator of random numbers, and events (what is under way
 * between nodes, faults to come) in order of time. All of it belongs to the thread that runs it.
 */
#ifndef TROUPE_SIM_WORLD_H
#define TROUPE_SIM_WORLD_H

#include <troupe/sim.h>

#include "runtime/actor/node.h"

enum sim_event_kind {
	SIM_FRAME,     /* arrives at node `b` */
	SIM_LOST,      /* nodes `a` and `b` learn that their connection is lost */
	SIM_HEAL,      /* it comes up again */
	SIM_PARTITION, /* faults from here on: the world does not wait for them */
	SIM_JUMP
};

struct sim_event {
	int64_t at;
	uint64_t number; /* of making: decides between equal times */
	enum sim_event_kind kind;
	uint8_t a, b;
	bool payload;
	uint32_t epoch; /* of the connection when it was sent */
	char *bytes;
	size_t n;
};

/** A connection of two nodes. */
struct sim_pair {
	uint32_t epoch; /* counts losses */
	bool down;
	bool told;    /* both sides know that it is down */
	bool heal;    /* to be up as soon as they know */
	bool planned; /* its next partition is among the events */
};

/** An actor that is to crash, by slot. */
struct sim_target {
	uint64_t pid;
	uint32_t left; /* messages; 0: none */
};

struct sim_node {
	struct sim_world *world;
	tr_node *node;
	uint8_t id;
	struct kernel_hooks hooks;
	struct sim_target *targets;
	size_t n_targets;
	int64_t last_arrival[TR_SIM_NODES_MAX]; /* by sender: what is not reordered arrives after this */
};

struct sim_world {
	tr_sim_options options;
	tr_sim_faults faults; /* all zero after tr_sim_calm */
	tr_sim_result result;
	uint64_t random;
	int64_t now;
	int64_t wall_offset_us;
	int64_t slow_ns;    /* what the next message handled takes */
	int64_t fail_alloc; /* how many allocations ahead; -1: none */
	bool jump_planned;
	bool closing;
	bool over; /* main has ended, or something failed */
	tr_pid main;
	uint32_t n_nodes;
	struct sim_node nodes[TR_SIM_NODES_MAX];
	struct sim_pair pairs[TR_SIM_NODES_MAX][TR_SIM_NODES_MAX]; /* [lesser][greater] */
	struct sim_event *events;                                  /* a heap */
	size_t n_events, cap_events;
	size_t n_awaited; /* of them: not mere faults */
	uint64_t event_number;
};

/** The world of the calling actor; NULL outside of simulated ones. */
struct sim_world *sim_here(void);

/* world.c */
uint64_t sim_random(struct sim_world *w);
static inline uint64_t sim_below(struct sim_world *w, uint64_t n)
{
	return n == 0 ? 0 : sim_random(w) % n;
}
static inline bool sim_chance(struct sim_world *w, double p)
{
	return p > 0 && (double)(sim_random(w) >> 11) * 0x1.0p-53 < p;
}
/** A time until something that happens `rate` times a second on average. */
int64_t sim_interval(struct sim_world *w, double rate);
/** Other faults from now on. False without memory. */
bool sim_set_faults(struct sim_world *w, const tr_sim_faults *faults);
/** The run fails; the first failure counts. */
void sim_failed(struct sim_world *w, const char *fmt, ...) TR_PRINTF(2, 3);

/* events.c */
bool sim_event_add(struct sim_world *w, struct sim_event e);
bool sim_event_take(struct sim_world *w, int64_t until, struct sim_event *e);
int64_t sim_event_next(const struct sim_world *w);

/* network.c */
tr_err sim_net_send(void *arg, const tr_frame *frame);
void sim_net_event(struct sim_world *w, struct sim_event *e);
void sim_net_cut(struct sim_world *w, uint8_t a, uint8_t b);
void sim_net_heal(struct sim_world *w, uint8_t a, uint8_t b);
/** Whatever is still under way counts as dropped. */
void sim_net_close(struct sim_world *w);

/* watch.c: what the hooks see, count and do */
struct kernel_hooks sim_hooks(struct sim_node *n);
void sim_report(void *arg, tr_value report);
bool sim_target(struct sim_node *n, tr_pid pid, uint32_t messages);
/** A line of the trace. */
void sim_tell(struct sim_world *w, const char *fmt, ...) TR_PRINTF(2, 3);

#endif
