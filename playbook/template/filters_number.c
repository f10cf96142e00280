/* SPDX-License-Identifier: Apache-2.0 */
/* Filters on numbers, and to numbers. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "playbook/template/filters.h"

static tr_value f_abs(struct eval *ev, const tr_value *a)
{
	tr_value v = ev_resolve(ev, a[0]);

	if (is_integral(v) && int_of(v) != INT64_MIN)
		return tr_int(int_of(v) < 0 ? -int_of(v) : int_of(v));
	if (tr_is(v, TR_FLOAT))
		return tr_float(fabs(v.as.d));
	if (is_integral(v))
		return ev_fail(ev, TR_ERANGE, "the result is an integer beyond 64 bits");
	if (is_undefined(v))
		return ev_undefined_fail(ev, v);
	return ev_fail(ev, TR_ETYPE, "abs works on a number, not on '%s'", ev_type_name(v));
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

enum parsed {
	PARSED_NO,
	PARSED_YES,
	PARSED_TOO_LARGE
};

/* int(text, base) as Python reads it: blanks around, a sign, a prefix that fits the base, single underscores. */
static enum parsed parse_int(tr_str s, int64_t base, int64_t *out)
{
	bool negative = false, digit = false, over = false;
	uint64_t n = 0;
	size_t i = 0;

	s = uni_strip(s, true, true);
	if (i < s.n && (s.p[i] == '+' || s.p[i] == '-'))
		negative = s.p[i++] == '-';
	if (i + 1 < s.n && s.p[i] == '0') {
		char c = (char)(s.p[i + 1] | 32);
		int64_t prefix = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 0;
		if (prefix != 0 && (base == 0 || base == prefix)) {
			base = prefix;
			i += 2;
			if (i < s.n && s.p[i] == '_')
				i++;
		}
	}
	bool zeros_only = base == 0 && i < s.n && s.p[i] == '0';
	base = base == 0 ? 10 : base;
	for (; i < s.n; i++) {
		if (s.p[i] == '_' && digit && i + 1 < s.n) {
			digit = false;
			continue;
		}
		int v = digit_value(s.p[i]);
		if (v >= base)
			return PARSED_NO;
		if (zeros_only && v != 0)
			return PARSED_NO;
		over =
		    over || __builtin_mul_overflow(n, (uint64_t)base, &n) || __builtin_add_overflow(n, (uint64_t)v, &n);
		digit = true;
	}
	if (!digit)
		return PARSED_NO;
	if (over || n > (uint64_t)INT64_MAX + negative)
		return PARSED_TOO_LARGE;
	*out = negative ? (int64_t)(0 - n) : (int64_t)n;
	return PARSED_YES;
}

/* float(text): Python's forms only, so no hexadecimal ones. */
static bool parse_float(tr_str s, double *out)
{
	char text[512], *end;
	size_t n = 0;

	s = uni_strip(s, true, true);
	if (s.n == 0 || s.n >= sizeof(text))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		bool between =
		    i > 0 && i + 1 < s.n && isdigit((unsigned char)s.p[i - 1]) && isdigit((unsigned char)s.p[i + 1]);
		if (s.p[i] == '_' && between)
			continue;
		if (strchr("xXpP_(", s.p[i]) != NULL)
			return false;
		text[n++] = s.p[i];
	}
	text[n] = '\0';
	*out = strtod(text, &end);
	return *end == '\0' && end != text;
}

static tr_value int_from_float(struct eval *ev, double d, bool *ok)
{
	*ok = true;
	if (fabs(d) < 9223372036854775808.0)
		return tr_int((int64_t)d);
	if (isnan(d)) {
		*ok = false; /* a ValueError in Python */
		return tr_absent();
	}
	/* An infinity is an OverflowError, which the filter lets through; beyond 64 bits is ours. */
	return ev_fail(ev, TR_ERANGE, isinf(d) ? "infinity is no integer" : "the result is an integer beyond 64 bits");
}

