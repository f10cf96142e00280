/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, read and written by the loop's thread pool. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/io/permit.h"
#include "runtime/io/request.h"

struct file_request {
	struct request q;
	uv_work_t work;
	const char *path; /* the actor's: it waits unkillably */
	uint64_t unique;  /* for the temporary name */
	tr_str bytes;     /* to write */
	size_t max;       /* to read */
	tr_buf content;   /* read */
	int os_error;
	tr_err err;
};

/* ---- in the pool ---- */

static ssize_t read_some(int fd, char *to, size_t n)
{
	ssize_t got;

	do
		got = read(fd, to, n);
	while (got < 0 && errno == EINTR);
	return got;
}

static void read_all(struct file_request *f, int fd)
{
	struct stat st;
	size_t guess = fstat(fd, &st) == 0 && st.st_size > 0 ? (size_t)st.st_size : 4096;

	/* One byte more than allowed tells a file that is too long from one that just fits. */
	for (;;) {
		size_t room = guess > f->content.n ? guess - f->content.n + 1 : 65536;
		if (room > f->max - f->content.n + 1)
			room = f->max - f->content.n + 1;
		char *to = tr_buf_reserve(&f->content, room);
		if (to == NULL) {
			f->err = f->content.err;
			return;
		}
		ssize_t got = read_some(fd, to, room);
		if (got <= 0) {
			f->os_error = got < 0 ? errno : 0;
			return;
		}
		f->content.n += (size_t)got;
		if (f->content.n > f->max) {
			f->err = TR_ELIMIT;
			return;
		}
	}
}

static void work_read(uv_work_t *work)
{
	struct file_request *f = work->data;
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		f->os_error = errno;
		return;
	}
	read_all(f, fd);
	close(fd);
}

static int write_all(int fd, tr_str bytes)
{
	while (bytes.n > 0) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0) {
			bytes.p += n;
			bytes.n -= (size_t)n;
		}
	}
	return 0;
}

/* The new name is durable only when its folder is. */
static int sync_folder(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash != NULL)
		slash[slash == path ? 1 : 0] = '\0';
	int fd = open(slash != NULL ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	int os_error = fsync(fd) != 0 && errno != EINVAL ? errno : 0;
	close(fd);
	return os_error;
}

/* The file's own permissions if it is there already. */
static int write_beside(struct file_request *f, const char *beside)
{
	struct stat st;
	int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0)
		return errno;
	int os_error = stat(f->path, &st) == 0 && fchmod(fd, st.st_mode & 07777) != 0 ? errno : 0;
	if (os_error == 0)
		os_error = write_all(fd, f->bytes);
	if (os_error == 0 && fsync(fd) != 0)
		os_error = errno;
	if (close(fd) != 0 && os_error == 0)
		os_error = errno;
	if (os_error == 0 && rename(beside, f->path) != 0)
		os_error = errno;
	if (os_error != 0)
		unlink(beside);
	return os_error;
}

static void work_write(uv_work_t *work)
{
	struct file_request *f = work->data;
	tr_buf beside = {0};

	tr_buf_putf(&beside, "%s.%016llx.tmp", f->path, (unsigned long long)f->unique);
	if (beside.err != TR_OK) {
		f->err = beside.err;
		return;
	}
	f->os_error = write_beside(f, beside.p);
	if (f->os_error == 0)
		f->os_error = sync_folder(beside.p);
	tr_buf_fini(&beside);
}

/* ---- on the loop ---- */

static void on_worked(uv_work_t *work, int status)
{
	struct file_request *f = work->data;

	f->q.os_error = status < 0 ? -status : f->os_error;
	request_answer(&f->q, f->err != TR_OK ? f->err : err_from_errno(f->q.os_error), tr_nil());
}

static void queue_work(struct task *task, uv_work_cb cb)
{
	struct file_request *f = IO_OUTER(task, struct file_request, q.start);

	f->work.data = f;
	int uv_error = uv_queue_work(&f->q.reactor->loop, &f->work, cb, on_worked);
	if (uv_error != 0)
		request_answer_uv(&f->q, uv_error);
}

static void run_read(struct task *task)
{
	queue_work(task, work_read);
}

static void run_write(struct task *task)
{
	queue_work(task, work_write);
}

/* ---- in the actor ---- */

static void free_file(struct request *q)
{
	tr_buf_fini(&IO_OUTER(q, struct file_request, q)->content);
}

tr_value tr_file_read(const char *path, size_t max)
{
	tr_err err;

	if (path == NULL)
		return tr_invalid(TR_EINVAL);
	if (!permit_file(path))
		return tr_invalid(TR_EDENIED);
	struct file_request *f = request_new(sizeof(*f), run_read, &err);
	if (f == NULL)
		return tr_invalid(err);
	f->path = path;
	f->max = max < PTRDIFF_MAX / 2 ? max : PTRDIFF_MAX / 2;
	f->q.on_free = free_file;
	err = request_ask_unkillable(&f->q);
	tr_value v = err == TR_OK ? tr_binary(f->content.p, f->content.n) : tr_invalid(err);
	request_end(&f->q);
	return v;
}

tr_err tr_file_write(const char *path, tr_str bytes)
{
	tr_err err;

	if (path == NULL || (bytes.p == NULL && bytes.n > 0))
		return TR_EINVAL;
	if (!permit_file(path))
		return TR_EDENIED;
	struct file_request *f = request_new(sizeof(*f), run_write, &err);
	if (f == NULL)
		return err;
	f->path = path;
	f->bytes = bytes;
	f->unique = tr_random();
	err = request_ask_unkillable(&f->q);
	request_end(&f->q);
	return err;
}
