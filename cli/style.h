/* SPDX-License-Identifier: Apache-2.0 */
/** What the output may use: colour, Unicode, cursor movement, and how wide it is. */
#ifndef TROUPE_CLI_STYLE_H
#define TROUPE_CLI_STYLE_H

#include <stdbool.h>
#include <stdio.h>

typedef struct style {
	bool terminal; /* the stream is a terminal that can move its cursor */
	bool color;    /* a terminal, and NO_COLOR is not set */
	bool unicode;  /* the locale is UTF-8 */
	int columns, rows;
} style;

style style_of(FILE *out);

/** Escape sequences, or "" without colour. */
const char *style_dim(const style *s);
const char *style_bold(const style *s);
const char *style_red(const style *s);
const char *style_green(const style *s);
const char *style_yellow(const style *s);
const char *style_cyan(const style *s);
const char *style_off(const style *s);

/** "950 ms", "2.31 s", "3 min 07 s" into buf (at least 32 bytes). Returns buf. */
char *duration_text(char *buf, size_t n, long long us);

#endif
