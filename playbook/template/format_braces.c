/* SPDX-License-Identifier: Apache-2.0 */
/* '{} {name.attr[0]!r:>10}'.format(…). */
#include <string.h>

#include "playbook/template/format.h"
#include "playbook/template/unicode.h"

struct braces {
	struct eval *ev;
	const struct args *args;
	int64_t next; /* number of the next {} */
	bool automatic, numbered;
	bool markup; /* the template is Markup: values are escaped */
};

static bool all_digits(tr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0 && s.n < 10;
}

static int64_t to_number(tr_str s)
{
	int64_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n = n * 10 + (s.p[i] - '0');
	return n;
}

/* The argument that a field begins with; borrowed. */
static tr_value argument(struct braces *b, tr_str name)
{
	int64_t at = -1;

	if (name.n == 0) {
		b->automatic = true;
		at = b->next++;
	} else if (all_digits(name)) {
		b->numbered = true;
		at = to_number(name);
	}
	if (b->automatic && b->numbered)
		return ev_fail(b->ev, TR_EINVAL, "fields are either all numbered or none is");
	if (at >= 0) {
		if ((size_t)at < b->args->npos)
			return b->args->pos[at];
		return ev_fail(b->ev, TR_ERANGE, "there is no argument %lld for the format", (long long)at);
	}
	for (size_t i = 0; i < b->args->nkw; i++)
		if (tr_str_eq(tr_as_str(b->args->kwnames[i]), name))
			return b->args->kwvals[i];
	return ev_fail(b->ev, TR_ENOENT, "there is no argument '%.*s' for the format", TR_STR(name));
}

static size_t until(tr_str s, size_t at, const char *stops)
{
	while (at < s.n && strchr(stops, s.p[at]) == NULL)
		at++;
	return at;
}

/* name.attr[item]…; fresh */
static tr_value field_value(struct braces *b, tr_str field)
{
	size_t at = until(field, 0, ".[");
	tr_value v = argument(b, (tr_str){field.p, at});

	v = tr_keep(v);
	while (tr_is_valid(v) && at < field.n) {
		bool item = field.p[at] == '[';
		size_t start = at + 1, end = until(field, start, item ? "]" : ".[");
		tr_str key = {field.p + start, end - start};
		if (key.n == 0 || (item && end == field.n)) {
			tr_drop(v);
			return ev_fail(b->ev, TR_EINVAL, "empty attribute in the format");
		}
		tr_value k = item && all_digits(key) ? tr_int(to_number(key)) : ev_text(b->ev, key);
		tr_value got = tr_is_valid(k) && item ? ev_item(b->ev, v, k)
			       : tr_is_valid(k)       ? ev_attr(b->ev, v, k)
						      : k;
		tr_drop(k);
		tr_drop(v);
		v = got;
		if (is_undefined(v))
			return ev_undefined_fail(b->ev, v);
		at = end + item;
	}
	return v;
}

static bool put_field(struct braces *b, tr_buf *out, tr_str field, int depth);

/* Fields inside a specification are filled in first. */
static bool nested_spec(struct braces *b, tr_buf *out, tr_str spec, int depth)
{
	for (size_t i = 0; i < spec.n; i++) {
		if (spec.p[i] != '{') {
			tr_buf_putc(out, spec.p[i]);
			continue;
		}
		size_t end = until(spec, i, "}");
		if (end == spec.n || depth > 0) {
			ev_fail(b->ev, TR_EINVAL, "a field in a format specification is not closed or nested too deep");
			return false;
		}
		if (!put_field(b, out, (tr_str){spec.p + i + 1, end - i - 1}, depth + 1))
			return false;
		i = end;
	}
	return true;
}

static bool put_converted(struct braces *b, tr_buf *out, tr_value v, char conversion, tr_str spec)
{
	struct eval *ev = b->ev;
	tr_buf text = {.max = ev->memory};

	if (conversion == '\0' && b->markup) {
		tr_value safe = ev_escape(ev, v);
		bool ok = tr_is_valid(safe) && format_value(ev, out, safe, spec);
		tr_drop(safe);
		return ok;
	}
	if (conversion == '\0')
		return format_value(ev, out, v, spec);
	bool ok = conversion == 's' ? ev_put_str(ev, &text, v) : ev_put_repr(ev, &text, v);
	tr_value s = ok ? ev_take_text(ev, &text) : tr_invalid(TR_ETYPE);
	if (!ok)
		tr_buf_fini(&text);
	ok = tr_is_valid(s) && format_value(ev, out, s, spec);
	tr_drop(s);
	return ok;
}

static bool put_field(struct braces *b, tr_buf *out, tr_str field, int depth)
{
	size_t colon = 0, name;
	tr_buf spec = {.max = b->ev->memory};
	char conversion = '\0';

	/* Brackets may hold colons. */
	for (bool inside = false; colon < field.n && (inside || (field.p[colon] != ':' && field.p[colon] != '!'));
	     colon++)
		inside = field.p[colon] == '[' || (inside && field.p[colon] != ']');
	name = colon;
	if (colon < field.n && field.p[colon] == '!') {
		conversion = colon + 1 < field.n ? field.p[colon + 1] : '\0';
		colon += 2;
		if ((conversion != 'r' && conversion != 's' && conversion != 'a') ||
		    (colon < field.n && field.p[colon] != ':')) {
			ev_fail(b->ev, TR_EINVAL, "expected !r, !s or !a in the format");
			return false;
		}
	}
	tr_value v = field_value(b, (tr_str){field.p, name});
	bool ok = tr_is_valid(v);
	if (ok && colon < field.n)
		ok = nested_spec(b, &spec, (tr_str){field.p + colon + 1, field.n - colon - 1}, depth);
	ok = ok && ev_buf_ok(b->ev, &spec) &&
	     put_converted(b, out, v, conversion, spec.n > 0 ? tr_buf_str(&spec) : (tr_str){"", 0});
	tr_drop(v);
	tr_buf_fini(&spec);
	return ok;
}

/* The end of the field that begins behind the brace at `at`: where its own closing brace is. */
static size_t field_end(tr_str s, size_t at)
{
	int depth = 1;

	for (; at < s.n; at++) {
		if (s.p[at] == '{')
			depth++;
		else if (s.p[at] == '}' && --depth == 0)
			return at;
	}
	return at;
}

static bool put_all(struct braces *b, tr_buf *out, tr_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c != '{' && c != '}') {
			tr_buf_putc(out, c);
			continue;
		}
		if (i + 1 < s.n && s.p[i + 1] == c) {
			tr_buf_putc(out, c);
			i++;
			continue;
		}
		size_t end = c == '{' ? field_end(s, i + 1) : s.n;
		if (end == s.n) {
			ev_fail(b->ev, TR_EINVAL, "single '%c' in the format", c);
			return false;
		}
		if (!put_field(b, out, (tr_str){s.p + i + 1, end - i - 1}, 0))
			return false;
		i = end;
	}
	return true;
}

tr_value format_braces(struct eval *ev, tr_value text, const struct args *args)
{
	struct braces b = {.ev = ev, .args = args, .markup = is_markup(text)};
	tr_buf out = {.max = ev->memory};

	if (!put_all(&b, &out, tr_as_str(text))) {
		tr_buf_fini(&out);
		return tr_invalid(ev->error->err);
	}
	tr_value v = ev_take_text(ev, &out);
	return b.markup ? py_markup(v) : v;
}
