/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, judging and mapping shared objects. */
#include "plugins/host/loader.h"
#include "plugins/host/config.h"
#include "plugins/host/elf.h"
#include "plugins/host/grants.h"
#include "plugins/host/process/proxy.h"
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define OBJECT_MAX (256l << 20)

/* What one visit to the dirty pool does; `why` stays empty when it went well. */
typedef struct visit {
	const char *path;
	plugin_record *record;
	char why[512];
} visit;

static bool copy_file(visit *v, int from, int to)
{
	struct stat st;
	char block[65536];
	ssize_t n;
	long total = 0;

	if (fstat(from, &st) != 0 || !S_ISREG(st.st_mode)) {
		snprintf(v->why, sizeof(v->why), "is not a regular file");
		return false;
	}
	while ((n = read(from, block, sizeof(block))) > 0) {
		total += n;
		if (total > OBJECT_MAX || write(to, block, (size_t)n) != n) {
			snprintf(v->why, sizeof(v->why), "is over 256 MiB or cannot be copied into memory");
			return false;
		}
	}
	if (n < 0)
		snprintf(v->why, sizeof(v->why), "cannot be read: error %d", errno);
	else if (total == 0)
		snprintf(v->why, sizeof(v->why), "is empty");
	return v->why[0] == '\0';
}

static int private_copy(visit *v)
{
	int from = open(v->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (from < 0) {
		snprintf(v->why, sizeof(v->why), errno == ENOENT ? "does not exist" : "cannot be opened: error %d",
			 errno);
		return -1;
	}
	int to = memfd_create("troupe-plugin", MFD_CLOEXEC);
	if (to < 0)
		snprintf(v->why, sizeof(v->why), "cannot be copied into memory: error %d", errno);
	bool ok = to >= 0 && copy_file(v, from, to);
	close(from);
	if (!ok && to >= 0)
		close(to);
	return ok ? to : -1;
}

static void judge(visit *v, tr_str bytes)
{
	elf_plugin found;
	tr_value wrong = tr_absent();

	if (elf_plugin_read(bytes, &found, v->why, sizeof(v->why)) != TR_OK)
		return;
	if (found.abi != TR_PLUGIN_ABI) {
		snprintf(v->why, sizeof(v->why),
			 "was built for plugin ABI %u, this node has %d; build it against this node's header",
			 found.abi, TR_PLUGIN_ABI);
	} else if (found.size < offsetof(tr_plugin, init) || found.size > 65536) {
		snprintf(v->why, sizeof(v->why), "has a tr_plugin_main of %u bytes, which no header makes", found.size);
	} else if (manifest_read(found.manifest, &v->record->m, &wrong) != TR_OK) {
		tr_value text = manifest_faults_text(wrong);
		snprintf(v->why, sizeof(v->why), "has a manifest with faults: %s", tr_as_cstr(text, "out of memory"));
		tr_drop(text);
	}
	tr_drop(wrong);
}

static void *inspect(void *arg)
{
	visit *v = arg;
	struct stat st;

	v->record->library_fd = private_copy(v);
	if (v->record->library_fd < 0 || fstat(v->record->library_fd, &st) != 0)
		return NULL;
	void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, v->record->library_fd, 0);
	if (map == MAP_FAILED) {
		snprintf(v->why, sizeof(v->why), "cannot be mapped: error %d", errno);
		return NULL;
	}
	judge(v, (tr_str){map, (size_t)st.st_size});
	munmap(map, (size_t)st.st_size);
	return NULL;
}

plugin_record *loader_file(plugin_host *h, const char *path, tr_value *why)
{
	visit v = {.path = path, .record = record_new(h)};
	tr_err err = TR_OK;

	if (v.record == NULL) {
		*why = tr_string("out of memory");
		return NULL;
	}
	v.record->path = tr_alloc(strlen(path) + 1);
	if (v.record->path != NULL)
		strcpy(v.record->path, path);
	tr_dirty(inspect, &v, &err);
	if (err == TR_OK && v.why[0] == '\0' && v.record->path != NULL) {
		v.record->id = tr_string(v.record->m.id);
		return v.record;
	}
	*why = tr_stringf("%s %s", path, v.why[0] != '\0' ? v.why : "cannot be read: out of memory");
	record_release(v.record);
	return NULL;
}

