/* SPDX-License-Identifier: Apache-2.0 */
/** One subcommand of `troupe`: a row of the table in main.c, a file cmd_<name>.c. */
#ifndef TROUPE_CLI_COMMAND_H
#define TROUPE_CLI_COMMAND_H

#include <stddef.h>

/** Exit codes, the same for all commands. */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_INVALID = 2,
	EXIT_LOST = 3, /* whoever performs an execution is gone: how it ends is not known yet */
	EXIT_INTERRUPTED = 130
};

typedef struct command {
	const char *name;
	const char *arguments;             /* "PLAYBOOK [options]" */
	const char *summary;               /* one line */
	const char *help;                  /* the rest, with the options */
	int (*run)(int argc, char **argv); /* argv[0] is the command's name */
} command;

extern const command *const commands[];
extern const size_t command_count;

extern const command command_run, command_check, command_events, command_eval, command_graph, command_convert,
    command_help;
extern const command command_node, command_plugin, command_credential;
extern const command command_executions, command_show, command_replay, command_resume;
extern const command command_cancel_execution, command_pause, command_unpause;
extern const command command_store;

/** End the process with this status, as the end of main would, while a thread of it does not come back. */
_Noreturn void command_leave(const char *name, int code);

/** "troupe NAME: message" and where to find help, on stderr; EXIT_INVALID. */
int usage_error(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
