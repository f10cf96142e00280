/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What an operator says of plugins, from the configuration file, the environment and options: where they are, what they
 * may do, their settings. The configuration file (YAML):
 *
 *   plugins:
 *     paths: [plugins, /opt/more/greet.so]    # shared objects or folders, from the file's own folder
 *     grants: [net]                           # for every plugin
 *     prefer: { "tool:chat": local-chat }     # who answers when several could
 *     each:
 *       greet:
 *         settings: { greeting: Hi }
 *         grants: ["fs:/srv/data"]
 *         isolation: process
 */
#ifndef TROUPE_CLI_SETTINGS_H
#define TROUPE_CLI_SETTINGS_H

#include "playbook/yaml/yaml.h"

typedef struct settings {
	tr_value paths;                             /* array of text */
	tr_value config, grants, prefer, isolation; /* maps, as plugin_host_options has them */
	yaml_document *document;                    /* of the file, for positions; NULL */
	char *file;                                 /* NULL: there is none */
	tr_buf text;
} settings;

/**
 * From `file`, or when it is NULL from $XDG_CONFIG_HOME/troupe/config.yaml if that is there, then from
 * TROUPE_PLUGIN_PATH. False when the file has faults: they are on stderr as file:line:column, in the name of `who`.
 */
bool settings_load(settings *s, const char *who, const char *file);
void settings_fini(settings *s);
/** More, from options: a path, a grant for every plugin. False without memory. */
bool settings_add_path(settings *s, const char *path);
bool settings_add_grant(settings *s, const char *grant);

#define SETTINGS_OPTION_ROWS                                                                     \
	{"config", required_argument, NULL, 'C'}, {"plugin-path", required_argument, NULL, 'P'}, \
	{                                                                                        \
		"grant", required_argument, NULL, 'G'                                            \
	}

/** --config, --plugin-path (and in some commands --grant) are collected first, since the file is read before them. */
typedef struct settings_options {
	const char *file;
	tr_value paths, grants; /* arrays; zero-initialise */
} settings_options;
bool settings_options_add(tr_value *list, const char *text);
/** Take option c (SETTINGS_OPTION_ROWS) with its argument; EXIT_OK, what to end with, or -1: it is none of these. */
int settings_options_take(settings_options *o, int c, const char *argument);
void settings_options_fini(settings_options *o);
/** Load all of it. Takes the lists. */
bool settings_from(settings *s, const char *who, settings_options *o);

/** What is known of the plugins without running any of them. */
typedef struct survey {
	tr_value kinds;                    /* map: tool kind -> id of a plugin that answers for it */
	struct described_kind **described; /* what they say of their inputs */
	size_t described_count;
	bool validators; /* some plugin has hooks at validate_playbook or validate_step */
} survey;

/** Read the manifests of all paths and built-in plugins, and check the settings against them. False when a setting is
 * wrong: all faults are on stderr with their places. A file that is no plugin is warned of. */
bool survey_plugins(survey *v, const settings *s, const char *who);
void survey_fini(survey *v);
/** The shared objects behind a path. Array of texts; fresh. */
tr_value survey_files(tr_value path);
/** Does some plugin answer for the kind? */
bool survey_knows_kind(const survey *v, tr_str kind);
/** What the plugin says of the kind's inputs; NULL: nothing. */
const struct tool_kind *survey_describe(const survey *v, tr_str kind);

#endif
