/* SPDX-License-Identifier: Apache-2.0 */
/* A validator: rules of a house that every playbook must keep. `troupe check` shows what it finds beside the checker's
 * own faults, and a node does not take a playbook that breaks a rule. */
#include <string.h>
#include <troupe/plugin.h>

TR_PLUGIN_MANIFEST("{\"id\": \"house-rules\", \"version\": \"1.0.0\","
		   "\"description\": \"Checks playbooks against the rules of the house\", \"license\": \"Apache-2.0\","
		   "\"provides\": {\"validator\": \"house-rules\"},"
		   "\"hooks\": [{\"type\": \"before\", \"point\": \"validate_playbook\", \"on_crash\": \"fail\"},"
		   "            {\"type\": \"before\", \"point\": \"validate_step\", \"on_crash\": \"fail\"}],"
		   "\"config\": {\"description\": {\"type\": \"bool\", \"default\": true,"
		   "                             \"description\": \"metadata.description must be there\"},"
		   "            \"most_steps\": {\"type\": \"int\", \"default\": 100, \"min\": 1},"
		   "            \"forbidden_kinds\": {\"type\": \"list\", \"default\": []}}}");

struct rules {
	tr_value config;
	int64_t checked, faults;
};

static tr_err rules_init(void *state, tr_value config, tr_value *reason)
{
	struct rules *r = state;
	tr_value kinds = tr_map_get_s(config, "forbidden_kinds");

	for (size_t i = 0; i < tr_array_len(kinds); i++)
		if (!tr_is(tr_array_at(kinds, i), TR_STRING)) {
			*reason = tr_string("forbidden_kinds must be a list of tool kinds");
			return TR_EINVAL;
		}
	r->config = tr_own_value(tr_keep(config));
	return TR_OK;
}

static tr_value fault(const char *level, tr_value message, tr_value line)
{
	return TR_DICT("level", tr_string(level), "message", message, "line",
		       tr_is(line, TR_INT) ? tr_keep(line) : tr_int(1));
}

static tr_value of_playbook(const struct rules *r, tr_value context, tr_value faults)
{
	tr_value document = tr_map_get_s(context, "document");
	size_t steps = tr_array_len(tr_map_get_s(document, "workflow"));
	int64_t most = tr_as_int(tr_map_get_s(r->config, "most_steps"), 100);

	if (tr_as_bool(tr_map_get_s(r->config, "description"), true) &&
	    tr_as_str(TR_GET(document, "metadata", "description")).n == 0)
		faults = tr_array_push(faults, fault("warning",
						     tr_string("metadata.description says nothing; say in a "
							       "line what the playbook is for"),
						     tr_nil()));
	if ((int64_t)steps > most)
		faults = tr_array_push(
		    faults, fault("error",
				  tr_stringf("the workflow has %zu steps, the house allows %lld; make a part of it a "
					     "playbook of its own",
					     steps, (long long)most),
				  tr_nil()));
	return faults;
}

static tr_value of_step(const struct rules *r, tr_value context, tr_value faults)
{
	tr_value tasks = tr_map_get_s(context, "tasks"), kinds = tr_map_get_s(r->config, "forbidden_kinds");

	for (size_t i = 0; i < tr_array_len(tasks); i++) {
		tr_value task = tr_array_at(tasks, i), kind = tr_map_get_s(task, "kind");
		for (size_t k = 0; k < tr_array_len(kinds); k++)
			if (tr_equal(tr_array_at(kinds, k), kind))
				faults = tr_array_push(
				    faults, fault("error",
						  tr_stringf("tasks of kind %s are not allowed in this house",
							     tr_as_cstr(kind, "?")),
						  tr_map_get_s(task, "line")));
	}
	return faults;
}

static tr_value rules_hook(void *state, const char *point, tr_value context, tr_value (*next)(void *, tr_value),
			   void *chain, tr_value *reason)
{
	struct rules *r = state;
	tr_value have = tr_map_get_s(context, "faults"), faults = tr_is(have, TR_ARRAY) ? tr_keep(have) : tr_array();
	size_t before = tr_array_len(faults);

	(void)next, (void)chain, (void)reason;
	if (strcmp(point, "validate_playbook") == 0) {
		r->checked++;
		faults = of_playbook(r, context, faults);
	} else {
		faults = of_step(r, context, faults);
	}
	r->faults += (int64_t)(tr_array_len(faults) - before);
	return tr_map_put_s(tr_keep(context), "faults", faults);
}

static tr_value rules_command(void *state, tr_value command)
{
	const struct rules *r = state;

	(void)command;
	return tr_outcome_ok(TR_DICT("checked", tr_int(r->checked), "faults", tr_int(r->faults)));
}

static tr_err rules_upgrade(void *state, const char *old_version, void *old)
{
	struct rules *r = state;

	(void)old_version;
	r->checked = ((struct rules *)old)->checked;
	r->faults = ((struct rules *)old)->faults;
	return TR_OK;
}

TR_PLUGIN_EXPORT = {TR_PLUGIN_HEAD,     .state_size = sizeof(struct rules),
		    .init = rules_init, .command = rules_command,
		    .hook = rules_hook, .upgrade = rules_upgrade};
