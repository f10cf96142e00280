/* SPDX-License-Identifier: Apache-2.0 */
/* What a crash dump tells: the cause, the actor that ran, the schedulers, the tree. */
#include "runtime/actor/dump.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "runtime/actor/dump_out.h"
#include "runtime/actor/mailbox.h"
#include "runtime/actor/symbol.h"

#define FRAMES_MAX   48u
#define MESSAGES_MAX 20u
#define ACTORS_MAX   100000u
#define MESSAGE_TEXT 2000u
#define DEPTH_MAX    64u

/* The handler must reach it without the loader's help. */
static _Thread_local sigjmp_buf *volatile guard __attribute__((tls_model("initial-exec")));

sigjmp_buf *dump_guard(void)
{
	return guard;
}

/* Perform one part of the dump; if it faults, say so and go on with the next. */
static void part(struct dump_out *o, void (*tell)(struct dump_out *o, void *what), void *what)
{
	sigjmp_buf here;
	if (sigsetjmp(here, 0) == 0) {
		guard = &here;
		tell(o, what);
	} else {
		out_f(o, " (what comes here cannot be read)\n");
	}
	guard = NULL;
	out_flush(o);
}

/* ---- the cause ----------------------------------------------------------------------------------------------------
 */

static void tell_frames(struct dump_out *o, void *what)
{
	const struct dump_cause *cause = what;
	struct symbol symbols[FRAMES_MAX];
	size_t n = cause->n_frames < FRAMES_MAX ? cause->n_frames : FRAMES_MAX;
	for (size_t i = 0; i < n; i++)
		symbols[i] = (struct symbol){.address = cause->frames[i], .returns = true};
	symbols_find(symbols, n);
	out_f(o, "backtrace:\n");
	for (size_t i = 0; i < n; i++) {
		const struct symbol *y = &symbols[i];
		out_f(o, "  #%-2zu %p %s+0x%zx (%s, addr2line 0x%zx)\n", i, y->address,
		      y->function[0] != 0 ? y->function : "?", y->offset, y->object[0] != 0 ? y->object : "?",
		      (size_t)y->in_file);
	}
}

static void tell_cause(struct dump_out *o, void *what)
{
	const struct dump_cause *cause = what;
	char thread[17] = "";
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	(void)prctl(PR_GET_NAME, thread);
	out_f(o, "troupe: crash dump: %s%s%s\n", cause->what, cause->where[0] == 0 ? "" : " at ", cause->where);
	out_f(o, "  version %s, process %d, thread %s, time %lld.%06ld\n", TR_VERSION_STRING, (int)getpid(), thread,
	      (long long)now.tv_sec, now.tv_nsec / 1000);
}

/* ---- the actor that ran ---------------------------------------------------------------------------------------------
 */

static const char *or_dash(const char *text)
{
	return text != NULL ? text : "-";
}

static const char *name_of(tr_node *node, tr_pid pid)
{
	return or_dash(registry_peek(node, pid));
}

static const char *behaviour_of(struct actor *a)
{
	return atomic_load_explicit(&a->is_body, memory_order_relaxed) ? "-" : or_dash(a->code.behaviour->name);
}

static void tell_actor(struct dump_out *o, void *what)
{
	struct actor *a = what;
	out_f(o, "  actor ");
	out_pid(o, actor_pid(a));
	out_f(o, ", label %s, behaviour %s, name %s, mailbox %u, messages received %llu, reductions %llu\n",
	      or_dash(atomic_load_explicit(&a->label, memory_order_relaxed)), behaviour_of(a),
	      name_of(sched_self()->node, actor_pid(a)), atomic_load_explicit(&a->queued, memory_order_relaxed),
	      (unsigned long long)a->messages_in, (unsigned long long)a->reductions);
}

static void tell_messages(struct dump_out *o, void *what)
{
	struct actor *a = what;
	uint32_t n = 0;
	if (a->handling != NULL) {
		out_f(o, "  handling: ");
		out_value(o, a->handling->value, MESSAGE_TEXT);
		out_f(o, "\n");
	}
	for (const struct envelope *e = a->head; e != NULL && n < MESSAGES_MAX; e = e->next, n++) {
		out_f(o, "  waits %u: ", n);
		out_value(o, e->value, MESSAGE_TEXT);
		out_f(o, "\n");
	}
}

