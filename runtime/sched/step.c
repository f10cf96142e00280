/* SPDX-License-Identifier: Apache-2.0 */
/* One slice at a time. */
#include "runtime/sched/step.h"

#include <sched.h>

#include "runtime/actor/node.h"

void step_fire(tr_node *node)
{
	struct sched *before = sched_self();
	CHECK(node->manual);
	CHECK(before == NULL || before->current == NULL); /* not from inside an actor */
	sched_set_self(atomic_load(&node->scheds[0]));
	sched_timers(sched_self(), node_now(node));
	sched_set_self(before);
}

bool step_run(tr_node *node, size_t i, uint32_t budget)
{
	struct sched *s = atomic_load(&node->scheds[0]);
	struct sched *before = sched_self();
	CHECK(node->manual);
	CHECK(before == NULL || before->current == NULL);
	s->chosen = lane_take(&node->inject.lane, (uint32_t)i);
	if (s->chosen == NULL)
		return false;
	s->quantum = budget != 0 && budget < SCHED_BUDGET ? (int32_t)budget : SCHED_BUDGET;
	sched_set_self(s);
	sched_run_loop(s);
	sched_set_self(before);
	return true;
}

bool sched_step(tr_node *node, step_pick *pick, void *arg)
{
	step_fire(node);
	uint32_t n = lane_length(&node->inject.lane);
	size_t i = pick != NULL && n > 1 ? pick(arg, n) : 0;
	return step_run(node, i < n ? i : 0, 0);
}

size_t step_ready(tr_node *node)
{
	return lane_length(&node->inject.lane);
}

int64_t step_next_timer(tr_node *node)
{
	return wheel_next(&atomic_load(&node->scheds[0])->wheel);
}

bool step_advance(tr_node *node)
{
	int64_t at = step_next_timer(node), before = node_now(node);
	if (at == WHEEL_NEVER)
		return false;
	if (at <= before)
		return true;
	sched_yield();
	return node_now(node) > before;
}
