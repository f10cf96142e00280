/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs and outcomes of the tool kind python. */
#include "plugins/actions/python/task.h"
#include "plugins/actions/python/codec.h"
#include "plugins/shared/source.h"
#include <stdio.h>
#include <string.h>

#define CODE_MAX (4u << 20)

static bool given(tr_value v)
{
	return tr_is_valid(v) && !tr_is_nil(v);
}

/* ---- the task
 * -------------------------------------------------------------------------------------------------------------- */

/* The path that `file` or `script` names, NULL when `script` is the code itself or neither is there. */
static const char *path_of(tr_value input)
{
	tr_value file = tr_map_get_s(input, "file"), script = tr_map_get_s(input, "script");

	if (tr_is(file, TR_STRING))
		return tr_as_cstr(file, NULL);
	if (tr_is(script, TR_MAP))
		return tr_as_cstr(tr_map_get_s(script, "path"), tr_as_cstr(tr_map_get_s(script, "uri"), NULL));
	if (tr_is(script, TR_STRING) && strchr(tr_as_cstr(script, ""), '\n') == NULL)
		return tr_as_cstr(script, NULL);
	return NULL;
}

static tr_value from_file(const char *path, tr_value *fault)
{
	tr_value why, text = source_read(path, CODE_MAX, &why);

	if (!tr_is_valid(text))
		*fault = tr_outcome_error("input", false, "python: the code in %s", tr_as_cstr(why, "?"));
	tr_drop(why);
	return text;
}

/* The code and the name it has in tracebacks. */
static tr_value read_code(python_task *t, tr_value command, tr_value *name, tr_value *fault)
{
	tr_value input = tr_map_get_s(command, "input"), code = tr_map_get_s(input, "code");
	tr_value context = tr_map_get_s(command, "context");
	const char *path = given(code) ? NULL : path_of(input);

	if (path != NULL) {
		*name = source_path(path, context);
		t->file = tr_own_value(tr_keep(*name));
		t->line = 1;
		return from_file(tr_as_cstr(*name, path), fault);
	}
	if (!given(code))
		code = tr_map_get_s(input, "script");
	*name = tr_stringf("%s/%s", tr_as_cstr(tr_map_get_s(context, "step"), "step"),
			   tr_as_cstr(tr_map_get_s(context, "label"), "task"));
	t->line = tr_as_int(tr_map_get_s(context, "code_line"), 0);
	if (t->line > 0)
		t->file = tr_own_value(tr_keep(tr_map_get_s(context, "file")));
	if (tr_is(code, TR_STRING))
		return tr_keep(code);
	*fault =
	    tr_outcome_error("input", false, "python: code is required: text in code or script, or a path in file");
	return tr_absent();
}

/* The step's args under the task's own. */
static tr_value read_inputs(tr_value command, tr_value *fault)
{
	static const char *const keys[] = {"input", "args", NULL};
	tr_value step = TR_GET(command, "context", "scope", "args");
	tr_value all = tr_is(step, TR_MAP) ? tr_keep(step) : tr_map();

	for (size_t i = 0; keys[i] != NULL; i++) {
		tr_value own = tr_command_input(command, keys[i]);
		if (!given(own))
			continue;
		if (!tr_is(own, TR_MAP)) {
			*fault = tr_outcome_error("input", false, "python: %s must be a mapping, is %s", keys[i],
						  tr_type_name(tr_type_of(own)));
			break;
		}
		all = tr_map_merge(all, tr_keep(own));
	}
	return all;
}

/* Seconds of a setting; false when it is no time. */
static bool read_timeout(python_task *t, tr_value config, tr_value input)
{
	tr_value v = tr_map_get_s(input, "timeout");

	if (!given(v))
		v = tr_map_get_s(config, "timeout");
	if (!given(v))
		return true;
	double seconds = tr_as_float(v, -1);
	if (!(seconds > 0 && seconds <= 1e9))
		return false;
	t->timeout_ns = (int64_t)(seconds * 1e9);
	return true;
}

static tr_value number(tr_value config, tr_value input, const char *key)
{
	tr_value v = tr_map_get_s(input, key);

	return tr_is(v, TR_INT) && tr_as_int(v, 0) > 0 ? v : tr_map_get_s(config, key);
}

