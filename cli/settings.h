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
 * TROUPE_PLUGIN_PATH. False when the file has faults: they are on stderr as file:line:column, in the name of `command`.
 */
bool settings_load(settings *s, const char *command, const char *file);
void settings_fini(settings *s);
/** More, from options: a path, a grant for every plugin. False without memory. */
bool settings_add_path(settings *s, const char *path);
bool settings_add_grant(settings *s, const char *grant);

/** --config, --plugin-path (and in some commands --grant) are collected first, since the file is read before them. */
typedef struct settings_options {
	const char *file;
	tr_value paths, grants; /* arrays; zero-initialise */
} settings_options;
bool settings_options_add(tr_value *list, const char *text);
/** Load all of it. Takes the lists. */
bool settings_from(settings *s, const char *command, settings_options *o);

/** What is known of the plugins without running any of them. */
typedef struct survey {
	tr_value kinds;  /* map: tool kind -> id of a plugin that answers for it */
	bool validators; /* some plugin has hooks at validate_playbook or validate_step */
} survey;

/** Read the manifests of all paths and built-in plugins, and check the settings against them. False when a setting is
 * wrong: all faults are on stderr with their places. A file that is no plugin is warned of. */
bool survey_plugins(survey *v, const settings *s, const char *command);
void survey_fini(survey *v);
/** The shared objects behind a path. Array of texts; fresh. */
tr_value survey_files(tr_value path);
/** Does some plugin answer for the kind? */
bool survey_knows_kind(const survey *v, tr_str kind);

#endif
