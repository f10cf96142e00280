/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the user's files. */
#include "cli/input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_MAX (16u * 1024u * 1024u)

static tr_err read_stream(FILE *in, tr_buf *out)
{
	out->max = INPUT_MAX;
	for (;;) {
		char *at = tr_buf_reserve(out, 16384);
		if (at == NULL)
			return out->err;
		size_t n = fread(at, 1, 16384, in);
		if (n == 0)
			return ferror(in) ? TR_EIO : TR_OK;
		out->n += n;
	}
}

static FILE *open_input(const char *file)
{
	struct stat st;
	if (strcmp(file, "-") == 0)
		return stdin;
	if (stat(file, &st) == 0 && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return NULL;
	}
	return fopen(file, "rb");
}

bool input_read(const char *command, const char *what, const char *file, tr_buf *out)
{
	FILE *in = open_input(file);
	tr_err err = in == NULL ? TR_EIO : read_stream(in, out);
	if (err != TR_OK)
		fprintf(stderr, "troupe %s: the %s %s cannot be read: %s\n", command, what, file,
			in == NULL ? strerror(errno) : tr_err_text(err));
	if (in != NULL && in != stdin)
		fclose(in);
	return err == TR_OK;
}
