/* SPDX-License-Identifier: Apache-2.0 */
/** The options of all commands that start a node, and the node they make of them. */
#ifndef TROUPE_CLI_NODE_OPTIONS_H
#define TROUPE_CLI_NODE_OPTIONS_H

#include "cli/assemble.h"

#include <getopt.h>

/** The rows for getopt_long; NODE_OPTION_ROWS stands in front of a command's own. */
#define NODE_OPTION_ROWS                                                                             \
	{"data", required_argument, NULL, 'd'}, {"durability", required_argument, NULL, 'D'},        \
	    {"env", required_argument, NULL, 'E'}, {"snapshot-every", required_argument, NULL, 'Y'}, \
	    {"crash-limit", required_argument, NULL, 'X'}, SETTINGS_OPTION_ROWS,                     \
	{                                                                                            \
		"verbose", no_argument, NULL, 'v'                                                    \
	}

/** Their help. */
#define NODE_OPTION_HELP                                                                                               \
	"  --env NAME           let templates see this environment variable as env.NAME. May be repeated\n"            \
	"  --grant GRANT        let plugins do what needs a grant, such as exec (tool kind shell). May be repeated\n"  \
	"  --plugin-path PATH   load a plugin, or all plugins of a folder. May be repeated\n"                          \
	"  --config FILE        settings and grants of plugins (default: $XDG_CONFIG_HOME/troupe/config.yaml)\n"       \
	"  --data DIR           the data folder (default: $TROUPE_DATA, else $XDG_DATA_HOME/troupe)\n"                 \
	"  --durability HOW     strict (default): on disk before it is acted on; batched: synced many times a "        \
	"second,\n"                                                                                                    \
	"                       what was acted on in the last moments before a crash may be missing; none: left to\n"  \
	"                       the operating system\n"                                                                \
	"  --snapshot-every N   write an execution's state beside its log every N events (default: 10000; 0: never), " \
	"so "                                                                                                          \
	"that\n"                                                                                                       \
	"                       resuming a long one takes no longer than a short one\n"                                \
	"  --crash-limit N      a step with which the process died N times in a row, each time within 30 s of "        \
	"beginning\n"                                                                                                  \
	"                       it and with nothing of it done, fails (default: 5, more when others were under way,\n" \
	"                       too; 0: it is begun again without end)\n"                                              \
	"  --verbose            log everything\n"

typedef struct node_options {
	layout_path data;
	durability durability;
	bool verbose;
	int64_t snapshot_every; /* 0: as it is; below: never */
	int64_t crash_limit;    /* 0: as it is; below: without end */
	tr_value env;
	tr_value env_names; /* what was granted, set or not */
	settings_options said;
	settings settings; /* of plugins, after node_options_ready */
	survey survey;
	const char *own; /* an option that only a node of this process can honour, or NULL */
} node_options;

/** False with a message when the default data folder has no place. */
bool node_options_init(node_options *o, const char *name);
void node_options_fini(node_options *o);
/** Take option c with its argument; EXIT_OK, or what to end with. -1: it is none of these. */
int node_options_take(node_options *o, const char *name, int c, const char *argument);
/** All options are taken: read the configuration. False with the faults on stderr. */
bool node_options_ready(node_options *o, const char *name);
/** What assemble_embedded wants. */
assemble_options node_options_assemble(const node_options *o);

#endif
