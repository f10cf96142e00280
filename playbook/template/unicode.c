/* SPDX-License-Identifier: Apache-2.0 */
/* Character classes and case from sorted tables; ASCII is answered without them. */
#include <string.h>

#include "playbook/template/unicode.h"

struct range {
	uint32_t first, last;
};
/* Characters first, first + step, … last become themselves plus delta. */
struct case_run {
	uint32_t first, last, step;
	int32_t delta;
};
struct case_special {
	uint32_t from;
	uint32_t to[3];
};

#include "playbook/template/unicode_data.inc"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool in_ranges(const struct range *table, size_t n, uint32_t c)
{
	size_t lo = 0;

	while (lo < n) {
		size_t mid = lo + (n - lo) / 2;
		if (c > table[mid].last)
			lo = mid + 1;
		else if (c < table[mid].first)
			n = mid;
		else
			return true;
	}
	return false;
}

#define IN(name, c) in_ranges(name##_ranges, COUNT(name##_ranges), c)

bool uni_is_alpha(uint32_t c)
{
	return c < 128 ? (c | 32) - 'a' < 26 : IN(alpha, c);
}
bool uni_is_decimal(uint32_t c)
{
	return c < 128 ? c - '0' < 10 : IN(decimal, c);
}
bool uni_is_digit(uint32_t c)
{
	return c < 128 ? c - '0' < 10 : IN(digit, c);
}
bool uni_is_numeric(uint32_t c)
{
	return c < 128 ? c - '0' < 10 : IN(numeric, c);
}
bool uni_is_space(uint32_t c)
{
	return c < 128 ? c == ' ' || c - 9 < 5 || c - 0x1c < 4 : IN(space, c);
}
bool uni_is_upper(uint32_t c)
{
	return c < 128 ? c - 'A' < 26 : IN(upper, c);
}
bool uni_is_lower(uint32_t c)
{
	return c < 128 ? c - 'a' < 26 : IN(lower, c);
}
bool uni_is_title(uint32_t c)
{
	return c >= 128 && IN(title, c);
}
bool uni_is_printable(uint32_t c)
{
	return c < 128 ? c >= 32 && c != 127 : !IN(hidden, c);
}
bool uni_is_case_ignorable(uint32_t c)
{
	return IN(ignorable, c);
}

static const struct case_run *find_run(const struct case_run *runs, size_t n, uint32_t c)
{
	size_t lo = 0;

	while (lo < n) {
		size_t mid = lo + (n - lo) / 2;
		if (c > runs[mid].last)
			lo = mid + 1;
		else if (c < runs[mid].first)
			n = mid;
		else
			return (c - runs[mid].first) % runs[mid].step == 0 ? &runs[mid] : NULL;
	}
	return NULL;
}

static size_t find_special(const struct case_special *table, size_t n, uint32_t c, uint32_t out[3])
{
	for (size_t i = 0; i < n; i++) {
		if (table[i].from != c)
			continue;
		memcpy(out, table[i].to, sizeof(table[i].to));
		return out[2] != 0 ? 3 : 2;
	}
	return 0;
}

static size_t convert_with(const struct case_run *runs, size_t nruns, const struct case_special *specials,
			   size_t nspecials, uint32_t c, uint32_t out[3])
{
	const struct case_run *run = find_run(runs, nruns, c);

	if (run != NULL) {
		out[0] = (uint32_t)((int32_t)c + run->delta);
		return 1;
	}
	return find_special(specials, nspecials, c, out);
}

#define WITH(name, c, out) \
	convert_with(name##_runs, COUNT(name##_runs), name##_specials, COUNT(name##_specials), c, out)

size_t uni_convert(uint32_t c, enum uni_case to, uint32_t out[3])
{
	size_t n = 0;

	out[0] = c;
	if (c < 128) {
		if (to == UNI_UPPER || to == UNI_TITLE)
			out[0] = c - 'a' < 26 ? c - 32 : c;
		else
			out[0] = c - 'A' < 26 ? c + 32 : c;
		return 1;
	}
	/* Title case and folding are listed only where they differ from upper and lower case. */
	if (to == UNI_TITLE)
		n = WITH(title, c, out);
	else if (to == UNI_FOLD)
		n = WITH(fold, c, out);
	if (n == 0)
		n = to == UNI_UPPER || to == UNI_TITLE ? WITH(upper, c, out) : WITH(lower, c, out);
	if (n == 0) {
		out[0] = c;
		n = 1;
	}
	return n;
}

size_t uni_encode(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | (c >> 6));
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | (c >> 12));
		out[1] = (char)(0x80 | ((c >> 6) & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (c >> 18));
	out[1] = (char)(0x80 | ((c >> 12) & 0x3f));
	out[2] = (char)(0x80 | ((c >> 6) & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

void uni_put(tr_buf *out, uint32_t code)
{
	char bytes[4];

	tr_buf_put(out, bytes, uni_encode(code, bytes));
}

bool uni_is_ascii(tr_str s)
{
	size_t i = 0;
	uint64_t word;

	for (; i + 8 <= s.n; i += 8) {
		memcpy(&word, s.p + i, 8);
		if ((word & 0x8080808080808080u) != 0)
			return false;
	}
	for (; i < s.n; i++)
		if ((s.p[i] & 0x80) != 0)
			return false;
	return true;
}

size_t uni_count(tr_str s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.n; i++)
		count += (s.p[i] & 0xc0) != 0x80;
	return count;
}

size_t uni_offset(tr_str s, size_t at)
{
	size_t i = 0;

	while (at > 0 && i < s.n) {
		i += uni_width(s.p[i]);
		at--;
	}
	return i;
}

tr_str uni_strip(tr_str s, bool left, bool right)
{
	size_t n;

	while (left && s.n > 0 && uni_is_space(uni_next(s.p, &n))) {
		s.p += n;
		s.n -= n;
	}
	while (right && s.n > 0) {
		size_t back = 1;
		while (back < s.n && (s.p[s.n - back] & 0xc0) == 0x80)
			back++;
		if (!uni_is_space(uni_next(s.p + s.n - back, &n)))
			break;
		s.n -= back;
	}
	return s;
}
