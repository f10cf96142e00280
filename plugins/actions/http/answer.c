/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outcomes of the tool kind http.
 *
 * Error kinds: by status rate_limit (429), auth (401, 403, 407), not_found (404, 410), client_error, server_error; by
 * what happened on the way timeout, connection, tls, too_large (past max_body, or headers past all use), protocol
 * (contradicting lengths), denied (an address that was not granted); and "body" when a response says it is JSON and is
 * not: `data` is then null and the text stays in `body`, so that a rule can still look at it.
 */
#include "plugins/actions/http/answer.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <troupe/codec.h>

#define INLINE_JSON (128u * 1024u) /* more than this is read on the dirty pool */

void http_name(tr_buf *out, const http_request *r)
{
	const char *url = tr_as_cstr(r->url, "");

	tr_buf_putf(out, "%s %.*s", r->method, (int)strcspn(url, "?"), url);
}

/* ---- the body
 * -------------------------------------------------------------------------------------------------------------- */

typedef struct reading {
	tr_str text;
	tr_value v;
	tr_decode_error error;
} reading;

static void *read_json(void *arg)
{
	reading *in = arg;
	tr_decode_limits limits = {.max_depth = 256, .max_bytes = in->text.n};

	in->v = tr_json_read(in->text, &limits, &in->error);
	return NULL;
}

bool http_says_json(const char *type)
{
	size_t n = strcspn(type, "; \t");

	return (n == 16 && strncasecmp(type, "application/json", n) == 0) ||
	       (n == 9 && strncasecmp(type, "text/json", n) == 0) ||
	       (n > 5 && strncasecmp(type + n - 5, "+json", 5) == 0);
}

/* Without a content type, or as plain text, a body that begins as an object or list is tried. */
static bool looks_json(const char *type, tr_str text)
{
	size_t at = 0;

	if (type[0] != '\0' && strncasecmp(type, "text/plain", 10) != 0)
		return false;
	while (at < text.n && isspace((unsigned char)text.p[at]))
		at++;
	return at < text.n && (text.p[at] == '{' || text.p[at] == '[');
}

typedef struct content {
	tr_value data, body;
	bool broken; /* says JSON, is none */
	tr_decode_error error;
} content;

static content read_content(http_transfer *t)
{
	const char *type = tr_as_cstr(tr_map_get_s(t->response_headers, "content-type"), "");
	reading in = {.text = tr_buf_str(&t->content)};
	content c = {.data = tr_nil()};

	if (tr_is_valid(t->stored)) {
		c.data = tr_keep(t->stored);
		c.body = tr_keep(t->stored);
		return c;
	}
	bool claimed = http_says_json(type);

	c.body = tr_string_n(in.text.n == 0 ? "" : in.text.p, in.text.n);
	if (tr_value_err(c.body) == TR_EENCODING)
		c.body = tr_binary(in.text.p, in.text.n);
	if (in.text.n == 0)
		return c;
	if (!claimed && !looks_json(type, in.text)) {
		c.data = tr_keep(c.body);
		return c;
	}
	if (in.text.n <= INLINE_JSON) {
		read_json(&in);
	} else {
		tr_err err;
		tr_dirty(read_json, &in, &err);
	}
	if (tr_is_valid(in.v))
		c.data = in.v;
	else if (!claimed)
		c.data = tr_keep(c.body);
	c.broken = claimed && !tr_is_valid(in.v);
	c.error = in.error;
	return c;
}

/* ---- errors
 * ------------------------------------------------------------------------------------------------------------------ */

double http_retry_after(const char *text, int64_t now_us)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	if (*text == '\0')
		return -1;
	double s = strtod(text, &end);
	while (isspace((unsigned char)*end))
		end++;
	if (end != text && *end == '\0')
		return s >= 0 && s <= 1e9 ? s : -1;
	time_t at = curl_getdate(text, NULL);
	if (at == (time_t)-1)
		return -1;
	double left = (double)at - (double)now_us / 1e6;
	return left > 0 ? left : 0;
}

static const char *status_kind(long status, bool *retryable)
{
	*retryable = status == 429 || status >= 500 || status == 408 || status == 425;
	if (status == 429)
		return "rate_limit";
	if (status == 401 || status == 403 || status == 407)
		return "auth";
	if (status == 404 || status == 410)
		return "not_found";
	return status >= 500 ? "server_error" : "client_error";
}

