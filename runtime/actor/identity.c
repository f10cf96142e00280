/* SPDX-License-Identifier: Apache-2.0 */
/* Who and where am I: pids, refs, time, randomness, labels, leaving. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/actor/guest.h"
#include "runtime/actor/mailbox.h"
#include "runtime/actor/ref.h"
#include "runtime/actor/report.h"
#include "runtime/actor/signal.h"
#include "runtime/time/clock.h"

int64_t tr_now(void)
{
	struct sched *s = sched_self();
	return s != NULL ? node_now(s->node) : clock_monotonic_ns(NULL);
}

int64_t tr_in(int64_t ns)
{
	int64_t at;
	if (ns == TR_FOREVER || __builtin_add_overflow(tr_now(), ns, &at))
		return TR_FOREVER;
	return at;
}

int64_t tr_wall_us(void)
{
	struct sched *s = sched_self();
	return s != NULL ? s->node->world.wall_us(s->node->world.arg) : clock_wall_us(NULL);
}

uint64_t tr_random(void)
{
	struct sched *s = sched_self();
	return s != NULL ? s->node->world.random(s->node->world.arg) : clock_random(NULL);
}

tr_pid tr_self(void)
{
	struct actor *a = sched_actor();
	return a != NULL ? actor_pid(a) : (tr_pid){0};
}

tr_node *tr_here(void)
{
	struct sched *s = sched_self();
	return s != NULL && s->current != NULL ? s->node : NULL;
}

bool tr_alive(tr_pid pid)
{
	struct sched *s = sched_self();
	struct actor *a = s != NULL ? node_actor(s->node, pid) : NULL;
	return a != NULL && atomic_load_explicit(&a->closing, memory_order_seq_cst) == 0 &&
	       atomic_load_explicit(&a->pid, memory_order_relaxed) == pid.bits;
}

tr_ref tr_make_ref(void)
{
	struct sched *s = sched_self();
	if (s == NULL)
		return (tr_ref){0};
	tr_ref ref = {ref_bits(s->id + 1, ++s->refs, 0)};
	if (s->current != NULL) {
		s->current->mark = s->current->last;
		s->current->mark_ref = ref.bits;
	}
	return ref;
}

void tr_set_label(const char *label)
{
	struct actor *a = sched_actor();
	if (a != NULL)
		atomic_store_explicit(&a->label, label, memory_order_relaxed);
}

void tr_set_note(tr_value note)
{
	struct actor *a = sched_actor();
	struct actor_extra *x = a != NULL ? actor_extra(a) : NULL;
	if (x != NULL) {
		spin_lock(&a->lock);
		tr_value old = x->note;
		x->note = note;
		spin_unlock(&a->lock);
		note = old;
	}
	tr_drop(note);
}

void tr_idle_until(int64_t deadline)
{
	struct actor *a = sched_actor();
	if (a != NULL)
		a->idle_deadline = deadline == TR_FOREVER ? 0 : deadline <= 0 ? 1 : deadline;
}

void tr_hibernate(void)
{
	struct actor *a = sched_actor();
	if (a != NULL)
		a->flags |= ACTOR_HIBERNATE;
}

void actor_guest(const char *name)
{
	struct actor *a = sched_actor();
	struct actor_extra *x = a != NULL ? actor_extra(a) : NULL;
	if (x != NULL)
		x->guest = name;
}

/* Takes the reason. */
static tr_value blame_guest(struct actor *a, tr_value reason)
{
	const char *guest = a->extra == NULL ? NULL : a->extra->guest;
	if (guest == NULL)
		return reason;
	a->extra->guest = NULL;
	reason = TR_LIST(tr_atom("in"), tr_string_lossy(guest, strlen(guest)), reason);
	return tr_is_valid(reason) ? reason : TR_A(enomem);
}

void tr_exit(tr_value reason)
{
	struct sched *s = sched_self();
	CHECK(s != NULL && s->current != NULL); /* tr_exit outside actors */
	if (!tr_is_valid(reason))
		reason = TR_A(enomem);
	reason = blame_guest(s->current, reason);
	if (!report_is_orderly(reason))
		report_trace(s);
	actor_doom(s->current, reason);
	sched_abandon(s);
}

void tr_exitf(const char *fmt, ...)
{
	char text[512];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	tr_exit(TR_LIST(TR_A(crash), tr_string_lossy(text, strlen(text))));
}
