/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Monitors of process groups. They stand in one list: those who monitor are few. Updates are sent under the groups'
 * lock, which makes them come in the order of what happened; sending takes no lock that is ever held around this one.
 */
#include <string.h>

#include "runtime/actor/group.h"
#include "runtime/actor/mailbox.h"

void group_tell(tr_node *node, const char *name, bool joined, tr_pid pid)
{
	struct group_watch *w = node->groups.watches;
	struct sched *s = w == NULL ? NULL : node_enter(node);
	for (; w != NULL; w = w->next) {
		if (w->name[0] != 0 && strcmp(w->name, name) != 0)
			continue;
		(void)mailbox_send(s, w->pid,
				   TR_LIST(tr_ref_value(w->ref), tr_atom(joined ? "join" : "leave"), tr_string(name),
					   TR_LIST(tr_pid_value(pid))),
				   false);
	}
	if (s != NULL)
		node_leave(node, s);
}

void group_watch_forget(struct groups *g, tr_pid pid)
{
	for (struct group_watch **at = &g->watches; *at != NULL;) {
		struct group_watch *w = *at;
		if (w->pid.bits != pid.bits) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		tr_free(w);
	}
}

static tr_value pids_of(const struct group *group)
{
	tr_value out = tr_array();
	for (size_t i = 0; group != NULL && i < group->n; i++)
		out = tr_array_push(out, tr_pid_value(group->members[i]->pid));
	return out;
}

static tr_value all_groups(const struct groups *g, bool with_members)
{
	tr_value out = with_members ? tr_map() : tr_array();
	for (size_t i = 0; i < GROUP_BUCKETS; i++) {
		for (const struct group *group = g->by_name[i]; group != NULL; group = group->next) {
			tr_value name = tr_string(group->name);
			out = with_members ? tr_map_put(out, name, pids_of(group)) : tr_array_push(out, name);
		}
	}
	return out;
}

tr_value tr_groups(void)
{
	struct sched *s = sched_self();
	if (s == NULL)
		return tr_invalid(TR_ENOTACTOR);
	spin_lock(&s->node->groups.lock);
	tr_value out = all_groups(&s->node->groups, false);
	spin_unlock(&s->node->groups.lock);
	return out;
}

tr_ref tr_group_monitor(const char *name, tr_value *now)
{
	struct sched *s = sched_self();
	struct actor *a = sched_actor();
	size_t n = name == NULL ? 0 : strlen(name);
	tr_value found = tr_invalid(TR_EINVAL);
	struct group_watch *w =
	    a == NULL || n > NAME_MAX_BYTES || (name != NULL && n == 0) ? NULL : tr_alloc(sizeof *w + n + 1);
	if (w != NULL) {
		struct groups *g = &s->node->groups;
		tr_ref ref = tr_make_ref();
		w->ref = ref;
		w->pid = actor_pid(a);
		if (n > 0)
			memcpy(w->name, name, n);
		atomic_store_explicit(&a->listed, 1, memory_order_seq_cst);
		spin_lock(&g->lock);
		w->next = g->watches;
		g->watches = w;
		found = n == 0 ? all_groups(g, true) : pids_of(group_find(g, name, n));
		spin_unlock(&g->lock);
		if (now != NULL)
			*now = found;
		else
			tr_drop(found);
		return ref;
	}
	if (now != NULL)
		*now = found;
	return (tr_ref){0};
}

static bool is_update(void *arg, tr_value message)
{
	return tr_ref_eq(tr_as_ref(tr_array_at(message, 0)), *(const tr_ref *)arg);
}

tr_err tr_group_demonitor(tr_ref ref)
{
	struct sched *s = sched_self();
	struct actor *a = sched_actor();
	if (a == NULL)
		return TR_ENOTACTOR;
	struct groups *g = &s->node->groups;
	spin_lock(&g->lock);
	struct group_watch **at = &g->watches, *w = NULL;
	while (*at != NULL && !((*at)->ref.bits == ref.bits && (*at)->pid.bits == actor_pid(a).bits))
		at = &(*at)->next;
	if (*at != NULL) {
		w = *at;
		*at = w->next;
	}
	spin_unlock(&g->lock);
	if (w == NULL)
		return TR_ENOENT;
	tr_free(w);
	for (;;) {
		tr_value update = tr_receive_match(is_update, &ref, 0);
		if (!tr_is_valid(update))
			return TR_OK;
		tr_drop(update);
	}
}
