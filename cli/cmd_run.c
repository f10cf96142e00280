/* SPDX-License-Identifier: Apache-2.0 */
/* troupe run: a playbook from one command. */
#include "cli/command.h"

#include "cli/assemble.h"
#include "cli/payload.h"
#include "cli/report.h"
#include "cli/runner.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/codec.h>

struct run_options {
	const char *file;
	layout_path data;
	durability durability;
	bool json, events, tree, lenient, verbose;
	tr_value payload;
	tr_value env;
	tr_value grants;
};

static bool parse_durability(const char *text, durability *out)
{
	static const char *const names[] = {"strict", "batched", "none"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(text, names[i]) == 0) {
			*out = (durability)i;
			return true;
		}
	}
	return false;
}

/* Playbooks see no environment but the names that were granted; one that is not set is no fault. */
static tr_value grant_env(tr_value env, const char *name)
{
	const char *value = getenv(name);
	return value == NULL ? env : tr_map_put_s(env, name, tr_string_lossy(value, strlen(value)));
}

/* One option; EXIT_OK or what to end with. */
static int take_option(struct run_options *o, int c, const char *argument)
{
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
	case 'v':
		o->verbose = true;
		break;
	case 'd':
		(void)snprintf(o->data, sizeof o->data, "%s", argument);
		break;
	case 's':
		o->payload = payload_set("run", o->payload, argument);
		break;
	case 'p': {
		tr_value read = payload_read("run", argument);
		o->payload = tr_map_merge_deep(o->payload, read);
		break;
	}
	case 'E':
		o->env = grant_env(o->env, argument);
		return tr_is_valid(o->env) ? EXIT_OK : EXIT_INVALID;
	case 'G':
		o->grants = tr_array_push(o->grants, tr_string(argument));
		return tr_is_valid(o->grants) ? EXIT_OK : EXIT_INVALID;
	case 'D':
		if (!parse_durability(argument, &o->durability))
			return usage_error("run", "--durability takes strict, batched or none, not '%s'", argument);
		break;
	default:
		return EXIT_INVALID;
	}
	return tr_is_valid(o->payload) ? EXIT_OK : EXIT_INVALID;
}

static int parse(struct run_options *o, int argc, char **argv)
{
	static const struct option options[] = {{"set", required_argument, NULL, 's'},
						{"payload", required_argument, NULL, 'p'},
						{"json", no_argument, NULL, 'j'},
						{"events", no_argument, NULL, 'e'},
						{"tree", no_argument, NULL, 't'},
						{"data", required_argument, NULL, 'd'},
						{"env", required_argument, NULL, 'E'},
						{"grant", required_argument, NULL, 'G'},
						{"durability", required_argument, NULL, 'D'},
						{"lenient", no_argument, NULL, 'l'},
						{"verbose", no_argument, NULL, 'v'},
						{NULL, 0, NULL, 0}};
	if (layout_default(o->data) != TR_OK)
		return usage_error("run", "the data folder's name is too long");
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
	pb_check_options check = {.lenient = o->lenient};
	diagnostics_init(&faults, o->file);
	playbook *p = playbook_load_file(o->file, &check, &faults, source);
	if (faults.count > 0)
		diagnostics_print(&faults, tr_buf_str(source), stderr, s.color);
	diagnostics_fini(&faults);
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

static int finish(const struct run_options *o, const run_job *job)
{
	if (!tr_is_valid(job->summary)) {
		if (job->interrupted)
			fputs("troupe run: interrupted twice; steps may still have been running\n", stderr);
		else
			fprintf(stderr, "troupe run: %s\n", job->problem);
		return job->interrupted ? EXIT_INTERRUPTED : EXIT_FAILED;
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

static int perform(const struct run_options *o, playbook *p, tr_str source)
{
	char why[600];
	style s = style_of(stderr);
	const view_class *cls = choose_view(o);
	assemble_options assemble = {.data = o->data,
				     .durability = o->durability,
				     .env = o->env,
				     .grants = o->grants,
				     .log_level = o->verbose ? TR_DEBUG : TR_WARNING,
				     .log = runner_log,
				     .log_arg = &s};
	tr_node *node = assemble_embedded(&assemble, why, sizeof why);
	if (node == NULL) {
		fprintf(stderr, "troupe run: %s\n", why);
		return EXIT_INVALID;
	}
	view v;
	char title[NAME_MAX];
	view_init(&v, cls, node, playbook_title(p, title));
	run_job job = {.playbook = p, .source = source, .payload = o->payload, .view = &v, .summary = tr_absent()};
	tr_err err = runner_run(node, &job);
	if (err != TR_OK)
		(void)snprintf(job.problem, sizeof job.problem, "the runner could not be started: %s",
			       tr_err_text(err));
	assemble_stop(&node);
	int code = finish(o, &job);
	tr_drop(job.summary);
	view_fini(&v);
	return code;
}

static int run_run(int argc, char **argv)
{
	struct run_options o = {.payload = tr_map(), .env = tr_map(), .grants = tr_array()};
	int code = parse(&o, argc, argv);
	if (code == EXIT_OK) {
		tr_buf source = {0};
		playbook *p = load(&o, &source);
		code = p == NULL ? EXIT_INVALID : perform(&o, p, tr_buf_str(&source));
		playbook_free(&p);
		tr_buf_fini(&source);
	}
	tr_drop(o.payload);
	tr_drop(o.env);
	tr_drop(o.grants);
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
	"  --env NAME           let templates see this environment variable as env.NAME. May be repeated\n"
	"  --grant GRANT        let plugins do what needs a grant, such as exec (tool kind shell). May be repeated\n"
	"  --json               one JSON object on stdout at the end; all else on stderr\n"
	"  --events             show each event in a line\n"
	"  --tree               show the tree of actors\n"
	"  --data DIR           the data folder (default: $TROUPE_DATA, else $XDG_DATA_HOME/troupe)\n"
	"  --durability HOW     strict (default): on disk before it is acted on; batched: synced a few times a "
	"second;\n"
	"                       none: left to the operating system\n"
	"  --lenient            accept what older dialects had, with warnings\n"
	"  --verbose            log everything\n\n"
	"On a terminal a live view is shown, elsewhere plain lines; NO_COLOR is honoured. Exit status: 0 success, "
	"1 the execution\n"
	"failed, 2 the playbook or its input is invalid, 130 interrupted (running steps were cancelled, the log is "
	"whole).\n",
    .run = run_run,
};
