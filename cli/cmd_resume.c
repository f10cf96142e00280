/* SPDX-License-Identifier: Apache-2.0 */
/* troupe resume: what was interrupted goes on. */
#include "cli/command.h"

#include "actors/store/index.h"
#include "actors/store/log_file.h"
#include "actors/store/reader.h"
#include "cli/data_folder.h"
#include "cli/ending.h"
#include "cli/node_options.h"
#include "cli/owner.h"
#include "cli/pick.h"
#include "cli/report.h"
#include "cli/resumer.h"
#include "cli/style.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>

struct resume_options {
	node_options node;
	bool json, detach;
	const char *which; /* NULL: all that are interrupted */
};

/* ---- what to resume -------------------------------------------------------------------------------------------------
 */

static bool add(resume_job *job, const index_entry *e)
{
	const char *path = tr_as_cstr(tr_map_get_s(e->playbook, "path"), NULL);
	if (path == NULL)
		path = tr_as_cstr(tr_map_get_s(e->playbook, "name"), "?");
	resume_one *more = tr_realloc(job->all, (job->count + 1) * sizeof *more);
	if (more == NULL)
		return false;
	job->all = more;
	job->all[job->count++] = (resume_one){.id = e->id,
					      .playbook = tr_string_lossy(path, strlen(path)),
					      .unpause = index_held(e),
					      .parent = tr_as_int(tr_map_get_s(e->parent, "execution_id"), 0),
					      .summary = tr_absent()};
	return true;
}

/* The index knows that it ended; its log may have lost that since. */
static void say_over(const char *data, const index_entry *e)
{
	tr_buf notes = {0};
	tr_drop(store_read_execution(data, e->id, &notes));
	fprintf(stderr, "troupe resume: execution %" PRId64 " is over (%s)", e->id, e->status);
	if (notes.n > 0)
		fprintf(stderr, ", but its log is damaged; 'troupe store repair' keeps what is good of it\n%.*s",
			TR_STR(tr_buf_str(&notes)));
	else
		fputs("\n", stderr);
	tr_buf_fini(&notes);
}

/* What has ended is not resumed; but its log may have lost that, and then it should be mended before it is needed. Of
 * a node that runs, some logs are still to be written. */
static bool lost_its_end(const struct resume_options *o, const index_entry *e, bool here)
{
	return here && o->which == NULL && e->finished && !e->packed && tr_is_valid(e->folder) &&
	       !log_has_end(o->node.data, tr_as_cstr(e->folder, ""), e->id);
}

/* EXIT_OK, or what to end with. `here`: this process owns the folder. */
static int choose(const struct resume_options *o, resume_job *job, bool here)
{
	int64_t id = 0;
	if (o->which != NULL && !pick_execution("resume", o->node.data, o->which, &id))
		return pick_failed(o->which);
	index_table t = {0};
	tr_buf notes = {0};
	int code = index_load(&t, o->node.data, false, &notes) == TR_OK ? EXIT_OK : EXIT_FAILED;
	size_t paused = 0, damaged = 0;
	for (size_t i = 0; code == EXIT_OK && i < t.count; i++) {
		const index_entry *e = &t.entries[i];
		if (lost_its_end(o, e, here))
			fprintf(stderr,
				"execution %" PRId64 " is over (%s), but its log has lost its end; 'troupe store "
				"repair' keeps what is good of it\n",
				e->id, e->status);
		if (o->which != NULL ? e->id != id : e->finished)
			continue;
		if (e->finished) {
			say_over(o->node.data, e);
			code = EXIT_FAILED;
		} else if (o->which == NULL && index_damaged(e)) {
			damaged++;
		} else if (o->which == NULL && index_held(e)) {
			paused++;
		} else if (!add(job, e)) {
			code = EXIT_FAILED;
		}
	}
	if (paused > 0)
		fprintf(stderr, "%zu paused execution%s left alone; 'troupe resume EXECUTION' lets one go on\n", paused,
			paused == 1 ? " is" : "s are");
	if (damaged > 0)
		fprintf(stderr,
			"%zu execution%s lost a part of the log and %s left alone; 'troupe resume EXECUTION' does "
			"again what the log does not know any more\n",
			damaged, damaged == 1 ? " has" : "s have", damaged == 1 ? "is" : "are");
	fprintf(stderr, "%.*s", TR_STR(tr_buf_str(&notes)));
	tr_buf_fini(&notes);
	index_fini(&t);
	return code;
}

/* ---- the end --------------------------------------------------------------------------------------------------------
 */

static int finish_one(const struct resume_options *o, const resume_one *one, bool interrupted)
{
	if (one->over) {
		fprintf(stderr, "execution %" PRId64 " ended while its parent went on\n", one->id);
		return EXIT_OK;
	}
	if (!tr_is_valid(one->summary)) {
		fprintf(stderr, "troupe resume: execution %" PRId64 ": %s\n", one->id,
			one->problem[0] != '\0' ? one->problem : "it did not end; it can be resumed again");
		return interrupted ? EXIT_INTERRUPTED : one->lost ? EXIT_LOST : EXIT_FAILED;
	}
	tr_value object = report_object(one->id, tr_as_cstr(one->playbook, "?"), one->summary);
	int code = report_exit_code(object, false);
	if (o->json) {
		tr_buf text = {0};
		if (tr_json_write(&text, object, TR_JSON_COMPACT) == TR_OK)
			printf("%s\n", text.p);
		tr_buf_fini(&text);
	} else if (o->which != NULL) {
		report_print(stdout, stderr, object);
	} else {
		printf("%" PRId64 " %s\n", one->id, tr_as_cstr(tr_map_get_s(object, "status"), "unknown"));
	}
	tr_drop(object);
	return code;
}

