/* SPDX-License-Identifier: Apache-2.0 */
/** The subcommands of `troupe plugin`; each gives the exit status. */
#ifndef TROUPE_CLI_PLUGIN_COMMANDS_H
#define TROUPE_CLI_PLUGIN_COMMANDS_H

#include "actors/store/layout.h"
#include "cli/settings.h"

typedef struct plugin_arguments {
	const char *words[4]; /* behind the subcommand, NULL-terminated */
	size_t count;
	layout_path data;
	settings_options settings;
	const char *type, *capability, *prefix;
	bool json, cascade, force;
} plugin_arguments;

int plugin_new(plugin_arguments *a);     /* NAME: write a folder */
int plugin_check(plugin_arguments *a);   /* FILE.so: what it is and wants */
int plugin_test(plugin_arguments *a);    /* DIR: build it and run its tests */
int plugin_list(plugin_arguments *a);    /* the following ask a running node */
int plugin_info(plugin_arguments *a);    /* ID */
int plugin_load(plugin_arguments *a);    /* FILE.so */
int plugin_unload(plugin_arguments *a);  /* ID */
int plugin_upgrade(plugin_arguments *a); /* ID FILE.so */

#endif
