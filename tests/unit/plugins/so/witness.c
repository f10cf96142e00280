/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin with a hook at each of the fifteen points: notes what it saw, changes what may be changed, refuses where it
 * is told to. For tests/integration/plugins. */
#include <stdio.h>
#include <string.h>
#include <troupe/plugin.h>

#define BEFORE(point) "{\"type\": \"before\", \"point\": \"" point "\"},"
#define AFTER(point)  "{\"type\": \"after\", \"point\": \"" point "\"},"

TR_PLUGIN_MANIFEST(
    "{\"id\": \"witness\", \"version\": \"1.0.0\", \"hooks\": [" BEFORE("node_start") BEFORE("node_stop")
	BEFORE("validate_playbook") BEFORE("validate_step") BEFORE("execution_start") BEFORE("execution_complete")
	    BEFORE("step_schedule") BEFORE("step_run") AFTER("step_run") BEFORE("task_execute") BEFORE("task_outcome")
		BEFORE("loop_iteration") AFTER("loop_iteration") BEFORE("event_append") BEFORE("template_render")
		    AFTER("template_render") BEFORE("secret_resolve")
			AFTER("secret_resolve") "{\"type\": \"before\", \"point\": \"result_store\"}],"
						"\"config\": {\"path\": {\"type\": \"string\", \"required\": true},"
						"\"change\": {\"type\": \"bool\", \"default\": false},"
						"\"refuse\": {\"type\": \"string\", \"default\": \"\"}}}");

struct witness {
	FILE *file;
	tr_value config;
};

static void close_file(void *file)
{
	fclose(file);
}

static tr_err witness_init(void *state, tr_value config, tr_value *reason)
{
	struct witness *w = state;

	(void)reason;
	w->config = tr_own_value(tr_keep(config));
	w->file = fopen(tr_as_cstr(tr_map_get_s(config, "path"), ""), "a");
	return w->file == NULL ? TR_EIO : tr_own(w->file, close_file);
}

static tr_value changed(const char *point, tr_value context)
{
	if (strcmp(point, "execution_start") == 0)
		return tr_map_put_s(
		    tr_keep(context), "payload",
		    tr_map_put_s(tr_keep(tr_map_get_s(context, "payload")), "who", tr_string("changed")));
	if (strcmp(point, "step_schedule") == 0)
		return tr_map_put_s(tr_keep(context), "args",
				    tr_map_put_s(tr_keep(tr_map_get_s(context, "args")), "added", tr_int(7)));
	if (strcmp(point, "loop_iteration") == 0)
		return tr_map_put_s(tr_keep(context), "item", tr_int(10 * tr_as_int(tr_map_get_s(context, "item"), 0)));
	if (strcmp(point, "event_append") == 0)
		return tr_map_put_s(tr_keep(context), "annotations", TR_DICT("seen", tr_bool(true)));
	return tr_absent();
}

static tr_value witness_hook(void *state, const char *point, tr_value context, tr_value (*next)(void *, tr_value),
			     void *chain, tr_value *reason)
{
	struct witness *w = state;
	bool after = tr_is_valid(tr_map_get_s(context, "result"));

	(void)next;
	(void)chain;
	fprintf(w->file, "%s%s\n", point, after ? " after" : "");
	fflush(w->file);
	if (!after && tr_str_is(tr_as_str(tr_map_get_s(w->config, "refuse")), point)) {
		*reason = tr_stringf("not at %s", point);
		return tr_invalid(TR_EDENIED);
	}
	return !after && tr_as_bool(tr_map_get_s(w->config, "change"), false) ? changed(point, context) : tr_absent();
}

TR_PLUGIN_EXPORT = {TR_PLUGIN_HEAD, .state_size = sizeof(struct witness), .init = witness_init, .hook = witness_hook};
