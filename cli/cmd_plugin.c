/* SPDX-License-Identifier: Apache-2.0 */
/* troupe plugin: make, check, test, and look after plugins. */
#include "cli/command.h"

#include "cli/plugin_commands.h"
#include "cli/pick.h"

#include <getopt.h>
#include <string.h>

typedef struct subcommand {
	const char *name;
	size_t least, most; /* words behind it */
	const char *arguments;
	int (*run)(plugin_arguments *a);
} subcommand;

static const subcommand all[] = {
    {"new", 1, 1, "NAME --type provider|handler|validator|extension|integration|controller [--capability C]",
     plugin_new},
    {"check", 1, 1, "FILE.so [--json]", plugin_check},
    {"test", 0, 1, "[DIR] [--prefix DIR]", plugin_test},
    {"list", 0, 0, "[--json]", plugin_list},
    {"info", 1, 1, "ID [--json]", plugin_info},
    {"load", 1, 1, "FILE.so", plugin_load},
    {"unload", 1, 1, "ID [--cascade] [--force]", plugin_unload},
    {"upgrade", 2, 2, "ID FILE.so", plugin_upgrade},
};

static int take(plugin_arguments *a, int c, const char *argument)
{
	switch (c) {
	case 'j':
		a->json = true;
		return EXIT_OK;
	case 'x':
		a->cascade = true;
		return EXIT_OK;
	case 'f':
		a->force = true;
		return EXIT_OK;
	case 't':
		a->type = argument;
		return EXIT_OK;
	case 'c':
		a->capability = argument;
		return EXIT_OK;
	case 'p':
		a->prefix = argument;
		return EXIT_OK;
	case 'd':
		return pick_data(a->data, "plugin", argument);
	default: {
		int code = settings_options_take(&a->settings, c, argument);
		return code == -1 ? EXIT_INVALID : code;
	}
	}
}

static const subcommand *find(const char *name)
{
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (strcmp(all[i].name, name) == 0)
			return &all[i];
	return NULL;
}

static int perform(plugin_arguments *a, int argc, char **argv)
{
	static const struct option options[] = {{"type", required_argument, NULL, 't'},
						{"capability", required_argument, NULL, 'c'},
						{"prefix", required_argument, NULL, 'p'},
						{"data", required_argument, NULL, 'd'},
						SETTINGS_OPTION_ROWS,
						{"cascade", no_argument, NULL, 'x'},
						{"force", no_argument, NULL, 'f'},
						{"json", no_argument, NULL, 'j'},
						{NULL, 0, NULL, 0}};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		int code = take(a, c, optarg);
		if (code != EXIT_OK)
			return code;
	}
	if (optind == argc)
		return usage_error("plugin", "what is to be done? new, check, test, list, info, load, unload, upgrade");
	const subcommand *s = find(argv[optind]);
	if (s == NULL)
		return usage_error("plugin", "there is no 'plugin %s'", argv[optind]);
	a->count = (size_t)(argc - optind - 1);
	if (a->count < s->least || a->count > s->most)
		return usage_error("plugin", "usage: troupe plugin %s %s", s->name, s->arguments);
	for (size_t i = 0; i < a->count; i++)
		a->words[i] = argv[optind + 1 + (int)i];
	return s->run(a);
}

static int plugin_run(int argc, char **argv)
{
	plugin_arguments a = {.json = false};
	if (layout_default(a.data) != TR_OK)
		return usage_error("plugin", "the data folder's name is too long");
	int code = perform(&a, argc, argv);
	settings_options_fini(&a.settings);
	return code;
}

const command command_plugin = {
    .name = "plugin",
    .arguments = "new|check|test|list|info|load|unload|upgrade …",
    .summary = "Make, check and test plugins; load them into a running node",
    .help =
	"  new NAME --type provider|handler|validator|extension|integration|controller [--capability C]\n"
	"                       write the folder NAME: manifest, one command, tests, CMake, README. A playbook reaches "
	"it "
	"as\n"
	"                       kind: NAME, since C is tool:NAME unless you say otherwise; for a controller it is\n"
	"                       controller:iterator, controller:result or controller:workbook, and the engine asks it\n"
	"  test [DIR] [--prefix DIR]\n"
	"                       build the plugin there and run its tests; --prefix is where Troupe is installed\n"
	"  check FILE.so        read the manifest without running anything; say what the plugin wants, and what would "
	"be "
	"refused\n"
	"  list                 the plugins of a running node: their tier, and for which tool kinds and controllers "
	"each answers\n"
	"  info ID              all that is known of one\n"
	"  load FILE.so         load it into the running node, until that ends; plugins.paths in config.yaml, or "
	"--plugin-path of\n"
	"                       'troupe node', loads it whenever the node starts\n"
	"  unload ID [--cascade]\n"
	"                       take it out when its commands are done; with --cascade those that depend on it first;\n"
	"                       built-in plugins stay, unless with --force\n"
	"  upgrade ID FILE.so   put another version into its place; its state crosses, but not with isolation: "
	"process\n\n"
	"  --data DIR           the data folder of the node (default: $TROUPE_DATA, else $XDG_DATA_HOME/troupe)\n"
	"  --json               what is told as JSON\n"
	"  --config FILE, --plugin-path PATH, --grant GRANT\n"
	"                       for check: the settings it is judged by (as in 'troupe node')\n\n"
	"Exit status: 0 done, 1 refused or failed, 2 wrong usage.\n",
    .run = plugin_run,
};