static tr_value execution_id(tr_value command)
{
	tr_value id = TR_GET(command, "context", "execution_id");

	if (tr_is(id, TR_INT))
		return tr_stringf("%lld", (long long)tr_as_int(id, 0));
	return given(id) ? tr_keep(id) : tr_nil();
}

/* What the task sees as `context`: the command's, with the scope's names beside the rest. */
static tr_value context_of(tr_value command)
{
	tr_value context = tr_map_get_s(command, "context"), scope = tr_map_get_s(context, "scope");
	tr_value all = tr_is(scope, TR_MAP) ? tr_keep(scope) : tr_map();

	return tr_is(context, TR_MAP) ? tr_map_merge(all, tr_keep(context)) : all;
}

static tr_value write_task(python_task *t, tr_value config, tr_value command, tr_value code, tr_value name,
			   tr_value inputs)
{
	tr_value input = tr_map_get_s(command, "input"), args = tr_map_get_s(input, "args"),
		 libs = tr_map_get_s(input, "libs");
	tr_value v =
	    TR_DICT("code", code, "filename", name, "inputs", tr_keep(inputs), "args",
		    tr_is(args, TR_MAP) ? tr_keep(args) : tr_keep(inputs), "context", context_of(command),
		    "execution_id", execution_id(command), "libs", given(libs) ? tr_keep(libs) : tr_nil(),
		    "output_limit", tr_keep(tr_map_get_s(config, "output_limit")), "result_limit",
		    tr_keep(tr_map_get_s(config, "result_limit")), "memory", tr_keep(number(config, input, "memory")));
	tr_err err = tr_is_valid(v) ? python_write(&t->frame, v) : tr_value_err(v);

	tr_drop(v);
	tr_drop(inputs);
	return err == TR_OK
		   ? tr_absent()
		   : tr_outcome_error("input", false, "python: the inputs cannot be given to the interpreter: %s",
				      tr_err_text(err));
}

tr_value python_task_read(python_task *t, tr_value config, tr_value command)
{
	tr_value fault = tr_absent(), name = tr_absent();
	tr_value input = tr_map_get_s(command, "input");
	tr_value code = read_code(t, command, &name, &fault);
	tr_value inputs = tr_is_valid(fault) ? tr_absent() : read_inputs(command, &fault);

	if (!tr_is_valid(fault) && !read_timeout(t, config, input))
		fault = tr_outcome_error("input", false, "python: timeout must be seconds above 0");
	if (!tr_is_valid(fault))
		return write_task(t, config, command, code, name, inputs);
	tr_drop(code);
	tr_drop(name);
	tr_drop(inputs);
	return fault;
}

/* ---- the outcome
 * ------------------------------------------------------------------------------------------------------------- */

/* What was printed, and what went past Python behind it. */
static tr_value printed(tr_value reply, const char *key, tr_value past)
{
	tr_value text = tr_map_get_s(reply, key);

	if (!tr_is(text, TR_STRING) || tr_as_str(text).n == 0)
		return tr_is_valid(past) ? tr_keep(past) : tr_string("");
	if (tr_as_str(past).n == 0)
		return tr_keep(text);
	return tr_stringf("%s%s", tr_as_cstr(text, ""), tr_as_cstr(past, ""));
}

static tr_value helper(tr_value reply, tr_value out, tr_value err)
{
	tr_value error = tr_map_get_s(reply, "error");
	tr_value py = TR_DICT("stdout", printed(reply, "stdout", out), "stderr", printed(reply, "stderr", err));

	if (tr_as_int(tr_map_get_s(reply, "stdout_cut"), 0) > 0)
		py = tr_map_put_s(py, "stdout_cut", tr_keep(tr_map_get_s(reply, "stdout_cut")));
	if (tr_as_int(tr_map_get_s(reply, "stderr_cut"), 0) > 0)
		py = tr_map_put_s(py, "stderr_cut", tr_keep(tr_map_get_s(reply, "stderr_cut")));
	if (!tr_is(error, TR_MAP))
		return py;
	py = tr_map_put_s(py, "exception", tr_keep(tr_map_get_s(error, "class")));
	py = tr_map_put_s(py, "traceback", tr_keep(tr_map_get_s(error, "traceback")));
	return tr_map_put_s(py, "line", tr_keep(tr_map_get_s(error, "line")));
}

