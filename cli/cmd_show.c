/* SPDX-License-Identifier: Apache-2.0 */
/* troupe show: the course of an execution. */
#include "cli/command.h"

#include "runtime/time/clock.h"
#include "cli/data_folder.h"
#include "cli/escape.h"
#include "cli/fault_text.h"
#include "cli/past.h"
#include "cli/performed.h"
#include "cli/pick.h"
#include "cli/report.h"
#include "cli/style.h"
#include "cli/timeline.h"
#include "cli/waiting.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/codec.h>

#define NAME_COLUMNS 26
#define BAR_MIN      10
#define BAR_MAX      60

struct show_options {
	pick_options pick;
	uint64_t limit;
	bool tasks;
};

/* What is shown: the course, and what is not in it. */
struct shown {
	const timeline *t;
	int64_t id;
	const char *data;
	bool performed;   /* somebody works on it now */
	bool damaged;     /* a part of the log cannot be read */
	tr_value waiting; /* what its tokens wait for */
};

/* ---- JSON -----------------------------------------------------------------------------------------------------------
 */

static tr_value offset_ms(const timeline *t, int64_t us)
{
	return us == 0 ? tr_nil() : tr_float((double)(us - t->started_us) / 1000.0);
}

static tr_value or_nil(tr_value v)
{
	return tr_is_valid(v) ? tr_keep(v) : tr_nil();
}

static tr_value tasks_json(const timeline *t, const timeline_run *r)
{
	tr_value out = tr_array();
	for (size_t i = 0; i < r->task_count; i++) {
		const timeline_task *k = &r->tasks[i];
		out = tr_array_push(
		    out, TR_DICT("label", or_nil(k->label), "kind", or_nil(k->kind), "runs", tr_int((int64_t)k->runs),
				 "retries", tr_int((int64_t)k->retries), "failed", tr_int((int64_t)k->failed),
				 "started_ms", offset_ms(t, k->start_us), "ended_ms", offset_ms(t, k->end_us),
				 "busy_ms", tr_float((double)k->busy_us / 1000.0), "error", or_nil(k->error)));
	}
	return out;
}

/* A step run that nobody works on any more. */
static const char *run_status(const struct shown *w, const timeline_run *r)
{
	return !w->t->finished && !w->performed && strcmp(r->status, "running") == 0 ? "interrupted" : r->status;
}

static tr_value run_json(const struct shown *w, const timeline_run *r)
{
	const timeline *t = w->t;
	tr_value loop = r->total < 0
			    ? tr_nil()
			    : TR_DICT("total", tr_int(r->total), "done", tr_int(r->done), "failed", tr_int(r->failed));
	return TR_DICT(
	    "step_run_id", tr_int((int64_t)r->id), "step", or_nil(r->step), "status", tr_string(run_status(w, r)),
	    "attempts", tr_int((int64_t)r->attempts), "scheduled_ms", offset_ms(t, r->scheduled_us), "started_ms",
	    offset_ms(t, r->start_us), "ended_ms", offset_ms(t, r->end_us), "duration_ms",
	    r->end_us == 0 || r->start_us == 0 ? tr_nil() : tr_float((double)(r->end_us - r->start_us) / 1000.0),
	    "loop", loop, "error", or_nil(r->error), "tasks", tasks_json(t, r));
}

static const char *status_of(const struct shown *w)
{
	const timeline *t = w->t;
	return t->finished       ? t->status
	       : t->held != NULL ? t->held
	       : w->performed    ? "running"
	       : w->damaged      ? "damaged"
				 : "interrupted";
}

static int print_json(const struct shown *w)
{
	const timeline *t = w->t;
	tr_value steps = tr_array();
	for (size_t i = 0; i < t->count; i++)
		steps = tr_array_push(steps, run_json(w, &t->runs[i]));
	tr_value v = TR_DICT("execution_id", tr_stringf("%" PRId64, w->id), "playbook", or_nil(t->playbook), "status",
			     tr_string(status_of(w)), "started_at", event_time_text(t->started_us), "ended_at",
			     t->finished ? event_time_text(t->last_us) : tr_nil(), "duration_ms",
			     tr_float((double)(t->last_us - t->started_us) / 1000.0), "events",
			     tr_int((int64_t)t->events), "steps", steps, "result", or_nil(t->result), "failures",
			     tr_is(t->failures, TR_ARRAY) ? tr_keep(t->failures) : tr_array(), "warnings",
			     report_warnings(t->warnings), "waiting", tr_keep(w->waiting));
	tr_buf line = {0};
	tr_err err = tr_json_write(&line, v, TR_JSON_COMPACT);
	if (err == TR_OK)
		printf("%s\n", line.p);
	else
		fprintf(stderr, "troupe show: it cannot be written as JSON: %s\n", tr_err_text(err));
	tr_buf_fini(&line);
	tr_drop(v);
	return err == TR_OK ? EXIT_OK : EXIT_FAILED;
}

