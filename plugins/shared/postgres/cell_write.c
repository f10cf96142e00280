/* SPDX-License-Identifier: Apache-2.0 */
/* To the server. */
#include "plugins/shared/postgres/cell.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>

#define ARRAY_DEPTH 6

static bool put_float(tr_buf *out, tr_value v)
{
	double d = tr_as_float(v, 0);

	if (isnan(d))
		tr_buf_puts(out, "NaN");
	else if (isinf(d))
		tr_buf_puts(out, d > 0 ? "Infinity" : "-Infinity");
	else
		return tr_json_write(out, v, 0) == TR_OK; /* the shortest digits that mean it */
	return true;
}

static void put_hex(tr_buf *out, tr_str bytes)
{
	static const char digits[] = "0123456789abcdef";

	tr_buf_puts(out, "\\x");
	for (size_t i = 0; i < bytes.n; i++) {
		tr_buf_putc(out, digits[(unsigned char)bytes.p[i] >> 4]);
		tr_buf_putc(out, digits[(unsigned char)bytes.p[i] & 15]);
	}
}

static bool put(tr_buf *out, tr_value v, int depth);

static bool put_item(tr_buf *out, tr_value v, int depth)
{
	tr_buf text = {0};

	if (tr_is_nil(v)) {
		tr_buf_puts(out, "NULL");
		return true;
	}
	if (tr_is(v, TR_ARRAY))
		return put(out, v, depth + 1);
	bool ok = put(&text, v, depth + 1);
	tr_buf_putc(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			tr_buf_putc(out, '\\');
		tr_buf_putc(out, text.p[i]);
	}
	tr_buf_putc(out, '"');
	tr_buf_fini(&text);
	return ok;
}

static bool put_array(tr_buf *out, tr_value v, int depth)
{
	bool ok = depth < ARRAY_DEPTH;

	tr_buf_putc(out, '{');
	for (size_t i = 0; ok && i < tr_array_len(v); i++) {
		if (i > 0)
			tr_buf_putc(out, ',');
		ok = put_item(out, tr_array_at(v, i), depth);
	}
	tr_buf_putc(out, '}');
	return ok;
}

static bool put(tr_buf *out, tr_value v, int depth)
{
	switch (tr_type_of(v)) {
	case TR_BOOL:
		tr_buf_puts(out, tr_as_bool(v, false) ? "t" : "f");
		return true;
	case TR_INT:
		tr_buf_putf(out, "%lld", (long long)tr_as_int(v, 0));
		return true;
	case TR_FLOAT:
		return put_float(out, v);
	case TR_STRING:
	case TR_ATOM:
		tr_buf_put(out, tr_as_str(v).p, tr_as_str(v).n);
		return true;
	case TR_BINARY:
		put_hex(out, tr_as_str(v));
		return true;
	case TR_ARRAY:
		return put_array(out, v, depth);
	case TR_MAP:
		return tr_json_write(out, v, 0) == TR_OK;
	default:
		return false;
	}
}

tr_value pg_cell_write(uint32_t type, tr_value v, tr_value *why)
{
	tr_buf out = {0};
	bool json = (type == PG_OID_JSON || type == PG_OID_JSONB) && !tr_is(v, TR_STRING);

	*why = tr_absent();
	if (tr_is_nil(v) || !tr_is_valid(v))
		return tr_absent();
	bool ok = json ? tr_json_write(&out, v, 0) == TR_OK : put(&out, v, 0);
	if (ok && out.n > 0 && memchr(out.p, '\0', out.n) != NULL) {
		*why = tr_string("a text with a NUL character, which PostgreSQL cannot store");
		ok = false;
	} else if (!ok) {
		*why = tr_stringf("a value of type %s", tr_type_name(tr_type_of(v)));
	}
	if (ok)
		return tr_string_buf(&out);
	tr_buf_fini(&out);
	return tr_invalid(TR_EINVAL);
}
