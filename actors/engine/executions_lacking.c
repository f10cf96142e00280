/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupted executions that would need a plugin which is not loaded: they are left as they are in their logs, and
 * taken up as soon as the plugin is there.
 */
#include "actors/engine/executions_state.h"
#include "actors/engine/roll.h"
#include "actors/protocol.h"

#include <inttypes.h>
#include <stdio.h>
#include <troupe/log.h>

#define LOOK_NS (500 * TR_MS)

static void look_later(const executions *s)
{
	if (tr_map_len(s->lacking) > 0 && !s->closing)
		(void)tr_send_at(tr_self(), TR_LIST(tr_atom("plugins")), tr_in(LOOK_NS));
}

void executions_lacking(executions *s, tr_value message)
{
	tr_value id = tr_array_at(message, 1);
	bool first = tr_map_len(s->lacking) == 0;

	if (s->closing)
		return;
	tr_log(TR_WARNING, tr_absent(), "execution %" PRId64 " is not resumed: %s", tr_as_int(id, 0),
	       tr_as_cstr(tr_array_at(message, 3), "it waits for a plugin"));
	s->lacking = tr_map_put(s->lacking, tr_keep(id), tr_keep(tr_array_at(message, 2)));
	if (!tr_is_valid(s->lacking))
		tr_exit(TR_A(enomem));
	roll_keep_lacking(s->lacking);
	if (first)
		look_later(s);
}

bool executions_is_lacking(const executions *s, int64_t id)
{
	tr_value key = tr_int(id);

	return tr_is_valid(tr_map_get(s->lacking, key));
}

tr_value executions_refuse_lacking(const executions *s, int64_t id)
{
	tr_value key = tr_int(id);
	char why[400];

	(void)snprintf(why, sizeof why,
		       REFUSAL_LACKING
		       ": nothing of it runs, and it goes on when a plugin is loaded that performs the tool kind "
		       "\"%.100s\" ('troupe plugin load FILE.so'); 'troupe cancel' ends it",
		       tr_as_cstr(tr_map_get(s->lacking, key), ""));
	return executions_refuse(why);
}

void executions_adopt_lacking(executions *s, tr_value lacking)
{
	if (tr_map_len(lacking) == 0)
		return;
	tr_assign(&s->lacking, tr_keep(lacking));
	look_later(s);
}

static bool is_there(tr_value kind)
{
	char name[160];

	(void)snprintf(name, sizeof name, "command.%s", tr_as_cstr(kind, ""));
	return tr_whereis(name).bits != 0;
}

static void take_up(executions *s, int64_t id)
{
	tr_value extra = tr_map_merge(running_extra(s, id), TR_DICT("resume", tr_bool(true)));

	tr_log(TR_NOTICE, tr_absent(), "execution %" PRId64 " goes on: the plugin that it waited for is there", id);
	tr_drop(running_start(s, running_new(id, tr_nil(), RUNNING_UNWATCHED, tr_nil()), extra));
}

void executions_look(executions *s)
{
	size_t before = tr_map_len(s->lacking);

	for (size_t i = 0; i < tr_map_len(s->lacking) && !s->closing;) {
		const tr_entry *e = &tr_map_entries(s->lacking)[i];
		int64_t id = tr_as_int(e->key, 0);
		bool runs = running_of(s, id) != NULL; /* somebody else has taken it up, to cancel it perhaps */

		if (!runs && !is_there(e->value)) {
			i++;
			continue;
		}
		tr_assign(&s->lacking, tr_map_del(tr_keep(s->lacking), e->key));
		if (!runs)
			take_up(s, id);
	}
	if (tr_map_len(s->lacking) != before)
		roll_keep_lacking(s->lacking);
	look_later(s);
}
