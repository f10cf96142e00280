/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin manager: what is asked of it, and coming up with the node. */
#include "plugins/host/manager.h"
#include "plugins/host/instance.h"
#include "plugins/host/loader.h"
#include "plugins/host/names.h"
#include <string.h>
#include <troupe/log.h>

#define UNLOAD_GRACE (10 * TR_SECOND)
#define ASK_DEADLINE (5 * TR_SECOND)

typedef struct manager {
	plugin_host *host;
} manager;

static tr_value fault(tr_value why)
{
	return TR_LIST(TR_A(error), tr_is_valid(why) ? why : tr_string("out of memory"));
}

/* ---- coming up
 * ------------------------------------------------------------------------------------------------------------ */

typedef struct gathering {
	plugin_record **records;
	size_t count, cap;
} gathering;

static bool gather(gathering *g, plugin_record *r)
{
	if (g->count == g->cap) {
		size_t cap = g->cap == 0 ? 16 : g->cap * 2;
		plugin_record **bigger = tr_realloc(g->records, cap * sizeof(plugin_record *));
		if (bigger == NULL) {
			record_release(r);
			return false;
		}
		g->records = bigger;
		g->cap = cap;
	}
	g->records[g->count++] = r;
	return true;
}

static bool gather_builtins(plugin_host *h, gathering *g, tr_value *why)
{
	for (size_t i = 0; i < h->builtin_count; i++) {
		plugin_record *r = loader_builtin(h, &h->builtins[i], why);
		if (r == NULL)
			return false;
		if (!loader_admit(r, why)) {
			record_release(r);
			return false;
		}
		if (!gather(g, r))
			return false;
	}
	return true;
}

static void gather_file(plugin_host *h, gathering *g, const char *path)
{
	tr_value why = tr_absent();
	plugin_record *r = loader_file(h, path, &why);
	tr_level level = r == NULL && h->surveyed ? TR_INFO : TR_ERROR;

	if (r != NULL && loader_admit(r, &why)) {
		gather(g, r);
		return;
	}
	tr_log(level, TR_DICT("path", tr_string_lossy(path, strlen(path))), "a plugin was left out: %s",
	       tr_as_cstr(why, "out of memory"));
	tr_drop(why);
	record_release(r);
}

static void gather_paths(plugin_host *h, gathering *g)
{
	for (size_t i = 0; i < tr_array_len(h->paths); i++) {
		tr_value files = loader_discover(tr_as_cstr(tr_array_at(h->paths, i), ""));
		for (size_t k = 0; k < tr_array_len(files); k++)
			gather_file(h, g, tr_as_cstr(tr_array_at(files, k), ""));
		tr_drop(files);
	}
}

static bool come_up(plugin_host *h, tr_value *why)
{
	gathering g = {NULL, 0, 0};
	bool ok = gather_builtins(h, &g, why);

	if (ok) {
		gather_paths(h, &g);
		ok = life_up(h, g.records, g.count, why);
	} else {
		for (size_t i = 0; i < g.count; i++)
			record_release(g.records[i]);
	}
	tr_free(g.records);
	return ok;
}

static tr_next manager_init(void *state, tr_value arg)
{
	manager *m = state;
	tr_value why = tr_absent();

	(void)arg;
	m->host = host_of(tr_here());
	if (m->host == NULL)
		return tr_next_stop(TR_A(not_found));
	if (m->host->count > 0) {
		life_again(m->host);
		return tr_noreply();
	}
	if (come_up(m->host, &why))
		return tr_noreply();
	return tr_next_stop(tr_is_valid(why) ? why : TR_A(enomem));
}

/* ---- requests
 * -------------------------------------------------------------------------------------------------------------- */

static plugin_record *judged(plugin_host *h, const char *path, tr_value *why)
{
	plugin_record *r = loader_file(h, path, why);

	if (r == NULL || loader_admit(r, why))
		return r;
	record_release(r);
	return NULL;
}

static tr_value do_load(plugin_host *h, const char *path)
{
	tr_value why = tr_absent();
	plugin_record *r = judged(h, path, &why);

	if (r == NULL)
		return fault(why);
	tr_value id = tr_keep(r->id);
	if (life_add(h, r, &why)) {
		tr_log(TR_INFO, TR_DICT("plugin", tr_keep(id)), "plugin loaded from %s", path);
		return TR_LIST(TR_A(ok), id);
	}
	tr_drop(id);
	return fault(why);
}

/* The last loaded plugin that depends on `id`; held, or NULL. */
static plugin_record *dependent(plugin_host *h, const char *id)
{
	size_t n;
	plugin_record *found = NULL;
	plugin_record **all = plugins_all(h, &n);

	for (size_t i = n; i-- > 0 && found == NULL;)
		if (tr_is_valid(tr_map_get_s(all[i]->m.depends_on, id)))
			found = record_hold(all[i]);
	plugins_free(all, n);
	return found;
}

/* Those that depend on it first; a circle cannot be loaded, so this ends. */
static void unload_all(plugin_host *h, plugin_record *r)
{
	plugin_record *d;

	while ((d = dependent(h, r->m.id)) != NULL) {
		unload_all(h, d);
		record_release(d);
	}
	life_down(h, r, UNLOAD_GRACE);
	tr_log(TR_INFO, TR_DICT("plugin", tr_keep(r->id)), "plugin unloaded");
}