/* Where it happened: the code's own line, and the line of the file that a person has open. */
static tr_value exception(const python_task *t, tr_value error)
{
	const char *kind = tr_as_cstr(tr_map_get_s(error, "kind"), "exception");
	int64_t line = tr_as_int(tr_map_get_s(error, "line"), 0);
	const char *message = tr_as_cstr(tr_map_get_s(error, "message"), "?"), *file = tr_as_cstr(t->file, "");
	tr_value out;

	if (line > 0 && t->line > 0 && file[0] != '\0')
		out = tr_outcome_error(kind, false, "%s (line %lld, %s:%lld)", message, (long long)line, file,
				       (long long)(t->line + line - 1));
	else if (line > 0)
		out = tr_outcome_error(kind, false, "%s (line %lld)", message, (long long)line);
	else
		out = tr_outcome_error(kind, false, "%s", message);
	if (line > 0 && t->line > 0 && file[0] != '\0') {
		out = tr_outcome_error_put(out, "file", tr_string(file));
		out = tr_outcome_error_put(out, "line", tr_int(t->line + line - 1));
	}
	return tr_outcome_error_put(out, "code", tr_keep(tr_map_get_s(error, "class")));
}

/* A task may say itself that it failed: a mapping with status: error. */
static tr_value said_error(tr_value result)
{
	tr_value error = tr_map_get_s(result, "error");
	tr_value message = tr_is(error, TR_MAP) ? tr_map_get_s(error, "message") : error;

	if (!tr_is(message, TR_STRING))
		message = tr_map_get_s(result, "message");
	tr_value out = tr_outcome_error(tr_as_cstr(tr_map_get_s(error, "kind"), "python"),
					tr_as_bool(tr_map_get_s(error, "retryable"), false), "%s",
					tr_as_cstr(message, "the task returned status: error"));
	tr_value code = tr_map_get_s(error, "code");
	if (given(code))
		out = tr_outcome_error_put(out, "code", tr_keep(code));
	return tr_outcome_put(out, "result", tr_keep(result));
}

/* [data, frame, stdout, stderr] */
static tr_value answered(const python_task *t, tr_value said)
{
	char why[200] = "";
	tr_value reply = python_read(tr_as_str(tr_array_at(said, 1)), why, sizeof(why));

	if (!tr_is_valid(reply))
		return tr_outcome_error("crash", true, "the interpreter's answer is damaged: %s", why);
	tr_value result = tr_map_get_s(reply, "result"), out;
	if (!tr_as_bool(tr_map_get_s(reply, "ok"), false))
		out = exception(t, tr_map_get_s(reply, "error"));
	else if (tr_str_is(tr_as_str(tr_map_get_s(result, "status")), "error"))
		out = said_error(result);
	else
		out = tr_outcome_ok(tr_keep(result));
	out = tr_outcome_put(out, "py", helper(reply, tr_array_at(said, 2), tr_array_at(said, 3)));
	tr_drop(reply);
	return out;
}

tr_value python_task_outcome(const python_task *t, tr_value said)
{
	tr_value what = tr_array_at(said, 0), second = tr_array_at(said, 1);
	const char *text = tr_as_cstr(second, "?");

	if (TR_IS_A(what, data))
		return answered(t, said);
	if (TR_IS_A(what, timeout))
		return tr_outcome_error("timeout", true, "python: %s", text);
	if (TR_IS_A(what, crash))
		return tr_outcome_put(
		    tr_outcome_error("crash", true, "python: %s", text), "py",
		    TR_DICT("stdout", tr_keep(tr_array_at(said, 2)), "stderr", tr_keep(tr_array_at(said, 3))));
	if (tr_is_valid(said))
		return tr_outcome_error("python", true, "python: %s", text);
	return tr_outcome_error("crash", true, "python: the pool of interpreters ended in the middle of the task: %s",
				tr_err_text(tr_value_err(said)));
}
