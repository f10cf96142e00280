/* SPDX-License-Identifier: Apache-2.0 */
/* Number texts. */
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/value/number.h"

/* These are exact as doubles, so one multiplication or division by them rounds once. */
static const double ten_to[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
				1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

struct digits {
	char text[24];
	int n;
	int point; /* the value is 0.text * 10^point */
};

/* At most 15 digits, found as m / 10^k: such a decimal is the only one of its length that reads back as d. */
static bool digits_quick(double d, struct digits *out)
{
	for (int k = 0; k <= 15; k++) {
		double scaled = d * ten_to[k];
		if (scaled >= 1e15)
			return false;
		uint64_t m = (uint64_t)(scaled + 0.5);
		if ((double)m / ten_to[k] != d)
			continue;
		out->n = snprintf(out->text, sizeof(out->text), "%llu", (unsigned long long)m);
		out->point = out->n - k;
		return true;
	}
	return false;
}

/* Does d survive this many digits behind the first? The same locale writes and reads here. */
static bool survives(double d, int precision, char *text, size_t size)
{
	snprintf(text, size, "%.*e", precision, d);
	return strtod(text, NULL) == d;
}

static void digits_slow(double d, struct digits *out)
{
	char text[48];

	/* Most doubles that come here need all 17 digits. */
	if (!survives(d, 15, text, sizeof(text))) {
		snprintf(text, sizeof(text), "%.16e", d);
	} else {
		int precision = 0;
		while (!survives(d, precision, text, sizeof(text)))
			precision++;
	}
	out->n = 0;
	const char *p = text;
	for (; *p != 'e'; p++) {
		if (*p >= '0' && *p <= '9' && out->n < 20)
			out->text[out->n++] = *p;
	}
	out->point = atoi(p + 1) + 1;
	out->text[out->n] = '\0';
}

static size_t put_exponent(char *out, size_t n, int exponent)
{
	return n + (size_t)snprintf(out + n, NUMBER_TEXT - n, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
}

/* Digits and point in Python's layout. */
static size_t layout(const struct digits *d, char *out, size_t n)
{
	int i = 0;

	if (d->point > 16 || d->point < -3) {
		out[n++] = d->text[i++];
		if (d->n > 1)
			out[n++] = '.';
		while (i < d->n)
			out[n++] = d->text[i++];
		return put_exponent(out, n, d->point - 1);
	}
	if (d->point <= 0)
		out[n++] = '0';
	for (; i < d->point; i++)
		out[n++] = i < d->n ? d->text[i] : '0';
	out[n++] = '.';
	for (int zeros = d->point; zeros < 0; zeros++)
		out[n++] = '0';
	if (i >= d->n)
		out[n++] = '0';
	while (i < d->n)
		out[n++] = d->text[i++];
	return n;
}

size_t number_text(double d, char out[NUMBER_TEXT])
{
	struct digits digits;
	size_t n = 0;

	if (!isfinite(d)) {
		const char *name = isnan(d) ? "nan" : d < 0 ? "-inf" : "inf";
		memcpy(out, name, strlen(name) + 1);
		return strlen(name);
	}
	if (signbit(d)) {
		out[n++] = '-';
		d = -d;
	}
	if (!digits_quick(d, &digits))
		digits_slow(d, &digits);
	while (digits.n > 1 && digits.text[digits.n - 1] == '0')
		digits.n--;
	if (d == 0)
		digits.point = 1;
	n = layout(&digits, out, n);
	out[n] = '\0';
	return n;
}

/* ---- reading ---- */

static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;
static locale_t c_locale; /* never changes once made */

static void make_c_locale(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Skips digits, adding them to *m while they fit; gives how many there were. */
static size_t scan_digits(tr_str s, size_t *at, uint64_t *m, bool *fits)
{
	size_t from = *at;

	for (; *at < s.n && is_digit(s.p[*at]); ++*at) {
		if (*m > UINT64_C(99999999999999))
			*fits = false;
		else
			*m = *m * 10 + (uint64_t)(s.p[*at] - '0');
	}
	return *at - from;
}

/* Skips e[+-]digits; false when it is malformed. */
static bool scan_exponent(tr_str s, size_t *at, int64_t *exponent)
{
	bool minus = false, fits = true;
	uint64_t e = 0;

	if (*at == s.n || (s.p[*at] != 'e' && s.p[*at] != 'E'))
		return true;
	++*at;
	if (*at < s.n && (s.p[*at] == '+' || s.p[*at] == '-'))
		minus = s.p[(*at)++] == '-';
	if (scan_digits(s, at, &e, &fits) == 0)
		return false;
	*exponent = (int64_t)e * (minus ? -1 : 1);
	return true;
}

static bool read_slowly(tr_str text, double *d)
{
	char small[64];
	char *z = text.n < sizeof(small) ? small : tr_alloc(text.n + 1);

	pthread_once(&c_locale_once, make_c_locale);
	if (z == NULL || c_locale == (locale_t)0)
		return false;
	memcpy(z, text.p, text.n);
	z[text.n] = '\0';
	*d = strtod_l(z, NULL, c_locale);
	if (z != small)
		tr_free(z);
	return true;
}

bool number_read(tr_str text, double *d)
{
	size_t at = text.n > 0 && text.p[0] == '-' ? 1 : 0;
	bool minus = at == 1, fits = true;
	uint64_t m = 0;
	int64_t exponent = 0;

	if (scan_digits(text, &at, &m, &fits) == 0)
		return false;
	if (at < text.n && text.p[at] == '.') {
		at++;
		size_t fraction = scan_digits(text, &at, &m, &fits);
		if (fraction == 0)
			return false;
		int64_t shift = (int64_t)fraction;
		if (!scan_exponent(text, &at, &exponent))
			return false;
		exponent -= shift;
	} else if (!scan_exponent(text, &at, &exponent)) {
		return false;
	}
	if (at != text.n)
		return false;
	if (!fits || exponent < -22 || exponent > 22)
		return read_slowly(text, d);
	/* m < 10^15 and the power are exact: one rounding. */
	*d = exponent < 0 ? (double)m / ten_to[-exponent] : (double)m * ten_to[exponent];
	if (minus)
		*d = -*d;
	return true;
}

tr_err integer_read(tr_str text, int64_t *i)
{
	bool minus = text.n > 0 && text.p[0] == '-';
	int64_t value = 0;
	tr_err err = TR_OK;

	if (text.n == (size_t)minus)
		return TR_ESYNTAX;
	/* Counting down reaches INT64_MIN too. */
	for (size_t at = minus; at < text.n; at++) {
		if (!is_digit(text.p[at]))
			return TR_ESYNTAX;
		if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
		    __builtin_sub_overflow(value, (int64_t)(text.p[at] - '0'), &value))
			err = TR_ERANGE;
	}
	if (!minus && err == TR_OK && __builtin_sub_overflow((int64_t)0, value, &value))
		err = TR_ERANGE;
	*i = value;
	return err;
}
