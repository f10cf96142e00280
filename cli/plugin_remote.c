/* SPDX-License-Identifier: Apache-2.0 */
/* troupe plugin list, info, load, unload, upgrade: asked of the node that owns the data folder. */
#include "cli/plugin_commands.h"

#include "cli/command.h"
#include "cli/remote.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/codec.h>

#define CALL_MS 90000 /* an unload waits for commands, an upgrade for its plugin */

/* The answer of the plugin manager (fresh); absent when there was none, with the reason on stderr. Takes the request.
 */
static tr_value ask(const plugin_arguments *a, tr_value request)
{
	char why[600];
	tr_value answer = tr_absent();
	remote *r = remote_open(a->data, why, sizeof why);
	if (r == NULL) {
		tr_drop(request);
		fprintf(stderr,
			"troupe plugin: no node can be asked: %s\nstart one with 'troupe node --data %s', or give its "
			"folder with --data\n",
			why, a->data);
		return tr_absent();
	}
	if (!remote_call(r, "plugins", request, CALL_MS, &answer, why, sizeof why)) {
		fprintf(stderr, "troupe plugin: %s\n", why);
		answer = tr_absent();
	}
	remote_close(&r);
	return answer;
}

static int print_json(tr_value v)
{
	tr_buf text = {0};
	tr_err err = tr_json_write(&text, v, TR_JSON_PRETTY);
	if (err == TR_OK)
		printf("%s\n", text.p);
	else
		fprintf(stderr, "troupe plugin: the answer cannot be written as JSON: %s\n", tr_err_text(err));
	tr_buf_fini(&text);
	return err == TR_OK ? EXIT_OK : EXIT_FAILED;
}

/* ---- list ---- */

static void words(tr_buf *out, const char *head, tr_value list)
{
	for (size_t i = 0; i < tr_array_len(list); i++)
		tr_buf_putf(out, "%s%s%s", out->n > 0 ? "," : "", head, tr_as_cstr(tr_array_at(list, i), "?"));
}

static const char *or_dash(const tr_buf *text)
{
	return text->n == 0 || text->p == NULL ? "-" : text->p;
}

static void list_row(tr_value p)
{
	tr_buf kinds = {0}, missing = {0};
	tr_value ungranted = tr_map_get_s(p, "missing_grants");
	words(&kinds, "", tr_map_get_s(p, "answers"));
	words(&kinds, "controller:", tr_map_get_s(p, "controls"));
	words(&missing, "", ungranted);
	printf("%-20s %-12s %-9s %-11s %-9s %s", tr_as_cstr(tr_map_get_s(p, "id"), "?"),
	       tr_as_cstr(tr_map_get_s(p, "version"), "?"),
	       tr_as_bool(tr_map_get_s(p, "builtin"), false) ? "built-in" : "loaded",
	       tr_as_cstr(tr_map_get_s(p, "tier"), "-"), tr_as_cstr(tr_map_get_s(p, "isolation"), "?"),
	       or_dash(&kinds));
	if (tr_array_len(ungranted) > 0)
		printf("   not granted: %s", or_dash(&missing));
	putchar('\n');
	tr_buf_fini(&kinds);
	tr_buf_fini(&missing);
}

int plugin_list(plugin_arguments *a)
{
	tr_value list = ask(a, TR_LIST(tr_string("list")));
	if (!tr_is_valid(list))
		return EXIT_FAILED;
	int code = EXIT_OK;
	if (a->json) {
		code = print_json(list);
	} else {
		printf("%-20s %-12s %-9s %-11s %-9s %s\n", "PLUGIN", "VERSION", "FROM", "TIER", "ISOLATION",
		       "ANSWERS FOR");
		for (size_t i = 0; i < tr_array_len(list); i++)
			list_row(tr_array_at(list, i));
	}
	tr_drop(list);
	return code;
}

/* ---- info ---- */

static void info_row(const char *key, tr_value v)
{
	tr_buf text = {0};
	if (tr_is(v, TR_STRING))
		tr_buf_puts(&text, tr_as_cstr(v, ""));
	else
		tr_show(&text, v, 400);
	printf("%-16s%s\n", key, text.p == NULL ? "" : text.p);
	tr_buf_fini(&text);
}

static bool says_nothing(tr_value v)
{
	return tr_is_nil(v) || (tr_is(v, TR_ARRAY) && tr_array_len(v) == 0) ||
	       (tr_is(v, TR_MAP) && tr_map_len(v) == 0) || (tr_is(v, TR_STRING) && tr_as_str(v).n == 0);
}

