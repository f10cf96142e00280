/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs of the tool kind http: method, url, params, headers, limits. */
#include "plugins/actions/http/request.h"
#include "plugins/shared/auth/auth.h"
#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include <troupe/codec.h>

#define MAX_TIMEOUT_S 86400.0
#define MAX_REDIRECTS 50
#define MAX_URL       65536u
#define MAX_HEADERS   1000u

static bool given(tr_value v)
{
	return tr_is_valid(v) && !tr_is_nil(v);
}

/* The input, else the plugin's setting. */
static tr_value option(tr_value config, tr_value input, const char *key)
{
	tr_value v = tr_map_get_s(input, key);

	return given(v) ? v : tr_map_get_s(config, key);
}

void http_put_text(tr_buf *out, tr_value v)
{
	tr_str s = tr_as_str(v);

	if (tr_is(v, TR_STRING) || tr_is(v, TR_BINARY) || tr_is(v, TR_ATOM))
		tr_buf_put(out, s.p, s.n);
	else
		tr_json_write(out, v, TR_JSON_COMPACT);
}

bool http_is_cut(tr_value text)
{
	tr_str s = tr_as_str(text);

	return s.n > 0 && memchr(s.p, '\0', s.n) != NULL;
}

static void put_escaped(tr_buf *out, tr_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
		    c == '.' || c == '_' || c == '~')
			tr_buf_putc(out, (char)c);
		else
			tr_buf_putf(out, "%%%02X", c);
	}
}

static void put_pair(tr_buf *out, tr_value key, tr_value v)
{
	tr_buf text = {0};

	if (out->n > 0)
		tr_buf_putc(out, '&');
	http_put_text(&text, key);
	put_escaped(out, tr_buf_str(&text));
	tr_buf_putc(out, '=');
	tr_buf_clear(&text);
	http_put_text(&text, v);
	put_escaped(out, tr_buf_str(&text));
	if (text.err != TR_OK)
		out->err = text.err;
	tr_buf_fini(&text);
}

void http_put_pairs(tr_buf *out, tr_value map)
{
	const tr_entry *e = tr_map_entries(map);

	for (size_t i = 0; i < tr_map_len(map); i++) {
		if (tr_is(e[i].value, TR_ARRAY)) {
			for (size_t k = 0; k < tr_array_len(e[i].value); k++)
				put_pair(out, e[i].key, tr_array_at(e[i].value, k));
		} else if (!tr_is_nil(e[i].value)) {
			put_pair(out, e[i].key, e[i].value);
		}
	}
}

/* ---- method and url
 * --------------------------------------------------------------------------------------------------------- */

