/* SPDX-License-Identifier: Apache-2.0 */
/* The registry: plugins by id and by what they offer. */
#include "plugins/host/controller.h"
#include "plugins/host/grants.h"
#include "plugins/host/state.h"
#include <stdio.h>
#include <string.h>

/* Who answers for what may be another from now on. Under the lock, behind the change. */
static void changed(plugin_host *h)
{
	atomic_fetch_add_explicit(&h->changes, 1, memory_order_release);
}

static plugin_record *find_locked(plugin_host *h, const char *id, size_t *at)
{
	for (size_t i = 0; i < h->count; i++)
		if (strcmp(h->records[i]->m.id, id) == 0) {
			if (at != NULL)
				*at = i;
			return h->records[i];
		}
	return NULL;
}

plugin_record *plugins_find(plugin_host *h, const char *id)
{
	pthread_mutex_lock(&h->lock);
	plugin_record *r = find_locked(h, id, NULL);
	if (r != NULL)
		record_hold(r);
	pthread_mutex_unlock(&h->lock);
	return r;
}

static bool offers(const plugin_record *r, const char *capability)
{
	return r->active && tr_is_valid(tr_map_get_s(r->m.capabilities, capability));
}

bool plugins_offers(plugin_host *h, const plugin_record *r, const char *capability)
{
	pthread_mutex_lock(&h->lock);
	bool does = offers(r, capability);
	pthread_mutex_unlock(&h->lock);
	return does;
}

static plugin_record *capability_locked(plugin_host *h, const char *capability)
{
	plugin_record *preferred = find_locked(h, tr_as_cstr(tr_map_get_s(h->prefer, capability), ""), NULL);

	if (preferred != NULL && offers(preferred, capability))
		return preferred;
	for (size_t i = 0; i < h->count; i++)
		if (offers(h->records[i], capability))
			return h->records[i];
	return NULL;
}

plugin_record *plugins_capability(plugin_host *h, const char *capability)
{
	pthread_mutex_lock(&h->lock);
	plugin_record *r = capability_locked(h, capability);
	if (r != NULL)
		record_hold(r);
	pthread_mutex_unlock(&h->lock);
	return r;
}

static tr_err add_locked(plugin_host *h, plugin_record *r)
{
	if (find_locked(h, r->m.id, NULL) != NULL)
		return TR_EEXIST;
	if (h->count >= HOST_MAX_PLUGINS)
		return TR_EFULL;
	if (h->count == h->cap) {
		size_t cap = h->cap == 0 ? 16 : h->cap * 2;
		plugin_record **bigger = tr_realloc(h->records, cap * sizeof(plugin_record *));
		if (bigger == NULL)
			return TR_ENOMEM;
		h->records = bigger;
		h->cap = cap;
	}
	h->records[h->count++] = record_hold(r);
	return TR_OK;
}

tr_err plugins_add(plugin_host *h, plugin_record *r)
{
	pthread_mutex_lock(&h->lock);
	tr_err err = add_locked(h, r);
	pthread_mutex_unlock(&h->lock);
	return err;
}

tr_err plugins_replace(plugin_host *h, plugin_record *newer)
{
	size_t at;

	pthread_mutex_lock(&h->lock);
	plugin_record *old = find_locked(h, newer->m.id, &at);
	if (old != NULL) {
		newer->active = old->active;
		h->records[at] = record_hold(newer);
		changed(h);
	}
	pthread_mutex_unlock(&h->lock);
	record_release(old);
	return old == NULL ? TR_ENOENT : TR_OK;
}

void plugins_activate(plugin_host *h, plugin_record *r)
{
	pthread_mutex_lock(&h->lock);
	r->active = true;
	changed(h);
	pthread_mutex_unlock(&h->lock);
}

void plugins_retire(plugin_host *h, plugin_record *r)
{
	pthread_mutex_lock(&h->lock);
	r->active = false;
	changed(h);
	pthread_mutex_unlock(&h->lock);
}

void plugins_prefer(plugin_host *h, const char *capability, tr_value id)
{
	pthread_mutex_lock(&h->lock);
	tr_value prefer = tr_is(h->prefer, TR_MAP) ? h->prefer : tr_map();
	h->prefer = tr_map_put_s(prefer, capability, tr_keep(id));
	changed(h);
	pthread_mutex_unlock(&h->lock);
}

void plugins_remove(plugin_host *h, const char *id)
{
	size_t at = 0;

	pthread_mutex_lock(&h->lock);
	plugin_record *r = find_locked(h, id, &at);
	if (r != NULL) {
		r->active = false;
		memmove(&h->records[at], &h->records[at + 1], (h->count - at - 1) * sizeof(plugin_record *));
		h->count--;
		changed(h);
	}
	pthread_mutex_unlock(&h->lock);
	record_release(r);
}

