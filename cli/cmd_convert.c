/* SPDX-License-Identifier: Apache-2.0 */
/* troupe convert: canonical v2 from the later dialect. */
#include "cli/command.h"

#include "cli/style.h"
#include "playbook/graph/convert.h"

#include <getopt.h>

static int convert_run(int argc, char **argv)
{
	static const struct option options[] = {{"lenient", no_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
	pb_check_options check = {0};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c != 'l')
			return EXIT_INVALID;
		check.lenient = true;
	}
	if (argc - optind != 1)
		return usage_error("convert", "which playbook?");
	style s = style_of(stderr);
	return convert_file(argv[optind], &check, s.color, stdout, stderr);
}

const command command_convert = {
    .name = "convert",
    .arguments = "PLAYBOOK [--lenient]",
    .summary = "Write a playbook in the canonical dialect",
    .help = "  --lenient   accept what the older dialects had at the root (vars)\n\n"
	    "Comments are not kept.\n",
    .run = convert_run,
};
