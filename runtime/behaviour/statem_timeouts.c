/* SPDX-License-Identifier: Apache-2.0 */
/* Time-outs of a state machine. */
#include "runtime/behaviour/statem.h"

static void timeout_free(struct timeout *t)
{
	tr_drop(t->name);
	tr_drop(t->content);
	tr_free(t);
}

static bool same(const struct timeout *a, const struct timeout *b)
{
	return a->type == b->type && (a->type != TR_EVENT_NAMED_TIMEOUT || tr_equal(a->name, b->name));
}

static void append(struct timeout **list, struct timeout *t)
{
	while (*list != NULL)
		list = &(*list)->next;
	t->next = NULL;
	*list = t;
}

/* Out of the list, and disarmed. A message that is on its way finds nobody under its mark. */
static struct timeout *take(struct timeout **at)
{
	struct timeout *t = *at;

	*at = t->next;
	if (t->timer.bits != 0)
		(void)tr_cancel_timer(t->timer);
	return t;
}

static struct queued *as_event(struct timeout *t)
{
	struct queued *event = event_new(t->type, NULL, tr_keep(t->content));

	if (event != NULL)
		event->name = tr_keep(t->name);
	timeout_free(t);
	return event;
}

/* ---- asking
 * ---------------------------------------------------------------------------------------------------------- */

static void ask(tr_machine *m, tr_event_type type, tr_value name, int64_t ns, tr_value content)
{
	struct timeout *t = tr_alloc(sizeof(*t));

	if (t == NULL) {
		tr_drop(name);
		tr_drop(content);
		m->no_memory = true;
		return;
	}
	t->type = type;
	t->name = name;
	t->content = tr_is_valid(content) ? content : tr_nil();
	t->ns = ns;
	append(&m->asked, t);
}

void tr_event_timeout(tr_machine *m, int64_t ns, tr_value content)
{
	ask(m, TR_EVENT_TIMEOUT, tr_absent(), ns, content);
}

void tr_state_timeout(tr_machine *m, int64_t ns, tr_value content)
{
	ask(m, TR_EVENT_STATE_TIMEOUT, tr_absent(), ns, content);
}

void tr_named_timeout(tr_machine *m, tr_value name, int64_t ns, tr_value content)
{
	ask(m, TR_EVENT_NAMED_TIMEOUT, name, ns, content);
}

/* ---- effect
 * ---------------------------------------------------------------------------------------------------------- */

static void arm(tr_machine *m, struct timeout *t)
{
	if (t->ns > 0) {
		t->mark = tr_make_ref();
		t->timer = tr_send_at(tr_self(), TR_LIST(TR_A(timeout), tr_ref_value(t->mark)), tr_in(t->ns));
		m->no_memory = m->no_memory || t->timer.bits == 0;
	}
	append(&m->timeouts, t);
}

void timeouts_apply(tr_machine *m)
{
	while (m->asked != NULL) {
		struct timeout *t = m->asked;
		m->asked = t->next;
		for (struct timeout **at = &m->timeouts; *at != NULL; at = &(*at)->next) {
			if (same(*at, t)) {
				timeout_free(take(at));
				break;
			}
		}
		if (t->ns >= 0)
			arm(m, t);
		else
			timeout_free(t);
	}
}

void timeouts_cancel(tr_machine *m, tr_event_type type)
{
	for (struct timeout **at = &m->timeouts; *at != NULL; at = &(*at)->next) {
		if ((*at)->type == type) {
			timeout_free(take(at));
			return;
		}
	}
}

struct queued *timeouts_due(tr_machine *m)
{
	for (struct timeout **at = &m->timeouts; *at != NULL; at = &(*at)->next) {
		if ((*at)->ns == 0)
			return as_event(take(at));
	}
	return NULL;
}

struct queued *timeouts_over(tr_machine *m, tr_value message, bool *stale)
{
	tr_ref mark = tr_as_ref(tr_array_at(message, 1));

	*stale = false;
	if (!TR_IS_A(tr_array_at(message, 0), timeout) || tr_array_len(message) != 2 || mark.bits == 0)
		return NULL;
	for (struct timeout **at = &m->timeouts; *at != NULL; at = &(*at)->next) {
		if (tr_ref_eq((*at)->mark, mark))
			return as_event(take(at));
	}
	*stale = true;
	return NULL;
}

void timeouts_free(tr_machine *m)
{
	while (m->asked != NULL) {
		struct timeout *t = m->asked;
		m->asked = t->next;
		timeout_free(t);
	}
	while (m->timeouts != NULL) {
		struct timeout *t = m->timeouts;
		m->timeouts = t->next;
		timeout_free(t);
	}
}
