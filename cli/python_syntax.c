/* SPDX-License-Identifier: Apache-2.0 */
/* One interpreter reads all codes of a playbook: a JSON list of texts on its standard input, what is wrong on its
 * output.
 */
#include "cli/python_syntax.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <troupe/codec.h>
#include <unistd.h>

extern char **environ;

/* As the tool kind compiles it: to a tree first, where `return` and `await` at the top level are no fault. It has 30
 * seconds. */
static const char program[] = "import sys, json, ast, signal\n"
			      "signal.alarm(30)\n"
			      "found = []\n"
			      "for code in json.load(sys.stdin.buffer):\n"
			      "    try:\n"
			      "        compile(code, '<code>', 'exec', ast.PyCF_ONLY_AST, dont_inherit=True)\n"
			      "        found.append(None)\n"
			      "    except SyntaxError as e:\n"
			      "        found.append([e.lineno or 1, e.offset or 1, str(e.msg)])\n"
			      "    except ValueError as e:\n"
			      "        found.append([1, 1, str(e)])\n"
			      "    except Exception:\n"
			      "        found.append(None)\n"
			      "print(json.dumps(found))\n";

/* ---- the codes ---- */

typedef struct codes {
	tr_value texts;  /* array */
	tr_value places; /* array of [line, column] of their first letters, by the same index */
} codes;

static tr_value constant_of(const pb_task *t, const char *key)
{
	const pb_expr *config = t->config;

	if (config == NULL || config->kind == PB_CONST)
		return config == NULL ? tr_absent() : tr_map_get_s(config->constant, key);
	for (size_t i = 0; config->kind == PB_MAP && i < config->count; i++)
		if (tr_str_is(tr_as_str(config->pairs[i].key->constant), key) &&
		    config->pairs[i].value->kind == PB_CONST)
			return config->pairs[i].value->constant;
	return tr_absent();
}

static void collect(codes *c, const pb_task *t)
{
	if (!tr_str_is(t->kind, "python"))
		return;
	tr_value code = constant_of(t, "code");
	if (!tr_is(code, TR_STRING))
		code = constant_of(t, "script");
	/* A script of one line is a path. */
	if (!tr_is(code, TR_STRING) ||
	    (!tr_is(constant_of(t, "code"), TR_STRING) && memchr(tr_as_str(code).p, '\n', tr_as_str(code).n) == NULL))
		return;
	c->texts = tr_array_push(c->texts, tr_keep(code));
	c->places = tr_array_push(c->places, TR_LIST(tr_int(t->body.line), tr_int(t->body.column)));
}

static codes collect_all(const playbook *p)
{
	codes c = {tr_array(), tr_array()};

	for (size_t i = 0; i < p->step_count; i++)
		for (size_t k = 0; k < p->steps[i].task_count; k++)
			collect(&c, &p->steps[i].tasks[k]);
	for (size_t i = 0; i < p->workbook_count; i++)
		collect(&c, &p->workbook[i].task);
	return c;
}

/* ---- the interpreter ---- */

static bool write_all(int fd, tr_str text)
{
	while (text.n > 0) {
		ssize_t n = write(fd, text.p, text.n);
		if (n <= 0)
			return false;
		text = (tr_str){text.p + n, text.n - (size_t)n};
	}
	return lseek(fd, 0, SEEK_SET) == 0;
}

static pid_t start(int in, int out)
{
	char *const argv[] = {(char *)(uintptr_t) "python3", (char *)(uintptr_t) "-I",   (char *)(uintptr_t) "-S",
			      (char *)(uintptr_t) "-c",      (char *)(uintptr_t)program, NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return -1;
	if (posix_spawn_file_actions_adddup2(&actions, in, 0) != 0 ||
	    posix_spawn_file_actions_adddup2(&actions, out, 1) != 0 ||
	    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) != 0 ||
	    posix_spawnp(&pid, "python3", &actions, NULL, argv, environ) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

static void read_all(int fd, tr_buf *to)
{
	char some[4096];

	for (ssize_t n; (n = read(fd, some, sizeof some)) > 0;)
		tr_buf_put(to, some, (size_t)n);
}

/* What the interpreter says of the texts; absent when there is none that does. */
static tr_value ask(tr_str texts)
{
	FILE *in = tmpfile();
	int out[2] = {-1, -1}, status = 0;
	tr_buf said = {.max = 16 << 20};
	tr_value answer = tr_absent();

	if (in != NULL && write_all(fileno(in), texts) && pipe2(out, O_CLOEXEC) == 0) {
		pid_t pid = start(fileno(in), out[1]);
		close(out[1]);
		read_all(out[0], &said);
		close(out[0]);
		if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0)
			answer = tr_json_read(tr_buf_str(&said), NULL, NULL);
	}
	if (in != NULL)
		(void)fclose(in);
	tr_buf_fini(&said);
	return answer;
}

void python_syntax_check(const playbook *p, diagnostics *out)
{
	codes c = collect_all(p);
	tr_buf text = {0};

	if (tr_array_len(c.texts) > 0 && tr_json_write(&text, c.texts, TR_JSON_COMPACT) == TR_OK) {
		tr_value answer = ask(tr_buf_str(&text));
		for (size_t i = 0; i < tr_array_len(answer); i++) {
			tr_value one = tr_array_at(answer, i), place = tr_array_at(c.places, i);
			int64_t line = tr_as_int(tr_array_at(one, 0), 0), column = tr_as_int(tr_array_at(one, 1), 1);
			if (line < 1)
				continue;
			diagnostics_add(out, DIAGNOSTIC_ERROR, "python-syntax",
					(uint32_t)(tr_as_int(tr_array_at(place, 0), 1) + line - 1), 0, "", NULL,
					"SyntaxError: %s (line %lld, column %lld of the code)",
					tr_as_cstr(tr_array_at(one, 2), "it does not compile"), (long long)line,
					(long long)column);
		}
		tr_drop(answer);
	}
	tr_buf_fini(&text);
	tr_drop(c.texts);
	tr_drop(c.places);
}
