/* SPDX-License-Identifier: Apache-2.0 */
/* Temporary folders. A lock on the folder says that it is in use: it ends with the process, however that ends. */
#include "plugins/shared/duckdb/temp.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "duckdb-temp-"

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	(void)remove(path);
	return 0;
}

static void remove_all(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* The lock of a folder; -1 when somebody has it. */
static int lock_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void sweep(const char *folder)
{
	char path[PATH_MAX];
	DIR *d = opendir(folder);

	for (struct dirent *one; d != NULL && (one = readdir(d)) != NULL;) {
		if (strncmp(one->d_name, PREFIX, strlen(PREFIX)) != 0 ||
		    snprintf(path, sizeof path, "%s/%s", folder, one->d_name) >= (int)sizeof path)
			continue;
		int fd = lock_folder(path);
		if (fd < 0)
			continue;
		remove_all(path);
		close(fd);
	}
	if (d != NULL)
		closedir(d);
}

void duck_temp_open(duck_temp *t, const char *folder)
{
	const char *system = getenv("TMPDIR");

	t->lock = -1;
	if (folder[0] != '\0') {
		(void)mkdir(folder, 0700);
		sweep(folder);
	} else {
		folder = system != NULL && system[0] == '/' ? system : "/tmp";
	}
	/* Another engine may sweep between the making and the lock: then the folder is gone, and the next is tried. */
	for (int i = 0; i < 10 && t->lock < 0; i++) {
		struct stat st;
		int n = snprintf(t->path, sizeof t->path, "%s/" PREFIX "XXXXXX", folder);
		if (n >= (int)sizeof t->path || mkdtemp(t->path) == NULL)
			break;
		t->lock = lock_folder(t->path);
		if (t->lock >= 0 && stat(t->path, &st) != 0) {
			close(t->lock);
			t->lock = -1;
		}
	}
	if (t->lock < 0)
		t->path[0] = '\0';
}

void duck_temp_close(duck_temp *t)
{
	if (t->path[0] == '\0')
		return;
	remove_all(t->path);
	close(t->lock);
	t->path[0] = '\0';
}

void duck_temp_of(duck_temp *t, const char *path, char out[PATH_MAX])
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	bool in_memory = strcmp(path, ":memory:") == 0;
	int n = 0;

	for (const char *p = path; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	if (in_memory)
		h = atomic_fetch_add(&t->next, 1);
	if (t->path[0] != '\0')
		n = snprintf(out, PATH_MAX, "%s/%s-%016llx", t->path, in_memory ? "memory" : "file",
			     (unsigned long long)h);
	if (n <= 0 || n >= PATH_MAX)
		out[0] = '\0';
}
