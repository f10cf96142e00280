/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, judging and mapping shared objects. */
#include "plugins/host/loader.h"
#include "plugins/host/config.h"
#include "plugins/host/elf.h"
#include "plugins/host/grants.h"
#include "plugins/host/inspect.h"
#include "plugins/host/process/proxy.h"
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What one visit to the dirty pool does; `why` stays empty when it went well. */
typedef struct visit {
	const char *path;
	plugin_record *record;
	char why[INSPECT_WHY];
} visit;

static void *inspect(void *arg)
{
	visit *v = arg;

	plugin_inspect(v->path, &v->record->m, &v->record->library_fd, v->why);
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
		r->trusted = b->trusted;
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
	tr_value isolation = tr_map_get_s(h->isolation, r->m.id);
	if (tr_is(isolation, TR_STRING))
		r->m.isolated = tr_str_is(tr_as_str(isolation), "process");
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

typedef struct listing {
	const char *path;
	tr_value files;
} listing;

static void *list_files(void *arg)
{
	listing *l = arg;

	l->files = plugin_files(l->path);
	return NULL;
}

tr_value loader_discover(const char *path)
{
	listing l = {path, tr_absent()};
	tr_err err = TR_OK;

	tr_dirty(list_files, &l, &err);
	return tr_is_valid(l.files) ? l.files : tr_array();
}
