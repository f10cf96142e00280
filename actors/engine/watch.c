/* SPDX-License-Identifier: Apache-2.0 */
/* Who is told what happens in an execution. */
#include "actors/engine/execution_state.h"

tr_err watch_add(execution *x, tr_pid pid, bool events)
{
	watcher *more;

	if (pid.bits == 0)
		return TR_EINVAL;
	for (size_t i = 0; i < x->watcher_count; i++)
		if (tr_pid_eq(x->watchers[i].pid, pid))
			return TR_OK;
	more = tr_realloc(x->watchers, (x->watcher_count + 1) * sizeof *more);
	if (more == NULL)
		return TR_ENOMEM;
	x->watchers = more;
	x->watchers[x->watcher_count++] = (watcher){pid, tr_monitor(pid), events};
	x->event_watchers += events;
	return TR_OK;
}

bool watch_down(execution *x, tr_ref monitor)
{
	for (size_t i = 0; i < x->watcher_count; i++) {
		if (tr_ref_eq(x->watchers[i].monitor, monitor)) {
			x->event_watchers -= x->watchers[i].events;
			x->watchers[i] = x->watchers[--x->watcher_count];
			return true;
		}
	}
	return false;
}

void watch_tell(execution *x, tr_value message, bool is_event)
{
	for (size_t i = 0; i < x->watcher_count; i++)
		if (!is_event || x->watchers[i].events)
			(void)tr_send(x->watchers[i].pid, tr_keep(message));
}
