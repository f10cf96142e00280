/* SPDX-License-Identifier: Apache-2.0 */
/* The tool kind playbook. */
#include "plugins/controller/playbook/playbook.h"
#include <stdlib.h>
#include <string.h>

#define SERVICE_TIME (30 * TR_SECOND)
#define AGAIN_NS     (100 * TR_MS) /* a service that crashed is started again within that */

const char playbook_manifest[] =
    "{\"id\": \"playbook\", \"version\": \"1.0.0\", \"description\": \"Runs another playbook and waits for it\","
    " \"license\": \"Apache-2.0\", \"capabilities\": [\"tool:playbook\"],"
    " \"provides\": {\"node_handler\": \"playbook\", \"controller\": \"playbook\"},"
    " \"needs\": [\"call:executions\", \"call:catalog\"],"
    " \"limits\": {\"concurrency\": 1000000, \"mailbox\": 1000000}}";

static bool given(tr_value v)
{
	return tr_is_valid(v) && !tr_is_nil(v);
}

/* ---- asking the node -------------------------------------------------------------------------------------------- */

static void forget_request(void *ptr)
{
	tr_drop(*(tr_value *)ptr);
	tr_free(ptr);
}

/* The service's answer; asked again when it, or who it handed the question to, ended in the middle: the same key means
 * the same child. */
static tr_value ask(const char *service, tr_value request, int64_t timeout_ns, int64_t deadline)
{
	/* Owned, as whoever waits for a child may be killed. */
	tr_value *kept = tr_alloc(sizeof *kept);

	if (kept == NULL) {
		tr_drop(request);
		return tr_invalid(TR_ENOMEM);
	}
	*kept = request;
	if (tr_own(kept, forget_request) != TR_OK)
		return tr_invalid(TR_ENOMEM);
	for (;;) {
		int64_t end = timeout_ns == TR_FOREVER ? deadline : tr_in(timeout_ns);
		tr_value answer = tr_plugin_call(service, tr_keep(request), end < deadline ? end : deadline);
		tr_err err = tr_value_err(answer);

		if (tr_is_valid(answer) || (err != TR_EDOWN && err != TR_ENOPROC) || tr_in(AGAIN_NS) >= deadline) {
			(void)tr_disown(kept);
			forget_request(kept);
			return answer;
		}
		tr_sleep_until(tr_in(AGAIN_NS));
	}
}

static tr_value no_answer(const char *service, tr_err err)
{
	if (err == TR_ETIMEOUT)
		return tr_outcome_error("timeout", true, "playbook: the time for the child was over");
	return tr_outcome_error("no_service", true, "playbook: %s does not answer: %s", service, tr_err_text(err));
}

/* ---- the request ------------------------------------------------------------------------------------------------- */

static tr_value arguments(tr_value input)
{
	static const char *const keys[] = {"args", "input", "payload", "with"};

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (given(tr_map_get_s(input, keys[i])))
			return tr_map_get_s(input, keys[i]);
	return tr_absent();
}

/* The key of the task is the same for each of its tries; a try that failed starts a child of its own. */
static tr_value key_of(tr_value context)
{
	return tr_stringf("%s#%lld", tr_as_cstr(tr_map_get_s(context, "idempotency_key"), ""),
			  (long long)tr_as_int(tr_map_get_s(context, "attempt"), 1));
}

/* `loaded`: [ok, hash, file] of the catalog, or absent: does the parent know it already? */
static tr_value request_of(tr_value command, tr_value loaded)
{
	tr_value input = tr_map_get_s(command, "input"), context = tr_map_get_s(command, "context");
	tr_value args = arguments(input), step = tr_map_get_s(input, "return_step");
	long long parent = strtoll(tr_as_cstr(tr_map_get_s(context, "execution_id"), "0"), NULL, 10);
	tr_value iteration = tr_map_get_s(context, "iteration");
	tr_value hash = tr_array_at(loaded, 1), file = tr_array_at(loaded, 2);

	return TR_LIST(
	    tr_atom("child"),
	    TR_DICT("parent_id", tr_int(parent), "step_run_id", tr_keep(tr_map_get_s(context, "step_run_id")),
		    "iteration", tr_int(tr_as_int(iteration, -1)), "label", tr_keep(tr_map_get_s(context, "label")),
		    "key", key_of(context), "path", tr_keep(tr_map_get_s(input, "path")), "hash",
		    tr_is_valid(hash) ? tr_keep(hash) : tr_nil(), "file", tr_is_valid(file) ? tr_keep(file) : tr_nil(),
		    "args", given(args) ? tr_keep(args) : tr_map(), "return_step",
		    given(step) ? tr_keep(step) : tr_nil(), "wait",
		    tr_bool(tr_as_bool(tr_map_get_s(input, "wait"), true))));
}

