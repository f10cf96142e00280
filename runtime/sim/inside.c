/* SPDX-License-Identifier: Apache-2.0 */
/* What actors of a simulated world may ask of it. */
#include <stdio.h>
#include <string.h>

#include "runtime/sim/world.h"
#include "runtime/value/alloc.h"

void tr_sim_fail(const char *file, int line, const char *text)
{
	struct sim_world *w = sim_here();
	struct actor *a = sched_actor();
	const char *label = a == NULL ? NULL : atomic_load_explicit(&a->label, memory_order_relaxed);
	if (w != NULL)
		sim_failed(w, "%s (%s:%d), in %s", text, file, line,
			   label != NULL ? label : "an actor without a label");
	tr_exitf("%s (%s:%d)", text, file, line);
}

static struct sim_node *node_number(struct sim_world *w, uint8_t number)
{
	return w != NULL && number >= 1 && number <= w->n_nodes ? &w->nodes[number - 1] : NULL;
}

tr_node *tr_sim_node(uint8_t number)
{
	struct sim_node *n = node_number(sim_here(), number);
	return n == NULL ? NULL : n->node;
}

tr_spawned tr_sim_spawn(uint8_t node, tr_body *body, tr_value arg, const tr_spawn_options *options)
{
	tr_node *there = tr_sim_node(node);
	if (there == NULL) {
		tr_drop(arg);
		return (tr_spawned){.err = TR_EINVAL};
	}
	return tr_node_spawn(there, body, arg, options);
}

void tr_sim_set_faults(const tr_sim_faults *faults)
{
	struct sim_world *w = sim_here();
	if (w == NULL)
		return;
	(void)alloc_fail_exchange(-1);
	if (!sim_set_faults(w, faults))
		sim_failed(w, "no memory for the world");
	(void)alloc_fail_exchange(w->fail_alloc);
}

void tr_sim_calm(void)
{
	static const tr_sim_faults none;
	struct sim_world *w = sim_here();
	if (w == NULL)
		return;
	tr_sim_set_faults(&none);
	for (uint32_t i = 0; i < w->n_nodes; i++)
		for (size_t t = 0; t < w->nodes[i].n_targets; t++)
			w->nodes[i].targets[t].left = 0;
	for (uint8_t a = 1; a <= w->n_nodes; a++)
		for (uint8_t b = (uint8_t)(a + 1); b <= w->n_nodes; b++)
			sim_net_heal(w, a, b);
	sim_tell(w, "calm");
}

void tr_sim_connect(uint8_t a, uint8_t b, bool up)
{
	struct sim_world *w = sim_here();
	if (w != NULL && up)
		sim_net_heal(w, a, b);
	else if (w != NULL)
		sim_net_cut(w, a, b);
}

tr_err tr_sim_crash_at(tr_pid pid, uint32_t n)
{
	struct sim_world *w = sim_here();
	struct sim_node *at = node_number(w, tr_pid_node(pid));
	if (w == NULL)
		return TR_ENOTACTOR;
	if (at == NULL || node_actor(at->node, pid) == NULL)
		return TR_ENOPROC;
	return sim_target(at, pid, n) ? TR_OK : TR_ENOMEM;
}

void tr_sim_clock_jump(int64_t by_us)
{
	struct sim_world *w = sim_here();
	if (w != NULL)
		w->wall_offset_us += by_us;
}

void tr_sim_fail_alloc(int64_t n)
{
	struct sim_world *w = sim_here();
	if (w == NULL)
		return;
	w->fail_alloc = n;
	(void)alloc_fail_exchange(n);
}

uint64_t tr_sim_draw(uint64_t n)
{
	struct sim_world *w = sim_here();
	return w == NULL ? 0 : sim_below(w, n);
}
