/* SPDX-License-Identifier: Apache-2.0 */
/* A record as a person reads it, or as a line of JSON. */
#include "runtime/observe/logger.h"

#include <troupe/codec.h>

#include <string.h>
#include <time.h>

#define SHOW_FIELD  512  /* bytes of a field on the first line */
#define SHOW_REPORT 4096 /* bytes of a part of a report */

static const char *const colors[] = {
    [TR_DEBUG] = "\033[2m",    [TR_INFO] = "",          [TR_NOTICE] = "\033[36m",
    [TR_WARNING] = "\033[33m", [TR_ERROR] = "\033[31m", [TR_CRITICAL] = "\033[1;31m",
};

static void put_time(tr_buf *out, int64_t us)
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL)
		return;
	tr_buf_putf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		    tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(us % 1000000));
}

/* Text from anywhere: control characters cannot forge lines or drive a terminal. */
static void put_clean(tr_buf *out, tr_str text, const char *newline)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c == '\n')
			tr_buf_puts(out, newline);
		else if (c == '\t')
			tr_buf_putc(out, ' ');
		else if (c < 0x20 || c == 0x7f)
			tr_buf_putf(out, "\\x%02x", c);
		else
			tr_buf_putc(out, (char)c);
	}
}

static void put_value(tr_buf *out, tr_value v, size_t max, const char *newline)
{
	tr_buf shown = {0};

	if (tr_is(v, TR_STRING) && newline[0] == '\n')
		tr_buf_put(&shown, tr_as_str(v).p, tr_as_str(v).n);
	else
		tr_show(&shown, v, max);
	put_clean(out, tr_buf_str(&shown), newline);
	tr_buf_fini(&shown);
}

static bool is_head(tr_value key)
{
	static const char *const head[] = {"time_us", "level", "text", "pid", "name", "report"};

	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++) {
		if (tr_str_is(tr_as_str(key), head[i]))
			return true;
	}
	return false;
}

/* Who speaks: <pid> name. */
static void put_who(tr_buf *out, tr_value record)
{
	tr_value pid = tr_map_get_s(record, "pid");
	tr_value name = tr_map_get_s(record, "name");

	if (tr_is(pid, TR_PID)) {
		tr_buf_putc(out, ' ');
		tr_show(out, pid, SHOW_FIELD);
	}
	if (tr_as_str(name).n > 0) {
		tr_buf_putc(out, ' ');
		put_clean(out, tr_as_str(name), " ");
	}
	tr_buf_putc(out, ':');
}

static void put_key(tr_buf *out, tr_value key, const char *before, const char *after)
{
	tr_buf_puts(out, before);
	put_clean(out, tr_as_str(key), " ");
	tr_buf_puts(out, after);
}

/* The rest of a record, on the same line. */
static void put_fields(tr_buf *out, tr_value record)
{
	const tr_entry *entries = tr_map_entries(record);

	for (size_t i = 0; i < tr_map_len(record); i++) {
		if (is_head(entries[i].key))
			continue;
		put_key(out, entries[i].key, " ", "=");
		put_value(out, entries[i].value, SHOW_FIELD, "\\n");
	}
}

/* Parts of a report that say nothing are left out. */
static bool is_empty(tr_value v)
{
	return tr_is_nil(v) || (tr_is(v, TR_ARRAY) && tr_array_len(v) == 0) ||
	       (tr_is(v, TR_INT) && tr_as_int(v, 1) == 0);
}

/* A list of messages, of links, of frames: an item a line. */
static bool is_list(tr_value key)
{
	return tr_str_is(tr_as_str(key), "last_messages") || tr_str_is(tr_as_str(key), "links") ||
	       tr_str_is(tr_as_str(key), "backtrace");
}

static void put_items(tr_buf *out, tr_value array)
{
	for (size_t i = 0; i < tr_array_len(array); i++) {
		tr_buf_puts(out, "\n        ");
		put_value(out, tr_array_at(array, i), SHOW_REPORT, "\n        ");
	}
}

/* The rest of a report, a line each. */
static void put_parts(tr_buf *out, tr_value report)
{
	const tr_entry *entries = tr_map_entries(report);

	for (size_t i = 0; i < tr_map_len(report); i++) {
		if (is_head(entries[i].key) || is_empty(entries[i].value))
			continue;
		bool list = is_list(entries[i].key);
		put_key(out, entries[i].key, "\n    ", list ? ":" : ": ");
		if (list)
			put_items(out, entries[i].value);
		else
			put_value(out, entries[i].value, SHOW_REPORT, "\n        ");
	}
}

void log_text(tr_buf *out, tr_level level, tr_value record, bool color)
{
	tr_value text = tr_map_get_s(record, "text");
	tr_value report = tr_map_get_s(record, "report");

	if (color)
		tr_buf_puts(out, colors[level]);
	put_time(out, tr_as_int(tr_map_get_s(record, "time_us"), 0));
	tr_buf_putf(out, " %-8s", level_name(level));
	put_who(out, record);
	tr_buf_putc(out, ' ');
	if (tr_is_valid(text))
		put_clean(out, tr_as_str(text), "\n    ");
	else
		put_clean(out, tr_as_str(report), " ");
	if (tr_is_valid(report))
		put_parts(out, record);
	else
		put_fields(out, record);
	if (color && colors[level][0] != '\0')
		tr_buf_puts(out, "\033[0m");
	tr_buf_putc(out, '\n');
}

void log_json(tr_buf *out, tr_value record)
{
	tr_buf line = {0};

	if (tr_json_write(&line, record, TR_JSON_COMPACT) != TR_OK) { /* something in it has no JSON form */
		tr_buf shown = {0};
		tr_show(&shown, record, SHOW_REPORT);
		tr_value plain = TR_DICT("time_us", tr_keep(tr_map_get_s(record, "time_us")), "level",
					 tr_keep(tr_map_get_s(record, "level")), "text", tr_string_buf(&shown));
		tr_buf_fini(&line);
		(void)tr_json_write(&line, plain, TR_JSON_COMPACT);
		tr_drop(plain);
	}
	tr_buf_put(out, line.p, line.n);
	tr_buf_putc(out, '\n');
	tr_buf_fini(&line);
}
