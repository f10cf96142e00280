/* SPDX-License-Identifier: Apache-2.0 */
/* str() and repr() of values. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "playbook/template/eval.h"
#include "playbook/template/objects.h"
#include "playbook/template/unicode.h"

const char *ev_type_name(tr_value v)
{
	static const char *const sequences[] = {"list", "tuple", "dict_keys", "dict_values", "dict_items", "tuple"};

	switch (tr_type_of(v)) {
	case TR_NIL:
		return is_undefined(v) ? "Undefined" : is_builtin(v) ? "builtin_function_or_method" : "NoneType";
	case TR_BOOL:
		return "bool";
	case TR_INT:
		return "int";
	case TR_FLOAT:
		return "float";
	case TR_STRING:
		return is_markup(v) ? "Markup" : "str";
	case TR_BINARY:
		return "bytes";
	case TR_ARRAY:
		return sequences[v.aux];
	case TR_MAP:
		return "dict";
	case TR_OBJECT: {
		const tr_class *cls = tr_object_class(v);
		return cls == &bound_class ? "builtin_function_or_method" : cls != NULL ? cls->name : "object";
	}
	case TR_ATOM:
		return "str";
	default:
		return tr_type_name(tr_type_of(v));
	}
}

/* The digits of d with the fewest of them that still read back as d; *exponent is that of the first digit. */
static size_t shortest(double d, char digits[24], int *exponent)
{
	char text[40];
	size_t n = 0;
	int precision;

	for (precision = 15; precision <= 17; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision - 1, d);
		if (precision == 17 || strtod(text, NULL) == d)
			break;
	}
	const char *p = text;
	for (; *p != 'e'; p++)
		if (*p >= '0' && *p <= '9')
			digits[n++] = *p;
	*exponent = (int)strtol(p + 1, NULL, 10);
	while (n > 1 && digits[n - 1] == '0')
		n--;
	return n;
}

void put_float(tr_buf *out, double d)
{
	char digits[24];
	int exponent;

	if (isnan(d)) {
		tr_buf_puts(out, "nan");
		return;
	}
	if (signbit(d))
		tr_buf_putc(out, '-');
	if (isinf(d)) {
		tr_buf_puts(out, "inf");
		return;
	}
	d = fabs(d);
	if (d < 1e15 && d == floor(d)) {
		tr_buf_putf(out, "%lld.0", (long long)d);
		return;
	}
	size_t n = shortest(d, digits, &exponent);
	if (exponent < -4 || exponent >= 16) {
		tr_buf_putc(out, digits[0]);
		if (n > 1) {
			tr_buf_putc(out, '.');
			tr_buf_put(out, digits + 1, n - 1);
		}
		tr_buf_putf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
		return;
	}
	if (exponent < 0) {
		tr_buf_puts(out, "0.");
		for (int i = -1; i > exponent; i--)
			tr_buf_putc(out, '0');
		tr_buf_put(out, digits, n);
		return;
	}
	for (size_t i = 0; i < n || i <= (size_t)exponent; i++) {
		tr_buf_putc(out, i < n ? digits[i] : '0');
		if (i == (size_t)exponent && i + 1 < n)
			tr_buf_putc(out, '.');
		else if (i == (size_t)exponent)
			tr_buf_puts(out, ".0");
	}
}

static void put_int(tr_buf *out, int64_t i)
{
	char text[24];
	size_t at = sizeof(text);
	uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;

	do {
		text[--at] = (char)('0' + u % 10);
		u /= 10;
	} while (u != 0);
	if (i < 0)
		text[--at] = '-';
	buf_put(out, text + at, sizeof(text) - at);
}

