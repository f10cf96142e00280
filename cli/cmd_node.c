/* SPDX-License-Identifier: Apache-2.0 */
/* troupe node: a node that stays. */
#include "cli/command.h"

#include "cli/duration.h"
#include "cli/ending.h"
#include "cli/keeper.h"
#include "cli/node_options.h"
#include "cli/retention.h"
#include "cli/runner.h"

#include <stdio.h>

static int perform(const node_options *o, const compact_policy *policy, bool json)
{
	char why[600];
	style s = style_of(stderr);
	assemble_options assemble = node_options_assemble(o);
	assemble.log = runner_log;
	assemble.log_arg = &s;
	assemble.mode = "node";
	assemble.owner = KEEPER_NAME;
	ending_watch("node");
	tr_node *node = assemble_embedded(&assemble, why, sizeof why);
	if (node == NULL) {
		ending_over();
		fprintf(stderr, "troupe node: %s\n", why);
		return EXIT_INVALID;
	}
	keeper_job job = {.data = o->data, .policy = *policy, .json = json};
	tr_err err = keeper_run(node, &job);
	bool whole = assemble_stop(&node);
	ending_over();
	if (err != TR_OK)
		fprintf(stderr, "troupe node: %s\n", tr_err_text(err));
	else if (job.problem[0] != '\0')
		fprintf(stderr, "troupe node: %s\n", job.problem);
	int code = err == TR_OK ? EXIT_OK : EXIT_FAILED;
	if (!whole)
		command_leave("node", code);
	return code;
}

static int take(int c, const char *argument, compact_policy *policy, bool *json)
{
	switch (c) {
	case 'j':
		*json = true;
		return EXIT_OK;
	case 'k':
		return retention_take("node", argument, policy);
	case 'z':
		policy->pack = true;
		return duration_parse(argument, &policy->pack_older_us)
			   ? EXIT_OK
			   : usage_error("node", "--pack takes a duration (15m, 2h, 3d), not '%s'", argument);
	default:
		return EXIT_INVALID;
	}
}

static int node_run(int argc, char **argv)
{
	static const struct option options[] = {NODE_OPTION_ROWS,
						{"keep", required_argument, NULL, 'k'},
						{"pack", required_argument, NULL, 'z'},
						{"json", no_argument, NULL, 'j'},
						{NULL, 0, NULL, 0}};
	node_options o;
	compact_policy policy = {0};
	bool json = false;
	int code = node_options_init(&o, "node") ? EXIT_OK : EXIT_INVALID;
	for (int c; code == EXIT_OK && (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		code = node_options_take(&o, "node", c, optarg);
		if (code == -1)
			code = take(c, optarg, &policy, &json);
	}
	if (code == EXIT_OK && optind != argc)
		code = usage_error("node", "'%s' is too much: a node takes options only", argv[optind]);
	if (code == EXIT_OK)
		code = node_options_ready(&o, "node") ? perform(&o, &policy, json) : EXIT_INVALID;
	node_options_fini(&o);
	return code;
}

const command command_node = {
    .name = "node",
    .arguments = "[options]",
    .summary = "Start a node that stays, for the executions of its data folder",
    .help = NODE_OPTION_HELP
    "  --keep AGE|N         remove finished executions that ended longer ago (12h, 30d), or beyond the N newest\n"
    "                       (sub-playbooks stay and go with what called them). May be repeated\n"
    "  --pack AGE           pack finished executions that ended so long ago into one zstd file each\n"
    "  --json               the line that it is ready as a JSON object\n\n"
    "Resumes what was running when the last process of the folder died, says on stdout that it is ready, and stays "
    "until\n"
    "SIGTERM or SIGINT; what runs then is resumed by the next node or by 'troupe resume'. 'troupe run PLAYBOOK' with "
    "the "
    "same\n"
    "data folder hands its playbook to this node.\n",
    .run = node_run,
};