plugin_record *loader_builtin(plugin_host *h, const builtin *b, tr_value *why)
{
	plugin_record *r = record_new(h);
	tr_value wrong = tr_absent();

	if (r != NULL && manifest_read(tr_s(b->manifest), &r->m, &wrong) == TR_OK) {
		tr_drop(wrong);
		r->builtin = true;
		r->code = *b->plugin;
		r->id = tr_string(r->m.id);
		if (b->trusted)
			r->grants = tr_keep(r->m.needs);
		return r;
	}
	*why = manifest_faults_text(wrong);
	tr_drop(wrong);
	record_release(r);
	return NULL;
}

bool loader_admit(plugin_record *r, tr_value *why)
{
	plugin_host *h = r->host;
	fault_list found;
	char path[128];

	faults_init(&found);
	snprintf(path, sizeof(path), "%s", r->m.id);
	r->config = config_apply(r->m.config, tr_map_get_s(h->config, r->m.id), path, &found);
	bool ok = !faults_any(&found) && tr_is_valid(r->config);
	if (!ok)
		*why = manifest_faults_text(found.list);
	tr_drop(found.list);
	if (!ok)
		return false;
	if (!tr_is_valid(r->grants)) {
		tr_value own = tr_map_get_s(h->grants, r->m.id), all = tr_map_get_s(h->grants, "*");
		tr_value granted = tr_array_concat(tr_is(own, TR_ARRAY) ? tr_keep(own) : tr_array(),
						   tr_is(all, TR_ARRAY) ? tr_keep(all) : tr_array());
		r->grants = grants_effective(r->m.needs, granted);
		tr_drop(granted);
	}
	if (r->m.isolated && r->builtin) {
		*why = tr_stringf(
		    "plugin %s is part of the program and cannot have a process of its own (isolation: process)",
		    r->m.id);
		return false;
	}
	if (r->m.isolated && !process_isolate(r, why))
		return false;
	return tr_is_valid(r->grants);
}

static void *map_code(void *arg)
{
	visit *v = arg;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", v->record->library_fd);
	v->record->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (v->record->library == NULL) {
		const char *text = dlerror();
		snprintf(v->why, sizeof(v->why), "%s", text == NULL ? "it cannot be loaded" : text);
		return NULL;
	}
	const tr_plugin *code = dlsym(v->record->library, PLUGIN_SYMBOL);
	if (code == NULL || code->abi != TR_PLUGIN_ABI || code->size < offsetof(tr_plugin, init))
		snprintf(v->why, sizeof(v->why), "its tr_plugin_main is not what the file says");
	else
		memcpy(&v->record->code, code, code->size < sizeof(tr_plugin) ? code->size : sizeof(tr_plugin));
	return NULL;
}

bool loader_map(plugin_record *r, tr_value *why)
{
	visit v = {.record = r};
	tr_err err = TR_OK;

	if (r->builtin || r->m.isolated) /* linked in, or mapped in its own process only */
		return true;
	tr_dirty(map_code, &v, &err);
	if (err == TR_OK && v.why[0] == '\0')
		return true;
	*why = tr_stringf("plugin %s cannot be loaded: %s", r->m.id, v.why[0] != '\0' ? v.why : tr_err_text(err));
	return false;
}

/* ---- discovery
 * ---------------------------------------------------------------------------------------------------------- */

static int is_object(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 3 && strcmp(e->d_name + n - 3, ".so") == 0;
}

typedef struct listing {
	const char *path;
	tr_value files;
} listing;

static void *list_folder(void *arg)
{
	listing *l = arg;
	struct dirent **names = NULL;
	struct stat st;

	l->files = tr_array();
	if (stat(l->path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		l->files = tr_array_push(l->files, tr_string(l->path));
		return NULL;
	}
	int n = scandir(l->path, &names, is_object, alphasort);
	for (int i = 0; i < n; i++) {
		l->files = tr_array_push(l->files, tr_stringf("%s/%s", l->path, names[i]->d_name));
		free(names[i]);
	}
	free(names);
	return NULL;
}

tr_value loader_discover(const char *path)
{
	listing l = {path, tr_absent()};
	tr_err err = TR_OK;

	tr_dirty(list_folder, &l, &err);
	return tr_is_valid(l.files) ? l.files : tr_array();
}
