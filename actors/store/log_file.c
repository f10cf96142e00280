/* SPDX-License-Identifier: Apache-2.0 */
/* Where an execution's log is. */
#include "actors/store/log_file.h"

#include "actors/event/frame.h"
#include "actors/store/packed.h"
#include "actors/store/walk.h"

#include <fcntl.h>
#include <unistd.h>

#define TAIL_MAX 1024 /* the last event is small */

tr_err log_plain_path(layout_path out, const char *data, const char *folder)
{
	return layout_join(out, data, "executions/%s/events.log", folder);
}

tr_err log_packed_path(layout_path out, const char *data, const char *folder)
{
	return layout_join(out, data, "executions/%s" PACKED_SUFFIX, folder);
}

bool log_is_packed(const char *data, const char *folder)
{
	layout_path path;
	return log_packed_path(path, data, folder) == TR_OK && access(path, F_OK) == 0;
}

tr_err log_read_plain(const char *data, const char *folder, tr_buf *out)
{
	layout_path path;
	tr_err err = log_plain_path(path, data, folder);
	return err == TR_OK ? disk_read_file(path, out) : err;
}

tr_err log_read_packed(const char *data, const char *folder, tr_buf *out)
{
	layout_path path;
	tr_err err = log_packed_path(path, data, folder);
	return err == TR_OK ? packed_read(path, out) : err;
}

/* Is there one record that ends where the bytes end, and is it the last of an execution? */
static bool ends_well(tr_str tail, int64_t id)
{
	frame f;
	size_t used;
	for (size_t at = tail.n < FRAME_HEAD ? tail.n : tail.n - FRAME_HEAD; at < tail.n; at--) {
		tr_str rest = {tail.p + at, tail.n - at};
		if (frame_get(rest, &f, &used) == FRAME_OK && used == rest.n && f.kind == FRAME_EVENT)
			return f.type == EVENT_PLAYBOOK_PROCESSED && f.execution_id == id;
	}
	return false;
}

bool log_has_end(const char *data, const char *folder, int64_t id)
{
	layout_path path;
	char tail[TAIL_MAX];
	int fd = log_plain_path(path, data, folder) == TR_OK ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	off_t from = size > TAIL_MAX ? size - TAIL_MAX : 0;
	ssize_t n = size < 0 ? -1 : pread(fd, tail, sizeof tail, from);
	if (fd >= 0)
		close(fd);
	return n < 0 || ends_well((tr_str){tail, (size_t)n}, id);
}
