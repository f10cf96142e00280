/* SPDX-License-Identifier: Apache-2.0 */
/** What a loop asks the controller `iterator`. */
#include "actors/worker/loop_ask.h"
#include "actors/worker/controllers.h"
#include "actors/worker/refs.h"

#include <troupe/log.h>

static tr_value ask(const run_scope *run, tr_value question, tr_value *error)
{
	return controllers_answer(run->pures, CONTROLLER_ITERATOR, question, error);
}

static const char *mode_name(const pb_loop *loop)
{
	return loop->mode == PB_PARALLEL ? "parallel" : "sequential";
}

static tr_value on_error(const run_scope *run)
{
	switch (run->step->loop.on_error) {
	case PB_ON_ERROR_STOP:
		return tr_word("stop");
	case PB_ON_ERROR_CONTINUE:
		return tr_word("continue");
	default:
		return tr_word("finish");
	}
}

static tr_value not_loaded(tr_err err)
{
	return TR_DICT("kind", tr_string("loop"), "message",
		       tr_stringf("loop.in is a reference that could not be loaded: %s", tr_err_text(err)), "retryable",
		       tr_bool(true));
}

/* What the reference stands for, or the value itself. Takes it. */
static tr_value loaded(tr_value in, tr_value *error)
{
	if (!refs_is(in))
		return in;
	tr_value value = refs_load(in);
	tr_drop(in);
	if (!tr_is_valid(value))
		tr_assign(error, not_loaded(tr_value_err(value)));
	return value;
}

/* *in_flight stays as it is when nothing is said of it, or nothing that can be used (false, *error). */
static bool window(tr_value answer, uint32_t *in_flight, tr_value *error)
{
	tr_value said = tr_map_get_s(answer, "in_flight");
	int64_t n = tr_as_int(said, 0);
	if (!tr_is_valid(said) || tr_is_nil(said))
		return true;
	if (!tr_is(said, TR_INT) || n < 1 || n > LOOP_MOST_IN_FLIGHT) {
		tr_assign(error,
			  controllers_fault(CONTROLLER_ITERATOR, "in_flight must be a whole number from 1 to 100,000"));
		return false;
	}
	*in_flight = (uint32_t)n;
	return true;
}

bool loop_ask_plan(const run_scope *run, tr_value in, tr_value max_in_flight, loop_source *source, uint32_t *in_flight,
		   tr_value *error)
{
	const pb_loop *loop = &run->step->loop;
	in = loaded(in, error);
	if (!tr_is_valid(in)) {
		tr_drop(max_in_flight);
		return false;
	}
	tr_value answer = ask(run,
			      TR_DICT("ask", tr_word("plan"), "in", in, "mode", tr_word(mode_name(loop)), "cursor",
				      tr_bool(loop->cursor), "max_in_flight", max_in_flight, "concurrency",
				      tr_int(run->concurrency), "on_error", on_error(run)),
			      error);
	if (!tr_is_valid(answer))
		return false;
	tr_value items = tr_map_get_s(answer, "items");
	bool good = loop_source_init(source, tr_is_valid(items) ? tr_keep(items) : tr_absent());
	if (!good)
		tr_assign(error,
			  controllers_fault(CONTROLLER_ITERATOR, "items must be a list, a mapping, a number or null"));
	*in_flight = 1;
	good = good && window(answer, in_flight, error);
	tr_drop(answer);
	return good;
}

tr_value loop_ask_rows(const run_scope *run, tr_value outcome, tr_value *error)
{
	tr_value answer = ask(run, TR_DICT("ask", tr_word("rows"), "outcome", tr_keep(outcome)), error);
	if (!tr_is_valid(answer))
		return answer;
	tr_value rows = tr_keep(tr_map_get_s(answer, "rows"));
	tr_drop(answer);
	if (tr_is(rows, TR_ARRAY))
		return rows;
	tr_drop(rows);
	tr_assign(error, controllers_fault(CONTROLLER_ITERATOR, "rows must be a list"));
	return tr_invalid(TR_ETYPE);
}

/* Counts, put into a question. Takes it. */
static tr_value with_counts(tr_value question, const run_scope *run, const results *r)
{
	question = tr_map_put_s(question, "on_error", on_error(run));
	question = tr_map_put_s(question, "success", tr_int(r->success));
	return tr_map_put_s(question, "failed", tr_int(r->failed));
}

bool loop_ask_failed(const run_scope *run, int64_t index, tr_value error, const results *r, uint32_t *in_flight)
{
	tr_value why = tr_absent();
	tr_value answer = ask(run,
			      with_counts(TR_DICT("ask", tr_word("failed"), "index", tr_int(index), "error",
						  tr_keep(error), "in_flight", tr_int(*in_flight)),
					  run, r),
			      &why);
	bool stop = tr_as_bool(tr_map_get_s(answer, "stop"), false);
	if (!tr_is_valid(answer) || !window(answer, in_flight, &why))
		tr_log(TR_WARNING, tr_keep(why), "step %.*s: nobody says what a failed iteration means: %s",
		       TR_STR(run->step->name), tr_as_cstr(tr_map_get_s(why, "message"), "no reason given"));
	tr_drop(answer);
	tr_drop(why);
	return stop;
}

bool loop_ask_end(const run_scope *run, const results *r, tr_value *error)
{
	tr_value answer =
	    ask(run, with_counts(TR_DICT("ask", tr_word("end"), "failures", tr_keep(r->failures)), run, r), error);
	bool good = tr_is_valid(answer);
	tr_drop(answer);
	return good;
}
