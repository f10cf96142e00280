/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file, the environment and options. */
#include "cli/settings.h"

#include "cli/command.h"
#include "cli/input.h"
#include "cli/style.h"
#include "plugins/host/grants.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GRANT_FS    "the path behind fs: must be absolute, with no '.', '..' and empty parts in it: fs:/PATH"
#define GRANT_FORMS "net, net:HOST, net:link-local, exec, fs:/PATH, secret:NAME, call:PLUGIN, KIND:* and *"

typedef struct reader {
	settings *s;
	diagnostics faults;
} reader;

TR_PRINTF(4, 5) static void fault(reader *r, const yaml_node *at, const char *path, const char *fmt, ...)
{
	char text[400];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	diagnostics_add(&r->faults, DIAGNOSTIC_ERROR, "config", at->line, at->column, path, NULL, "%s", text);
}

static bool is_text(const yaml_node *n)
{
	return n->kind == YAML_SCALAR && tr_is(n->value, TR_STRING);
}

static tr_value text_value(const yaml_node *n)
{
	return tr_string_n(n->text.p, n->text.n);
}

/* ---- parts of the file ---- */

/* A path of the file is one from the file's folder. */
static tr_value beside(const settings *s, const yaml_node *n)
{
	const char *slash = strrchr(s->file, '/');
	if (n->text.p[0] == '/' || slash == NULL)
		return text_value(n);
	return tr_stringf("%.*s/%.*s", (int)(slash - s->file), s->file, TR_STR(n->text));
}

static void read_paths(reader *r, const yaml_node *n)
{
	for (size_t i = 0; n->kind == YAML_SEQUENCE && i < n->count; i++) {
		const yaml_node *item = n->items[i];
		if (is_text(item) && item->text.n > 0)
			r->s->paths = tr_array_push(r->s->paths, beside(r->s, item));
		else
			fault(r, item, "plugins.paths", "a path must be text");
	}
	if (n->kind != YAML_SEQUENCE)
		fault(r, n, "plugins.paths", "paths must be a list of shared objects or folders");
}

/* What to do about a grant that is none. */
static const char *grant_advice(tr_str grant)
{
	return grant.n > 3 && memcmp(grant.p, "fs:", 3) == 0 ? GRANT_FS : "there are " GRANT_FORMS;
}

/* Grants of one plugin, or of "*". */
static void read_grants(reader *r, const yaml_node *n, const char *id, const char *path)
{
	tr_value have = tr_map_get_s(r->s->grants, id), list = tr_is(have, TR_ARRAY) ? tr_keep(have) : tr_array();
	for (size_t i = 0; n->kind == YAML_SEQUENCE && i < n->count; i++) {
		const yaml_node *item = n->items[i];
		if (is_text(item) && grant_valid(item->text))
			list = tr_array_push(list, text_value(item));
		else
			fault(r, item, path, "'%.*s' is no grant; %s", TR_STR(item->text), grant_advice(item->text));
	}
	if (n->kind != YAML_SEQUENCE)
		fault(r, n, path, "grants must be a list");
	r->s->grants = tr_map_put_s(r->s->grants, id, list);
}

static void read_prefer(reader *r, const yaml_node *n)
{
	for (size_t i = 0; n->kind == YAML_MAPPING && i < n->count; i++) {
		const yaml_node *key = n->pairs[i].key, *value = n->pairs[i].value;
		if (is_text(value))
			r->s->prefer = tr_map_put(r->s->prefer, text_value(key), text_value(value));
		else
			fault(r, value, "plugins.prefer", "the plugin that '%.*s' is to prefer must be named by its id",
			      TR_STR(key->text));
	}
	if (n->kind != YAML_MAPPING)
		fault(r, n, "plugins.prefer", "prefer must be a mapping of capabilities to plugins");
}

static void read_isolation(reader *r, const yaml_node *n, const char *id, const char *path)
{
	if (tr_str_is(n->text, "shared") || tr_str_is(n->text, "process"))
		r->s->isolation = tr_map_put_s(r->s->isolation, id, text_value(n));
	else
		fault(r, n, path, "isolation must be shared or process");
}

