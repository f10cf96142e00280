/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads and headers. */
#include "plugins/actions/nats/message.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <troupe/codec.h>

#define TYPE_NAME   "Content-Type"
#define TYPE_JSON   "application/json"
#define TYPE_TEXT   "text/plain; charset=utf-8"
#define TYPE_BYTES  "application/octet-stream"
#define MAX_HEADERS 1000u

/* ---- headers ---- */

/* Headers are found whatever the case of their letters. */
static tr_value find_header(tr_value headers, const char *name)
{
	const tr_entry *e = tr_map_entries(headers);

	for (size_t i = 0; i < tr_map_len(headers); i++)
		if (strcasecmp(tr_as_cstr(e[i].key, ""), name) == 0)
			return e[i].value;
	return tr_absent();
}

static bool plain(tr_str s, bool name)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '\r' || c == '\n' || c == '\0' || (name && (c <= ' ' || c == ':' || c >= 0x7f)))
			return false;
	}
	return !name || s.n > 0;
}

static tr_value scalar(tr_value v)
{
	return tr_is(v, TR_STRING) ? tr_keep(v) : tr_json_string(v, TR_JSON_COMPACT);
}

static bool add_header(natsMsg *m, tr_value key, tr_value v)
{
	tr_value text = scalar(v);
	bool ok = tr_is(text, TR_STRING) && plain(tr_as_str(key), true) && plain(tr_as_str(text), false) &&
		  natsMsgHeader_Add(m, tr_as_cstr(key, ""), tr_as_cstr(text, "")) == NATS_OK;

	tr_drop(text);
	return ok;
}

static bool add_headers(natsMsg *m, tr_value headers, tr_value *why)
{
	const tr_entry *e = tr_map_entries(headers);
	bool ok = tr_map_len(headers) <= MAX_HEADERS;

	for (size_t i = 0; ok && i < tr_map_len(headers); i++) {
		if (tr_is_nil(e[i].value))
			continue;
		if (!tr_is(e[i].value, TR_ARRAY))
			ok = add_header(m, e[i].key, e[i].value);
		for (size_t k = 0; ok && k < tr_array_len(e[i].value); k++)
			ok = add_header(m, e[i].key, tr_array_at(e[i].value, k));
		if (!ok)
			*why =
			    tr_stringf("the header \"%s\" cannot be sent: names are tokens, values have no line breaks",
				       tr_as_cstr(e[i].key, "?"));
	}
	if (!ok && !tr_is_valid(*why))
		*why = tr_stringf("more than %u headers", MAX_HEADERS);
	return ok;
}

natsMsg *message_raw(const char *subject, const char *reply, tr_str bytes, tr_value headers, tr_value *why)
{
	natsMsg *m = NULL;

	*why = tr_absent();
	if (bytes.n > INT32_MAX ||
	    natsMsg_Create(&m, subject, reply, bytes.n == 0 ? "" : bytes.p, (int)bytes.n) != NATS_OK)
		*why = tr_string("it is too large");
	else if (!add_headers(m, headers, why)) {
		natsMsg_Destroy(m);
		m = NULL;
	}
	return m;
}

natsMsg *message_make(const char *subject, const char *reply, tr_value v, tr_value headers, tr_value *why)
{
	const char *type = tr_is(v, TR_STRING) ? TYPE_TEXT : tr_is(v, TR_BINARY) ? TYPE_BYTES : TYPE_JSON;
	bool ours = tr_is_valid(v) && !tr_is_valid(find_header(headers, TYPE_NAME));
	tr_buf json = {0};
	tr_str bytes = tr_as_str(v);

	*why = tr_absent();
	if (tr_is_valid(v) && !tr_is(v, TR_STRING) && !tr_is(v, TR_BINARY)) {
		tr_err err = tr_json_write(&json, v, TR_JSON_COMPACT);
		bytes = tr_buf_str(&json);
		if (err != TR_OK || json.err != TR_OK)
			*why =
			    tr_stringf("it cannot be written as JSON: %s", tr_err_text(err != TR_OK ? err : json.err));
	}
	natsMsg *m = tr_is_valid(*why) ? NULL : message_raw(subject, reply, bytes, headers, why);
	if (m != NULL && ours)
		(void)natsMsgHeader_Set(m, TYPE_NAME, type);
	tr_buf_fini(&json);
	return m;
}

