/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials. Fields: account (or url), user, and one of private_key (PEM; private_key_passphrase), password, token
 * (token_type OAUTH or PROGRAMMATIC_ACCESS_TOKEN); database, schema, warehouse, role.
 */
#include "plugins/shared/snowflake/target.h"
#include "plugins/shared/snowflake/jwt.h"
#include "plugins/shared/auth/auth.h"

#include <ctype.h>
#include <curl/curl.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>
#include <troupe/gen_server.h>
#include <troupe/log.h>

#define DOMAIN      ".snowflakecomputing.com"
#define JWT_SECONDS 3540 /* the server takes none that is good for more than an hour */
#define EARLY_NS    (300 * TR_SECOND)
#define MAX_TOKENS  256u

/* ---- fields ---- */

static tr_value field(tr_value fields, const char *a, const char *b)
{
	return tr_own_value(auth_text(fields, a, b, (const char *)NULL));
}

/* The account as a token names it: in upper case, without the region behind it. */
static tr_value account_name(tr_value account)
{
	tr_str s = tr_as_str(account);
	tr_buf out = {0};

	for (size_t i = 0; i < s.n && s.p[i] != '.'; i++)
		tr_buf_putc(&out, (char)toupper((unsigned char)s.p[i]));
	return tr_own_value(tr_string_buf(&out));
}

static tr_value upper(tr_value text)
{
	tr_str s = tr_as_str(text);
	tr_buf out = {0};

	for (size_t i = 0; i < s.n; i++)
		tr_buf_putc(&out, (char)toupper((unsigned char)s.p[i]));
	return tr_own_value(tr_string_buf(&out));
}

/* Names of hosts have no underscores. */
static tr_value url_of(tr_value account)
{
	tr_str s = tr_as_str(account);
	tr_buf out = {0};

	tr_buf_puts(&out, "https://");
	for (size_t i = 0; i < s.n; i++)
		tr_buf_putc(&out, (char)(s.p[i] == '_' ? '-' : tolower((unsigned char)s.p[i])));
	tr_buf_puts(&out, DOMAIN);
	return tr_own_value(tr_string_buf(&out));
}

static bool account_ok(tr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && strchr("._-", s.p[i]) == NULL)
			return false;
	return s.n > 0 && s.n <= 200;
}

static tr_value missing(const char *what)
{
	return tr_outcome_error("auth", false, "snowflake: %s", what);
}

static tr_value check_host(const snow_target *t)
{
	CURLU *u = curl_url();
	char *host = NULL;

	if (u != NULL && curl_url_set(u, CURLUPART_URL, tr_as_cstr(t->url, ""), 0) == CURLUE_OK)
		curl_url_get(u, CURLUPART_HOST, &host, 0);
	tr_value grant = tr_stringf("net:%s", host == NULL ? "?" : host);
	tr_value fault = host != NULL && tr_plugin_granted(tr_as_cstr(grant, "net"))
			     ? tr_absent()
			     : tr_outcome_denied(tr_as_cstr(grant, "net"), "snowflake may not reach %s",
						 host == NULL ? "this url" : host);
	tr_drop(grant);
	curl_free(host);
	curl_url_cleanup(u);
	return fault;
}

static tr_value check(const snow_target *t, bool account_good)
{
	if (!tr_is(t->url, TR_STRING) || !account_good)
		return missing(
		    "no account is named; auth needs account (as in account.snowflakecomputing.com), user, and "
		    "private_key, password or token");
	if (tr_is(t->token, TR_STRING))
		return check_host(t);
	if (!tr_is(t->user, TR_STRING) || (!tr_is(t->pem, TR_STRING) && !tr_is(t->password, TR_STRING)))
		return missing("auth needs user, and private_key, password or token");
	return check_host(t);
}

/* Which token is whose. */
static tr_value key_of(const snow_target *t)
{
	tr_value parts[] = {t->url, t->account, t->user, t->password, t->pem, t->passphrase, t->token};
	crypto_generichash_state hash;
	unsigned char sum[32];
	char hex[2 * sizeof sum + 1];

	crypto_generichash_init(&hash, NULL, 0, sizeof sum);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		const char *text = tr_as_cstr(parts[i], "");
		crypto_generichash_update(&hash, (const unsigned char *)text, strlen(text) + 1);
	}
	crypto_generichash_final(&hash, sum, sizeof sum);
	return tr_own_value(tr_string(sodium_bin2hex(hex, sizeof hex, sum, sizeof sum)));
}

