/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON to values: RFC 8259 to the letter, without recursion; the builder keeps the open containers and the limits. The
 * text is known to be UTF-8 before it is looked at here.
 */
#include <string.h>

#include "runtime/value/box.h"
#include "runtime/value/builder.h"
#include "runtime/value/number.h"
#include "runtime/value/position.h"
#include "runtime/value/utf8.h"

#define ROOM_MIN 4
#define ROOM_MAX 64

struct json_reader {
	struct builder builder;
	const char *p;   /* what comes next */
	const char *end; /* behind the text */
	tr_buf plain;    /* a string without its escapes */
	size_t rooms[2]; /* how many were in the last array and the last map: the next one is often like it */
	/* What was refused; the builder may have a reason of its own. */
	tr_err err;
	const char *message;
	const char *at;
};

static bool refuse(struct json_reader *r, const char *at, tr_err err, const char *message)
{
	r->err = err;
	r->at = at;
	r->message = message;
	return false;
}

static bool syntax(struct json_reader *r, const char *message)
{
	return refuse(r, r->p, TR_ESYNTAX, r->p == r->end ? "the text ends too early" : message);
}

/* What the builder has refused began here. */
static bool kept(struct json_reader *r, const char *from, bool ok)
{
	return ok || refuse(r, from, r->builder.err, NULL);
}

static void skip_space(struct json_reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
		r->p++;
}

/* ---- strings ---- */

/* Behind the last byte from here on that stands for itself. */
static const char *plain_end(const char *p, const char *end)
{
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	return p;
}

/* The code unit of the four digits at p, -1 when they are none. */
static int32_t hex_unit(const char *p, const char *end)
{
	int32_t unit = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;
		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* r->p is behind the u of \u; the escape began two bytes before. */
static bool unicode_escape(struct json_reader *r)
{
	const char *from = r->p - 2;
	int32_t unit = hex_unit(r->p, r->end);

	if (unit < 0)
		return refuse(r, from, TR_ESYNTAX, "\\u needs four hexadecimal digits");
	r->p += 4;
	if (unit >= 0xD800 && unit <= 0xDFFF) {
		bool pair = unit < 0xDC00 && r->end - r->p >= 6 && r->p[0] == '\\' && r->p[1] == 'u';
		int32_t low = pair ? hex_unit(r->p + 2, r->end) : -1;
		if (low < 0xDC00 || low > 0xDFFF)
			return refuse(r, from, TR_EENCODING, "half a surrogate pair");
		unit = 0x10000 + (unit - 0xD800) * 0x400 + (low - 0xDC00);
		r->p += 6;
	}
	utf8_put(&r->plain, (uint32_t)unit);
	return true;
}

static bool escape(struct json_reader *r)
{
	static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";

	r->p++;
	if (r->p == r->end)
		return syntax(r, NULL);
	char c = *r->p++;
	if (c == 'u')
		return unicode_escape(r);
	const char *found = c != '\0' ? strchr(names, c) : NULL;
	if (found == NULL)
		return refuse(r, r->p - 2, TR_ESYNTAX, "a backslash that begins no escape of JSON");
	tr_buf_putc(&r->plain, meant[found - names]);
	return true;
}

/* The string at r->p, whose quote it is; *text is of use until the next one. */
static bool read_string(struct json_reader *r, tr_str *text)
{
	const char *from = ++r->p;

	r->p = plain_end(r->p, r->end);
	if (r->p < r->end && *r->p == '"') {
		*text = (tr_str){from, (size_t)(r->p++ - from)};
		return true;
	}
	tr_buf_clear(&r->plain);
	for (;;) {
		tr_buf_put(&r->plain, from, (size_t)(r->p - from));
		if (r->p == r->end)
			return syntax(r, NULL);
		if (*r->p == '"')
			break;
		if (*r->p != '\\')
			return syntax(r, "a control character in a string: write it as an escape");
		if (!escape(r))
			return false;
		from = r->p;
		r->p = plain_end(r->p, r->end);
	}
	r->p++;
	*text = tr_buf_str(&r->plain);
	return r->plain.err == TR_OK || refuse(r, from, r->plain.err, NULL);
}

/* It is UTF-8 already. */
static tr_value string_value(tr_str text)
{
	tr_value v = text_new(TR_STRING, text.n);

	if (tr_is_valid(v) && text.n > 0)
		memcpy(box_text(v)->data, text.p, text.n);
	return v;
}

/* ---- numbers ---- */

static bool digits(struct json_reader *r)
{
	const char *from = r->p;

	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	return r->p > from || syntax(r, "a number with a digit missing here");
}

/* Behind the number; *whole: it is an integer. */
static bool scan_number(struct json_reader *r, bool *whole)
{
	*whole = true;
	if (*r->p == '-')
		r->p++;
	if (r->p < r->end && *r->p == '0')
		r->p++;
	else if (!digits(r))
		return false;
	if (r->p < r->end && *r->p == '.') {
		r->p++;
		*whole = false;
		if (!digits(r))
			return false;
	}
	if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
		r->p++;
		*whole = false;
		if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
			r->p++;
		return digits(r);
	}
	return true;
}

