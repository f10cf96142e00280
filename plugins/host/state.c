/* SPDX-License-Identifier: Apache-2.0 */
/* The host's shared state and the records of plugins. */
#include "plugins/host/state.h"
#include <dlfcn.h>
#include <unistd.h>

plugin_host *host_of(tr_node *node)
{
	return node == NULL ? NULL : tr_node_get(node, TR_SLOT_PLUGINS);
}

static void host_destroy(void *arg)
{
	plugin_host *h = arg;

	for (size_t i = 0; i < HOST_POINTS; i++) {
		for (size_t k = 0; k < h->hook_count[i]; k++)
			record_release(h->hooks[i][k].record);
		tr_free(h->hooks[i]);
	}
	for (size_t i = 0; i < h->count; i++)
		record_release(h->records[i]);
	tr_free(h->records);
	host_bury(h);
	for (size_t i = 0; i < HOST_CALLER_SHARDS; i++) {
		idmap_fini(&h->callers[i].owners);
		pthread_mutex_destroy(&h->callers[i].lock);
	}
	tr_drop(h->patterns);
	tr_drop(h->config);
	tr_drop(h->grants);
	tr_drop(h->paths);
	tr_drop(h->prefer);
	tr_drop(h->isolation);
	pthread_mutex_destroy(&h->lock);
	tr_free(h);
}

tr_err host_create(tr_node *node, const plugin_host_options *options, plugin_host **out)
{
	if (host_of(node) != NULL)
		return TR_EEXIST;
	plugin_host *h = tr_alloc(sizeof(*h));
	if (h == NULL)
		return TR_ENOMEM;
	h->node = node;
	h->builtins = options->builtins;
	h->builtin_count = options->builtin_count;
	h->config = tr_keep(options->config);
	h->grants = tr_keep(options->grants);
	h->paths = tr_keep(options->paths);
	h->surveyed = options->surveyed;
	h->prefer = tr_keep(options->prefer);
	h->isolation = tr_keep(options->isolation);
	h->services = options->services;
	h->patterns = tr_array();
	pthread_mutex_init(&h->lock, NULL);
	for (size_t i = 0; i < HOST_CALLER_SHARDS; i++)
		pthread_mutex_init(&h->callers[i].lock, NULL);
	tr_err err = tr_node_set(node, TR_SLOT_PERMIT, (void *)(uintptr_t)&rpc_permit, NULL);
	if (err == TR_OK)
		err = tr_node_set(node, TR_SLOT_PLUGINS, h, host_destroy);
	if (err != TR_OK)
		host_destroy(h);
	else
		*out = h;
	return err;
}

plugin_record *record_new(plugin_host *h)
{
	plugin_record *r = tr_alloc(sizeof(*r));

	if (r == NULL)
		return NULL;
	atomic_init(&r->refs, 1);
	r->host = h;
	r->library_fd = -1;
	pthread_mutex_lock(&h->lock);
	r->serial = ++h->serial;
	pthread_mutex_unlock(&h->lock);
	return r;
}

plugin_record *record_hold(plugin_record *r)
{
	atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
	return r;
}

static void record_free(plugin_record *r)
{
	if (r->library != NULL)
		dlclose(r->library);
	if (r->library_fd >= 0)
		close(r->library_fd);
	manifest_fini(&r->m);
	tr_drop(r->config);
	tr_drop(r->grants);
	tr_drop(r->id);
	tr_free(r->path);
	tr_free(r);
}

void record_release(plugin_record *r)
{
	/* Release pairs with acquire: whoever frees sees what the other holders did. */
	if (r == NULL || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (r->library == NULL) {
		record_free(r);
		return;
	}
	/* The last holder may be an actor that is just ending in code of this library: the manager closes it later. */
	plugin_host *h = r->host;
	pthread_mutex_lock(&h->lock);
	r->grave = h->graves;
	h->graves = r;
	pthread_mutex_unlock(&h->lock);
}

void host_bury(plugin_host *h)
{
	pthread_mutex_lock(&h->lock);
	plugin_record *r = h->graves;
	h->graves = NULL;
	pthread_mutex_unlock(&h->lock);
	while (r != NULL) {
		plugin_record *next = r->grave;
		record_free(r);
		r = next;
	}
}

static void record_destroy(void *data)
{
	record_release(data);
}

static const tr_class record_class = {"plugin", record_destroy};

tr_value record_value(plugin_record *r)
{
	return tr_object(&record_class, record_hold(r));
}

plugin_record *record_of(tr_value v)
{
	return tr_as_object(v, &record_class);
}
