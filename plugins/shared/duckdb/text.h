/* SPDX-License-Identifier: Apache-2.0 */
/** DuckDB's dates, times and wide integers as text. Pure functions. */
#ifndef TROUPE_PLUGINS_SHARED_DUCKDB_TEXT_H
#define TROUPE_PLUGINS_SHARED_DUCKDB_TEXT_H

#include "plugins/shared/duckdb/api.h"

/** Days since 1970 as 2026-01-02; years before the first with " BC" behind; infinity, -infinity. */
void duck_put_date(tr_buf *out, int32_t days);
/** Microseconds since midnight as 03:04:05.25. */
void duck_put_time(tr_buf *out, int64_t micros);
/** `ticks` since 1970, so many a second, as 2026-01-02T03:04:05.25, with +00:00 behind for an instant. */
void duck_put_timestamp(tr_buf *out, int64_t ticks, int64_t a_second, bool instant);
/** 64 bits of a time with its zone: 03:04:05.25+02:00. */
void duck_put_time_tz(tr_buf *out, uint64_t bits);
/** As PostgreSQL writes them: 1 year 2 mons 3 days 04:05:06. */
void duck_put_interval(tr_buf *out, duckdb_interval v);
/** 128 bits as a decimal number with `scale` digits behind the point. */
void duck_put_wide(tr_buf *out, duckdb_hugeint v, bool is_signed, uint8_t scale);
void duck_put_uuid(tr_buf *out, duckdb_hugeint v);
/** A bit string: how many bits of the first byte are none, then the bytes. */
void duck_put_bits(tr_buf *out, tr_str bytes);

#endif
