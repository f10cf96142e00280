/* SPDX-License-Identifier: Apache-2.0 */
/* Reachability by dominators beside a plain search, on many small random graphs and on the shapes of large workflows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "actors/engine/reach.h"

#define MOST 40u

struct graph {
	uint32_t n, arcs;
	uint32_t *first, *before;
};

static struct graph graph_new(uint32_t n, uint32_t arcs)
{
	struct graph g = {
	    .n = n, .first = calloc(n + 1, sizeof(uint32_t)), .before = calloc(arcs + 1, sizeof(uint32_t))};

	assert_non_null(g.first);
	assert_non_null(g.before);
	return g;
}

/* In the order of the nodes. */
static void node_done(struct graph *g, uint32_t v)
{
	g->first[v + 1] = g->arcs;
}

static void arc(struct graph *g, uint32_t before)
{
	g->before[g->arcs++] = before;
}

static void graph_free(struct graph *g)
{
	free(g->first);
	free(g->before);
}

static uint32_t seed;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(seed >> 4) * n >> 28);
}

/* Arcs only lead from lower to higher ranks; the ranks are shuffled, so that numbers say nothing. */
static struct graph random_graph(uint32_t n, uint32_t percent)
{
	struct graph g = graph_new(n, n * n);
	uint32_t rank[MOST];

	for (uint32_t i = 0; i < n; i++)
		rank[i] = i;
	for (uint32_t i = n; i > 1; i--) {
		uint32_t k = random_below(i), kept = rank[i - 1];

		rank[i - 1] = rank[k];
		rank[k] = kept;
	}
	for (uint32_t v = 0; v < n; v++) {
		for (uint32_t x = 0; x < n; x++)
			if (rank[x] < rank[v] && random_below(100) < percent)
				arc(&g, x);
		node_done(&g, v);
	}
	return g;
}

/* All that reaches v, by going back. */
static void search(const struct graph *g, uint32_t v, bool found[MOST])
{
	for (uint32_t a = g->first[v]; a < g->first[v + 1]; a++) {
		if (found[g->before[a]])
			continue;
		found[g->before[a]] = true;
		search(g, g->before[a], found);
	}
}

static void compare(const struct graph *g)
{
	reach *r = reach_new(g->n, g->first, g->before);

	assert_non_null(r);
	for (uint32_t v = 0; v < g->n; v++) {
		bool found[MOST] = {false};

		search(g, v, found);
		for (uint32_t x = 0; x < g->n; x++)
			if (reach_is(r, x, v) != found[x])
				fail_msg("%u nodes, %u arcs: from %u to %u it says %d", g->n, g->arcs, x, v, !found[x]);
	}
	reach_free(&r);
	assert_null(r);
}

static void agrees_with_a_search(void **state)
{
	(void)state;
	for (seed = 1; seed <= 3000;) {
		uint32_t begun = seed;
		struct graph g = random_graph(1 + random_below(MOST), 1 + random_below(40));

		compare(&g);
		graph_free(&g);
		seed = begun + 1;
	}
}

/* 0 -> (1 | 2) -> 3 -> (4 | 5) -> 6 …: every third node is a join. */
static void a_ladder_costs_what_it_has(void **state)
{
	const uint32_t diamonds = 200000, n = diamonds * 3 + 1;
	struct graph g = graph_new(n, diamonds * 4);
	reach *r;

	(void)state;
	node_done(&g, 0);
	for (uint32_t i = 0; i < diamonds; i++) {
		uint32_t top = i * 3;

		arc(&g, top);
		node_done(&g, top + 1);
		arc(&g, top);
		node_done(&g, top + 2);
		arc(&g, top + 1);
		arc(&g, top + 2);
		node_done(&g, top + 3);
	}
	r = reach_new(g.n, g.first, g.before);
	assert_non_null(r);
	for (uint32_t i = 0; i + 1 < diamonds; i += 997) {
		uint32_t top = i * 3;

		assert_true(reach_is(r, top + 1, top + 3));
		assert_true(reach_is(r, top + 2, n - 1));
		assert_true(reach_is(r, 0, top + 3));
		assert_false(reach_is(r, top + 1, top + 2));
		assert_false(reach_is(r, top + 3, top + 1));
		assert_false(reach_is(r, n - 1, top));
	}
	reach_free(&r);
	graph_free(&g);
}

/* A fan of branches of two steps each, which meet. */
static void a_fan_meets(void **state)
{
	const uint32_t branches = 50000, meet = branches * 2 + 1;
	struct graph g = graph_new(meet + 1, branches * 3);
	reach *r;

	(void)state;
	node_done(&g, 0);
	for (uint32_t i = 0; i < branches; i++) {
		arc(&g, 0);
		node_done(&g, 1 + 2 * i);
		arc(&g, 1 + 2 * i);
		node_done(&g, 2 + 2 * i);
	}
	for (uint32_t i = 0; i < branches; i++)
		arc(&g, 2 + 2 * i);
	node_done(&g, meet);
	r = reach_new(g.n, g.first, g.before);
	assert_non_null(r);
	for (uint32_t i = 0; i < branches; i += 331) {
		assert_true(reach_is(r, 1 + 2 * i, meet));
		assert_true(reach_is(r, 2 + 2 * i, meet));
		assert_true(reach_is(r, 1 + 2 * i, 2 + 2 * i));
		assert_false(reach_is(r, 1 + 2 * i, 2 + 2 * ((i + 1) % branches)));
	}
	assert_false(reach_is(r, meet, meet));
	reach_free(&r);
	graph_free(&g);
}

static void nothing_is_no_graph(void **state)
{
	const uint32_t first[1] = {0};
	reach *r = reach_new(0, first, NULL);

	(void)state;
	assert_non_null(r);
	reach_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(agrees_with_a_search),
	    cmocka_unit_test(a_ladder_costs_what_it_has),
	    cmocka_unit_test(a_fan_meets),
	    cmocka_unit_test(nothing_is_no_graph),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
