/* SPDX-License-Identifier: Apache-2.0 */
/* troupe executions: what is, and was, performed in a data folder. */
#include "cli/command.h"

#include "actors/event/event.h"
#include "cli/data_folder.h"
#include "cli/duration.h"
#include "cli/escape.h"
#include "cli/performed.h"
#include "cli/pick.h"
#include "cli/style.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <troupe/codec.h>

struct query {
	pick_options pick;
	const char *status, *playbook;
	int64_t since_us;
	uint64_t limit; /* 0: all */
	bool top;       /* no children */
};

/* ---- filters --------------------------------------------------------------------------------------------------------
 */

/* "failed,partial" */
static bool listed(const char *list, const char *word)
{
	size_t n = strlen(word);
	for (const char *at = list; (at = strstr(at, word)) != NULL; at += n)
		if ((at == list || at[-1] == ',') && (at[n] == '\0' || at[n] == ','))
			return true;
	return false;
}

static const char *playbook_of(const index_entry *e)
{
	const char *path = tr_as_cstr(tr_map_get_s(e->playbook, "path"), NULL);
	return path != NULL ? path : tr_as_cstr(tr_map_get_s(e->playbook, "name"), "");
}

static const char statuses[] = "running,paused,interrupted,damaged,success,failed,partial,cancelled,stalled,unknown";

/* Is each word of the list a status? */
static bool statuses_good(const char *list)
{
	char word[16];
	for (const char *at = list;; at++) {
		size_t n = strcspn(at, ",");
		if (n == 0 || n >= sizeof word)
			return false;
		(void)snprintf(word, sizeof word, "%.*s", (int)n, at);
		if (!listed(statuses, word))
			return false;
		at += n;
		if (*at == '\0')
			return true;
	}
}

static bool wanted(const struct query *q, const index_entry *e, const char *status)
{
	const char *name = tr_as_cstr(tr_map_get_s(e->playbook, "name"), "");
	if (q->top && tr_is(e->parent, TR_MAP))
		return false;
	if (q->status != NULL && !listed(q->status, status))
		return false;
	if (q->playbook != NULL && fnmatch(q->playbook, playbook_of(e), 0) != 0 && fnmatch(q->playbook, name, 0) != 0)
		return false;
	return e->started_us >= q->since_us;
}

/* ---- output ---------------------------------------------------------------------------------------------------------
 */

/* With its id as text, as all ids are. */
static tr_value parent_json(const index_entry *e)
{
	tr_value id = tr_map_get_s(e->parent, "execution_id");
	if (!tr_is(id, TR_INT))
		return tr_is_valid(e->parent) ? tr_keep(e->parent) : tr_nil();
	return tr_map_put_s(tr_keep(e->parent), "execution_id", tr_stringf("%" PRId64, tr_as_int(id, 0)));
}

static void print_json(const index_entry *e, const char *status)
{
	tr_buf line = {0};
	tr_value ended = e->finished ? event_time_text(e->ended_us) : tr_nil();
	tr_value v = TR_DICT(
	    "execution_id", tr_stringf("%" PRId64, e->id), "playbook", tr_string(playbook_of(e)), "name",
	    tr_string(tr_as_cstr(tr_map_get_s(e->playbook, "name"), "")), "status", tr_string(status), "started_at",
	    event_time_text(e->started_us), "ended_at", ended, "duration_ms",
	    e->finished ? tr_float((double)(e->ended_us - e->started_us) / 1000.0) : tr_nil(), "events",
	    e->finished ? tr_int((int64_t)e->seq) : tr_nil(), "parent", parent_json(e), "packed", tr_bool(e->packed));
	if (tr_json_write(&line, v, TR_JSON_COMPACT) == TR_OK)
		printf("%s\n", line.p);
	tr_drop(v);
	tr_buf_fini(&line);
}

static const char *tint(const style *s, const char *status)
{
	if (strcmp(status, "success") == 0)
		return style_green(s);
	if (strcmp(status, "running") == 0 || strcmp(status, "paused") == 0 || strcmp(status, "interrupted") == 0)
		return style_yellow(s);
	return style_red(s);
}

static void print_text(const index_entry *e, const char *status, const style *s)
{
	char name[120], took[32] = "", started[40] = "";
	time_t seconds = (time_t)(e->started_us / 1000000);
	struct tm tm;
	if (localtime_r(&seconds, &tm) != NULL)
		(void)strftime(started, sizeof started, "%Y-%m-%d %H:%M:%S", &tm);
	if (e->finished)
		(void)duration_text(took, sizeof took, e->ended_us - e->started_us);
	printf("%-19" PRId64 "  %s%-11s%s  %s  %-12s  %s\n", e->id, tint(s, status), status, style_off(s), started,
	       took, escape_into(name, sizeof name, tr_s(playbook_of(e))));
}

