/* SPDX-License-Identifier: Apache-2.0 */
/* One interpreter reads all codes of a playbook: a JSON list of texts on its standard input, what is wrong on its
 * output.
 */
#include "cli/python_syntax.h"
#include "playbook/model/locate.h"

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
			      "        found.append([e.lineno or 1, max(e.offset or 1, 1), str(e.msg)])\n"
			      "    except ValueError as e:\n"
			      "        found.append([1, 1, str(e)])\n"
			      "    except Exception:\n"
			      "        found.append(None)\n"
			      "print(json.dumps(found))\n";

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

/* ---- what it says ---- */

/* The last character before line:column of the text that is no white space; behind it there is nothing in the line to
 * point at. */
static uint32_t last_solid(tr_str text, uint32_t line, uint32_t column)
{
	uint32_t at = 1, x = 1, last = 0;

	for (size_t i = 0; i < text.n && at <= line; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c == '\n') {
			at++;
			x = 1;
			continue;
		}
		if ((c & 0xc0) == 0x80)
			continue;
		if (at == line && x <= column && c != ' ' && c != '\t' && c != '\r')
			last = x;
		x++;
	}
	return last;
}

static pb_pos place_of(const playbook *p, const pb_code *c, uint32_t line, uint32_t column)
{
	uint32_t solid = last_solid(c->text, line, column);
	pb_pos at = locate_in_scalar(p->source, c->pos, c->text, line, solid > 0 ? solid : column);

	if (solid > 0 && column > solid)
		at.column += column - solid;
	return at;
}

static void tell(const playbook *p, const pb_code *c, tr_value found, diagnostics *out)
{
	int64_t line = tr_as_int(tr_array_at(found, 0), 0), column = tr_as_int(tr_array_at(found, 1), 1);

	if (line < 1 || line > UINT32_MAX || column < 1 || column > UINT32_MAX)
		return;
	pb_pos at = place_of(p, c, (uint32_t)line, (uint32_t)column);
	diagnostics_add(out, DIAGNOSTIC_ERROR, "python-syntax", at.line, at.column, c->path.p, NULL, "SyntaxError: %s",
			tr_as_cstr(tr_array_at(found, 2), "it does not compile"));
}

void python_syntax_check(void *arg, const playbook *p, diagnostics *out)
{
	tr_value texts = tr_array();
	tr_buf text = {0};

	(void)arg;
	for (size_t i = 0; i < p->code_count; i++)
		texts = tr_array_push(texts, tr_string_n(p->codes[i].text.p, p->codes[i].text.n));
	if (tr_json_write(&text, texts, TR_JSON_COMPACT) == TR_OK) {
		tr_value answer = ask(tr_buf_str(&text));
		for (size_t i = 0; i < tr_array_len(answer) && i < p->code_count; i++)
			tell(p, &p->codes[i], tr_array_at(answer, i), out);
		tr_drop(answer);
	}
	tr_buf_fini(&text);
	tr_drop(texts);
}
