/* SPDX-License-Identifier: Apache-2.0 */
/* troupe store: looking after a data folder. */
#include "cli/command.h"

#include "actors/protocol.h"
#include "actors/store/compact.h"
#include "actors/store/export.h"
#include "actors/store/repair.h"
#include "actors/store/verify.h"
#include "cli/data_folder.h"
#include "cli/duration.h"
#include "cli/escape.h"
#include "cli/owner.h"
#include "cli/pick.h"
#include "cli/retention.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <troupe/codec.h>

struct store_options {
	pick_options pick;
	compact_policy policy;
	const char *file; /* of the stream; NULL: standard input or output */
	int argc;
	char **argv; /* behind the folder */
};

typedef struct store_verb {
	const char *name;
	int (*run)(struct store_options *o);
} store_verb;

static int fail(const char *verb, const char *why)
{
	char safe[700];
	fprintf(stderr, "troupe store %s: %s\n", verb, escape_into(safe, sizeof safe, tr_s(why)));
	return EXIT_FAILED;
}

/* Takes v. */
static void print_json(tr_value v)
{
	tr_buf line = {0};
	if (tr_json_write(&line, v, TR_JSON_COMPACT) == TR_OK)
		printf("%s\n", line.p);
	tr_buf_fini(&line);
	tr_drop(v);
}

/* ---- verify ---------------------------------------------------------------------------------------------------------
 */

static void print_problems(const verify_result *r)
{
	for (size_t i = 0; i < tr_array_len(r->list); i++) {
		tr_value p = tr_array_at(r->list, i);
		tr_buf line = {0};
		escape_value(&line, tr_map_get_s(p, "file"), 600);
		tr_buf_puts(&line, ": ");
		escape_value(&line, tr_map_get_s(p, "problem"), 600);
		printf("%.*s\n", TR_STR(tr_buf_str(&line)));
		tr_buf_fini(&line);
	}
	if (r->problems > tr_array_len(r->list))
		printf("… and %" PRIu64 " more problems\n", r->problems - tr_array_len(r->list));
}

static void print_leftovers(const verify_result *r)
{
	for (size_t i = 0; i < tr_array_len(r->left); i++) {
		tr_buf line = {0};
		escape_value(&line, tr_array_at(r->left, i), 600);
		printf("%.*s: left of a write that a crash ended; it only takes room\n", TR_STR(tr_buf_str(&line)));
		tr_buf_fini(&line);
	}
	if (r->leftovers > 0)
		printf("%" PRIu64
		       " leftovers, no problem: who owns the folder next removes them, 'troupe store repair' "
		       "all at once\n",
		       r->leftovers);
}

static int run_verify(struct store_options *o)
{
	verify_result r;
	long owner = layout_lock_owner(o->pick.data);
	tr_err err = verify_store(o->pick.data, &r);
	if (err != TR_OK) {
		char why[700];
		(void)snprintf(why, sizeof why, "%.500s: %s", o->pick.data,
			       err == TR_ENOENT ? "there is no data folder" : tr_err_text(err));
		verify_fini(&r);
		return fail("verify", why);
	}
	if (o->pick.json) {
		print_json(TR_DICT("executions", tr_int((int64_t)r.executions), "events", tr_int((int64_t)r.events),
				   "artifacts", tr_int((int64_t)r.artifacts), "playbooks", tr_int((int64_t)r.playbooks),
				   "leftover_count", tr_int((int64_t)r.leftovers), "leftovers", tr_keep(r.left),
				   "problem_count", tr_int((int64_t)r.problems), "problems", tr_keep(r.list)));
	} else {
		print_problems(&r);
		print_leftovers(&r);
		printf("%" PRIu64 " executions, %" PRIu64 " events, %" PRIu64 " artifacts, %" PRIu64 " playbooks: ",
		       r.executions, r.events, r.artifacts, r.playbooks);
		if (r.problems == 0)
			puts("all good");
		else
			printf("%" PRIu64 " problems; 'troupe store repair' keeps what is good\n", r.problems);
	}
	if (r.problems > 0 && owner != 0)
		fprintf(stderr, "process %ld is writing there: what it has not finished may look torn\n", owner);
	int code = r.problems == 0 ? EXIT_OK : EXIT_FAILED;
	verify_fini(&r);
	return code;
}

/* ---- repair ---------------------------------------------------------------------------------------------------------
 */