static void tell_note(struct dump_out *o, void *what)
{
	struct actor *a = what;
	if (a->extra == NULL || !tr_is_valid(a->extra->note))
		return;
	out_f(o, "  note: ");
	if (tr_is(a->extra->note, TR_STRING)) /* inspection shows it to anybody: a plugin, a step */
		out_name(o, tr_as_str(a->extra->note), MESSAGE_TEXT);
	else
		out_value(o, a->extra->note, MESSAGE_TEXT);
	out_f(o, "\n");
}

static void tell_relations(struct dump_out *o, void *what)
{
	struct actor *a = what;
	struct relation *e;
	uint32_t at = 0, n = 0;
	while (a->relations != NULL && (e = relation_next(a->relations, &at)) != NULL && n++ < 100) {
		if (e->kind != REL_LINK && e->kind != REL_MONITOR && e->kind != REL_MONITORED_BY)
			continue;
		out_f(o, e->kind == REL_LINK      ? "  linked to "
			 : e->kind == REL_MONITOR ? "  monitors "
						  : "  monitored by ");
		out_pid(o, (tr_pid){e->kind == REL_LINK ? e->key : e->peer});
		out_f(o, "\n");
	}
}

/* ---- the node -------------------------------------------------------------------------------------------------------
 */

static void tell_node(struct dump_out *o, void *what)
{
	tr_node *node = what;
	out_f(o, "node %s: actors %u (at most %u), schedulers %u, up %lld ms\n", node->name,
	      atomic_load(&node->actors_live), atomic_load(&node->actors_peak), node->n_scheds,
	      (long long)((node_now(node) - node->started_ns) / 1000000));
	uint32_t n = atomic_load(&node->sched_count);
	for (uint32_t i = 0; i < n; i++) {
		struct sched *s = atomic_load(&node->scheds[i]);
		tr_pid at = {atomic_load_explicit(&s->at, memory_order_relaxed)};
		out_f(o, "  scheduler %u: queue %u, ", s->id, runq_length(&s->fifo) + deque_length(&s->lifo));
		if (at.bits != 0)
			out_pid(o, at);
		out_f(o, at.bits != 0 ? " runs\n" : "idle\n");
	}
}

/* An actor in the tree. */
struct leaf {
	uint64_t parent;
	uint64_t pid;
	struct actor *actor;
	tr_node *node;
	bool told;
};

static bool before(const struct leaf *x, const struct leaf *y)
{
	return x->parent != y->parent ? x->parent < y->parent : x->pid < y->pid;
}

static void sift(struct leaf *all, size_t at, size_t n)
{
	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && before(&all[child], &all[child + 1]))
			child++;
		if (!before(&all[at], &all[child]))
			return;
		struct leaf x = all[at];
		all[at] = all[child];
		all[child] = x;
	}
}

/* By parent; qsort may allocate. */
static void sort(struct leaf *all, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sift(all, i, n);
	for (size_t end = n; end-- > 1;) {
		struct leaf x = all[0];
		all[0] = all[end];
		all[end] = x;
		sift(all, 0, end);
	}
}

static size_t collect(tr_node *node, struct leaf *all)
{
	size_t n = 0;
	uint32_t slots = node->actors.bump;
	for (uint32_t i = 0; i < slots && n < ACTORS_MAX; i++) {
		struct actor *a = slab_at(&node->actors, i);
		uint64_t pid = a == NULL ? 0 : atomic_load_explicit(&a->pid, memory_order_relaxed);
		if (pid != 0)
			all[n++] = (struct leaf){atomic_load_explicit(&a->supervisor, memory_order_relaxed), pid, a,
						 node, false};
	}
	return n;
}

