/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tool kind shell: each of `cmds` by `bash -c`, one after the other, until one fails.
 *
 * Inputs: cmds (text or list), env (mapping), cwd, exports (names of variables that are handed from one command to the
 * next and given in the result), timeout (seconds for all). Result { stdout, stderr, exit_code, exports }, kept when a
 * command fails (error kind "exit").
 */
#include "plugins/actions/shell/shell.h"
#include "plugins/shared/environment.h"
#include <ctype.h>
#include <signal.h>
#include <string.h>
#include <troupe/io.h>
#include <troupe/log.h>

#define LAST_WORDS 300 /* bytes of stderr in the message of an error */

const char shell_manifest[] =
    "{\"id\": \"shell\", \"version\": \"1.0.0\", \"description\": \"Commands run by bash\", \"license\": "
    "\"Apache-2.0\","
    " \"capabilities\": [\"tool:shell\"], \"provides\": {\"node_handler\": \"shell\"}, \"needs\": [\"exec\"],"
    " \"limits\": {\"concurrency\": 64},"
    " \"config\": {"
    "  \"shell\": {\"type\": \"string\", \"default\": \"bash\", \"description\": \"the shell\"},"
    "  \"timeout\": {\"type\": \"number\", \"description\": \"seconds when the task does not say\"},"
    "  \"output_limit\": {\"type\": \"int\", \"default\": 1048576, \"min\": 0, \"description\": \"bytes of stdout and "
    "stderr each\"},"
    "  \"env\": {\"type\": \"list\", \"default\": [], \"description\": \"environment variables that commands may "
    "see\"}}}";

/* $1 is the command; the names behind it are written to descriptor 4 as name and value, each ended by a NUL. */
static const char script[] =
    "ulimit -c 0; __cmd=$1; shift; __names=(\"$@\"); set --; eval \"$__cmd\"; __status=$?; "
    "for __name in \"${__names[@]}\"; do printf '%s\\0%s\\0' \"$__name\" \"${!__name}\" >&4; done; "
    "exit $__status";

/* One command of the tool; owned by its actor. */
typedef struct shell {
	tr_value config, input; /* borrowed */
	tr_value variables;     /* map: env and what was exported */
	tr_buf out, err, exported;
	size_t limit;
	int64_t deadline;
	tr_port port;
	tr_value port_ref;
	bool open;
	const char **argv;
	environment *env;
} shell;

static void shell_end(void *arg)
{
	shell *s = arg;

	tr_buf_fini(&s->out);
	tr_buf_fini(&s->err);
	tr_buf_fini(&s->exported);
	tr_drop(s->variables);
	environment_free(s->env);
	tr_free(s->argv);
	tr_free(s);
}

static bool given(tr_value v)
{
	return tr_is_valid(v) && !tr_is_nil(v);
}

/* ---- one command
 * ---------------------------------------------------------------------------------------------------------------- */

static bool make_argv(shell *s, const char *cmd)
{
	tr_value names = tr_map_get_s(s->input, "exports");
	size_t n = 0;

	tr_free(s->argv);
	s->argv = tr_alloc((tr_array_len(names) + 6) * sizeof(char *));
	if (s->argv == NULL)
		return false;
	s->argv[n++] = tr_as_cstr(tr_map_get_s(s->config, "shell"), "bash");
	s->argv[n++] = "-c";
	s->argv[n++] = script;
	s->argv[n++] = "bash";
	s->argv[n++] = cmd;
	for (size_t i = 0; i < tr_array_len(names); i++)
		s->argv[n++] = tr_as_cstr(tr_array_at(names, i), "");
	environment_free(s->env);
	s->env = environment_new(tr_map_get_s(s->config, "env"), s->variables);
	return s->env != NULL;
}

static tr_err start(shell *s, const char *cmd)
{
	if (!make_argv(s, cmd))
		return TR_ENOMEM;
	tr_port_options options = {.file = s->argv[0],
				   .argv = s->argv,
				   .env = environment_vector(s->env),
				   .cwd = tr_as_cstr(tr_map_get_s(s->input, "cwd"), NULL),
				   .framing = TR_FRAME_RAW,
				   .active = TR_ACTIVE,
				   .stderr_to_owner = true,
				   .new_group = true,
				   .protocol_fds = true};
	tr_err err = tr_port_open(&options, &s->port);
	s->open = err == TR_OK;
	s->port_ref = tr_port_value(s->port);
	return err;
}

static void keep(shell *s, tr_buf *to, tr_value bytes)
{
	tr_str b = tr_as_str(bytes);
	size_t room = s->limit - (to->n < s->limit ? to->n : s->limit);

	tr_buf_put(to, b.p, b.n < room ? b.n : room);
}

