/* SPDX-License-Identifier: Apache-2.0 */
/* Paths and grants. */
#include "plugins/shared/files.h"
#include "plugins/shared/source.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct lookup {
	char given[PATH_MAX], real[PATH_MAX];
	bool found;
} lookup;

/* The file itself, or the name it would have in its folder. Looks at the disk: on the dirty pool. */
static void *resolve(void *arg)
{
	lookup *l = arg;
	char folder[PATH_MAX], name[PATH_MAX], real[PATH_MAX];

	l->found = realpath(l->given, l->real) != NULL;
	if (l->found)
		return NULL;
	memcpy(folder, l->given, sizeof folder);
	memcpy(name, l->given, sizeof name);
	const char *last = basename(name);
	if (strcmp(last, ".") == 0 || strcmp(last, "..") == 0 || realpath(dirname(folder), real) == NULL)
		return NULL;
	int n = snprintf(l->real, sizeof l->real, "%s/%s", strcmp(real, "/") == 0 ? "" : real, last);
	l->found = n > 0 && (size_t)n < sizeof l->real;
	return NULL;
}

static tr_value real_path(const char *path)
{
	lookup *l = tr_alloc(sizeof(*l));
	tr_value real = tr_absent();
	tr_err err = TR_OK;

	if (l == NULL)
		return tr_absent();
	if (snprintf(l->given, sizeof l->given, "%s", path) < (int)sizeof l->given)
		(void)tr_dirty(resolve, l, &err);
	if (l->found && err == TR_OK)
		real = tr_string_lossy(l->real, strlen(l->real));
	tr_free(l);
	return real;
}

tr_value files_granted(void)
{
	tr_value grants = tr_plugin_grants(), folders = tr_array();

	for (size_t i = 0; i < tr_array_len(grants); i++) {
		const char *grant = tr_as_cstr(tr_array_at(grants, i), "");
		bool all = strcmp(grant, "*") == 0 || strcmp(grant, "fs:*") == 0;
		if (!all && strncmp(grant, "fs:/", 4) != 0)
			continue;
		tr_value real = all ? tr_string("/") : real_path(grant + 3);
		if (tr_is_valid(real))
			folders = tr_array_push(folders, real);
	}
	tr_drop(grants);
	return folders;
}

static bool below(tr_str folder, tr_str path)
{
	if (folder.n == 1)
		return true;
	return path.n >= folder.n && memcmp(path.p, folder.p, folder.n) == 0 &&
	       (path.n == folder.n || path.p[folder.n] == '/');
}

tr_value files_locate(const char *path, tr_value context, tr_value folders, const char *kind, tr_value *fault)
{
	tr_value meant = source_path(path, context), real = real_path(tr_as_cstr(meant, ""));

	*fault = tr_absent();
	tr_drop(meant);
	if (!tr_is_valid(real)) {
		*fault =
		    tr_outcome_error("input", false, "%s: %s cannot be found: its folder does not exist", kind, path);
		return tr_absent();
	}
	for (size_t i = 0; i < tr_array_len(folders); i++)
		if (below(tr_as_str(tr_array_at(folders, i)), tr_as_str(real)))
			return real;
	*fault = tr_outcome_error("denied", false,
				  "%s may not use %s: no grant of the operator covers it (--grant fs:FOLDER)", kind,
				  tr_as_cstr(real, ""));
	tr_drop(real);
	return tr_absent();
}
