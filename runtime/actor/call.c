/* SPDX-License-Identifier: Apache-2.0 */
/* Calls: one signal that monitors and carries the request, one that brings the reply to a ref that dies with the call.
 */
#include "runtime/actor/mailbox.h"
#include "runtime/actor/ref.h"
#include "runtime/actor/signal.h"

static tr_ref alias_ref(struct sched *s)
{
	return (tr_ref){ref_bits(s->id + 1, ++s->refs, REF_ALIAS)};
}

static void set_reason(struct actor *a, tr_value reason)
{
	struct actor_extra *x = actor_extra(a);
	if (x != NULL)
		tr_assign(&x->call_reason, reason);
	else
		tr_drop(reason);
}

/* The callee waits and has no mail: do at once what it would do with the signal. False: the signal must travel. */
static bool call_over(struct sched *s, struct actor *a, tr_pid to, tr_ref ref, tr_value message)
{
	struct actor *callee = node_actor(s->node, to);
	if (callee == NULL || atomic_load_explicit(&callee->limit, memory_order_relaxed) != 0)
		return false;
	struct envelope *e = envelope_new(s);
	if (e == NULL)
		return false;
	if (!mailbox_claim(s, callee, to)) {
		slab_give(&s->node->envelopes, &s->envelopes, e);
		return false;
	}
	e->generation = pid_generation(to);
	e->kind = ENV_MESSAGE;
	e->flags = 0;
	e->value = message;
	relation_put(callee, REL_MONITORED_BY, ref.bits, actor_pid(a).bits);
	mailbox_append(callee, e);
	sched_ready(s, callee);
	return true;
}

/* The caller waits for just this: give it the value (taken). False: the signal must travel. */
static bool reply_over(struct sched *s, tr_from from, tr_value value, bool cleared)
{
	struct actor *caller = node_actor(s->node, from.pid);
	if (caller == NULL || !mailbox_claim(s, caller, from.pid))
		return false;
	struct wait *w = caller->wait;
	bool fits = w != NULL && w->kind == WAIT_CALL && w->ref.bits == from.ref.bits && !w->replied && !w->down;
	if (fits) {
		w->replied = true;
		w->cleared = cleared;
		w->value = value;
		stat_add(&s->stats.received, 1);
	}
	sched_ready(s, caller);
	return fits;
}

/* [call, ref, self, request] to `to`, monitored. Takes the request. */
static tr_err send_call(struct sched *s, struct actor *a, tr_pid to, tr_ref ref, tr_value request)
{
	tr_value message = TR_LIST(TR_A(call), tr_ref_value(ref), tr_pid_value(actor_pid(a)), request);
	if (!tr_is_valid(message))
		return tr_value_err(message) == TR_OK ? TR_EINVAL : tr_value_err(message);
	const struct kernel_hooks *hooks = atomic_load_explicit(&s->node->hooks, memory_order_acquire);
	if (hooks != NULL && hooks->on_send != NULL)
		hooks->on_send(hooks->arg, s->node, actor_pid(a), to, message);
	stat_add(&s->stats.sent, 1);
	if (!call_over(s, a, to, ref, message))
		signal_send(s, to,
			    (struct signal_spec){.kind = ENV_CALL, .from = actor_pid(a), .ref = ref, .value = message});
	return TR_OK;
}

static void demonitor(struct sched *s, struct actor *a, tr_pid to, tr_ref ref)
{
	signal_send(s, to, (struct signal_spec){.kind = ENV_DEMONITOR, .from = actor_pid(a), .ref = ref});
}

static tr_value finish(struct sched *s, struct actor *a, struct wait *w)
{
	if (w->replied) {
		if (!w->cleared)
			demonitor(s, a, w->to, w->ref);
		return w->value;
	}
	if (w->down) {
		tr_err err = TR_IS_A(w->value, noproc) ? TR_ENOPROC : TR_EDOWN;
		set_reason(a, w->value);
		return tr_invalid(err);
	}
	demonitor(s, a, w->to, w->ref);
	return tr_invalid(TR_ETIMEOUT);
}