/* ---- text -----------------------------------------------------------------------------------------------------------
 */

struct pen {
	const struct shown *w;
	const timeline *t;
	style s;
	int bar; /* columns of the Gantt chart */
};

static const char *tint(const style *s, const char *status)
{
	if (strcmp(status, "success") == 0)
		return style_green(s);
	if (strcmp(status, "running") == 0 || strcmp(status, "scheduled") == 0 || strcmp(status, "paused") == 0 ||
	    strcmp(status, "interrupted") == 0)
		return style_yellow(s);
	return style_red(s);
}

static const char *mark(const style *s, const char *status)
{
	if (strcmp(status, "success") == 0)
		return s->unicode ? "✓" : "+";
	if (strcmp(status, "running") == 0)
		return s->unicode ? "▶" : ">";
	if (strcmp(status, "scheduled") == 0)
		return s->unicode ? "○" : "o";
	return s->unicode ? "✗" : "x";
}

/* Where an instant of the execution is on the bar. */
static int column(const struct pen *p, int64_t us)
{
	int64_t whole = p->t->last_us - p->t->started_us;
	int64_t at = us - p->t->started_us;
	if (whole <= 0 || at <= 0)
		return 0;
	return at >= whole ? p->bar - 1 : (int)(at * p->bar / whole);
}

static void print_bar(const struct pen *p, int64_t from_us, int64_t to_us, const char *color)
{
	int from = column(p, from_us), to = column(p, to_us);
	printf("%s", p->s.unicode ? "│" : "|");
	for (int i = 0; i < p->bar; i++) {
		bool inside = from_us != 0 && i >= from && i <= to;
		if (inside && i == from)
			printf("%s", color);
		printf("%s", !inside ? " " : p->s.unicode ? "█" : "#");
		if (inside && i == to)
			printf("%s", style_off(&p->s));
	}
	printf("%s", p->s.unicode ? "│" : "|");
}

/* A name in its column: cut and filled by characters, not bytes. */
static void print_name(tr_value name, int columns)
{
	char text[256];
	(void)escape_into(text, sizeof text, tr_as_str(name));
	int used = 0;
	const char *at = text;
	for (; *at != '\0'; at++) {
		if (((unsigned char)*at & 0xc0) != 0x80 && used++ >= columns)
			break;
		putchar(*at);
	}
	for (; used < columns; used++)
		putchar(' ');
}

static void print_times(const struct pen *p, int64_t from_us, int64_t to_us)
{
	char start[32] = "", took[32] = "";
	if (from_us != 0)
		(void)duration_text(start, sizeof start, from_us - p->t->started_us);
	if (from_us != 0 && to_us != 0)
		(void)duration_text(took, sizeof took, to_us - from_us);
	printf(" %10s %10s ", start, took);
}

#define ERROR_IN_LINE 160 /* beside a bar */
#define ERROR_ALONE   2000

static void print_error(tr_value error, const style *s, size_t most)
{
	tr_buf text = {0};
	if (!tr_is_valid(error))
		return;
	escape_value(&text, error, most);
	printf("  %s%.*s%s", style_dim(s), TR_STR(tr_buf_str(&text)), style_off(s));
	tr_buf_fini(&text);
}

static void print_task(const struct pen *p, const timeline_task *k)
{
	printf("    ");
	print_name(k->label, NAME_COLUMNS - 2);
	print_times(p, k->start_us, k->end_us != 0 ? k->end_us : p->t->last_us);
	print_bar(p, k->start_us, k->end_us != 0 ? k->end_us : p->t->last_us, style_dim(&p->s));
	char kind[40];
	printf(" %s", escape_into(kind, sizeof kind, tr_as_str(k->kind)));
	if (k->runs > 1)
		printf(", %" PRIu64 " runs", k->runs);
	if (k->retries > 0)
		printf(", %" PRIu64 " retries", k->retries);
	if (k->failed > 0)
		printf(", %" PRIu64 " failed", k->failed);
	if (k->retries > 0 || k->failed > 0)
		print_error(k->error, &p->s, ERROR_IN_LINE);
	putchar('\n');
}

