/* SPDX-License-Identifier: Apache-2.0 */
/* Options of a node. */
#include "cli/node_options.h"

#include "cli/command.h"
#include "cli/pick.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool node_options_init(node_options *o, const char *name)
{
	*o = (node_options){.env = tr_map(), .env_names = tr_array()};
	if (layout_default(o->data) == TR_OK)
		return true;
	(void)usage_error(name, "the data folder's name is too long");
	return false;
}

void node_options_fini(node_options *o)
{
	tr_drop(o->env);
	tr_drop(o->env_names);
	settings_options_fini(&o->said);
	settings_fini(&o->settings);
	survey_fini(&o->survey);
}

bool node_options_ready(node_options *o, const char *name)
{
	return settings_from(&o->settings, name, &o->said) && survey_plugins(&o->survey, &o->settings, name);
}

static bool parse_durability(const char *text, durability *out)
{
	static const char *const names[] = {"strict", "batched", "none"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(text, names[i]) == 0) {
			*out = (durability)i;
			return true;
		}
	}
	return false;
}

static bool parse_count(const char *text, int64_t *out)
{
	char *end = NULL;
	errno = 0;
	*out = strtoll(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0)
		return false;
	*out = *out == 0 ? -1 : *out;
	return true;
}

/* Playbooks see no environment but the names that were granted. One that is not set is no fault, but whoever asks for
 * it as a secret is to hear that, not that it was never granted. */
static bool grant_env(node_options *o, const char *variable)
{
	const char *value = getenv(variable);
	o->env_names = tr_array_push(o->env_names, tr_string_lossy(variable, strlen(variable)));
	if (value != NULL)
		o->env = tr_map_put_s(o->env, variable, tr_string_lossy(value, strlen(value)));
	return tr_is_valid(o->env) && tr_is_valid(o->env_names);
}

int node_options_take(node_options *o, const char *name, int c, const char *argument)
{
	switch (c) {
	case 'd':
		return pick_data(o->data, name, argument);
	case 'v':
		o->verbose = true;
		return EXIT_OK;
	case 'E':
		o->own = "--env";
		return grant_env(o, argument) ? EXIT_OK : EXIT_INVALID;
	case 'G':
	case 'P':
	case 'C':
		o->own = c == 'G' ? "--grant" : c == 'P' ? "--plugin-path" : "--config";
		return settings_options_take(&o->said, c, argument);
	case 'Y':
		o->own = "--snapshot-every";
		if (!parse_count(argument, &o->snapshot_every))
			return usage_error(name, "--snapshot-every takes a number of events, or 0 for never, not '%s'",
					   argument);
		return EXIT_OK;
	case 'X':
		o->own = "--crash-limit";
		if (!parse_count(argument, &o->crash_limit))
			return usage_error(name, "--crash-limit takes how often, or 0 for without end, not '%s'",
					   argument);
		return EXIT_OK;
	case 'D':
		o->own = "--durability";
		if (!parse_durability(argument, &o->durability))
			return usage_error(name, "--durability takes strict, batched or none, not '%s'", argument);
		return EXIT_OK;
	default:
		return -1;
	}
}

assemble_options node_options_assemble(const node_options *o)
{
	return (assemble_options){.data = o->data,
				  .durability = o->durability,
				  .snapshot_every = o->snapshot_every,
				  .crash_limit = o->crash_limit,
				  .env = o->env,
				  .env_names = o->env_names,
				  .settings = &o->settings,
				  .log_level = o->verbose ? TR_DEBUG : TR_WARNING};
}
