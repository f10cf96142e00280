/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers by a parsed format specification. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "playbook/template/format_number.h"
#include "playbook/template/unicode.h"

bool put_padded(struct eval *ev, tr_buf *out, tr_str prefix, tr_str body, const struct format_spec *spec,
		char otherwise)
{
	char align = spec->align != '\0' ? spec->align : otherwise;
	size_t n = prefix.n + uni_count(body), pad = 0, left;

	if (spec->width > 0 && (size_t)spec->width > n)
		pad = (size_t)spec->width - n;
	if (pad > ev->memory || !ev_spend(ev, pad / 16)) {
		ev_fail(ev, TR_ELIMIT, "the text is larger than the limit");
		return false;
	}
	left = align == '<' ? 0 : align == '^' ? pad / 2 : pad;
	if (align == '=')
		tr_buf_put(out, prefix.p, prefix.n);
	for (size_t i = 0; i < left; i++)
		tr_buf_put(out, spec->fill.p, spec->fill.n);
	if (align != '=')
		tr_buf_put(out, prefix.p, prefix.n);
	tr_buf_put(out, body.p, body.n);
	for (size_t i = left; i < pad; i++)
		tr_buf_put(out, spec->fill.p, spec->fill.n);
	return true;
}

/* digits with a separator every `every` of them, and zeros in front until `width` characters are there. */
static void group_digits(tr_buf *out, tr_str digits, char separator, size_t every, size_t width)
{
	size_t n = digits.n, total;

	/* Zeros in front are grouped too, so the width may be passed by one. */
	while (n + (n - 1) / every < width)
		n++;
	total = n;
	for (size_t i = 0; i < total; i++) {
		tr_buf_putc(out, i < total - digits.n ? '0' : digits.p[i - (total - digits.n)]);
		if ((total - i - 1) % every == 0 && i + 1 < total)
			tr_buf_putc(out, separator);
	}
}

static char sign_of(bool negative, const struct format_spec *spec)
{
	return negative ? '-' : spec->sign == '+' || spec->sign == ' ' ? spec->sign : '\0';
}

/* Digits (and what follows them, as ".25") with grouping and padding. */
static bool put_grouped(struct eval *ev, tr_buf *out, tr_str prefix, tr_str digits, tr_str tail,
			const struct format_spec *spec, size_t every)
{
	tr_buf body = {.max = ev->memory};
	bool zeros = spec->align == '=' && spec->fill.n == 1 && spec->fill.p[0] == '0';
	size_t width = 0;

	if (zeros && spec->width > (int64_t)(prefix.n + tail.n))
		width = (size_t)spec->width - prefix.n - tail.n;
	if (spec->group != '\0')
		group_digits(&body, digits, spec->group, every, width);
	else
		tr_buf_put(&body, digits.p, digits.n);
	tr_buf_put(&body, tail.p, tail.n);
	bool ok = ev_buf_ok(ev, &body) && put_padded(ev, out, prefix, tr_buf_str(&body), spec, '>');
	tr_buf_fini(&body);
	return ok;
}

static bool put_char(struct eval *ev, tr_buf *out, int64_t i, const struct format_spec *spec)
{
	char text[4];

	if (i < 0 || i > 0x10ffff || (i >= 0xd800 && i < 0xe000)) {
		ev_fail(ev, TR_ERANGE, "this is not the number of a character");
		return false;
	}
	if (spec->sign != '\0') {
		ev_fail(ev, TR_EINVAL, "a sign is not allowed with 'c'");
		return false;
	}
	return put_padded(ev, out, (tr_str){"", 0}, (tr_str){text, uni_encode((uint32_t)i, text)}, spec, '>');
}

bool put_int_spec(struct eval *ev, tr_buf *out, int64_t i, const struct format_spec *spec)
{
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
	char text[72], prefix[4];
	uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
	unsigned base = spec->type == 'b' ? 2 : spec->type == 'o' ? 8 : (spec->type | 32) == 'x' ? 16 : 10;
	const char *digits = spec->type == 'X' ? upper : lower;
	size_t at = sizeof(text), np = 0;

	if (spec->precision >= 0) {
		ev_fail(ev, TR_EINVAL, "a precision is not allowed for integers");
		return false;
	}
	if (spec->type == 'c')
		return put_char(ev, out, i, spec);
	if (spec->group == ',' && base != 10) {
		ev_fail(ev, TR_EINVAL, "',' does not go with '%c'", spec->type);
		return false;
	}
	do {
		text[--at] = digits[u % base];
		u /= base;
	} while (u != 0);
	if (sign_of(i < 0, spec) != '\0')
		prefix[np++] = sign_of(i < 0, spec);
	if (spec->alternate && base != 10) {
		prefix[np++] = '0';
		prefix[np++] = spec->type;
	}
	return put_grouped(ev, out, (tr_str){prefix, np}, (tr_str){text + at, sizeof(text) - at}, (tr_str){"", 0}, spec,
			   base == 10 ? 3 : 4);
}

