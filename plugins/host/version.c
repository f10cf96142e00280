/* SPDX-License-Identifier: Apache-2.0 */
/* Semantic versions. Source of the semantics: semver.org 2.0.0; ^ and ~ as npm and cargo read them. */
#include "plugins/host/version.h"
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A number without leading zeros that fits; advances *at. */
static bool read_number(tr_str s, size_t *at, uint32_t *out)
{
	size_t start = *at;
	uint64_t n = 0;

	while (*at < s.n && is_digit(s.p[*at])) {
		n = n * 10 + (uint64_t)(s.p[*at] - '0');
		if (n > UINT32_MAX)
			return false;
		(*at)++;
	}
	*out = (uint32_t)n;
	return *at > start && (*at - start == 1 || s.p[start] != '0');
}

static bool is_identifier(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
}

static bool read_pre(tr_str s, size_t *at, version *out)
{
	size_t n = 0;

	while (*at < s.n && is_identifier(s.p[*at])) {
		if (n + 1 >= sizeof(out->pre))
			return false;
		out->pre[n++] = s.p[(*at)++];
	}
	out->pre[n] = '\0';
	return n > 0;
}

/* *parts: how many numbers were written. */
static bool read_parts(tr_str s, version *out, int *parts)
{
	size_t at = 0;

	memset(out, 0, sizeof(*out));
	for (*parts = 0; *parts < 3; (*parts)++) {
		if (*parts > 0) {
			if (at >= s.n || s.p[at] != '.')
				break;
			at++;
		}
		if (!read_number(s, &at, &out->part[*parts]))
			return false;
	}
	if (at < s.n && s.p[at] == '-') {
		at++;
		if (!read_pre(s, &at, out))
			return false;
	}
	if (at < s.n && s.p[at] == '+') {
		at++;
		size_t start = at;
		while (at < s.n && is_identifier(s.p[at]))
			at++;
		if (at == start)
			return false;
	}
	return at == s.n;
}

bool version_read(tr_str text, version *out)
{
	int parts;

	return read_parts(text, out, &parts) && parts >= 2;
}

static bool all_digits(tr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]))
			return false;
	return s.n > 0;
}

static int compare_identifier(tr_str a, tr_str b)
{
	bool na = all_digits(a), nb = all_digits(b);

	if (na != nb)
		return na ? -1 : 1; /* numbers sort below words */
	if (na && a.n != b.n)
		return a.n < b.n ? -1 : 1;
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
	if (c != 0)
		return c;
	return a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
}

static tr_str next_identifier(const char **p)
{
	tr_str s = {*p, strcspn(*p, ".")};

	*p += s.n;
	if (**p == '.')
		(*p)++;
	return s;
}

static int compare_pre(const char *a, const char *b)
{
	if (*a == '\0' || *b == '\0')
		return *a == *b ? 0 : *a == '\0' ? 1 : -1; /* a release is above its pre-releases */
	while (*a != '\0' && *b != '\0') {
		int c = compare_identifier(next_identifier(&a), next_identifier(&b));
		if (c != 0)
			return c;
	}
	return *a == *b ? 0 : *a == '\0' ? -1 : 1;
}

int version_compare(const version *a, const version *b)
{
	for (int i = 0; i < 3; i++)
		if (a->part[i] != b->part[i])
			return a->part[i] < b->part[i] ? -1 : 1;
	return compare_pre(a->pre, b->pre);
}

/* The first version above what ^ or ~ allows. */
static version upper_bound(char op, const version *v, int parts)
{
	version up = {.part = {v->part[0], v->part[1], v->part[2]}};
	int bump = 0;

	if (op == '~')
		bump = parts >= 2 ? 1 : 0;
	else
		while (bump < 2 && v->part[bump] == 0 && bump + 1 < parts)
			bump++;
	up.part[bump]++;
	for (int i = bump + 1; i < 3; i++)
		up.part[i] = 0;
	return up;
}

/* One comparator such as ">=1.2". *valid: is it one at all? */
static bool comparator_holds(const version *v, tr_str c, bool *valid)
{
	size_t n = 0;
	version bound;
	int parts;

	if (tr_str_is(c, "*"))
		return *valid = true;
	while (n < c.n && n < 2 && strchr("<>=^~", c.p[n]) != NULL)
		n++;
	char op = n > 0 ? c.p[0] : '=';
	bool equal = n == 2 ? c.p[1] == '=' : op == '=';
	*valid =
	    read_parts((tr_str){c.p + n, c.n - n}, &bound, &parts) && (n < 2 || (equal && (op == '<' || op == '>')));
	if (!*valid)
		return false;
	int order = version_compare(v, &bound);
	if (op == '^' || op == '~') {
		version up = upper_bound(op, &bound, parts);
		return order >= 0 && version_compare(v, &up) < 0;
	}
	if (order == 0)
		return equal;
	return op == '<' ? order < 0 : op == '>' && order > 0;
}

static bool range_holds(const version *v, tr_str range, bool *valid)
{
	bool holds = true, any = false;

	*valid = true;
	for (size_t at = 0; at < range.n;) {
		size_t end = at;
		while (end < range.n && range.p[end] != ' ' && range.p[end] != ',')
			end++;
		if (end > at) {
			bool ok;
			holds = comparator_holds(v, (tr_str){range.p + at, end - at}, &ok) && holds;
			*valid = *valid && ok;
			any = true;
		}
		at = end + 1;
	}
	*valid = *valid && any;
	return holds && *valid;
}

bool version_range_valid(tr_str range)
{
	version none = {{0, 0, 0}, ""};
	bool valid;

	range_holds(&none, range, &valid);
	return valid;
}

bool version_in_range(const version *v, tr_str range)
{
	bool valid;

	return range_holds(v, range, &valid);
}
