/* SPDX-License-Identifier: Apache-2.0 */
/* The event bus: a process group for each pattern somebody subscribed to, so that who ends is out by itself and a
   restart of the manager loses nobody. */
#include "plugins/host/pattern.h"
#include "plugins/host/process/bridge.h"
#include "plugins/host/state.h"
#include <stdio.h>

#define PATTERNS_MAX 10000u

static void group_name(char *out, size_t size, tr_str pattern)
{
	snprintf(out, size, "plugins.bus:%.*s", TR_STR(pattern));
}

static tr_err remember(plugin_host *h, const char *pattern)
{
	tr_err err = TR_OK;
	bool there = false;

	pthread_mutex_lock(&h->lock);
	size_t n = tr_array_len(h->patterns);
	for (size_t i = 0; i < n && !there; i++)
		there = tr_str_is(tr_as_str(tr_array_at(h->patterns, i)), pattern);
	if (!there && n >= PATTERNS_MAX) {
		err = TR_EFULL;
	} else if (!there) {
		tr_value more = tr_array_push(tr_keep(h->patterns), tr_string(pattern));
		err = tr_value_err(more);
		if (err == TR_OK) {
			tr_assign(&h->patterns, more);
			atomic_store_explicit(&h->pattern_count, (uint32_t)n + 1, memory_order_release);
		}
	}
	pthread_mutex_unlock(&h->lock);
	return err;
}

tr_err tr_plugin_subscribe(const char *pattern)
{
	plugin_host *h = host_of(tr_here());
	char group[300];

	if (h == NULL)
		return tr_here() == NULL ? TR_ENOTACTOR : TR_ENOENT;
	if (pattern == NULL || !pattern_valid(tr_s(pattern)))
		return TR_EINVAL;
	group_name(group, sizeof(group), tr_s(pattern));
	tr_err err = remember(h, pattern);
	if (err == TR_OK && tr_whereis(BRIDGE_NAME).bits != 0)
		tr_send_name(BRIDGE_NAME, TR_LIST(tr_atom("subscribe"), tr_string(pattern)));
	return err == TR_OK ? tr_group_join(group, tr_self()) : err;
}

/* To those of this node. Takes the payload. */
tr_err bus_deliver(const char *type, tr_value payload)
{
	plugin_host *h = host_of(tr_here());
	tr_err err = h == NULL                                    ? (tr_here() == NULL ? TR_ENOTACTOR : TR_ENOENT)
		     : type == NULL || !subject_valid(tr_s(type)) ? TR_EINVAL
								  : tr_value_err(payload);
	char group[300];

	if (err != TR_OK || atomic_load_explicit(&h->pattern_count, memory_order_acquire) == 0) {
		tr_drop(payload);
		return err;
	}
	pthread_mutex_lock(&h->lock);
	tr_value patterns = tr_keep(h->patterns);
	pthread_mutex_unlock(&h->lock);
	tr_value message = TR_LIST(TR_A(event), tr_string(type), payload);
	err = tr_value_err(message);
	for (size_t i = 0; err == TR_OK && i < tr_array_len(patterns); i++) {
		tr_str pattern = tr_as_str(tr_array_at(patterns, i));
		if (!pattern_matches(pattern, tr_s(type)))
			continue;
		group_name(group, sizeof(group), pattern);
		tr_group_send(group, tr_keep(message));
	}
	tr_drop(message);
	tr_drop(patterns);
	return err;
}

tr_err tr_plugin_emit(const char *type, tr_value payload)
{
	if (tr_whereis(BRIDGE_NAME).bits == 0)
		return bus_deliver(type, payload);
	/* In a process of its own: to the node, which gives it back to those here who subscribed. */
	if (type == NULL || !subject_valid(tr_s(type))) {
		tr_drop(payload);
		return TR_EINVAL;
	}
	return tr_send_name(BRIDGE_NAME, TR_LIST(tr_atom("emit"), tr_string(type), payload));
}