static void read_fields(snow_target *t, tr_value all)
{
	tr_value account = field(all, "account", "account_identifier");

	t->fields = all;
	t->url = field(all, "url", "base_url");
	if (!tr_is(t->url, TR_STRING) && tr_is(account, TR_STRING) && account_ok(tr_as_str(account)))
		t->url = url_of(account);
	t->account = account_name(account);
	tr_value user = field(all, "user", "username");
	t->user = tr_is(user, TR_STRING) ? upper(user) : user;
	t->password = field(all, "password", "pass");
	t->pem = field(all, "private_key", "private_key_pem");
	t->passphrase = field(all, "private_key_passphrase", "passphrase");
	t->token = field(all, "token", "access_token");
	t->token_type = field(all, "token_type", NULL);
	t->database = field(all, "database", "db_name");
	t->schema = field(all, "schema", "db_schema");
	t->warehouse = field(all, "warehouse", NULL);
	t->role = field(all, "role", NULL);
	t->key = key_of(t);
}

/* Of a task only what says where to and in what its statements run. */
static tr_value fields_of(tr_value auth, tr_value input)
{
	static const char *const own[] = {"account", "url", "database", "schema", "warehouse", "role"};
	tr_value all = tr_is(auth, TR_MAP) ? auth : tr_map();

	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		tr_value v = tr_map_get_s(input, own[i]);
		if (tr_is_valid(v) && !tr_is_nil(v))
			all = tr_map_put_s(all, own[i], tr_keep(v));
	}
	return all;
}

snow_target *snow_target_read(tr_value auth, tr_value input, int64_t deadline, tr_value *fault)
{
	tr_value fields = auth_resolve(auth, "snowflake", deadline, fault);
	snow_target *t = tr_own_alloc(sizeof(*t));

	if (tr_is_valid(*fault))
		return NULL;
	if (t == NULL) {
		tr_drop(fields);
		*fault = tr_outcome_error("busy", true, "snowflake: out of memory");
		return NULL;
	}
	tr_value all = tr_own_value(fields_of(fields, input));
	read_fields(t, all);
	*fault = check(t, tr_is(t->url, TR_STRING));
	return tr_is_valid(*fault) ? NULL : t;
}

snow_target *snow_target_again(tr_value fields)
{
	snow_target *t = tr_own_alloc(sizeof(*t));

	if (t != NULL)
		read_fields(t, tr_own_value(tr_keep(fields)));
	return t;
}

/* ---- tokens ---- */

typedef struct signing {
	snow_key key;
	int64_t now_s;
	tr_value token, why;
} signing;

static void *sign(void *arg)
{
	signing *s = arg;

	s->token = snow_jwt(&s->key, s->now_s, JWT_SECONDS, &s->why);
	return NULL;
}

static tr_value make_jwt(const snow_target *t, int64_t *seconds, tr_value *fault)
{
	signing s = {.key = {tr_as_cstr(t->account, ""), tr_as_cstr(t->user, ""), tr_as_cstr(t->pem, ""),
			     tr_as_cstr(t->passphrase, NULL)},
		     .now_s = tr_wall_us() / 1000000,
		     .token = tr_absent(),
		     .why = tr_absent()};

	(void)tr_dirty(sign, &s, NULL);
	*seconds = JWT_SECONDS;
	if (!tr_is(s.token, TR_STRING))
		*fault = missing(tr_as_cstr(s.why, "the token cannot be made: the node is busy"));
	tr_drop(s.why);
	return s.token;
}

