/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping the actors for tool kinds in step with the registry. */
#include "plugins/host/desk.h"
#include "plugins/host/manager.h"
#include "plugins/host/names.h"
#include <stdio.h>
#include <string.h>

#define SUBJECT_DEADLINE (10 * TR_SECOND)

typedef struct wish {
	plugin_host *host;
	tr_value kinds; /* map: kind -> true */
} wish;

static void wish_kind(void *arg, const char *kind)
{
	wish *w = arg;
	plugin_record *same = plugins_find(w->host, kind);

	if (same == NULL)
		w->kinds = tr_map_put_s(w->kinds, kind, tr_bool(true));
	record_release(same);
}

/* Kinds that need an actor: those of answering plugins that are no plugin's id. */
static tr_value wanted(plugin_host *h, plugin_record **all, size_t n)
{
	wish w = {h, tr_map()};
	char capability[NAME_SIZE];

	for (size_t i = 0; i < n; i++)
		manifest_each_tool(&all[i]->m, wish_kind, &w);
	tr_value out = tr_map();
	const tr_entry *e = tr_map_entries(w.kinds);
	for (size_t i = 0; i < tr_map_len(w.kinds); i++) {
		snprintf(capability, sizeof(capability), "tool:%s", tr_as_cstr(e[i].key, ""));
		plugin_record *winner = plugins_capability(h, capability);
		if (winner != NULL)
			out = tr_map_put(out, tr_keep(e[i].key), tr_bool(true));
		record_release(winner);
	}
	tr_drop(w.kinds);
	return out;
}

static void start_subject(tr_pid sup, const char *kind)
{
	char name[NAME_SIZE];

	name_command(name, sizeof(name), kind);
	tr_child_spec child = {.id = kind,
			       .server = &subject_server,
			       .arg = tr_string(kind),
			       .name = name,
			       .restart = TR_PERMANENT,
			       .label = "tool kind"};
	tr_drop(tr_supervisor_start_child(sup, &child, tr_in(SUBJECT_DEADLINE)).reason);
}

static void refresh(const char *id_or_kind)
{
	char name[NAME_SIZE];

	name_command(name, sizeof(name), id_or_kind);
	tr_cast_name(name, tr_atom("refresh"));
}

void life_subjects(plugin_host *h)
{
	tr_pid sup = tr_whereis(NAME_SUBJECTS);
	size_t n;
	plugin_record **all = plugins_all(h, &n);
	tr_value kinds = wanted(h, all, n);
	tr_value there = tr_supervisor_which_children(sup, tr_in(SUBJECT_DEADLINE));

	for (size_t i = 0; i < tr_array_len(there); i++) {
		const char *kind = tr_as_cstr(tr_map_get_s(tr_array_at(there, i), "id"), "");
		if (tr_is_valid(tr_map_get_s(kinds, kind))) {
			refresh(kind);
			kinds = tr_map_del(kinds, tr_map_get_s(tr_array_at(there, i), "id"));
		} else if (tr_supervisor_terminate_child(sup, kind, tr_in(SUBJECT_DEADLINE)) == TR_OK) {
			tr_supervisor_delete_child(sup, kind, tr_in(SUBJECT_DEADLINE));
		}
	}
	const tr_entry *e = tr_map_entries(kinds);
	for (size_t i = 0; i < tr_map_len(kinds); i++)
		start_subject(sup, tr_as_cstr(e[i].key, ""));
	for (size_t i = 0; i < n; i++)
		refresh(all[i]->m.id);
	tr_drop(kinds);
	tr_drop(there);
	plugins_free(all, n);
}
