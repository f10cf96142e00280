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
