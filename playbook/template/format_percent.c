/* SPDX-License-Identifier: Apache-2.0 */
/* '%-10s %05.2f %(name)d' % values. */
#include "runtime/value/utf8.h"
#include <math.h>
#include <string.h>

#include "playbook/template/format.h"
#include "playbook/template/format_number.h"
#include "playbook/template/unicode.h"

struct percent {
	struct eval *ev;
	tr_str text;
	size_t at;
	tr_value values; /* resolved */
	size_t next;     /* of a tuple */
	bool mapping_used;
	bool markup;
};

/* The next value of the tuple, or the one value there is. Borrowed. */
static tr_value next_value(struct percent *p)
{
	if (is_tuple(p->values)) {
		if (p->next < tr_array_len(p->values))
			return tr_array_at(p->values, p->next++);
	} else if (p->next++ == 0) {
		return p->values;
	}
	return ev_fail(p->ev, TR_ETYPE, "not enough values for the format");
}

static bool bad(struct percent *p, const char *message)
{
	ev_fail(p->ev, TR_EINVAL, "%s", message);
	return false;
}

/* %(key)s: the value for the key. */
static bool key_value(struct percent *p, tr_value *out)
{
	size_t start = ++p->at;
	int depth = 1;

	for (; p->at < p->text.n; p->at++) {
		char c = p->text.p[p->at];
		depth += c == '(' ? 1 : c == ')' ? -1 : 0;
		if (depth == 0)
			break;
	}
	if (p->at >= p->text.n)
		return bad(p, "a key in the format is not closed");
	if (!tr_is(p->values, TR_MAP)) {
		ev_fail(p->ev, TR_ETYPE, "the format needs a mapping");
		return false;
	}
	tr_value key = ev_text(p->ev, (tr_str){p->text.p + start, p->at - start});
	if (!tr_is_valid(key))
		return false;
	*out = ev_map_find(p->ev, p->values, key);
	tr_drop(key);
	p->at++;
	p->mapping_used = true;
	if (!tr_is_valid(*out))
		ev_fail(p->ev, TR_ENOENT, "the format names a key that the mapping does not have");
	return tr_is_valid(*out);
}

/* Digits, or '*' for the next value. */
static bool count(struct percent *p, int64_t *out)
{
	*out = 0;
	if (p->at < p->text.n && p->text.p[p->at] == '*') {
		p->at++;
		tr_value v = next_value(p);
		return tr_is_valid(v) && ev_index(p->ev, v, "*", out);
	}
	while (p->at < p->text.n && p->text.p[p->at] >= '0' && p->text.p[p->at] <= '9') {
		*out = *out * 10 + (p->text.p[p->at++] - '0');
		if (*out > 100000000)
			return bad(p, "the width or precision is too large");
	}
	return true;
}

static bool flags_and_sizes(struct percent *p, struct format_spec *spec)
{
	bool left = false, zero = false;

	*spec = (struct format_spec){.fill = {" ", 1}, .precision = -1};
	for (; p->at < p->text.n; p->at++) {
		char c = p->text.p[p->at];
		if (c == '-')
			left = true;
		else if (c == '0')
			zero = true;
		else if (c == '#')
			spec->alternate = true;
		else if (c == '+' || (c == ' ' && spec->sign != '+'))
			spec->sign = c;
		else if (c != ' ')
			break;
	}
	if (!count(p, &spec->width))
		return false;
	if (spec->width < 0) {
		left = true;
		spec->width = -spec->width;
	}
	if (p->at < p->text.n && p->text.p[p->at] == '.') {
		p->at++;
		if (!count(p, &spec->precision))
			return false;
		spec->precision = spec->precision < 0 ? 0 : spec->precision;
	}
	while (p->at < p->text.n && strchr("hlL", p->text.p[p->at]) != NULL)
		p->at++;
	if (zero && !left)
		spec->fill = (tr_str){"0", 1};
	spec->align = left ? '<' : zero ? '=' : '>';
	return true;
}

static bool put_text(struct percent *p, tr_buf *out, tr_value v, struct format_spec *spec, char type)
{
	tr_buf text = {.max = p->ev->memory};
	tr_value escaped;
	bool ok;

	spec->fill = (tr_str){" ", 1};
	spec->align = spec->align == '=' ? '>' : spec->align;
	if (p->markup && type == 's') {
		escaped = ev_escape(p->ev, v);
		ok = tr_is_valid(escaped) && ev_put_str(p->ev, &text, escaped);
		tr_drop(escaped);
	} else {
		ok = type == 's' ? ev_put_str(p->ev, &text, v) : ev_put_repr(p->ev, &text, v);
	}
	tr_str s = text.n > 0 ? tr_buf_str(&text) : (tr_str){"", 0};
	if (spec->precision >= 0)
		s.n = uni_offset(s, (size_t)spec->precision);
	ok = ok && ev_buf_ok(p->ev, &text) && put_padded(p->ev, out, (tr_str){"", 0}, s, spec, '>');
	tr_buf_fini(&text);
	return ok;
}