static void read_one(reader *r, const yaml_node *key, const yaml_node *n)
{
	char id[128], path[200];
	(void)snprintf(id, sizeof id, "%.*s", TR_STR(key->text));
	for (size_t i = 0; n->kind == YAML_MAPPING && i < n->count; i++) {
		tr_str word = n->pairs[i].key->text;
		const yaml_node *value = n->pairs[i].value;
		(void)snprintf(path, sizeof path, "plugins.each.%s.%.*s", id, TR_STR(word));
		if (tr_str_is(word, "settings") && value->kind == YAML_MAPPING)
			r->s->config = tr_map_put_s(r->s->config, id, yaml_to_value(value));
		else if (tr_str_is(word, "settings"))
			fault(r, value, path, "settings must be a mapping");
		else if (tr_str_is(word, "grants"))
			read_grants(r, value, id, path);
		else if (tr_str_is(word, "isolation"))
			read_isolation(r, value, id, path);
		else
			fault(r, n->pairs[i].key, path, "unknown key '%.*s'; a plugin has settings, grants, isolation",
			      TR_STR(word));
	}
	if (n->kind != YAML_MAPPING)
		fault(r, n, "plugins.each", "a plugin's part must be a mapping of settings, grants, isolation");
}

static void read_each(reader *r, const yaml_node *n)
{
	for (size_t i = 0; n->kind == YAML_MAPPING && i < n->count; i++)
		read_one(r, n->pairs[i].key, n->pairs[i].value);
	if (n->kind != YAML_MAPPING)
		fault(r, n, "plugins.each", "each must be a mapping of plugin ids to their parts");
}

static void read_plugins(reader *r, const yaml_node *n)
{
	for (size_t i = 0; n->kind == YAML_MAPPING && i < n->count; i++) {
		tr_str word = n->pairs[i].key->text;
		const yaml_node *value = n->pairs[i].value;
		if (tr_str_is(word, "paths"))
			read_paths(r, value);
		else if (tr_str_is(word, "grants"))
			read_grants(r, value, "*", "plugins.grants");
		else if (tr_str_is(word, "prefer"))
			read_prefer(r, value);
		else if (tr_str_is(word, "each"))
			read_each(r, value);
		else
			fault(r, n->pairs[i].key, "plugins",
			      "unknown key '%.*s'; plugins has paths, grants, prefer, each", TR_STR(word));
	}
	if (n->kind != YAML_MAPPING)
		fault(r, n, "plugins", "plugins must be a mapping of paths, grants, prefer, each");
}

static void read_root(reader *r, const yaml_node *n)
{
	for (size_t i = 0; n->kind == YAML_MAPPING && i < n->count; i++) {
		if (tr_str_is(n->pairs[i].key->text, "plugins"))
			read_plugins(r, n->pairs[i].value);
		else
			fault(r, n->pairs[i].key, "", "unknown key '%.*s'; a configuration has plugins",
			      TR_STR(n->pairs[i].key->text));
	}
	if (n->kind != YAML_MAPPING)
		fault(r, n, "", "a configuration must be a mapping");
}

/* ---- the whole ---- */

static bool read_file(settings *s, const char *who, const char *file)
{
	reader r = {.s = s};
	s->file = tr_alloc(strlen(file) + 1);
	if (s->file == NULL || !input_read(who, "configuration", file, &s->text))
		return false;
	strcpy(s->file, file);
	diagnostics_init(&r.faults, file);
	s->document = yaml_parse(file, tr_buf_str(&s->text), NULL, &r.faults);
	if (s->document != NULL && yaml_root(s->document) != NULL)
		read_root(&r, yaml_root(s->document));
	if (r.faults.count > 0)
		diagnostics_print(&r.faults, tr_buf_str(&s->text), stderr, style_of(stderr).color);
	bool good = r.faults.errors == 0;
	diagnostics_fini(&r.faults);
	return good;
}

