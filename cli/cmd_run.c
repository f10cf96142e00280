/* SPDX-License-Identifier: Apache-2.0 */
/* troupe run: a playbook from one command. */
#include "cli/command.h"

#include "cli/data_folder.h"
#include "cli/ending.h"
#include "cli/follow.h"
#include "cli/known_kinds.h"
#include "cli/node_options.h"
#include "cli/owner.h"
#include "cli/payload.h"
#include "cli/plugin_faults.h"
#include "cli/report.h"
#include "cli/runner.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/codec.h>
#include <unistd.h>

struct run_options {
	const char *file;
	node_options node;
	bool json, events, tree, lenient, detach;
	tr_value payload;
	tr_value set; /* array: the names that --set gave values to */
};

/* One option; EXIT_OK or what to end with. */
static int take_option(struct run_options *o, int c, const char *argument)
{
	int code = node_options_take(&o->node, "run", c, argument);
	if (code != -1)
		return code;
	switch (c) {
	case 'j':
		o->json = true;
		break;
	case 'e':
		o->events = true;
		break;
	case 't':
		o->tree = true;
		break;
	case 'l':
		o->lenient = true;
		break;
	case 'b':
		o->detach = true;
		break;
	case 's':
		o->payload = payload_set("run", o->payload, argument);
		o->set = tr_array_push(o->set, tr_string_lossy(argument, strcspn(argument, "=")));
		break;
	case 'p': {
		tr_value read = payload_read("run", argument);
		o->payload = tr_map_merge_deep(o->payload, read);
		break;
	}
	default:
		return EXIT_INVALID;
	}
	return tr_is_valid(o->payload) ? EXIT_OK : EXIT_INVALID;
}

static int parse(struct run_options *o, int argc, char **argv)
{
	static const struct option options[] = {NODE_OPTION_ROWS,
						{"set", required_argument, NULL, 's'},
						{"payload", required_argument, NULL, 'p'},
						{"json", no_argument, NULL, 'j'},
						{"events", no_argument, NULL, 'e'},
						{"tree", no_argument, NULL, 't'},
						{"lenient", no_argument, NULL, 'l'},
						{"detach", no_argument, NULL, 'b'},
						{NULL, 0, NULL, 0}};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		int result = take_option(o, c, optarg);
		if (result != EXIT_OK)
			return result;
	}
	if (argc - optind != 1)
		return usage_error("run", argc == optind ? "which playbook?" : "one playbook at a time");
	o->file = argv[optind];
	return EXIT_OK;
}

/* The checked playbook, or NULL with all faults on stderr. *source keeps the text. */
static playbook *load(const struct run_options *o, tr_buf *source)
{
	diagnostics faults;
	style s = style_of(stderr);
	known_kinds kinds = {.survey = &o->node.survey, .settings = &o->node.settings, .data = o->node.data};
	pb_check_options check = known_kinds_options(&kinds, o->lenient);
	diagnostics_init(&faults, o->file);
	playbook *p = playbook_load_file(o->file, &check, &faults, source);
	if (faults.count > 0)
		diagnostics_print(&faults, tr_buf_str(source), stderr, s.color);
	for (size_t i = 0; p != NULL && i < tr_array_len(o->set); i++)
		payload_warn("run", p->workload, tr_as_str(tr_array_at(o->set, i)));
	diagnostics_fini(&faults);
	known_kinds_fini(&kinds);
	return p;
}

static const view_class *choose_view(const struct run_options *o)
{
	style s = style_of(stderr);
	if (o->events)
		return &view_events;
	if (o->tree)
		return &view_tree;
	return s.terminal ? &view_live : &view_lines;
}

static const char *playbook_title(const playbook *p, char title[NAME_MAX])
{
	tr_str name = p->name.n > 0 ? p->name : p->path;
	(void)snprintf(title, NAME_MAX, "%.*s", (int)(name.n < NAME_MAX ? name.n : NAME_MAX - 1), name.p);
	return title;
}

