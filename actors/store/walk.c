/* SPDX-License-Identifier: Apache-2.0 */
/* The folders below executions/. */
#include "actors/store/walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER_DEPTH_MAX 16

bool walk_id(const char *text, int64_t *id)
{
	char *end = NULL;
	if (*text < '1' || *text > '9')
		return false;
	errno = 0;
	*id = strtoll(text, &end, 10);
	return *end == '\0' && errno == 0;
}

/* "<id>.log.zst", as the id's text in `name`. */
static bool packed_name(const char *entry, char *name, size_t n, int64_t *id)
{
	size_t length = strlen(entry), suffix = sizeof PACKED_SUFFIX - 1;
	if (length <= suffix || length - suffix >= n || strcmp(entry + length - suffix, PACKED_SUFFIX) != 0)
		return false;
	memcpy(name, entry, length - suffix);
	name[length - suffix] = '\0';
	return walk_id(name, id);
}

struct walk {
	const char *data;
	walk_fn *found;
	void *arg;
};

static bool walk(const struct walk *w, const char *folder, int depth);

static bool visit(const struct walk *w, const char *folder, int depth, const struct dirent *entry)
{
	char below[PATH_MAX], name[NAME_MAX + 1];
	int64_t id;
	bool packed = entry->d_type != DT_DIR && packed_name(entry->d_name, name, sizeof name, &id);
	if (entry->d_name[0] == '.' || (!packed && entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
		return true;
	int n =
	    snprintf(below, sizeof below, "%s%s%s", folder, *folder != '\0' ? "/" : "", packed ? name : entry->d_name);
	if (n < 0 || n >= (int)sizeof below)
		return true;
	if (packed || walk_id(entry->d_name, &id))
		return w->found(w->arg, below, id, packed);
	return depth >= FOLDER_DEPTH_MAX || walk(w, below, depth + 1);
}

static bool walk(const struct walk *w, const char *folder, int depth)
{
	layout_path path;
	if (layout_join(path, w->data, "executions/%s", folder) != TR_OK)
		return true;
	DIR *dir = opendir(path);
	if (dir == NULL)
		return true;
	bool go_on = true;
	for (struct dirent *entry; go_on && (entry = readdir(dir)) != NULL;)
		go_on = visit(w, folder, depth, entry);
	closedir(dir);
	return go_on;
}

void walk_executions(const char *data, walk_fn *found, void *arg)
{
	(void)walk(&(struct walk){data, found, arg}, "", 0);
}
