/* SPDX-License-Identifier: Apache-2.0 */
/* Writing and reading of tagged JSON. Values without anything special take the plain way, which is the common and fast
 * one. */
#include "plugins/actions/python/codec.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>

#define TAG       "$troupe"
#define MAX_DEPTH 400

/* ---- writing
 * -------------------------------------------------------------------------------------------------------------- */

static bool text_keys(tr_value map)
{
	const tr_entry *e = tr_map_entries(map);

	for (size_t i = 0; i < tr_map_len(map); i++)
		if (!tr_is(e[i].key, TR_STRING) || tr_str_is(tr_as_str(e[i].key), TAG))
			return false;
	return true;
}

static bool is_plain(tr_value v, int depth)
{
	if (depth > MAX_DEPTH)
		return false;
	switch (tr_type_of(v)) {
	case TR_NIL:
	case TR_BOOL:
	case TR_INT:
	case TR_STRING:
		return true;
	case TR_FLOAT:
		return isfinite(v.as.d);
	case TR_ARRAY:
		for (size_t i = 0; i < tr_array_len(v); i++)
			if (!is_plain(tr_array_at(v, i), depth + 1))
				return false;
		return true;
	case TR_MAP: {
		const tr_entry *e = tr_map_entries(v);
		if (!text_keys(v))
			return false;
		for (size_t i = 0; i < tr_map_len(v); i++)
			if (!is_plain(e[i].value, depth + 1))
				return false;
		return true;
	}
	default:
		return false;
	}
}

static tr_err write_tagged(tr_buf *out, tr_value v, int depth);

static tr_err write_array(tr_buf *out, tr_value v, int depth)
{
	tr_buf_putc(out, '[');
	for (size_t i = 0; i < tr_array_len(v); i++) {
		if (i > 0)
			tr_buf_putc(out, ',');
		tr_err err = write_tagged(out, tr_array_at(v, i), depth);
		if (err != TR_OK)
			return err;
	}
	tr_buf_putc(out, ']');
	return TR_OK;
}

static tr_err write_map(tr_buf *out, tr_value v, int depth)
{
	const tr_entry *e = tr_map_entries(v);
	bool plain = text_keys(v);
	tr_err err = TR_OK;

	tr_buf_puts(out, plain ? "{" : "{\"" TAG "\":[\"map\",[");
	for (size_t i = 0; err == TR_OK && i < tr_map_len(v); i++) {
		if (i > 0)
			tr_buf_putc(out, ',');
		if (!plain)
			tr_buf_putc(out, '[');
		err = write_tagged(out, e[i].key, depth);
		tr_buf_putc(out, plain ? ':' : ',');
		if (err == TR_OK)
			err = write_tagged(out, e[i].value, depth);
		if (!plain)
			tr_buf_putc(out, ']');
	}
	tr_buf_puts(out, plain ? "}" : "]]}");
	return err;
}

/* Atoms, pids and refs become text. */
static tr_err write_shown(tr_buf *out, tr_value v)
{
	tr_buf shown = {0};

	tr_show(&shown, v, 300);
	tr_value text = tr_string_buf(&shown);
	tr_err err = tr_is_valid(text) ? tr_json_write(out, text, TR_JSON_COMPACT) : tr_value_err(text);
	tr_drop(text);
	return err;
}

static tr_err write_tagged(tr_buf *out, tr_value v, int depth)
{
	if (depth > MAX_DEPTH)
		return TR_EDEPTH;
	switch (tr_type_of(v)) {
	case TR_FLOAT:
		if (isfinite(v.as.d))
			break;
		tr_buf_putf(out, "{\"" TAG "\":[\"float\",\"%s\"]}",
			    isnan(v.as.d) ? "nan"
			    : v.as.d > 0  ? "inf"
					  : "-inf");
		return out->err;
	case TR_BINARY:
		tr_buf_puts(out, "{\"" TAG "\":[\"bytes\",\"");
		tr_base64_write(out, tr_as_str(v));
		tr_buf_puts(out, "\"]}");
		return out->err;
	case TR_ARRAY:
		return write_array(out, v, depth + 1);
	case TR_MAP:
		return write_map(out, v, depth + 1);
	case TR_PID:
	case TR_REF:
	case TR_OBJECT:
		return write_shown(out, v);
	default:
		break;
	}
	return tr_json_write(out, v, TR_JSON_COMPACT);
}