tr_value tr_call(tr_pid to, tr_value request, int64_t deadline)
{
	struct sched *s = sched_self();
	struct actor *a = sched_actor();
	if (a == NULL) {
		tr_drop(request);
		return tr_invalid(TR_ENOTACTOR);
	}
	/* Here, as a call that fails at once never waits: whoever tries again and again must not starve the others. */
	if (sched_charge(s, REDUCTION_MESSAGE)) {
		sched_checkpoint_holding(a, request);
		s = sched_self();
	}
	struct wait w;
	wait_init(&w, WAIT_CALL, deadline);
	w.ref = alias_ref(s);
	w.to = to;
	/* Seen by signals that arrive before we block, too. */
	a->wait = &w;
	tr_err err = send_call(s, a, to, w.ref, request);
	if (err != TR_OK) {
		a->wait = NULL;
		return tr_invalid(err);
	}
	sched_block(a, &w);
	return finish(sched_self(), a, &w);
}

tr_value tr_call_name(const char *name, tr_value request, int64_t deadline)
{
	struct actor *a = sched_actor();
	tr_pid to = tr_whereis(name);
	if (to.bits != 0 || a == NULL)
		return tr_call(to, request, deadline);
	tr_drop(request);
	set_reason(a, TR_A(noproc));
	return tr_invalid(TR_ENOPROC);
}

tr_value tr_call_reason(void)
{
	struct actor *a = sched_actor();
	return a == NULL || a->extra == NULL ? tr_absent() : a->extra->call_reason;
}

bool tr_is_call(tr_value message, tr_from *from, tr_value *request)
{
	const tr_value *item = tr_array_items(message);
	if (item == NULL || !TR_IS_A(item[0], call) || tr_array_len(message) != 4 || !tr_is(item[1], TR_REF) ||
	    !tr_is(item[2], TR_PID))
		return false;
	from->ref = tr_as_ref(item[1]);
	from->pid = tr_as_pid(item[2]);
	*request = item[3];
	return true;
}

void tr_reply(tr_from from, tr_value value)
{
	struct sched *s = sched_self();
	if (s == NULL) {
		tr_drop(value);
		return;
	}
	if (!tr_is_valid(value) && tr_value_err(value) == TR_OK)
		value = tr_nil();
	/* If we are the one who was called, our half of the caller's monitor ends here. */
	bool cleared = s->current != NULL && relation_drop(s->current, REL_MONITORED_BY, from.ref.bits, NULL);
	stat_add(&s->stats.sent, 1);
	if (reply_over(s, from, value, cleared))
		return;
	signal_send(s, from.pid,
		    (struct signal_spec){
			.kind = ENV_REPLY, .flags = cleared ? ENV_CLEARED : 0, .ref = from.ref, .value = value});
}

tr_ref kernel_call_begin(tr_pid to, tr_value request)
{
	struct sched *s = sched_self();
	struct actor *a = sched_actor();
	if (a == NULL) {
		tr_drop(request);
		return (tr_ref){0};
	}
	tr_ref ref = alias_ref(s);
	a->mark = a->last;
	a->mark_ref = ref.bits;
	relation_put(a, REL_ALIAS, ref.bits, 0);
	relation_put(a, REL_MONITOR, ref.bits, to.bits);
	if (send_call(s, a, to, ref, request) == TR_OK)
		return ref;
	(void)relation_drop(a, REL_ALIAS, ref.bits, NULL);
	(void)relation_drop(a, REL_MONITOR, ref.bits, NULL);
	return (tr_ref){0};
}

void kernel_call_end(tr_ref ref)
{
	struct actor *a = sched_actor();
	if (a == NULL)
		return;
	(void)relation_drop(a, REL_ALIAS, ref.bits, NULL);
	tr_demonitor(ref);
}
