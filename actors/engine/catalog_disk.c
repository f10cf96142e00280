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

/* ---- playbooks by their files ------------------------------------------------------------------------------------ */

static bool ends_with(tr_str s, const char *end)
{
	size_t n = strlen(end);

	return s.n >= n && memcmp(s.p + s.n - n, end, n) == 0;
}

/* <folder of the caller>/<path><ending>; false when that is too long. The process's working directory is nobody's
 * folder: it may be a node's that was started elsewhere. */
static bool place(char out[PATH_MAX], tr_str caller, tr_str path, const char *ending)
{
	size_t folder = caller.n;
	int n;

	while (folder > 0 && caller.p[folder - 1] != '/')
		folder--;
	if (path.n > 0 && path.p[0] == '/')
		folder = 0;
	else if (folder == 0 || caller.p[0] != '/')
		return false;
	n = snprintf(out, PATH_MAX, "%.*s%.*s%s", (int)folder, caller.p == NULL ? "" : caller.p, TR_STR(path), ending);
	return n > 0 && n < PATH_MAX;
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

struct search {
	tr_str path, caller;
	struct job job;
	bool found;
};

static void *do_load(void *arg)
{
	static const char *const endings[] = {"", ".yaml", ".yml"};
	struct search *s = arg;
	size_t tries = ends_with(s->path, ".yaml") || ends_with(s->path, ".yml") ? 1 : 3;

	for (size_t i = 0; i < tries && !s->found; i++)
		s->found = place(s->job.path, s->caller, s->path, endings[i]) && is_file(s->job.path);
	return s->found ? do_get(&s->job) : NULL;
}

tr_value catalog_disk_load(tr_value path, tr_value caller, tr_value *file, char *why, size_t n)
{
	struct search *s = tr_own_alloc(sizeof *s);
	tr_err err = s == NULL ? TR_ENOMEM : TR_OK;
	tr_value text = tr_absent();

	if (s != NULL) {
		s->path = tr_as_str(path);
		s->caller = tr_as_str(caller);
		(void)tr_dirty(do_load, s, &err);
	}
	if (err == TR_OK && s->found && s->job.os_error == 0 && s->job.read.err == TR_OK)
		text = tr_string_n(s->job.read.p, s->job.read.n);
	if (tr_is_valid(text))
		*file = tr_string_lossy(s->job.path, strlen(s->job.path));
	else if (err != TR_OK)
		(void)snprintf(why, n, "the playbook '%s' cannot be loaded: %s", tr_as_cstr(path, ""),
			       tr_err_text(err));
	else if (!s->found)
		(void)snprintf(why, n, "there is no playbook '%s', neither in the catalog nor as a file beside %s",
			       tr_as_cstr(path, ""), tr_as_cstr(caller, "its caller, who has none"));
	else
		(void)snprintf(why, n, "the playbook %s cannot be read: %s", s->job.path,
			       s->job.os_error != 0 ? strerror(s->job.os_error) : "it is not UTF-8, or too large");
	if (s != NULL) {
		tr_buf_fini(&s->job.read);
		(void)tr_disown(s);
		tr_free(s);
	}
	return text;
}

/* ---- sources by their hash -------------------------------------------------------------------------------------- */

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
