/* SPDX-License-Identifier: Apache-2.0 */
/* The controller of loops. */
#include "plugins/controller/iterator/iterator.h"
#include "plugins/controller/question.h"

const char iterator_manifest[] =
    "{\"id\": \"iterator\", \"version\": \"1.0.0\","
    " \"description\": \"Decides what loops go over, how many iterations run at once, what a failure means\","
    " \"license\": \"Apache-2.0\", \"capabilities\": [\"controller:iterator\"],"
    " \"provides\": {\"controller\": \"iterator\"},"
    " \"config\": {\"max_in_flight\": {\"type\": \"int\", \"default\": 100000, \"min\": 1, \"max\": 100000,"
    " \"description\": \"the most iterations that one loop has at once, whatever a playbook says\"}},"
    " \"limits\": {\"mailbox\": 1000000}}";

/* ---- plan: what it goes over, and the window ---- */

static bool goes_over(tr_value in)
{
	return tr_is_nil(in) || tr_is(in, TR_ARRAY) || tr_is(in, TR_MAP) || tr_is(in, TR_INT);
}

static int64_t window(tr_value config, tr_value question)
{
	tr_value said = tr_map_get_s(question, "max_in_flight");
	double most = (double)tr_as_int(tr_map_get_s(config, "max_in_flight"), 1);
	double wanted = tr_as_float(tr_is_nil(said) ? tr_map_get_s(question, "concurrency") : said, 1);

	if (!question_says(question, "mode", "parallel") || !(wanted >= 1))
		return 1;
	return (int64_t)(wanted > most ? most : wanted);
}

static tr_value plan(tr_value config, tr_value question)
{
	tr_value in = tr_map_get_s(question, "in");

	if (!goes_over(in))
		return tr_outcome_error("loop", false,
					"loop.in gives a value of type %s; it must be a list, a mapping, a whole "
					"number, null, or a reference to one of these",
					tr_type_name(tr_type_of(in)));
	return tr_outcome_ok(TR_DICT("items", tr_keep(in), "in_flight", tr_int(window(config, question))));
}

/* ---- rows: what a cursor's task gave ---- */

/* A list, its `rows`, or what a body carries as `data`; absent when there are none to be found. */
static tr_value rows_in(tr_value result)
{
	if (tr_is(result, TR_ARRAY))
		return tr_keep(result);
	if (tr_is_nil(result))
		return tr_array();
	tr_value rows = tr_map_get_s(result, "rows");
	if (!tr_is(rows, TR_ARRAY))
		rows = tr_map_get_s(result, "data");
	return tr_is(rows, TR_ARRAY) ? tr_keep(rows) : tr_absent();
}

static tr_value rows(tr_value question)
{
	tr_value outcome = tr_map_get_s(question, "outcome"), error = tr_map_get_s(outcome, "error");
	bool good = question_says(outcome, "status", "success");
	tr_value found = good ? rows_in(tr_map_get_s(outcome, "result")) : tr_absent();

	if (tr_is_valid(found))
		return tr_outcome_ok(TR_DICT("rows", found));
	if (!good && tr_is(error, TR_MAP))
		return TR_DICT("status", tr_string("error"), "error", tr_keep(error));
	return tr_outcome_error("loop", false,
				"the cursor's task gave no rows: its result must be a list, or have one as `rows` or "
				"`data`");
}

/* ---- failed, end ---- */

static tr_value failed(tr_value question)
{
	return tr_outcome_ok(TR_DICT("stop", tr_bool(question_says(question, "on_error", "stop"))));
}

static tr_value end(tr_value question)
{
	tr_value failures = tr_map_get_s(question, "failures");
	long long bad = (long long)tr_as_int(tr_map_get_s(question, "failed"), 0);
	long long good = (long long)tr_as_int(tr_map_get_s(question, "success"), 0);

	if (bad == 0 || question_says(question, "on_error", "continue"))
		return tr_outcome_ok(tr_nil());
	tr_value outcome =
	    tr_outcome_error("loop", false, "%lld of %lld iterations failed; the first: %s", bad, good + bad,
			     tr_as_cstr(TR_GET(tr_array_at(failures, 0), "error", "message"), ""));
	return tr_outcome_error_put(outcome, "failures", tr_is_valid(failures) ? tr_keep(failures) : tr_array());
}

static tr_value iterator_decide(tr_value config, tr_value question)
{
	if (question_says(question, "ask", "plan"))
		return plan(config, question);
	if (question_says(question, "ask", "rows"))
		return rows(question);
	if (question_says(question, "ask", "failed"))
		return failed(question);
	if (question_says(question, "ask", "end"))
		return end(question);
	return question_unknown("iterator", question);
}

const tr_plugin iterator_plugin = {TR_PLUGIN_HEAD, .decide = iterator_decide};