static int run_repair(struct store_options *o)
{
	tr_buf report = {0};
	repair_result r;
	file_store_error error;
	if (!repair_store(o->pick.data, &disk_real, &report, &r, &error)) {
		fprintf(stderr, "%.*s", TR_STR(tr_buf_str(&report)));
		tr_buf_fini(&report);
		return fail("repair", error.text);
	}
	fprintf(stderr, "%.*s", TR_STR(tr_buf_str(&report)));
	tr_buf_fini(&report);
	verify_result left;
	if (verify_store(o->pick.data, &left) != TR_OK)
		r.failed++;
	if (o->pick.json)
		print_json(TR_DICT("logs", tr_int((int64_t)r.logs), "artifacts", tr_int((int64_t)r.artifacts),
				   "leftovers", tr_int((int64_t)r.leftovers), "snapshots", tr_int((int64_t)r.snapshots),
				   "holders", tr_int((int64_t)r.holders), "removed", tr_int((int64_t)r.removed),
				   "failed", tr_int((int64_t)r.failed), "problem_count", tr_int((int64_t)left.problems),
				   "problems", tr_keep(left.list)));
	else
		printf("%" PRIu64 " logs mended, %" PRIu64 " executions removed, %" PRIu64
		       " artifacts put aside, %" PRIu64 " leftovers removed, %" PRIu64
		       " failed; the index is made anew\n",
		       r.logs, r.removed, r.artifacts, r.leftovers, r.failed);
	if (!o->pick.json && left.problems > 0) {
		printf("%" PRIu64 " problems are left, which only a backup can mend:\n", left.problems);
		print_problems(&left);
	}
	int code = r.failed == 0 && left.problems == 0 ? EXIT_OK : EXIT_FAILED;
	verify_fini(&left);
	return code;
}

/* ---- compact --------------------------------------------------------------------------------------------------------
 */

static int print_compacted(const struct store_options *o, tr_value v)
{
	int64_t failed = tr_as_int(tr_map_get_s(v, "failed"), 0);
	if (o->pick.json) {
		print_json(tr_keep(v));
	} else {
		printf("%" PRId64 " executions packed (%" PRId64 " bytes became %" PRId64 "), %" PRId64
		       " removed (%" PRId64 " bytes), %" PRId64 " artifacts removed\n",
		       tr_as_int(tr_map_get_s(v, "packed"), 0), tr_as_int(tr_map_get_s(v, "bytes_before"), 0),
		       tr_as_int(tr_map_get_s(v, "bytes_after"), 0), tr_as_int(tr_map_get_s(v, "removed"), 0),
		       tr_as_int(tr_map_get_s(v, "bytes_removed"), 0), tr_as_int(tr_map_get_s(v, "artifacts"), 0));
	}
	return failed == 0 ? EXIT_OK : EXIT_FAILED;
}

static int compact_there(const struct store_options *o, remote *r)
{
	char why[400];
	tr_value answer;
	if (!remote_call(r, SUBJECT_STORE, TR_LIST(tr_string("compact"), compact_policy_value(&o->policy)), 600000,
			 &answer, why, sizeof why))
		return fail("compact", why);
	int code = print_compacted(o, tr_array_at(answer, 1));
	tr_drop(answer);
	return code;
}

static int compact_here(struct store_options *o)
{
	tr_buf report = {0};
	file_store_error error;
	compact_result result;
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	o->policy.now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	o->policy.artifacts = true;
	file_store *s = file_store_open(o->pick.data, &disk_real, &report, &error);
	tr_err err = s == NULL ? error.err : compact_store(o->pick.data, &disk_real, &o->policy, &report, &result);
	fprintf(stderr, "%.*s", TR_STR(tr_buf_str(&report)));
	tr_buf_fini(&report);
	file_store_close(&s);
	if (err != TR_OK)
		return fail("compact", error.text[0] != '\0' ? error.text : tr_err_text(err));
	tr_value v = compact_result_value(&result);
	int code = print_compacted(o, v);
	tr_drop(v);
	return code;
}

static int run_compact(struct store_options *o)
{
	char why[400];
	remote *r;
	int code = EXIT_FAILED;
	o->policy.pack = true;
	switch (owner_find(o->pick.data, &r, why, sizeof why)) {
	case OWNER_REMOTE:
		code = compact_there(o, r);
		break;
	case OWNER_NONE:
		code = compact_here(o);
		break;
	case OWNER_MUTE:
		code = fail("compact", why);
		break;
	}
	remote_close(&r);
	return code;
}

/* ---- export and import ----------------------------------------------------------------------------------------------
 */