static tr_value int_from_text(struct eval *ev, tr_value v, tr_value base, tr_value otherwise)
{
	int64_t radix = 10, i;
	bool ok;
	double d;

	if (is_given(base) && !ev_index(ev, base, "base", &radix))
		return tr_invalid(TR_ETYPE);
	enum parsed parsed = radix == 0 || (radix >= 2 && radix <= 36) ? parse_int(tr_as_str(v), radix, &i) : PARSED_NO;
	if (parsed == PARSED_YES)
		return tr_int(i);
	if (parsed == PARSED_TOO_LARGE)
		return ev_fail(ev, TR_ERANGE, "the result is an integer beyond 64 bits");
	if (parse_float(tr_as_str(v), &d)) {
		tr_value whole = int_from_float(ev, d, &ok);
		if (ok)
			return whole;
	}
	return is_given(otherwise) ? tr_keep(otherwise) : tr_int(0);
}

static tr_value f_int(struct eval *ev, const tr_value *a)
{
	tr_value v = ev_resolve(ev, a[0]);
	bool ok;

	if (is_integral(v))
		return tr_int(int_of(v));
	if (tr_is(v, TR_FLOAT)) {
		tr_value whole = int_from_float(ev, v.as.d, &ok);
		return ok ? whole : is_given(a[1]) ? tr_keep(a[1]) : tr_int(0);
	}
	if (is_text(v))
		return int_from_text(ev, v, a[2], a[1]);
	if (tr_is(v, TR_BINARY)) /* a base is for text only */
		return int_from_text(ev, v, tr_absent(), a[1]);
	if (is_undefined(v) && (ev->undefined != TR_UNDEFINED_CHAINABLE))
		return ev_undefined_fail(ev, v);
	return is_given(a[1]) ? tr_keep(a[1]) : tr_int(0);
}

static tr_value f_float(struct eval *ev, const tr_value *a)
{
	tr_value v = ev_resolve(ev, a[0]);
	double d;

	if (is_number(v))
		return tr_float(float_of(v));
	if ((is_text(v) || tr_is(v, TR_BINARY)) && parse_float(tr_as_str(v), &d))
		return tr_float(d);
	if (is_undefined(v) && (ev->undefined != TR_UNDEFINED_CHAINABLE))
		return ev_undefined_fail(ev, v);
	return is_given(a[1]) ? tr_keep(a[1]) : tr_float(0);
}

/* round(d, digits) with Python's ties to even, decided on the exact decimal value. */
static double round_float(double d, int64_t digits)
{
	char text[400];

	if (!isfinite(d) || digits > 323)
		return d;
	if (digits < -308)
		return copysign(0, d);
	if (digits >= 0) {
		snprintf(text, sizeof(text), "%.*f", (int)digits, d);
		if (strlen(text) < sizeof(text) - 1)
			return strtod(text, NULL);
		return d;
	}
	/* All digits before the point, exactly; then cut `-digits` of them. */
	size_t n = (size_t)snprintf(text, sizeof(text), "%.0f", trunc(fabs(d))), cut = (size_t)-digits;
	if (cut > n)
		return copysign(0, d);
	bool exact = fabs(d) == trunc(d < 0 ? -d : d), half = text[n - cut] == '5', more = text[n - cut] > '5';
	for (size_t i = n - cut; i < n; i++) {
		more = more || (half && i > n - cut && text[i] != '0');
		text[i] = '0';
	}
	more = more || (half && (!exact || (cut < n && (text[n - cut - 1] - '0') % 2 != 0)));
	double low = strtod(text, NULL);
	if (more) {
		/* One up at the last digit kept, carried as far as it goes. */
		size_t i = n - cut;
		while (i > 0 && text[i - 1] == '9')
			text[--i] = '0';
		if (i > 0)
			text[i - 1]++;
		low = i > 0 ? strtod(text, NULL) : strtod(text, NULL) + pow(10, (double)n);
	}
	return copysign(low, d);
}