static tr_value read_method(http_request *r, tr_value input)
{
	tr_value v = tr_map_get_s(input, "method");
	tr_str s = given(v) ? tr_as_str(v) : tr_s("GET");

	if (s.n == 0 || s.n >= sizeof(r->method))
		return tr_outcome_error("input", false, "http: method must be a name such as GET or POST");
	for (size_t i = 0; i < s.n; i++) {
		if (!isalpha((unsigned char)s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
			return tr_outcome_error("input", false, "http: method must be a name such as GET or POST");
		r->method[i] = (char)toupper((unsigned char)s.p[i]);
	}
	return tr_absent();
}

/* User and password in a URL become an Authorization header, so that they do not show in results and messages. */
static CURLUcode take_user(http_request *r, CURLU *u)
{
	char *user = NULL, *password = NULL;
	CURLUcode code = CURLUE_OK;

	curl_url_get(u, CURLUPART_USER, &user, CURLU_URLDECODE);
	curl_url_get(u, CURLUPART_PASSWORD, &password, CURLU_URLDECODE);
	if (user != NULL) {
		tr_value auth =
		    TR_DICT("type", tr_string("basic"), "username", tr_string_lossy(user, strlen(user)), "password",
			    tr_string_lossy(password == NULL ? "" : password, password == NULL ? 0 : strlen(password)));
		tr_value fault = http_auth_read(r, auth);
		if (tr_is_valid(fault))
			code = CURLUE_BAD_USER;
		tr_drop(fault);
		tr_drop(auth);
	}
	curl_free(user);
	curl_free(password);
	curl_url_set(u, CURLUPART_USER, NULL, 0);
	curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
	return code;
}

static CURLUcode build_url(http_request *r, CURLU *u, const char *text, tr_value params)
{
	tr_buf query = {.max = MAX_URL};
	char *scheme = NULL, *host = NULL, *whole = NULL;
	CURLUcode code = curl_url_set(u, CURLUPART_URL, text, CURLU_URLENCODE);

	http_put_pairs(&query, params);
	if (code == CURLUE_OK && query.n > 0)
		code = query.err != TR_OK ? CURLUE_OUT_OF_MEMORY
					  : curl_url_set(u, CURLUPART_QUERY, query.p, CURLU_APPENDQUERY);
	tr_buf_fini(&query);
	if (code == CURLUE_OK)
		code = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
	if (code == CURLUE_OK && strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0)
		code = CURLUE_UNSUPPORTED_SCHEME;
	curl_free(scheme);
	if (code == CURLUE_OK)
		code = take_user(r, u);
	curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
	if (code == CURLUE_OK)
		code = curl_url_get(u, CURLUPART_URL, &whole, 0);
	if (code == CURLUE_OK)
		r->url = tr_string(whole);
	if (code == CURLUE_OK && curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK)
		r->host = tr_string(host);
	curl_free(host);
	curl_free(whole);
	return code;
}

static tr_value read_url(http_request *r, tr_value input)
{
	tr_value url = tr_map_get_s(input, "url"), params = tr_map_get_s(input, "params");

	if (!given(url))
		url = tr_map_get_s(input, "endpoint");
	if (tr_is(url, TR_STRING) && http_is_cut(url))
		return tr_outcome_error("input", false, "http: url has a NUL in it");
	if (given(url) && !tr_is(url, TR_STRING))
		return tr_outcome_error("input", false,
					"http: url must be text such as \"https://example.com/path\", is %s",
					tr_type_name(tr_type_of(url)));
	if (!tr_is(url, TR_STRING) || tr_as_str(url).n == 0 || tr_as_str(url).n > MAX_URL)
		return tr_outcome_error("input", false,
					"http: url is required: text such as \"https://example.com/path\"");
	if (given(params) && !tr_is(params, TR_MAP))
		return tr_outcome_error("input", false, "http: params must be a mapping, is %s",
					tr_type_name(tr_type_of(params)));
	tr_str host;
	if (tr_map_len(params) == 0 && http_url_is_plain(tr_as_str(url), &host)) {
		r->url = tr_keep(url);
		r->host = tr_string_n(host.p, host.n);
		return tr_absent();
	}
	CURLU *u = curl_url();
	CURLUcode code = u == NULL ? CURLUE_OUT_OF_MEMORY : build_url(r, u, tr_as_cstr(url, ""), params);
	curl_url_cleanup(u);
	if (code == CURLUE_OK && tr_is_valid(r->url))
		return tr_absent();
	return tr_outcome_error("input", false,
				"http: url %s cannot be used: %s; write it as http://host/path or https://host/path",
				tr_as_cstr(url, ""), curl_url_strerror(code));
}

/* ---- headers
 * ----------------------------------------------------------------------------------------------------------------- */

bool http_header_add(struct curl_slist **list, tr_str name, tr_str value)
{
	tr_buf line = {0};

	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] <= ' ' || name.p[i] == ':' || (unsigned char)name.p[i] >= 0x7f)
			return false;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] == '\r' || value.p[i] == '\n' || value.p[i] == '\0')
			return false;
	tr_buf_put(&line, name.p, name.n);
	tr_buf_puts(&line, value.n == 0 ? ";" : ": "); /* libcurl's way to write an empty header */
	tr_buf_put(&line, value.p, value.n);
	struct curl_slist *longer = line.err != TR_OK || name.n == 0 ? NULL : curl_slist_append(*list, line.p);
	tr_buf_fini(&line);
	if (longer != NULL)
		*list = longer;
	return longer != NULL;
}

static const char *find_header(const struct curl_slist *l, const char *name)
{
	size_t n = strlen(name);

	for (; l != NULL; l = l->next)
		if (strncasecmp(l->data, name, n) == 0 && (l->data[n] == ':' || l->data[n] == ';'))
			return l->data + n + 1 + strspn(l->data + n + 1, " ");
	return NULL;
}

bool http_header_has(const http_request *r, const char *name)
{
	return find_header(r->headers, name) != NULL || find_header(r->secrets, name) != NULL;
}

const char *http_header_of(const http_request *r, const char *name)
{
	const char *v = find_header(r->headers, name);

	return v == NULL ? "" : v;
}

/* Headers that say who one is stay with the host they were meant for. */
static bool is_secret(tr_str name)
{
	static const char *const names[] = {"authorization", "cookie",       "proxy-authorization",
					    "x-api-key",     "x-auth-token", NULL};

	for (size_t i = 0; names[i] != NULL; i++)
		if (strlen(names[i]) == name.n && strncasecmp(names[i], name.p, name.n) == 0)
			return true;
	return false;
}

static tr_value read_headers(http_request *r, tr_value input)
{
	tr_value headers = tr_map_get_s(input, "headers");
	const tr_entry *e = tr_map_entries(headers);
	tr_buf text = {0};
	bool ok = true;

	if (given(headers) && (!tr_is(headers, TR_MAP) || tr_map_len(headers) > MAX_HEADERS))
		return tr_outcome_error("input", false, "http: headers must be a mapping of names to text");
	for (size_t i = 0; ok && i < tr_map_len(headers); i++) {
		if (tr_is_nil(e[i].value))
			continue;
		tr_str name = tr_as_str(e[i].key);
		tr_buf_clear(&text);
		http_put_text(&text, e[i].value);
		ok = text.err == TR_OK &&
		     http_header_add(is_secret(name) ? &r->secrets : &r->headers, name, tr_buf_str(&text));
		if (!ok) {
			tr_buf_fini(&text);
			return tr_outcome_error("input", false,
						"http: header \"%.*s\" cannot be sent: names are tokens, values "
						"have no line breaks",
						TR_STR(name));
		}
	}
	tr_buf_fini(&text);
	return tr_absent();
}