/* repr-like, but with at least `precision` digits when given: what {} with a precision and no type means. */
/* An exponent form without a point gets one: "1e+16" becomes "1.e+16". */
static void add_point(tr_buf *text)
{
	char *e = memchr(text->p, 'e', text->n);

	if (e == NULL || memchr(text->p, '.', text->n) != NULL)
		return;
	size_t at = (size_t)(e - text->p);
	tr_buf_putc(text, ' ');
	if (text->err == TR_OK) {
		memmove(text->p + at + 1, text->p + at, text->n - at - 1);
		text->p[at] = '.';
	}
}

/* "3.00e+05" without the zeros at the end of its fraction. */
static void trim_mantissa(tr_buf *text)
{
	char *e = memchr(text->p, 'e', text->n), *end = e;

	if (e == NULL || memchr(text->p, '.', (size_t)(e - text->p)) == NULL)
		return;
	while (end[-1] == '0')
		end--;
	if (end[-1] == '.')
		end--;
	size_t rest = text->n - (size_t)(e - text->p);
	memmove(end, e, rest);
	text->n = (size_t)(end - text->p) + rest;
}

/* What no type means: as repr, or with a precision like %g, but with a fraction or else an exponent. */
static void put_general(tr_buf *text, double d, const struct format_spec *spec)
{
	int p = spec->precision == 0 ? 1 : (int)spec->precision, exponent;
	char digits[40];

	if (spec->precision < 0) {
		put_float(text, d);
		if (spec->alternate && text->err == TR_OK)
			add_point(text);
		return;
	}
	snprintf(digits, sizeof(digits), "%.*e", p > 20 ? 20 : p - 1, d);
	const char *e = strchr(digits, 'e');
	exponent = e != NULL ? (int)strtol(e + 1, NULL, 10) : 0;
	if (exponent == p - 1) {
		tr_buf_putf(text, spec->alternate ? "%#.*e" : "%.*e", p - 1, d);
		if (!spec->alternate && text->err == TR_OK)
			trim_mantissa(text);
		return;
	}
	tr_buf_putf(text, spec->alternate ? "%#.*g" : "%.*g", p, d);
	if (text->err == TR_OK && memchr(text->p, '.', text->n) == NULL && memchr(text->p, 'e', text->n) == NULL)
		tr_buf_puts(text, ".0");
}

static void put_digits(tr_buf *text, double d, const struct format_spec *spec)
{
	int precision = spec->precision >= 0 ? (int)spec->precision : 6;
	char type = spec->type == 'n' ? 'g' : spec->type;

	if (type == '\0') {
		put_general(text, d, spec);
		return;
	}
	if (type == '%') {
		tr_buf_putf(text, spec->alternate ? "%#.*f%%" : "%.*f%%", precision, d * 100);
		return;
	}
	switch (type) {
	case 'e':
		tr_buf_putf(text, spec->alternate ? "%#.*e" : "%.*e", precision, d);
		break;
	case 'E':
		tr_buf_putf(text, spec->alternate ? "%#.*E" : "%.*E", precision, d);
		break;
	case 'g':
		tr_buf_putf(text, spec->alternate ? "%#.*g" : "%.*g", precision, d);
		break;
	case 'G':
		tr_buf_putf(text, spec->alternate ? "%#.*G" : "%.*G", precision, d);
		break;
	default:
		tr_buf_putf(text, spec->alternate ? "%#.*f" : "%.*f", precision, d);
		break;
	}
}

bool put_float_spec(struct eval *ev, tr_buf *out, double d, const struct format_spec *spec)
{
	tr_buf text = {.max = ev->memory};
	bool negative = signbit(d) && !isnan(d);
	char sign = sign_of(negative, spec);
	size_t digits = 0;

	if (spec->precision > 1000000) {
		ev_fail(ev, TR_ELIMIT, "the precision is too large");
		return false;
	}
	if (isfinite(d)) {
		put_digits(&text, fabs(d), spec);
	} else {
		bool upper = spec->type == 'E' || spec->type == 'F' || spec->type == 'G';
		tr_buf_puts(&text, isnan(d) ? (upper ? "NAN" : "nan") : (upper ? "INF" : "inf"));
		if (spec->type == '%')
			tr_buf_putc(&text, '%');
	}
	while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
		digits++;
	tr_str tail = {text.p + digits, text.n - digits};
	bool ok = ev_buf_ok(ev, &text) &&
		  put_grouped(ev, out, (tr_str){&sign, sign != '\0'}, (tr_str){text.p, digits}, tail, spec, 3);
	tr_buf_fini(&text);
	return ok;
}
