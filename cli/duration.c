/* SPDX-License-Identifier: Apache-2.0 */
/* Durations and times from the command line. */
#include "cli/duration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool duration_parse(const char *text, int64_t *us)
{
	static const struct {
		const char *unit;
		int64_t seconds;
	} units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}};
	char *end = NULL;
	errno = 0;
	long long n = strtoll(text, &end, 10);
	if (*text < '0' || *text > '9' || errno != 0)
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(end, units[i].unit) == 0 && n <= INT64_MAX / 1000000 / units[i].seconds) {
			*us = n * units[i].seconds * 1000000;
			return true;
		}
	return false;
}

bool since_parse(const char *text, int64_t *us)
{
	static const char *const forms[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"};
	int64_t ago;
	if (duration_parse(text, &ago)) {
		struct timespec now;
		(void)clock_gettime(CLOCK_REALTIME, &now);
		*us = (int64_t)now.tv_sec * 1000000 - ago;
		return true;
	}
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct tm tm = {0};
		const char *end = strptime(text, forms[i], &tm);
		if (end != NULL && *end == '\0') {
			*us = (int64_t)timegm(&tm) * 1000000;
			return true;
		}
	}
	return false;
}