/* False: it was not refused by a plugin. */
static bool print_faults(const struct run_options *o, const run_job *job)
{
	diagnostics faults;
	diagnostics_init(&faults, o->file);
	plugin_faults_add(job->faults, &faults);
	bool refused = faults.errors > 0;
	if (refused)
		diagnostics_print(&faults, job->source, stderr, style_of(stderr).color);
	diagnostics_fini(&faults);
	return refused;
}

/* Its node is gone, it is not. */
static void tell_way_on(const struct run_options *o, int64_t id)
{
	char data[PATH_MAX];
	fprintf(stderr,
		"execution %" PRId64 ": 'troupe resume %" PRId64
		"%s' sees it to its end, here or in the node that has it by then\n",
		id, id, data_folder_option(data, sizeof data, o->node.data));
}

static int finish(const struct run_options *o, const run_job *job)
{
	if (!tr_is_valid(job->summary)) {
		if (!job->interrupted && print_faults(o, job))
			return EXIT_INVALID;
		if (job->stuck)
			fprintf(stderr, "troupe run: interrupted: %s\n", job->problem);
		else if (job->interrupted)
			fputs("troupe run: interrupted twice; steps may still have been running\n", stderr);
		else
			fprintf(stderr, "troupe run: %s\n", job->problem);
		if (job->lost && job->execution_id != 0)
			tell_way_on(o, job->execution_id);
		return job->interrupted ? EXIT_INTERRUPTED : job->lost ? EXIT_LOST : EXIT_FAILED;
	}
	char title[NAME_MAX];
	tr_value object = report_object(job->execution_id, playbook_title(job->playbook, title), job->summary);
	int code = report_exit_code(object, job->interrupted);
	if (o->json) {
		tr_buf text = {0};
		if (tr_json_write(&text, object, TR_JSON_COMPACT) != TR_OK) {
			fputs("troupe run: the result cannot be written as JSON\n", stderr);
			code = EXIT_FAILED;
		} else {
			printf("%s\n", text.p);
		}
		tr_buf_fini(&text);
	} else {
		report_print(stdout, stderr, object);
	}
	tr_drop(object);
	return code;
}

/* ---- here
 * ------------------------------------------------------------------------------------------------------------
 */

static int run_here(const struct run_options *o, run_job *job, const view_class *cls, const char *title)
{
	char why[600];
	style s = style_of(stderr);
	assemble_options assemble = node_options_assemble(&o->node);
	assemble.log = runner_log;
	assemble.log_arg = &s;
	ending_watch("run");
	tr_node *node = assemble_embedded(&assemble, why, sizeof why);
	if (node == NULL) {
		ending_over();
		(void)snprintf(job->problem, sizeof job->problem, "%s", why);
		if (owner_is_again(why))
			return EXIT_BUSY;
		fprintf(stderr, "troupe run: %s\n", why);
		return EXIT_INVALID;
	}
	view v;
	view_init(&v, cls, node, title);
	job->view = &v;
	tr_err err = runner_run(node, job);
	if (err != TR_OK)
		(void)snprintf(job->problem, sizeof job->problem, "the runner could not be started: %s",
			       tr_err_text(err));
	bool whole = assemble_stop(&node);
	ending_over();
	int code = finish(o, job);
	view_fini(&v);
	if (!whole)
		command_leave("run", code);
	return code;
}

/* ---- in the node that owns the data folder -------------------------------------------------------------------------
 */

static int detached(const struct run_options *o, const run_job *job)
{
	if (o->json)
		printf("{\"execution_id\":\"%" PRId64 "\"}\n", job->execution_id);
	else
		printf("%" PRId64 "\n", job->execution_id);
	return EXIT_OK;
}

static int run_there(const struct run_options *o, remote *r, run_job *job, const view_class *cls, const char *title)
{
	if (o->node.own != NULL)
		return usage_error(
		    "run", "another process owns %s and performs the playbook; %s is given where that is started",
		    o->node.data, o->node.own);
	if (cls == &view_tree) {
		fputs("troupe run: --tree shows the actors of this process, and another performs the playbook\n",
		      stderr);
		cls = style_of(stderr).terminal ? &view_live : &view_lines;
	}
	if (!follow_start(r, o->node.data, job, !o->detach))
		return job->again ? EXIT_BUSY : finish(o, job);
	if (o->detach)
		return detached(o, job);
	view v;
	view_init(&v, cls, NULL, title);
	job->view = &v;
	follow(r, job);
	int code = finish(o, job);
	view_fini(&v);
	return code;
}

