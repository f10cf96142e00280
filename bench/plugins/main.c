/* SPDX-License-Identifier: Apache-2.0 */
/* The round trip of a command that does nothing, to a plugin in the node and to one in a process of its own. Prints
 * lines of JSON: the median and the 99th percentile of single round trips, and commands a second with 64 under way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/plugin_test.h>

#define MOST 200000

static int64_t times[MOST]; /* of the one measurement that runs */

static tr_ref ask(tr_value command)
{
	tr_ref ref = tr_make_ref();

	tr_send_name("command.echo",
		     TR_LIST(TR_A(command), tr_pid_value(tr_self()), tr_ref_value(ref), tr_keep(command)));
	return ref;
}

static tr_value command_new(void)
{
	return TR_DICT("kind", tr_string("echo"), "input", TR_DICT("value", tr_int(7)), "context", tr_map());
}

/* n round trips, one after the other. */
static tr_value one_by_one(tr_value n)
{
	tr_value command = command_new();

	for (int64_t i = -200; i < tr_as_int(n, 0); i++) { /* the first warm things up */
		int64_t from = tr_now();
		tr_drop(tr_receive_ref(ask(command), tr_in(10 * TR_SECOND)));
		if (i >= 0)
			times[i] = tr_now() - from;
	}
	tr_drop(command);
	return tr_nil();
}

/* n commands with 64 under way; the nanoseconds it took. */
static tr_value many(tr_value n)
{
	tr_ref refs[64];
	tr_value command = command_new();
	int64_t count = tr_as_int(n, 0), from = tr_now();

	for (int64_t i = 0; i < count + 64; i++) {
		if (i >= 64)
			tr_drop(tr_receive_ref(refs[i % 64], tr_in(10 * TR_SECOND)));
		if (i < count)
			refs[i % 64] = ask(command);
	}
	tr_drop(command);
	return tr_int(tr_now() - from);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void line(const char *bench, const char *subject, double value, const char *unit)
{
	printf("{\"bench\": \"%s\", \"subject\": \"%s\", \"value\": %.2f, \"unit\": \"%s\"}\n", bench, subject, value,
	       unit);
	fflush(stdout);
}

static int measure(const char *path, const char *isolation, int64_t n)
{
	char why[700], bench[64];
	const char *paths[] = {path, NULL};
	tr_plugin_world_options o = {.paths = paths, .isolation = TR_DICT("echo", tr_string(isolation))};
	tr_plugin_world *w = tr_plugin_world_start(&o, why, sizeof(why));

	tr_drop(o.isolation);
	if (w == NULL) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	tr_drop(tr_plugin_world_do(w, one_by_one, tr_int(n)));
	qsort(times, (size_t)n, sizeof(times[0]), by_value);
	snprintf(bench, sizeof(bench), "round_trip_%s", isolation);
	line(bench, "troupe", (double)times[n / 2] / 1000, "us");
	snprintf(bench, sizeof(bench), "round_trip_%s_p99", isolation);
	line(bench, "troupe", (double)times[n * 99 / 100] / 1000, "us");
	int64_t took = tr_as_int(tr_plugin_world_do(w, many, tr_int(n)), 1);
	snprintf(bench, sizeof(bench), "commands_%s", isolation);
	line(bench, "troupe", (double)n * 1e9 / (double)took, "/s");
	tr_plugin_world_stop(&w);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "plugin-host") == 0)
		return tr_plugin_test_main(argc, argv, NULL, 0);
	if (argc != 4) {
		fprintf(stderr, "usage: %s ECHO.so shared|process ROUND_TRIPS\n", argv[0]);
		return 2;
	}
	int64_t n = atoll(argv[3]);
	return measure(argv[1], argv[2], n > MOST ? MOST : n < 100 ? 100 : n);
}
