/* SPDX-License-Identifier: Apache-2.0 */
/* Records in memory or in the journal. */
#include "actors/store/backlog.h"

#include "actors/event/frame.h"
#include "actors/store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void backlog_drop(backlog *p)
{
	for (uint32_t i = 0; i < p->count; i++)
		tr_drop(p->items[i].bytes);
	tr_free(p->items);
	*p = (backlog){0};
}

static bool grow(backlog *p)
{
	uint32_t capacity = p->capacity == 0 ? 2 : p->capacity * 2;
	backlog_part *items = tr_realloc(p->items, capacity * sizeof *items);
	if (items == NULL)
		return false;
	p->items = items;
	p->capacity = capacity;
	return true;
}

bool backlog_ready(backlog *p)
{
	return p->capacity > 0 || grow(p);
}

bool backlog_add(backlog *p, tr_value bytes, size_t at)
{
	if (p->count == p->capacity && !grow(p))
		return false;
	p->items[p->count++] = (backlog_part){tr_keep(bytes), 0, (uint32_t)at, (uint32_t)tr_as_str(bytes).n};
	return true;
}

void backlog_written(backlog *p, uint64_t segment, size_t base)
{
	for (uint32_t i = p->count; i-- > 0 && p->items[i].segment == 0;) {
		p->items[i].segment = segment;
		p->items[i].at += (uint32_t)base;
	}
}

void backlog_moved(backlog *p, uint64_t segment, size_t at, size_t n)
{
	for (uint32_t i = 0; i < p->count; i++)
		tr_drop(p->items[i].bytes);
	p->items[0] = (backlog_part){tr_absent(), segment, (uint32_t)at, (uint32_t)n};
	p->count = 1;
}

void backlog_rest(backlog *p)
{
	for (uint32_t i = 0; i < p->count; i++)
		if (p->items[i].segment != 0)
			tr_clear(&p->items[i].bytes);
}

static int read_at(int fd, char *to, size_t n, off_t at)
{
	while (n > 0) {
		ssize_t got = pread(fd, to, n, at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		to += got;
		n -= (size_t)got;
		at += got;
	}
	return 0;
}

/* A log must not get what a disk has made of the journal meanwhile. */
static bool are_records(tr_str bytes)
{
	while (bytes.n > 0) {
		frame f;
		size_t used = 0;
		if (frame_get(bytes, &f, &used) != FRAME_OK)
			return false;
		bytes = (tr_str){bytes.p + used, bytes.n - used};
	}
	return true;
}

static int read_part(const backlog_part *p, int *fd, uint64_t *open_segment, const char *data, tr_buf *out)
{
	layout_path path;
	if (*fd < 0 || *open_segment != p->segment) {
		if (*fd >= 0)
			close(*fd);
		if (journal_path(path, data, p->segment) != TR_OK)
			return -ENAMETOOLONG;
		*fd = open(path, O_RDONLY | O_CLOEXEC);
		*open_segment = p->segment;
		if (*fd < 0)
			return -errno;
	}
	char *to = tr_buf_reserve(out, p->n);
	if (to == NULL)
		return -ENOMEM;
	int err = read_at(*fd, to, p->n, (off_t)p->at);
	if (err == 0 && !are_records((tr_str){to, p->n}))
		err = -EIO;
	out->n += err == 0 ? p->n : 0;
	return err;
}

int backlog_read(const backlog *p, const char *data, tr_buf *out)
{
	size_t before = out->n;
	uint64_t segment = 0;
	int fd = -1, err = 0;
	for (uint32_t i = 0; i < p->count && err == 0; i++) {
		tr_str bytes = tr_as_str(p->items[i].bytes);
		if (tr_is_valid(p->items[i].bytes))
			tr_buf_put(out, bytes.p, bytes.n);
		else
			err = read_part(&p->items[i], &fd, &segment, data, out);
		err = err == 0 && out->err != TR_OK ? -ENOMEM : err;
	}
	if (fd >= 0)
		close(fd);
	if (err != 0) {
		out->n = before;
		out->err = TR_OK;
	}
	return err;
}
