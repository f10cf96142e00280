/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and names. */
#include "plugins/actions/transfer/snowflake.h"

#include <string.h>

#define MAX_BODY ((size_t)256 << 20)

tr_value snow_place_find(snow_wire *w, const transfer *t, tr_value spec)
{
	tr_value fault;

	*w = (snow_wire){.plugin = t->plugin, .deadline = t->deadline, .max_body = MAX_BODY};
	w->target = snow_target_read(tr_map_get_s(spec, "auth"), spec, t->deadline, &fault);
	if (w->target == NULL)
		return fault;
	w->headers = tr_own_value(snow_headers(w->target, t->plugin, false, t->deadline, &fault));
	return fault;
}

tr_value snow_place_do(snow_wire *w, tr_buf *sql, size_t count)
{
	tr_value why = tr_absent(), fault = tr_absent(), text = tr_string_buf(sql), request;

	if (count > 1) {
		request = snow_request_script(w, text, count);
	} else {
		request = snow_request(w, text, tr_absent(), &why);
		tr_drop(text);
	}
	tr_drop(snow_wire_run(w, request, &fault));
	return fault;
}

static bool is_plain(tr_str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
		if (!letter && (i == 0 || ((c < '0' || c > '9') && c != '$')))
			return false;
	}
	return name.n > 0;
}

void snow_put_name(tr_buf *out, tr_str name)
{
	bool plain = is_plain(name), quoted = name.n > 2 && name.p[0] == '"' && name.p[name.n - 1] == '"';

	if (quoted)
		name = (tr_str){name.p + 1, name.n - 2};
	tr_buf_putc(out, '"');
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (c == '"' && quoted && i + 1 < name.n && name.p[i + 1] == '"')
			i++; /* doubled already */
		if (c == '"')
			tr_buf_putc(out, '"');
		tr_buf_putc(out, plain && c >= 'a' && c <= 'z' ? (char)(c - 32) : c);
	}
	tr_buf_putc(out, '"');
}

size_t snow_table_place(tr_str table)
{
	size_t n = 0;
	bool quoted = false;

	for (size_t i = 0; i < table.n; i++) {
		quoted = table.p[i] == '"' ? !quoted : quoted;
		n = table.p[i] == '.' && !quoted ? i + 1 : n;
	}
	return n;
}

void snow_put_table(tr_buf *out, tr_str table)
{
	size_t from = 0;
	bool quoted = false;

	for (size_t i = 0; i <= table.n; i++) {
		quoted = i < table.n && table.p[i] == '"' ? !quoted : quoted;
		if (i < table.n && (table.p[i] != '.' || quoted))
			continue;
		if (from > 0)
			tr_buf_putc(out, '.');
		snow_put_name(out, (tr_str){table.p + from, i - from});
		from = i + 1;
	}
}
