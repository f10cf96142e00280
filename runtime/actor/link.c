/* SPDX-License-Identifier: Apache-2.0 */
/* Links, monitors and exit signals: the calling actor's side. */
#include "runtime/actor/mailbox.h"
#include "runtime/actor/signal.h"

tr_err tr_link(tr_pid to)
{
	struct sched *s = sched_self();
	struct actor *a = sched_actor();
	if (a == NULL)
		return TR_ENOTACTOR;
	if (to.bits == 0)
		return TR_EINVAL;
	if (node_is_foreign(s->node, to))
		mailbox_drain(s, a); /* a lost connection must not end what is made after it */
	if (to.bits == actor_pid(a).bits || relation_find(a->relations, REL_LINK, to.bits) != NULL)
		return TR_OK;
	/* Linking anew while the unlink is under way: its acknowledgement will find nothing to remove. */
	(void)relation_drop(a, REL_UNLINKING, to.bits, NULL);
	relation_put(a, REL_LINK, to.bits, 0);
	signal_send(s, to, (struct signal_spec){.kind = ENV_LINK, .from = actor_pid(a)});
	if (node_actor(s->node, to) == NULL)
		sched_checkpoint(a); /* the exit signal of a dead one comes at once */
	return TR_OK;
}

void tr_unlink(tr_pid to)
{
	struct sched *s = sched_self();
	struct actor *a = sched_actor();
	if (a == NULL || !relation_drop(a, REL_LINK, to.bits, NULL))
		return;
	uint16_t id = (uint16_t)(++s->refs | 1);
	relation_put(a, REL_UNLINKING, to.bits, id);
	signal_send(s, to, (struct signal_spec){.kind = ENV_UNLINK, .from = actor_pid(a), .id = id});
}

bool tr_trap_exit(bool on)
{
	struct actor *a = sched_actor();
	if (a == NULL)
		return false;
	return atomic_exchange_explicit(&a->trap, on, memory_order_relaxed) != 0;
}

void tr_exit_signal(tr_pid to, tr_value reason)
{
	struct sched *s = sched_self();
	struct actor *a = sched_actor();
	if (s == NULL || !tr_is_valid(reason)) {
		tr_drop(reason);
		return;
	}
	tr_pid self = a != NULL ? actor_pid(a) : (tr_pid){0};
	signal_send(s, to, (struct signal_spec){.kind = ENV_EXIT, .from = self, .value = reason});
	if (a != NULL && self.bits == to.bits)
		sched_checkpoint(a);
}

tr_ref tr_monitor(tr_pid to)
{
	struct sched *s = sched_self();
	struct actor *a = sched_actor();
	if (a == NULL)
		return (tr_ref){0};
	if (node_is_foreign(s->node, to))
		mailbox_drain(s, a);
	tr_ref ref = tr_make_ref();
	relation_put(a, REL_MONITOR, ref.bits, to.bits);
	signal_send(s, to, (struct signal_spec){.kind = ENV_MONITOR, .from = actor_pid(a), .ref = ref});
	return ref;
}

void tr_demonitor(tr_ref ref)
{
	struct sched *s = sched_self();
	struct actor *a = sched_actor();
	uint64_t to = 0;
	if (a == NULL || ref.bits == 0)
		return;
	if (relation_drop(a, REL_MONITOR, ref.bits, &to))
		signal_send(s, (tr_pid){to},
			    (struct signal_spec){.kind = ENV_DEMONITOR, .from = actor_pid(a), .ref = ref});
	else
		mailbox_flush_down(s, a, ref);
}
