/* SPDX-License-Identifier: Apache-2.0 */
/* What plugins ask of the host and of each other: grants, calls, casts. */
#include "plugins/host/grants.h"
#include "plugins/host/names.h"
#include "plugins/host/state.h"
#include <stdio.h>
#include <troupe/gen_server.h>

static bool granted(plugin_host *h, const char *grant)
{
	plugin_record *r = callers_find(h, tr_self());
	bool ok = r == NULL || grants_cover(r->grants, tr_s(grant)); /* the node's own actors need no grant */

	record_release(r);
	return ok;
}

bool tr_plugin_granted(const char *grant)
{
	plugin_host *h = host_of(tr_here());

	return h != NULL && grant != NULL && granted(h, grant);
}

/* May the caller talk to plugin `id`? Fills its actor's name. */
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
	return granted(h, grant) ? TR_OK : TR_EDENIED;
}

tr_value tr_plugin_call(const char *id, tr_value request, int64_t deadline)
{
	char name[NAME_SIZE];
	tr_err err = reach(id, name, sizeof(name));

	if (err == TR_OK)
		return tr_call_name(name, request, deadline);
	tr_drop(request);
	return tr_invalid(err);
}

tr_err tr_plugin_cast(const char *id, tr_value request)
{
	char name[NAME_SIZE];
	tr_err err = reach(id, name, sizeof(name));

	if (err == TR_OK)
		return tr_cast_name(name, request);
	tr_drop(request);
	return err;
}