static tr_value round_int(struct eval *ev, int64_t i, int64_t digits)
{
	int64_t unit = 1, rest;

	if (digits >= 0)
		return tr_int(i);
	for (; digits < 0; digits++)
		if (__builtin_mul_overflow(unit, 10, &unit))
			return tr_int(0);
	rest = i % unit;
	if (rest < 0)
		rest += unit;
	int64_t low, up = rest * 2 > unit || (rest * 2 == unit && ((i - rest) / unit) % 2 != 0);
	if (__builtin_sub_overflow(i, rest, &low) || (up && __builtin_add_overflow(low, unit, &low)))
		return ev_fail(ev, TR_ERANGE, "the result is an integer beyond 64 bits");
	return tr_int(low);
}

static tr_value f_round(struct eval *ev, const tr_value *a)
{
	tr_value v = ev_resolve(ev, a[0]);
	tr_str method = is_given(a[2]) ? tr_as_str(a[2]) : tr_s("common");
	int64_t digits = 0;
	bool common = tr_str_is(method, "common");

	if (!common && !tr_str_is(method, "ceil") && !tr_str_is(method, "floor"))
		return ev_fail(ev, TR_EINVAL, "the method of round is 'common', 'ceil' or 'floor'");
	if (is_given(a[1]) && is_none(a[1]) && common && tr_is(v, TR_FLOAT)) {
		bool ok;
		tr_value whole = int_from_float(ev, rint(v.as.d), &ok);
		return ok ? whole : ev_fail(ev, TR_EINVAL, "nan is no integer");
	}
	if (is_given(a[1]) && !(is_none(a[1]) && common) && !ev_index(ev, a[1], "the precision", &digits))
		return tr_invalid(TR_ETYPE);
	if (is_undefined(v))
		return ev_undefined_fail(ev, v);
	if (!is_number(v))
		return ev_fail(ev, TR_ETYPE, "round works on a number, not on '%s'", ev_type_name(v));
	if (common)
		return is_integral(v) ? round_int(ev, int_of(v), digits) : tr_float(round_float(v.as.d, digits));
	if (is_integral(v) && digits >= 0)
		return tr_float((double)int_of(v));
	double unit = pow(10, (double)digits), scaled = float_of(v) * unit;
	if (!isfinite(scaled))
		return ev_fail(ev, TR_ERANGE, "the number cannot be rounded");
	double whole = tr_str_is(method, "ceil") ? ceil(scaled) : floor(scaled);
	return tr_float((whole == 0 ? 0 : whole) / unit);
}

static tr_value f_filesizeformat(struct eval *ev, const tr_value *a)
{
	static const char *const small[] = {"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"};
	static const char *const large[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"};
	tr_value v = ev_resolve(ev, a[0]);
	tr_buf out = {0};
	double bytes, unit;
	bool binary;

	if (!flag(ev, a[1], &binary))
		return tr_invalid(TR_ETYPE);
	if (is_undefined(v))
		return ev_undefined_fail(ev, v);
	if (is_number(v))
		bytes = float_of(v);
	else if (!is_text(v) || !parse_float(tr_as_str(v), &bytes))
		return ev_fail(ev, TR_ETYPE, "filesizeformat works on a number, not on '%s'", ev_type_name(v));
	double base = binary ? 1024 : 1000;
	if (bytes == 1) {
		tr_buf_puts(&out, "1 Byte");
	} else if (bytes < base) {
		if (fabs(bytes) >= 9.2e18)
			return ev_fail(ev, TR_ERANGE, "the number is beyond 64 bits");
		tr_buf_putf(&out, "%lld Bytes", (long long)bytes);
	} else {
		size_t i = 0;
		unit = base * base;
		for (; i < 7 && !(bytes < unit); i++)
			unit *= base;
		tr_buf_putf(&out, "%.1f %s", base * bytes / unit, binary ? large[i] : small[i]);
	}
	return ev_take_text(ev, &out);
}

const struct native number_filters[] = {
    {"abs", "", 0, f_abs, NULL},
    {"int", "default base", 0, f_int, NULL},
    {"float", "default", 0, f_float, NULL},
    {"round", "precision method", 0, f_round, NULL},
    {"filesizeformat", "binary", 0, f_filesizeformat, NULL},
    {NULL, NULL, 0, NULL, NULL},
};
