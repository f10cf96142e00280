/* SPDX-License-Identifier: Apache-2.0 */
/* URLs in which nothing can be read in two ways. */
#include "plugins/actions/http/request.h"
#include <arpa/inet.h>
#include <string.h>

#define LONGEST_HOST 253u

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A name whose last label begins with a letter, so that nobody takes it for an address, or four numbers as they should
 * be written. */
static bool plain_host(tr_str s)
{
	char text[LONGEST_HOST + 1];
	unsigned char address[4];
	size_t label = 0;

	if (s.n == 0 || s.n > LONGEST_HOST)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		bool starts = i == label;
		if (s.p[i] == '.' && !starts && i + 1 < s.n)
			label = i + 1;
		else if (!is_lower(s.p[i]) && !is_digit(s.p[i]) && (starts || s.p[i] != '-'))
			return false;
	}
	if (is_lower(s.p[label]))
		return true;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return inet_pton(AF_INET, text, address) == 1;
}

/* Of a colon and a number without zeros in front. */
static bool plain_port(tr_str s)
{
	unsigned port = 0;

	if (s.n == 0)
		return true;
	if (s.n < 2 || s.n > 6 || s.p[1] == '0')
		return false;
	for (size_t i = 1; i < s.n; i++) {
		if (!is_digit(s.p[i]))
			return false;
		port = port * 10 + (unsigned)(s.p[i] - '0');
	}
	return port <= 65535;
}

/* No escapes, no fragment, no segment that begins with a dot, no query with nothing in it. */
static bool plain_path(tr_str s)
{
	static const char others[] = "-_~/?=&,;@.";

	if (s.n == 0 || s.p[0] != '/' || s.p[s.n - 1] == '?')
		return false;
	for (size_t i = 1; i < s.n; i++) {
		char c = s.p[i];
		if (c == '\0' || (!is_lower(c) && !is_digit(c) && !(c >= 'A' && c <= 'Z') && strchr(others, c) == NULL))
			return false;
		if (c == '.' && s.p[i - 1] == '/')
			return false;
	}
	return true;
}

bool http_url_is_plain(tr_str url, tr_str *host)
{
	size_t at = url.n >= 7 && memcmp(url.p, "http://", 7) == 0    ? 7
		    : url.n >= 8 && memcmp(url.p, "https://", 8) == 0 ? 8
								      : url.n;
	const char *slash = at < url.n ? memchr(url.p + at, '/', url.n - at) : NULL;

	if (slash == NULL)
		return false;
	size_t end = (size_t)(slash - url.p);
	const char *colon = memchr(url.p + at, ':', end - at);
	size_t host_end = colon == NULL ? end : (size_t)(colon - url.p);
	*host = (tr_str){url.p + at, host_end - at};
	return plain_host(*host) && plain_port((tr_str){url.p + host_end, end - host_end}) &&
	       plain_path((tr_str){slash, url.n - end});
}
