/* SPDX-License-Identifier: Apache-2.0 */
/* Who is behind a command. */
#include "plugins/host/behalf.h"
#include "plugins/host/grants.h"
#include <string.h>

tr_value behalf_with(tr_value behalf, const plugin_record *r)
{
	if (r == NULL || r->trusted)
		return behalf;
	return tr_array_push(tr_is(behalf, TR_ARRAY) ? behalf : tr_array(),
			     TR_LIST(tr_keep(r->id), tr_keep(r->grants)));
}

bool behalf_covers(tr_value behalf, const char *grant, tr_value *who)
{
	if (strncmp(grant, "call:", 5) == 0)
		return true;
	for (size_t i = 0; i < tr_array_len(behalf); i++) {
		tr_value one = tr_array_at(behalf, i);
		if (grants_cover(tr_array_at(one, 1), tr_s(grant)))
			continue;
		if (who != NULL)
			*who = tr_array_at(one, 0);
		return false;
	}
	return true;
}

tr_value behalf_narrow(tr_value behalf, tr_value grants)
{
	for (size_t i = 0; i < tr_array_len(behalf); i++)
		tr_assign(&grants, grants_effective(grants, tr_array_at(tr_array_at(behalf, i), 1)));
	return grants;
}
