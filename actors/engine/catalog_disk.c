/* SPDX-License-Identifier: Apache-2.0 */
/* Sources of playbooks in a folder. */
#include "actors/engine/catalog_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <troupe/actor.h>
#include <unistd.h>

#define MOST_BYTES (64u * 1024u * 1024u)

struct job {
	char path[PATH_MAX];
	const char *folder;
	tr_str source;
	tr_buf read;
	int os_error; /* 0: done */
};

static bool hex(tr_value hash)
{
	tr_str s = tr_as_str(hash);

	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return s.n > 0 && s.n < 200;
}

/* A hash comes from outside and becomes a file's name. */
static bool job_init(struct job *job, tr_value folder, tr_value hash)
{
	int n;

	memset(job, 0, sizeof *job);
	job->folder = tr_as_cstr(folder, "");
	n = hex(hash) ? snprintf(job->path, sizeof job->path, "%s/%s.yaml", job->folder, tr_as_cstr(hash, "")) : -1;
	return n > 0 && (size_t)n < sizeof job->path;
}

static int write_all(int fd, tr_str s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		s.p += n;
		s.n -= (size_t)n;
	}
	return fsync(fd) != 0 ? errno : 0;
}

static void *do_put(void *arg)
{
	struct job *job = arg;
	char part[PATH_MAX + 32];
	struct stat st;
	int fd;

	if (stat(job->path, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size == job->source.n)
		return NULL;
	if (mkdir(job->folder, 0777) != 0 && errno != EEXIST) {
		job->os_error = errno;
		return NULL;
	}
	(void)snprintf(part, sizeof part, "%s.%ld", job->path, (long)getpid());
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0) {
		job->os_error = errno;
		return NULL;
	}
	job->os_error = write_all(fd, job->source);
	(void)close(fd);
	if (job->os_error == 0 && rename(part, job->path) != 0)
		job->os_error = errno;
	if (job->os_error != 0)
		(void)unlink(part);
	return NULL;
}

static void *do_get(void *arg)
{
	struct job *job = arg;
	int fd = open(job->path, O_RDONLY | O_CLOEXEC);

	job->read.max = MOST_BYTES;
	if (fd < 0) {
		job->os_error = errno;
		return NULL;
	}
	for (;;) {
		char *at = tr_buf_reserve(&job->read, 65536);
		ssize_t n = at == NULL ? -1 : read(fd, at, 65536);

		if (n < 0 && at != NULL && errno == EINTR)
			continue;
		if (n < 0)
			job->os_error = at == NULL ? ENOMEM : errno;
		if (n <= 0)
			break;
		job->read.n += (size_t)n;
	}
	(void)close(fd);
	return NULL;
}

bool catalog_disk_put(tr_value folder, tr_value hash, tr_value source, char *why, size_t n)
{
	struct job job;
	tr_err err = TR_EINVAL;

	if (job_init(&job, folder, hash)) {
		job.source = tr_as_str(source);
		(void)tr_dirty(do_put, &job, &err);
	}
	if (err == TR_OK && job.os_error == 0)
		return true;
	(void)snprintf(why, n, "the playbook cannot be kept as %s: %s", job.path,
		       err != TR_OK ? tr_err_text(err) : strerror(job.os_error));
	return false;
}

tr_value catalog_disk_get(tr_value folder, tr_value hash)
{
	struct job job;
	tr_err err = TR_EINVAL;

	if (job_init(&job, folder, hash))
		(void)tr_dirty(do_get, &job, &err);
	if (err == TR_OK && job.os_error == 0 && job.read.err == TR_OK)
		return tr_string_buf(&job.read);
	tr_buf_fini(&job.read);
	return tr_absent();
}
