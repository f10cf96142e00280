/* SPDX-License-Identifier: Apache-2.0 */
/* troupe check: all faults of playbooks, without running anything of them. */
#include "cli/command.h"

#include "actors/engine/validate.h"
#include "actors/store/layout.h"
#include "cli/known_kinds.h"
#include "cli/style.h"
#include "cli/pick.h"
#include "playbook/check/check_cli.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <troupe/plugin_test.h>
#include <unistd.h>

typedef struct checking {
	known_kinds kinds; /* first: pb_check_options.arg is both */
	survey survey;
	settings settings;
	tr_plugin_world *plugins; /* a node of their own, when some of them check playbooks */
} checking;

/* ---- what plugins find ---- */

typedef struct finding {
	const playbook *p;
	diagnostics *out;
} finding;

/* The asking thread waits, so that its things are there. */
static const tr_class finding_class = {"finding", NULL};

static tr_value find_faults(tr_value arg)
{
	const finding *f = tr_as_object(arg, &finding_class);
	validate_by_plugins(f->p, f->out);
	return tr_nil();
}

static void further(void *arg, const playbook *p, diagnostics *out)
{
	const checking *c = arg;
	finding f = {p, out};
	if (c->plugins != NULL)
		tr_drop(tr_plugin_world_do(c->plugins, find_faults, tr_object(&finding_class, &f)));
	known_kinds_validate(&c->kinds, p, out);
}

/* Plugins that check playbooks have to run for it. */
static bool start_plugins(checking *c)
{
	char why[700];
	const char *paths[256] = {NULL};
	tr_value files = tr_array();
	for (size_t i = 0; i < tr_array_len(c->settings.paths); i++)
		files = tr_array_concat(files, survey_files(tr_array_at(c->settings.paths, i)));
	for (size_t i = 0; i < tr_array_len(files) && i + 1 < sizeof paths / sizeof *paths; i++)
		paths[i] = tr_as_cstr(tr_array_at(files, i), "");
	tr_plugin_world_options o = {.paths = paths,
				     .config = c->settings.config,
				     .grants = c->settings.grants,
				     .isolation = c->settings.isolation};
	c->plugins = tr_plugin_world_start(&o, why, sizeof why);
	tr_drop(files);
	if (c->plugins == NULL)
		fprintf(stderr, "troupe check: %s\n", why);
	return c->plugins != NULL;
}

/* ---- the command ---- */

typedef struct check_options {
	settings_options said;
	layout_path data; /* its node may have further plugins */
	bool json, lenient, strict;
} check_options;

static int take(check_options *o, int c, const char *argument)
{
	switch (c) {
	case 'j':
		o->json = true;
		return EXIT_OK;
	case 'l':
		o->lenient = true;
		return EXIT_OK;
	case 's':
		o->strict = true;
		return EXIT_OK;
	case 'd':
		if (pick_data(o->data, "check", argument) != EXIT_OK)
			return EXIT_INVALID;
		return access(argument, F_OK) == 0 ? EXIT_OK
						   : usage_error("check", "--data: there is no folder '%s'", argument);
	default: {
		int code = settings_options_take(&o->said, c, argument);
		return code == -1 ? EXIT_INVALID : code;
	}
	}
}

static int perform(check_options *o, const char *const *files, size_t n)
{
	checking c = {.plugins = NULL};
	pb_check_options check = known_kinds_options(&c.kinds, o->lenient);
	check_how how = {.json = o->json, .color = style_of(stderr).color, .strict = o->strict, .options = &check};
	int code = EXIT_INVALID;
	check.further = further;
	c.kinds =
	    (known_kinds){.survey = &c.survey, .settings = &c.settings, .data = o->data[0] != '\0' ? o->data : NULL};
	if (settings_from(&c.settings, "check", &o->said) && survey_plugins(&c.survey, &c.settings, "check") &&
	    (!c.survey.validators || start_plugins(&c)))
		code = check_files(files, n, &how, stdout, stderr);
	tr_plugin_world_stop(&c.plugins);
	known_kinds_fini(&c.kinds);
	survey_fini(&c.survey);
	settings_fini(&c.settings);
	return code;
}

static int check_run(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
						{"lenient", no_argument, NULL, 'l'},
						{"strict", no_argument, NULL, 's'},
						{"data", required_argument, NULL, 'd'},
						SETTINGS_OPTION_ROWS,
						{NULL, 0, NULL, 0}};
	check_options o = {.json = false};
	if (layout_default(o.data) != TR_OK)
		o.data[0] = '\0'; /* then no node is there to be asked */
	int code = EXIT_OK;
	for (int c; code == EXIT_OK && (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
		code = take(&o, c, optarg);
	if (code == EXIT_OK && optind == argc)
		code = usage_error("check", "which files?");
	if (code == EXIT_OK)
		code = perform(&o, (const char *const *)(argv + optind), (size_t)(argc - optind));
	settings_options_fini(&o.said);
	return code;
}

const command command_check = {
    .name = "check",
    .arguments = "FILE… [options]",
    .summary = "Check playbooks and name every fault with its line",
    .help =
	"  --json              diagnostics as JSON on stdout, for editors\n"
	"  --strict            warnings are errors\n"
	"  --lenient           accept what older dialects had, with warnings\n"
	"  --plugin-path PATH  a plugin, or a folder of them, whose tool kinds there are. May be repeated\n"
	"  --data DIR          the data folder of a node: when it runs, the tool kinds of its plugins are known and\n"
	"                      their hooks asked, too\n"
	"                      (default: $TROUPE_DATA, else $XDG_DATA_HOME/troupe)\n"
	"  --config FILE       settings of plugins (default: $XDG_CONFIG_HOME/troupe/config.yaml)\n"
	"  --grant GRANT       let plugins do what needs a grant\n\n"
	"Plugins with hooks at validate_playbook or validate_step are started and asked; of other plugins only the "
	"manifest is\n"
	"read. Exit status 0 when there are no errors (warnings do not count, unless --strict), 2 otherwise.\n",
    .run = check_run,
};
