/* SPDX-License-Identifier: Apache-2.0 */
/* A disk in memory: what was not synced may be lost, calls may fail, appends may be torn. */
#include <errno.h>
#include <string.h>

#include "runtime/sim/world.h"
#include "runtime/time/clock.h"
#include "runtime/value/alloc.h"

#define FD_BASE 1000 /* so that a descriptor of the real system is not taken for one of ours */

struct sim_file {
	char *path;
	tr_buf bytes;
	size_t synced;    /* so many bytes survive a crash */
	bool name_synced; /* so does the name */
	bool there;
};

struct tr_sim_disk {
	_Atomic uint64_t random;
	double error, torn;
	int64_t fail_nth; /* -1: none */
	int fail_errno;
	uint64_t calls;
	struct sim_file *files;
	size_t n_files, cap_files;
	size_t *open; /* descriptor - FD_BASE: file number + 1, 0 when closed */
	size_t n_open, cap_open;
};

tr_sim_disk *tr_sim_disk_new(uint64_t seed)
{
	tr_sim_disk *d = tr_alloc(sizeof *d);
	if (d != NULL) {
		atomic_init(&d->random, seed);
		d->fail_nth = -1;
	}
	return d;
}

void tr_sim_disk_free(tr_sim_disk **disk)
{
	tr_sim_disk *d = *disk;
	*disk = NULL;
	for (size_t i = 0; d != NULL && i < d->n_files; i++) {
		tr_free(d->files[i].path);
		tr_buf_fini(&d->files[i].bytes);
	}
	if (d != NULL) {
		tr_free(d->files);
		tr_free(d->open);
	}
	tr_free(d);
}

void tr_sim_disk_faults(tr_sim_disk *disk, double error, double torn)
{
	disk->error = error;
	disk->torn = torn;
}

void tr_sim_disk_fail_nth(tr_sim_disk *disk, int64_t n, int os_error)
{
	disk->fail_nth = n;
	disk->fail_errno = os_error;
}

uint64_t tr_sim_disk_calls(const tr_sim_disk *disk)
{
	return disk->calls;
}

/* ---- what goes wrong ----------------------------------------------------------------------------------------------
 */

static uint64_t below(tr_sim_disk *d, uint64_t n)
{
	struct sim_world *w = sim_here();
	if (w != NULL)
		return sim_below(w, n);
	return n == 0 ? 0 : clock_mix(&d->random) % n;
}

static bool strikes(tr_sim_disk *d, double p)
{
	return p > 0 && (double)below(d, UINT64_C(1) << 53) * 0x1.0p-53 < p;
}

/* 0, or the errno that this call is to fail with. */
static int begin(tr_sim_disk *d)
{
	struct sim_world *w = sim_here();
	d->calls++;
	if (d->fail_nth >= 0 && d->fail_nth-- == 0)
		return d->fail_errno;
	if (!strikes(d, w != NULL ? w->faults.disk_error : d->error))
		return 0;
	return below(d, 2) == 0 ? EIO : ENOSPC;
}

static bool tears(tr_sim_disk *d)
{
	struct sim_world *w = sim_here();
	return strikes(d, w != NULL ? w->faults.disk_torn : d->torn);
}

/* ---- files --------------------------------------------------------------------------------------------------------
 */

static struct sim_file *find(tr_sim_disk *d, const char *path)
{
	for (size_t i = 0; i < d->n_files; i++)
		if (d->files[i].there && strcmp(d->files[i].path, path) == 0)
			return &d->files[i];
	return NULL;
}

/* Room for one more in a growing array; false without memory. */
static bool room(void **array, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return true;
	size_t more = *cap == 0 ? 16 : *cap * 2;
	void *big = tr_realloc(*array, more * size);
	if (big == NULL)
		return false;
	*array = big;
	*cap = more;
	return true;
}

static struct sim_file *make(tr_sim_disk *d, const char *path)
{
	size_t n = strlen(path) + 1;
	char *copy = tr_alloc(n);
	if (copy == NULL || !room((void **)&d->files, d->n_files, &d->cap_files, sizeof *d->files)) {
		tr_free(copy);
		return NULL;
	}
	memcpy(copy, path, n);
	d->files[d->n_files] = (struct sim_file){.path = copy, .there = true};
	return &d->files[d->n_files++];
}

static struct sim_file *file_of(tr_sim_disk *d, int fd)
{
	size_t i = (size_t)(fd - FD_BASE);
	if (fd < FD_BASE || i >= d->n_open || d->open[i] == 0)
		return NULL;
	return &d->files[d->open[i] - 1];
}

/* ---- the calls ----------------------------------------------------------------------------------------------------
 */