static tr_value status_error(const char *name, http_transfer *t)
{
	bool retryable;
	const char *kind = status_kind(t->status, &retryable);
	const char *after = tr_as_cstr(tr_map_get_s(t->response_headers, "retry-after"), "");
	tr_value out = tr_outcome_error(kind, retryable, "%s answered with status %ld", name, t->status);

	out = tr_outcome_error_put(out, "code", tr_int(t->status));
	out = tr_outcome_error_put(out, "status", tr_int(t->status));
	double wait = http_retry_after(after, tr_wall_us());
	if (wait < 0)
		return out;
	bool whole = wait <= 1e9 && (double)(int64_t)wait >= wait && (double)(int64_t)wait <= wait;
	return tr_outcome_error_put(out, "retry_after", whole ? tr_int((int64_t)wait) : tr_float(wait));
}

static const char *code_kind(const http_transfer *t, bool *retryable)
{
	*retryable = true;
	switch (t->code) {
	case CURLE_OPERATION_TIMEDOUT:
		return "timeout";
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_USE_SSL_FAILED:
		*retryable = false;
		return "tls";
	case CURLE_UNSUPPORTED_PROTOCOL: /* a redirect elsewhere; or on http itself, an answer that is no HTTP */
		if (strncmp(tr_as_cstr(t->url, ""), "http", 4) == 0)
			return "connection";
		*retryable = false;
		return "input";
	case CURLE_URL_MALFORMAT:
		*retryable = false;
		return "input";
	case CURLE_OUT_OF_MEMORY:
		return "busy";
	default:
		return "connection";
	}
}

static tr_value code_error(const char *name, http_transfer *t)
{
	bool retryable;
	const char *kind = code_kind(t, &retryable);
	const char *text = t->handle->error[0] != '\0' ? t->handle->error : curl_easy_strerror(t->code);

	if (t->too_large)
		return tr_outcome_error("too_large", false, "%s answered with a body over max_body (%zu bytes)", name,
					t->max_body);
	if (t->header_flood)
		return tr_outcome_error("too_large", false, "%s answered with headers that are too large", name);
	if (t->contradicts)
		return tr_outcome_error("protocol", false,
					"%s answered with a Content-Length that is no number, or with several that "
					"differ",
					name);
	if (t->forbidden)
		return tr_outcome_error("denied", false,
					"%s leads to a link-local address, which needs the grant net:link-local, or to "
					"one that the settings deny",
					name);
	if (t->code == CURLE_PARTIAL_FILE)
		return tr_outcome_error("connection", true, "%s: the body was cut off after %zu bytes: %s", name,
					t->content.n, text);
	return tr_outcome_error_put(tr_outcome_error(kind, retryable, "%s failed: %s", name, text), "code",
				    tr_stringf("CURL_%d", (int)t->code));
}

/* ---- the whole
 * ------------------------------------------------------------------------------------------------------------------ */

static tr_value judged(const http_request *r, http_transfer *t, const content *c, tr_value result)
{
	tr_buf text = {0};
	tr_value out;

	if (t->status < 400 && !c->broken)
		return tr_outcome_ok(result);
	http_name(&text, r);
	const char *name = text.p == NULL ? "http" : text.p;
	if (t->status >= 400)
		out = status_error(name, t);
	else
		out = tr_outcome_error("body", false, "%s says its body is JSON, but at line %zu, column %zu: %s", name,
				       c->error.line, c->error.column, c->error.message);
	tr_buf_fini(&text);
	return tr_outcome_put(out, "result", result);
}

static tr_value helper(const http_transfer *t)
{
	const char *version = t->version == CURL_HTTP_VERSION_2_0   ? "2"
			      : t->version == CURL_HTTP_VERSION_1_0 ? "1.0"
			      : t->version == CURL_HTTP_VERSION_1_1 ? "1.1"
								    : NULL;

	return TR_DICT("status", t->status > 0 ? tr_int(t->status) : tr_nil(), "headers", tr_keep(t->response_headers),
		       "version", version == NULL ? tr_nil() : tr_string(version));
}

tr_value http_answer(const http_request *r, http_transfer *t)
{
	tr_buf name = {0};
	tr_value out;

	if (t->code != CURLE_OK) {
		http_name(&name, r);
		out = code_error(name.p == NULL ? "http" : name.p, t);
	} else {
		content c = read_content(t);
		tr_value result =
		    TR_DICT("status_code", tr_int(t->status), "headers", tr_keep(t->response_headers), "url",
			    tr_keep(t->url), "elapsed", tr_float(t->elapsed), "data", c.data, "body", c.body);
		if (tr_is_valid(t->stored)) {
			result = tr_map_put_s(result, "size", tr_int((int64_t)t->received));
			result = tr_map_put_s(result, "sha256", tr_keep(tr_map_get_s(t->stored, "key")));
		}
		out = judged(r, t, &c, result);
	}
	tr_buf_fini(&name);
	return tr_outcome_put(out, "http", helper(t));
}