/* Absent when the inputs make sense. */
static tr_value fault(tr_value input)
{
	tr_value path = tr_map_get_s(input, "path"), step = tr_map_get_s(input, "return_step"),
		 wait = tr_map_get_s(input, "wait"), args = arguments(input);

	if (!tr_is(path, TR_STRING) || tr_as_str(path).n == 0)
		return tr_outcome_error("input", false, "playbook: path is required: a catalog path, or a file");
	if (tr_is_valid(args) && !tr_is(args, TR_MAP))
		return tr_outcome_error("input", false, "playbook: args must be a mapping");
	if (given(step) && !tr_is(step, TR_STRING))
		return tr_outcome_error("input", false, "playbook: return_step must be the name of a step");
	if (given(tr_map_get_s(input, "timeout")) && !(tr_as_float(tr_map_get_s(input, "timeout"), -1) > 0))
		return tr_outcome_error("input", false, "playbook: timeout must be seconds above 0");
	if (given(wait) && !tr_is(wait, TR_BOOL))
		return tr_outcome_error("input", false, "playbook: wait must be true or false");
	return tr_absent();
}

/* ---- the outcome ------------------------------------------------------------------------------------------------- */

static tr_value id_text(tr_value report)
{
	return tr_stringf("%lld", (long long)tr_as_int(tr_map_get_s(report, "execution_id"), 0));
}

/* The fields of what the child gave, the whole as `result`, and on top whose it is and how it ended. */
static tr_value result_of(tr_value report)
{
	tr_value value = tr_map_get_s(report, "result");
	tr_value out = tr_is(value, TR_MAP) && !given(tr_map_get_s(value, "ref")) ? tr_keep(value) : tr_map();

	if (tr_is_valid(value) && !tr_is_valid(tr_map_get_s(out, "result")))
		out = tr_map_put_s(out, "result", tr_keep(value));
	out = tr_map_put_s(out, "status", tr_keep(tr_map_get_s(report, "status")));
	return tr_map_put_s(out, "execution_id", id_text(report));
}

/* The child's file and line, unless the message has them. Takes text. */
static tr_value with_place(tr_value text, tr_value failure)
{
	const char *file = tr_as_cstr(tr_map_get_s(failure, "file"), "");
	long long line = tr_as_int(tr_map_get_s(failure, "line"), 0);
	tr_value place = line > 0 && file[0] != '\0' ? tr_stringf("%s:%lld", file, line) : tr_absent();

	if (tr_is_valid(place) && strstr(tr_as_cstr(text, ""), tr_as_cstr(place, "")) == NULL)
		tr_assign(&text, tr_stringf("%s (%s)", tr_as_cstr(text, ""), tr_as_cstr(place, "")));
	tr_drop(place);
	return text;
}

/* Where it really failed, however many playbooks lie between. */
static tr_value cause_of(tr_value failure)
{
	tr_value known = tr_map_get_s(failure, "cause");
	const char *step = tr_as_cstr(tr_map_get_s(failure, "step"), "");

	if (tr_is(known, TR_STRING))
		return tr_keep(known);
	tr_value said = tr_stringf("%s%s%s%s", step[0] != '\0' ? "step " : "", step, step[0] != '\0' ? ": " : "",
				   tr_as_cstr(tr_map_get_s(failure, "message"), ""));
	return with_place(said, failure);
}

/* The child's failures, without those of its own children that they carry. */
static tr_value details_of(tr_value failures)
{
	tr_value out = tr_array(), key = tr_string("details");

	for (size_t i = 0; i < tr_array_len(failures); i++)
		out = tr_array_push(out, tr_map_del(tr_keep(tr_array_at(failures, i)), key));
	tr_drop(key);
	return out;
}

static tr_value failed(tr_value input, tr_value report)
{
	const char *status = tr_as_cstr(tr_map_get_s(report, "status"), "failed");
	tr_value failures = tr_map_get_s(report, "failures"), first = tr_array_at(failures, 0);
	tr_value id = id_text(report), cause = tr_is(first, TR_MAP) ? cause_of(first) : tr_nil(), out;

	out =
	    tr_outcome_error(strcmp(status, "cancelled") == 0 ? "cancelled" : "playbook", false,
			     "playbook %s (execution %s) ended as %s%s%s", tr_as_cstr(tr_map_get_s(input, "path"), "?"),
			     tr_as_cstr(id, "?"), status, tr_is_nil(cause) ? "" : ": ", tr_as_cstr(cause, ""));
	tr_drop(id);
	out = tr_outcome_error_put(out, "code", tr_string(status));
	out = tr_outcome_error_put(out, "cause", cause);
	out = tr_outcome_error_put(out, "details", details_of(failures));
	return tr_outcome_put(out, "result", result_of(report));
}

