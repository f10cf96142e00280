/* SPDX-License-Identifier: Apache-2.0 */
/* What manifests say, and whether the settings fit them. Nothing of any plugin runs here. */
#include "cli/settings.h"

#include "cli/style.h"
#include "playbook/check/kind_read.h"
#include "plugins/actions/builtin.h"
#include "plugins/host/config.h"
#include "plugins/host/inspect.h"

#include <string.h>

typedef struct looking {
	survey *v;
	const settings *s;
	tr_value seen; /* map: id -> its capabilities, a map */
	diagnostics faults;
	const manifest *m;
} looking;

/* Faults in it were told when the manifest was read. */
static void add_description(looking *l, const char *kind)
{
	char why[300];
	tr_value name = tr_stringf("tool:%s", kind);
	described_kind *d = described_kind_read(kind, tr_map_get(l->m->capabilities, name), why, sizeof why);
	tr_drop(name);
	if (d == NULL)
		return;
	described_kind **grown = tr_realloc(l->v->described, (l->v->described_count + 1) * sizeof *l->v->described);
	if (grown == NULL) {
		described_kind_free(&d);
		return;
	}
	l->v->described = grown;
	grown[l->v->described_count++] = d;
}

static void add_kind(void *arg, const char *kind)
{
	looking *l = arg;
	if (tr_is_valid(tr_map_get_s(l->v->kinds, kind)))
		return;
	l->v->kinds = tr_map_put_s(l->v->kinds, kind, tr_string(l->m->id));
	add_description(l, kind);
}

/* The node in the configuration file that a fault's path ("greet.greeting: …") is about; NULL. */
static const yaml_node *place_of(const settings *s, const char *id, const char *setting)
{
	const yaml_node *root = s->document == NULL ? NULL : yaml_root(s->document);
	const yaml_node *part = yaml_get(yaml_get(yaml_get(root, "plugins"), "each"), id);
	const yaml_node *all = yaml_get(part, "settings"), *one = yaml_get(all, setting);
	return one != NULL ? one : all != NULL ? all : part;
}

static void check_settings(looking *l)
{
	const manifest *m = l->m;
	fault_list found;
	faults_init(&found);
	tr_drop(config_apply(m->config, tr_map_get_s(l->s->config, m->id), m->id, &found));
	for (size_t i = 0; i < tr_array_len(found.list); i++) {
		const char *text = tr_as_cstr(tr_array_at(found.list, i), "");
		size_t skip = strlen(m->id) + 1;
		char setting[200];
		(void)snprintf(setting, sizeof setting, "%.*s", (int)strcspn(text + skip, ":"), text + skip);
		const yaml_node *at = place_of(l->s, m->id, setting);
		diagnostics_add(&l->faults, DIAGNOSTIC_ERROR, "setting", at != NULL ? at->line : 0,
				at != NULL ? at->column : 0, "", NULL, "plugin %s: %s", m->id, text + skip);
	}
	tr_drop(found.list);
}

static void look_at(looking *l, const manifest *m)
{
	l->m = m;
	manifest_each_tool(m, add_kind, l);
	for (size_t i = 0; i < m->hook_count; i++)
		l->v->validators = l->v->validators || strncmp(m->hooks[i].point, "validate_", 9) == 0;
	l->seen = tr_map_put_s(l->seen, m->id, tr_keep(m->capabilities));
	check_settings(l);
}

static void look_at_builtins(looking *l)
{
	size_t n;
	const builtin *all = plugins_builtin(&n);
	for (size_t i = 0; i < n; i++) {
		manifest m = {0};
		tr_value faults = tr_absent();
		if (manifest_read(tr_s(all[i].manifest), &m, &faults) == TR_OK)
			look_at(l, &m);
		tr_drop(faults);
		manifest_fini(&m);
	}
}

/* The configuration file's own paths come first, in its order; NULL: this one is from somewhere else. */
static const yaml_node *path_place(const settings *s, size_t i)
{
	const yaml_node *root = s->document == NULL ? NULL : yaml_root(s->document);
	const yaml_node *list = yaml_get(yaml_get(root, "plugins"), "paths");
	return list != NULL && list->kind == YAML_SEQUENCE && i < list->count ? list->items[i] : NULL;
}