static void print_run(const struct pen *p, const timeline_run *r, bool tasks)
{
	const char *status = run_status(p->w, r), *color = tint(&p->s, status);
	printf("%s%s%s ", color, mark(&p->s, status), style_off(&p->s));
	print_name(r->step, NAME_COLUMNS);
	int64_t end_us = r->end_us != 0 ? r->end_us : p->t->last_us;
	print_times(p, r->start_us, end_us);
	print_bar(p, r->start_us, end_us, color);
	printf(" %s", status);
	if (r->attempts > 1)
		printf(", attempt %" PRIu32, r->attempts);
	if (r->total >= 0)
		printf(", %" PRId64 " of %" PRId64 " iterations", r->done, r->total);
	if (r->failed > 0)
		printf(", %" PRId64 " failed", r->failed);
	print_error(r->error, &p->s, ERROR_IN_LINE);
	putchar('\n');
	for (size_t i = 0; tasks && i < r->task_count; i++)
		print_task(p, &r->tasks[i]);
}

/* "success in 3 ms", "running for 3 s", "interrupted after 3 s": by its own clock while somebody works on it, else by
 * its last event. */
static void print_head(const struct pen *p)
{
	const struct shown *w = p->w;
	const timeline *t = p->t;
	char took[32], name[160];
	const char *status = status_of(w), *path = tr_as_cstr(tr_map_get_s(t->playbook, "path"), NULL);
	bool going = !t->finished && w->performed && t->held == NULL;
	tr_value at = event_time_text(t->started_us);
	printf("%sexecution %" PRId64 "%s  %s\n%s%s%s %s %s, started %s, %" PRIu64 " events\n\n", style_bold(&p->s),
	       w->id, style_off(&p->s),
	       escape_into(name, sizeof name,
			   tr_s(path != NULL ? path : tr_as_cstr(tr_map_get_s(t->playbook, "name"), "?"))),
	       tint(&p->s, status), status, style_off(&p->s),
	       t->finished ? "in"
	       : going     ? "for"
			   : "after",
	       duration_text(took, sizeof took, t->last_us - t->started_us), tr_as_cstr(at, "?"), t->events);
	tr_drop(at);
}

/* Steps that failed and were followed by an arc all the same. */
static void print_passed_over(const struct pen *p)
{
	const timeline *t = p->t;
	for (size_t i = 0; i < t->count; i++) {
		const timeline_run *r = &t->runs[i];
		bool listed = false;
		char step[120];
		for (size_t k = 0; k < tr_array_len(t->failures); k++)
			listed = listed || tr_equal(tr_map_get_s(tr_array_at(t->failures, k), "step"), r->step);
		bool bad = strcmp(r->status, "failed") == 0 || strcmp(r->status, "error") == 0;
		if (!t->finished || listed || !bad)
			continue;
		printf("\n%s%s%s failed, and an arc went on from it:", style_bold(&p->s),
		       escape_into(step, sizeof step, tr_as_str(r->step)), style_off(&p->s));
		print_error(r->error, &p->s, ERROR_ALONE);
		putchar('\n');
	}
}

/* What can be done about an execution that nobody performs. */
static void print_way_on(const struct shown *w)
{
	const timeline *t = w->t;
	char data[PATH_MAX];
	(void)data_folder_option(data, sizeof data, w->data);
	if (t->held != NULL && strcmp(t->held, "damaged") == 0)
		printf("\na part of its log is lost, what is shown is what was kept; 'troupe resume %" PRId64
		       "%s' goes on from there,\nand does again what the log does not know any more\n",
		       w->id, data);
	else if (w->damaged)
		printf("\nits log is damaged behind event %" PRIu64 ", what is shown is what stands before that; "
		       "'troupe store repair%s' keeps it,\nthen 'troupe resume %" PRId64 "%s' goes on from there\n",
		       t->events, data, w->id, data);
	else
		printf("\nnobody performs it; 'troupe resume %" PRId64 "%s' goes on with it\n", w->id, data);
}

static void print_text(const struct shown *w, const struct show_options *o)
{
	const timeline *t = w->t;
	struct pen p = {.w = w, .t = t, .s = style_of(stdout)};
	/* mark, name, two times, two frames, a word behind */
	p.bar = p.s.columns - 2 - NAME_COLUMNS - 23 - 2 - 14;
	p.bar = p.bar < BAR_MIN ? BAR_MIN : p.bar > BAR_MAX ? BAR_MAX : p.bar;
	print_head(&p);
	size_t most = o->limit == 0 || o->limit > t->count ? t->count : (size_t)o->limit;
	for (size_t i = 0; i < most; i++)
		print_run(&p, &t->runs[i], o->tasks);
	if (most < t->count)
		printf("… and %zu more step runs; --limit 0 shows all\n", t->count - most);
	for (size_t i = 0; i < tr_array_len(t->failures); i++) {
		tr_value f = tr_array_at(t->failures, i), error = tr_map_get_s(f, "error");
		char step[120];
		printf("\n%sfailure%s in %s:", style_red(&p.s), style_off(&p.s),
		       escape_into(step, sizeof step, tr_as_str(tr_map_get_s(f, "step"))));
		tr_value text = fault_text(tr_is(error, TR_MAP) ? error : f);
		print_error(text, &p.s, ERROR_ALONE);
		tr_drop(text);
		putchar('\n');
	}
	print_passed_over(&p);
	tr_value warnings = report_warnings(t->warnings);
	if (tr_array_len(warnings) > 0)
		putchar('\n');
	report_print_warnings(stdout, &p.s, warnings);
	tr_drop(warnings);
	waiting_print(&p.s, w->waiting);
	if (!t->finished && !w->performed)
		print_way_on(w);
}

