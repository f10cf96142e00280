/* SPDX-License-Identifier: Apache-2.0 */
/* Making actors. */
#include "runtime/actor/end.h"
#include "runtime/actor/mailbox.h"
#include "runtime/actor/signal.h"
#include "runtime/actor/spawn.h"

static const tr_spawn_options no_options;

struct actor_extra *actor_extra(struct actor *a)
{
	if (a->extra == NULL) {
		struct actor_extra *x = tr_alloc(sizeof *x);
		spin_lock(&a->lock);
		a->extra = x;
		spin_unlock(&a->lock);
	}
	return a->extra;
}

/* A pid for the slot, of the generation after the one before. */
static uint64_t next_pid(tr_node *node, struct actor *a)
{
	tr_pid last = {atomic_load_explicit(&a->last_pid, memory_order_relaxed)};
	uint32_t generation = pid_generation(last) + 1;
	if (generation == 0)
		generation = 1;
	return ((uint64_t)node->id << 56) | ((uint64_t)generation << PID_SLOT_BITS) | a->index;
}

/* The clock is read once a slice; within it every birth is a microsecond after the one before, which keeps their order.
 */
static int64_t birthday(struct sched *s)
{
	uint32_t slice = atomic_load_explicit(&s->slice, memory_order_relaxed);
	if (s->wall_slice != slice || s->current == NULL || s->node->manual) {
		int64_t now = s->node->world.wall_us(s->node->world.arg);
		s->wall_us = now > s->wall_us ? now : s->wall_us + 1;
		s->wall_slice = slice;
	} else {
		s->wall_us++;
	}
	return s->wall_us;
}

static void fill(struct sched *s, struct actor *a, const struct spawn_spec *spec, const tr_spawn_options *o)
{
	tr_pid parent = s->current != NULL ? actor_pid(s->current) : (tr_pid){0};
	uint64_t pid = next_pid(s->node, a);
	a->state = spec->state;
	a->flags = spec->body != NULL ? ACTOR_BODY : 0;
	if (spec->body != NULL)
		__atomic_store_n(&a->code.body, spec->body, __ATOMIC_RELAXED);
	else
		__atomic_store_n(&a->code.behaviour, spec->behaviour, __ATOMIC_RELAXED);
	atomic_store_explicit(&a->is_body, spec->body != NULL, memory_order_relaxed);
	a->phase = PHASE_LIVE;
	a->stack_class = o->stack_size == 0 ? 0 : stack_class(&s->node->stacks, o->stack_size);
	actor_set_stack(a, NULL);
	a->wait = NULL;
	a->head = a->last = a->handling = a->mark = NULL;
	a->mark_ref = 0;
	a->arg = spec->arg;
	a->idle_deadline = 0;
	a->owned = NULL;
	atomic_store_explicit(&a->supervisor, o->supervisor.bits != 0 ? o->supervisor.bits : parent.bits,
			      memory_order_relaxed);
	atomic_store_explicit(&a->started_us, birthday(s), memory_order_relaxed);
	atomic_store_explicit(&a->label, o->label, memory_order_relaxed);
	atomic_store_explicit(&a->queued, 0, memory_order_relaxed);
	atomic_store_explicit(&a->trap, 0, memory_order_relaxed);
	atomic_store_explicit(&a->reductions, 0, memory_order_relaxed);
	atomic_store_explicit(&a->messages_in, 0, memory_order_relaxed);
	atomic_store_explicit(&a->priority, (uint8_t)o->priority, memory_order_relaxed);
	bool bounded = o->mailbox_policy != TR_MAILBOX_UNBOUNDED && o->mailbox_limit > 0;
	atomic_store_explicit(&a->policy, (uint8_t)(bounded ? o->mailbox_policy : TR_MAILBOX_UNBOUNDED),
			      memory_order_relaxed);
	atomic_store_explicit(&a->limit, bounded ? o->mailbox_limit : 0, memory_order_relaxed);
	atomic_store_explicit(&a->poke, 0, memory_order_relaxed);
	/* Release: whoever reads this 0 does not see the pid of the one before any more, see registry.c. */
	atomic_store_explicit(&a->closing, 0, memory_order_release);
	atomic_store_explicit(&a->listed, 0, memory_order_relaxed);
	/* Active from birth: the spawner owns it until it is in a queue. */
	atomic_store_explicit(&a->inbox, NULL, memory_order_relaxed);
	atomic_store_explicit(&a->pid, pid, memory_order_release);
}

static bool own_before(struct sched *s, struct actor *a, const struct spawn_spec *spec)
{
	struct owned *o = slab_take(&s->node->envelopes, &s->envelopes);
	if (o == NULL)
		return false;
	*o = (struct owned){.ptr = spec->own, .destructor = spec->destructor};
	a->owned = o;
	return true;
}

/* Count it in; false when the node is stopping. */
static bool admit(tr_node *node)
{
	uint32_t live = atomic_fetch_add_explicit(&node->actors_live, 1, memory_order_seq_cst) + 1;
	if (atomic_load_explicit(&node->stopping, memory_order_seq_cst) != 0) {
		atomic_fetch_sub_explicit(&node->actors_live, 1, memory_order_seq_cst);
		return false;
	}
	uint32_t peak = atomic_load_explicit(&node->actors_peak, memory_order_relaxed);
	while (live > peak && !atomic_compare_exchange_weak_explicit(&node->actors_peak, &peak, live,
								     memory_order_relaxed, memory_order_relaxed))
		continue;
	return true;
}

