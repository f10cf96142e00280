/* SPDX-License-Identifier: Apache-2.0 */
/* The implicit types as small hand-written matchers; each says what part of the text it took. */
#include "playbook/yaml/resolve.h"
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	NUMBER_MAX = 400
}; /* longer digits are text: nobody means a number by them */

typedef struct cursor {
	const char *p, *end;
} cursor;

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool at_end(const cursor *c)
{
	return c->p == c->end;
}

static bool take(cursor *c, char want)
{
	if (at_end(c) || *c->p != want)
		return false;
	c->p++;
	return true;
}

static void take_sign(cursor *c)
{
	if (!take(c, '-'))
		take(c, '+');
}

/* How many characters of `set` stand here. */
static size_t take_run(cursor *c, const char *set)
{
	const char *from = c->p;
	while (!at_end(c) && *c->p != '\0' && strchr(set, *c->p) != NULL)
		c->p++;
	return (size_t)(c->p - from);
}

static const char decimal[] = "0123456789_";

/* (?::[0-5]?[0-9])+ */
static bool take_sixties(cursor *c)
{
	size_t groups = 0;
	while (!at_end(c) && *c->p == ':') {
		cursor look = {c->p + 1, c->end};
		if (at_end(&look) || !is_digit(*look.p))
			return false;
		bool small = *look.p <= '5';
		look.p++;
		if (small && !at_end(&look) && is_digit(*look.p))
			look.p++;
		c->p = look.p;
		groups++;
	}
	return groups > 0;
}

static void take_exponent(cursor *c)
{
	cursor look = *c;
	if (!take(&look, 'e') && !take(&look, 'E'))
		return;
	if (!take(&look, '-') && !take(&look, '+'))
		return;
	if (take_run(&look, "0123456789") > 0)
		*c = look;
}

typedef enum number_form {
	FORM_NONE,
	FORM_BINARY,
	FORM_OCTAL,
	FORM_DECIMAL,
	FORM_HEX,
	FORM_SIXTIES,
	FORM_FLOAT,
	FORM_FLOAT_SIXTIES
} number_form;

static number_form int_form(cursor c)
{
	take_sign(&c);
	if (at_end(&c) || !is_digit(*c.p))
		return FORM_NONE;
	if (*c.p != '0') {
		take_run(&c, decimal);
		if (at_end(&c))
			return FORM_DECIMAL;
		return take_sixties(&c) && at_end(&c) ? FORM_SIXTIES : FORM_NONE;
	}
	c.p++;
	if (at_end(&c))
		return FORM_DECIMAL;
	if (take(&c, 'b'))
		return take_run(&c, "01_") > 0 && at_end(&c) ? FORM_BINARY : FORM_NONE;
	if (take(&c, 'x'))
		return take_run(&c, "0123456789abcdefABCDEF_") > 0 && at_end(&c) ? FORM_HEX : FORM_NONE;
	return take_run(&c, "01234567_") > 0 && at_end(&c) ? FORM_OCTAL : FORM_NONE;
}

static number_form float_form(cursor c)
{
	if (take(&c, '.')) {
		if (at_end(&c) || !is_digit(*c.p))
			return FORM_NONE;
		take_run(&c, decimal);
		take_exponent(&c);
		return at_end(&c) ? FORM_FLOAT : FORM_NONE;
	}
	take_sign(&c);
	if (at_end(&c) || !is_digit(*c.p))
		return FORM_NONE;
	take_run(&c, decimal);
	if (take(&c, '.')) {
		take_run(&c, decimal);
		take_exponent(&c);
		return at_end(&c) ? FORM_FLOAT : FORM_NONE;
	}
	if (!take_sixties(&c) || !take(&c, '.'))
		return FORM_NONE;
	take_run(&c, decimal);
	return at_end(&c) ? FORM_FLOAT_SIXTIES : FORM_NONE;
}

/* The text without underscores, sign taken off. */
static size_t digits_of(tr_str text, char *to, bool *negative)
{
	size_t n = 0;
	*negative = text.p[0] == '-';
	for (size_t i = text.p[0] == '-' || text.p[0] == '+' ? 1 : 0; i < text.n; i++) {
		if (text.p[i] != '_')
			to[n++] = text.p[i];
	}
	to[n] = '\0';
	return n;
}

static int digit_of(char c)
{
	if (is_digit(c))
		return c - '0';
	return (c | 0x20) - 'a' + 10;
}

static tr_value signed_int(uint64_t magnitude, bool negative)
{
	if (negative && magnitude <= (uint64_t)INT64_MAX + 1)
		return tr_int((int64_t)(0 - magnitude));
	if (!negative && magnitude <= (uint64_t)INT64_MAX)
		return tr_int((int64_t)magnitude);
	return tr_invalid(TR_ERANGE);
}