tr_err python_write(tr_buf *out, tr_value v)
{
	bool plain = is_plain(v, 0);

	tr_buf_putc(out, plain ? 'p' : 't');
	tr_err err = plain ? tr_json_write(out, v, TR_JSON_COMPACT) : write_tagged(out, v, 0);
	return err != TR_OK ? err : out->err;
}

/* ---- reading
 * --------------------------------------------------------------------------------------------------------------- */

static tr_value untag(tr_value v, int depth);

static tr_value read_bytes(tr_value text)
{
	tr_buf bytes = {0};
	tr_err err = tr_base64_read(&bytes, tr_as_str(text));
	tr_value v = err == TR_OK ? tr_binary(bytes.p == NULL ? "" : bytes.p, bytes.n) : tr_invalid(err);

	tr_buf_fini(&bytes);
	return v;
}

static tr_value read_pairs(tr_value pairs, int depth)
{
	tr_value map = tr_map_with(tr_array_len(pairs));

	for (size_t i = 0; i < tr_array_len(pairs); i++) {
		tr_value pair = tr_array_at(pairs, i);
		if (tr_array_len(pair) != 2) {
			tr_drop(map);
			return tr_invalid(TR_ECORRUPT);
		}
		map = tr_map_put(map, untag(tr_array_at(pair, 0), depth), untag(tr_array_at(pair, 1), depth));
	}
	return map;
}

static tr_value read_tag(tr_value tag, int depth)
{
	tr_str kind = tr_as_str(tr_array_at(tag, 0));
	tr_value content = tr_array_at(tag, 1);

	if (tr_str_is(kind, "bytes"))
		return read_bytes(content);
	if (tr_str_is(kind, "map"))
		return read_pairs(content, depth);
	if (tr_str_is(kind, "float"))
		return tr_float(tr_str_is(tr_as_str(content), "inf")    ? (double)INFINITY
				: tr_str_is(tr_as_str(content), "-inf") ? -(double)INFINITY
									: (double)NAN);
	return tr_invalid(TR_ECORRUPT);
}

static tr_value untag_map(tr_value v, int depth)
{
	const tr_entry *e = tr_map_entries(v);

	if (tr_map_len(v) == 1 && tr_str_is(tr_as_str(e[0].key), TAG))
		return read_tag(e[0].value, depth);
	tr_value out = tr_map_with(tr_map_len(v));
	for (size_t i = 0; i < tr_map_len(v); i++)
		out = tr_map_put(out, tr_keep(e[i].key), untag(e[i].value, depth));
	return out;
}

static tr_value untag(tr_value v, int depth)
{
	if (depth > MAX_DEPTH)
		return tr_invalid(TR_EDEPTH);
	if (tr_is(v, TR_MAP))
		return untag_map(v, depth + 1);
	if (!tr_is(v, TR_ARRAY))
		return tr_keep(v);
	tr_value out = tr_array_with(tr_array_len(v));
	for (size_t i = 0; i < tr_array_len(v); i++)
		out = tr_array_push(out, untag(tr_array_at(v, i), depth + 1));
	return out;
}

tr_value python_read(tr_str frame, char *why, size_t why_size)
{
	tr_decode_limits limits = {.max_depth = 1000, .max_bytes = frame.n + 1};
	tr_decode_error error = {0};

	if (frame.n == 0 || memchr("ptPT", frame.p[0], 4) == NULL) {
		snprintf(why, why_size, "it has no known form");
		return tr_invalid(TR_ECORRUPT);
	}
	tr_value v = tr_json_read((tr_str){frame.p + 1, frame.n - 1}, &limits, &error);
	if (!tr_is_valid(v)) {
		snprintf(why, why_size, "at byte %zu: %s", error.offset, error.message);
		return v;
	}
	if (frame.p[0] == 'p' || frame.p[0] == 'P')
		return v;
	tr_value out = untag(v, 0);
	tr_drop(v);
	if (!tr_is_valid(out))
		snprintf(why, why_size, "%s", tr_err_text(tr_value_err(out)));
	return out;
}
