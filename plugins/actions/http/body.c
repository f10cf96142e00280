/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a request, by the one input that gives it:
 *   json              any value, as JSON
 *   body, payload,    text or bytes as they are; a mapping or list as JSON, unless the task's own Content-Type says
 *   data              application/x-www-form-urlencoded
 *   form              a mapping, url-encoded; together with files the fields of a multipart form
 *   files             a mapping: field -> text, bytes, or { filename, content, content_type }
 */
#include "plugins/actions/http/request.h"
#include <string.h>
#include <strings.h>
#include <troupe/codec.h>

static bool given(tr_value v)
{
	return tr_is_valid(v) && !tr_is_nil(v);
}

static tr_value set_type(http_request *r, const char *type)
{
	if (http_header_has(r, "Content-Type") || http_header_add(&r->headers, tr_s("Content-Type"), tr_s(type)))
		return tr_absent();
	return tr_outcome_error("input", true, "http: out of memory");
}

/* Takes over the buffer's content. */
static tr_value set_body(http_request *r, tr_buf *text, const char *type)
{
	if (text->err != TR_OK) {
		tr_err err = text->err;
		tr_buf_fini(text);
		return tr_outcome_error("input", false, "http: the body cannot be written: %s", tr_err_text(err));
	}
	r->body = tr_binary(text->p == NULL ? "" : text->p, text->n);
	tr_buf_fini(text);
	return set_type(r, type);
}

static tr_value json_body(http_request *r, tr_value v)
{
	tr_buf text = {0};
	tr_err err = tr_json_write(&text, v, TR_JSON_COMPACT);

	if (err != TR_OK)
		text.err = err;
	return set_body(r, &text, "application/json");
}

static tr_value form_body(http_request *r, tr_value v)
{
	tr_buf text = {0};

	http_put_pairs(&text, v);
	return set_body(r, &text, "application/x-www-form-urlencoded");
}

static tr_value plain_body(http_request *r, tr_value v)
{
	static const char form_type[] = "application/x-www-form-urlencoded";

	if (tr_is(v, TR_MAP) && strncasecmp(http_header_of(r, "Content-Type"), form_type, sizeof(form_type) - 1) == 0)
		return form_body(r, v);
	if (tr_is(v, TR_MAP) || tr_is(v, TR_ARRAY))
		return json_body(r, v);
	if (tr_is(v, TR_STRING) || tr_is(v, TR_BINARY)) {
		r->body = tr_keep(v);
		return tr_absent();
	}
	tr_buf text = {0};
	http_put_text(&text, v);
	return set_body(r, &text, "text/plain; charset=utf-8");
}

/* Names and types stand in the headers of a part. */
static bool part_ok(tr_value key, tr_value file)
{
	tr_value texts[] = {key, tr_map_get_s(file, "filename"), tr_map_get_s(file, "content_type")};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		tr_str s = tr_as_str(texts[i]);
		for (size_t k = 0; k < s.n; k++)
			if (s.p[k] == '\r' || s.p[k] == '\n' || s.p[k] == '\0')
				return false;
	}
	return true;
}

static tr_value check_parts(tr_value parts)
{
	const tr_entry *e = tr_map_entries(parts);

	for (size_t i = 0; i < tr_map_len(parts); i++)
		if (!part_ok(e[i].key, e[i].value))
			return tr_outcome_error("input", false,
						"http: a field, filename or content_type of a form has a line break "
						"or NUL in it");
	return tr_absent();
}

static tr_value multipart_body(http_request *r, tr_value form, tr_value files)
{
	const tr_entry *e = tr_map_entries(files);
	tr_value fault = check_parts(files);

	if (!tr_is_valid(fault))
		fault = check_parts(form);
	if (tr_is_valid(fault))
		return fault;
	for (size_t i = 0; i < tr_map_len(files); i++) {
		tr_value v = tr_is(e[i].value, TR_MAP) ? tr_map_get_s(e[i].value, "content") : e[i].value;
		if (!tr_is(v, TR_STRING) && !tr_is(v, TR_BINARY))
			return tr_outcome_error(
			    "input", false,
			    "http: files.%s must be text, bytes, or a mapping with content, filename, content_type",
			    tr_as_cstr(e[i].key, "?"));
	}
	r->files = tr_keep(files);
	r->form = tr_keep(form);
	return tr_absent();
}

tr_value http_body_read(http_request *r, tr_value input)
{
	static const char *const keys[] = {"json", "body", "payload", "data", "form", "files", NULL};
	tr_value form = tr_map_get_s(input, "form"), files = tr_map_get_s(input, "files");
	const char *found = NULL;

	if ((given(form) && !tr_is(form, TR_MAP)) || (given(files) && !tr_is(files, TR_MAP)))
		return tr_outcome_error("input", false, "http: form and files must be mappings");
	for (size_t i = 0; keys[i] != NULL; i++) {
		if (!given(tr_map_get_s(input, keys[i])))
			continue;
		if (found != NULL && !(strcmp(found, "form") == 0 && strcmp(keys[i], "files") == 0))
			return tr_outcome_error("input", false, "http: give one of %s and %s, not both", found,
						keys[i]);
		found = keys[i];
	}
	if (found == NULL)
		return tr_absent();
	if (strcmp(found, "json") == 0)
		return json_body(r, tr_map_get_s(input, "json"));
	if (strcmp(found, "files") == 0)
		return multipart_body(r, form, files);
	if (strcmp(found, "form") == 0)
		return form_body(r, form);
	return plain_body(r, tr_map_get_s(input, found));
}