static void look_at_file(looking *l, const char *command, const char *path, const yaml_node *from)
{
	manifest m = {0};
	char why[INSPECT_WHY];
	if (plugin_inspect(path, &m, NULL, why))
		look_at(l, &m);
	else if (from != NULL)
		diagnostics_add(&l->faults, DIAGNOSTIC_WARNING, "no-plugin", from->line, from->column, "", NULL,
				"%s %s; it is left out", path, why);
	else
		fprintf(stderr, "troupe %s: %s %s; it is left out\n", command, path, why);
	manifest_fini(&m);
}

static bool is_seen(looking *l, const yaml_node *id)
{
	if (tr_is_valid(tr_map_get_n(l->seen, id->text.p, id->text.n)))
		return true;
	diagnostics_add(&l->faults, DIAGNOSTIC_WARNING, "no-plugin", id->line, id->column, "", NULL,
			"no plugin '%.*s' is among the paths; it may be loaded later", TR_STR(id->text));
	return false;
}

static void check_preferred(looking *l, const yaml_node *capability, const yaml_node *id)
{
	tr_value has = tr_map_get_n(l->seen, id->text.p, id->text.n);
	tr_buf names = {.max = 300};
	if (tr_is_valid(tr_map_get_n(has, capability->text.p, capability->text.n)))
		return;
	for (size_t i = 0; i < tr_map_len(has); i++)
		tr_buf_putf(&names, "%s%.*s", i > 0 ? ", " : "", TR_STR(tr_as_str(tr_map_entries(has)[i].key)));
	diagnostics_add(
	    &l->faults, DIAGNOSTIC_WARNING, "no-capability", capability->line, capability->column, "", NULL,
	    "plugin '%.*s' does not have the capability '%.*s', so this preference says nothing; it has %.*s",
	    TR_STR(id->text), TR_STR(capability->text), TR_STR(names.n > 0 ? tr_buf_str(&names) : tr_s("none")));
	tr_buf_fini(&names);
}

/* Parts of plugins that are not there say nothing, nor do preferences of those that cannot answer, which is seldom
 * meant. */
static void warn_of_strangers(looking *l)
{
	const yaml_node *root = l->s->document == NULL ? NULL : yaml_root(l->s->document);
	const yaml_node *plugins = yaml_get(root, "plugins");
	const yaml_node *each = yaml_get(plugins, "each"), *prefer = yaml_get(plugins, "prefer");
	for (size_t i = 0; each != NULL && i < each->count; i++)
		(void)is_seen(l, each->pairs[i].key);
	for (size_t i = 0; prefer != NULL && i < prefer->count; i++)
		if (is_seen(l, prefer->pairs[i].value))
			check_preferred(l, prefer->pairs[i].key, prefer->pairs[i].value);
}

tr_value survey_files(tr_value path)
{
	return plugin_files(tr_as_cstr(path, ""));
}

bool survey_plugins(survey *v, const settings *s, const char *command)
{
	looking l = {.v = v, .s = s, .seen = tr_map()};
	*v = (survey){.kinds = tr_map()};
	diagnostics_init(&l.faults, s->file != NULL ? s->file : "settings");
	look_at_builtins(&l);
	for (size_t i = 0; i < tr_array_len(s->paths); i++) {
		tr_value files = survey_files(tr_array_at(s->paths, i));
		for (size_t k = 0; k < tr_array_len(files); k++)
			look_at_file(&l, command, tr_as_cstr(tr_array_at(files, k), ""), path_place(s, i));
		tr_drop(files);
	}
	warn_of_strangers(&l);
	diagnostics_sort(&l.faults);
	if (l.faults.count > 0)
		diagnostics_print(&l.faults, tr_buf_str(&s->text), stderr, style_of(stderr).color);
	bool good = l.faults.errors == 0;
	diagnostics_fini(&l.faults);
	tr_drop(l.seen);
	return good;
}

const tool_kind *survey_describe(const survey *v, tr_str kind)
{
	for (size_t i = 0; i < v->described_count; i++)
		if (tr_str_is(kind, described_kind_tool(v->described[i])->name))
			return described_kind_tool(v->described[i]);
	return NULL;
}

void survey_fini(survey *v)
{
	for (size_t i = 0; i < v->described_count; i++)
		described_kind_free(&v->described[i]);
	tr_free(v->described);
	v->described = NULL;
	v->described_count = 0;
	tr_clear(&v->kinds);
}

bool survey_knows_kind(const survey *v, tr_str kind)
{
	return tr_is_valid(tr_map_get_n(v->kinds, kind.p, kind.n));
}