/* The new actor is not wanted after all: nobody has seen it run. */
static void undo(struct sched *s, struct actor *a)
{
	uint64_t bits = atomic_load_explicit(&a->pid, memory_order_relaxed);
	/* Its pid could be found by looking at all slots, so names and groups may know it. */
	atomic_store_explicit(&a->closing, 1, memory_order_seq_cst);
	forget_names(s, a);
	mailbox_close(s, a);
	if (a->owned != NULL)
		slab_give(&s->node->envelopes, &s->envelopes, a->owned);
	atomic_store_explicit(&a->pid, 0, memory_order_release);
	atomic_store_explicit(&a->last_pid, bits, memory_order_relaxed);
	slab_give(&s->node->actors, &s->actors, a);
	atomic_fetch_sub_explicit(&s->node->actors_live, 1, memory_order_seq_cst);
}

static tr_err check(struct sched *s, const tr_spawn_options *o)
{
	if (s->current == NULL && (o->link || o->monitor))
		return TR_EINVAL;
	if ((unsigned)o->priority > TR_PRIORITY_HIGH || (unsigned)o->mailbox_policy > TR_MAILBOX_BACK_PRESSURE)
		return TR_EINVAL;
	if (o->via != NULL) /* calling a registry takes an actor that runs already */
		return TR_EUNSUPPORTED;
	if (o->stack_size > 0 && stack_class(&s->node->stacks, o->stack_size) == STACK_CLASSES)
		return TR_ELIMIT;
	return TR_OK;
}

static tr_spawned refuse(const struct spawn_spec *spec, tr_err err)
{
	tr_drop(spec->arg);
	tr_free(spec->state);
	return (tr_spawned){.err = err};
}

/* Relations that exist from birth, so that no exit can fall between. */
static void relate(struct sched *s, struct actor *a, const tr_spawn_options *o, tr_spawned *out)
{
	struct actor *parent = s->current;
	if (o->link) {
		relation_put(parent, REL_LINK, out->pid.bits, 0);
		relation_put(a, REL_LINK, actor_pid(parent).bits, 0);
	}
	if (o->monitor) {
		out->monitor = tr_make_ref();
		relation_put(parent, REL_MONITOR, out->monitor.bits, out->pid.bits);
		relation_put(a, REL_MONITORED_BY, out->monitor.bits, actor_pid(parent).bits);
	}
}

tr_spawned spawn(struct sched *s, const struct spawn_spec *spec, const tr_spawn_options *o)
{
	if (o == NULL)
		o = &no_options;
	tr_err err =
	    !tr_is_valid(spec->arg) && tr_value_err(spec->arg) != TR_OK ? tr_value_err(spec->arg) : check(s, o);
	if (err != TR_OK)
		return refuse(spec, err);
	if (!admit(s->node))
		return refuse(spec, TR_ECLOSED);
	struct actor *a = slab_take(&s->node->actors, &s->actors);
	if (a == NULL) {
		atomic_fetch_sub_explicit(&s->node->actors_live, 1, memory_order_seq_cst);
		return refuse(spec, TR_ENOMEM);
	}
	fill(s, a, spec, o);
	tr_spawned out = {.pid = actor_pid(a)};
	if (spec->own != NULL && !own_before(s, a, spec)) {
		undo(s, a);
		return refuse(spec, TR_ENOMEM);
	}
	if (o->name != NULL && (err = registry_add(s->node, o->name, out.pid)) != TR_OK) {
		undo(s, a);
		return refuse(spec, err);
	}
	relate(s, a, o, &out);
	stat_add(&s->stats.spawned, 1);
	const struct kernel_hooks *hooks = atomic_load_explicit(&s->node->hooks, memory_order_acquire);
	if (hooks != NULL && hooks->on_spawn != NULL)
		hooks->on_spawn(hooks->arg, s->node, (tr_pid){a->supervisor}, out.pid, o->label);
	sched_spawned(s, a);
	return out;
}

static tr_spawned spawn_here(const struct spawn_spec *spec, const tr_spawn_options *o)
{
	struct sched *s = sched_self();
	if (s == NULL || s->current == NULL)
		return refuse(spec, TR_ENOTACTOR);
	tr_spawned out = spawn(s, spec, o);
	if (s->current->phase < PHASE_RELEASING && sched_charge(s, REDUCTION_SPAWN))
		sched_checkpoint(s->current);
	return out;
}

tr_pid tr_spawn(tr_body *body, tr_value arg)
{
	return spawn_here(&(struct spawn_spec){.body = body, .arg = arg}, NULL).pid;
}

tr_pid tr_spawn_link(tr_body *body, tr_value arg)
{
	tr_spawn_options o = {.link = true};
	return spawn_here(&(struct spawn_spec){.body = body, .arg = arg}, &o).pid;
}

tr_spawned tr_spawn_opt(tr_body *body, tr_value arg, const tr_spawn_options *options)
{
	return spawn_here(&(struct spawn_spec){.body = body, .arg = arg}, options);
}

bool spawn_state(struct spawn_spec *spec, const tr_behaviour *behaviour, tr_value arg)
{
	*spec = (struct spawn_spec){.behaviour = behaviour, .arg = arg};
	if (behaviour->state_size == 0)
		return true;
	spec->state = tr_alloc(behaviour->state_size);
	if (spec->state == NULL)
		tr_drop(arg);
	return spec->state != NULL;
}

tr_spawned tr_spawn_behaviour(const tr_behaviour *behaviour, tr_value arg, const tr_spawn_options *options)
{
	struct spawn_spec spec;
	if (!spawn_state(&spec, behaviour, arg))
		return (tr_spawned){.err = TR_ENOMEM};
	return spawn_here(&spec, options);
}
