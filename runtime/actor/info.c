/* SPDX-License-Identifier: Apache-2.0 */
/* Looking in: one actor, all actors, the node's counters. Reads only what any thread may read. */
#include <stdlib.h>
#include <string.h>

#include "runtime/actor/mailbox.h"

static const char *const status_names[] = {
    [STATUS_FREE] = "exiting",        [STATUS_READY] = "ready",     [STATUS_RUNNING] = "running",
    [STATUS_WAITING] = "waiting",     [STATUS_PARKED] = "parked",   [STATUS_DIRTY] = "dirty",
    [STATUS_SUSPENDED] = "suspended", [STATUS_EXITING] = "exiting",
};
static const char *const priority_names[] = {
    [TR_PRIORITY_NORMAL] = "normal", [TR_PRIORITY_LOW] = "low", [TR_PRIORITY_HIGH] = "high"};

static tr_value text_or_nil(const char *text)
{
	return text == NULL ? tr_nil() : tr_string_lossy(text, strlen(text));
}

static tr_value pid_or_nil(uint64_t bits)
{
	return bits == 0 ? tr_nil() : tr_pid_value((tr_pid){bits});
}

/* What must be read under the actor's lock. */
struct locked_part {
	tr_value links, monitors, monitored_by, note;
	size_t memory;
	bool there;
};

static size_t locked_memory(const struct actor *a)
{
	size_t n = 0;
	if (a->relations != NULL)
		n += sizeof *a->relations + a->relations->capacity * sizeof(struct relation);
	if (a->extra != NULL)
		n += sizeof *a->extra + atomic_load_explicit(&a->extra->owned_bytes, memory_order_relaxed);
	return n;
}

/* Values are made under the lock; they are small, and the owner waits at most for this. */
static struct locked_part read_locked(struct actor *a, tr_pid pid)
{
	struct locked_part p = {tr_array(), tr_array(), tr_array(), tr_nil(), 0, false};
	struct relation *e;
	spin_lock(&a->lock);
	p.there = atomic_load_explicit(&a->pid, memory_order_acquire) == pid.bits;
	for (uint32_t i = 0; p.there && (e = relation_next(a->relations, &i)) != NULL;) {
		if (e->kind == REL_LINK)
			p.links = tr_array_push(p.links, tr_pid_value((tr_pid){e->key}));
		else if (e->kind == REL_MONITOR)
			p.monitors = tr_array_push(p.monitors, tr_pid_value((tr_pid){e->peer}));
		else if (e->kind == REL_MONITORED_BY)
			p.monitored_by = tr_array_push(p.monitored_by, tr_pid_value((tr_pid){e->peer}));
	}
	if (p.there)
		p.memory = locked_memory(a);
	if (p.there && a->extra != NULL && tr_is_valid(a->extra->note))
		p.note = tr_keep(a->extra->note);
	spin_unlock(&a->lock);
	return p;
}

/* The name is read only once it is sure that `code` was this actor's. */
const tr_behaviour *actor_behaviour(struct actor *a, tr_pid pid)
{
	bool body = atomic_load_explicit(&a->is_body, memory_order_acquire) != 0;
	const tr_behaviour *b = __atomic_load_n(&a->code.behaviour, __ATOMIC_ACQUIRE);
	if (body || atomic_load_explicit(&a->pid, memory_order_acquire) != pid.bits)
		return NULL;
	return b;
}

/* Stack headers stay mapped until the node ends, so a stale pointer is only a stale number. */
static uint32_t stack_in_use(struct actor *a)
{
	struct stack *k = actor_stack(a);
	return k == NULL ? 0 : (uint32_t)stack_used(k);
}

/* The parts that can be read without the lock. */
static size_t open_memory(struct actor *a, tr_pid pid, uint32_t *queued)
{
	const tr_behaviour *behaviour = actor_behaviour(a, pid);
	*queued = atomic_load_explicit(&a->queued, memory_order_relaxed);
	return sizeof *a + (behaviour != NULL ? behaviour->state_size : 0) + stack_in_use(a) +
	       *queued * sizeof(struct envelope);
}

