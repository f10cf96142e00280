/* SPDX-License-Identifier: Apache-2.0 */
/* The real disk: POSIX calls with short writes and interruptions taken care of. */
#include "actors/store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* No more than this part of what is free is reserved at once. */
#define RESERVE_PART 16u

static int real_open_append(void *arg, const char *path)
{
	(void)arg;
	/* O_NONBLOCK: a fifo in the place of a log must not hold up the writer. */
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0640);
	return fd < 0 ? -errno : fd;
}

static int real_create(void *arg, const char *path)
{
	(void)arg;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	return fd < 0 ? -errno : fd;
}

static int real_reserve(void *arg, int fd, off_t size)
{
	(void)arg;
	struct stat st;
	struct statvfs fs;
	if (fstat(fd, &st) != 0 || fstatvfs(fd, &fs) != 0)
		return -errno;
	/* On a nearly full disk the last bytes are for those who write. */
	if ((uint64_t)(size - st.st_size) > (uint64_t)fs.f_bavail * fs.f_frsize / RESERVE_PART)
		return -ENOSPC;
	if (fallocate(fd, 0, 0, size) == 0)
		return 0;
	/* Some file systems keep what they had until they could not go on. */
	int err = -errno;
	return ftruncate(fd, st.st_size) == 0 ? err : -errno;
}

static int real_append(void *arg, int fd, const void *p, size_t n)
{
	(void)arg;
	const char *at = p;
	while (n > 0) {
		ssize_t done = write(fd, at, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

static int real_sync(void *arg, int fd)
{
	(void)arg;
	return fdatasync(fd) == 0 ? 0 : -errno;
}

static int real_truncate(void *arg, int fd, off_t size)
{
	(void)arg;
	return ftruncate(fd, size) == 0 ? 0 : -errno;
}

static int make_one(const char *path)
{
	if (mkdir(path, 0750) == 0)
		return 0;
	int why = errno;
	struct stat st;
	if (why == EEXIST && stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	return -why;
}

static int real_make_folder(void *arg, const char *path)
{
	(void)arg;
	char copy[PATH_MAX];
	size_t n = strlen(path);
	if (n == 0 || n >= sizeof copy)
		return -ENAMETOOLONG;
	memcpy(copy, path, n + 1);
	/* Its parents are there nearly always. */
	if (mkdir(path, 0750) == 0)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (copy[i] != '/')
			continue;
		copy[i] = '\0';
		int err = make_one(copy);
		copy[i] = '/';
		if (err != 0)
			return err;
	}
	return make_one(copy);
}

static int real_sync_folder(void *arg, const char *path)
{
	(void)arg;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int err = fsync(fd) == 0 ? 0 : -errno;
	close(fd);
	return err;
}

static int real_sync_all(void *arg, int fd)
{
	(void)arg;
	return syncfs(fd) == 0 ? 0 : -errno;
}

static int real_remove(void *arg, const char *path)
{
	(void)arg;
	return unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
}

const disk disk_real = {.open_append = real_open_append,
			.create = real_create,
			.reserve = real_reserve,
			.append = real_append,
			.sync = real_sync,
			.truncate = real_truncate,
			.make_folder = real_make_folder,
			.sync_folder = real_sync_folder,
			.sync_all = real_sync_all,
			.remove = real_remove};

int disk_replace(const disk *d, const char *path, const char *beside, tr_str bytes)
{
	char own[PATH_MAX + 8];
	if (beside == NULL) {
		(void)snprintf(own, sizeof own, "%s.new", path);
		beside = own;
	}
	(void)d->remove(d->arg, beside); /* what a crash left there */
	int fd = d->open_append(d->arg, beside);
	int err = fd < 0 ? fd : d->append(d->arg, fd, bytes.p, bytes.n);
	if (err == 0)
		err = d->sync(d->arg, fd);
	if (fd >= 0)
		close(fd);
	if (err == 0 && rename(beside, path) != 0)
		err = -errno;
	if (err != 0)
		(void)d->remove(d->arg, beside);
	return err;
}

static tr_err read_all(int fd, tr_buf *out)
{
	for (;;) {
		char *at = tr_buf_reserve(out, 64 * 1024);
		if (at == NULL)
			return out->err;
		ssize_t n = read(fd, at, 64 * 1024);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return TR_EIO;
		if (n == 0)
			return TR_OK;
		out->n += (size_t)n;
	}
}

tr_err disk_read_again(int fd, tr_buf *seen)
{
	/* The zeros at the end stay as they were: they are room, or the end of a record. */
	size_t written = seen->n;
	while (written > 0 && seen->p[written - 1] == '\0')
		written--;
	for (size_t at = 0; at < written;) {
		ssize_t n = pread(fd, seen->p + at, written - at, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return TR_EIO;
		if (n == 0)
			seen->n = written = at; /* what could not be written whole was cut off */
		at += (size_t)n;
	}
	return TR_OK;
}

static tr_err read_file(const char *path, bool growing, tr_buf *out)
{
	/* O_NONBLOCK: a fifo in the place of a log must not hang the reader. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? TR_ENOENT : TR_EIO;
	struct stat st;
	tr_err err = TR_EIO;
	if (fstat(fd, &st) != 0 || S_ISREG(st.st_mode))
		err = read_all(fd, out);
	else
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	if (err == TR_OK && growing)
		err = disk_read_again(fd, out);
	int why = errno;
	close(fd);
	errno = why;
	return err;
}

tr_err disk_read_file(const char *path, tr_buf *out)
{
	return read_file(path, false, out);
}

tr_err disk_read_growing(const char *path, tr_buf *out)
{
	return read_file(path, true, out);
}
