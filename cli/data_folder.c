/* SPDX-License-Identifier: Apache-2.0 */
/* Telling of data folders. */
#include "cli/data_folder.h"

#include "cli/escape.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_default(const char *data)
{
	layout_path usual;
	return layout_default(usual) == TR_OK && strcmp(usual, data) == 0;
}

static bool is_named(const char *data)
{
	const char *dir = getenv("TROUPE_DATA");
	return (dir != NULL && *dir != '\0') || !is_default(data);
}

/* 0, or why the folder cannot be read. */
static int look(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return errno;
	if (!S_ISDIR(st.st_mode))
		return ENOTDIR;
	return access(path, R_OK | X_OK) == 0 ? 0 : errno;
}

bool data_folder_there(const char *name, const char *data)
{
	char shown[500];
	layout_path below;
	int why = look(data);
	if (why == ENOENT && !is_named(data))
		return true;
	/* One in which nothing was begun has none. */
	if (why == 0 && layout_join(below, data, "executions") == TR_OK && (why = look(below)) == ENOENT)
		why = 0;
	if (why != 0)
		fprintf(stderr, "troupe %s: %s: %s\n", name, escape_into(shown, sizeof shown, tr_s(data)),
			why == ENOENT ? "there is no data folder" : strerror(why));
	return why == 0;
}

static bool plain(const char *text)
{
	for (const char *at = text; *at != '\0'; at++)
		if ((*at < 'a' || *at > 'z') && (*at < 'A' || *at > 'Z') && strchr("0123456789/._-+,:@", *at) == NULL)
			return false;
	return true;
}

const char *data_folder_option(char *out, size_t n, const char *data)
{
	tr_buf text = {0};
	*out = '\0';
	if (is_default(data))
		return out;
	if (plain(data)) {
		(void)snprintf(out, n, " --data %s", data);
		return out;
	}
	for (const char *at = data; *at != '\0'; at++)
		if (*at == '\'')
			tr_buf_puts(&text, "'\\''");
		else
			tr_buf_putc(&text, *at);
	if (text.err == TR_OK)
		(void)snprintf(out, n, " --data '%s'", text.p);
	tr_buf_fini(&text);
	return out;
}
