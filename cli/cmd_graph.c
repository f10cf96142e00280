/* SPDX-License-Identifier: Apache-2.0 */
/* troupe graph: the workflow as a drawing. */
#include "cli/command.h"

#include "cli/style.h"
#include "playbook/graph/graph.h"

#include <getopt.h>

static int graph_run(int argc, char **argv)
{
	static const struct option options[] = {{"dot", no_argument, NULL, 'd'},
						{"mermaid", no_argument, NULL, 'm'},
						{"svg", no_argument, NULL, 's'},
						{NULL, 0, NULL, 0}};
	graph_format format = GRAPH_TEXT;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == '?')
			return EXIT_INVALID;
		format = c == 'd' ? GRAPH_DOT : c == 'm' ? GRAPH_MERMAID : GRAPH_SVG;
	}
	if (argc - optind != 1)
		return usage_error("graph", "which playbook?");
	style s = style_of(stdout);
	return graph_file(argv[optind], format, s.color, stdout, stderr);
}

const command command_graph = {
    .name = "graph",
    .arguments = "PLAYBOOK [--dot | --mermaid | --svg]",
    .summary = "Draw the workflow of a playbook",
    .help = "Without an option: text for a terminal.\n",
    .run = graph_run,
};
