/* SPDX-License-Identifier: Apache-2.0 */
/* troupe eval: a template from the shell. */
#include "cli/command.h"

#include "cli/input.h"
#include "playbook/template/eval_cli.h"

#include <getopt.h>

static int eval_run(int argc, char **argv)
{
	static const struct option options[] = {
	    {"context", required_argument, NULL, 'c'}, {"batch", no_argument, NULL, 'b'}, {NULL, 0, NULL, 0}};
	const char *context_file = NULL;
	bool batch = false;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'c')
			context_file = optarg;
		else if (c == 'b')
			batch = true;
		else
			return EXIT_INVALID;
	}
	if (batch)
		return argc == optind && context_file == NULL
			   ? template_eval_batch(stdin, stdout)
			   : usage_error("eval", "--batch takes everything from standard input");
	if (argc - optind != 1)
		return usage_error("eval", "which template? (quote it for the shell)");
	tr_buf context = {0};
	int code = EXIT_INVALID;
	if (context_file == NULL || input_read("eval", "context", context_file, &context))
		code = template_eval_once(tr_s(argv[optind]), tr_buf_str(&context), stdout, stderr);
	tr_buf_fini(&context);
	return code;
}

const command command_eval = {
    .name = "eval",
    .arguments = "TEMPLATE [--context FILE|-] | --batch",
    .summary = "Evaluate a template",
    .help =
	"The value is printed as JSON; an error as one line 'line:column: message' on stderr, with exit status 2.\n\n"
	"  --context FILE|-   a JSON object with the names that the template sees\n"
	"  --batch            read lines {\"template\": …, \"context\": …}, write lines {\"value\": …} or {\"error\": "
	"…}\n",
    .run = eval_run,
};
