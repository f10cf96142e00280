/* SPDX-License-Identifier: Apache-2.0 */
/* The `troupe` program: finds the subcommand and runs it. */
#include "cli/command.h"

#include "playbook/check/suggest.h"
#include "plugins/host/process/child.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <troupe/base.h>

int usage_error(const char *name, const char *fmt, ...)
{
	va_list args;
	fprintf(stderr, "troupe %s: ", name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\ntry 'troupe help %s'\n", name);
	return EXIT_INVALID;
}

static const command *find(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static void print_overview(FILE *out)
{
	fputs("troupe performs playbooks: every step run and every iteration is a supervised actor.\n\n"
	      "usage: troupe COMMAND [arguments]\n\n",
	      out);
	for (size_t i = 0; i < command_count; i++)
		fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n'troupe help COMMAND' tells more; 'troupe --version' tells the version.\n", out);
}

static int help_run(int argc, char **argv)
{
	if (argc < 2) {
		print_overview(stdout);
		return EXIT_OK;
	}
	const command *c = find(argv[1]);
	if (c == NULL)
		return usage_error("help", "there is no command '%s'", argv[1]);
	printf("usage: troupe %s %s\n\n%s.\n\n%s", c->name, c->arguments, c->summary, c->help);
	return EXIT_OK;
}

const command command_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "Explain a command",
    .help = "Without COMMAND: the list of commands.\n",
    .run = help_run,
};

/* clang-format off */
const command *const commands[] = {
    &command_run,
    &command_node,
    &command_resume,
    &command_executions,
    &command_show,
    &command_events,
    &command_replay,
    &command_cancel_execution,
    &command_pause,
    &command_unpause,
    &command_check,
    &command_store,
    &command_plugin,
    &command_credential,
    &command_eval,
    &command_graph,
    &command_convert,
    &command_help,
};
/* clang-format on */
const size_t command_count = sizeof commands / sizeof *commands;

/* A program may be started without its standard descriptors; whatever is opened first must not take their place. What
 * would be printed to a closed stdout is lost, and writing it must fail. */
static void hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_RDWR) != fd)
			return;
}

/* What was printed must have arrived: a full disk behind stdout is a failure like any other. A reader who has seen
 * enough (a closed pipe) need not be told. */
static int close_output(const char *name, int result)
{
	errno = 0;
	bool failed = fflush(stdout) != 0;
	int why = errno;
	if (!failed && !ferror(stdout))
		return result;
	if (why != EPIPE)
		fprintf(stderr, "troupe %s: the output could not be written: %s\n", name,
			why == EBADF ? "stdout is closed"
			: why != 0   ? strerror(why)
				     : "a write failed");
	return result == EXIT_INTERRUPTED ? result : EXIT_FAILED;
}

_Noreturn void command_leave(const char *name, int code)
{
	_exit(close_output(name, code));
}

/* Behind a verb of the command, too. */
static bool wants_help(int argc, char **argv)
{
	for (int i = 2; i < argc && i < 4 && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || (i == 2 && strcmp(argv[i], "-h") == 0))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	hold_standard_descriptors();
	/* Started by a node of ours to hold one plugin in a process of its own. */
	if (argc > 1 && strcmp(argv[1], PLUGIN_CHILD_WORD) == 0)
		return plugin_child_main();
	setlocale(LC_CTYPE, "");
	/* A closed pipe behind stdout is an ordinary write error. */
	signal(SIGPIPE, SIG_IGN);
	/* So is a file that may not grow any more (ulimit -f). */
	signal(SIGXFSZ, SIG_IGN);
	if (argc < 2) {
		print_overview(stderr);
		return EXIT_INVALID;
	}
	const char *name = argv[1];
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		printf("troupe %s\n", TR_VERSION_STRING);
		return close_output("--version", EXIT_OK);
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		print_overview(stdout);
		return close_output("--help", EXIT_OK);
	}
	const command *c = find(name);
	if (c == NULL) {
		char near[80];
		suggestion s = suggest_for(tr_s(name));
		for (size_t i = 0; i < command_count; i++)
			suggest_offer(&s, tr_s(commands[i]->name));
		suggest_text(&s, near, sizeof near);
		fprintf(stderr, "troupe: there is no command '%s'; %s\n", name,
			near[0] != '\0' ? near : "'troupe help' lists them");
		return EXIT_INVALID;
	}
	if (wants_help(argc, argv)) {
		char *help[] = {argv[0], argv[1], NULL};
		return close_output(c->name, help_run(2, help));
	}
	/* So that getopt's own messages begin as all others do. */
	char called[64];
	(void)snprintf(called, sizeof called, "troupe %s", c->name);
	argv[1] = called;
	return close_output(c->name, c->run(argc - 1, argv + 1));
}
