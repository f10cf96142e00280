/* SPDX-License-Identifier: Apache-2.0 */
/* What is to happen at a time: a binary heap, the earliest first, equal times in order of making. */
#include "runtime/sim/world.h"

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at < b->at || (a->at == b->at && a->number < b->number);
}

static bool is_awaited(const struct sim_event *e)
{
	return e->kind < SIM_PARTITION;
}

static bool grow(struct sim_world *w)
{
	size_t cap = w->cap_events == 0 ? 64 : w->cap_events * 2;
	struct sim_event *big = tr_realloc(w->events, cap * sizeof *big);
	if (big == NULL)
		return false;
	w->events = big;
	w->cap_events = cap;
	return true;
}

bool sim_event_add(struct sim_world *w, struct sim_event e)
{
	if (w->n_events == w->cap_events && !grow(w))
		return false;
	e.number = ++w->event_number;
	size_t i = w->n_events++;
	w->n_awaited += is_awaited(&e);
	while (i > 0 && before(&e, &w->events[(i - 1) / 2])) {
		w->events[i] = w->events[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	w->events[i] = e;
	return true;
}

bool sim_event_take(struct sim_world *w, int64_t until, struct sim_event *e)
{
	if (w->n_events == 0 || w->events[0].at > until)
		return false;
	*e = w->events[0];
	w->n_awaited -= is_awaited(e);
	struct sim_event last = w->events[--w->n_events];
	size_t i = 0;
	for (size_t child; (child = 2 * i + 1) < w->n_events; i = child) {
		if (child + 1 < w->n_events && before(&w->events[child + 1], &w->events[child]))
			child++;
		if (!before(&w->events[child], &last))
			break;
		w->events[i] = w->events[child];
	}
	w->events[i] = last;
	return true;
}

int64_t sim_event_next(const struct sim_world *w)
{
	return w->n_events == 0 ? INT64_MAX : w->events[0].at;
}