plugin_record **plugins_all(plugin_host *h, size_t *n)
{
	pthread_mutex_lock(&h->lock);
	plugin_record **all = tr_alloc((h->count + 1) * sizeof(plugin_record *));
	*n = all == NULL ? 0 : h->count;
	for (size_t i = 0; i < *n; i++)
		all[i] = record_hold(h->records[i]);
	pthread_mutex_unlock(&h->lock);
	return all;
}

void plugins_free(plugin_record **all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		record_release(all[i]);
	tr_free(all);
}

/* ---- for everybody
 * --------------------------------------------------------------------------------------------------- */

bool plugin_host_knows_kind(tr_node *node, tr_str kind)
{
	plugin_host *h = host_of(node);
	char name[96];

	if (h == NULL || kind.n > 64)
		return false;
	snprintf(name, sizeof(name), "tool:%.*s", TR_STR(kind));
	plugin_record *r = plugins_capability(h, name);
	record_release(r);
	return r != NULL;
}

tr_value plugin_host_provider(tr_node *node, const char *capability)
{
	plugin_host *h = host_of(node);
	plugin_record *r = h == NULL ? NULL : plugins_capability(h, capability);
	tr_value id = r == NULL ? tr_nil() : tr_keep(r->id);

	record_release(r);
	return id;
}

typedef struct answers {
	plugin_host *host;
	plugin_record *record;
	tr_value kinds;
} answers;

static void add_answer(void *arg, const char *kind)
{
	answers *a = arg;
	char name[96];

	snprintf(name, sizeof(name), "tool:%s", kind);
	plugin_record *winner = plugins_capability(a->host, name);
	if (winner == a->record)
		a->kinds = tr_array_push(a->kinds, tr_string(kind));
	record_release(winner);
}

/* Those of the engine's questions that it answers. */
static tr_value controls(plugin_host *h, const plugin_record *r)
{
	tr_value names = tr_array();

	for (size_t i = 0; i < CONTROLLERS; i++) {
		const char *capability = controller_capability((controller)i);
		plugin_record *winner = plugins_capability(h, capability);
		if (winner == r)
			names = tr_array_push(names, tr_string(strchr(capability, ':') + 1));
		record_release(winner);
	}
	return names;
}

/* Where it stands among the others, by what it provides; nil: it only adds hooks, or checks. */
static tr_value tier(const manifest *m)
{
	static const char *const tiers[][2] = {{"controller", "controller"},
					       {"node_handler", "action"},
					       {"store", "shared"},
					       {"secret_provider", "shared"},
					       {"provider", "shared"}};

	for (size_t i = 0; i < sizeof tiers / sizeof tiers[0]; i++)
		if (tr_is_valid(tr_map_get_s(m->provides, tiers[i][0])))
			return tr_string(tiers[i][1]);
	return tr_nil();
}

static tr_value show_limits(const plugin_record *r)
{
	return TR_DICT("mailbox", tr_int(r->m.mailbox), "concurrency", tr_int(r->m.concurrency), "memory",
		       tr_int((int64_t)r->m.memory), "time", tr_float((double)r->m.time_ns / 1e9));
}

static tr_value show_text(const plugin_record *r, const char *key)
{
	tr_value v = tr_map_get_s(r->m.source, key);

	return tr_is_valid(v) ? tr_keep(v) : tr_nil();
}

tr_value plugins_show(plugin_host *h, plugin_record *r)
{
	answers a = {h, r, tr_array()};
	tr_value hooks = tr_map_get_s(r->m.source, "hooks");

	manifest_each_tool(&r->m, add_answer, &a);
	return TR_DICT("id", tr_keep(r->id), "version", tr_string(r->m.version_text), "description",
		       show_text(r, "description"), "author", show_text(r, "author"), "license",
		       show_text(r, "license"), "capabilities", tr_keep(r->m.capabilities), "provides",
		       tr_keep(r->m.provides), "depends_on", tr_keep(r->m.depends_on), "needs", tr_keep(r->m.needs),
		       "grants", tr_keep(r->grants), "missing_grants", grants_missing(r->m.needs, r->grants), "hooks",
		       tr_is(hooks, TR_ARRAY) ? tr_keep(hooks) : tr_array(), "isolation",
		       tr_string(r->m.isolated ? "process" : "shared"), "limits", show_limits(r), "builtin",
		       tr_bool(r->builtin), "tier", tier(&r->m), "path",
		       r->path == NULL ? tr_nil() : tr_string_lossy(r->path, strlen(r->path)), "answers", a.kinds,
		       "controls", controls(h, r));
}

tr_value plugin_host_list(tr_node *node)
{
	plugin_host *h = host_of(node);
	tr_value list = tr_array();
	size_t n = 0;

	if (h == NULL)
		return list;
	plugin_record **all = plugins_all(h, &n);
	for (size_t i = 0; i < n; i++)
		list = tr_array_push(list, plugins_show(h, all[i]));
	plugins_free(all, n);
	return list;
}
