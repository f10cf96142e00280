/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks that are in, point by point: lower priority first, equals in load order. */
#include "plugins/host/state.h"
#include <stdio.h>
#include <string.h>

static bool goes_before(const installed_hook *a, const installed_hook *b)
{
	if (a->hook.priority != b->hook.priority)
		return a->hook.priority < b->hook.priority;
	return a->serial < b->serial;
}

static bool replaces(const manifest *m, const char *point)
{
	for (size_t i = 0; i < m->hook_count; i++)
		if (m->hooks[i].type == HOOK_REPLACE && strcmp(m->hooks[i].point, point) == 0)
			return true;
	return false;
}

/* Whoever is loaded counts, its hooks in or not yet; another version of the same plugin does not. */
static const plugin_record *replacer_locked(const plugin_host *h, const char *point, const plugin_record *but)
{
	for (size_t i = 0; i < h->count; i++)
		if (strcmp(h->records[i]->m.id, but->m.id) != 0 && replaces(&h->records[i]->m, point))
			return h->records[i];
	return NULL;
}

static tr_err check_locked(const plugin_host *h, const plugin_record *r, char *other, size_t other_size)
{
	for (size_t i = 0; i < r->m.hook_count; i++) {
		const manifest_hook *hook = &r->m.hooks[i];
		int point = hook_point_index(hook->point);
		if (point < 0)
			return TR_EINVAL;
		if (h->hook_count[point] + r->m.hook_count > HOST_POINT_HOOKS)
			return TR_EFULL;
		if (hook->type != HOOK_REPLACE)
			continue;
		const plugin_record *there = replacer_locked(h, hook->point, r);
		for (size_t k = 0; k < i && there == NULL; k++)
			if (r->m.hooks[k].type == HOOK_REPLACE && r->m.hooks[k].point == hook->point)
				there = r;
		if (there != NULL) {
			snprintf(other, other_size, "%s", there->m.id);
			return TR_EEXIST;
		}
	}
	return TR_OK;
}

tr_err hook_table_check(plugin_host *h, const plugin_record *r, char *other, size_t other_size)
{
	pthread_mutex_lock(&h->lock);
	tr_err err = check_locked(h, r, other, other_size);
	pthread_mutex_unlock(&h->lock);
	return err;
}

static tr_err insert_locked(plugin_host *h, plugin_record *r, const manifest_hook *hook)
{
	int point = hook_point_index(hook->point);
	size_t n = h->hook_count[point];
	installed_hook item = {r, *hook, r->serial};

	installed_hook *bigger = tr_realloc(h->hooks[point], (n + 1) * sizeof(installed_hook));
	if (bigger == NULL)
		return TR_ENOMEM;
	h->hooks[point] = bigger;
	size_t at = n;
	while (at > 0 && goes_before(&item, &bigger[at - 1]))
		at--;
	memmove(&bigger[at + 1], &bigger[at], (n - at) * sizeof(installed_hook));
	bigger[at] = item;
	record_hold(r);
	h->hook_count[point] = n + 1;
	atomic_store_explicit(&h->hooks_in[point], (uint32_t)(n + 1), memory_order_release);
	return TR_OK;
}

/* Take out what belongs to r; the references are given back by the caller, since that may free. */
static size_t remove_locked(plugin_host *h, const plugin_record *r)
{
	size_t gone = 0;

	for (size_t p = 0; p < HOST_POINTS; p++) {
		size_t left = 0;
		for (size_t i = 0; i < h->hook_count[p]; i++) {
			if (h->hooks[p][i].record == r)
				gone++;
			else
				h->hooks[p][left++] = h->hooks[p][i];
		}
		h->hook_count[p] = left;
		atomic_store_explicit(&h->hooks_in[p], (uint32_t)left, memory_order_release);
	}
	return gone;
}

tr_err hook_table_add(plugin_host *h, plugin_record *r, char *other, size_t other_size)
{
	size_t gone = 0;

	pthread_mutex_lock(&h->lock);
	tr_err err = check_locked(h, r, other, other_size);
	for (size_t i = 0; err == TR_OK && i < r->m.hook_count; i++)
		err = insert_locked(h, r, &r->m.hooks[i]);
	if (err == TR_ENOMEM)
		gone = remove_locked(h, r);
	pthread_mutex_unlock(&h->lock);
	while (gone-- > 0)
		record_release(r);
	return err;
}

void hook_table_remove(plugin_host *h, const plugin_record *r)
{
	pthread_mutex_lock(&h->lock);
	plugin_record *held = NULL;
	for (size_t p = 0; p < HOST_POINTS && held == NULL; p++)
		for (size_t i = 0; i < h->hook_count[p] && held == NULL; i++)
			if (h->hooks[p][i].record == r)
				held = h->hooks[p][i].record;
	size_t gone = remove_locked(h, r);
	pthread_mutex_unlock(&h->lock);
	while (gone-- > 0)
		record_release(held);
}
