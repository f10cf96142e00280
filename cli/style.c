/* SPDX-License-Identifier: Apache-2.0 */
/* Terminal abilities. */
#include "cli/style.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

style style_of(FILE *out)
{
	style s = {.columns = 80, .rows = 24};
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");
	s.terminal = isatty(fileno(out)) != 0 && term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
	s.color = s.terminal && (no_color == NULL || *no_color == '\0');
	s.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	struct winsize size;
	if (s.terminal && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
		s.columns = size.ws_col;
		s.rows = size.ws_row > 0 ? size.ws_row : 24;
	}
	return s;
}

static const char *sequence(const style *s, const char *escape)
{
	return s->color ? escape : "";
}

const char *style_dim(const style *s)
{
	return sequence(s, "\033[2m");
}

const char *style_bold(const style *s)
{
	return sequence(s, "\033[1m");
}

const char *style_red(const style *s)
{
	return sequence(s, "\033[31m");
}

const char *style_green(const style *s)
{
	return sequence(s, "\033[32m");
}

const char *style_yellow(const style *s)
{
	return sequence(s, "\033[33m");
}

const char *style_cyan(const style *s)
{
	return sequence(s, "\033[36m");
}

const char *style_off(const style *s)
{
	return sequence(s, "\033[0m");
}

char *duration_text(char *buf, size_t n, long long us)
{
	if (us < 0)
		us = 0;
	if (us < 1000000)
		(void)snprintf(buf, n, "%lld ms", us / 1000);
	else if (us < 60LL * 1000000)
		(void)snprintf(buf, n, "%lld.%02lld s", us / 1000000, us % 1000000 / 10000);
	else
		(void)snprintf(buf, n, "%lld min %02lld s", us / 60000000, us / 1000000 % 60);
	return buf;
}