static tr_value do_unload(plugin_host *h, const char *id, bool cascade, bool force)
{
	plugin_record *r = plugins_find(h, id);

	if (r == NULL)
		return fault(tr_stringf("no plugin %s is loaded", id));
	plugin_record *d = dependent(h, id);
	tr_value reply = TR_A(ok);
	if (r->builtin && !force) /* there is no file to load it from again */
		reply = fault(
		    tr_stringf("plugin %s is built in and stays, since it could not be loaded again; where another "
			       "is to answer for its kinds, load that and prefer it (plugins.prefer); --force unloads "
			       "it all the same, until "
			       "the node ends",
			       id));
	else if (d != NULL && !cascade)
		reply =
		    fault(tr_stringf("plugin %s depends on %s; unload it first, or both with --cascade", d->m.id, id));
	else
		unload_all(h, r);
	record_release(d);
	record_release(r);
	return reply;
}

static tr_value do_upgrade(plugin_host *h, const char *id, const char *path)
{
	tr_value why = tr_absent();
	plugin_record *old = plugins_find(h, id);

	if (old == NULL)
		return fault(tr_stringf("no plugin %s is loaded", id));
	plugin_record *newer = judged(h, path, &why);
	bool ok = newer != NULL;
	if (ok && strcmp(newer->m.id, id) != 0) {
		ok = false;
		why = tr_stringf("%s holds plugin %s, not %s", path, newer->m.id, id);
	}
	ok = ok && life_upgrade(h, old, newer, &why);
	if (ok)
		tr_log(TR_INFO, TR_DICT("plugin", tr_keep(old->id)), "plugin upgraded from %s to %s",
		       old->m.version_text, newer->m.version_text);
	tr_value reply =
	    ok ? TR_LIST(TR_A(ok), tr_string(old->m.version_text), tr_string(newer->m.version_text)) : fault(why);
	record_release(newer);
	record_release(old);
	return reply;
}

static tr_value do_info(plugin_host *h, const char *id)
{
	plugin_record *r = plugins_find(h, id);
	char name[NAME_SIZE];

	if (r == NULL)
		return tr_nil();
	tr_value v = plugins_show(h, r);
	tr_value health = instance_call(id, tr_atom("health"), tr_absent(), tr_absent(), tr_in(ASK_DEADLINE));
	v = tr_map_put_s(v, "health", tr_is_valid(health) ? health : tr_string("does not answer"));
	name_command(name, sizeof(name), id);
	tr_value stats = tr_call_name(name, TR_LIST(tr_atom("stats")), tr_in(ASK_DEADLINE));
	record_release(r);
	return tr_map_put_s(v, "commands", tr_is_valid(stats) ? stats : tr_nil());
}

static tr_value do_find(plugin_host *h, const char *key, bool by_type)
{
	size_t n;
	plugin_record **all = plugins_all(h, &n);
	plugin_record *winner = by_type ? NULL : plugins_capability(h, key);
	tr_value list = tr_array();

	if (winner != NULL)
		list = tr_array_push(list, tr_keep(winner->id));
	for (size_t i = 0; i < n; i++) {
		tr_value where = by_type ? all[i]->m.provides : all[i]->m.capabilities;
		if (all[i] != winner && tr_is_valid(tr_map_get_s(where, key)))
			list = tr_array_push(list, tr_keep(all[i]->id));
	}
	record_release(winner);
	plugins_free(all, n);
	return list;
}

static tr_value do_prefer(plugin_host *h, const char *capability, tr_value id)
{
	plugins_prefer(h, capability, id);
	life_subjects(h);
	return TR_A(ok);
}

static tr_value answer(plugin_host *h, tr_value request)
{
	const char *what = tr_as_cstr(tr_array_at(request, 0), "");
	const char *first = tr_as_cstr(tr_array_at(request, 1), "");
	tr_value second = tr_array_at(request, 2);

	if (strcmp(what, "load") == 0)
		return do_load(h, first);
	if (strcmp(what, "unload") == 0)
		return do_unload(h, first, tr_as_bool(second, false), tr_as_bool(tr_array_at(request, 3), false));
	if (strcmp(what, "upgrade") == 0)
		return do_upgrade(h, first, tr_as_cstr(second, ""));
	if (strcmp(what, "list") == 0)
		return plugin_host_list(h->node);
	if (strcmp(what, "info") == 0)
		return do_info(h, first);
	if (strcmp(what, "find") == 0 || strcmp(what, "find_provider") == 0)
		return do_find(h, first, what[4] != '\0');
	if (strcmp(what, "prefer") == 0)
		return do_prefer(h, first, second);
	return fault(tr_stringf("the plugin manager does not know the request \"%s\"", what));
}

static tr_next manager_call(void *state, tr_value request, tr_from from)
{
	manager *m = state;

	(void)from;
	tr_value reply = answer(m->host, request);
	host_bury(m->host);
	return tr_next_reply(reply);
}

const tr_gen_server manager_server = {
    .name = "plugin manager",
    .state_size = sizeof(manager),
    .init = manager_init,
    .handle_call = manager_call,
};
