/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's services for the rooms above it. */
#include "runtime/actor/hooks.h"

#include "runtime/actor/mailbox.h"
#include "runtime/actor/signal.h"

void kernel_set_hooks(tr_node *node, const struct kernel_hooks *hooks)
{
	if (node->world_hooks.below != NULL)
		hook_pair_set(&node->world_hooks, hooks);
	else
		atomic_store_explicit(&node->hooks, hooks, memory_order_release);
}

void kernel_set_world_hooks(tr_node *node, const struct kernel_hooks *hooks)
{
	CHECK(node->manual); /* the pair is not made for several threads */
	hook_pair_init(&node->world_hooks, hooks);
	atomic_store_explicit(&node->hooks, &node->world_hooks.both, memory_order_release);
}

/* ---- callbacks -----------------------------------------------------------------------------------------------------
 */

#define NOT_TRACED INT64_MIN

static const struct kernel_hooks *callback_hooks(struct sched *s)
{
	const struct kernel_hooks *hooks =
	    s == NULL ? NULL : atomic_load_explicit(&s->node->hooks, memory_order_acquire);
	return hooks != NULL && hooks->on_callback != NULL && s->current != NULL ? hooks : NULL;
}

int64_t kernel_callback_begin(const char *module, const char *function, tr_value argument)
{
	struct sched *s = sched_self();
	const struct kernel_hooks *hooks = callback_hooks(s);
	if (hooks == NULL)
		return NOT_TRACED;
	hooks->on_callback(hooks->arg, s->node, actor_pid(s->current), module, function, argument, -1);
	return node_now(s->node);
}

void kernel_callback_end(int64_t token, const char *module, const char *function)
{
	struct sched *s = token == NOT_TRACED ? NULL : sched_self();
	const struct kernel_hooks *hooks = callback_hooks(s);
	if (hooks != NULL)
		hooks->on_callback(hooks->arg, s->node, actor_pid(s->current), module, function, tr_nil(),
				   node_now(s->node) - token);
}

/* ---- strain --------------------------------------------------------------------------------------------------------
 */

void kernel_set_strain(tr_node *node, const struct kernel_strain *strain)
{
	atomic_store_explicit(&node->strain, strain, memory_order_release);
}

void kernel_busy_port(tr_value port)
{
	struct sched *s = sched_self();
	const struct kernel_strain *strain =
	    s == NULL ? NULL : atomic_load_explicit(&s->node->strain, memory_order_acquire);
	if (strain != NULL && strain->busy_port != NULL && s->current != NULL)
		strain->busy_port(strain->arg, s->node, actor_pid(s->current), port);
}

tr_pid kernel_next_actor(tr_node *node, uint32_t *at)
{
	uint32_t slots = node_used_slots(node);
	while (*at < slots) {
		struct actor *a = slab_at(&node->actors, (*at)++);
		tr_pid pid = a == NULL ? (tr_pid){0} : actor_pid(a);
		if (pid.bits != 0 && atomic_load_explicit(&a->closing, memory_order_relaxed) == 0)
			return pid;
	}
	return (tr_pid){0};
}

/* ---- system messages -----------------------------------------------------------------------------------------------
 */

void kernel_suspend_self(void)
{
	struct actor *a = sched_actor();
	if (a != NULL)
		a->flags |= ACTOR_SUSPENDED;
}

void kernel_resume_self(void)
{
	struct actor *a = sched_actor();
	if (a != NULL)
		a->flags &= (uint8_t)~ACTOR_SUSPENDED;
}

tr_err kernel_interrupt(tr_node *node, tr_pid to, void (*fn)(void *arg, bool alive), void *arg)
{
	struct sched *s = node_enter(node);
	struct signal *sig = slab_take(&node->signals, &s->signals);
	if (sig != NULL) {
		*sig = (struct signal){
		    .env = {.generation = pid_generation(to), .kind = ENV_INTERRUPT}, .fn = fn, .arg = arg};
		struct actor *a = node_actor(node, to);
		if (a == NULL || !mailbox_push(s, a, &sig->env))
			signal_refuse(s, &sig->env, pid_slot(to));
	}
	node_leave(node, s);
	return sig == NULL ? TR_ENOMEM : TR_OK;
}

void kernel_send_many(tr_node *node, const struct kernel_parcel *parcels, size_t n)
{
	struct sched *s = node_enter(node);
	for (size_t i = 0; i < n; i++)
		(void)mailbox_send(s, parcels[i].to, parcels[i].message, false);
	node_leave(node, s);
}

void kernel_wake(tr_node *node, tr_pid pid)
{
	struct sched *s = node_enter(node);
	struct actor *a = node_actor(node, pid);
	if (a != NULL)
		actor_poke(s, a);
	node_leave(node, s);
}

bool kernel_exit_was_signal(void)
{
	struct actor *a = sched_actor();
	return a != NULL && (a->flags & ACTOR_SIGNALLED) != 0;
}

void kernel_set_errno(int value)
{
	struct actor *a = sched_actor();
	struct actor_extra *x = a == NULL ? NULL : actor_extra(a);
	if (x != NULL)
		x->io_errno = value;
}

int kernel_get_errno(void)
{
	struct actor *a = sched_actor();
	return a == NULL || a->extra == NULL ? 0 : a->extra->io_errno;
}