/* ---- what arrives ---- */

/* One more value of a header: a text, or a list of texts when there are several. Takes all. */
static tr_value put_header(tr_value headers, tr_value name, tr_value text)
{
	tr_value before = tr_map_get(headers, name);

	if (tr_is(before, TR_ARRAY))
		text = tr_array_push(tr_keep(before), text);
	else if (tr_is_valid(before))
		text = TR_LIST(tr_keep(before), text);
	return tr_map_put(headers, name, text);
}

static tr_value headers_of(natsMsg *m)
{
	const char **keys = NULL;
	int n = 0;
	tr_value out = tr_map();

	if (natsMsgHeader_Keys(m, &keys, &n) != NATS_OK)
		return out;
	for (int i = 0; i < n; i++) {
		const char **values = NULL;
		int count = 0;
		if (natsMsgHeader_Values(m, keys[i], &values, &count) != NATS_OK)
			continue;
		for (int k = 0; k < count; k++)
			out = put_header(out, tr_string_lossy(keys[i], strlen(keys[i])),
					 tr_string_lossy(values[k], strlen(values[k])));
		free(values);
	}
	free(keys);
	return out;
}

/* A line in front of all headers says how the server fared: it is its own answer, not a message. */
static tr_value status_of(natsMsg *m)
{
	const char *text = NULL;

	if (natsMsg_GetDataLength(m) > 0 || natsMsgHeader_Get(m, "Status", &text) != NATS_OK || text == NULL)
		return tr_nil();
	for (const char *p = text; *p != '\0'; p++)
		if (!isdigit((unsigned char)*p))
			return tr_nil();
	return tr_int(strtol(text, NULL, 10));
}

tr_value message_value(natsMsg *m)
{
	const char *subject = natsMsg_GetSubject(m), *data = natsMsg_GetData(m);

	return TR_DICT("subject", tr_string_lossy(subject, strlen(subject)), "data",
		       tr_binary(data == NULL ? "" : data, (size_t)natsMsg_GetDataLength(m)), "headers", headers_of(m),
		       "status", status_of(m));
}

static tr_str trimmed(const char *p, const char *end)
{
	while (p < end && isspace((unsigned char)*p))
		p++;
	while (end > p && isspace((unsigned char)end[-1]))
		end--;
	return (tr_str){p, (size_t)(end - p)};
}

tr_value message_headers(tr_str text)
{
	tr_value out = tr_map();
	const char *p = text.p, *end = text.p + text.n;

	while (text.n > 0 && p < end) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		const char *stop = eol == NULL ? end : eol;
		const char *colon = memchr(p, ':', (size_t)(stop - p));
		if (colon != NULL && tr_map_len(out) < MAX_HEADERS) {
			tr_str name = trimmed(p, colon), value = trimmed(colon + 1, stop);
			out = put_header(out, tr_string_lossy(name.p, name.n), tr_string_lossy(value.p, value.n));
		}
		p = stop + 1;
	}
	return out;
}

/* ---- what it means ---- */

tr_value message_body(tr_str bytes)
{
	return tr_utf8_valid(bytes, NULL) ? tr_string_n(bytes.n == 0 ? "" : bytes.p, bytes.n)
					  : tr_binary(bytes.p, bytes.n);
}

static bool is_type(tr_value type, const char *name)
{
	const char *text = tr_as_cstr(type, "");
	size_t n = strcspn(text, "; \t");

	return n == strlen(name) && strncasecmp(text, name, n) == 0;
}

tr_value message_data(tr_str bytes, tr_value headers)
{
	tr_value type = find_header(headers, TYPE_NAME);
	bool claimed = is_type(type, TYPE_JSON), silent = !tr_is_valid(type);
	tr_decode_limits limits = {.max_depth = 256, .max_bytes = bytes.n};
	size_t at = 0;

	if (is_type(type, TYPE_BYTES))
		return tr_binary(bytes.n == 0 ? "" : bytes.p, bytes.n);
	while (at < bytes.n && isspace((unsigned char)bytes.p[at]))
		at++;
	if (claimed || (silent && at < bytes.n && (bytes.p[at] == '{' || bytes.p[at] == '['))) {
		tr_value v = tr_json_read(bytes, &limits, NULL);
		if (tr_is_valid(v))
			return v;
	}
	return message_body(bytes);
}
