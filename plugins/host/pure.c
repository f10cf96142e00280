/* SPDX-License-Identifier: Apache-2.0 */
/* Commands in the actor of whoever asks. */
#include "plugins/host/pure.h"
#include "plugins/host/command.h"
#include "plugins/host/controller.h"
#include "plugins/host/state.h"
#include <stdio.h>

struct pure_table {
	plugin_host *host; /* NULL: the node has none */
	tr_node *node;
	uint64_t changes;                        /* of the host, when this was made */
	plugin_record *controllers[CONTROLLERS]; /* held; NULL: nobody */
	size_t count;
	plugin_record *records[]; /* held; NULL: to the plugin's actor */
};

static void table_destroy(void *data)
{
	pure_table *t = data;

	for (size_t i = 0; i < t->count; i++)
		record_release(t->records[i]);
	for (size_t i = 0; i < CONTROLLERS; i++)
		record_release(t->controllers[i]);
	tr_free(t);
}

static const tr_class table_class = {"pure_table", table_destroy};

/* A limit of time can only be held by somebody who watches. */
static bool is_pure(const plugin_record *r)
{
	return r->code.pure != NULL && r->m.time_ns == 0;
}

/* Held, or NULL. */
static plugin_record *performer(plugin_host *h, tr_str kind)
{
	char name[96];

	if (kind.n > 64)
		return NULL;
	snprintf(name, sizeof(name), "tool:%.*s", TR_STR(kind));
	plugin_record *r = plugins_capability(h, name);
	if (r == NULL || is_pure(r))
		return r;
	record_release(r);
	return NULL;
}

static uint64_t changes_of(plugin_host *h)
{
	return h == NULL ? 0 : atomic_load_explicit(&h->changes, memory_order_acquire);
}

tr_value pure_table_new(tr_node *node, const tr_value *kinds, size_t count)
{
	pure_table *t = tr_alloc(sizeof(*t) + count * sizeof(plugin_record *));

	if (t == NULL)
		return tr_invalid(TR_ENOMEM);
	t->node = node;
	t->host = host_of(node);
	/* First the number, then what it numbers: a change between the two makes this stale, not wrong. */
	t->changes = changes_of(t->host);
	for (; t->count < count; t->count++)
		t->records[t->count] = t->host == NULL ? NULL : performer(t->host, tr_as_str(kinds[t->count]));
	for (size_t i = 0; i < CONTROLLERS && t->host != NULL; i++)
		t->controllers[i] = plugins_capability(t->host, controller_capability((controller)i));
	return tr_object(&table_class, t);
}

const pure_table *pure_table_of(tr_value object)
{
	return tr_as_object(object, &table_class);
}

bool pure_table_current(const pure_table *t)
{
	return t->changes == changes_of(t->host);
}

plugin_record *pure_table_controller(const pure_table *t, controller which)
{
	return t != NULL && pure_table_current(t) ? t->controllers[which] : NULL;
}

plugin_host *pure_table_host(const pure_table *t)
{
	return t->host;
}

bool pure_may(const pure_table *t, size_t kind)
{
	return t != NULL && kind < t->count && t->records[kind] != NULL && pure_table_current(t) &&
	       !hooks_any(t->node, HOOK_TASK_EXECUTE) && !hooks_any(t->node, HOOK_TASK_OUTCOME);
}

tr_value pure_perform(const pure_table *t, size_t kind, tr_value input)
{
	plugin_record *r = t->records[kind];
	/* A stranger has no more rights here than in its own actor. */
	caller_stay *stay = r->builtin ? NULL : callers_visit(r);

	if (stay == NULL && !r->builtin)
		return tr_outcome_error("busy", true, "plugin %s could not start the command: out of memory", r->m.id);
	tr_value outcome = outcome_checked(r->code.pure(r->config, input), r->m.id);
	callers_leave(stay);
	bool well = tr_str_is(tr_as_str(tr_map_get_n(outcome, "status", 6)), "success");
	atomic_fetch_add_explicit(&r->pure_ends[well ? PURE_DONE : PURE_FAILED], 1, memory_order_relaxed);
	return outcome;
}
