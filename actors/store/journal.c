/* SPDX-License-Identifier: Apache-2.0 */
/* Journal segments. */
#include "actors/store/journal.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESERVE_MIN (64u * 1024u)
#define RESERVE_MAX (4u * 1024u * 1024u)

tr_err journal_path(layout_path out, const char *data, uint64_t number)
{
	return layout_join(out, data, "journal/%016" PRIu64 ".journal", number);
}

static bool number_of(const char *name, uint64_t *number)
{
	char *end = NULL;
	if (*name < '0' || *name > '9')
		return false;
	*number = strtoull(name, &end, 10);
	return strcmp(end, ".journal") == 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

tr_err journal_segments(const char *data, uint64_t **numbers, size_t *count)
{
	layout_path path;
	*numbers = NULL;
	*count = 0;
	if (layout_join(path, data, "journal") != TR_OK)
		return TR_ELIMIT;
	DIR *dir = opendir(path);
	if (dir == NULL)
		return errno == ENOENT ? TR_OK : TR_EIO;
	size_t capacity = 0;
	tr_err err = TR_OK;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		uint64_t number;
		if (!number_of(entry->d_name, &number))
			continue;
		if (*count == capacity) {
			capacity = capacity == 0 ? 16 : capacity * 2;
			uint64_t *more = tr_realloc(*numbers, capacity * sizeof **numbers);
			if (more == NULL) {
				err = TR_ENOMEM;
				break;
			}
			*numbers = more;
		}
		(*numbers)[(*count)++] = number;
	}
	closedir(dir);
	if (err != TR_OK) {
		tr_free(*numbers);
		*numbers = NULL;
		*count = 0;
	} else if (*count > 1) {
		qsort(*numbers, *count, sizeof **numbers, by_number);
	}
	return err;
}

void journal_init(journal *j, const disk *d, const char *data)
{
	*j = (journal){.disk = d, .data = data, .fd = -1};
}

/* What is reserved and was not written goes, so that a folder at rest holds only what it says. */
static void close_segment(journal *j)
{
	if (j->fd < 0)
		return;
	if (j->room > j->size && j->room != SIZE_MAX)
		(void)j->disk->truncate(j->disk->arg, j->fd, (off_t)j->size);
	close(j->fd);
	j->fd = -1;
}

/* Room for these bytes and more behind them: twice what is there, so that small journals stay small. Where it cannot
 * be had, the write says what is wrong, or is merely slower. */
static void reserve(journal *j, size_t n)
{
	size_t room = j->size + n;
	if (j->room >= room)
		return;
	room += room < RESERVE_MIN ? RESERVE_MIN : room < RESERVE_MAX ? room : RESERVE_MAX;
	j->room = j->disk->reserve(j->disk->arg, j->fd, (off_t)room) == 0 ? room : SIZE_MAX;
}

int journal_start(journal *j, uint64_t number)
{
	layout_path path;
	layout_path folder;
	if (journal_path(path, j->data, number) != TR_OK || layout_join(folder, j->data, "journal") != TR_OK)
		return -ENAMETOOLONG;
	int fd = j->disk->create(j->disk->arg, path);
	if (fd < 0)
		return fd;
	int err = j->disk->sync_folder(j->disk->arg, folder);
	if (err != 0) {
		close(fd);
		return err;
	}
	close_segment(j);
	j->fd = fd;
	j->number = number;
	if (j->first == 0)
		j->first = number;
	j->size = j->room = 0;
	j->suspect = false;
	return 0;
}

int journal_append(journal *j, tr_str bytes, bool sync)
{
	if (j->suspect) {
		/* Nobody comes back to it to sync what was acknowledged without that. One that holds nothing is begun
		   again: a disk that is full for long must not be strewn with empty segments. */
		if (j->size > 0)
			(void)j->disk->sync(j->disk->arg, j->fd);
		int err = journal_start(j, j->size > 0 ? j->number + 1 : j->number);
		if (err != 0)
			return err;
	}
	if (sync) /* room saves a sync work, and nothing else */
		reserve(j, bytes.n);
	int err = j->disk->append(j->disk->arg, j->fd, bytes.p, bytes.n);
	if (err == 0 && sync)
		err = j->disk->sync(j->disk->arg, j->fd);
	if (err != 0) {
		/* What was not acknowledged must not come back after a restart as if it had been; where cutting fails,
		   the seq numbers that are used again in the next segment make the later copy win. */
		(void)j->disk->truncate(j->disk->arg, j->fd, (off_t)j->size);
		j->room = 0;
		j->suspect = true;
		return err;
	}
	j->size += bytes.n;
	return 0;
}

int journal_sync(journal *j)
{
	if (j->fd < 0)
		return 0;
	int err = j->disk->sync(j->disk->arg, j->fd);
	if (err != 0)
		j->suspect = true;
	return err;
}

int journal_forget(journal *j, uint64_t last)
{
	for (; j->first != 0 && j->first <= last; j->first++) {
		layout_path path;
		if (journal_path(path, j->data, j->first) != TR_OK)
			return -ENAMETOOLONG;
		int err = j->disk->remove(j->disk->arg, path);
		if (err != 0)
			return err;
	}
	return 0;
}

void journal_close(journal *j)
{
	close_segment(j);
}
