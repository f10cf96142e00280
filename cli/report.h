/* SPDX-License-Identifier: Apache-2.0 */
/** What `troupe run` says at the end. */
#ifndef TROUPE_CLI_REPORT_H
#define TROUPE_CLI_REPORT_H

#include "cli/style.h"

#include <stdint.h>
#include <stdio.h>
#include <troupe/value.h>

/** The one JSON object of --json: execution_id, playbook, status, started_at, duration_ms, result, ctx, steps,
 * failures, warnings. Fresh. */
tr_value report_object(int64_t execution_id, const char *playbook, tr_value summary);
/** For people: status line and failures on `err`, the result on `out`. */
void report_print(FILE *out, FILE *err, tr_value object);
/** Warnings as the log has them, in the order of the file: code, message, file, line, column. Fresh array. */
tr_value report_warnings(tr_value warnings);
/** The first of them, a line each. */
void report_print_warnings(FILE *out, const style *s, tr_value warnings);
/** EXIT_OK, EXIT_FAILED or EXIT_INTERRUPTED by the object's status. */
int report_exit_code(tr_value object, bool interrupted);

#endif
