/* SPDX-License-Identifier: Apache-2.0 */
/* A main() for simulations: many seeds on all cores, one world a thread. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <troupe/sim.h>

#include "runtime/time/clock.h"

#define JOBS_MAX 256

struct series {
	/* Constant. */
	tr_sim_options options;
	tr_body *body;
	tr_value arg;
	const char *program;
	const char *replay;
	uint64_t last;
	bool keep_going;

	pthread_mutex_t lock; /* for what follows */
	uint64_t next;
	bool stop;
	uint64_t runs, failures;
	uint64_t hash; /* of all runs, whatever their order */
	tr_sim_result sum;
};

struct wish {
	uint64_t first, last;
	long jobs;
	bool single, trace, keep_going;
};

/* ---- the command line ---------------------------------------------------------------------------------------------
 */

static bool number(const char *text, const char **end, uint64_t *n)
{
	char *stop;
	if (text == NULL || *text < '0' || *text > '9')
		return false;
	*n = strtoull(text, &stop, 0);
	*end = stop;
	return true;
}

static bool range(const char *text, struct wish *w)
{
	const char *at;
	if (!number(text, &at, &w->first))
		return false;
	if (*at == '\0') {
		w->last = w->first;
		w->first = 1;
		return true;
	}
	return at[0] == '.' && at[1] == '.' && number(at + 2, &at, &w->last) && *at == '\0' && w->first <= w->last;
}

static bool parse(int argc, char **argv, struct wish *w)
{
	for (int i = 1; i < argc; i++) {
		const char *end, *value = i + 1 < argc ? argv[i + 1] : NULL;
		uint64_t n;
		if (strcmp(argv[i], "--trace") == 0) {
			w->trace = true;
		} else if (strcmp(argv[i], "--keep-going") == 0) {
			w->keep_going = true;
		} else if (strcmp(argv[i], "--seed") == 0 && number(value, &end, &n) && *end == '\0') {
			w->first = w->last = n;
			w->single = true;
			i++;
		} else if (strcmp(argv[i], "--seeds") == 0 && range(value, w)) {
			i++;
		} else if (strcmp(argv[i], "--jobs") == 0 && number(value, &end, &n) && *end == '\0' && n >= 1 &&
			   n <= JOBS_MAX) {
			w->jobs = (long)n;
			i++;
		} else {
			fprintf(stderr,
				"%s: %s: not understood. Usage: %s [--seed N | --seeds A..B] [--jobs N] [--trace] "
				"[--keep-going]\n",
				argv[0], argv[i], argv[0]);
			return false;
		}
	}
	return true;
}

/* ---- running ------------------------------------------------------------------------------------------------------
 */

static const char *verdict_name(tr_sim_verdict v)
{
	switch (v) {
	case TR_SIM_FINISHED:
		return "finished";
	case TR_SIM_FAILED:
		return "failed";
	case TR_SIM_QUIET:
		return "quiet";
	default:
		return "limit";
	}
}

static void tell_failure(const struct series *s, const tr_sim_result *r)
{
	printf("seed %llu: %s: %s\n", (unsigned long long)r->seed, verdict_name(r->verdict), r->text);
	printf("  after %llu steps, %.6f ms, hash %016llx\n", (unsigned long long)r->steps, (double)r->time_ns / 1e6,
	       (unsigned long long)r->hash);
	printf("  replay: %s%s%s --seed %llu\n", s->program, s->replay != NULL ? " " : "",
	       s->replay != NULL ? s->replay : "", (unsigned long long)r->seed);
	fflush(stdout);
}

static void add(struct series *s, const tr_sim_result *r)
{
	_Atomic uint64_t h = r->hash ^ r->seed;
	s->runs++;
	s->hash += clock_mix(&h);
	s->sum.steps += r->steps;
	s->sum.time_ns += r->time_ns / 1000; /* µs: it adds up */
	s->sum.sent += r->sent;
	s->sum.received += r->received;
	s->sum.dead_letters += r->dead_letters;
	s->sum.dropped += r->dropped;
	s->sum.duplicated += r->duplicated;
	s->sum.spawned += r->spawned;
	s->sum.crashes += r->crashes;
	s->sum.partitions += r->partitions;
	s->sum.failed_allocs += r->failed_allocs;
	if (r->verdict == TR_SIM_FINISHED)
		return;
	s->failures++;
	if (!s->keep_going)
		s->stop = true;
	tell_failure(s, r);
}

static void *worker(void *arg)
{
	struct series *s = arg;
	pthread_mutex_lock(&s->lock);
	while (!s->stop && s->next <= s->last) {
		uint64_t seed = s->next++;
		pthread_mutex_unlock(&s->lock);
		tr_sim_result r = tr_sim_run(seed, &s->options, s->body, tr_keep(s->arg));
		pthread_mutex_lock(&s->lock);
		add(s, &r);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static double seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* All in threads of their own, as the limits of the first one's stack are dear to ask for. */
static void run_all(struct series *s, long jobs)
{
	pthread_t threads[JOBS_MAX];
	long n = 0;
	while (n < jobs && pthread_create(&threads[n], NULL, worker, s) == 0)
		n++;
	if (n == 0)
		(void)worker(s);
	while (n > 0)
		pthread_join(threads[--n], NULL);
}

static void tell_sums(const struct series *s, double wall, double cpu)
{
	const tr_sim_result *r = &s->sum;
	printf("%llu seeds, %llu failed: %llu steps, %llu messages (%llu received, %llu dead letters, %llu dropped, "
	       "%llu doubled)\n",
	       (unsigned long long)s->runs, (unsigned long long)s->failures, (unsigned long long)r->steps,
	       (unsigned long long)r->sent, (unsigned long long)r->received, (unsigned long long)r->dead_letters,
	       (unsigned long long)r->dropped, (unsigned long long)r->duplicated);
	printf("  %llu actors, %llu crashes, %llu partitions, %llu failed allocations, %.1f s of virtual time; "
	       "hash %016llx\n",
	       (unsigned long long)r->spawned, (unsigned long long)r->crashes, (unsigned long long)r->partitions,
	       (unsigned long long)r->failed_allocs, (double)r->time_ns / 1e6, (unsigned long long)s->hash);
	printf("  %.2f s, %.2f s of CPU, %.3f ms of CPU a seed\n", wall, cpu,
	       s->runs > 0 ? cpu * 1e3 / (double)s->runs : 0.0);
}

int tr_sim_main(int argc, char **argv, const tr_sim_options *options, uint64_t seeds, const char *replay, tr_body *body,
		tr_value arg)
{
	struct wish w = {.first = 1, .last = seeds > 0 ? seeds : 1, .jobs = sysconf(_SC_NPROCESSORS_ONLN)};
	if (!parse(argc, argv, &w)) {
		tr_drop(arg);
		return 2;
	}
	struct series s = {.body = body,
			   .arg = arg,
			   .program = argv[0],
			   .replay = replay,
			   .next = w.first,
			   .last = w.last,
			   .keep_going = w.keep_going};
	if (options != NULL)
		s.options = *options;
	s.options.trace = s.options.trace || w.trace;
	pthread_mutex_init(&s.lock, NULL);
	double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	run_all(&s, w.single || s.options.trace || w.jobs < 1 ? 1 : w.jobs < JOBS_MAX ? w.jobs : JOBS_MAX);
	tell_sums(&s, seconds(CLOCK_MONOTONIC) - wall, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	pthread_mutex_destroy(&s.lock);
	tr_drop(arg);
	return s.failures == 0 ? 0 : 1;
}
