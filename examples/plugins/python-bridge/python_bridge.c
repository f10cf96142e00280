/* SPDX-License-Identifier: Apache-2.0 */
/* An integration: functions of a Python file as commands. One interpreter stays; it is the plugin's own, so it ends
 * when the plugin does, and a fresh one is started when it died. Lines of JSON go both ways. */
#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>
#include <troupe/io.h>
#include <troupe/plugin.h>

TR_PLUGIN_MANIFEST("{\"id\": \"python-bridge\", \"version\": \"1.0.0\","
		   "\"description\": \"Calls functions of a Python file\", \"license\": \"Apache-2.0\","
		   "\"capabilities\": [\"tool:python_function\"], \"needs\": [\"exec\"],"
		   "\"config\": {\"file\": {\"type\": \"string\", \"required\": true,"
		   "                      \"description\": \"the Python file with the functions\"},"
		   "            \"program\": {\"type\": \"string\", \"default\": \"python3\"}},"
		   "\"limits\": {\"time\": 60}}");

static const char script[] = "import importlib.util, json, sys\n"
			     "out, sys.stdout = sys.stdout, sys.stderr\n"
			     "spec = importlib.util.spec_from_file_location('functions', sys.argv[1])\n"
			     "module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module)\n"
			     "for line in sys.stdin:\n"
			     "    ask = json.loads(line)\n"
			     "    try:\n"
			     "        name = ask['function']\n"
			     "        if name.startswith('_') or not callable(getattr(module, name, None)):\n"
			     "            raise LookupError(f'there is no function {name}')\n"
			     "        said = {'result': getattr(module, name)(**ask['args'])}\n"
			     "        text = json.dumps(said)\n"
			     "    except Exception as e:\n"
			     "        text = json.dumps({'error': type(e).__name__, 'message': str(e)})\n"
			     "    print(text, file=out, flush=True)\n";

struct bridge {
	tr_value config;
	tr_port port; /* id 0: none */
	int64_t calls, starts;
};

static tr_err start_python(struct bridge *b)
{
	const char *program = tr_as_cstr(tr_map_get_s(b->config, "program"), "python3");
	const char *argv[] = {program, "-I", "-c", script, tr_as_cstr(tr_map_get_s(b->config, "file"), ""), NULL};
	tr_port_options options = {.file = program, .argv = argv, .framing = TR_FRAME_LINE, .new_group = true};
	tr_err err = tr_port_open(&options, &b->port);

	b->starts += err == TR_OK;
	return err;
}

static void end_python(struct bridge *b)
{
	if (b->port.id != 0)
		tr_port_close(b->port, TR_SECOND);
	b->port.id = 0;
}

static tr_err bridge_init(void *state, tr_value config, tr_value *reason)
{
	struct bridge *b = state;

	b->config = tr_own_value(tr_keep(config));
	if (tr_plugin_granted("exec"))
		return TR_OK;
	*reason = tr_string("python-bridge needs the grant exec to start an interpreter");
	return TR_EDENIED;
}

static void bridge_stop(void *state)
{
	end_python(state);
}

/* Ask and read the answer; invalid when the interpreter is gone, or was not in time. Takes the question. */
static tr_value ask(struct bridge *b, tr_value question, int64_t deadline)
{
	tr_buf line = {0};
	tr_value answer = tr_invalid(TR_EIO);
	tr_err err = b->port.id == 0 ? start_python(b) : TR_OK;

	if (err == TR_OK)
		err = tr_json_write(&line, question, TR_JSON_COMPACT);
	if (err == TR_OK)
		err = tr_port_send(b->port, tr_buf_str(&line), deadline);
	if (err == TR_OK)
		answer = tr_port_receive(b->port, deadline);
	tr_buf_fini(&line);
	tr_drop(question);
	if (err != TR_OK)
		return tr_invalid(err);
	tr_value v = tr_is_valid(answer) ? tr_json_read(tr_as_str(answer), NULL, NULL) : answer;
	if (tr_is_valid(answer))
		tr_drop(answer);
	return v;
}

static tr_value bridge_command(void *state, tr_value command)
{
	struct bridge *b = state;
	tr_value function = tr_command_input(command, "function"), args = tr_command_input(command, "args");

	if (!tr_is(function, TR_STRING))
		return tr_outcome_error("input", false, "python_function needs `function`, the name of one");
	if (tr_is_valid(args) && !tr_is(args, TR_MAP))
		return tr_outcome_error("input", false, "`args` must be a mapping of parameters");
	tr_value said =
	    ask(b, TR_DICT("function", tr_keep(function), "args", tr_is(args, TR_MAP) ? tr_keep(args) : tr_map()),
		tr_in(55 * TR_SECOND));
	b->calls++;
	if (!tr_is_valid(said)) {
		end_python(b); /* whatever it still says belongs to nobody */
		return tr_outcome_error("interpreter", true, "the interpreter gave no answer: %s",
					tr_err_text(tr_value_err(said)));
	}
	tr_value result = tr_map_get_s(said, "result");
	tr_value outcome = tr_is_valid(result) ? tr_outcome_ok(tr_keep(result))
					       : tr_outcome_error("exception", false, "%s: %s",
								  tr_as_cstr(tr_map_get_s(said, "error"), "error"),
								  tr_as_cstr(tr_map_get_s(said, "message"), ""));
	tr_drop(said);
	return outcome;
}

static tr_value bridge_health(void *state)
{
	const struct bridge *b = state;

	return TR_DICT("interpreter", tr_int(b->port.id == 0 ? 0 : tr_port_os_pid(b->port)), "calls", tr_int(b->calls),
		       "starts", tr_int(b->starts));
}

TR_PLUGIN_EXPORT = {TR_PLUGIN_HEAD,      .state_size = sizeof(struct bridge), .init = bridge_init,
		    .stop = bridge_stop, .command = bridge_command,           .health = bridge_health};