int plugin_info(plugin_arguments *a)
{
	tr_value info = ask(a, TR_LIST(tr_string("info"), tr_string(a->words[0])));
	const tr_entry *e = tr_map_entries(info);
	int code = tr_is_valid(info) ? EXIT_OK : EXIT_FAILED;
	if (tr_is_nil(info)) {
		fprintf(stderr, "troupe plugin: no plugin %s is loaded; 'troupe plugin list' names those that are\n",
			a->words[0]);
		code = EXIT_FAILED;
	} else if (a->json && code == EXIT_OK) {
		code = print_json(info);
	} else {
		for (size_t i = 0; i < tr_map_len(info); i++)
			if (!says_nothing(e[i].value))
				info_row(tr_as_cstr(e[i].key, "?"), e[i].value);
	}
	tr_drop(info);
	return code;
}

/* ---- load, unload, upgrade ---- */

/* The node has another working folder than we. */
static tr_value absolute(const char *path)
{
	char real[PATH_MAX];
	return tr_string(realpath(path, real) != NULL ? real : path);
}

static int done(tr_value answer, const char *what, const char *id)
{
	bool ok = tr_is_valid(answer);
	if (ok)
		printf("%s %s\n", what, id);
	tr_drop(answer);
	return ok ? EXIT_OK : EXIT_FAILED;
}

static void tell_how_to_keep(const char *file)
{
	tr_value path = absolute(file);
	fprintf(
	    stderr,
	    "It stays until the node ends. For a node that is started again, and for the executions that it resumes, "
	    "list it in\n$XDG_CONFIG_HOME/troupe/config.yaml (or start the node with --plugin-path):\n\n"
	    "plugins:\n  paths: [ \"%s\" ]\n",
	    tr_as_cstr(path, file));
	tr_drop(path);
}

static bool names(tr_value list, const char *name)
{
	for (size_t i = 0; i < tr_array_len(list); i++)
		if (tr_str_is(tr_as_str(tr_array_at(list, i)), name))
			return true;
	return false;
}

/* A controller that nobody prefers is asked nothing. */
static void tell_unasked(const plugin_arguments *a, const char *id)
{
	static const char head[] = "controller:";
	tr_value info = ask(a, TR_LIST(tr_string("info"), tr_string(id)));
	tr_value can = tr_map_get_s(info, "capabilities"), does = tr_map_get_s(info, "controls");
	const tr_entry *e = tr_map_entries(can);
	tr_buf prefer = {0};
	for (size_t i = 0; i < tr_map_len(can); i++) {
		const char *capability = tr_as_cstr(e[i].key, "");
		if (strncmp(capability, head, sizeof head - 1) == 0 && !names(does, capability + sizeof head - 1))
			tr_buf_putf(&prefer, "%s\"%s\": %s", prefer.n == 0 ? "" : ", ", capability, id);
	}
	if (prefer.n > 0)
		fprintf(
		    stderr,
		    "The engine does not ask it yet: another controller answers, until config.yaml prefers this one "
		    "and the node is started again:\n\nplugins:\n  prefer: { %.*s }\n\n",
		    TR_STR(tr_buf_str(&prefer)));
	tr_buf_fini(&prefer);
	tr_drop(info);
}

int plugin_load(plugin_arguments *a)
{
	tr_value answer = ask(a, TR_LIST(tr_string("load"), absolute(a->words[0])));
	tr_value id = tr_is_valid(answer) ? tr_keep(tr_array_at(answer, 1)) : tr_absent();
	int code = done(answer, "loaded", tr_as_cstr(id, a->words[0]));
	if (code == EXIT_OK) {
		tell_unasked(a, tr_as_cstr(id, a->words[0]));
		tell_how_to_keep(a->words[0]);
	}
	tr_drop(id);
	return code;
}

int plugin_unload(plugin_arguments *a)
{
	return done(
	    ask(a, TR_LIST(tr_string("unload"), tr_string(a->words[0]), tr_bool(a->cascade), tr_bool(a->force))),
	    "unloaded", a->words[0]);
}

int plugin_upgrade(plugin_arguments *a)
{
	tr_value answer = ask(a, TR_LIST(tr_string("upgrade"), tr_string(a->words[0]), absolute(a->words[1])));
	if (!tr_is_valid(answer))
		return EXIT_FAILED;
	printf("upgraded %s from %s to %s\n", a->words[0], tr_as_cstr(tr_array_at(answer, 1), "?"),
	       tr_as_cstr(tr_array_at(answer, 2), "?"));
	tr_drop(answer);
	tr_value info = ask(a, TR_LIST(tr_string("info"), tr_string(a->words[0])));
	if (tr_str_is(tr_as_str(tr_map_get_s(info, "isolation")), "process"))
		fputs("Its state did not cross: with isolation: process the new version begins afresh.\n", stderr);
	tr_drop(info);
	return EXIT_OK;
}
