/* SPDX-License-Identifier: Apache-2.0 */
/* troupe replay: the state after any event, and whether the log is what the engine would write. */
#include "cli/command.h"

#include "actors/engine/redrive.h"
#include "actors/store/artifact_file.h"
#include "cli/escape.h"
#include "cli/past.h"
#include "cli/pick.h"
#include "cli/view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <troupe/codec.h>

struct replay_options {
	pick_options pick;
	uint64_t to; /* 0: all */
	bool check;
};

static int fail(const char *why)
{
	fprintf(stderr, "troupe replay: %s\n", why);
	return EXIT_FAILED;
}

static int fail_of(int64_t id, const char *why)
{
	fprintf(stderr, "troupe replay: execution %" PRId64 ": %s\n", id, why);
	return EXIT_FAILED;
}

/* ---- --check --------------------------------------------------------------------------------------------------------
 */

static tr_value load_ref(void *arg, tr_value ref)
{
	const past *p = arg;
	return artifact_read(p->data, tr_as_str(tr_map_get_s(ref, "key")));
}

static void print_event(const char *what, tr_value v)
{
	event e;
	tr_buf line = {0};
	style plain = {0};
	if (tr_is_nil(v)) {
		printf("  %s  nothing\n", what);
		return;
	}
	if (event_from_value(v, &e) == TR_OK)
		event_line(&line, &e, &plain, e.time_us);
	printf("  %s %.*s\n", what, TR_STR(tr_buf_str(&line)));
	tr_buf_fini(&line);
	event_fini(&e);
}

static tr_value difference_json(const redrive_difference *d)
{
	tr_value both[2];
	for (int i = 0; i < 2; i++) {
		event e;
		tr_value v = i == 0 ? d->recorded : d->decided;
		both[i] = tr_nil();
		if (!tr_is_nil(v) && event_from_value(v, &e) == TR_OK) {
			both[i] = event_envelope(&e, false);
			event_fini(&e);
		}
	}
	return TR_DICT("seq", tr_int((int64_t)d->seq), "recorded", both[0], "decided", both[1]);
}

struct snapshots_seen {
	size_t count, wrong;
};

static void print_check(const past *p, const redrive_result *r, const struct snapshots_seen *s, bool json)
{
	uint64_t most = r->differences < REDRIVE_MOST ? r->differences : REDRIVE_MOST;
	if (json) {
		tr_value list = tr_array();
		for (uint64_t i = 0; i < most; i++)
			list = tr_array_push(list, difference_json(&r->first[i]));
		tr_value v =
		    TR_DICT("execution_id", tr_stringf("%" PRId64, p->id), "events", tr_int((int64_t)r->events),
			    "given", tr_int((int64_t)r->given), "decided", tr_int((int64_t)r->decided), "recovers",
			    tr_int((int64_t)r->recovers), "differences", tr_int((int64_t)r->differences), "first", list,
			    "same_state", r->compared_state ? tr_bool(r->same_state) : tr_nil(), "snapshots",
			    tr_int((int64_t)s->count), "wrong_snapshots", tr_int((int64_t)s->wrong));
		tr_buf line = {0};
		if (tr_json_write(&line, v, TR_JSON_COMPACT) == TR_OK)
			printf("%s\n", line.p);
		tr_buf_fini(&line);
		tr_drop(v);
		return;
	}
	printf("execution %" PRId64 ": %" PRIu64 " events replay; driven again, %" PRIu64
	       " came from outside and %" PRIu64 " were decided as recorded",
	       p->id, r->events, r->given, r->decided);
	if (r->recovers > 0)
		printf(", taken up again %" PRIu64 " times", r->recovers);
	if (s->count > 0)
		printf(", %zu of %zu snapshots are the state that its events give", s->count - s->wrong, s->count);
	printf("; %" PRIu64 " differences%s\n", r->differences,
	       !r->compared_state ? ""
	       : r->same_state    ? "; the state at the end is the same"
				  : "; THE STATE AT THE END DIFFERS");
	for (uint64_t i = 0; i < most; i++) {
		printf("event %" PRIu64 ":\n", r->first[i].seq);
		print_event("recorded", r->first[i].recorded);
		print_event("decided ", r->first[i].decided);
	}
	if (most < r->differences)
		printf("… and %" PRIu64 " more differences\n", r->differences - most);
}

static int check(past *p, bool json)
{
	redrive_result r;
	machine_world world = {.env = tr_map(), .load = load_ref, .arg = p};
	tr_err err = redrive(p->routes, p->id, p->events, &world, &r);
	int code = EXIT_OK;
	if (err != TR_OK) {
		fprintf(stderr, "troupe replay: event %" PRIu64 " cannot follow the ones before it: %s\n", r.events + 1,
			tr_err_text(err));
		code = EXIT_FAILED;
	} else {
		struct snapshots_seen seen;
		bool good = past_check_snapshots(p, &seen.count, &seen.wrong);
		print_check(p, &r, &seen, json);
		if (!good || r.differences > 0 || (r.compared_state && !r.same_state))
			code = EXIT_FAILED;
	}
	redrive_fini(&r);
	tr_drop(world.env);
	return code;
}

