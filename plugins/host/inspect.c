/* SPDX-License-Identifier: Apache-2.0 */
/* Copying and judging shared objects. */
#include "plugins/host/inspect.h"
#include "plugins/host/elf.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <troupe/plugin.h>
#include <unistd.h>

#define OBJECT_MAX (256l << 20)

static bool copy_file(int from, int to, char *why)
{
	struct stat st;
	char block[65536];
	ssize_t n;
	long total = 0;

	if (fstat(from, &st) != 0 || !S_ISREG(st.st_mode)) {
		snprintf(why, INSPECT_WHY, "is not a regular file; name a shared object (.so)");
		return false;
	}
	while ((n = read(from, block, sizeof(block))) > 0) {
		total += n;
		if (total > OBJECT_MAX || write(to, block, (size_t)n) != n) {
			snprintf(why, INSPECT_WHY, "is over 256 MiB or cannot be copied into memory");
			return false;
		}
	}
	if (n < 0)
		snprintf(why, INSPECT_WHY, "cannot be read: %s", strerror(errno));
	else if (total == 0)
		snprintf(why, INSPECT_WHY, "is empty; build the plugin again");
	return why[0] == '\0';
}

/* Memory that a crash dump finds under the file's name. */
static int named_memory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char name[64];

	/* In a plugin's own process it is a descriptor already, and the number says nothing. */
	snprintf(name, sizeof(name), "%s",
		 strncmp(path, "/proc/", 6) == 0 ? "plugin"
		 : slash == NULL                 ? path
						 : slash + 1);
	return memfd_create(name, MFD_CLOEXEC);
}

static int private_copy(const char *path, char *why)
{
	int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (from < 0) {
		if (errno == ENOENT)
			snprintf(why, INSPECT_WHY, "does not exist; is the path right?");
		else
			snprintf(why, INSPECT_WHY, "cannot be opened: %s", strerror(errno));
		return -1;
	}
	int to = named_memory(path);
	if (to < 0)
		snprintf(why, INSPECT_WHY, "cannot be copied into memory: %s", strerror(errno));
	bool ok = to >= 0 && copy_file(from, to, why);
	close(from);
	if (!ok && to >= 0)
		close(to);
	return ok ? to : -1;
}

static void judge(tr_str bytes, manifest *out, char *why)
{
	elf_plugin found;
	tr_value wrong = tr_absent();

	if (elf_plugin_read(bytes, &found, why, INSPECT_WHY) != TR_OK)
		return;
	if (found.abi != TR_PLUGIN_ABI) {
		snprintf(why, INSPECT_WHY,
			 "was built for plugin ABI %u, this node has %d; build it against this node's header",
			 found.abi, TR_PLUGIN_ABI);
	} else if (found.size < offsetof(tr_plugin, init) || found.size > 65536) {
		snprintf(why, INSPECT_WHY,
			 "has a tr_plugin_main of %u bytes, which no header makes; begin it with TR_PLUGIN_HEAD",
			 found.size);
	} else if (manifest_read(found.manifest, out, &wrong) != TR_OK) {
		tr_value text = manifest_faults_text(wrong);
		snprintf(why, INSPECT_WHY, "has a manifest with faults: %s", tr_as_cstr(text, "out of memory"));
		tr_drop(text);
	}
	tr_drop(wrong);
}

bool plugin_inspect(const char *path, manifest *out, int *copy, char why[INSPECT_WHY])
{
	struct stat st;
	int fd;

	why[0] = '\0';
	fd = private_copy(path, why);
	if (copy != NULL)
		*copy = fd;
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0) {
		void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map == MAP_FAILED) {
			snprintf(why, INSPECT_WHY, "cannot be mapped: %s", strerror(errno));
		} else {
			judge((tr_str){map, (size_t)st.st_size}, out, why);
			munmap(map, (size_t)st.st_size);
		}
	}
	if (copy == NULL)
		close(fd);
	return why[0] == '\0';
}

static int is_object(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 3 && strcmp(e->d_name + n - 3, ".so") == 0;
}

tr_value plugin_files(const char *path)
{
	tr_value files = tr_array();
	struct dirent **names = NULL;
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return tr_array_push(files, tr_string_lossy(path, strlen(path)));
	int n = scandir(path, &names, is_object, alphasort);
	for (int i = 0; i < n; i++) {
		files = tr_array_push(files, tr_stringf("%s/%s", path, names[i]->d_name));
		free(names[i]);
	}
	free(names);
	return files;
}
