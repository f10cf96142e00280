/* SPDX-License-Identifier: Apache-2.0 */
/* Files beside playbooks. */
#include "plugins/shared/source.h"

#include <string.h>
#include <sys/stat.h>
#include <troupe/io.h>

tr_value source_path(const char *path, tr_value context)
{
	const char *book = tr_as_cstr(tr_map_get_s(context, "file"), ""), *slash = strrchr(book, '/');

	if (path[0] == '/' || slash == NULL)
		return tr_string(path);
	return tr_stringf("%.*s/%s", (int)(slash - book), book, path);
}

typedef struct look {
	const char *path;
	bool irregular;
} look;

static void *do_look(void *arg)
{
	look *l = arg;
	struct stat st;

	l->irregular = stat(l->path, &st) == 0 && !S_ISREG(st.st_mode);
	return NULL;
}

/* A pipe would keep its reader for as long as nobody writes. */
static bool is_irregular(const char *path)
{
	look l = {.path = path};
	tr_err err;

	(void)tr_dirty(do_look, &l, &err);
	return err == TR_OK && l.irregular;
}

tr_value source_read(const char *path, size_t max, tr_value *why)
{
	if (is_irregular(path)) {
		*why = tr_stringf("%s cannot be read: it is no regular file", path);
		return tr_absent();
	}
	tr_value bytes = tr_file_read(path, max);
	tr_str s = tr_as_str(bytes);
	tr_value text = tr_is_valid(bytes) ? tr_string_n(s.n == 0 ? "" : s.p, s.n) : tr_absent();

	*why = tr_absent();
	if (!tr_is_valid(bytes) && tr_value_err(bytes) == TR_ELIMIT)
		*why = tr_stringf("%s has more than %zu bytes", path, max);
	else if (!tr_is_valid(bytes))
		*why = tr_stringf("%s cannot be read: %s", path, tr_err_text(tr_value_err(bytes)));
	else if (!tr_is_valid(text))
		*why = tr_stringf("%s is not UTF-8 text", path);
	tr_drop(bytes);
	return tr_is_valid(text) ? text : tr_absent();
}
