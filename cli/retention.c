/* SPDX-License-Identifier: Apache-2.0 */
/* The policy of --keep. */
#include "cli/retention.h"

#include "cli/command.h"
#include "cli/duration.h"

#include <errno.h>
#include <stdlib.h>

int retention_take(const char *name, const char *text, compact_policy *policy)
{
	char *end = NULL;
	int64_t us;
	if (duration_parse(text, &us) && us > 0) {
		policy->keep_us = us;
		return EXIT_OK;
	}
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (*text < '1' || *text > '9' || *end != '\0' || errno != 0)
		return usage_error(name, "--keep takes an age (12h, 30d) or a number of executions, not '%s'", text);
	policy->keep_count = n;
	return EXIT_OK;
}
