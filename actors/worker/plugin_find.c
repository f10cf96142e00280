/* SPDX-License-Identifier: Apache-2.0 */
/** Where the commands of a tool kind go. */
#include "actors/worker/plugin_find.h"

#include <stdio.h>

tr_pid plugin_find(const char *kind)
{
	char subject[160];
	int n = snprintf(subject, sizeof subject, "command.%s", kind);
	if (kind[0] == 0 || n < 0 || (size_t)n >= sizeof subject)
		return (tr_pid){0};
	return tr_whereis(subject);
}
