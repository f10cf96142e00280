/* SPDX-License-Identifier: Apache-2.0 */
/* What a world sees of its actors: the hash of deliveries, the trace, and the faults that strike at a message. */
#include <stdarg.h>
#include <stdio.h>

#include "runtime/actor/signal.h"
#include "runtime/sim/world.h"
#include "runtime/value/alloc.h"

/* ---- telling ------------------------------------------------------------------------------------------------------
 */

void sim_tell(struct sim_world *w, const char *fmt, ...)
{
	va_list args;
	if (!w->options.trace)
		return;
	fprintf(stderr, "%12.6f ms  ", (double)w->now / 1e6);
	va_start(args, fmt);
	(void)vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

static void tell_value(struct sim_world *w, const char *what, tr_pid pid, const char *label, tr_value v)
{
	tr_buf text = {0};
	if (!w->options.trace)
		return;
	int64_t failing = alloc_fail_exchange(-1);
	tr_show(&text, tr_pid_value(pid), 64);
	tr_buf_puts(&text, label != NULL ? " " : "");
	tr_buf_puts(&text, label != NULL ? label : "");
	tr_buf_puts(&text, what);
	tr_show(&text, v, 300);
	sim_tell(w, "%s", text.err == TR_OK ? text.p : "…");
	tr_buf_fini(&text);
	(void)alloc_fail_exchange(failing);
}

static const char *label_of(tr_node *node, tr_pid pid)
{
	struct actor *a = node_actor(node, pid);
	return a == NULL ? NULL : atomic_load_explicit(&a->label, memory_order_relaxed);
}

void sim_report(void *arg, tr_value report)
{
	struct sim_node *n = arg;
	tell_value(n->world, ": ", (tr_pid){0}, "report", report);
	tr_drop(report);
}

/* ---- the hash -----------------------------------------------------------------------------------------------------
 */

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ (h >> 29);
}

static uint64_t mix_text(uint64_t h, tr_str s)
{
	for (size_t i = 0; i < s.n && i < 64; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
	return mix(h, s.n);
}

/* Unlike tr_hash the same in every process: numbers of atoms and addresses are no part of it. */
static uint64_t fingerprint(uint64_t h, tr_value v, int depth)
{
	h = mix(h, v.type);
	switch (tr_type_of(v)) {
	case TR_BOOL:
	case TR_INT:
	case TR_FLOAT:
	case TR_PID:
	case TR_REF:
		return mix(h, v.as.bits);
	case TR_ATOM:
	case TR_STRING:
	case TR_BINARY:
		return mix_text(h, tr_as_str(v));
	case TR_ARRAY:
		h = mix(h, tr_array_len(v));
		for (size_t i = 0; depth > 0 && i < tr_array_len(v) && i < 8; i++)
			h = fingerprint(h, tr_array_at(v, i), depth - 1);
		return h;
	case TR_MAP:
		h = mix(h, tr_map_len(v));
		for (size_t i = 0; depth > 0 && i < tr_map_len(v) && i < 8; i++)
			h = fingerprint(h, tr_map_entries(v)[i].value, depth - 1);
		return h;
	default:
		return h;
	}
}

/* ---- targets ------------------------------------------------------------------------------------------------------
 */

static struct sim_target *target_at(struct sim_node *n, tr_pid pid)
{
	uint32_t slot = pid_slot(pid);
	return slot < n->n_targets && n->targets[slot].pid == pid.bits ? &n->targets[slot] : NULL;
}

bool sim_target(struct sim_node *n, tr_pid pid, uint32_t messages)
{
	uint32_t slot = pid_slot(pid);
	if (slot >= n->n_targets) {
		size_t size = n->n_targets == 0 ? 64 : n->n_targets;
		while (size <= slot)
			size *= 2;
		int64_t failing = alloc_fail_exchange(-1);
		struct sim_target *big = tr_realloc(n->targets, size * sizeof *big);
		(void)alloc_fail_exchange(failing);
		if (big == NULL)
			return false;
		for (size_t i = n->n_targets; i < size; i++)
			big[i] = (struct sim_target){0, 0};
		n->targets = big;
		n->n_targets = size;
	}
	n->targets[slot] = (struct sim_target){pid.bits, messages};
	return true;
}

/* ---- the hooks ----------------------------------------------------------------------------------------------------
 */

static void crash(struct sim_world *w, struct actor *a)
{
	int64_t failing = alloc_fail_exchange(-1);
	tr_value reason = TR_LIST(TR_A(crash), tr_string("simulated"));
	(void)alloc_fail_exchange(failing);
	w->result.crashes++;
	actor_doom(a, tr_is_valid(reason) ? reason : TR_A(crash));
}

static void on_receive(void *arg, tr_node *node, tr_pid self, tr_value message)
{
	struct sim_node *n = arg;
	struct sim_world *w = n->world;
	w->result.hash = fingerprint(mix(mix(w->result.hash, (uint64_t)w->now), self.bits), message, 2);
	if (w->closing)
		return;
	tell_value(w, " gets ", self, label_of(node, self), message);
	if (w->slow_ns > 0) {
		sim_tell(w, "… and takes %.3f ms", (double)w->slow_ns / 1e6);
		w->now += w->slow_ns;
		w->slow_ns = 0;
	}
	struct sim_target *t = target_at(n, self);
	if (t == NULL || t->left == 0 || --t->left > 0)
		return;
	struct actor *a = node_actor(node, self);
	if (a != NULL && a->phase == PHASE_LIVE) {
		sim_tell(w, "… and crashes");
		crash(w, a);
	}
}

static void on_spawn(void *arg, tr_node *node, tr_pid parent, tr_pid child, const char *label)
{
	struct sim_node *n = arg;
	struct sim_world *w = n->world;
	(void)node;
	w->result.hash = mix(w->result.hash, child.bits ^ parent.bits << 1);
	tell_value(w, ": spawned by ", child, label, tr_pid_value(parent));
	if (w->faults.crash <= 0 || (w->main.bits == 0 && !w->options.keep_main_loose))
		return;
	const char *only = w->faults.crash_only;
	if (only != NULL && (label == NULL || !tr_str_is(tr_s(label), only)))
		return;
	if (sim_chance(w, w->faults.crash)) {
		uint32_t within = w->faults.crash_within != 0 ? w->faults.crash_within : 20;
		(void)sim_target(n, child, 1 + (uint32_t)sim_below(w, within));
	}
}

/* The place in the source of a check is in the text already; of another end of main the reason tells. */
static void main_ended(struct sim_world *w, tr_value reason)
{
	tr_buf text = {0};
	if (!TR_IS_A(reason, normal)) {
		int64_t failing = alloc_fail_exchange(-1);
		tr_show(&text, reason, 300);
		sim_failed(w, "main ended with %s", text.err == TR_OK ? text.p : "…");
		tr_buf_fini(&text);
		(void)alloc_fail_exchange(failing);
	}
	w->over = true;
}

static void on_exit(void *arg, tr_node *node, tr_pid pid, tr_value reason)
{
	struct sim_node *n = arg;
	struct sim_world *w = n->world;
	if (w->closing)
		return;
	w->result.hash = fingerprint(mix(w->result.hash, pid.bits), reason, 2);
	tell_value(w, " ends with ", pid, label_of(node, pid), reason);
	if (pid.bits == w->main.bits)
		main_ended(w, reason);
}

struct kernel_hooks sim_hooks(struct sim_node *n)
{
	return (struct kernel_hooks){.arg = n, .on_receive = on_receive, .on_spawn = on_spawn, .on_exit = on_exit};
}