/* A session's token for a password, as the server's own drivers get it. */
static tr_value log_in(const snow_target *t, int64_t *seconds, int64_t deadline, tr_value *fault)
{
	tr_value body = TR_DICT("data", TR_DICT("ACCOUNT_NAME", tr_keep(t->account), "LOGIN_NAME", tr_keep(t->user),
						"PASSWORD", tr_keep(t->password), "CLIENT_APP_ID", tr_string("troupe"),
						"CLIENT_APP_VERSION", tr_string(TR_VERSION_STRING)));
	tr_value input =
	    TR_DICT("method", tr_string("POST"), "url",
		    tr_stringf("%s/session/v1/login-request", tr_as_cstr(t->url, "")), "json", body, "headers",
		    TR_DICT("Accept", tr_string("application/json")), "follow_redirects", tr_bool(false));
	tr_value outcome = tr_own_value(tr_plugin_run("http", input, tr_absent(), deadline));
	tr_value reply = TR_GET(outcome, "result", "data"), token = TR_GET(reply, "data", "token");

	*seconds = tr_as_int(TR_GET(reply, "data", "validityInSeconds"), 3600);
	if (tr_as_bool(tr_map_get_s(reply, "success"), false) && tr_is(token, TR_STRING))
		return tr_keep(token);
	if (tr_is(reply, TR_MAP))
		*fault = tr_outcome_error("auth", false, "snowflake: the server refuses the password of %s: %s",
					  tr_as_cstr(t->user, "?"),
					  tr_as_cstr(tr_map_get_s(reply, "message"), "it gives no reason"));
	else
		*fault =
		    tr_outcome_error(tr_as_cstr(TR_GET(outcome, "error", "kind"), "connection"),
				     tr_as_bool(TR_GET(outcome, "error", "retryable"), true), "snowflake: no login: %s",
				     tr_as_cstr(TR_GET(outcome, "error", "message"), "the answer is no JSON"));
	return tr_absent();
}

/* Fresh text: the one that the plugin's actor has, or a new one. */
static tr_value token_of(const snow_target *t, tr_pid plugin, bool again, int64_t deadline, tr_value *fault)
{
	tr_value known = again ? tr_nil() : tr_call(plugin, TR_LIST(tr_atom("token"), tr_keep(t->key)), deadline);
	tr_value text = secret_open(tr_array_at(known, 0)), token;
	int64_t seconds = 0;

	if (tr_is(text, TR_STRING)) {
		token = tr_keep(text);
		tr_drop(known);
		return token;
	}
	tr_drop(known);
	token = tr_is(t->pem, TR_STRING) ? make_jwt(t, &seconds, fault) : log_in(t, &seconds, deadline, fault);
	if (!tr_is(token, TR_STRING))
		return tr_absent();
	(void)tr_redact_add(tr_here(), tr_as_str(token), tr_absent());
	tr_cast(plugin, TR_LIST(tr_atom("token"), tr_keep(t->key), secret_wrap(tr_keep(token)),
				tr_int(tr_in(seconds * TR_SECOND))));
	return token;
}

tr_value snow_headers(const snow_target *t, tr_pid plugin, bool again, int64_t deadline, tr_value *fault)
{
	tr_value headers = TR_DICT("Accept", tr_string("application/json"));
	tr_value type = tr_string("KEYPAIR_JWT"), token;

	*fault = tr_absent();
	if (tr_is(t->token, TR_STRING)) {
		token = tr_keep(t->token);
		tr_assign(&type, tr_string(tr_as_cstr(t->token_type, "OAUTH")));
	} else {
		token = token_of(t, plugin, again, deadline, fault);
		if (!tr_is(t->pem, TR_STRING))
			tr_clear(&type);
	}
	if (tr_is_valid(*fault)) {
		tr_drop(type);
		tr_drop(headers);
		return tr_absent();
	}
	headers =
	    tr_map_put_s(headers, "Authorization",
			 tr_stringf(tr_is_valid(type) ? "Bearer %s" : "Snowflake Token=\"%s\"", tr_as_cstr(token, "")));
	if (tr_is_valid(type))
		headers = tr_map_put_s(headers, "X-Snowflake-Authorization-Token-Type", type);
	tr_drop(token);
	return headers;
}

/* ---- the plugin's actor ---- */

tr_value snow_tokens_get(snow_tokens *s, tr_value request)
{
	tr_value entry = tr_map_get(s->all, tr_array_at(request, 1));

	if (tr_as_int(tr_array_at(entry, 1), 0) - EARLY_NS <= tr_now())
		return tr_nil();
	return tr_keep(entry);
}

void snow_tokens_put(snow_tokens *s, tr_value request)
{
	if (tr_map_len(s->all) >= MAX_TOKENS) /* all can be had again */
		tr_assign(&s->all, tr_map());
	s->all = tr_map_put(s->all, tr_keep(tr_array_at(request, 1)),
			    TR_LIST(tr_keep(tr_array_at(request, 2)), tr_keep(tr_array_at(request, 3))));
}
