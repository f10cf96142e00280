/* SPDX-License-Identifier: Apache-2.0 */
/** `troupe check FILE…`: faults and warnings of each, for people or (JSON) for editors. */
#ifndef TROUPE_PLAYBOOK_CHECK_CLI_H
#define TROUPE_PLAYBOOK_CHECK_CLI_H

#include "playbook/model/model.h"

/**
 * Check each file ("-": standard input). Text: faults to `err`, a line a sound file to `out`. JSON: one array of
 * {file, ok, errors, warnings, diagnostics} to `out`. 0 when all are sound (warnings allowed), 2 otherwise.
 */
int check_files(const char *const *files, size_t n, bool json, bool color, FILE *out, FILE *err);
/** The same with what the caller knows of plugins' tool kinds, and leniency. options may be NULL. */
int check_files_with(const char *const *files, size_t n, bool json, bool color, const pb_check_options *options,
		     FILE *out, FILE *err);

#endif