int tr_sim_disk_open_append(void *disk, const char *path)
{
	tr_sim_disk *d = disk;
	int err = begin(d);
	if (err != 0)
		return -err;
	struct sim_file *f = find(d, path);
	if (f == NULL)
		f = make(d, path);
	if (f == NULL || !room((void **)&d->open, d->n_open, &d->cap_open, sizeof *d->open))
		return -ENOMEM;
	d->open[d->n_open] = (size_t)(f - d->files) + 1;
	return FD_BASE + (int)d->n_open++;
}

int tr_sim_disk_append(void *disk, int fd, const void *p, size_t n)
{
	tr_sim_disk *d = disk;
	bool by_number = d->fail_nth == 0;
	int err = begin(d);
	struct sim_file *f = file_of(d, fd);
	if (f == NULL)
		return -EBADF;
	if (err == 0 && tears(d))
		err = ENOSPC;
	else if (err != 0 && !by_number)
		return -err;
	size_t part = err == 0 ? n : by_number ? n / 2 : (size_t)below(d, n);
	tr_buf_put(&f->bytes, p, part);
	if (f->bytes.err != TR_OK) {
		f->bytes.err = TR_OK; /* nothing of it was appended */
		return -ENOSPC;
	}
	return -err;
}

int tr_sim_disk_sync(void *disk, int fd)
{
	tr_sim_disk *d = disk;
	int err = begin(d);
	struct sim_file *f = file_of(d, fd);
	if (f == NULL)
		return -EBADF;
	if (err == 0)
		f->synced = f->bytes.n;
	return -err;
}

int tr_sim_disk_truncate(void *disk, int fd, off_t size)
{
	tr_sim_disk *d = disk;
	int err = begin(d);
	struct sim_file *f = file_of(d, fd);
	if (f == NULL)
		return -EBADF;
	if (err != 0 || size < 0)
		return err != 0 ? -err : -EINVAL;
	if ((size_t)size < f->bytes.n)
		f->bytes.n = (size_t)size;
	if (f->synced > f->bytes.n)
		f->synced = f->bytes.n;
	return 0;
}

/* Folders are only parts of paths here. */
int tr_sim_disk_make_folder(void *disk, const char *path)
{
	(void)path;
	return -begin(disk);
}

static bool is_in(const char *path, const char *folder)
{
	size_t n = strlen(folder);
	while (n > 1 && folder[n - 1] == '/')
		n--;
	const char *slash = strrchr(path, '/');
	return slash != NULL && (size_t)(slash - path) == n && memcmp(path, folder, n) == 0;
}

int tr_sim_disk_sync_folder(void *disk, const char *path)
{
	tr_sim_disk *d = disk;
	int err = begin(d);
	for (size_t i = 0; err == 0 && i < d->n_files; i++)
		if (is_in(d->files[i].path, path))
			d->files[i].name_synced = true;
	return -err;
}

int tr_sim_disk_sync_all(void *disk, int fd)
{
	tr_sim_disk *d = disk;
	int err = begin(d);
	if (file_of(d, fd) == NULL)
		return -EBADF;
	for (size_t i = 0; err == 0 && i < d->n_files; i++) {
		d->files[i].synced = d->files[i].bytes.n;
		d->files[i].name_synced = true;
	}
	return -err;
}

int tr_sim_disk_remove(void *disk, const char *path)
{
	tr_sim_disk *d = disk;
	int err = begin(d);
	struct sim_file *f = err == 0 ? find(d, path) : NULL;
	if (f != NULL)
		f->there = false;
	return -err;
}

/* ---- looking, and losing power ------------------------------------------------------------------------------------
 */

void tr_sim_disk_crash(tr_sim_disk *disk)
{
	for (size_t i = 0; i < disk->n_open; i++)
		disk->open[i] = 0;
	for (size_t i = 0; i < disk->n_files; i++) {
		struct sim_file *f = &disk->files[i];
		if (f->there && !f->name_synced && below(disk, 2) == 0)
			f->there = false;
		f->bytes.n = f->synced + (size_t)below(disk, f->bytes.n - f->synced + 1);
		f->synced = f->bytes.n;
		f->name_synced = true;
	}
}

bool tr_sim_disk_read(tr_sim_disk *disk, const char *path, tr_str *bytes)
{
	struct sim_file *f = find(disk, path);
	if (f == NULL)
		return false;
	*bytes = (tr_str){f->bytes.p, f->bytes.n};
	return true;
}

const char *tr_sim_disk_path(tr_sim_disk *disk, size_t i)
{
	for (size_t at = 0; at < disk->n_files; at++)
		if (disk->files[at].there && i-- == 0)
			return disk->files[at].path;
	return NULL;
}