/* So that reading does not meet a long journal again and again. */
static void shorten_journal(const char *data)
{
	char why[400];
	remote *r;
	tr_value answer = tr_absent();
	owner_kind owner = owner_find(data, &r, why, sizeof why);
	if (owner == OWNER_REMOTE) {
		(void)remote_call(r, SUBJECT_STORE, TR_LIST(tr_string("checkpoint")), 60000, &answer, why, sizeof why);
	} else if (owner == OWNER_NONE) {
		file_store_error error;
		tr_buf report = {0};
		file_store *s = file_store_open(data, &disk_real, &report, &error);
		fprintf(stderr, "%.*s", TR_STR(tr_buf_str(&report)));
		tr_buf_fini(&report);
		file_store_close(&s);
	}
	tr_drop(answer);
	remote_close(&r);
}

static int print_counts(const struct store_options *o, const char *done, const export_counts *n)
{
	FILE *out = strcmp(done, "exported") == 0 ? stderr : stdout;
	if (o->pick.json && out == stdout)
		print_json(TR_DICT("executions", tr_int((int64_t)n->executions), "events", tr_int((int64_t)n->events),
				   "artifacts", tr_int((int64_t)n->artifacts), "playbooks",
				   tr_int((int64_t)n->playbooks), "skipped", tr_int((int64_t)n->skipped), "failed",
				   tr_int((int64_t)n->failed)));
	else
		fprintf(out,
			"%" PRIu64 " executions with %" PRIu64 " events, %" PRIu64 " artifacts, %" PRIu64
			" playbooks %s; %" PRIu64 " skipped, %" PRIu64 " failed\n",
			n->executions, n->events, n->artifacts, n->playbooks, done, n->skipped, n->failed);
	return n->failed == 0 ? EXIT_OK : EXIT_FAILED;
}

static int run_export(struct store_options *o)
{
	int64_t *ids = o->argc > 0 ? tr_alloc((size_t)o->argc * sizeof *ids) : NULL;
	export_counts counts;
	tr_buf report = {0};
	int code = EXIT_OK;
	for (int i = 0; i < o->argc && code == EXIT_OK; i++)
		if (ids == NULL || !pick_execution("store export", o->pick.data, o->argv[i], &ids[i]))
			code = EXIT_FAILED;
	FILE *out = code == EXIT_OK && o->file != NULL ? fopen(o->file, "wb") : stdout;
	if (out == NULL)
		code = fail("export", strerror(errno));
	if (code == EXIT_OK) {
		shorten_journal(o->pick.data);
		tr_err err = export_store(o->pick.data, ids, (size_t)o->argc, out, &report, &counts);
		if (out != stdout && fclose(out) != 0)
			err = TR_EIO;
		fprintf(stderr, "%.*s", TR_STR(tr_buf_str(&report)));
		code = err != TR_OK ? fail("export", err == TR_EIO ? "the stream cannot be written" : tr_err_text(err))
				    : print_counts(o, "exported", &counts);
	}
	tr_buf_fini(&report);
	tr_free(ids);
	return code;
}

static int import_failed(const struct store_options *o, tr_err err, uint64_t line, const tr_buf *report, int os_error)
{
	const char *name = o->file != NULL ? o->file : "standard input";
	if (err == TR_EINVAL)
		fprintf(stderr, "troupe store import: %s is no export: %.*s", name, TR_STR(tr_buf_str(report)));
	else if (err == TR_EIO && line == 0)
		fprintf(stderr, "troupe store import: %s cannot be read: %s\n", name, strerror(os_error));
	else
		fprintf(stderr, "troupe store import: line %" PRIu64 ": %s; what is before it is imported\n", line,
			err == TR_ECORRUPT ? "the stream is damaged or not whole" : tr_err_text(err));
	return EXIT_FAILED;
}

static int import_from(struct store_options *o, FILE *in)
{
	tr_buf report = {0}, said = {0};
	file_store_error error;
	export_counts counts;
	uint64_t line = 0;
	file_store *s = file_store_open(o->pick.data, &disk_real, &report, &error);
	fprintf(stderr, "%.*s", TR_STR(tr_buf_str(&report)));
	tr_buf_fini(&report);
	if (s == NULL)
		return fail("import", error.text);
	errno = 0;
	tr_err err = import_store(s, &disk_real, in, &said, &counts, &line);
	int os_error = errno;
	file_store_close(&s);
	bool begun = err != TR_EINVAL && (err == TR_OK || line > 0);
	int code = EXIT_OK;
	if (begun) {
		fprintf(stderr, "%.*s", TR_STR(tr_buf_str(&said)));
		code = print_counts(o, "imported", &counts);
	}
	if (err != TR_OK)
		code = import_failed(o, err, line, &said, os_error);
	tr_buf_fini(&said);
	return code;
}