static void put_escaped(tr_buf *out, uint32_t c, char quote)
{
	switch (c) {
	case '\n':
		tr_buf_puts(out, "\\n");
		break;
	case '\r':
		tr_buf_puts(out, "\\r");
		break;
	case '\t':
		tr_buf_puts(out, "\\t");
		break;
	case '\\':
		tr_buf_puts(out, "\\\\");
		break;
	default:
		if (c == (uint32_t)quote)
			tr_buf_putf(out, "\\%c", quote);
		else if (uni_is_printable(c))
			uni_put(out, c);
		else
			tr_buf_putf(out, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
		break;
	}
}

static void put_quoted(tr_buf *out, tr_str s)
{
	bool single = s.n > 0 && memchr(s.p, '\'', s.n) != NULL, twice = s.n > 0 && memchr(s.p, '"', s.n) != NULL;
	char quote = single && !twice ? '"' : '\'';
	size_t n;

	tr_buf_putc(out, quote);
	for (size_t i = 0; i < s.n; i += n)
		put_escaped(out, uni_next(s.p + i, &n), quote);
	tr_buf_putc(out, quote);
}

static void put_bytes(tr_buf *out, tr_str s)
{
	bool single = s.n > 0 && memchr(s.p, '\'', s.n) != NULL, twice = s.n > 0 && memchr(s.p, '"', s.n) != NULL;
	char quote = single && !twice ? '"' : '\'';

	tr_buf_putf(out, "b%c", quote);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c >= 127)
			tr_buf_putf(out, "\\x%02x", c);
		else
			put_escaped(out, c, quote);
	}
	tr_buf_putc(out, quote);
}

static bool put_array(struct eval *ev, tr_buf *out, tr_value v)
{
	static const char *const open[] = {"[", "(", "dict_keys([", "dict_values([", "dict_items([", "("};
	static const char *const close[] = {"]", ")", "])", "])", "])", ")"};
	const tr_value *items = tr_array_items(v);
	size_t n = tr_array_len(v);

	if (!ev_spend(ev, n) || !ev_enter(ev))
		return false;
	tr_buf_puts(out, open[v.aux]);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			tr_buf_puts(out, ", ");
		if (!ev_put_repr(ev, out, items[i]))
			return false;
	}
	if (is_tuple(v) && n == 1)
		tr_buf_putc(out, ',');
	tr_buf_puts(out, close[v.aux]);
	ev_leave(ev);
	return true;
}

static bool put_map(struct eval *ev, tr_buf *out, tr_value v)
{
	const tr_entry *entries = tr_map_entries(v);
	size_t n = tr_map_len(v);

	if (!ev_spend(ev, n) || !ev_enter(ev))
		return false;
	tr_buf_putc(out, '{');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			tr_buf_puts(out, ", ");
		if (!ev_put_repr(ev, out, entries[i].key))
			return false;
		tr_buf_puts(out, ": ");
		if (!ev_put_repr(ev, out, entries[i].value))
			return false;
	}
	tr_buf_putc(out, '}');
	ev_leave(ev);
	return true;
}

static bool put_container(struct eval *ev, tr_buf *out, tr_value v)
{
	v = ev_resolve(ev, v);
	if (!tr_is_valid(v))
		return false;
	if (tr_is(v, TR_ARRAY))
		return put_array(ev, out, v);
	if (tr_is(v, TR_MAP))
		return put_map(ev, out, v);
	if (!tr_is(v, TR_OBJECT))
		return ev_put_str(ev, out, v);
	if (!ev_enter(ev))
		return false;
	bool ok = object_put(ev, out, v);
	ev_leave(ev);
	return ok;
}

static void put_simple(tr_buf *out, tr_value v)
{
	switch (tr_type_of(v)) {
	case TR_NIL:
		if (is_builtin(v))
			tr_buf_putf(out, "<function %s>", builtin_name(v));
		else
			tr_buf_puts(out, is_undefined(v) ? "Undefined" : "None");
		break;
	case TR_BOOL:
		tr_buf_puts(out, v.as.b ? "True" : "False");
		break;
	case TR_INT:
		put_int(out, v.as.i);
		break;
	case TR_FLOAT:
		put_float(out, v.as.d);
		break;
	case TR_BINARY:
		put_bytes(out, tr_as_str(v));
		break;
	default:
		tr_show(out, v, 200);
		break;
	}
}

