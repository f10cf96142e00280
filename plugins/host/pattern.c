/* SPDX-License-Identifier: Apache-2.0 */
/* Matching of dotted subjects. */
#include "plugins/host/pattern.h"
#include <string.h>

#define SUBJECT_MAX 255u

static tr_str token(tr_str s, size_t *at)
{
	size_t start = *at;

	while (*at < s.n && s.p[*at] != '.')
		(*at)++;
	tr_str t = {s.p + start, *at - start};
	(*at)++;
	return t;
}

static bool token_plain(tr_str t)
{
	for (size_t i = 0; i < t.n; i++)
		if ((unsigned char)t.p[i] <= ' ' || t.p[i] == '*' || t.p[i] == '>' || t.p[i] == 0x7f)
			return false;
	return t.n > 0;
}

static bool valid(tr_str s, bool wild)
{
	if (s.n == 0 || s.n > SUBJECT_MAX || s.p[s.n - 1] == '.')
		return false;
	for (size_t at = 0; at < s.n;) {
		tr_str t = token(s, &at);
		bool last = at >= s.n;
		if (wild && (tr_str_is(t, "*") || (last && tr_str_is(t, ">"))))
			continue;
		if (!token_plain(t))
			return false;
	}
	return true;
}

bool subject_valid(tr_str subject)
{
	return valid(subject, false);
}

bool pattern_valid(tr_str pattern)
{
	return valid(pattern, true);
}

bool pattern_matches(tr_str pattern, tr_str subject)
{
	size_t p = 0, s = 0;

	while (p < pattern.n && s < subject.n) {
		tr_str want = token(pattern, &p);
		tr_str have = token(subject, &s);
		if (tr_str_is(want, ">"))
			return true;
		if (!tr_str_is(want, "*") && !tr_str_eq(want, have))
			return false;
	}
	return p >= pattern.n && s >= subject.n;
}
