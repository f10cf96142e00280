/* SPDX-License-Identifier: Apache-2.0 */
/* Times each template of cases.json (with users added to its context): ns an evaluation, one line a case.
 * CPU time, so that other work on the machine counts little.  bench_template CASES.json SECONDS_A_CASE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <troupe/codec.h>
#include <troupe/template.h>

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static tr_value read_file(const char *path)
{
	tr_buf text = {0};
	tr_decode_error error = {0};
	FILE *f = fopen(path, "rb");
	char chunk[4096];
	size_t n;

	while (f != NULL && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		tr_buf_put(&text, chunk, n);
	if (f != NULL)
		fclose(f);
	tr_value v = tr_json_read(tr_buf_str(&text), NULL, &error);
	if (!tr_is_valid(v))
		fprintf(stderr, "%s: %s\n", path, error.message);
	tr_buf_fini(&text);
	return v;
}

/* Evaluations until the time is over; gives seconds for one of them (the best of five parts). */
static double measure(const tr_template *t, const tr_scope *scope, const tr_eval_options *how, double seconds)
{
	double best = 1e9;

	for (int part = 0; part < 5; part++) {
		size_t rounds = 0;
		double start = now(), spent;
		do {
			for (int i = 0; i < 20; i++) {
				tr_template_error error;
				tr_value v = tr_template_eval(t, scope, how, &error);
				if (!tr_is_valid(v)) {
					fprintf(stderr, "%s\n", error.message);
					exit(1);
				}
				tr_drop(v);
			}
			rounds += 20;
			spent = now() - start;
		} while (spent < seconds / 5);
		best = spent / (double)rounds < best ? spent / (double)rounds : best;
	}
	return best;
}

int main(int argc, char **argv)
{
	tr_value file = argc == 3 ? read_file(argv[1]) : tr_absent();
	tr_value context = tr_map_get_s(file, "context"), cases = tr_map_get_s(file, "cases");
	tr_scope scope = tr_scope_of_map(&context);

	if (!tr_is(context, TR_MAP)) {
		fprintf(stderr, "usage: bench_template CASES.json SECONDS\n");
		return 2;
	}
	for (size_t i = 0; i < tr_array_len(cases); i++) {
		tr_value one = tr_array_at(cases, i);
		tr_template_error error;
		tr_eval_options how = {.native = strcmp(tr_as_cstr(tr_map_get_s(one, "kind"), ""), "guard") == 0};
		tr_template *t = tr_template_compile(tr_as_str(tr_map_get_s(one, "template")), NULL, &error);
		if (t == NULL) {
			fprintf(stderr, "%u:%u: %s\n", error.line, error.column, error.message);
			return 1;
		}
		tr_value v = tr_template_eval(t, &scope, &how, &error), text = tr_python_str(v);
		printf("%.1f %s\n", measure(t, &scope, &how, atof(argv[2])) * 1e9,
		       tr_as_cstr(text, "?")[0] != '\0' ? "ok" : "empty");
		fflush(stdout);
		tr_drop(text);
		tr_drop(v);
		tr_template_free(&t);
	}
	tr_drop(file);
	return 0;
}
