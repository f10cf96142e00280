/* SPDX-License-Identifier: Apache-2.0 */
/* A playbook from a file or from standard input, read no further than a playbook can be long. */
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

playbook *playbook_load_file(const char *file, const pb_check_options *options, diagnostics *out, tr_buf *source)
{
	tr_buf text = {0};
	playbook *p = NULL;
	bool input = strcmp(file, "-") == 0; /* which is in no folder */
	if (read_path(file, out, &text))
		p = load_beside(input ? "<stdin>" : file, tr_buf_str(&text), options, out, !input);
	if (source != NULL)
		*source = text;
	else
		tr_buf_fini(&text);
	return p;
}