/* ---- limits
 * ------------------------------------------------------------------------------------------------------------------ */

/* Seconds of one timeout; 0 when it is not given, negative when it is wrong. */
static double seconds(tr_value v)
{
	double s = tr_as_float(v, NAN);

	if (!given(v))
		return 0;
	return s > 0 && s <= MAX_TIMEOUT_S ? s : -1;
}

static tr_value read_timeout(http_request *r, tr_value config, tr_value input)
{
	tr_value v = option(config, input, "timeout");
	bool parts = tr_is(v, TR_MAP);
	double total = seconds(parts ? tr_map_get_s(v, "total") : v);
	double connect = parts ? seconds(tr_map_get_s(v, "connect")) : 0;
	double read = parts ? seconds(tr_map_get_s(v, "read")) : 0;

	if (total < 0 || connect < 0 || read < 0)
		return tr_outcome_error(
		    "input", false, "http: timeout must be seconds above 0, or a mapping of connect, read and total");
	if (connect == 0)
		connect = seconds(tr_map_get_s(config, "connect_timeout"));
	r->total_ms = (int64_t)ceil(total * 1000);
	r->connect_ms = connect > 0 ? (int64_t)ceil(connect * 1000) : 0;
	r->read_s = (long)ceil(read);
	return tr_absent();
}

static tr_value read_limits(http_request *r, tr_value config, tr_value input)
{
	tr_value verify = option(config, input, "verify_ssl"), follow = option(config, input, "follow_redirects");
	tr_value max = option(config, input, "max_body"), proxy = option(config, input, "proxy");

	if (!tr_is(verify, TR_BOOL))
		return tr_outcome_error("input", false, "http: verify_ssl must be true or false");
	r->verify_ssl = tr_as_bool(verify, true);
	if (tr_is(follow, TR_BOOL))
		r->redirects = tr_as_bool(follow, true) ? (int)tr_as_int(tr_map_get_s(config, "max_redirects"), 10) : 0;
	else if (tr_is(follow, TR_INT) && tr_as_int(follow, -1) >= 0 && tr_as_int(follow, -1) <= MAX_REDIRECTS)
		r->redirects = (int)tr_as_int(follow, 0);
	else
		return tr_outcome_error("input", false, "http: follow_redirects must be true, false, or at most %d",
					MAX_REDIRECTS);
	r->redirects_left = r->redirects;
	if (tr_as_int(max, 0) < 1)
		return tr_outcome_error("input", false, "http: max_body must be a number of bytes above 0");
	r->max_body = (size_t)tr_as_int(max, 0);
	r->memory = (size_t)tr_as_int(tr_map_get_s(config, "memory_body"), 4 << 20);
	r->stream = tr_as_bool(tr_map_get_s(input, "stream"), false);
	if (given(proxy) && (!tr_is(proxy, TR_STRING) || http_is_cut(proxy)))
		return tr_outcome_error("input", false, "http: proxy must be a url, or \"\" for none");
	r->proxy = given(proxy) ? tr_keep(proxy) : tr_absent();
	r->deny = tr_keep(tr_map_get_s(config, "deny"));
	return read_timeout(r, config, input);
}

/* A credential by its name, or what is written out. */
static tr_value read_auth(http_request *r, tr_value input, int64_t deadline)
{
	tr_value fault, auth = auth_resolve(tr_map_get_s(input, "auth"), "http", deadline, &fault);

	if (!tr_is_valid(fault))
		fault = http_auth_read(r, auth);
	tr_drop(auth);
	return fault;
}

tr_value http_request_read(http_request *r, tr_value config, tr_value input, int64_t deadline)
{
	memset(r, 0, sizeof(*r));
	tr_value fault = read_method(r, input);
	if (!tr_is_valid(fault))
		fault = read_headers(r, input);
	if (!tr_is_valid(fault))
		fault = read_auth(r, input, deadline);
	if (!tr_is_valid(fault))
		fault = read_url(r, input);
	if (!tr_is_valid(fault))
		fault = http_body_read(r, input);
	if (!tr_is_valid(fault))
		fault = read_limits(r, config, input);
	return fault;
}

void http_request_fini(http_request *r)
{
	curl_slist_free_all(r->headers);
	curl_slist_free_all(r->secrets);
	tr_drop(r->url);
	tr_drop(r->host);
	tr_drop(r->body);
	tr_drop(r->form);
	tr_drop(r->files);
	tr_drop(r->proxy);
	tr_drop(r->deny);
	memset(r, 0, sizeof(*r));
}