/* Messages until the command has ended: its status, or -1 at the deadline. */
static int64_t await(shell *s)
{
	for (;;) {
		tr_value m = tr_receive(s->deadline);
		tr_str what = tr_as_str(tr_array_at(m, 0));
		tr_value third = tr_array_at(m, 2);
		int64_t status = -2;

		if (!tr_is_valid(m))
			status = -1;
		else if (!tr_equal(tr_array_at(m, 1), s->port_ref))
			status = -2;
		else if (tr_str_is(what, "stdout"))
			keep(s, &s->out, third);
		else if (tr_str_is(what, "stderr"))
			keep(s, &s->err, third);
		else if (tr_str_is(what, "data"))
			keep(s, &s->exported, third);
		else if (tr_str_is(what, "exit_status"))
			status = tr_as_int(third, 255);
		tr_drop(m);
		if (status != -2)
			return status;
	}
}

/* name NUL value NUL …, as far as it is whole. */
static void take_exports(shell *s)
{
	tr_str rest = tr_buf_str(&s->exported);

	while (rest.n > 0) {
		const char *name_end = memchr(rest.p, '\0', rest.n);
		if (name_end == NULL)
			return;
		size_t name = (size_t)(name_end - rest.p);
		const char *value = name_end + 1;
		const char *value_end = memchr(value, '\0', rest.n - name - 1);
		if (value_end == NULL)
			return;
		s->variables = tr_map_put(s->variables, tr_string_lossy(rest.p, name),
					  tr_string_lossy(value, (size_t)(value_end - value)));
		size_t used = (size_t)(value_end - rest.p) + 1;
		rest = (tr_str){rest.p + used, rest.n - used};
	}
}

/* ---- outcomes
 * --------------------------------------------------------------------------------------------------------------------
 */

static tr_value exports_of(const shell *s)
{
	tr_value names = tr_map_get_s(s->input, "exports"), map = tr_map();

	for (size_t i = 0; i < tr_array_len(names); i++) {
		tr_value v = tr_map_get(s->variables, tr_array_at(names, i));
		map = tr_map_put(map, tr_keep(tr_array_at(names, i)), tr_is_valid(v) ? tr_keep(v) : tr_nil());
	}
	return map;
}

static tr_value result(const shell *s, int64_t status)
{
	return TR_DICT("stdout", tr_string_lossy(s->out.p == NULL ? "" : s->out.p, s->out.n), "stderr",
		       tr_string_lossy(s->err.p == NULL ? "" : s->err.p, s->err.n), "exit_code",
		       status < 0 ? tr_nil() : tr_int(status), "exports", exports_of(s));
}

/* ": " and what the command said last on stderr, from byte `from` of it on, as one line; empty when it said nothing.
 * What is secret is taken out before anything is cut: a half of it would not be known any more. */
static tr_value last_words(const shell *s, size_t from)
{
	if (s->err.n <= from)
		return tr_string("");
	tr_value said = tr_redact(tr_here(), tr_string_lossy(s->err.p + from, s->err.n - from));
	tr_str text = tr_as_str(said);
	tr_buf line = {0};

	while (text.n > 0 && isspace((unsigned char)text.p[text.n - 1]))
		text.n--;
	size_t at = text.n > LAST_WORDS ? text.n - LAST_WORDS : 0;
	const char *eol = at > 0 ? memchr(text.p + at - 1, '\n', text.n - at + 1) : NULL;
	if (eol != NULL)
		at = (size_t)(eol - text.p) + 1;
	while (at > 0 && at < text.n && ((unsigned char)text.p[at] & 0xc0) == 0x80)
		at++;
	tr_buf_puts(&line, text.n == 0 ? "" : at > 0 && eol == NULL ? ": …" : ": ");
	for (; at < text.n; at++)
		if (text.p[at] == '\n')
			tr_buf_puts(&line, " / ");
		else if (text.p[at] != '\r')
			tr_buf_putc(&line, text.p[at]);
	tr_value words = tr_string_lossy(line.p == NULL ? "" : line.p, line.n);
	tr_buf_fini(&line);
	tr_drop(said);
	return words;
}

static tr_value ended_badly(const shell *s, size_t from, size_t i, size_t n, int64_t status)
{
	tr_value words = last_words(s, from);
	tr_value out = tr_outcome_error("exit", false, "shell: command %zu of %zu ended with status %lld%s", i + 1, n,
					(long long)status, tr_as_cstr(words, ""));
	tr_drop(words);
	return tr_outcome_error_put(out, "code", tr_int(status));
}

