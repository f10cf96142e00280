/* SPDX-License-Identifier: Apache-2.0 */
/* troupe cancel, pause and unpause: through the node that performs the execution, or in its log when nobody does. */
#include "cli/command.h"

#include "actors/protocol.h"
#include "actors/event/frame.h"
#include "actors/store/file_store.h"
#include "runtime/time/clock.h"
#include "cli/owner.h"
#include "cli/past.h"
#include "cli/pick.h"
#include "cli/stuck_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CALL_MS 60000

typedef struct verb {
	const char *name, *done;
	bool has_reason;
	tr_err (*decide)(machine *m, const machine_world *w, const machine_sink *out, tr_str reason);
} verb;

static tr_err decide_pause(machine *m, const machine_world *w, const machine_sink *out, tr_str reason)
{
	(void)reason;
	return machine_pause(m, w, out, false);
}

static tr_err decide_unpause(machine *m, const machine_world *w, const machine_sink *out, tr_str reason)
{
	(void)reason;
	return machine_unpause(m, w, out, false);
}

static const verb verb_cancel = {"cancel", "cancelled", true, machine_cancel};
static const verb verb_pause = {"pause", "paused", false, decide_pause};
static const verb verb_unpause = {"unpause", "running", false, decide_unpause};

static int fail(const verb *v, int64_t id, const char *why)
{
	fprintf(stderr, "troupe %s: execution %" PRId64 ": %s\n", v->name, id, why);
	return EXIT_FAILED;
}

/* What the index knows of it, NULL; the entry is a part of the table. */
static const index_entry *look_up(index_table *t, const char *data, int64_t id)
{
	tr_buf notes = {0};
	(void)index_load(t, data, false, &notes);
	tr_buf_fini(&notes);
	return index_find(t, id);
}

/* Has it ended? Then that is said. */
static bool is_over(const verb *v, const char *data, int64_t id)
{
	char why[80];
	index_table t = {0};
	const index_entry *e = look_up(&t, data, id);
	bool over = e != NULL && e->finished;
	if (over) {
		(void)snprintf(why, sizeof why, "it has ended (%s)", e->status);
		(void)fail(v, id, why);
	}
	index_fini(&t);
	return over;
}

/* ---- nobody performs it: its log says so from now on --------------------------------------------------------------
 */

struct writing {
	tr_buf frames;
	tr_err err;
};

static void on_event(void *arg, const event *e)
{
	struct writing *w = arg;
	tr_err err = store_frame(&w->frames, e);
	if (err != TR_OK)
		w->err = err;
}

static void on_effect(void *arg, const machine_effect *effect)
{
	(void)arg;
	(void)effect; /* there is no worker */
}

static bool decide(const verb *v, past *p, tr_str reason, tr_buf *frames, char *why, size_t n)
{
	machine *m = past_playbook(p, why, n) ? past_machine(p, 0, why, n) : NULL;
	if (m == NULL)
		return false;
	struct writing w = {0};
	id_generator ids = {0};
	machine_world world = {.now_us = clock_wall_us(NULL), .ids = &ids, .env = tr_map()};
	machine_sink sink = {on_event, on_effect, &w};
	tr_err err = v->decide(m, &world, &sink, reason);
	if (err == TR_OK)
		err = w.err;
	const char *why_not = err == TR_EINVAL ? machine_refusal(m) : tr_err_text(err);
	tr_drop(world.env);
	machine_free(&m);
	*frames = w.frames;
	if (err != TR_OK)
		(void)snprintf(why, n, "%s", why_not);
	return err == TR_OK;
}

static tr_value folder_of(const char *data, int64_t id)
{
	index_table t = {0};
	const index_entry *e = look_up(&t, data, id);
	tr_value folder = e != NULL ? tr_keep(e->folder) : tr_absent();
	index_fini(&t);
	return folder;
}

static int write_here(const verb *v, const char *data, int64_t id, tr_str reason, char *why, size_t n)
{
	tr_buf report = {0}, frames = {0};
	file_store_error error;
	past p = {.events = tr_absent()};
	file_store *s = file_store_open(data, &disk_real, &report, &error);
	fprintf(stderr, "%.*s", TR_STR(tr_buf_str(&report)));
	tr_buf_fini(&report);
	if (s == NULL && owner_is_again(error.text)) {
		(void)snprintf(why, n, "%s", error.text);
		return EXIT_BUSY;
	}
	if (s == NULL) {
		fprintf(stderr, "troupe %s: %s\n", v->name, error.text);
		return EXIT_FAILED;
	}
	bool good = past_open_state(&p, data, id, 0, why, n) && decide(v, &p, reason, &frames, why, n);
	if (good) {
		tr_value folder = folder_of(data, id);
		tr_err err = file_store_add(s, id, tr_buf_str(&frames), tr_as_cstr(folder, NULL));
		int os = err == TR_OK ? file_store_commit(s, true) : 0;
		good = err == TR_OK && os == 0;
		if (!good)
			(void)snprintf(why, n, "%s", os != 0 ? strerror(-os) : tr_err_text(err));
		tr_drop(folder);
	}
	tr_buf_fini(&frames);
	past_fini(&p);
	file_store_close(&s);
	return good ? EXIT_OK : fail(v, id, why);
}

