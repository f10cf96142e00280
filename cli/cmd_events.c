/* SPDX-License-Identifier: Apache-2.0 */
/* troupe events: the log of one execution. */
#include "cli/command.h"

#include "actors/store/reader.h"
#include "cli/pick.h"
#include "cli/view.h"

#include <inttypes.h>
#include <troupe/codec.h>

static void print_json(const event *e)
{
	tr_buf line = {0};
	tr_value envelope = event_envelope(e, false);
	if (tr_json_write(&line, envelope, TR_JSON_COMPACT) == TR_OK)
		printf("%s\n", line.p);
	tr_drop(envelope);
	tr_buf_fini(&line);
}

static void print_text(const event *e, const style *s, int64_t start_us)
{
	tr_buf line = {0};
	event_line(&line, e, s, start_us);
	if (line.err == TR_OK)
		printf("%s\n", line.p);
	tr_buf_fini(&line);
}

static void print_events(tr_value events, bool json)
{
	style s = style_of(stdout);
	int64_t start_us = 0;
	for (size_t i = 0; i < tr_array_len(events); i++) {
		event e;
		if (event_from_value(tr_array_at(events, i), &e) != TR_OK)
			continue;
		if (i == 0)
			start_us = e.time_us;
		if (json)
			print_json(&e);
		else
			print_text(&e, &s, start_us);
		event_fini(&e);
	}
}

static int show(const char *data, const char *which, bool json)
{
	int64_t id;
	if (!pick_execution("events", data, which, &id))
		return pick_failed(which);
	tr_buf notes = {0};
	tr_value events = store_read_execution(data, id, &notes);
	int result = EXIT_OK;
	if (tr_is_valid(events)) {
		print_events(events, json);
	} else {
		fprintf(stderr, "troupe events: execution %" PRId64 " in %s: %s\n", id, data,
			tr_err_text(tr_value_err(events)));
		result = EXIT_FAILED;
	}
	if (notes.n > 0) {
		fflush(stdout);
		fprintf(stderr, "%s", notes.p);
	}
	tr_buf_fini(&notes);
	tr_drop(events);
	return result;
}

static int events_run(int argc, char **argv)
{
	static const struct option options[] = {PICK_OPTION_ROWS, {NULL, 0, NULL, 0}};
	pick_options o;
	int code = pick_init(&o, "events");
	for (int c; code == EXIT_OK && (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
		if ((code = pick_take(&o, "events", c, optarg)) == -1)
			code = EXIT_INVALID;
	if (code == EXIT_OK && argc - optind != 1)
		code = usage_error("events", "which execution? (an id, or 'last')");
	if (code != EXIT_OK)
		return code;
	return show(o.data, argv[optind], o.json);
}

const command command_events = {
    .name = "events",
    .arguments = "EXECUTION [--json] [--data DIR]",
    .summary = "Print the event log of an execution",
    .help = PICK_HELP
    "  --json       one JSON object a line: the event's envelope\n" PICK_DATA_HELP "\n"
    "Works while another process writes to the folder. What a crash tore off is told on stderr with file and "
    "byte.\n",
    .run = events_run,
};