/* Absent when the command went well. */
static tr_value run_one(shell *s, const char *cmd, size_t i, size_t n)
{
	size_t said = s->err.n;
	tr_err err = start(s, cmd);

	if (err != TR_OK)
		return tr_outcome_error("exec", false, "shell: %s cannot be started%s%s: %s",
					s->argv == NULL ? "bash" : s->argv[0],
					given(tr_map_get_s(s->input, "cwd")) ? " in " : "",
					tr_as_cstr(tr_map_get_s(s->input, "cwd"), ""), tr_err_text(err));
	tr_buf_clear(&s->exported);
	int64_t status = await(s);
	if (status < 0)
		tr_port_kill(s->port, SIGKILL);
	tr_port_close(s->port, 0);
	s->open = false;
	take_exports(s);
	if (status == 0)
		return tr_absent();
	tr_value out =
	    status < 0 ? tr_outcome_error("timeout", true, "shell: the time was over in command %zu of %zu", i + 1, n)
		       : ended_badly(s, said, i, n, status);
	return tr_outcome_put(out, "result", result(s, status));
}

static tr_value check(const shell *s, tr_value cmds)
{
	tr_value env = tr_map_get_s(s->input, "env"), names = tr_map_get_s(s->input, "exports");
	bool texts = tr_array_len(cmds) > 0;

	for (size_t i = 0; i < tr_array_len(cmds); i++)
		texts = texts && tr_is(tr_array_at(cmds, i), TR_STRING);
	if (!texts)
		return tr_outcome_error("input", false, "shell: cmds is required: text, or a list of texts");
	if (given(env) && !tr_is(env, TR_MAP))
		return tr_outcome_error("input", false, "shell: env must be a mapping");
	for (size_t i = 0; i < tr_array_len(names); i++) {
		const char *name = tr_as_cstr(tr_array_at(names, i), "");
		if (name[0] == '\0' || (name[0] >= '0' && name[0] <= '9') ||
		    name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] != '\0')
			return tr_outcome_error("input", false, "shell: exports must be names of variables");
	}
	if (!tr_plugin_granted("exec"))
		return tr_outcome_denied("exec", "shell may not run commands");
	return tr_absent();
}

static bool set_deadline(shell *s, tr_value command)
{
	tr_value v = tr_map_get_s(s->input, "timeout");

	s->deadline = tr_command_deadline(command);
	if (!given(v))
		v = tr_map_get_s(s->config, "timeout");
	if (!given(v))
		return true;
	double seconds = tr_as_float(v, -1);
	if (!(seconds > 0 && seconds <= 1e9))
		return false;
	int64_t end = tr_in((int64_t)(seconds * 1e9));
	if (end < s->deadline)
		s->deadline = end;
	return true;
}

/* What every command sees: the task's env, and which task it is, the same when it is run again. */
static tr_value variables(const shell *s, tr_value command)
{
	tr_value env = tr_map_get_s(s->input, "env"), key = TR_GET(command, "context", "idempotency_key");
	tr_value v = tr_map();

	if (tr_is(key, TR_STRING))
		v = tr_map_put_s(v, "TROUPE_IDEMPOTENCY_KEY", tr_keep(key));
	return tr_is(env, TR_MAP) ? tr_map_merge(v, tr_keep(env)) : v;
}

static tr_value run_all(shell *s, tr_value command, tr_value cmds)
{
	tr_value fault = check(s, cmds);

	s->variables = variables(s, command);
	for (size_t i = 0; !tr_is_valid(fault) && i < tr_array_len(cmds); i++)
		fault = run_one(s, tr_as_cstr(tr_array_at(cmds, i), ""), i, tr_array_len(cmds));
	return tr_is_valid(fault) ? fault : tr_outcome_ok(result(s, 0));
}

static tr_value shell_run(tr_value config, tr_pid plugin, tr_value command)
{
	shell *s = tr_alloc(sizeof(*s));

	(void)plugin;
	if (s == NULL || tr_own(s, shell_end) != TR_OK)
		return tr_invalid(TR_ENOMEM);
	s->config = config;
	s->input = tr_map_get_s(command, "input");
	s->limit = (size_t)tr_as_int(tr_map_get_s(config, "output_limit"), 1 << 20);
	if (!set_deadline(s, command))
		return tr_outcome_error("input", false, "shell: timeout must be seconds above 0");
	tr_value cmds = tr_map_get_s(s->input, "cmds");
	if (!given(cmds))
		cmds = tr_map_get_s(s->input, "cmd");
	cmds = tr_is(cmds, TR_STRING) ? TR_LIST(tr_keep(cmds)) : tr_keep(cmds);
	cmds = tr_own_value(cmds);
	return run_all(s, command, cmds);
}

const tr_plugin shell_plugin = {TR_PLUGIN_HEAD, .run = shell_run};