static int list(const struct query *q)
{
	index_table t = {0};
	tr_buf notes = {0};
	style s = style_of(stdout);
	performed now = performed_look(q->pick.data);
	tr_err err = index_load(&t, q->pick.data, false, &notes);
	uint64_t shown = 0, left_out = 0;
	for (size_t i = t.count; i-- > 0;) {
		const char *status = performed_status(&now, &t.entries[i]);
		if (!wanted(q, &t.entries[i], status))
			continue;
		if (q->limit != 0 && shown == q->limit) {
			left_out++;
			continue;
		}
		if (shown++ == 0 && !q->pick.json && s.terminal)
			printf("%s%-19s  %-11s  %-19s  %-12s  %s%s\n", style_dim(&s), "execution", "status", "started",
			       "took", "playbook", style_off(&s));
		if (q->pick.json)
			print_json(&t.entries[i], status);
		else
			print_text(&t.entries[i], status, &s);
	}
	(void)fflush(stdout);
	if (left_out > 0)
		fprintf(stderr, "%" PRIu64 " older ones are not shown; --limit 0 shows all\n", left_out);
	fprintf(stderr, "%.*s", TR_STR(tr_buf_str(&notes)));
	if (err != TR_OK)
		fprintf(stderr, "troupe executions: %s: %s\n", q->pick.data, tr_err_text(err));
	performed_fini(&now);
	tr_buf_fini(&notes);
	index_fini(&t);
	return err == TR_OK ? EXIT_OK : EXIT_FAILED;
}

static int take(struct query *q, int c)
{
	char *end = NULL;
	int code = pick_take(&q->pick, "executions", c, optarg);
	if (code != -1)
		return code;
	switch (c) {
	case 's':
		q->status = optarg;
		if (!statuses_good(optarg))
			return usage_error("executions", "--status takes some of %s, with commas between, not '%s'",
					   statuses, optarg);
		return EXIT_OK;
	case 'p':
		q->playbook = optarg;
		return EXIT_OK;
	case 'S':
		if (!since_parse(optarg, &q->since_us))
			return usage_error("executions",
					   "--since takes a duration (90s, 15m, 2h, 3d) or a time (2026-11-22, "
					   "2026-11-22T03:00:00Z), not '%s'",
					   optarg);
		return EXIT_OK;
	case 't':
		q->top = true;
		return EXIT_OK;
	case 'l':
		errno = 0;
		q->limit = strtoull(optarg, &end, 10);
		if (*optarg < '0' || *optarg > '9' || *end != '\0' || errno != 0)
			return usage_error("executions", "--limit takes a number, not '%s'", optarg);
		return EXIT_OK;
	default:
		return EXIT_INVALID;
	}
}

static int executions_run(int argc, char **argv)
{
	static const struct option options[] = {PICK_OPTION_ROWS,
						{"status", required_argument, NULL, 's'},
						{"playbook", required_argument, NULL, 'p'},
						{"since", required_argument, NULL, 'S'},
						{"limit", required_argument, NULL, 'l'},
						{"top", no_argument, NULL, 't'},
						{NULL, 0, NULL, 0}};
	struct query q = {.limit = 100};
	int code = pick_init(&q.pick, "executions");
	for (int c; code == EXIT_OK && (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
		code = take(&q, c);
	if (code == EXIT_OK && optind != argc)
		code = usage_error("executions", "'%s' is too much", argv[optind]);
	if (code == EXIT_OK && !data_folder_there("executions", q.pick.data))
		code = EXIT_FAILED;
	return code == EXIT_OK ? list(&q) : code;
}

const command command_executions = {
    .name = "executions",
    .arguments = "[options]",
    .summary = "List the executions of a data folder, newest first",
    .help =
	"  --status S[,S…]      only these: running, paused, interrupted, damaged, success, failed, partial, "
	"cancelled,\n"
	"                       stalled, unknown\n"
	"  --playbook PATTERN   only of playbooks with this path or name; * and ? match any\n"
	"  --since WHEN         only what started since: 90s, 15m, 2h, 3d ago, or 2026-11-22, 2026-11-22T03:00:00Z\n"
	"  --top                without sub-playbooks: only what somebody started\n"
	"  --limit N            at most so many (default 100, 0: all)\n"
	"  --json               one JSON object a line\n" PICK_DATA_HELP
	"\nReads the index, not the logs; works while another process writes to the folder. 'interrupted' is what "
	"has not\n"
	"ended and nobody performs: 'troupe resume' takes it up; 'damaged' what has lost a part of its log: only "
	"'troupe resume\n"
	"EXECUTION' takes it up.\n",
    .run = executions_run,
};