/* What is done has nothing that waits, unless it stalled. */
static struct shown look_closer(timeline *t, past *p)
{
	tr_str notes = tr_buf_str(&p->notes);
	struct shown w = {.t = t, .id = p->id, .data = p->data, .waiting = tr_array()};
	w.damaged = notes.n > 0 && memmem(notes.p, notes.n, ": damaged ", 10) != NULL;
	if (!t->finished) {
		performed now = performed_look(p->data);
		w.performed = performed_has(&now, p->id);
		performed_fini(&now);
	}
	/* What runs goes on after its last event. */
	int64_t now_us = clock_wall_us(NULL);
	if (w.performed && t->held == NULL && now_us > t->last_us)
		t->last_us = now_us;
	if (!t->finished || strcmp(t->status, "stalled") == 0)
		tr_assign(&w.waiting, waiting_of(p));
	return w;
}

static int show(const struct show_options *o, const char *which)
{
	int64_t id;
	char why[400];
	past p;
	if (!pick_execution("show", o->pick.data, which, &id))
		return pick_failed(which);
	timeline t;
	int code = EXIT_OK;
	timeline_init(&t);
	if (past_open(&p, o->pick.data, id, why, sizeof why)) {
		for (size_t i = 0; i < past_count(&p); i++) {
			event e;
			if (past_event(&p, i, &e))
				(void)timeline_add(&t, &e);
			event_fini(&e);
		}
		struct shown w = look_closer(&t, &p);
		if (o->pick.json)
			code = print_json(&w);
		else
			print_text(&w, o);
		tr_drop(w.waiting);
	} else {
		fprintf(stderr, "troupe show: execution %" PRId64 ": %s\n", id, why);
		code = EXIT_FAILED;
	}
	(void)fflush(stdout);
	fprintf(stderr, "%.*s", TR_STR(tr_buf_str(&p.notes)));
	timeline_fini(&t);
	past_fini(&p);
	return code;
}

static int take(struct show_options *o, int c)
{
	char *end = NULL;
	int code = pick_take(&o->pick, "show", c, optarg);
	if (code != -1)
		return code;
	if (c == 's') {
		o->tasks = false;
		return EXIT_OK;
	}
	if (c != 'l')
		return EXIT_INVALID;
	errno = 0;
	o->limit = strtoull(optarg, &end, 10);
	if (*optarg < '0' || *optarg > '9' || *end != '\0' || errno != 0)
		return usage_error("show", "--limit takes a number, not '%s'", optarg);
	return EXIT_OK;
}

static int show_run(int argc, char **argv)
{
	static const struct option options[] = {PICK_OPTION_ROWS,
						{"limit", required_argument, NULL, 'l'},
						{"steps", no_argument, NULL, 's'},
						{NULL, 0, NULL, 0}};
	struct show_options o = {.limit = 200, .tasks = true};
	int code = pick_init(&o.pick, "show");
	for (int c; code == EXIT_OK && (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
		code = take(&o, c);
	if (code == EXIT_OK && argc - optind != 1)
		code = usage_error("show", "which execution? (an id, or 'last')");
	return code == EXIT_OK ? show(&o, argv[optind]) : code;
}

const command command_show = {
    .name = "show",
    .arguments = "EXECUTION [options]",
    .summary = "Show the course of an execution: steps, tasks, attempts, durations",
    .help =
	PICK_HELP "  --steps      step runs alone, without their tasks\n"
		  "  --limit N    at most so many step runs (default 200, 0: all)\n"
		  "  --json       one JSON object; times in milliseconds from the start\n" PICK_DATA_HELP
		  "\nOne line a step run, with when it began, how long it took and a bar of when that was; a task of a "
		  "step that ran\n"
		  "often is one line from its first to its last. Works while the execution runs.\n",
    .run = show_run,
};
