/* SPDX-License-Identifier: Apache-2.0 */
/** `troupe check FILE…`: faults and warnings of each, for people or (JSON) for editors. */
#ifndef TROUPE_PLAYBOOK_CHECK_CLI_H
#define TROUPE_PLAYBOOK_CHECK_CLI_H

#include "playbook/model/model.h"

typedef struct check_how {
	bool json, color;
	bool strict;                     /* warnings are errors */
	const pb_check_options *options; /* what the caller knows of plugins' tool kinds, and leniency; may be NULL */
} check_how;

/**
 * Check each file ("-": standard input). Text: faults to `err`, a line a sound file to `out`. JSON: one array of
 * {file, ok, errors, warnings, diagnostics} to `out`. 0 when all are sound (warnings allowed, unless strict), 2
 * otherwise.
 */
int check_files(const char *const *files, size_t n, const check_how *how, FILE *out, FILE *err);

#endif