bool kernel_load(tr_node *node, tr_pid pid, size_t *memory, uint32_t *queued)
{
	struct actor *a = node_actor(node, pid);
	if (a == NULL)
		return false;
	*memory = open_memory(a, pid, queued);
	spin_lock(&a->lock);
	bool there = atomic_load_explicit(&a->pid, memory_order_acquire) == pid.bits;
	if (there)
		*memory += locked_memory(a);
	spin_unlock(&a->lock);
	return there;
}

tr_value tr_info(tr_node *node, tr_pid pid)
{
	struct actor *a = node_actor(node, pid);
	if (a == NULL)
		return tr_nil();
	struct locked_part p = read_locked(a, pid);
	uint8_t status = atomic_load_explicit(&a->status, memory_order_relaxed);
	const tr_behaviour *behaviour = actor_behaviour(a, pid);
	uint32_t queued, stack = stack_in_use(a);
	p.memory += open_memory(a, pid, &queued);
	tr_value m = tr_map_build(
	    "pid", tr_pid_value(pid), "label", text_or_nil(atomic_load_explicit(&a->label, memory_order_relaxed)),
	    "name", registry_name_of(node, pid), "state", tr_string(status_names[status]), "mailbox_length",
	    tr_int(queued), "links", p.links, "monitors", p.monitors, "monitored_by", p.monitored_by, "trap_exit",
	    tr_bool(atomic_load_explicit(&a->trap, memory_order_relaxed) != 0), "priority",
	    tr_string(priority_names[atomic_load_explicit(&a->priority, memory_order_relaxed)]), "reductions",
	    tr_int((int64_t)atomic_load_explicit(&a->reductions, memory_order_relaxed)), "messages_in",
	    tr_int((int64_t)atomic_load_explicit(&a->messages_in, memory_order_relaxed)), "memory",
	    tr_int((int64_t)p.memory), "stack_in_use", tr_int(stack), "supervisor",
	    pid_or_nil(atomic_load_explicit(&a->supervisor, memory_order_relaxed)), "behaviour",
	    text_or_nil(behaviour != NULL ? behaviour->name : NULL), "note", p.note, "started_us",
	    tr_int(atomic_load_explicit(&a->started_us, memory_order_relaxed)), (const char *)NULL);
	if (p.there && atomic_load_explicit(&a->pid, memory_order_acquire) == pid.bits)
		return m;
	tr_drop(m);
	return tr_nil();
}

struct born {
	int64_t at;
	uint64_t pid;
};