static int finish(const struct resume_options *o, const resume_job *job)
{
	int code = EXIT_OK;
	for (size_t i = 0; i < job->count; i++) {
		int one = finish_one(o, &job->all[i], job->interrupted);
		code = code == EXIT_OK ? one : code;
	}
	if (job->count == 0)
		fputs("there is nothing to resume\n", stderr);
	return job->interrupted ? EXIT_INTERRUPTED : code;
}

static int resume_here(const struct resume_options *o, resume_job *job)
{
	char why[600];
	style s = style_of(stderr);
	assemble_options assemble = node_options_assemble(&o->node);
	assemble.log = resumer_log;
	assemble.log_arg = &s;
	assemble.mode = "resume";
	ending_watch("resume");
	tr_node *node = assemble_embedded(&assemble, why, sizeof why);
	if (node == NULL)
		ending_over();
	if (node == NULL && owner_is_again(why)) {
		(void)snprintf(job->again, sizeof job->again, "%.290s", why);
		return EXIT_BUSY;
	}
	if (node == NULL) {
		fprintf(stderr, "troupe resume: %s\n", why);
		return EXIT_INVALID;
	}
	int code = choose(o, job, true);
	/* With nothing to resume, too: others may have found this process by now. */
	resume_job none = {0};
	tr_err err = resumer_run(node, code == EXIT_OK ? job : &none);
	if (err != TR_OK) {
		fprintf(stderr, "troupe resume: %s\n", tr_err_text(err));
		code = EXIT_FAILED;
	}
	bool whole = assemble_stop(&node);
	ending_over();
	if (code == EXIT_OK)
		code = finish(o, job);
	if (!whole)
		command_leave("resume", code);
	return code;
}

static int resume_there(const struct resume_options *o, remote *r, resume_job *job)
{
	if (o->node.own != NULL)
		return usage_error("resume",
				   "another process owns %s and performs it; %s is given where that is started",
				   o->node.data, o->node.own);
	int code = choose(o, job, false);
	if (code != EXIT_OK)
		return code;
	resumer_ask(r, job, !o->detach);
	if (job->again[0] != '\0')
		return EXIT_BUSY;
	if (!o->detach)
		return finish(o, job);
	for (size_t i = 0; i < job->count; i++) {
		if (job->all[i].problem[0] != '\0')
			code = finish_one(o, &job->all[i], false);
		else if (o->json)
			printf("{\"execution_id\":\"%" PRId64 "\"}\n", job->all[i].id);
		else
			printf("%" PRId64 "\n", job->all[i].id);
	}
	return code;
}

static int attempt(const struct resume_options *o, owner_patience *waiting)
{
	char why[400];
	remote *r;
	resume_job job = {.quiet = o->which == NULL || o->json};
	int code = EXIT_INVALID;
	switch (owner_find(o->node.data, &r, why, sizeof why)) {
	case OWNER_REMOTE:
		code = resume_there(o, r, &job);
		break;
	case OWNER_NONE:
		code = o->detach ? usage_error("resume", "--detach needs a node; 'troupe node' resumes all by itself")
				 : resume_here(o, &job);
		break;
	case OWNER_MUTE:
		fprintf(stderr, "troupe resume: %s\n", why);
		break;
	}
	remote_close(&r);
	for (size_t i = 0; i < job.count; i++) {
		tr_drop(job.all[i].playbook);
		tr_drop(job.all[i].summary);
	}
	tr_free(job.all);
	return code != EXIT_BUSY || owner_again(waiting, "resume", job.again) ? code : EXIT_FAILED;
}

static int perform(const struct resume_options *o)
{
	owner_patience waiting = {0};
	int code;
	do {
		code = attempt(o, &waiting);
	} while (code == EXIT_BUSY);
	return code;
}

static int resume_run(int argc, char **argv)
{
	static const struct option options[] = {
	    NODE_OPTION_ROWS, {"json", no_argument, NULL, 'j'}, {"detach", no_argument, NULL, 'b'}, {NULL, 0, NULL, 0}};
	struct resume_options o = {0};
	int code = node_options_init(&o.node, "resume") ? EXIT_OK : EXIT_INVALID;
	for (int c; code == EXIT_OK && (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		code = node_options_take(&o.node, "resume", c, optarg);
		if (code == -1) {
			o.json = o.json || c == 'j';
			o.detach = o.detach || c == 'b';
			code = c == 'j' || c == 'b' ? EXIT_OK : EXIT_INVALID;
		}
	}
	if (code == EXIT_OK && argc - optind > 1)
		code = usage_error("resume", "one execution at a time, or none for all");
	o.which = argc - optind == 1 ? argv[optind] : NULL;
	if (code == EXIT_OK && !node_options_ready(&o.node, "resume"))
		code = EXIT_INVALID;
	if (code == EXIT_OK && !data_folder_there("resume", o.node.data))
		code = EXIT_FAILED;
	if (code == EXIT_OK)
		code = perform(&o);
	node_options_fini(&o.node);
	return code;
}

const command command_resume = {
    .name = "resume",
    .arguments = "[EXECUTION] [options]",
    .summary = "Take up executions that were interrupted, and see them to their end",
    .help = PICK_HELP
    "Without EXECUTION: all that have not ended and are neither paused nor damaged. A paused or damaged one that is "
    "named goes on.\n\n"
    "  --detach             only tell the node that owns the data folder to do it\n"
    "  --json               one JSON object an execution, as 'troupe run --json'\n" NODE_OPTION_HELP
    "\nDone in this process, or by the node that owns the data folder. Exit status: 0 when all ended well, 1 when one "
    "failed,\n"
    "3 when the node that performs them is gone, 130 interrupted (a signal leaves them resumable).\n",
    .run = resume_run,
};
