/* SPDX-License-Identifier: Apache-2.0 */
/* Which actors act for which plugin: its instance, its commands and hooks, and what they spawn. */
#include "plugins/host/names.h"
#include "plugins/host/state.h"
#include "runtime/actor/guest.h"
#include <stdio.h>

#define ANCESTORS_MAX 16

static caller_shard *shard_of(plugin_host *h, tr_pid pid)
{
	return &h->callers[(pid.bits ^ (pid.bits >> 7)) % HOST_CALLER_SHARDS];
}

struct caller_stay {
	plugin_record *record;
	tr_pid pid;
	tr_value behalf; /* under the shard's lock */
	char guest[NAME_SIZE];
};

static void leave(void *arg)
{
	caller_stay *s = arg;
	caller_shard *shard = shard_of(s->record->host, s->pid);

	pthread_mutex_lock(&shard->lock);
	if (idmap_get(&shard->owners, s->pid.bits) == s)
		idmap_del(&shard->owners, s->pid.bits);
	pthread_mutex_unlock(&shard->lock);
	tr_drop(s->behalf);
	record_release(s->record);
	tr_free(s);
}

static tr_err enter(plugin_record *r, tr_value behalf, caller_stay **out)
{
	caller_stay *s = tr_alloc(sizeof(*s));

	if (s == NULL)
		return TR_ENOMEM;
	*s = (caller_stay){.record = record_hold(r), .pid = tr_self(), .behalf = tr_keep(behalf)};
	caller_shard *shard = shard_of(r->host, s->pid);
	pthread_mutex_lock(&shard->lock);
	tr_err err = idmap_put(&shard->owners, s->pid.bits, s);
	pthread_mutex_unlock(&shard->lock);
	tr_err owned = tr_own(s, leave); /* when this fails it has left already */
	*out = s;
	return owned == TR_OK ? err : owned;
}

tr_err callers_enter(plugin_record *r, tr_value behalf)
{
	caller_stay *s;

	return enter(r, behalf, &s);
}

caller_stay *callers_visit(plugin_record *r)
{
	caller_stay *s;
	tr_err err = enter(r, tr_absent(), &s);

	if (err != TR_OK)
		return NULL;
	(void)snprintf(s->guest, sizeof(s->guest), "plugin %s", r->m.id);
	actor_guest(s->guest);
	return s;
}

void callers_leave(caller_stay *s)
{
	if (s == NULL)
		return;
	actor_guest(NULL);
	if (tr_disown(s))
		leave(s);
}

void callers_serve(plugin_host *h, tr_value behalf)
{
	caller_shard *shard = shard_of(h, tr_self());
	tr_value old = tr_absent();

	pthread_mutex_lock(&shard->lock);
	caller_stay *s = idmap_get(&shard->owners, tr_self().bits);
	if (s != NULL) {
		old = s->behalf;
		s->behalf = tr_keep(behalf);
	}
	pthread_mutex_unlock(&shard->lock);
	tr_drop(old);
}

plugin_record *callers_entered(plugin_host *h, tr_pid pid, tr_value *behalf)
{
	caller_shard *shard = shard_of(h, pid);

	pthread_mutex_lock(&shard->lock);
	const caller_stay *s = idmap_get(&shard->owners, pid.bits);
	plugin_record *r = s == NULL ? NULL : record_hold(s->record);
	*behalf = s == NULL ? tr_absent() : tr_keep(s->behalf);
	pthread_mutex_unlock(&shard->lock);
	return r;
}

plugin_record *callers_whose(plugin_host *h, tr_pid pid, tr_value *behalf)
{
	*behalf = tr_absent();
	for (int i = 0; i < ANCESTORS_MAX && pid.bits != 0; i++) {
		plugin_record *r = callers_entered(h, pid, behalf);
		if (r != NULL)
			return r;
		tr_value info = tr_info(h->node, pid);
		pid = tr_as_pid(tr_map_get_s(info, "supervisor"));
		tr_drop(info);
	}
	return NULL;
}

plugin_record *callers_find(plugin_host *h, tr_pid pid)
{
	tr_value behalf;
	plugin_record *r = callers_whose(h, pid, &behalf);

	tr_drop(behalf);
	return r;
}