static int by_age(const void *x, const void *y)
{
	const struct born *a = x, *b = y;
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

tr_value tr_processes(tr_node *node)
{
	uint32_t slots = node_used_slots(node);
	size_t n = 0;
	struct born *all = tr_alloc((slots + 1) * sizeof *all);
	if (all == NULL)
		return tr_invalid(TR_ENOMEM);
	for (uint32_t i = 0; i < slots; i++) {
		struct actor *a = slab_at(&node->actors, i);
		uint64_t bits = a == NULL ? 0 : atomic_load_explicit(&a->pid, memory_order_acquire);
		if (bits != 0 && atomic_load_explicit(&a->closing, memory_order_relaxed) == 0)
			all[n++] = (struct born){atomic_load_explicit(&a->started_us, memory_order_relaxed), bits};
	}
	qsort(all, n, sizeof *all, by_age);
	tr_value out = tr_array_with(n);
	for (size_t i = 0; i < n; i++)
		out = tr_array_push(out, tr_pid_value((tr_pid){all[i].pid}));
	tr_free(all);
	return out;
}

/* ---- the node ------------------------------------------------------------------------------------------------------
 */

struct totals {
	uint64_t sent, received, dead, spawned, exited, steals, parks, busy;
	uint32_t timers;
	tr_value queues;
};

static uint64_t get(_Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static uint32_t run_queue(struct sched *s)
{
	return runq_length(&s->fifo) + deque_length(&s->lifo) + lane_length(&s->high) + lane_length(&s->low) +
	       seat_taken(&s->next);
}

static tr_value counted(_Atomic uint64_t *counter)
{
	return tr_int((int64_t)get(counter));
}

static tr_value sched_stats(struct sched *s, int64_t up_ns)
{
	int64_t parked = (int64_t)get(&s->stats.parked_ns);
	bool idle_spare = s->spare && atomic_load(&s->retired);
	return TR_DICT("id", tr_int(s->id), "spare", tr_bool(s->spare), "running",
		       pid_or_nil(atomic_load_explicit(&s->at, memory_order_relaxed)), "run_queue",
		       tr_int(run_queue(s)), "busy_ns", tr_int(idle_spare || up_ns < parked ? 0 : up_ns - parked),
		       "parked_ns", tr_int(parked), "sent", counted(&s->stats.sent), "received",
		       counted(&s->stats.received), "spawned", counted(&s->stats.spawned), "exited",
		       counted(&s->stats.exited), "steals", counted(&s->stats.steals), "parks",
		       counted(&s->stats.parks), "dead_letters", counted(&s->stats.dead));
}

tr_value tr_scheduler_stats(tr_node *node)
{
	int64_t up = node_now(node) - node->started_ns;
	uint32_t n = atomic_load_explicit(&node->sched_count, memory_order_acquire);
	tr_value out = tr_array();
	for (uint32_t i = 0; i < n; i++)
		out = tr_array_push(out, sched_stats(atomic_load_explicit(&node->scheds[i], memory_order_acquire), up));
	return out;
}

static void add_sched(struct totals *t, struct sched *s, int64_t up_ns)
{
	t->sent += get(&s->stats.sent);
	t->received += get(&s->stats.received);
	t->dead += get(&s->stats.dead);
	t->spawned += get(&s->stats.spawned);
	t->exited += get(&s->stats.exited);
	t->steals += get(&s->stats.steals);
	t->parks += get(&s->stats.parks);
	uint64_t parked = get(&s->stats.parked_ns);
	if (!s->outside && !s->spare && (uint64_t)up_ns > parked)
		t->busy += (uint64_t)up_ns - parked;
	t->timers += atomic_load_explicit(&s->wheel.count, memory_order_relaxed);
	if (s->outside)
		return;
	t->queues = tr_array_push(t->queues, tr_int(run_queue(s)));
}

tr_value tr_node_stats(tr_node *node)
{
	struct totals t = {.queues = tr_array()};
	int64_t up = node_now(node) - node->started_ns;
	uint32_t n = atomic_load_explicit(&node->sched_count, memory_order_acquire);
	for (uint32_t i = 0; i < n; i++)
		add_sched(&t, atomic_load_explicit(&node->scheds[i], memory_order_acquire), up);
	add_sched(&t, node->outside, up);
	size_t memory = slab_memory(&node->actors) + slab_memory(&node->envelopes) + slab_memory(&node->bundles) +
			slab_memory(&node->signals) + slab_memory(&node->timers);
	return tr_map_build("name", tr_string(node->name), "actors", tr_int(atomic_load(&node->actors_live)),
			    "actors_peak", tr_int(atomic_load(&node->actors_peak)), "spawned",
			    tr_int((int64_t)t.spawned), "exited", tr_int((int64_t)t.exited), "messages",
			    tr_int((int64_t)t.sent), "received", tr_int((int64_t)t.received), "dead_letters",
			    tr_int((int64_t)t.dead), "timers", tr_int(t.timers), "schedulers", tr_int(node->n_scheds),
			    "run_queue", t.queues, "injected", tr_int(lane_length(&node->inject.lane)), "steals",
			    tr_int((int64_t)t.steals), "parks", tr_int((int64_t)t.parks), "busy_ns",
			    tr_int((int64_t)t.busy), "dirty_running", tr_int(atomic_load(&node->dirty.running)),
			    "stuck", tr_int(atomic_load(&node->watch.stuck)), "memory", tr_int((int64_t)memory),
			    "stack_memory", tr_int((int64_t)node->stacks.mapped), (const char *)NULL);
}