static bool ended_well(tr_value report)
{
	tr_str status = tr_as_str(tr_map_get_s(report, "status"));

	return tr_str_is(status, "success") || tr_str_is(status, "partial") || tr_str_is(status, "running");
}

/* Takes the answer of `executions`. */
static tr_value outcome_of(tr_value input, tr_value answer)
{
	tr_value first = tr_array_at(answer, 0), second = tr_array_at(answer, 1), out;

	if (!tr_is_valid(answer))
		return no_answer("executions", tr_value_err(answer));
	if (TR_IS_A(first, ok) && tr_is(second, TR_MAP))
		out = ended_well(second) ? tr_outcome_ok(result_of(second)) : failed(input, second);
	else if (tr_array_len(answer) == 3)
		out = tr_outcome_error(tr_as_cstr(second, "playbook"), false, "playbook: %s",
				       tr_as_cstr(tr_array_at(answer, 2), "the child was refused"));
	else
		out = tr_outcome_error("playbook", true, "playbook: %s",
				       tr_as_cstr(second, "executions gave no answer that makes sense"));
	tr_drop(answer);
	return out;
}

/* ---- the command --------------------------------------------------------------------------------------------------
 */

/* [ok, hash, file] or [error, text] of the catalog; fresh. */
static tr_value load(tr_value command, int64_t deadline)
{
	tr_value input = tr_map_get_s(command, "input"), file = TR_GET(command, "context", "file"),
		 version = tr_map_get_s(input, "version");

	return ask("catalog",
		   TR_LIST(tr_atom("load"), tr_keep(tr_map_get_s(input, "path")),
			   tr_is(file, TR_STRING) ? tr_keep(file) : tr_nil(),
			   given(version) ? tr_keep(version) : tr_nil()),
		   SERVICE_TIME, deadline);
}

/* Tasks of a playbook may do what the node's kinds may: so must a plugin that has one run. */
static tr_value check_caller(void)
{
	static const char *const grants[] = {"net", "exec", "fs:*", "secret:*"};

	for (size_t i = 0; i < sizeof grants / sizeof grants[0]; i++)
		if (!tr_plugin_caller_granted(grants[i]))
			return tr_outcome_denied(grants[i],
						 "playbook: a plugin that has a playbook run must be granted "
						 "what its tasks may do");
	return tr_absent();
}

static tr_value playbook_run(tr_value config, tr_pid plugin, tr_value command)
{
	tr_value input = tr_map_get_s(command, "input"), wrong = fault(input), answer, loaded;
	int64_t deadline = tr_command_deadline(command), end;
	double seconds = tr_as_float(tr_map_get_s(input, "timeout"), 0);

	(void)config;
	(void)plugin;
	if (!tr_is_valid(wrong))
		wrong = check_caller();
	if (tr_is_valid(wrong))
		return wrong;
	/* When the task gives up, its execution cancels the child. */
	end = seconds > 0 && seconds < 1e9 ? tr_in((int64_t)(seconds * 1e9)) : TR_FOREVER;
	deadline = end < deadline ? end : deadline;
	/* Known already? Then the child has its playbook, whatever became of the file. */
	answer = ask("executions", request_of(command, tr_absent()), TR_FOREVER, deadline);
	if (!tr_is(answer, TR_ATOM))
		return outcome_of(input, answer);
	loaded = load(command, deadline);
	if (!tr_is_valid(loaded))
		return no_answer("catalog", tr_value_err(loaded));
	if (!TR_IS_A(tr_array_at(loaded, 0), ok)) {
		answer = tr_outcome_error("no_playbook", false, "playbook: %s",
					  tr_as_cstr(tr_array_at(loaded, 1), "it cannot be loaded"));
		tr_drop(loaded);
		return answer;
	}
	answer = request_of(command, loaded);
	tr_drop(loaded);
	return outcome_of(input, ask("executions", answer, TR_FOREVER, deadline));
}

const tr_plugin playbook_plugin = {TR_PLUGIN_HEAD, .run = playbook_run};