bool ev_put_repr(struct eval *ev, tr_buf *out, tr_value v)
{
	if (is_text(v)) {
		if (is_markup(v))
			tr_buf_puts(out, "Markup(");
		put_quoted(out, tr_as_str(v));
		if (is_markup(v))
			tr_buf_putc(out, ')');
	} else if (tr_is(v, TR_ARRAY) || tr_is(v, TR_MAP)) {
		return put_container(ev, out, v);
	} else if (tr_is(v, TR_OBJECT)) {
		tr_value now = ev_resolve(ev, v);
		if (!tr_is_valid(now))
			return false;
		return tr_is(now, TR_OBJECT) ? put_container(ev, out, now) : ev_put_repr(ev, out, now);
	} else {
		put_simple(out, v);
	}
	return true;
}

bool ev_put_str(struct eval *ev, tr_buf *out, tr_value v)
{
	switch (tr_type_of(v)) {
	case TR_STRING:
	case TR_ATOM: {
		tr_str s = tr_as_str(v);
		buf_put(out, s.p, s.n);
		return true;
	}
	case TR_ARRAY:
	case TR_MAP:
	case TR_OBJECT:
		return put_container(ev, out, v);
	case TR_NIL:
		if (is_undefined(v))
			return ev_undefined_use(ev, v);
		put_simple(out, v);
		return true;
	default:
		put_simple(out, v);
		return true;
	}
}

bool ev_buf_ok(struct eval *ev, const tr_buf *b)
{
	if (b->err == TR_ELIMIT)
		ev_fail(ev, TR_ELIMIT, "the text is larger than the limit");
	else if (b->err != TR_OK)
		ev_fail(ev, b->err, "%s", tr_err_text(b->err));
	return b->err == TR_OK;
}

tr_value ev_take_text(struct eval *ev, tr_buf *b)
{
	size_t n = b->n;

	if (!ev_buf_ok(ev, b) || !ev_charge(ev, n + 40)) {
		tr_buf_fini(b);
		return tr_invalid(ev->error->err);
	}
	tr_value v = tr_string_n(n > 0 ? b->p : "", n);
	tr_buf_fini(b);
	return tr_is_valid(v) ? v : ev_invalid(ev, v);
}

tr_value ev_text(struct eval *ev, tr_str s)
{
	if (!ev_charge(ev, s.n + 40))
		return tr_invalid(TR_ELIMIT);
	tr_value v = tr_string_n(s.n > 0 ? s.p : "", s.n);
	return tr_is_valid(v) ? v : ev_invalid(ev, v);
}

tr_value ev_str(struct eval *ev, tr_value v)
{
	tr_buf out = {.max = ev->memory};

	if (tr_is(v, TR_STRING))
		return tr_keep(v);
	if (!ev_put_str(ev, &out, v)) {
		tr_buf_fini(&out);
		return tr_invalid(ev->error->err);
	}
	return ev_take_text(ev, &out);
}

tr_value ev_escape(struct eval *ev, tr_value v)
{
	tr_buf out = {.max = ev->memory};

	ev->special = true;
	if (is_markup(v))
		return tr_keep(v);
	tr_value text = ev_str(ev, v);
	if (!tr_is_valid(text))
		return text;
	tr_str s = tr_as_str(text);
	for (size_t i = 0; i < s.n; i++) {
		const char *entity = s.p[i] == '&'    ? "&amp;"
				     : s.p[i] == '<'  ? "&lt;"
				     : s.p[i] == '>'  ? "&gt;"
				     : s.p[i] == '"'  ? "&#34;"
				     : s.p[i] == '\'' ? "&#39;"
						      : NULL;
		if (entity != NULL)
			tr_buf_puts(&out, entity);
		else
			tr_buf_putc(&out, s.p[i]);
	}
	tr_drop(text);
	return py_markup(ev_take_text(ev, &out));
}

/* Without an evaluation around it: for tr_python_str. */
tr_value tr_python_str(tr_value v)
{
	tr_template_error error = {0};
	tr_eval_options options = {0};
	struct eval ev = {
	    .error = &error, .options = &options, .fuel = UINT64_MAX, .memory = SIZE_MAX / 2, .max_depth = 200};
	tr_value text = tr_is_valid(v) ? ev_str(&ev, v) : tr_keep(v);

	overlay_fini(&ev.loaded);
	return tr_is(text, TR_STRING) ? py_plain(text) : text;
}
