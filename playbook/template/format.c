/* SPDX-License-Identifier: Apache-2.0 */
/* Format specifications: [[fill]align][sign][#][0][width][grouping][.precision][type]. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "playbook/template/format.h"
#include "playbook/template/format_number.h"
#include "playbook/template/unicode.h"

static bool is_align(char c)
{
	return c == '<' || c == '>' || c == '=' || c == '^';
}

static bool parse_number(struct eval *ev, tr_str s, size_t *at, int64_t *out)
{
	*out = 0;
	while (*at < s.n && s.p[*at] >= '0' && s.p[*at] <= '9') {
		*out = *out * 10 + (s.p[(*at)++] - '0');
		if (*out > 100000000) {
			ev_fail(ev, TR_ELIMIT, "the width or precision is too large");
			return false;
		}
	}
	return true;
}

static bool parse_spec(struct eval *ev, tr_str s, struct format_spec *out)
{
	size_t i = 0, first = s.n > 0 ? uni_width(s.p[0]) : 0;

	*out = (struct format_spec){.fill = {" ", 1}, .width = 0, .precision = -1};
	if (first > 0 && first < s.n && is_align(s.p[first])) {
		out->fill = (tr_str){s.p, first};
		out->align = s.p[first];
		out->fill_given = true;
		i = first + 1;
	} else if (s.n > 0 && is_align(s.p[0])) {
		out->align = s.p[0];
		i = 1;
	}
	if (i < s.n && (s.p[i] == '+' || s.p[i] == '-' || s.p[i] == ' '))
		out->sign = s.p[i++];
	if (i < s.n && s.p[i] == '#') {
		out->alternate = true;
		i++;
	}
	if (i < s.n && s.p[i] == '0' && !out->fill_given) {
		out->fill = (tr_str){"0", 1};
		out->zero = true;
		if (out->align == '\0')
			out->align = '=';
		i++;
	}
	if (!parse_number(ev, s, &i, &out->width))
		return false;
	if (i < s.n && (s.p[i] == ',' || s.p[i] == '_'))
		out->group = s.p[i++];
	if (i < s.n && s.p[i] == '.') {
		size_t before = ++i;
		if (!parse_number(ev, s, &i, &out->precision))
			return false;
		if (i == before) {
			ev_fail(ev, TR_EINVAL, "the precision is missing behind '.'");
			return false;
		}
	}
	if (i < s.n)
		out->type = s.p[i++];
	if (out->group != '\0' && out->type == 'n') {
		ev_fail(ev, TR_EINVAL, "'%c' does not go with 'n'", out->group);
		return false;
	}
	if (i != s.n) {
		ev_fail(ev, TR_EINVAL, "invalid format specification '%.*s'", TR_STR(s));
		return false;
	}
	return true;
}

static bool bad_type(struct eval *ev, const struct format_spec *spec, tr_value v)
{
	ev_fail(ev, TR_EINVAL, "format code '%c' does not work for '%s'", spec->type, ev_type_name(v));
	return false;
}

static bool format_text(struct eval *ev, tr_buf *out, tr_value v, const struct format_spec *spec)
{
	tr_str s = tr_as_str(v);

	if (spec->type != '\0' && spec->type != 's')
		return bad_type(ev, spec, v);
	if (spec->sign != '\0' || spec->alternate || spec->group != '\0' || (spec->align == '=' && !spec->zero)) {
		ev_fail(ev, TR_EINVAL, "sign, '#', ',' and '=' are for numbers only");
		return false;
	}
	if (spec->precision >= 0)
		s.n = uni_offset(s, (size_t)spec->precision);
	return put_padded(ev, out, (tr_str){"", 0}, s, spec, '<');
}

static bool format_int(struct eval *ev, tr_buf *out, tr_value v, const struct format_spec *spec)
{
	switch (spec->type) {
	case '\0':
	case 'd':
	case 'n':
	case 'x':
	case 'X':
	case 'o':
	case 'b':
	case 'c':
		return put_int_spec(ev, out, int_of(v), spec);
	case 'e':
	case 'E':
	case 'f':
	case 'F':
	case 'g':
	case 'G':
	case '%':
		return put_float_spec(ev, out, (double)int_of(v), spec);
	default:
		return bad_type(ev, spec, v);
	}
}

bool format_value(struct eval *ev, tr_buf *out, tr_value v, tr_str text)
{
	struct format_spec spec;

	v = ev_resolve(ev, v);
	if (!tr_is_valid(v))
		return false;
	if (text.n == 0)
		return ev_put_str(ev, out, v);
	if (!parse_spec(ev, text, &spec))
		return false;
	if (is_text(v))
		return format_text(ev, out, v, &spec);
	if (tr_is(v, TR_BOOL) && spec.type == '\0') {
		/* Without a type a bool is a number too, but for its empty specification. */
		return put_int_spec(ev, out, int_of(v), &spec);
	}
	if (is_integral(v))
		return format_int(ev, out, v, &spec);
	if (tr_is(v, TR_FLOAT)) {
		if (spec.type != '\0' && strchr("eEfFgGn%", spec.type) == NULL)
			return bad_type(ev, &spec, v);
		return put_float_spec(ev, out, v.as.d, &spec);
	}
	if (is_undefined(v)) {
		ev_undefined_fail(ev, v);
		return false;
	}
	ev_fail(ev, TR_ETYPE, "'%s' takes no format specification", ev_type_name(v));
	return false;
}
