/* SPDX-License-Identifier: Apache-2.0 */
/* Where an execution's log is. */
#include "actors/store/log_file.h"

#include "actors/store/packed.h"
#include "actors/store/walk.h"

tr_err log_plain_path(layout_path out, const char *data, const char *folder)
{
	return layout_join(out, data, "executions/%s/events.log", folder);
}

tr_err log_packed_path(layout_path out, const char *data, const char *folder)
{
	return layout_join(out, data, "executions/%s" PACKED_SUFFIX, folder);
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
