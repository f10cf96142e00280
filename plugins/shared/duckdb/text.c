/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers to text. The calendar is the proleptic Gregorian one. */
#include "plugins/shared/duckdb/text.h"

#include <inttypes.h>

#define DAY_SECONDS  86400
#define ERA_DAYS     146097 /* of 400 years */
#define TO_MARCH_0   719468 /* days from 0000-03-01 to 1970-01-01 */
#define HALF_SECONDS 57599  /* 15:59:59, the largest offset of a time zone */

__extension__ typedef unsigned __int128 wide;

typedef struct civil {
	int64_t year;
	int month, day;
} civil;

static civil civil_of(int64_t days)
{
	int64_t z = days + TO_MARCH_0, era = (z >= 0 ? z : z - ERA_DAYS + 1) / ERA_DAYS, day = z - era * ERA_DAYS;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t of_year = day - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
	civil c = {.year = year + era * 400, .day = (int)(of_year - (153 * month + 2) / 5 + 1)};

	c.month = (int)(month < 10 ? month + 3 : month - 9);
	c.year += c.month <= 2;
	return c;
}

static void put_civil(tr_buf *out, civil c)
{
	tr_buf_putf(out, "%04" PRId64 "-%02d-%02d", c.year > 0 ? c.year : 1 - c.year, c.month, c.day);
}

void duck_put_date(tr_buf *out, int32_t days)
{
	civil c = civil_of(days);

	if (days == INT32_MAX || days == -INT32_MAX) {
		tr_buf_puts(out, days > 0 ? "infinity" : "-infinity");
		return;
	}
	put_civil(out, c);
	if (c.year <= 0)
		tr_buf_puts(out, " BC");
}

/* .25 of 250,000 in a million; nothing of 0. */
static void put_fraction(tr_buf *out, int64_t ticks, int64_t a_second)
{
	if (ticks == 0)
		return;
	tr_buf_putc(out, '.');
	for (int64_t unit = a_second / 10; unit > 0 && ticks > 0; unit /= 10) {
		tr_buf_putc(out, (char)('0' + ticks / unit));
		ticks %= unit;
	}
}

static void put_clock(tr_buf *out, int64_t seconds, int64_t ticks, int64_t a_second)
{
	tr_buf_putf(out, "%02d:%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60));
	put_fraction(out, ticks, a_second);
}

void duck_put_time(tr_buf *out, int64_t micros)
{
	put_clock(out, micros / 1000000, micros % 1000000, 1000000);
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

void duck_put_timestamp(tr_buf *out, int64_t ticks, int64_t a_second, bool instant)
{
	int64_t seconds = floor_div(ticks, a_second), days = floor_div(seconds, DAY_SECONDS);
	civil c = civil_of(days);

	if (ticks == INT64_MAX || ticks == -INT64_MAX) {
		tr_buf_puts(out, ticks > 0 ? "infinity" : "-infinity");
		return;
	}
	put_civil(out, c);
	tr_buf_putc(out, 'T');
	put_clock(out, seconds - days * DAY_SECONDS, ticks - seconds * a_second, a_second);
	if (instant)
		tr_buf_puts(out, "+00:00");
	if (c.year <= 0)
		tr_buf_puts(out, " BC");
}

void duck_put_time_tz(tr_buf *out, uint64_t bits)
{
	int offset = HALF_SECONDS - (int)(bits & 0xffffff), size = offset < 0 ? -offset : offset;

	duck_put_time(out, (int64_t)(bits >> 24));
	tr_buf_putf(out, "%c%02d:%02d", offset < 0 ? '-' : '+', size / 3600, size / 60 % 60);
	if (size % 60 != 0)
		tr_buf_putf(out, ":%02d", size % 60);
}

static void put_part(tr_buf *out, int n, const char *one, const char *many)
{
	if (n != 0)
		tr_buf_putf(out, "%s%d %s", out->n > 0 ? " " : "", n, n == 1 ? one : many);
}

void duck_put_interval(tr_buf *out, duckdb_interval v)
{
	tr_buf text = {0};
	uint64_t micros = v.micros < 0 ? 0 - (uint64_t)v.micros : (uint64_t)v.micros;

	put_part(&text, v.months / 12, "year", "years");
	put_part(&text, v.months % 12, "mon", "mons");
	put_part(&text, v.days, "day", "days");
	if (micros != 0 || text.n == 0) {
		tr_buf_putf(&text, "%s%s", text.n > 0 ? " " : "", v.micros < 0 ? "-" : "");
		put_clock(&text, (int64_t)(micros / 1000000), (int64_t)(micros % 1000000), 1000000);
	}
	tr_buf_put(out, text.p, text.n);
	tr_buf_fini(&text);
}

void duck_put_wide(tr_buf *out, duckdb_hugeint v, bool is_signed, uint8_t scale)
{
	wide n = (wide)(uint64_t)v.upper << 64 | v.lower;
	bool negative = is_signed && v.upper < 0;
	char digits[48];
	size_t at = sizeof digits, count = 0;

	if (negative)
		n = 0 - n;
	do {
		if (scale > 0 && count == scale)
			digits[--at] = '.';
		digits[--at] = (char)('0' + (int)(n % 10));
		n /= 10;
		count++;
	} while (n != 0 || count <= scale);
	if (negative)
		tr_buf_putc(out, '-');
	tr_buf_put(out, digits + at, sizeof digits - at);
}

/* Kept with the first bit turned, so that it sorts as a signed number. */
void duck_put_uuid(tr_buf *out, duckdb_hugeint v)
{
	uint64_t high = (uint64_t)v.upper ^ (UINT64_C(1) << 63);

	tr_buf_putf(out, "%08x-%04x-%04x-%04x-%012" PRIx64, (unsigned)(high >> 32), (unsigned)(high >> 16 & 0xffff),
		    (unsigned)(high & 0xffff), (unsigned)(v.lower >> 48), v.lower & 0xffffffffffff);
}

void duck_put_bits(tr_buf *out, tr_str bytes)
{
	size_t skip = bytes.n == 0 ? 0 : (unsigned char)bytes.p[0];

	for (size_t i = 8 + skip; i < bytes.n * 8; i++)
		tr_buf_putc(out, (unsigned char)bytes.p[i / 8] >> (7 - i % 8) & 1 ? '1' : '0');
}
