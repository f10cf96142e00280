/* SPDX-License-Identifier: Apache-2.0 */
/* Names to files. */
#include "actors/store/artifact_place.h"

#include "actors/store/layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define SHORT_KEY 16u
#define HEAD_SIZE 18u /* of a zstd frame, at most */

static size_t hex_run(tr_str s)
{
	size_t n = 0;

	while (n < s.n && ((s.p[n] >= '0' && s.p[n] <= '9') || (s.p[n] >= 'a' && s.p[n] <= 'f')))
		n++;
	return n;
}

/* The digits in a name; empty when there are none. */
static tr_str digits_of(tr_str name)
{
	size_t at = name.n;

	while (at > 0 && name.p[at - 1] != '/' && name.p[at - 1] != ':')
		at--;
	tr_str last = {name.p + at, name.n - at};
	bool address = at > 0 && name.p[at - 1] == '/';
	bool right = last.n == ARTIFACT_KEY - 1 || (address && last.n == SHORT_KEY);
	return right && hex_run(last) == last.n ? last : (tr_str){"", 0};
}

/* What the frame says it holds. */
static tr_err measure(const char *path, size_t *size)
{
	char head[HEAD_SIZE];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof head);
	int error = errno;

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return error == ENOENT ? TR_ENOENT : TR_EIO;
	unsigned long long found = ZSTD_getFrameContentSize(head, (size_t)n);
	if (found == ZSTD_CONTENTSIZE_ERROR || found == ZSTD_CONTENTSIZE_UNKNOWN)
		return TR_ECORRUPT;
	*size = (size_t)found;
	return TR_OK;
}

static bool complete(const char *data, tr_str digits, char key[ARTIFACT_KEY])
{
	layout_path path;
	DIR *dir = layout_join(path, data, "artifacts/%.2s", digits.p) == TR_OK ? opendir(path) : NULL;
	bool found = false;

	for (struct dirent *e; dir != NULL && !found && (e = readdir(dir)) != NULL;) {
		size_t n = strlen(e->d_name);
		found = n == ARTIFACT_KEY - 1 && memcmp(e->d_name, digits.p, digits.n) == 0 &&
			hex_run((tr_str){e->d_name, n}) == n;
		if (found)
			memcpy(key, e->d_name, ARTIFACT_KEY);
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

tr_err artifact_find(const char *data, tr_str name, artifact_info *info)
{
	tr_str digits = digits_of(name);
	layout_path path;

	if (digits.n == 0)
		return TR_EINVAL;
	if (digits.n == ARTIFACT_KEY - 1) {
		memcpy(info->key, digits.p, digits.n);
		info->key[digits.n] = '\0';
	} else if (!complete(data, digits, info->key)) {
		return TR_ENOENT;
	}
	if (layout_join(path, data, "artifacts/%.2s/%s", info->key, info->key) != TR_OK)
		return TR_ELIMIT;
	return measure(path, &info->size);
}

tr_err artifact_remove(const char *data, const char *key, int *os_error)
{
	layout_path path;

	*os_error = 0;
	if (layout_join(path, data, "artifacts/%.2s/%s", key, key) != TR_OK)
		return TR_ELIMIT;
	if (unlink(path) == 0)
		return TR_OK;
	*os_error = errno;
	return errno == ENOENT ? TR_ENOENT : TR_EIO;
}