/* ---- the state ------------------------------------------------------------------------------------------------------
 */

/* Ids are text in JSON: they are beyond what a number is exact for there. Takes the map. */
static tr_value with_text(tr_value map, const char *key)
{
	tr_value id = tr_map_get_s(map, key);
	return tr_is(id, TR_INT) ? tr_map_put_s(map, key, tr_stringf("%" PRId64, tr_as_int(id, 0))) : map;
}

/* Takes it. */
static tr_value with_id(tr_value map)
{
	return with_text(map, "execution_id");
}

/* Takes it. */
static tr_value with_ids(tr_value state)
{
	tr_value children = tr_map_get_s(state, "children"), parent = tr_map_get_s(state, "parent"), out = tr_array();
	for (size_t i = 0; i < tr_array_len(children); i++)
		out = tr_array_push(out, with_id(tr_keep(tr_array_at(children, i))));
	if (tr_is(parent, TR_MAP))
		state = tr_map_put_s(state, "parent", with_id(tr_keep(parent)));
	state = with_text(with_text(state, "last_event_id"), "trace_id");
	return with_id(tr_map_put_s(state, "children", out));
}

static int print_state(const past *p, uint64_t to, bool json)
{
	char why[400];
	machine *m = past_machine(p, to, why, sizeof why);
	if (m == NULL)
		return fail(why);
	tr_value v = TR_DICT("execution_id", tr_stringf("%" PRId64, p->id), "seq", tr_int((int64_t)machine_seq(m)),
			     "of", tr_int((int64_t)p->last), "summary", with_id(machine_summary(m)), "state",
			     with_ids(machine_digest(m)));
	tr_buf text = {0};
	tr_err err = tr_json_write(&text, v, json ? TR_JSON_COMPACT : TR_JSON_PRETTY);
	if (err == TR_OK)
		printf("%s\n", text.p);
	tr_buf_fini(&text);
	tr_drop(v);
	machine_free(&m);
	return err == TR_OK ? EXIT_OK : fail(tr_err_text(err));
}

static int replay(const struct replay_options *o, const char *which)
{
	int64_t id;
	char why[600];
	past p;
	if (!pick_execution("replay", o->pick.data, which, &id))
		return pick_failed(which);
	int code;
	bool open = o->check ? past_open(&p, o->pick.data, id, why, sizeof why)
			     : past_open_state(&p, o->pick.data, id, o->to, why, sizeof why);
	if (!open || !past_playbook(&p, why, sizeof why)) {
		code = fail_of(id, why);
	} else if (o->to > p.last) {
		(void)snprintf(why, sizeof why, "it has %" PRIu64 " events; --to %" PRIu64 " is beyond them", p.last,
			       o->to);
		code = fail_of(id, why);
	} else {
		code = o->check ? check(&p, o->pick.json) : print_state(&p, o->to, o->pick.json);
	}
	(void)fflush(stdout);
	fprintf(stderr, "%.*s", TR_STR(tr_buf_str(&p.remarks)));
	if (p.notes.n > 0) {
		fprintf(stderr, "%.*s", TR_STR(tr_buf_str(&p.notes)));
		code = EXIT_FAILED;
	}
	past_fini(&p);
	return code;
}

static int take(struct replay_options *o, int c)
{
	char *end = NULL;
	int code = pick_take(&o->pick, "replay", c, optarg);
	if (code != -1)
		return code;
	if (c == 'c') {
		o->check = true;
		return EXIT_OK;
	}
	if (c != 't')
		return EXIT_INVALID;
	errno = 0;
	o->to = strtoull(optarg, &end, 10);
	if (*optarg < '1' || *optarg > '9' || *end != '\0' || errno != 0)
		return usage_error("replay", "--to takes the seq of an event, from 1, not '%s'", optarg);
	return EXIT_OK;
}

static int replay_run(int argc, char **argv)
{
	static const struct option options[] = {PICK_OPTION_ROWS,
						{"to", required_argument, NULL, 't'},
						{"check", no_argument, NULL, 'c'},
						{NULL, 0, NULL, 0}};
	struct replay_options o = {0};
	int code = pick_init(&o.pick, "replay");
	for (int c; code == EXIT_OK && (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
		code = take(&o, c);
	if (code == EXIT_OK && o.check && o.to != 0)
		code = usage_error("replay", "--check is about the whole log; it has no --to");
	if (code == EXIT_OK && argc - optind != 1)
		code = usage_error("replay", "which execution? (an id, or 'last')");
	return code == EXIT_OK ? replay(&o, argv[optind]) : code;
}

const command command_replay = {
    .name = "replay",
    .arguments = "EXECUTION [--to SEQ | --check] [--json]",
    .summary = "Replay an execution's log: the state after any event",
    .help = PICK_HELP "  --to SEQ     the state after this event (default: the last)\n"
		      "  --check      give a machine what came from outside, and compare each event that it decides, "
		      "and the state at the "
		      "end,\n"
		      "               with what is recorded; exit status 1 when they differ\n"
		      "  --json       one JSON object on one line\n" PICK_DATA_HELP,
    .run = replay_run,
};
