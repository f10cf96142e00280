/* SPDX-License-Identifier: Apache-2.0 */
/* Load (parse, check, compile) a playbook again and again: load_bench FILE [ROUNDS]. Prints the median in milliseconds.
 */
#include "playbook/model/model.h"
#include "playbook/yaml/yaml.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double median(double *times, size_t n)
{
	qsort(times, n, sizeof *times, by_size);
	return times[n / 2];
}

static void tell(const char *bench, size_t steps, double ms)
{
	printf("{\"bench\":\"%s_%zu_steps\",\"subject\":\"troupe\",\"value\":%.2f,\"unit\":\"ms\"}\n", bench, steps,
	       ms);
}

int main(int argc, char **argv)
{
	enum {
		ROUNDS_MAX = 1000
	};
	static double parse[ROUNDS_MAX], load[ROUNDS_MAX];
	size_t rounds = argc > 2 ? (size_t)atoi(argv[2]) : 15, steps = 0;
	tr_buf text = {0};
	diagnostics d;
	if (argc < 2 || rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	diagnostics_init(&d, argv[1]);
	playbook *p = playbook_load_file(argv[1], NULL, &d, &text);
	diagnostics_print(&d, tr_buf_str(&text), stderr, false);
	if (p == NULL)
		return 2;
	steps = p->step_count;
	playbook_free(&p);
	for (size_t i = 0; i < rounds; i++) {
		double from = now_ms();
		yaml_document *doc = yaml_parse(argv[1], tr_buf_str(&text), NULL, &d);
		parse[i] = now_ms() - from;
		yaml_free(&doc);
		from = now_ms();
		p = playbook_load(argv[1], tr_buf_str(&text), NULL, &d);
		load[i] = now_ms() - from;
		playbook_free(&p);
	}
	tell("load_yaml", steps, median(parse, rounds));
	tell("load", steps, median(load, rounds));
	diagnostics_fini(&d);
	tr_buf_fini(&text);
	return 0;
}
