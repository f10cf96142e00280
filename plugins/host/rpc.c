/* SPDX-License-Identifier: Apache-2.0 */
/* What plugins ask of the host and of each other: grants, calls, casts. */
#include "plugins/host/behalf.h"
#include "plugins/host/grants.h"
#include "plugins/host/names.h"
#include "plugins/host/process/bridge.h"
#include "plugins/host/state.h"
#include <stdio.h>
#include <string.h>
#include <troupe/gen_server.h>
#include <troupe/log.h>

/* A refusal is named: the operator is to know what was missing, and to whom. */
static void tell_refused(const char *id, const char *grant)
{
	tr_log(TR_WARNING, TR_DICT("plugin", tr_string(id), "grant", tr_string_lossy(grant, strlen(grant))),
	       "plugin %s was refused what it has no grant for: %s", id, grant);
}

/* May the plugin of this actor do it, and whoever it does it for? *lacks (when asked for) is the one that may not:
 * fresh text. */
static bool granted_to(plugin_host *h, tr_pid who, const char *grant, tr_value *lacks)
{
	tr_value behalf, other = tr_absent();
	plugin_record *r = callers_whose(h, who, &behalf);
	bool own = r == NULL || grants_cover(r->grants, tr_s(grant)); /* the node's own actors need no grant */
	bool ok = own && behalf_covers(behalf, grant, &other);

	if (!ok && lacks != NULL)
		*lacks = tr_keep(own ? other : r->id);
	tr_drop(behalf);
	record_release(r);
	return ok;
}

/* The same, and a refusal is told. */
static bool granted_or_told(plugin_host *h, tr_pid who, const char *grant)
{
	tr_value lacks = tr_absent();
	bool ok = granted_to(h, who, grant, &lacks);

	if (!ok)
		tell_refused(tr_as_cstr(lacks, "?"), grant);
	tr_drop(lacks);
	return ok;
}

/* tr_permit: before an actor reaches out through io.h. The node's side of an isolated plugin is ours. */
static bool permit(const char *grant)
{
	plugin_host *h = host_of(tr_here());
	plugin_record *r = callers_find(h, tr_self());
	bool ours = r == NULL || r->m.isolated;

	record_release(r);
	return ours || granted_or_told(h, tr_self(), grant);
}

const tr_permit rpc_permit = {permit};

bool tr_plugin_granted(const char *grant)
{
	plugin_host *h = host_of(tr_here());

	return h != NULL && grant != NULL && granted_to(h, tr_self(), grant, NULL);
}

bool tr_plugin_caller_granted(const char *grant)
{
	plugin_host *h = host_of(tr_here());
	tr_value behalf = tr_absent();

	if (h == NULL || grant == NULL)
		return false;
	record_release(callers_whose(h, tr_self(), &behalf));
	bool ok = behalf_covers(behalf, grant, NULL);
	tr_drop(behalf);
	return ok;
}

tr_value tr_plugin_grants(void)
{
	plugin_host *h = host_of(tr_here());
	tr_value behalf = tr_absent();
	plugin_record *r = h == NULL ? NULL : callers_whose(h, tr_self(), &behalf);

	if (r == NULL)
		return tr_array();
	tr_value own = tr_map_get_s(h->grants, r->m.id), all = tr_map_get_s(h->grants, "*");
	tr_value list = tr_array_concat(tr_is(own, TR_ARRAY) ? tr_keep(own) : tr_array(),
					tr_is(all, TR_ARRAY) ? tr_keep(all) : tr_array());
	record_release(r);
	list = behalf_narrow(behalf, list);
	tr_drop(behalf);
	return list;
}

bool tr_plugin_granted_to(tr_pid who, const char *grant)
{
	plugin_host *h = host_of(tr_here());

	if (h == NULL || grant == NULL || who.bits == 0 || tr_whereis(BRIDGE_NAME).bits != 0)
		return false;
	return granted_or_told(h, who, grant);
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
	return granted_or_told(h, tr_self(), grant) ? TR_OK : TR_EDENIED;
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
