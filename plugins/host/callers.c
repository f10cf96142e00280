/* SPDX-License-Identifier: Apache-2.0 */
/* Which actors act for which plugin: its instance, its commands and hooks, and what they spawn. */
#include "plugins/host/state.h"

#define ANCESTORS_MAX 16

static caller_shard *shard_of(plugin_host *h, tr_pid pid)
{
	return &h->callers[(pid.bits ^ (pid.bits >> 7)) % HOST_CALLER_SHARDS];
}

struct caller_stay {
	plugin_record *record;
	tr_pid pid;
};

static void leave(void *arg)
{
	caller_stay *s = arg;
	caller_shard *shard = shard_of(s->record->host, s->pid);

	pthread_mutex_lock(&shard->lock);
	idmap_del(&shard->owners, s->pid.bits);
	pthread_mutex_unlock(&shard->lock);
	record_release(s->record);
	tr_free(s);
}

static tr_err enter(plugin_record *r, caller_stay **out)
{
	caller_stay *s = tr_alloc(sizeof(*s));

	if (s == NULL)
		return TR_ENOMEM;
	*s = (caller_stay){record_hold(r), tr_self()};
	caller_shard *shard = shard_of(r->host, s->pid);
	pthread_mutex_lock(&shard->lock);
	tr_err err = idmap_put(&shard->owners, s->pid.bits, r);
	pthread_mutex_unlock(&shard->lock);
	tr_err owned = tr_own(s, leave); /* when this fails it has left already */
	*out = s;
	return owned == TR_OK ? err : owned;
}

tr_err callers_enter(plugin_record *r)
{
	caller_stay *s;

	return enter(r, &s);
}

caller_stay *callers_visit(plugin_record *r)
{
	caller_stay *s;
	tr_err err = enter(r, &s);

	return err == TR_OK ? s : NULL;
}

void callers_leave(caller_stay *s)
{
	if (s != NULL && tr_disown(s))
		leave(s);
}

static plugin_record *find_one(plugin_host *h, tr_pid pid)
{
	caller_shard *shard = shard_of(h, pid);

	pthread_mutex_lock(&shard->lock);
	plugin_record *r = idmap_get(&shard->owners, pid.bits);
	if (r != NULL)
		record_hold(r);
	pthread_mutex_unlock(&shard->lock);
	return r;
}

plugin_record *callers_find(plugin_host *h, tr_pid pid)
{
	for (int i = 0; i < ANCESTORS_MAX && pid.bits != 0; i++) {
		plugin_record *r = find_one(h, pid);
		if (r != NULL)
			return r;
		tr_value info = tr_info(h->node, pid);
		pid = tr_as_pid(tr_map_get_s(info, "supervisor"));
		tr_drop(info);
	}
	return NULL;
}