/* What came from standard input stands in the working directory. */
static tr_value whole_path(const char *file)
{
	char path[PATH_MAX];
	if (realpath(file, path) != NULL)
		return tr_string_lossy(path, strlen(path));
	if (strchr(file, '/') == NULL && getcwd(path, sizeof path) != NULL)
		return tr_stringf("%s/%s", path, file);
	return tr_string_lossy(file, strlen(file));
}

static int perform(const struct run_options *o, playbook *p, tr_str source)
{
	char title[NAME_MAX], why[300];
	run_job job = {.playbook = p,
		       .source = source,
		       .file = whole_path(p->file),
		       .payload = o->payload,
		       .summary = tr_absent(),
		       .faults = tr_absent()};
	(void)playbook_title(p, title);
	owner_patience waiting = {0};
	int code;
	do {
		remote *r;
		job.again = false;
		job.problem[0] = '\0';
		owner_kind owner = owner_find(o->node.data, &r, why, sizeof why);
		if (owner == OWNER_REMOTE) {
			code = run_there(o, r, &job, choose_view(o), title);
		} else if (owner == OWNER_MUTE) {
			fprintf(stderr, "troupe run: %s; wait for it, stop it, or give another folder with --data\n",
				why);
			code = EXIT_INVALID;
		} else if (o->detach) {
			code = usage_error("run",
					   "--detach needs a node that performs the playbook; start one with "
					   "'troupe node --data %s'",
					   o->node.data);
		} else {
			code = run_here(o, &job, choose_view(o), title);
		}
		remote_close(&r);
		if (code == EXIT_BUSY && !owner_again(&waiting, "run", job.problem))
			code = EXIT_FAILED;
	} while (code == EXIT_BUSY);
	tr_drop(job.summary);
	tr_drop(job.faults);
	tr_drop(job.file);
	return code;
}

static int run_run(int argc, char **argv)
{
	struct run_options o = {.payload = tr_map(), .set = tr_array()};
	int code = node_options_init(&o.node, "run") ? parse(&o, argc, argv) : EXIT_INVALID;
	if (code == EXIT_OK && !node_options_ready(&o.node, "run"))
		code = EXIT_INVALID;
	if (code == EXIT_OK) {
		tr_buf source = {0};
		playbook *p = load(&o, &source);
		code = p == NULL ? EXIT_INVALID : perform(&o, p, tr_buf_str(&source));
		playbook_free(&p);
		tr_buf_fini(&source);
	}
	tr_drop(o.payload);
	tr_drop(o.set);
	node_options_fini(&o.node);
	return code;
}

const command command_run = {
    .name = "run",
    .arguments = "PLAYBOOK [options]",
    .summary = "Run a playbook and show it while it runs",
    .help =
	"  --set key=value      set a workload value; outer.inner=value reaches inside; JSON where it parses as "
	"JSON. May be\n"
	"                       repeated\n"
	"  --payload FILE|-     a JSON or YAML mapping, merged over the playbook's workload\n"
	"  --json               one JSON object on stdout at the end; all else on stderr\n"
	"  --events             show each event in a line\n"
	"  --tree               show the tree of actors\n"
	"  --lenient            accept what older dialects had, with warnings\n"
	"  --detach             hand the playbook to the node that owns the data folder, print the execution's id and "
	"return\n" NODE_OPTION_HELP
	"\nWhen another process owns the data folder ('troupe node', or a 'troupe run'), that process performs the "
	"playbook and this\n"
	"one shows it. A 'troupe run' stays until the executions that others handed to it are done as well.\n\n"
	"On a terminal a live view is shown, elsewhere plain lines; NO_COLOR is honoured. Exit status: 0 success, "
	"1 the execution\n"
	"failed, 2 the playbook or its input is invalid, 3 the process that performs it is gone and the execution goes "
	"on "
	"when a node\n"
	"takes it up again, 130 interrupted (running steps were cancelled, the log is whole).\n",
    .run = run_run,
};