/* ---- through its node -----------------------------------------------------------------------------------------------
 */

static int ask_there(const verb *v, const char *data, remote *r, int64_t id, tr_str reason, char *why, size_t n)
{
	tr_value answer;
	tr_value request = v->has_reason ? TR_LIST(tr_string(v->name), tr_int(id), tr_string_lossy(reason.p, reason.n))
					 : TR_LIST(tr_string(v->name), tr_int(id));
	stuck_store a = {.data = data};
	bool good = remote_call_while(r, SUBJECT_EXECUTIONS, request, CALL_MS, stuck_store_look, &a, &answer, why, n);
	tr_drop(answer);
	stuck_store_fini(&a);
	if (good)
		return EXIT_OK;
	if (stuck_store_is(&a)) {
		(void)snprintf(
		    why, n,
		    "the event store of its node cannot write (%.200s); the node has been asked and does it when "
		    "there is room",
		    a.condition);
		return fail(v, id, why);
	}
	if (owner_is_again(why) || strncmp(why, REMOTE_GONE_TEXT, sizeof REMOTE_GONE_TEXT - 1) == 0)
		return EXIT_BUSY;
	if (strstr(why, "no such execution runs") == NULL && strcmp(why, REFUSAL_OVER) != 0)
		return fail(v, id, why);
	/* It may have ended since it was looked up. */
	return is_over(v, data, id)
		   ? EXIT_FAILED
		   : fail(v, id, "the node does not perform it; 'troupe resume EXECUTION' takes it up");
}

/* Once; EXIT_BUSY with `why`: whoever owned the folder is ending. */
static int attempt(const verb *v, const pick_options *o, int64_t id, const char *reason, char *why, size_t n)
{
	remote *r;
	int code = EXIT_FAILED;
	const char *done = v->done;
	switch (owner_find(o->data, &r, why, n)) {
	case OWNER_REMOTE:
		code = ask_there(v, o->data, r, id, tr_s(reason), why, n);
		break;
	case OWNER_NONE:
		code = write_here(v, o->data, id, tr_s(reason), why, n);
		if (v == &verb_unpause) /* nobody performs it */
			done = "interrupted";
		break;
	case OWNER_MUTE:
		code = fail(v, id, why);
		break;
	}
	remote_close(&r);
	if (code == EXIT_OK && o->json)
		printf("{\"execution_id\":\"%" PRId64 "\",\"status\":\"%s\"}\n", id, done);
	else if (code == EXIT_OK)
		printf("%" PRId64 " %s\n", id, done);
	return code;
}

static int control(const verb *v, const pick_options *o, const char *which, const char *reason)
{
	int64_t id;
	char why[600] = "";
	owner_patience waiting = {0};
	int code;
	if (!pick_execution(v->name, o->data, which, &id))
		return pick_failed(which);
	if (is_over(v, o->data, id))
		return EXIT_FAILED;
	do {
		code = attempt(v, o, id, reason, why, sizeof why);
	} while (code == EXIT_BUSY && owner_again(&waiting, v->name, why));
	return code == EXIT_BUSY ? EXIT_FAILED : code;
}

static int control_run(const verb *v, int argc, char **argv)
{
	static const struct option options[] = {
	    PICK_OPTION_ROWS, {"reason", required_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
	pick_options o;
	const char *reason = "cancelled";
	int code = pick_init(&o, v->name);
	for (int c; code == EXIT_OK && (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		code = pick_take(&o, v->name, c, optarg);
		if (code == -1 && c == 'r' && v->has_reason) {
			reason = optarg;
			code = EXIT_OK;
		} else if (code == -1) {
			code = c == 'r' ? usage_error(v->name, "--reason belongs to cancel") : EXIT_INVALID;
		}
	}
	if (code == EXIT_OK && argc - optind != 1)
		code = usage_error(v->name, "which execution? (an id, or 'last')");
	return code == EXIT_OK ? control(v, &o, argv[optind], reason) : code;
}

static int cancel_run(int argc, char **argv)
{
	return control_run(&verb_cancel, argc, argv);
}
static int pause_run(int argc, char **argv)
{
	return control_run(&verb_pause, argc, argv);
}
static int unpause_run(int argc, char **argv)
{
	return control_run(&verb_unpause, argc, argv);
}

#define WRITING_HELP                                                    \
	"  --json       a JSON object with its status\n" PICK_DATA_HELP \
	"\nGoes through the process that performs the execution; when nobody does, it is written to the log.\n"

const command command_cancel_execution = {
    .name = "cancel",
    .arguments = "EXECUTION [--reason TEXT]",
    .summary = "Cancel an execution: running tasks are stopped, nothing new begins",
    .help = PICK_HELP "  --reason TEXT  what its log and its steps' errors say\n" WRITING_HELP,
    .run = cancel_run,
};
const command command_pause = {
    .name = "pause",
    .arguments = "EXECUTION",
    .summary = "Pause an execution: what runs goes on, no step is begun",
    .help = PICK_HELP WRITING_HELP,
    .run = pause_run,
};
const command command_unpause = {
    .name = "unpause",
    .arguments = "EXECUTION",
    .summary = "Let a paused execution go on",
    .help = PICK_HELP WRITING_HELP,
    .run = unpause_run,
};
