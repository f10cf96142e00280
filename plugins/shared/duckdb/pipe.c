/* SPDX-License-Identifier: Apache-2.0 */
/* The disk is asked about so many texts only, and of a pattern about so many names of its folder. A path that the
 * statement itself makes of parts is not seen. */
#include "plugins/shared/duckdb/pipe.h"
#include "plugins/shared/files.h"
#include "plugins/shared/sql/texts.h"

#include <dirent.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TEXTS_MAX 10000u
#define NAMES_MAX 10000u

typedef struct search {
	tr_value folders;
	size_t asked;
	char found[PATH_MAX];
} search;

static bool is_pipe(search *s, const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) &&
	       realpath(path, s->found) != NULL && files_below(s->folders, tr_s(s->found));
}

/* The pattern is behind the last slash; other folders are not searched. */
static bool fits_pipe(search *s, const char *pattern)
{
	char path[PATH_MAX];
	const char *slash = strrchr(pattern, '/');
	int n = slash == NULL ? 0 : (int)(slash - pattern);
	bool is = false;

	(void)snprintf(path, sizeof path, "%.*s/", slash == NULL ? 1 : n, slash == NULL ? "." : pattern);
	if (strpbrk(path, "*?[") != NULL)
		return false;
	DIR *folder = opendir(path);
	struct dirent *e;
	for (size_t i = 0; folder != NULL && !is && i < NAMES_MAX && (e = readdir(folder)) != NULL; i++) {
		if (e->d_type == DT_REG || e->d_type == DT_DIR ||
		    fnmatch(slash == NULL ? pattern : slash + 1, e->d_name, FNM_PERIOD) != 0)
			continue;
		int size = snprintf(path, sizeof path, "%.*s/%s", slash == NULL ? 1 : n, slash == NULL ? "." : pattern,
				    e->d_name);
		is = size > 0 && (size_t)size < sizeof path && is_pipe(s, path);
	}
	if (folder != NULL)
		closedir(folder);
	return is;
}

static bool leads_to_pipe(const char *text, void *arg)
{
	search *s = arg;
	size_t n = strnlen(text, PATH_MAX);

	if (n == PATH_MAX || memchr(text, '\n', n) != NULL || s->asked++ >= TEXTS_MAX)
		return false;
	return text[strcspn(text, "*?[")] == '\0' ? is_pipe(s, text) : fits_pipe(s, text);
}

tr_value duck_pipe_fault(tr_str sql, tr_value params, tr_value folders, size_t number)
{
	search *s = tr_array_len(folders) == 0 ? NULL : tr_alloc(sizeof(*s));
	tr_value fault = tr_absent();

	if (s == NULL)
		return fault;
	*s = (search){.folders = folders};
	if (sql_texts_any(sql, params, leads_to_pipe, s))
		fault = tr_outcome_error(
		    "input", false,
		    "duckdb: statement %zu names %s, which is no regular file but a pipe, a socket or a "
		    "device: whoever opens it may wait for its other end, and no timeout interrupts "
		    "that; use a regular file",
		    number, s->found);
	tr_free(s);
	return fault;
}
