/* SPDX-License-Identifier: Apache-2.0 */
/* troupe plugin check: a manifest and what the operator's settings would make of it. Nothing of the plugin runs. */
#include "cli/plugin_commands.h"

#include "cli/command.h"
#include "plugins/actions/builtin.h"
#include "plugins/host/config.h"
#include "plugins/host/grants.h"
#include "plugins/host/inspect.h"

#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>
#include <troupe/plugin.h>

/* ---- what would be refused ---- */

/* The manifest with this id among built-in plugins and paths, read into *m. */
static bool find_other(const settings *s, const char *id, manifest *m)
{
	size_t n;
	const builtin *all = plugins_builtin(&n);
	char why[INSPECT_WHY];
	for (size_t i = 0; i < n; i++) {
		tr_value faults = tr_absent();
		bool here = manifest_read(tr_s(all[i].manifest), m, &faults) == TR_OK && strcmp(m->id, id) == 0;
		tr_drop(faults);
		if (here)
			return true;
		manifest_fini(m);
		*m = (manifest){0};
	}
	for (size_t i = 0; i < tr_array_len(s->paths); i++) {
		tr_value files = plugin_files(tr_as_cstr(tr_array_at(s->paths, i), ""));
		for (size_t k = 0; k < tr_array_len(files); k++) {
			if (plugin_inspect(tr_as_cstr(tr_array_at(files, k), ""), m, NULL, why) &&
			    strcmp(m->id, id) == 0) {
				tr_drop(files);
				return true;
			}
			manifest_fini(m);
			*m = (manifest){0};
		}
		tr_drop(files);
	}
	return false;
}

static tr_value missing_dependencies(const manifest *m, const settings *s)
{
	const tr_entry *e = tr_map_entries(m->depends_on);
	tr_value out = tr_array();
	for (size_t i = 0; i < tr_map_len(m->depends_on); i++) {
		const char *id = tr_as_cstr(e[i].key, ""), *range = tr_as_cstr(e[i].value, "*");
		manifest other = {0};
		if (!find_other(s, id, &other))
			out = tr_array_push(out, tr_stringf("it depends on %s %s, which is not among the built-in "
							    "plugins and the paths; add its --plugin-path",
							    id, range));
		else if (!version_in_range(&other.version, tr_s(range)))
			out = tr_array_push(
			    out, tr_stringf("it depends on %s %s, there is %s", id, range, other.version_text));
		manifest_fini(&other);
	}
	return out;
}

static tr_value settings_faults(const manifest *m, const settings *s)
{
	fault_list found;
	faults_init(&found);
	tr_drop(config_apply(m->config, tr_map_get_s(s->config, m->id), m->id, &found));
	return found.list;
}

static tr_value granted(const settings *s, const char *id)
{
	tr_value own = tr_map_get_s(s->grants, id), all = tr_map_get_s(s->grants, "*");
	return tr_array_concat(tr_is(own, TR_ARRAY) ? tr_keep(own) : tr_array(),
			       tr_is(all, TR_ARRAY) ? tr_keep(all) : tr_array());
}

/* ---- telling ---- */

static tr_value report_of(const char *path, const manifest *m, const settings *s)
{
	tr_value have = granted(s, m->id), isolation = tr_map_get_s(s->isolation, m->id);
	tr_value refused = tr_array_concat(settings_faults(m, s), missing_dependencies(m, s));
	bool process = tr_is(isolation, TR_STRING) ? tr_str_is(tr_as_str(isolation), "process") : m->isolated;
	for (size_t i = 0; process && i < m->hook_count; i++)
		if (m->hooks[i].type == HOOK_AROUND)
			refused = tr_array_push(refused,
						tr_stringf("its around hook at %s cannot reach out of a process of its "
							   "own; use isolation: shared",
							   m->hooks[i].point));
	tr_value report = TR_DICT("path", tr_string_lossy(path, strlen(path)), "abi", tr_int(TR_PLUGIN_ABI), "manifest",
				  tr_keep(m->source), "isolation", tr_string(process ? "process" : "shared"), "granted",
				  grants_effective(m->needs, have), "not_granted", grants_missing(m->needs, have),
				  "refused", refused);
	tr_drop(have);
	return report;
}

