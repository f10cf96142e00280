/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who can reach whom in a graph without cycles, for many questions and without a table of all pairs.
 *
 * A node d dominates v when all ways to v lead through d. Nearest dominators make a tree. x reaches v at once when it
 * dominates v; otherwise all depends on the lowest node d that dominates both: with w the dominator of v right below d,
 * x reaches v when it reaches w, and a way from x to w does not pass d. So it is enough to keep, for each node where
 * ways meet, the nodes between its nearest dominator and itself: in a workflow of diamonds, fans and chains, about as
 * many in all as there are nodes.
 */
#ifndef TROUPE_ENGINE_REACH_H
#define TROUPE_ENGINE_REACH_H

#include <troupe/base.h>

typedef struct reach reach;

/* The nodes before node i are before[first[i]] … before[first[i + 1] - 1]; `first` has n + 1 numbers. NULL when memory
 * is short. Both arrays are only read here. */
reach *reach_new(uint32_t n, const uint32_t *first, const uint32_t *before);
void reach_free(reach **r);
/* Is there a way from x to another node v? False for x == v. */
bool reach_is(const reach *r, uint32_t x, uint32_t v);

#endif
