/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers come as decimal text, dates as days and times as seconds since 1970, binary as hexadecimal digits. */
#include "plugins/shared/snowflake/cell.h"
#include "plugins/shared/sql/number.h"

#include <ctype.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <troupe/codec.h>

#define DAY_S 86400

/* ---- times ---- */

typedef struct moment {
	int64_t s; /* since 1970, rounded down */
	int64_t ns;
	bool ok;
} moment;

/* "-12.5" and the like. */
static moment read_moment(const char *text, const char **end)
{
	bool negative = *text == '-';
	moment m = {.ok = isdigit((unsigned char)text[negative])};
	int64_t scale = 100000000;

	text += negative;
	for (; isdigit((unsigned char)*text) && m.s < INT64_MAX / 20; text++)
		m.s = m.s * 10 + (*text - '0');
	if (*text == '.')
		for (text++; isdigit((unsigned char)*text); text++, scale /= 10)
			m.ns += (*text - '0') * scale;
	if (negative) {
		m.s = m.ns > 0 ? -m.s - 1 : -m.s;
		m.ns = m.ns > 0 ? 1000000000 - m.ns : 0;
	}
	*end = text;
	return m;
}

static void put_fraction(tr_buf *out, int64_t ns)
{
	char digits[16];

	if (ns == 0)
		return;
	int n = snprintf(digits, sizeof digits, ".%09lld", (long long)ns);
	while (n > 1 && digits[n - 1] == '0')
		n--;
	tr_buf_put(out, digits, (size_t)n);
}

static tr_value put_time(moment m, bool date, bool time, int64_t zone_minutes, bool zoned)
{
	struct tm parts;
	time_t at = (time_t)(m.s + zone_minutes * 60);
	tr_buf out = {0};

	if (!m.ok || gmtime_r(&at, &parts) == NULL)
		return tr_absent();
	if (date)
		tr_buf_putf(&out, "%04d-%02d-%02d%s", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
			    time ? "T" : "");
	if (time)
		tr_buf_putf(&out, "%02d:%02d:%02d", parts.tm_hour, parts.tm_min, parts.tm_sec);
	put_fraction(&out, m.ns);
	if (zoned)
		tr_buf_putf(&out, "%c%02d:%02d", zone_minutes < 0 ? '-' : '+', (int)(llabs(zone_minutes) / 60),
			    (int)(llabs(zone_minutes) % 60));
	return tr_string_buf(&out);
}

static tr_value read_date(const char *text)
{
	const char *end;
	moment m = read_moment(text, &end);

	m.ok = m.ok && llabs(m.s) < INT64_MAX / DAY_S;
	m.s *= m.ok ? DAY_S : 1;
	m.ns = 0;
	return put_time(m, true, false, 0, false);
}

static tr_value read_timestamp(const char *text, const char *type)
{
	const char *end;
	moment m = read_moment(text, &end);
	bool ntz = strcasecmp(type, "timestamp_ntz") == 0;
	/* Behind the time of timestamp_tz stands its offset in minutes, plus a day. */
	int64_t zone = *end == ' ' ? strtoll(end, NULL, 10) - 1440 : 0;

	return put_time(m, true, true, zone, !ntz);
}

/* ---- others ---- */

static tr_value read_binary(tr_str hex)
{
	unsigned char *bytes = tr_alloc(hex.n / 2 + 1);
	size_t n = 0;
	tr_value v = tr_absent();

	if (bytes != NULL && sodium_hex2bin(bytes, hex.n / 2 + 1, hex.p, hex.n, NULL, &n, NULL) == 0)
		v = tr_binary(bytes, n);
	tr_free(bytes);
	return v;
}

static tr_value read_text(const char *type, tr_value column, tr_value cell)
{
	tr_str text = tr_as_str(cell);
	const char *z = tr_as_cstr(cell, ""), *end;

	if (strcasecmp(type, "fixed") == 0)
		return tr_as_int(tr_map_get_s(column, "scale"), 0) == 0 ? sql_integer(text) : sql_number(text);
	if (strcasecmp(type, "real") == 0 || strcasecmp(type, "float") == 0)
		return sql_double(text);
	if (strcasecmp(type, "boolean") == 0)
		return tr_bool(strcasecmp(z, "true") == 0 || strcmp(z, "1") == 0);
	if (strcasecmp(type, "date") == 0)
		return read_date(z);
	if (strcasecmp(type, "time") == 0)
		return put_time(read_moment(z, &end), false, true, 0, false);
	if (strncasecmp(type, "timestamp", 9) == 0)
		return read_timestamp(z, type);
	if (strcasecmp(type, "binary") == 0)
		return read_binary(text);
	if (strcasecmp(type, "variant") == 0 || strcasecmp(type, "object") == 0 || strcasecmp(type, "array") == 0 ||
	    strcasecmp(type, "map") == 0 || strcasecmp(type, "vector") == 0)
		return tr_json_read(text, NULL, NULL);
	return tr_absent();
}

tr_value snow_cell_read(tr_value column, tr_value cell)
{
	if (!tr_is(cell, TR_STRING))
		return tr_is_valid(cell) ? tr_keep(cell) : tr_nil();
	tr_value v = read_text(tr_as_cstr(tr_map_get_s(column, "type"), ""), column, cell);

	return tr_is_valid(v) ? v : tr_keep(cell); /* what we do not know stays the text that it is */
}

/* ---- binding ---- */

static tr_value bound(const char *type, tr_value text)
{
	return tr_is_valid(text) ? TR_DICT("type", tr_string(type), "value", text) : tr_invalid(TR_ENOMEM);
}

static tr_value write_binary(tr_str bytes)
{
	tr_buf out = {0};

	for (size_t i = 0; i < bytes.n; i++)
		tr_buf_putf(&out, "%02x", (unsigned)(unsigned char)bytes.p[i]);
	return out.n == 0 ? tr_string("") : tr_string_buf(&out);
}

static tr_value write_double(double d)
{
	if (isnan(d))
		return tr_string("NaN");
	return isinf(d) ? tr_string(d > 0 ? "inf" : "-inf") : tr_json_string(tr_float(d), TR_JSON_COMPACT);
}

tr_value snow_cell_write(tr_value v, tr_value *why)
{
	*why = tr_absent();
	switch (tr_type_of(v)) {
	case TR_NIL:
		return bound("TEXT", tr_nil());
	case TR_BOOL:
		return bound("BOOLEAN", tr_string(tr_as_bool(v, false) ? "true" : "false"));
	case TR_INT:
		return bound("FIXED", tr_stringf("%lld", (long long)tr_as_int(v, 0)));
	case TR_FLOAT:
		return bound("REAL", write_double(tr_as_float(v, 0)));
	case TR_STRING:
		return bound("TEXT", tr_keep(v));
	case TR_BINARY:
		return bound("BINARY", write_binary(tr_as_str(v)));
	case TR_ARRAY:
	case TR_MAP:
		return bound("TEXT", tr_json_string(v, TR_JSON_COMPACT));
	default:
		*why = tr_stringf("a value of type %s cannot be bound", tr_type_name(tr_type_of(v)));
		return tr_absent();
	}
}
