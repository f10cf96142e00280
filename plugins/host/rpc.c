/* SPDX-License-Identifier: Apache-2.0 */
/* What plugins ask of the host and of each other: grants, calls, casts. */
#include "plugins/host/grants.h"
#include "plugins/host/names.h"
#include "plugins/host/process/bridge.h"
#include "plugins/host/state.h"
#include <stdio.h>
#include <string.h>
#include <troupe/gen_server.h>
#include <troupe/log.h>

static bool granted_to(plugin_host *h, tr_pid who, const char *grant)
{
	plugin_record *r = callers_find(h, who);
	bool ok = r == NULL || grants_cover(r->grants, tr_s(grant)); /* the node's own actors need no grant */

	record_release(r);
	return ok;
}

static bool granted(plugin_host *h, const char *grant)
{
	return granted_to(h, tr_self(), grant);
}

/* A refusal is named: the operator is to know what was missing. */
static void tell_refused(const plugin_record *r, const char *grant)
{
	tr_log(TR_WARNING, TR_DICT("plugin", tr_keep(r->id), "grant", tr_string_lossy(grant, strlen(grant))),
	       "plugin %s was refused what it has no grant for: %s", r->m.id, grant);
}

/* tr_permit: before an actor reaches out through io.h. The node's side of an isolated plugin is ours. */
static bool permit(const char *grant)
{
	plugin_record *r = callers_find(host_of(tr_here()), tr_self());
	bool ok = r == NULL || r->m.isolated || grants_cover(r->grants, tr_s(grant));

	if (!ok)
		tell_refused(r, grant);
	record_release(r);
	return ok;
}

const tr_permit rpc_permit = {permit};

bool tr_plugin_granted(const char *grant)
{
	plugin_host *h = host_of(tr_here());

	return h != NULL && grant != NULL && granted(h, grant);
}

tr_value tr_plugin_grants(void)
{
	plugin_host *h = host_of(tr_here());
	plugin_record *r = h == NULL ? NULL : callers_find(h, tr_self());

	if (r == NULL)
		return tr_array();
	tr_value own = tr_map_get_s(h->grants, r->m.id), all = tr_map_get_s(h->grants, "*");
	tr_value list = tr_array_concat(tr_is(own, TR_ARRAY) ? tr_keep(own) : tr_array(),
					tr_is(all, TR_ARRAY) ? tr_keep(all) : tr_array());
	record_release(r);
	return list;
}

bool tr_plugin_granted_to(tr_pid who, const char *grant)
{
	plugin_host *h = host_of(tr_here());

	if (h == NULL || grant == NULL || who.bits == 0 || tr_whereis(BRIDGE_NAME).bits != 0)
		return false;
	bool ok = granted_to(h, who, grant);
	plugin_record *r = ok ? NULL : callers_find(h, who);
	if (r != NULL)
		tell_refused(r, grant);
	record_release(r);
	return ok;
}

static bool is_service(const plugin_host *h, const char *id)
{
	for (const char *const *s = h->services; s != NULL && *s != NULL; s++)
		if (strcmp(*s, id) == 0)
			return true;
	return false;
}

/* May the caller talk to plugin `id`, or to the node's service of that name? Fills its actor's name. */
static tr_err reach(const char *id, char *name, size_t size)
{
	plugin_host *h = host_of(tr_here());
	char grant[160];

	if (h == NULL)
		return tr_here() == NULL ? TR_ENOTACTOR : TR_ENOPROC;
	if (id == NULL)
		return TR_EINVAL;
	snprintf(grant, sizeof(grant), "call:%s", id);
	name_instance(name, size, id);
	if (tr_whereis(name).bits == 0 && is_service(h, id))
		snprintf(name, size, "%s", id);
	if (granted(h, grant))
		return TR_OK;
	plugin_record *r = callers_find(h, tr_self());
	if (r != NULL)
		tell_refused(r, grant);
	record_release(r);
	return TR_EDENIED;
}

/* In a process of its own: the node does it. The answer is [ok?, value or error number]. */
static tr_value call_outside(const char *id, tr_value request, int64_t deadline)
{
	tr_value reply = tr_call_name(BRIDGE_NAME, TR_LIST(tr_atom("call"), tr_string(id), request), deadline);
	tr_value second = tr_array_at(reply, 1);

	if (!tr_is_valid(reply))
		return reply;
	tr_value v = tr_as_bool(tr_array_at(reply, 0), false) ? tr_keep(second)
							      : tr_invalid((tr_err)tr_as_int(second, TR_EDOWN));
	tr_drop(reply);
	return v;
}

tr_value tr_plugin_call(const char *id, tr_value request, int64_t deadline)
{
	char name[NAME_SIZE];
	tr_err err = reach(id, name, sizeof(name));

	if (err == TR_OK && tr_whereis(name).bits == 0 && tr_whereis(BRIDGE_NAME).bits != 0)
		return call_outside(id, request, deadline);
	if (err == TR_OK)
		return tr_call_name(name, request, deadline);
	tr_drop(request);
	return tr_invalid(err);
}

tr_err tr_plugin_cast(const char *id, tr_value request)
{
	char name[NAME_SIZE];
	tr_err err = reach(id, name, sizeof(name));

	if (err == TR_OK && tr_whereis(name).bits == 0 && tr_whereis(BRIDGE_NAME).bits != 0)
		return tr_send_name(BRIDGE_NAME, TR_LIST(tr_atom("cast"), tr_string(id), request));
	if (err == TR_OK)
		return tr_cast_name(name, request);
	tr_drop(request);
	return err;
}