static int run_import(struct store_options *o)
{
	char why[300];
	if (o->argc > 0)
		return usage_error("store", "import takes one folder; the stream comes from --file or standard input");
	FILE *in = o->file != NULL ? fopen(o->file, "rb") : stdin;
	if (in == NULL) {
		(void)snprintf(why, sizeof why, "%.200s: %s", o->file, strerror(errno));
		return fail("import", why);
	}
	int code = import_from(o, in);
	if (in != stdin)
		fclose(in);
	return code;
}

/* ---- the command ----------------------------------------------------------------------------------------------------
 */

static const store_verb verbs[] = {{"verify", run_verify},
				   {"repair", run_repair},
				   {"compact", run_compact},
				   {"export", run_export},
				   {"import", run_import}};

static const store_verb *find_verb(const char *name)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static int take(struct store_options *o, const store_verb *v, int c)
{
	bool compacts = v->run == run_compact, streams = v->run == run_export || v->run == run_import;
	int code = pick_take(&o->pick, "store", c, optarg);
	if (code != -1)
		return code;
	if (c == 'k' && compacts)
		return retention_take("store", optarg, &o->policy);
	if (c == 'o' && compacts)
		return duration_parse(optarg, &o->policy.pack_older_us)
			   ? EXIT_OK
			   : usage_error("store", "--older takes a duration (90s, 15m, 2h, 3d), not '%s'", optarg);
	if (c == 'f' && streams) {
		o->file = strcmp(optarg, "-") == 0 ? NULL : optarg;
		return EXIT_OK;
	}
	return c == '?' ? EXIT_INVALID : usage_error("store", "that option is not for %s", v->name);
}

static int store_run(int argc, char **argv)
{
	static const struct option options[] = {PICK_OPTION_ROWS,
						{"keep", required_argument, NULL, 'k'},
						{"older", required_argument, NULL, 'o'},
						{"file", required_argument, NULL, 'f'},
						{NULL, 0, NULL, 0}};
	struct store_options o = {0};
	const store_verb *v = argc > 1 ? find_verb(argv[1]) : NULL;
	if (v == NULL)
		return usage_error("store", "what is to be done? verify, repair, compact, export or import");
	int code = pick_init(&o.pick, "store");
	argv[1] = argv[0];
	argc--;
	argv++;
	for (int c; code == EXIT_OK && (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
		code = take(&o, v, c);
	if (code == EXIT_OK && optind < argc)
		code = pick_take(&o.pick, "store", 'd', argv[optind++]);
	o.argc = argc - optind;
	o.argv = argv + optind;
	if (code == EXIT_OK && o.argc > 0 && v->run != run_export)
		code = usage_error("store", "'%s' is too much", o.argv[0]);
	char name[40];
	(void)snprintf(name, sizeof name, "store %s", v->name);
	if (code == EXIT_OK && v->run != run_import && !data_folder_there(name, o.pick.data))
		code = EXIT_FAILED;
	return code == EXIT_OK ? v->run(&o) : code;
}

const command command_store = {
    .name = "store",
    .arguments = "verify|repair|compact|export|import [DIR] [options]",
    .summary = "Look after a data folder",
    .help =
	"  verify               check journal, logs, index, artifacts and playbooks against each other; exit status 1 "
	"when\n"
	"                       anything is wrong. Changes nothing\n"
	"  repair               keep what is good, put aside what is not (FILE.damaged), make the index anew\n"
	"  compact              pack finished executions into one zstd file each, which all commands still read, and "
	"remove\n"
	"                       artifacts that nobody refers to (not while a node runs)\n"
	"      --older AGE      only what ended so long ago (15m, 2h, 3d)\n"
	"      --keep AGE|N     remove finished executions that ended longer ago, or beyond the N newest\n"
	"                       (sub-playbooks stay and go with what called them). May be repeated\n"
	"  export [DIR EXECUTION…]  write executions (all when none is named), their playbooks and artifacts as JSON "
	"lines\n"
	"  import               read such a stream; what is there already is skipped, another execution of the same id "
	"refused\n"
	"      --file FILE      instead of standard output or input\n"
	"  --json               counts as a JSON object\n" PICK_DATA_HELP
	"\nverify and export work beside a running node; compact asks it to do it; repair and import need the folder "
	"for "
	"themselves\n"
	"and say whose it is.\n",
    .run = store_run,
};