/* The user's own file, when there is one. */
static bool default_file(char path[PATH_MAX])
{
	const char *dir = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n = -1;
	if (dir != NULL && *dir == '/')
		n = snprintf(path, PATH_MAX, "%s/troupe/config.yaml", dir);
	else if (home != NULL && *home == '/')
		n = snprintf(path, PATH_MAX, "%s/.config/troupe/config.yaml", home);
	return n > 0 && n < PATH_MAX && access(path, F_OK) == 0;
}

static bool add_environment(settings *s)
{
	const char *at = getenv("TROUPE_PLUGIN_PATH");
	while (at != NULL && *at != '\0') {
		size_t n = strcspn(at, ":");
		if (n > 0)
			s->paths = tr_array_push(s->paths, tr_string_lossy(at, n));
		at += n + (at[n] == ':');
	}
	return tr_is_valid(s->paths);
}

bool settings_load(settings *s, const char *who, const char *file)
{
	char found[PATH_MAX];
	*s = (settings){
	    .paths = tr_array(), .config = tr_map(), .grants = tr_map(), .prefer = tr_map(), .isolation = tr_map()};
	if (file == NULL && default_file(found))
		file = found;
	if (file != NULL && !read_file(s, who, file))
		return false;
	return add_environment(s);
}

void settings_fini(settings *s)
{
	tr_drop(s->paths);
	tr_drop(s->config);
	tr_drop(s->grants);
	tr_drop(s->prefer);
	tr_drop(s->isolation);
	yaml_free(&s->document);
	tr_free(s->file);
	tr_buf_fini(&s->text);
	*s = (settings){0};
}

bool settings_add_path(settings *s, const char *path)
{
	s->paths = tr_array_push(s->paths, tr_string_lossy(path, strlen(path)));
	return tr_is_valid(s->paths);
}

bool settings_add_grant(settings *s, const char *grant)
{
	tr_value all = tr_map_get_s(s->grants, "*");
	all = tr_array_push(tr_is(all, TR_ARRAY) ? tr_keep(all) : tr_array(), tr_string_lossy(grant, strlen(grant)));
	s->grants = tr_map_put_s(s->grants, "*", all);
	return tr_is_valid(s->grants);
}

bool settings_options_add(tr_value *list, const char *text)
{
	*list = tr_array_push(tr_is(*list, TR_ARRAY) ? *list : tr_array(), tr_string_lossy(text, strlen(text)));
	return tr_is_valid(*list);
}

int settings_options_take(settings_options *o, int c, const char *argument)
{
	tr_value *list = c == 'P' ? &o->paths : c == 'G' ? &o->grants : NULL;
	if (c == 'C')
		o->file = argument;
	else if (list == NULL)
		return -1;
	return list == NULL || settings_options_add(list, argument) ? EXIT_OK : EXIT_FAILED;
}

void settings_options_fini(settings_options *o)
{
	tr_clear(&o->paths);
	tr_clear(&o->grants);
}

static bool grants_good(const char *who, tr_value grants)
{
	for (size_t i = 0; i < tr_array_len(grants); i++) {
		tr_str grant = tr_as_str(tr_array_at(grants, i));
		if (grant_valid(grant))
			continue;
		fprintf(stderr, "troupe %s: --grant %.*s is no grant; %s\n", who, TR_STR(grant), grant_advice(grant));
		return false;
	}
	return true;
}

bool settings_from(settings *s, const char *who, settings_options *o)
{
	bool good = settings_load(s, who, o->file) && grants_good(who, o->grants);
	for (size_t i = 0; good && i < tr_array_len(o->paths); i++)
		good = settings_add_path(s, tr_as_cstr(tr_array_at(o->paths, i), ""));
	for (size_t i = 0; good && i < tr_array_len(o->grants); i++)
		good = settings_add_grant(s, tr_as_cstr(tr_array_at(o->grants, i), ""));
	settings_options_fini(o);
	return good;
}
