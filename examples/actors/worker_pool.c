/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A supervised worker pool. The tree:
 *
 *     top (rest_for_one)
 *     ├─ score    a gen_server that counts what was done
 *     └─ pool     four workers; some jobs crash them
 *
 * The callers are tasks, at most eight at once. A crash costs the job, not the pool: its place is taken by a fresh
 * worker, and the caller may try again.
 *
 *     worker_pool
 */
#include <inttypes.h>
#include <stdio.h>

#include <troupe/troupe.h>

#define JOBS 200

/* ---- the score ----------------------------------------------------------------------------------------------------
 */

struct score {
	int64_t done, crashed;
};

static tr_next score_init(void *state, tr_value arg)
{
	(void)state, (void)arg;
	return tr_noreply();
}

static tr_next score_cast(void *state, tr_value request)
{
	struct score *s = state;

	s->done += TR_IS_A(request, done);
	s->crashed += TR_IS_A(request, crash);
	return tr_noreply();
}

static tr_next score_call(void *state, tr_value request, tr_from from)
{
	const struct score *s = state;

	(void)request, (void)from;
	return tr_next_reply(TR_DICT("done", tr_int(s->done), "crashed", tr_int(s->crashed)));
}

static const tr_gen_server score = {.name = "score",
				    .state_size = sizeof(struct score),
				    .init = score_init,
				    .handle_cast = score_cast,
				    .handle_call = score_call};

/* ---- the workers --------------------------------------------------------------------------------------------------
 */

static tr_next worker_init(void *state, tr_value arg)
{
	(void)state, (void)arg;
	return tr_noreply();
}

/* Squares its number. It cannot bear multiples of 17 the first time, and crashes; nobody has to expect that. */
static tr_next worker_call(void *state, tr_value request, tr_from from)
{
	int64_t n = tr_as_int(tr_array_at(request, 0), 0), attempt = tr_as_int(tr_array_at(request, 1), 0);

	(void)state, (void)from;
	if (n % 17 == 0 && attempt == 1)
		tr_exit(TR_LIST(tr_atom("cannot_bear"), tr_int(n)));
	return tr_next_reply(tr_int(n * n));
}

static const tr_gen_server worker = {.name = "worker", .init = worker_init, .handle_call = worker_call};

static tr_started start_pool(tr_value arg, tr_value extra)
{
	tr_pool_options options = {.worker = &worker, .arg = tr_nil(), .size = 4, .overflow = 2, .name = "pool"};

	(void)arg, (void)extra;
	return tr_pool_start_link(&options, tr_in(20 * TR_SECOND));
}

/* ---- the callers --------------------------------------------------------------------------------------------------
 */

/* One job: borrow a worker, ask it, give it back; once more if the worker crashed. */
static tr_value job(tr_value n)
{
	for (int64_t attempt = 1;; attempt++) {
		tr_value result =
		    tr_pool_call(tr_whereis("pool"), TR_LIST(tr_keep(n), tr_int(attempt)), tr_in(20 * TR_SECOND));
		tr_cast_name("score", tr_is_valid(result) ? TR_A(done) : TR_A(crash));
		if (tr_is_valid(result))
			return result;
		if (attempt == 3)
			tr_exitf("job given up: %s", tr_err_text(tr_value_err(result)));
	}
}

static bool add(void *sum, size_t index, tr_value result)
{
	(void)index;
	*(int64_t *)sum += tr_as_int(tr_array_at(result, 1), -1000000); /* [ok, value] */
	return true;
}

static void application(tr_value arg)
{
	const tr_child_spec children[] = {
	    {.id = "score", .server = &score, .name = "score"},
	    {.id = "pool", .start = start_pool, .type = TR_SUPERVISOR},
	};
	tr_supervisor_spec spec = {
	    .strategy = TR_REST_FOR_ONE, .intensity = 5, .children = children, .child_count = 2, .name = "top"};
	tr_started top = tr_supervisor_start_link(&spec);

	(void)arg;
	if (top.pid.bits == 0)
		tr_exit(top.reason);
	tr_value numbers = tr_array();
	int64_t sum = 0, want = 0;
	size_t seen = 0;
	for (int64_t i = 1; i <= JOBS; i++) {
		numbers = tr_array_push(numbers, tr_int(i));
		want += i * i;
	}
	tr_task_stream(job, numbers, &(tr_stream_options){.concurrency = 8}, add, &sum, &seen);
	tr_value counted = tr_call_name("score", tr_nil(), tr_in(20 * TR_SECOND));
	printf("%zu jobs, sum of squares %" PRId64 "; workers crashed %" PRId64 " times\n", seen, sum,
	       tr_as_int(tr_map_get_s(counted, "crashed"), -1));
	tr_drop(counted);
	if (sum != want)
		tr_exitf("the sum should be %" PRId64, want);
}

static void no_report(void *arg, tr_value report)
{
	(void)arg;
	tr_drop(report); /* the crashes are part of the show */
}

int main(void)
{
	tr_value reason = tr_run(&(tr_node_options){.report = no_report}, application, tr_nil());
	bool well = TR_IS_A(reason, normal);
	tr_drop(reason);
	return well ? 0 : 1;
}
