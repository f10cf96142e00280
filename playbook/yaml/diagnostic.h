/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Faults and warnings of a playbook: what, where (file:line:column and key path), and what to do. Collected, not
 * thrown, so that all faults are shown at once. Not thread-safe.
 */
#ifndef TROUPE_PLAYBOOK_DIAGNOSTIC_H
#define TROUPE_PLAYBOOK_DIAGNOSTIC_H

#include <stdio.h>
#include <troupe/value.h>

typedef enum diagnostic_level {
	DIAGNOSTIC_ERROR,
	DIAGNOSTIC_WARNING
} diagnostic_level;

typedef struct diagnostic {
	diagnostic_level level;
	uint32_t line, column; /* 0: the file as a whole */
	char *code;            /* stable, for tests and editors: "unknown-key", "no-such-step" … */
	char *path;            /* "workflow[2].tool[0].fetch.url"; may be empty */
	char *message;
	char *hint; /* may be empty */
} diagnostic;

typedef struct diagnostics {
	char *file;
	diagnostic *items;
	size_t count, capacity;
	size_t errors, warnings;
	size_t dropped; /* beyond 200 */
} diagnostics;

void diagnostics_init(diagnostics *d, const char *file);
void diagnostics_fini(diagnostics *d);
void diagnostics_add(diagnostics *d, diagnostic_level level, const char *code, uint32_t line, uint32_t column,
		     const char *path, const char *hint, const char *fmt, ...) TR_PRINTF(8, 9);
/** Make errors of all warnings. */
void diagnostics_strict(diagnostics *d);
/** Sort by position. */
void diagnostics_sort(diagnostics *d);
/** As a person reads it: file:line:column: error: message, the source line, a caret, the hint. `source` may be empty.
 */
void diagnostics_print(const diagnostics *d, tr_str source, FILE *out, bool color);
/** Array of maps {file, line, column, level, code, path, message, hint}. Fresh reference. */
tr_value diagnostics_to_value(const diagnostics *d);

#endif
