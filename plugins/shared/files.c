/* SPDX-License-Identifier: Apache-2.0 */
/* Paths and grants. */
#include "plugins/shared/files.h"
#include "plugins/shared/source.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct lookup {
	char given[PATH_MAX], real[PATH_MAX];
	bool found;
	bool dangling;  /* a symbolic link to what is not there */
	bool irregular; /* no file */
} lookup;

/* The file itself, or the name it would have in its folder. Looks at the disk: on the dirty pool. */
static void *resolve(void *arg)
{
	lookup *l = arg;
	char folder[PATH_MAX], name[PATH_MAX], real[PATH_MAX];

	struct stat st;

	l->found = realpath(l->given, l->real) != NULL;
	if (l->found) {
		l->irregular = stat(l->real, &st) != 0 || !S_ISREG(st.st_mode);
		return NULL;
	}
	memcpy(folder, l->given, sizeof folder);
	memcpy(name, l->given, sizeof name);
	const char *last = basename(name);
	if (strcmp(last, ".") == 0 || strcmp(last, "..") == 0 || realpath(dirname(folder), real) == NULL)
		return NULL;
	int n = snprintf(l->real, sizeof l->real, "%s/%s", strcmp(real, "/") == 0 ? "" : real, last);
	l->found = n > 0 && (size_t)n < sizeof l->real;
	/* Opened for writing it would make a file wherever it leads. */
	l->dangling = l->found && lstat(l->real, &st) == 0;
	return NULL;
}

/* Without symbolic links; absent, with a text of what is in the way, when it cannot be used. */
static tr_value real_path(const char *path, bool folder, const char **why)
{
	lookup *l = tr_alloc(sizeof(*l));
	tr_value real = tr_absent();
	tr_err err = TR_OK;

	*why = "cannot be found: its folder does not exist";
	if (l == NULL)
		return tr_absent();
	if (snprintf(l->given, sizeof l->given, "%s", path) < (int)sizeof l->given)
		(void)tr_dirty(resolve, l, &err);
	if (l->dangling)
		*why = "is a symbolic link to what does not exist";
	else if (l->irregular && !folder)
		*why = "is no regular file";
	else if (l->found && err == TR_OK)
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
		const char *why;
		tr_value real = all ? tr_string("/") : real_path(grant + 3, true, &why);
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

bool files_below(tr_value folders, tr_str path)
{
	for (size_t i = 0; i < tr_array_len(folders); i++)
		if (below(tr_as_str(tr_array_at(folders, i)), path))
			return true;
	return false;
}

/* Of the folder that a path is in. */
static size_t folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL || slash == path ? 1 : (size_t)(slash - path);
}

tr_value files_locate(tr_value path, tr_value context, tr_value folders, const char *kind, tr_value *fault)
{
	const char *why;

	*fault = files_nul_fault(path, kind);
	if (tr_is_valid(*fault))
		return tr_absent();
	tr_value meant = source_path(tr_as_cstr(path, ""), context),
		 real = real_path(tr_as_cstr(meant, ""), false, &why);
	tr_drop(meant);
	if (!tr_is_valid(real)) {
		*fault = tr_outcome_error("input", false, "%s: %s %s", kind, tr_as_cstr(path, ""), why);
		return tr_absent();
	}
	if (files_below(folders, tr_as_str(real)))
		return real;
	tr_value grant = tr_stringf("fs:%.*s", (int)folder_length(tr_as_cstr(real, "")), tr_as_cstr(real, ""));
	*fault = tr_outcome_denied(tr_as_cstr(grant, "fs:/"), "%s may not use %s", kind, tr_as_cstr(real, ""));
	tr_drop(grant);
	tr_drop(real);
	return tr_absent();
}

/* ---- opening ---- */

#define FOLDER_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* A kernel without openat2: one part of the path after the other. */
static int walk(const char *path)
{
	char part[NAME_MAX + 1];
	int at = open("/", FOLDER_FLAGS);

	while (at >= 0 && *(path += strspn(path, "/")) != '\0') {
		size_t n = strcspn(path, "/");
		if (n >= sizeof part) {
			close(at);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, path, n);
		part[n] = '\0';
		int next = openat(at, part, FOLDER_FLAGS);
		int why = errno;
		close(at);
		errno = why;
		at = next;
		path += n;
	}
	return at;
}

int files_folder_direct(const char *path, bool by_parts)
{
	struct open_how how = {.flags = FOLDER_FLAGS, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	long fd = by_parts ? -1 : syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);

	/* Not there, or not let through by a filter of system calls. */
	if (by_parts || (fd < 0 && (errno == ENOSYS || errno == EPERM)))
		return walk(path);
	return (int)fd;
}

int files_folder(const char *path, const char **name, int *err)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int n =
	    slash == NULL ? -1 : snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);

	*err = n < 0 || (size_t)n >= sizeof folder ? ENAMETOOLONG : 0;
	if (*err != 0)
		return -1;
	*name = slash + 1;
	int fd = files_folder_direct(folder, false);
	if (fd < 0)
		*err = errno;
	return fd;
}

int files_open_in(int folder, const char *name, int flags, int *err)
{
	struct stat st;

	*err = 0;
	/* Opening a device may do something already. */
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode)) {
		*err = FILES_IRREGULAR;
		return -1;
	}
	int fd = openat(folder, name, flags | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0644);
	if (fd < 0 || fstat(fd, &st) != 0)
		*err = errno == ELOOP || errno == ENXIO ? FILES_IRREGULAR : errno;
	else if (!S_ISREG(st.st_mode))
		*err = FILES_IRREGULAR;
	if (*err != 0 && fd >= 0)
		close(fd);
	return *err == 0 ? fd : -1;
}

int files_open(const char *path, int flags, int *err)
{
	const char *name = path;
	int folder = files_folder(path, &name, err);

	if (folder < 0)
		return -1;
	int fd = files_open_in(folder, name, flags, err);
	close(folder);
	return fd;
}

/* ---- folders of our own ---- */

typedef struct making {
	const char *path;
	int err;
} making;

static void *do_make(void *arg)
{
	making *m = arg;

	m->err = mkdir(m->path, 0700) == 0 || errno == EEXIST ? 0 : errno;
	return NULL;
}

tr_value files_make_folder(const char *path)
{
	making m = {.path = path};
	tr_err err = TR_OK;

	(void)tr_dirty(do_make, &m, &err);
	if (err == TR_OK && m.err == 0)
		return tr_absent();
	return tr_stringf("the folder %s cannot be made: %s", path, err != TR_OK ? tr_err_text(err) : strerror(m.err));
}

const char *files_error(int err)
{
	return err == FILES_IRREGULAR ? "it is no regular file" : strerror(err);
}

/* ---- texts for C libraries ---- */

static bool has_nul(tr_value v)
{
	bool found = false;

	if (tr_is(v, TR_STRING) && tr_as_str(v).n > 0)
		return memchr(tr_as_str(v).p, '\0', tr_as_str(v).n) != NULL;
	for (size_t i = 0; i < tr_array_len(v) && !found; i++)
		found = has_nul(tr_array_at(v, i));
	for (size_t i = 0; i < tr_map_len(v) && !found; i++) {
		const tr_entry *one = &tr_map_entries(v)[i];
		found = has_nul(one->key) || (!tr_str_is(tr_as_str(one->key), "params") && has_nul(one->value));
	}
	return found;
}

tr_value files_nul_fault(tr_value v, const char *kind)
{
	return has_nul(v) ? tr_outcome_error("input", false, "%s: a text has a NUL character in it", kind)
			  : tr_absent();
}
