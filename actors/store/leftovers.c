/* SPDX-License-Identifier: Apache-2.0 */
/* Walking the folders in which files are made. */
#include "actors/store/leftovers.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define SUFFIX           ".new"
#define FOLDER_DEPTH_MAX 16

bool leftover_name(const char *name)
{
	size_t n = strlen(name);
	return n > sizeof SUFFIX - 1 && strcmp(name + n - (sizeof SUFFIX - 1), SUFFIX) == 0;
}

/* The files of a folder below the data folder that are left over; all of the spool's are. */
static void each_of(const char *data, const char *folder, bool all, void (*each)(void *arg, const char *file),
		    void *arg)
{
	layout_path path;
	char file[PATH_MAX];
	DIR *dir = layout_join(path, data, "%s", folder) == TR_OK ? opendir(path) : NULL;
	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		int n = snprintf(file, sizeof file, "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] != '.' && (all || leftover_name(entry->d_name)) && n > 0 && n < (int)sizeof file)
			each(arg, file);
	}
	if (dir != NULL)
		closedir(dir);
}

/* Of snapshots and of packed logs; workflows may be called as they like. */
static void each_below(const char *data, const char *folder, int depth, void (*each)(void *arg, const char *file),
		       void *arg)
{
	layout_path path;
	char below[PATH_MAX];
	DIR *dir = layout_join(path, data, "%s", folder) == TR_OK ? opendir(path) : NULL;
	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		int n = snprintf(below, sizeof below, "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] == '.' || n < 0 || n >= (int)sizeof below)
			continue;
		if (entry->d_type == DT_DIR && depth < FOLDER_DEPTH_MAX)
			each_below(data, below, depth + 1, each, arg);
		else if (entry->d_type == DT_REG && leftover_name(entry->d_name))
			each(arg, below);
	}
	if (dir != NULL)
		closedir(dir);
}

void leftovers_each(const char *data, void (*each)(void *arg, const char *file), void *arg)
{
	layout_path path;
	char part[PATH_MAX];
	DIR *top = layout_join(path, data, "artifacts") == TR_OK ? opendir(path) : NULL;
	for (struct dirent *entry; top != NULL && (entry = readdir(top)) != NULL;) {
		int n = snprintf(part, sizeof part, "artifacts/%s", entry->d_name);
		if (entry->d_name[0] != '.' && n > 0 && n < (int)sizeof part)
			each_of(data, part, false, each, arg);
	}
	if (top != NULL)
		closedir(top);
	each_of(data, "spool", true, each, arg);
	each_of(data, "journal", false, each, arg);
	each_of(data, "index", false, each, arg);
	each_of(data, "playbooks", false, each, arg);
	each_below(data, "executions", 0, each, arg);
}

struct clearing {
	const char *data;
	const disk *disk;
};

static void remove_one(void *arg, const char *file)
{
	const struct clearing *c = arg;
	layout_path path;
	if (layout_join(path, c->data, "%s", file) == TR_OK)
		(void)c->disk->remove(c->disk->arg, path);
}

void leftovers_clear(const char *data, const disk *d)
{
	struct clearing c = {data, d};
	each_of(data, "journal", false, remove_one, &c);
	each_of(data, "index", false, remove_one, &c);
}

void leftovers_clear_execution(const char *data, const disk *d, const char *folder)
{
	struct clearing c = {data, d};
	char below[PATH_MAX];
	int n = snprintf(below, sizeof below, "executions/%s", folder);
	if (n > 0 && n < (int)sizeof below)
		each_of(data, below, false, remove_one, &c);
}
