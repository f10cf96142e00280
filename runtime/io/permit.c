/* SPDX-License-Identifier: Apache-2.0 */
/* Asking whoever grants. */
#include "runtime/io/permit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* NULL: nobody is asked. */
static const tr_permit *permit_here(void)
{
	tr_node *node = tr_here();

	return node == NULL ? NULL : tr_node_get(node, TR_SLOT_PERMIT);
}

bool permit_exec(void)
{
	const tr_permit *p = permit_here();

	return p == NULL || p->ask("exec");
}

bool permit_net(const struct address *address)
{
	const tr_permit *p = permit_here();
	char grant[sizeof(address->host) + 8];
	const char *host = address->host;

	if (p == NULL)
		return true;
	if (address->is_unix)
		return permit_file(address->path);
	bool link_local = strncmp(host, "169.254.", 8) == 0 || strncasecmp(host, "fe80:", 5) == 0;
	snprintf(grant, sizeof(grant), "net:%s", link_local ? "link-local" : host[0] == '\0' ? "0.0.0.0" : host);
	return p->ask(grant);
}

/* What is not there yet is judged by its folder. */
static bool real_path(const char *path, char out[PATH_MAX])
{
	char copy[PATH_MAX];

	if (realpath(path, out) != NULL)
		return true;
	if (snprintf(copy, sizeof(copy), "%s%s", path[0] == '/' ? "" : "./", path) >= (int)sizeof(copy))
		return false;
	char *slash = strrchr(copy, '/');
	const char *name = path + (slash - copy) + 1 - (path[0] == '/' ? 0 : 2);
	if (strcmp(name, "..") == 0 || strcmp(name, ".") == 0)
		return false;
	*slash = '\0';
	if (realpath(copy[0] == '\0' ? "/" : copy, out) == NULL)
		return false;
	size_t n = strlen(out);
	return snprintf(out + n, PATH_MAX - n, "%s%s", n > 1 ? "/" : "", name) < (int)(PATH_MAX - n);
}

bool permit_file(const char *path)
{
	const tr_permit *p = permit_here();
	char real[PATH_MAX], grant[PATH_MAX + 4];

	if (p == NULL)
		return true;
	if (!real_path(path, real)) /* it will fail anyway; nothing is told of what is there */
		return p->ask("fs:*");
	snprintf(grant, sizeof(grant), "fs:%s", real);
	return p->ask(grant);
}
