/* SPDX-License-Identifier: Apache-2.0 */
/* The network between the nodes of a world: delays, losses, and connections that go down and come up. */
#include <string.h>

#include "runtime/sim/world.h"
#include "runtime/value/alloc.h"

#define DELAY_MIN  (TR_MS / 20)
#define DELAY_MAX  (2 * TR_MS)
#define NOTICE_MAX (20 * TR_MS) /* until both sides know of a loss */
#define OVERTAKE   4            /* a reordered frame takes up to so many times the longest delay */

static struct sim_pair *pair_of(struct sim_world *w, uint8_t a, uint8_t b)
{
	return a < b ? &w->pairs[a - 1][b - 1] : &w->pairs[b - 1][a - 1];
}

static bool is_node(const struct sim_world *w, uint8_t id)
{
	return id >= 1 && id <= w->n_nodes;
}

static int64_t delay(struct sim_world *w)
{
	int64_t least = w->faults.delay_min_ns, most = w->faults.delay_max_ns;
	if (least == 0 && most == 0) {
		least = DELAY_MIN;
		most = DELAY_MAX;
	}
	return least + (most > least ? (int64_t)sim_below(w, (uint64_t)(most - least)) : 0);
}

/* Put a copy of the frame on its way. */
static bool dispatch(struct sim_world *w, const tr_frame *frame, bool overtaken)
{
	struct sim_event e = {.kind = SIM_FRAME,
			      .at = w->now + delay(w),
			      .a = frame->from,
			      .b = frame->to,
			      .payload = frame->payload,
			      .epoch = pair_of(w, frame->from, frame->to)->epoch,
			      .bytes = alloc_raw(frame->bytes.n),
			      .n = frame->bytes.n};
	int64_t *last = &w->nodes[frame->to - 1].last_arrival[frame->from - 1];
	if (e.bytes == NULL)
		return false;
	memcpy(e.bytes, frame->bytes.p, e.n);
	if (overtaken)
		e.at += (int64_t)sim_below(w, (uint64_t)(e.at - w->now) * OVERTAKE + 1);
	else if (e.at <= *last)
		e.at = *last + 1;
	if (!overtaken)
		*last = e.at;
	if (sim_event_add(w, e))
		return true;
	tr_free(e.bytes);
	return false;
}

static tr_err carry(struct sim_world *w, const tr_frame *frame)
{
	struct sim_pair *p = is_node(w, frame->to) ? pair_of(w, frame->from, frame->to) : NULL;
	if (w->closing || p == NULL || p->told)
		return TR_ECLOSED;
	if (p->down || (frame->payload && sim_chance(w, w->faults.drop))) {
		w->result.dropped += frame->payload;
		sim_tell(w, "node %d to %d: lost", frame->from, frame->to);
		return TR_OK;
	}
	if (!dispatch(w, frame, frame->payload && sim_chance(w, w->faults.reorder)))
		return TR_ECLOSED;
	if (frame->payload && sim_chance(w, w->faults.duplicate) && dispatch(w, frame, true))
		w->result.duplicated++;
	return TR_OK;
}

tr_err sim_net_send(void *arg, const tr_frame *frame)
{
	struct sim_node *n = arg;
	/* The actor's allocations fail, the network's do not. */
	int64_t failing = alloc_fail_exchange(-1);
	tr_err err = carry(n->world, frame);
	(void)alloc_fail_exchange(failing);
	return err;
}

/* Of a frame whose connection was lost meanwhile nothing arrives. */
static void arrive(struct sim_world *w, struct sim_event *e)
{
	struct sim_pair *p = pair_of(w, e->a, e->b);
	bool lost = p->down || p->epoch != e->epoch;
	if (!lost)
		lost = tr_node_deliver(w->nodes[e->b - 1].node, (tr_str){e->bytes, e->n}) != TR_OK;
	if (lost)
		w->result.dropped += e->payload;
	tr_free(e->bytes);
}

void sim_net_cut(struct sim_world *w, uint8_t a, uint8_t b)
{
	if (!is_node(w, a) || !is_node(w, b) || a == b || w->closing)
		return;
	struct sim_pair *p = pair_of(w, a, b);
	p->heal = false;
	if (p->down)
		return;
	struct sim_event notice = {
	    .kind = SIM_LOST, .at = w->now + 1 + (int64_t)sim_below(w, NOTICE_MAX), .a = a, .b = b};
	if (!sim_event_add(w, notice))
		return;
	p->down = true;
	p->epoch++;
	w->result.partitions++;
	sim_tell(w, "node %d and %d: disconnected", a, b);
}

void sim_net_heal(struct sim_world *w, uint8_t a, uint8_t b)
{
	if (!is_node(w, a) || !is_node(w, b) || a == b)
		return;
	struct sim_pair *p = pair_of(w, a, b);
	if (!p->down)
		return;
	p->heal = true;
	if (!p->told)
		return; /* what is made from now on must not be taken for what was lost */
	p->down = p->told = p->heal = false;
	sim_tell(w, "node %d and %d: connected", a, b);
}

static void notice_loss(struct sim_world *w, uint8_t a, uint8_t b)
{
	struct sim_pair *p = pair_of(w, a, b);
	p->told = true;
	sim_tell(w, "node %d and %d: know that they are disconnected", a, b);
	(void)tr_node_lost(w->nodes[a - 1].node, b);
	(void)tr_node_lost(w->nodes[b - 1].node, a);
	if (p->heal)
		sim_net_heal(w, a, b);
}

static void partition(struct sim_world *w, struct sim_event *e)
{
	int64_t most = w->faults.partition_max_ns > 0 ? w->faults.partition_max_ns : 200 * TR_MS;
	pair_of(w, e->a, e->b)->planned = w->faults.partitions > 0;
	if (w->faults.partitions <= 0)
		return; /* calm */
	sim_net_cut(w, e->a, e->b);
	(void)sim_event_add(
	    w, (struct sim_event){
		   .kind = SIM_HEAL, .at = w->now + 1 + (int64_t)sim_below(w, (uint64_t)most), .a = e->a, .b = e->b});
	e->at = w->now + most + sim_interval(w, w->faults.partitions);
	(void)sim_event_add(w, *e);
}

void sim_net_event(struct sim_world *w, struct sim_event *e)
{
	switch (e->kind) {
	case SIM_FRAME:
		arrive(w, e);
		break;
	case SIM_LOST:
		notice_loss(w, e->a, e->b);
		break;
	case SIM_HEAL:
		sim_net_heal(w, e->a, e->b);
		break;
	case SIM_PARTITION:
		partition(w, e);
		break;
	case SIM_JUMP:
		break;
	}
}

void sim_net_close(struct sim_world *w)
{
	struct sim_event e;
	w->closing = true;
	while (sim_event_take(w, INT64_MAX, &e)) {
		w->result.dropped += e.payload;
		tr_free(e.bytes);
	}
}
