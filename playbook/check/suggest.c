/* SPDX-License-Identifier: Apache-2.0 */
/* Optimal string alignment distance (swapped neighbours count once), letters' case ignored. */
#include "playbook/check/suggest.h"
#include <stdio.h>
#include <string.h>

enum {
	LONGEST = 48,
	BUDGET = 4000
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t distance(tr_str a, tr_str b)
{
	size_t row[3][LONGEST + 1];
	for (size_t j = 0; j <= b.n; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			char x = lower(a.p[i - 1]), y = lower(b.p[j - 1]);
			now[j] = least(up[j - 1] + (x == y ? 0 : 1), least(up[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && x == lower(b.p[j - 2]) && lower(a.p[i - 2]) == y)
				now[j] = least(now[j], up2[j - 2] + 1);
		}
	}
	return row[a.n % 3][b.n];
}

suggestion suggest_for(tr_str wanted)
{
	return (suggestion){.wanted = wanted, .distance = SIZE_MAX, .budget = BUDGET};
}

void suggest_offer(suggestion *s, tr_str candidate)
{
	if (candidate.n == 0 || candidate.n > LONGEST || s->wanted.n > LONGEST || s->wanted.n == 0)
		return;
	size_t allowed = s->wanted.n <= 3 ? 1 : s->wanted.n <= 6 ? 2 : 3;
	size_t gap = s->wanted.n > candidate.n ? s->wanted.n - candidate.n : candidate.n - s->wanted.n;
	if (gap > allowed || s->budget == 0)
		return;
	s->budget--;
	size_t d = distance(s->wanted, candidate);
	if (d <= allowed && d < s->distance && d < candidate.n) {
		s->best = candidate;
		s->distance = d;
	}
}

bool suggest_is_slip(const suggestion *s)
{
	return s->best.n > 0 && s->wanted.n >= 3 && s->distance <= (s->wanted.n <= 6 ? 1 : 2);
}

const char *suggest_text(const suggestion *s, char *to, size_t size)
{
	if (s->best.n == 0)
		*to = '\0';
	else
		snprintf(to, size, "did you mean '%.*s'?", TR_STR(s->best));
	return to;
}