static size_t first_child(const struct leaf *all, size_t n, uint64_t parent)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (all[middle].parent < parent)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const char *const states[] = {
    [STATUS_FREE] = "ends",     [STATUS_READY] = "ready", [STATUS_RUNNING] = "runs",        [STATUS_WAITING] = "waits",
    [STATUS_PARKED] = "parked", [STATUS_DIRTY] = "dirty", [STATUS_SUSPENDED] = "suspended", [STATUS_EXITING] = "ends",
};

static void tell_leaf(struct dump_out *o, const struct leaf *leaf, unsigned depth)
{
	struct actor *a = leaf->actor;
	const char *label = atomic_load_explicit(&a->label, memory_order_relaxed);
	uint8_t status = atomic_load_explicit(&a->status, memory_order_relaxed);
	out_f(o, "%*s", (int)(2 * depth + 2), "");
	out_pid(o, (tr_pid){leaf->pid});
	out_f(o, " %s, label %s, behaviour %s, %s, mailbox %u\n", name_of(leaf->node, (tr_pid){leaf->pid}),
	      or_dash(label), behaviour_of(a), status < sizeof states / sizeof states[0] ? states[status] : "?",
	      atomic_load_explicit(&a->queued, memory_order_relaxed));
}

static void tell_children(struct dump_out *o, struct leaf *all, size_t n, uint64_t parent, unsigned depth)
{
	for (size_t i = first_child(all, n, parent); i < n && all[i].parent == parent; i++) {
		if (all[i].told)
			continue;
		all[i].told = true;
		tell_leaf(o, &all[i], depth);
		if (depth < DEPTH_MAX)
			tell_children(o, all, n, all[i].pid, depth + 1);
	}
}

/* Is whoever this one stands under there? Pids are not sorted, so this asks the table. */
static bool has_parent(tr_node *node, const struct leaf *leaf)
{
	return leaf->parent != 0 && leaf->parent != leaf->pid && node_actor(node, (tr_pid){leaf->parent}) != NULL;
}

static void tell_tree(struct dump_out *o, void *what)
{
	tr_node *node = what;
	size_t bytes = ACTORS_MAX * sizeof(struct leaf);
	struct leaf *all = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		return;
	size_t n = collect(node, all);
	sort(all, n);
	out_f(o, "actors, each under the one that started or supervises it:\n");
	for (size_t i = 0; i < n; i++) {
		if (all[i].told || has_parent(node, &all[i]))
			continue;
		all[i].told = true;
		tell_leaf(o, &all[i], 0);
		tell_children(o, all, n, all[i].pid, 1);
	}
	if (n == ACTORS_MAX)
		out_f(o, "  and more: only the first %u were looked at\n", ACTORS_MAX);
	(void)munmap(all, bytes);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------
 */

static struct actor *running(void)
{
	struct sched *s = sched_self();
	return s != NULL ? s->current : NULL;
}

static void tell_head(struct dump_out *o, const struct dump_cause *cause)
{
	struct dump_cause copy = *cause;
	struct actor *a = running();
	part(o, tell_cause, &copy);
	if (a != NULL)
		part(o, tell_actor, a);
	part(o, tell_frames, &copy);
}

void dump_crash(const struct dump_cause *cause, tr_node *const *nodes, size_t n_nodes, const char *file)
{
	struct dump_out o = {.fd = STDERR_FILENO};
	struct actor *a = running();
	tell_head(&o, cause);
	if (file == NULL || file[0] == 0)
		return;
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		out_f(&o, "troupe: the crash dump %s could not be written\n", file);
		out_flush(&o);
		return;
	}
	o.fd = fd;
	tell_head(&o, cause);
	if (a != NULL) {
		part(&o, tell_messages, a);
		part(&o, tell_note, a);
		part(&o, tell_relations, a);
	}
	for (size_t i = 0; i < n_nodes; i++) {
		part(&o, tell_node, nodes[i]);
		part(&o, tell_tree, nodes[i]);
	}
	out_f(&o, "end of the crash dump\n");
	out_flush(&o);
	close(fd);
	o.fd = STDERR_FILENO;
	out_f(&o, "troupe: crash dump written to %s\n", file);
	out_flush(&o);
}
