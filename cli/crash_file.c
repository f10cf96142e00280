/* SPDX-License-Identifier: Apache-2.0 */
/* The folder for state, as XDG has it. */
#include "cli/crash_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAME "troupe_crash.dump"

/* All folders on the way to the file. */
static bool make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		bool made = mkdir(path, 0700) == 0 || errno == EEXIST;
		*slash = '/';
		if (!made)
			return false;
	}
	return true;
}

static bool put(char path[CRASH_FILE_SIZE], const char *base, const char *below)
{
	int n = snprintf(path, CRASH_FILE_SIZE, "%s%s/" NAME, base, below);

	return n > 0 && n < CRASH_FILE_SIZE && make_folders(path);
}

const char *crash_file(char path[CRASH_FILE_SIZE], const char *data)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (getenv("TROUPE_CRASH_DUMP") != NULL)
		return NULL;
	if (state != NULL && state[0] == '/' && put(path, state, "/troupe"))
		return path;
	if (home != NULL && home[0] == '/' && put(path, home, "/.local/state/troupe"))
		return path;
	return put(path, data, "") ? path : NULL;
}