static tr_value int_value(tr_str text, number_form form)
{
	char digits[NUMBER_MAX + 1];
	bool negative;
	size_t n = digits_of(text, digits, &negative);
	unsigned base = form == FORM_BINARY ? 2 : form == FORM_OCTAL ? 8 : form == FORM_HEX ? 16 : 10;
	const char *p = form == FORM_BINARY || form == FORM_HEX ? digits + 2 : digits;
	if (p >= digits + n)
		return tr_absent(); /* "0x_": PyYAML refuses it; as text it harms nobody */
	uint64_t magnitude = 0;
	for (; *p != '\0'; p++) {
		if (__builtin_mul_overflow(magnitude, (uint64_t)base, &magnitude) ||
		    __builtin_add_overflow(magnitude, (uint64_t)digit_of(*p), &magnitude))
			return tr_invalid(TR_ERANGE);
	}
	return signed_int(magnitude, negative);
}

static tr_value sixties_value(tr_str text)
{
	char digits[NUMBER_MAX + 1];
	bool negative;
	digits_of(text, digits, &negative);
	uint64_t sum = 0;
	for (char *rest = NULL, *part = strtok_r(digits, ":", &rest); part != NULL; part = strtok_r(NULL, ":", &rest)) {
		char *end;
		uint64_t x = strtoull(part, &end, 10);
		if (__builtin_mul_overflow(sum, UINT64_C(60), &sum) || __builtin_add_overflow(sum, x, &sum) ||
		    x == UINT64_MAX)
			return tr_invalid(TR_ERANGE);
	}
	return signed_int(sum, negative);
}

/* strtod that reads '.' whatever the program's locale says. */
static double read_double(char *digits)
{
	char *end;
	double d = strtod(digits, &end);
	if (*end == '.') {
		*end = *localeconv()->decimal_point;
		d = strtod(digits, &end);
	}
	return d;
}

static tr_value float_value(tr_str text, number_form form)
{
	char digits[NUMBER_MAX + 1];
	bool negative;
	digits_of(text, digits, &negative);
	double sum = 0;
	if (form == FORM_FLOAT) {
		sum = read_double(digits);
	} else {
		for (char *rest = NULL, *part = strtok_r(digits, ":", &rest); part != NULL;
		     part = strtok_r(NULL, ":", &rest))
			sum = sum * 60 + read_double(part);
	}
	return tr_float(negative ? -sum : sum);
}

/* `text` in lower, Capitalised or UPPER case. */
static bool is_word(tr_str text, const char *lower)
{
	size_t n = strlen(lower);
	if (text.n != n)
		return false;
	if (memcmp(text.p, lower, n) == 0)
		return true;
	bool upper = true, capital = true;
	for (size_t i = 0; i < n; i++) {
		char up = lower[i] >= 'a' && lower[i] <= 'z' ? (char)(lower[i] - 32) : lower[i];
		upper = upper && text.p[i] == up;
		capital = capital && text.p[i] == (i == 0 ? up : lower[i]);
	}
	return upper || capital;
}

static tr_value word_value(tr_str t)
{
	if (t.n == 0 || tr_str_is(t, "~") || is_word(t, "null"))
		return tr_nil();
	if (is_word(t, "yes") || is_word(t, "true") || is_word(t, "on"))
		return tr_bool(true);
	if (is_word(t, "no") || is_word(t, "false") || is_word(t, "off"))
		return tr_bool(false);
	return tr_absent();
}

static tr_value special_float(tr_str t)
{
	tr_str body = t;
	bool negative = t.p[0] == '-';
	if (t.p[0] == '-' || t.p[0] == '+')
		body = (tr_str){t.p + 1, t.n - 1};
	if (tr_str_is(body, ".inf") || tr_str_is(body, ".Inf") || tr_str_is(body, ".INF"))
		return tr_float(negative ? -HUGE_VAL : HUGE_VAL);
	if (tr_str_is(t, ".nan") || tr_str_is(t, ".NaN") || tr_str_is(t, ".NAN"))
		return tr_float((double)NAN);
	return tr_absent();
}

tr_value yaml_resolve(tr_str text)
{
	if (text.n > 0 && strchr("-+.0123456789", text.p[0]) != NULL && text.p[0] != '\0') {
		if (text.n > NUMBER_MAX)
			return tr_absent();
		cursor c = {text.p, text.p + text.n};
		number_form form = int_form(c);
		if (form == FORM_SIXTIES)
			return sixties_value(text);
		if (form != FORM_NONE)
			return int_value(text, form);
		form = float_form(c);
		return form != FORM_NONE ? float_value(text, form) : special_float(text);
	}
	if (text.n > 5 || (text.n > 0 && strchr("yYnNtTfFoO~", text.p[0]) == NULL))
		return tr_absent();
	return word_value(text);
}
