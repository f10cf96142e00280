/* SPDX-License-Identifier: Apache-2.0 */
/* Whose word a path is, and what may be read on it. */
#include "plugins/shared/auth/file.h"
#include "plugins/shared/auth/auth.h"
#include "plugins/shared/files.h"

#include <errno.h>
#include <fcntl.h>
#include <troupe/io.h>
#include <unistd.h>

static bool has_one(tr_value fields, const char *const *names)
{
	for (; *names != NULL; names++) {
		tr_value v = tr_map_get_s(fields, *names);
		if (tr_is_valid(v) && !tr_is_nil(v))
			return true;
	}
	return false;
}

static bool of_task(const auth_files *f, const char *const *said_by)
{
	return has_one(secret_open(f->auth), said_by) || has_one(f->input, said_by);
}

tr_value auth_file(const auth_files *f, tr_value path, const char *const *said_by, tr_value *fault)
{
	tr_value grant = tr_stringf("fs:%s", tr_as_cstr(path, "")), folders, real = tr_absent();

	*fault = tr_absent();
	if (!tr_plugin_granted(tr_as_cstr(grant, "fs:"))) {
		*fault =
		    tr_outcome_denied(tr_as_cstr(grant, "fs:"), "%s may not read %s", f->kind, tr_as_cstr(path, ""));
	} else if (of_task(f, said_by)) {
		folders = files_granted();
		real = files_locate(path, f->context, folders, f->kind, fault);
		tr_drop(folders);
	} else {
		real = tr_keep(path);
	}
	tr_drop(grant);
	return real;
}

/* ---- reading ---- */

typedef struct reading {
	const char *path;
	char *bytes;
	size_t max, n;
	int err;
} reading;

static void *do_read(void *arg)
{
	reading *r = arg;
	int fd = files_open(r->path, O_RDONLY, &r->err);

	while (fd >= 0 && r->err == 0 && r->n <= r->max) {
		ssize_t got = read(fd, r->bytes + r->n, r->max + 1 - r->n);
		if (got < 0 && errno != EINTR)
			r->err = errno;
		if (got == 0)
			break;
		r->n += got > 0 ? (size_t)got : 0;
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

/* What is below a grant: nobody puts a link in its place meanwhile. */
static tr_value read_direct(const char *path, size_t max, const char **why)
{
	reading r = {path, tr_alloc(max + 1), max, 0, 0};
	tr_err err = r.bytes == NULL ? TR_ENOMEM : tr_own(r.bytes, tr_free);
	tr_value bytes = tr_absent();

	if (err == TR_OK)
		(void)tr_dirty(do_read, &r, &err);
	*why = err != TR_OK ? tr_err_text(err) : r.err != 0 ? files_error(r.err) : "it is too large";
	if (err == TR_OK && r.err == 0 && r.n <= max)
		bytes = tr_binary(r.bytes, r.n);
	if (r.bytes != NULL && tr_disown(r.bytes))
		tr_free(r.bytes);
	return bytes;
}

tr_value auth_file_read(const auth_files *f, tr_value path, const char *const *said_by, size_t max, tr_value *fault)
{
	tr_value real = tr_own_value(auth_file(f, path, said_by, fault)), bytes;
	const char *why = "it cannot be opened, or is too large";

	if (!tr_is_valid(real))
		return tr_absent();
	if (of_task(f, said_by))
		bytes = read_direct(tr_as_cstr(real, ""), max, &why);
	else
		bytes = tr_file_read(tr_as_cstr(real, ""), max);
	tr_str s = tr_as_str(bytes);
	tr_value text = tr_is_valid(bytes) ? tr_string_n(s.p, s.n) : tr_absent();
	if (tr_is_valid(bytes) && !tr_is(text, TR_STRING))
		why = "it is no text";
	tr_drop(bytes);
	if (tr_is(text, TR_STRING))
		return text;
	*fault = tr_outcome_error("auth", false, "%s: %s %s cannot be read: %s", f->kind, said_by[0],
				  tr_as_cstr(path, ""), why);
	return tr_absent();
}
