/* SPDX-License-Identifier: Apache-2.0 */
/* Asking here first, then there. */
#include "cli/known_kinds.h"

#include "cli/plugin_faults.h"
#include "cli/python_syntax.h"
#include "cli/remote.h"
#include "playbook/check/kind_read.h"

#include <stdio.h>
#include <string.h>

#define ASK_MS 5000

/* The plugins of a node that runs; absent when there is none. */
static tr_value ask(const char *data)
{
	char why[300];
	tr_value list = tr_absent();
	remote *r = remote_open(data, why, sizeof why);
	if (r != NULL && !remote_call(r, "plugins", TR_LIST(tr_string("list")), ASK_MS, &list, why, sizeof why))
		list = tr_absent();
	remote_close(&r);
	return list;
}

static void ask_once(known_kinds *k)
{
	if (k->asked || k->data == NULL)
		return;
	k->asked = true;
	k->there = ask(k->data);
}

/* The plugin that answers for a kind; absent: there is none. */
static tr_value who_answers(tr_value list, tr_str kind)
{
	for (size_t i = 0; i < tr_array_len(list); i++) {
		tr_value kinds = tr_map_get_s(tr_array_at(list, i), "answers");
		for (size_t k = 0; k < tr_array_len(kinds); k++)
			if (tr_str_eq(tr_as_str(tr_array_at(kinds, k)), kind))
				return tr_array_at(list, i);
	}
	return tr_absent();
}

static bool knows_kind(void *arg, tr_str kind)
{
	known_kinds *k = arg;
	if (survey_knows_kind(k->survey, kind))
		return true;
	ask_once(k);
	return tr_is_valid(who_answers(k->there, kind));
}

/* What the manifest of the node's plugin says; kept, since playbooks refer to it. NULL: nothing, or no memory. */
static const tool_kind *describe_there(known_kinds *k, tr_str kind)
{
	char name[200], why[300];
	tr_value plugin = who_answers(k->there, kind);

	for (size_t i = 0; i < k->described_count; i++)
		if (tr_str_is(kind, described_kind_tool(k->described[i])->name))
			return described_kind_tool(k->described[i]);
	(void)snprintf(name, sizeof name, "tool:%.*s", (int)(kind.n < 190 ? kind.n : 190), kind.p);
	described_kind *d =
	    described_kind_read(name + 5, tr_map_get_s(tr_map_get_s(plugin, "capabilities"), name), why, sizeof why);
	described_kind **grown =
	    d == NULL ? NULL : tr_realloc(k->described, (k->described_count + 1) * sizeof(described_kind *));
	if (grown == NULL) {
		described_kind_free(&d);
		return NULL;
	}
	k->described = grown;
	grown[k->described_count++] = d;
	return described_kind_tool(d);
}

static const struct tool_kind *describe(void *arg, tr_str kind)
{
	known_kinds *k = arg;
	if (survey_knows_kind(k->survey, kind))
		return survey_describe(k->survey, kind);
	ask_once(k);
	return describe_there(k, kind);
}

/* A node that runs has settings of its own. */
static bool has_setting(void *arg, tr_str kind, tr_str key)
{
	known_kinds *k = arg;
	tr_value id = tr_map_get_n(k->survey->kinds, kind.p, kind.n);
	tr_value v = tr_map_get_n(tr_map_get(k->settings->config, id), key.p, key.n);
	if (tr_is_valid(v) && !tr_is_nil(v) && !(tr_is(v, TR_STRING) && tr_as_str(v).n == 0))
		return true;
	ask_once(k);
	return tr_is(k->there, TR_ARRAY);
}

pb_check_options known_kinds_options(known_kinds *k, bool lenient)
{
	return (pb_check_options){.knows_kind = knows_kind,
				  .describe = describe,
				  .has_setting = has_setting,
				  .codes = python_syntax_check,
				  .arg = k,
				  .lenient = lenient};
}

void known_kinds_validate(const known_kinds *k, const playbook *p, diagnostics *out)
{
	char why[300];
	tr_value faults = tr_absent(), file = tr_string_lossy(p->file, strlen(p->file));
	remote *r = k->data == NULL ? NULL : remote_open(k->data, why, sizeof why);
	if (r != NULL && plugin_faults_ask(r, file, p->source, &faults))
		plugin_faults_add(faults, out);
	else if (r != NULL)
		fprintf(stderr, "troupe check: the node of %s did not say what its plugins have against %s\n", k->data,
			p->file);
	remote_close(&r);
	tr_drop(faults);
	tr_drop(file);
}

void known_kinds_fini(known_kinds *k)
{
	tr_clear(&k->there);
	for (size_t i = 0; i < k->described_count; i++)
		described_kind_free(&k->described[i]);
	tr_free(k->described);
	k->described = NULL;
	k->described_count = 0;
}