static void print_list(const char *title, tr_value list)
{
	if (tr_array_len(list) == 0)
		return;
	printf("%-14s", title);
	for (size_t i = 0; i < tr_array_len(list); i++)
		printf("%s%s", i > 0 ? ", " : "", tr_as_cstr(tr_array_at(list, i), "?"));
	putchar('\n');
}

static void print_keys(const char *title, tr_value map)
{
	const tr_entry *e = tr_map_entries(map);
	if (tr_map_len(map) == 0)
		return;
	printf("%-14s", title);
	for (size_t i = 0; i < tr_map_len(map); i++)
		printf("%s%s%s%s", i > 0 ? ", " : "", tr_as_cstr(e[i].key, "?"),
		       tr_is(e[i].value, TR_STRING) ? " " : "", tr_as_cstr(e[i].value, ""));
	putchar('\n');
}

static void print_hooks(const manifest *m)
{
	for (size_t i = 0; i < m->hook_count; i++)
		printf("%-14s%s %s, priority %d, on crash %s\n", i == 0 ? "hooks" : "",
		       hook_type_name(m->hooks[i].type), m->hooks[i].point, m->hooks[i].priority,
		       m->hooks[i].fail_on_crash ? "fail" : "skip");
}

static void print_settings(const manifest *m)
{
	const tr_entry *e = tr_map_entries(m->config);
	for (size_t i = 0; i < tr_map_len(m->config); i++) {
		tr_buf text = {0};
		tr_value otherwise = tr_map_get_s(e[i].value, "default");
		tr_show(&text, otherwise, 60);
		printf("%-14s%s: %s%s%s  %s\n", i == 0 ? "settings" : "", tr_as_cstr(e[i].key, "?"),
		       tr_as_cstr(tr_map_get_s(e[i].value, "type"), "any"), tr_is_valid(otherwise) ? " = " : "",
		       tr_is_valid(otherwise) && text.p != NULL ? text.p : "",
		       tr_as_cstr(tr_map_get_s(e[i].value, "description"), ""));
		tr_buf_fini(&text);
	}
}

static void print_report(const manifest *m, tr_value report)
{
	tr_value refused = tr_map_get_s(report, "refused"), missing = tr_map_get_s(report, "not_granted");
	printf("%s %s: %s\n", m->id, m->version_text,
	       tr_as_cstr(tr_map_get_s(m->source, "description"), "no description"));
	print_keys("capabilities", m->capabilities);
	print_keys("provides", m->provides);
	print_keys("depends on", m->depends_on);
	print_hooks(m);
	print_settings(m);
	printf("%-14s%s\n", "isolation", tr_as_cstr(tr_map_get_s(report, "isolation"), ""));
	print_list("wants", m->needs);
	print_list("granted", tr_map_get_s(report, "granted"));
	print_list("not granted", missing);
	if (tr_array_len(missing) > 0)
		printf("%-14sit is loaded all the same, and what needs them is refused; give them with --grant or the "
		       "configuration\n",
		       "");
	for (size_t i = 0; i < tr_array_len(refused); i++)
		printf("would be refused: %s\n", tr_as_cstr(tr_array_at(refused, i), "?"));
	if (tr_array_len(refused) == 0)
		printf("nothing stands in the way of loading it\n");
}

int plugin_check(plugin_arguments *a)
{
	settings s;
	manifest m = {0};
	char why[INSPECT_WHY];
	int code = EXIT_INVALID;
	if (!settings_from(&s, "plugin", &a->settings)) {
		settings_fini(&s);
		return EXIT_INVALID;
	}
	if (plugin_inspect(a->words[0], &m, NULL, why)) {
		tr_value report = report_of(a->words[0], &m, &s);
		tr_buf text = {0};
		if (a->json && tr_json_write(&text, report, TR_JSON_PRETTY) == TR_OK)
			printf("%s\n", text.p);
		else if (!a->json)
			print_report(&m, report);
		code = tr_array_len(tr_map_get_s(report, "refused")) == 0 ? EXIT_OK : EXIT_FAILED;
		tr_buf_fini(&text);
		tr_drop(report);
	} else {
		fprintf(stderr, "troupe plugin: %s %s\n", a->words[0], why);
		code = EXIT_FAILED;
	}
	manifest_fini(&m);
	settings_fini(&s);
	return code;
}
