/* SPDX-License-Identifier: Apache-2.0 */
/** Which execution is meant, and the options that all commands about executions have. */
#ifndef TROUPE_CLI_PICK_H
#define TROUPE_CLI_PICK_H

#include "actors/store/index.h"

#include <getopt.h>

/** Rows for getopt_long and their help. */
#define PICK_OPTION_ROWS                        \
	{"data", required_argument, NULL, 'd'}, \
	{                                       \
		"json", no_argument, NULL, 'j'  \
	}
#define PICK_DATA_HELP "  --data DIR   the data folder (default: $TROUPE_DATA, else $XDG_DATA_HOME/troupe)\n"
#define PICK_HELP                                                                                                    \
	"EXECUTION is an id as 'troupe run' prints it, a beginning or an end of one that no other has, or 'last':\n" \
	"the newest that was not started by another.\n\n"

typedef struct pick_options {
	layout_path data;
	bool json;
} pick_options;

/** --data's argument for the command `name`; EXIT_OK, or what to end with. */
int pick_data(layout_path data, const char *name, const char *argument);
/** The defaults; EXIT_OK, or what to end with. */
int pick_init(pick_options *o, const char *name);
/** Take option c; EXIT_OK, what to end with, or -1: it is none of these. */
int pick_take(pick_options *o, const char *name, int c, const char *argument);

/** The execution that `text` means. False with a message on stderr. */
bool pick_execution(const char *name, const char *data, const char *text, int64_t *id);
/** What to end with when it was not found: EXIT_INVALID for a text that can name none, else EXIT_FAILED. */
int pick_failed(const char *text);

#endif
