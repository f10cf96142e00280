/* SPDX-License-Identifier: Apache-2.0 */
/* troupe check: all faults of playbooks, without running anything. */
#include "cli/command.h"

#include "cli/style.h"
#include "playbook/check/check_cli.h"

#include <getopt.h>

static int check_run(int argc, char **argv)
{
	static const struct option options[] = {
	    {"json", no_argument, NULL, 'j'}, {"lenient", no_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	pb_check_options check = {0};
	bool json = false;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'j')
			json = true;
		else if (c == 'l')
			check.lenient = true;
		else
			return EXIT_INVALID;
	}
	if (optind == argc)
		return usage_error("check", "which files?");
	style s = style_of(stderr);
	return check_files_with((const char *const *)(argv + optind), (size_t)(argc - optind), json, s.color, &check,
				stdout, stderr);
}

const command command_check = {
    .name = "check",
    .arguments = "FILE… [--json] [--lenient]",
    .summary = "Check playbooks and name every fault with its line",
    .help = "  --json      diagnostics as JSON on stdout, for editors\n"
	    "  --lenient   accept what older dialects had, with warnings\n\n"
	    "Exit status 0 when there are no errors (warnings do not count), 2 otherwise.\n",
    .run = check_run,
};