/* %d and its kin: precision is the least number of digits. */
static bool put_integer(struct percent *p, tr_buf *out, tr_value v, struct format_spec *spec, char type)
{
	tr_buf digits = {.max = p->ev->memory};
	struct format_spec bare = {.fill = {" ", 1}, .precision = -1, .type = type == 'd' ? '\0' : type};
	char prefix[4];
	size_t np = 0;
	int64_t i;

	if (tr_is(v, TR_FLOAT) && type == 'd') {
		if (!isfinite(v.as.d) || fabs(v.as.d) >= 9.2e18) {
			ev_fail(p->ev, TR_ERANGE, "the number is an integer beyond 64 bits");
			return false;
		}
		i = (int64_t)v.as.d;
	} else if (is_integral(v)) {
		i = int_of(v);
	} else {
		if (is_undefined(v))
			ev_undefined_fail(p->ev, v);
		else
			ev_fail(p->ev, TR_ETYPE, "%%%c needs a number, not '%s'", type, ev_type_name(v));
		return false;
	}
	if (i < 0 || spec->sign != '\0')
		prefix[np++] = i < 0 ? '-' : spec->sign;
	if (spec->alternate && type != 'd') {
		prefix[np++] = '0';
		prefix[np++] = type;
	}
	tr_buf all = {.max = p->ev->memory};
	bool ok = i != INT64_MIN && put_int_spec(p->ev, &digits, i < 0 ? -i : i, &bare);
	if (i == INT64_MIN) {
		tr_buf_puts(&digits, "9223372036854775808");
		ok = true;
	}
	for (int64_t n = (int64_t)digits.n; n < spec->precision && all.err == TR_OK; n++)
		tr_buf_putc(&all, '0');
	tr_buf_put(&all, digits.p, digits.n);
	ok = ok && ev_buf_ok(p->ev, &digits) && ev_buf_ok(p->ev, &all) &&
	     put_padded(p->ev, out, (tr_str){prefix, np}, tr_buf_str(&all), spec, '>');
	tr_buf_fini(&digits);
	tr_buf_fini(&all);
	return ok;
}

static bool put_character(struct percent *p, tr_buf *out, tr_value v, struct format_spec *spec)
{
	char text[4];
	tr_str s = tr_as_str(v);

	if (is_integral(v) && int_of(v) >= 0 && int_of(v) <= 0x10ffff && (int_of(v) < 0xd800 || int_of(v) >= 0xe000))
		s = (tr_str){text, uni_encode((uint32_t)int_of(v), text)};
	else if (!is_text(v) || uni_count(s) != 1) {
		ev_fail(p->ev, TR_ETYPE, "%%c needs a character");
		return false;
	}
	spec->fill = (tr_str){" ", 1};
	spec->align = spec->align == '=' ? '>' : spec->align;
	return put_padded(p->ev, out, (tr_str){"", 0}, s, spec, '>');
}

static bool put_real(struct percent *p, tr_buf *out, tr_value v, struct format_spec *spec, char type)
{
	if (!is_number(v)) {
		if (is_undefined(v))
			ev_undefined_fail(p->ev, v);
		else
			ev_fail(p->ev, TR_ETYPE, "%%%c needs a number, not '%s'", type, ev_type_name(v));
		return false;
	}
	spec->type = type;
	if (spec->precision < 0)
		spec->precision = 6;
	return put_float_spec(p->ev, out, float_of(v), spec);
}

/* The character may take several bytes. */
static bool unsupported(struct percent *p, size_t at)
{
	unsigned n = utf8_next(p->text.p + at, p->text.n - at, NULL);

	ev_fail(p->ev, TR_EINVAL, "unsupported format character '%.*s'", (int)n, p->text.p + at);
	return false;
}

static bool put_one(struct percent *p, tr_buf *out)
{
	struct format_spec spec;
	tr_value v = tr_absent();
	char type;

	if (p->at < p->text.n && p->text.p[p->at] == '(' && !key_value(p, &v))
		return false;
	if (!flags_and_sizes(p, &spec))
		return false;
	if (p->at >= p->text.n)
		return bad(p, "incomplete format");
	type = p->text.p[p->at++];
	if (type == '%') {
		tr_buf_putc(out, '%');
		return true;
	}
	if (!tr_is_valid(v))
		v = next_value(p);
	v = ev_resolve(p->ev, v);
	if (!tr_is_valid(v))
		return false;
	switch (type) {
	case 's':
	case 'r':
	case 'a':
		return put_text(p, out, v, &spec, type);
	case 'd':
	case 'i':
	case 'u':
		return put_integer(p, out, v, &spec, 'd');
	case 'x':
	case 'X':
	case 'o':
		return put_integer(p, out, v, &spec, type);
	case 'c':
		return put_character(p, out, v, &spec);
	case 'e':
	case 'E':
	case 'f':
	case 'F':
	case 'g':
	case 'G':
		return put_real(p, out, v, &spec, type);
	default:
		return unsupported(p, p->at - 1);
	}
}

tr_value format_percent(struct eval *ev, tr_value text, tr_value values)
{
	struct percent p = {
	    .ev = ev, .text = tr_as_str(text), .values = ev_resolve(ev, values), .markup = is_markup(text)};
	tr_buf out = {.max = ev->memory};
	bool ok = tr_is_valid(p.values);

	while (ok && p.at < p.text.n) {
		const char *sign = memchr(p.text.p + p.at, '%', p.text.n - p.at);
		size_t plain = sign != NULL ? (size_t)(sign - p.text.p) : p.text.n;
		tr_buf_put(&out, p.text.p + p.at, plain - p.at);
		p.at = plain + 1;
		if (sign != NULL)
			ok = put_one(&p, &out);
	}
	/* Values left over are an error, but for what has items of its own and may be there for some of them. */
	bool items = tr_is(p.values, TR_MAP) || is_list(p.values) || is_undefined(p.values) ||
		     tr_is(p.values, TR_BINARY) || tr_is(p.values, TR_OBJECT);
	bool rest = is_tuple(p.values) ? p.next < tr_array_len(p.values) : p.next == 0 && !items;
	if (ok && rest) {
		ev_fail(ev, TR_ETYPE, "not all values were used by the format");
		ok = false;
	}
	if (!ok) {
		tr_buf_fini(&out);
		return tr_invalid(ev->error->err);
	}
	tr_value v = ev_take_text(ev, &out);
	return p.markup ? py_markup(v) : v;
}
