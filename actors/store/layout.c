/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of a data folder and its lock. */
#include "actors/store/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOOKERS_MAX 100

static tr_err fit(int n)
{
	return n >= 0 && n < PATH_MAX ? TR_OK : TR_ELIMIT;
}

tr_err layout_default(layout_path out)
{
	const char *dir = getenv("TROUPE_DATA");
	if (dir != NULL && *dir != '\0')
		return fit(snprintf(out, PATH_MAX, "%s", dir));
	dir = getenv("XDG_DATA_HOME");
	if (dir != NULL && *dir == '/')
		return fit(snprintf(out, PATH_MAX, "%s/troupe", dir));
	dir = getenv("HOME");
	return fit(snprintf(out, PATH_MAX, "%s/.local/share/troupe", dir != NULL && *dir != '\0' ? dir : "/tmp"));
}

tr_err layout_join(layout_path out, const char *data, const char *fmt, ...)
{
	int n = snprintf(out, PATH_MAX, "%s/", data);
	if (fit(n) != TR_OK)
		return TR_ELIMIT;
	va_list args;
	va_start(args, fmt);
	int more = vsnprintf(out + n, PATH_MAX - (size_t)n, fmt, args);
	va_end(args);
	return more < 0 ? TR_EINVAL : fit(n + more);
}

static bool plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
	       c == '-';
}

void layout_folder_name(char *out, size_t n, const char *workflow)
{
	size_t used = 0;
	size_t part = 0; /* length of the current part, for dots at its start */
	for (const char *at = workflow; *at != '\0' && used + 1 < n && used < 200; at++) {
		if (*at == '/') {
			if (part > 0 && at[1] != '\0' && at[1] != '/') {
				out[used++] = '/';
				part = 0;
			}
			continue;
		}
		out[used++] = plain(*at) && !(part == 0 && *at == '.') ? *at : '_';
		part++;
	}
	while (used > 0 && out[used - 1] == '/')
		used--;
	if (used == 0 && n > 1)
		out[used++] = '_';
	out[used] = '\0';
}

bool layout_folder_ok(tr_str folder)
{
	if (folder.n == 0 || folder.n > 512 || folder.p[0] == '/' || folder.p[folder.n - 1] == '/')
		return false;
	for (size_t i = 0; i < folder.n; i++) {
		char c = folder.p[i];
		bool starts = i == 0 || folder.p[i - 1] == '/';
		if (c == '/' ? starts : (!plain(c) || (starts && c == '.')))
			return false;
	}
	return true;
}

tr_err layout_lock_take(layout_lock *lock, const char *data, long *owner)
{
	layout_path path;
	*owner = 0;
	lock->fd = -1;
	if (layout_join(path, data, "lock") != TR_OK)
		return TR_ELIMIT;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return TR_EIO;
	/* Whoever only looks whose it is (layout_lock_owner) holds it for a moment. */
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
		*owner = layout_lock_owner(data);
		if (i == LOOKERS_MAX || *owner != 0) {
			close(fd);
			return TR_EBUSY;
		}
		(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	char text[32];
	int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	/* The pid is for people; the lock is the flock itself. */
	if (ftruncate(fd, 0) != 0 || write(fd, text, (size_t)n) != n) {
		close(fd);
		return TR_EIO;
	}
	lock->fd = fd;
	return TR_OK;
}

void layout_lock_touch(const layout_lock *lock)
{
	if (lock->fd >= 0)
		(void)futimens(lock->fd, NULL);
}

void layout_lock_give(layout_lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}

long layout_lock_owner(const char *data)
{
	layout_path path;
	if (layout_join(path, data, "lock") != TR_OK)
		return 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	long pid = 0;
	if (flock(fd, LOCK_SH | LOCK_NB) != 0) {
		char text[32] = {0};
		ssize_t n = read(fd, text, sizeof text - 1);
		pid = n > 0 ? strtol(text, NULL, 10) : 0;
	}
	close(fd);
	return pid;
}
