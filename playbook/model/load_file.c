/* SPDX-License-Identifier: Apache-2.0 */
/* A playbook from a file or from standard input, read no further than a playbook can be long. */
#include "playbook/check/kinds.h"
#include "playbook/model/loader.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILE_MAX = 16 << 20,
	CHUNK = 64 << 10
};

static void file_fault(diagnostics *out, const char *code, const char *hint, const char *message)
{
	diagnostics_add(out, DIAGNOSTIC_ERROR, code, 0, 0, "", hint, "%s", message);
}

static void too_large(diagnostics *out, double bytes)
{
	diagnostics_add(out, DIAGNOSTIC_ERROR, "too-large", 0, 0, "",
			"keep data out of the playbook: pass it as payload",
			"the file has %.1f MB; a playbook has at most %d MB", bytes / 1048576.0, FILE_MAX >> 20);
}

static bool file_fits(int fd, diagnostics *out)
{
	struct stat st;
	if (fstat(fd, &st) != 0) {
		file_fault(out, "unreadable", NULL, strerror(errno));
		return false;
	}
	if (S_ISDIR(st.st_mode)) {
		file_fault(out, "is-directory", "name a file in it", "this is a directory, not a playbook");
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		file_fault(out, "not-a-file", "use - to read standard input", "this is not a regular file");
		return false;
	}
	if (st.st_size > FILE_MAX) {
		too_large(out, (double)st.st_size);
		return false;
	}
	return true;
}

static bool read_all(int fd, diagnostics *out, tr_buf *to)
{
	for (;;) {
		char *at = tr_buf_reserve(to, CHUNK);
		if (at == NULL) {
			file_fault(out, "no-memory", NULL, "out of memory while reading");
			return false;
		}
		ssize_t n = read(fd, at, CHUNK);
		if (n == 0)
			return true;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			file_fault(out, "unreadable", NULL, strerror(errno));
			return false;
		}
		to->n += (size_t)n;
		if (to->n > FILE_MAX) {
			too_large(out, (double)to->n);
			return false;
		}
	}
}

static bool read_path(const char *file, diagnostics *out, tr_buf *to)
{
	if (strcmp(file, "-") == 0)
		return read_all(STDIN_FILENO, out, to);
	/* Not blocking, so that a FIFO without a writer cannot hang us before we see what it is. */
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		int why = errno;
		diagnostics_add(out, DIAGNOSTIC_ERROR, why == ENOENT ? "no-such-file" : "unreadable", 0, 0, "",
				why == ENOENT ? "is the path right?" : NULL, "cannot read it: %s", strerror(why));
		return false;
	}
	bool ok = file_fits(fd, out) && read_all(fd, out, to);
	close(fd);
	return ok;
}

/* ---- files that a playbook names ---- */

static bool names_a_file(tr_str path)
{
	return path.n > 0 &&
	       (path.p[0] == '/' || path.p[0] == '.' || (path.n > 5 && memcmp(path.p + path.n - 5, ".yaml", 5) == 0) ||
		(path.n > 4 && memcmp(path.p + path.n - 4, ".yml", 4) == 0));
}

/* Is there such a file beside the playbook's, as it is named or with a playbook's ending? */
static bool is_there(const char *file, tr_str path)
{
	static const char *const endings[] = {"", ".yaml", ".yml"};
	const char *slash = path.p[0] == '/' ? NULL : strrchr(file, '/');
	bool found = false;
	for (size_t i = 0; i < sizeof endings / sizeof *endings && !found; i++) {
		tr_buf b = {0};
		struct stat st;
		if (slash != NULL)
			tr_buf_put(&b, file, (size_t)(slash - file) + 1);
		tr_buf_putf(&b, "%.*s%s", TR_STR(path), endings[i]);
		found = b.err != TR_OK || (stat(b.p, &st) == 0 && S_ISREG(st.st_mode));
		tr_buf_fini(&b);
	}
	return found;
}

/* An input that is written out, without a template; borrowed, absent when it is not. */
static tr_value written(const pb_task *task, const char *key)
{
	if (task->config->kind == PB_CONST)
		return tr_map_get_s(task->config->constant, key);
	for (size_t i = 0; task->config->kind == PB_MAP && i < task->config->count; i++) {
		const pb_expr_pair *pair = &task->config->pairs[i];
		if (tr_str_is(tr_as_str(pair->key->constant), key) && pair->value->kind == PB_CONST)
			return pair->value->constant;
	}
	return tr_absent();
}

/* A sub-playbook whose file is named outright must be there; one that a template or the catalog names is found when it
 * runs. */
static void check_child(const char *file, const pb_task *task, diagnostics *out)
{
	tr_value path = written(task, "path");
	if (names_a_file(tr_as_str(path)) && !is_there(file, tr_as_str(path)))
		diagnostics_add(out, DIAGNOSTIC_ERROR, "no-such-playbook", task->body.line, task->body.column, "",
				"a path is meant from the folder of this playbook", "there is no playbook %.*s",
				TR_STR(tr_as_str(path)));
}

/* Code or SQL from a file, which an earlier step may still write: `file`, or `script: { path: … }`. */
static void check_script(const char *file, const pb_task *task, diagnostics *out)
{
	tr_value path = written(task, "file");
	if (!tr_is_valid(path))
		path = tr_map_get_s(written(task, "script"), "path");
	if (tr_is(path, TR_STRING) && !is_there(file, tr_as_str(path)))
		diagnostics_add(out, DIAGNOSTIC_WARNING, "no-such-file", task->pos.line, task->pos.column, "",
				"a path is meant from the folder of this playbook", "there is no file %.*s (yet)",
				TR_STR(tr_as_str(path)));
}

static void check_named(const char *file, const pb_task *task, diagnostics *out)
{
	if (task->config == NULL) /* it is no mapping */
		return;
	const tool_kind *kind = kind_find(task->kind);
	if (tr_str_is(task->kind, "playbook"))
		check_child(file, task, out);
	else if (kind_key_find(kind, tr_s("file")) != NULL)
		check_script(file, task, out);
}

static void check_files_named(const char *file, const playbook *p, diagnostics *out)
{
	for (size_t i = 0; i < p->step_count; i++)
		for (size_t k = 0; k < p->steps[i].task_count; k++)
			check_named(file, &p->steps[i].tasks[k], out);
	for (size_t i = 0; i < p->workbook_count; i++)
		check_named(file, &p->workbook[i].task, out);
}

playbook *playbook_load_file(const char *file, const pb_check_options *options, diagnostics *out, tr_buf *source)
{
	tr_buf text = {0};
	playbook *p = NULL;
	bool input = strcmp(file, "-") == 0; /* which is in no folder */
	if (read_path(file, out, &text))
		p = load_beside(input ? "<stdin>" : file, tr_buf_str(&text), options, out,
				input ? NULL : check_files_named);
	if (source != NULL)
		*source = text;
	else
		tr_buf_fini(&text);
	return p;
}