static bool read_number(struct json_reader *r)
{
	const char *from = r->p;
	bool whole;
	int64_t i;
	double d;

	if (!scan_number(r, &whole))
		return false;
	tr_str text = {from, (size_t)(r->p - from)};
	if (whole) {
		if (integer_read(text, &i) != TR_OK)
			return refuse(
			    r, from, TR_ERANGE,
			    "an integer beyond 64 bits: write it as a string, or with a fraction or exponent");
		return kept(r, from, builder_put(&r->builder, tr_int(i)));
	}
	if (!number_read(text, &d))
		return refuse(r, from, TR_ENOMEM, NULL);
	if (d > 1.7976931348623157e308 || d < -1.7976931348623157e308)
		return refuse(r, from, TR_ERANGE, "a number too large for a double");
	return kept(r, from, builder_put(&r->builder, tr_float(d)));
}

/* ---- the document ---- */

static bool word(struct json_reader *r, const char *name, size_t n, tr_value v)
{
	if ((size_t)(r->end - r->p) < n || memcmp(r->p, name, n) != 0)
		return syntax(r, "no value of JSON");
	const char *from = r->p;
	r->p += n;
	return kept(r, from, builder_put(&r->builder, v));
}

/* A value that contains no others. */
static bool read_scalar(struct json_reader *r)
{
	const char *from = r->p;
	tr_str text;

	switch (*r->p) {
	case '"':
		return read_string(r, &text) && kept(r, from, builder_put(&r->builder, string_value(text)));
	case 't':
		return word(r, "true", 4, tr_bool(true));
	case 'f':
		return word(r, "false", 5, tr_bool(false));
	case 'n':
		return word(r, "null", 4, tr_nil());
	default:
		if (*r->p == '-' || (*r->p >= '0' && *r->p <= '9'))
			return read_number(r);
		return syntax(r, "no value of JSON");
	}
}

/* A key and its colon. */
static bool read_key(struct json_reader *r)
{
	const char *from = r->p;
	tr_str text;

	if (r->p == r->end || *r->p != '"')
		return syntax(r, "a key is expected here: a string in double quotes");
	if (!read_string(r, &text) || !kept(r, from, builder_key(&r->builder, text.p, text.n)))
		return false;
	skip_space(r);
	if (r->p == r->end || *r->p != ':')
		return syntax(r, "a colon is expected behind a key");
	r->p++;
	skip_space(r);
	return true;
}

static bool in_map(const struct json_reader *r)
{
	return tr_is(r->builder.frames[r->builder.n - 1].container, TR_MAP);
}

/* Open the container at r->p; *more: something is in it, and r->p is at its first value. */
static bool open_container(struct json_reader *r, bool *more)
{
	bool map = *r->p == '{';

	size_t room = r->rooms[map] < ROOM_MIN ? ROOM_MIN : r->rooms[map] > ROOM_MAX ? ROOM_MAX : r->rooms[map];

	if (!kept(r, r->p, builder_open(&r->builder, map ? TR_MAP : TR_ARRAY, room, 0)))
		return false;
	r->p++;
	skip_space(r);
	*more = r->p == r->end || *r->p != (map ? '}' : ']');
	return !*more || !map || read_key(r);
}

/* Behind a value, or an opening bracket with nothing in it: close what ends here. *more: r->p is at the next value. */
static bool go_on(struct json_reader *r, bool *more)
{
	while (r->builder.n > 0) {
		bool map = in_map(r);
		skip_space(r);
		if (r->p < r->end && *r->p == ',') {
			r->p++;
			skip_space(r);
			*more = true;
			return !map || read_key(r);
		}
		if (r->p == r->end || *r->p != (map ? '}' : ']'))
			return syntax(r, map ? "a comma or } is expected here" : "a comma or ] is expected here");
		tr_value ends = r->builder.frames[r->builder.n - 1].container;
		r->rooms[map] = map ? tr_map_len(ends) : tr_array_len(ends);
		if (!kept(r, r->p, builder_close(&r->builder)))
			return false;
		r->p++;
	}
	*more = false;
	return true;
}

static bool read_document(struct json_reader *r)
{
	bool more = true;

	skip_space(r);
	while (more) {
		if (r->p == r->end)
			return syntax(r, NULL);
		if (*r->p == '{' || *r->p == '[') {
			if (!open_container(r, &more))
				return false;
			if (more)
				continue;
		} else if (!read_scalar(r)) {
			return false;
		}
		if (!go_on(r, &more))
			return false;
	}
	skip_space(r);
	return r->p == r->end || syntax(r, "something follows behind the value");
}

tr_value tr_json_read(tr_str text, const tr_decode_limits *limits, tr_decode_error *error)
{
	struct json_reader *r;
	size_t at;

	if (text.n > decode_max_bytes(limits))
		return decode_failed(error, TR_ELIMIT, text, 0, true, "the text is larger than the limit");
	if (!tr_utf8_valid(text, &at))
		return decode_failed(error, TR_EENCODING, text, at, true, NULL);
	/* On the heap: actors have little stack. */
	if ((r = tr_alloc(sizeof(*r))) == NULL)
		return decode_failed(error, TR_ENOMEM, text, 0, true, NULL);
	builder_init(&r->builder, limits);
	r->p = text.n > 0 ? text.p : "";
	r->end = r->p + text.n;
	const char *start = r->p;
	tr_value v = tr_absent();
	if (read_document(r)) {
		v = r->builder.result;
		r->builder.result = tr_absent();
	} else {
		v = decode_failed(error, r->err, text, (size_t)(r->at - start), true, r->message);
	}
	tr_drop(r->builder.result);
	builder_fini(&r->builder);
	tr_buf_fini(&r->plain);
	tr_free(r);
	return v;
}
