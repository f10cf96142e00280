/* SPDX-License-Identifier: Apache-2.0 */
/* `auth` written out in a task: bearer, basic, api_key, header. Names of credentials are resolved before a command
 * comes here. */
#include "plugins/actions/http/request.h"
#include <string.h>
#include <troupe/codec.h>

static tr_str field(tr_value auth, const char *a, const char *b)
{
	tr_value v = tr_map_get_s(auth, a);

	return tr_as_str(tr_is_valid(v) ? v : tr_map_get_s(auth, b));
}

static tr_value missing(const char *type, const char *fields)
{
	return tr_outcome_error("auth", false, "http: auth of type %s needs %s", type, fields);
}

/* Adds "name: prefix value" to the headers that stay with the first origin. */
static tr_value put_secret(http_request *r, const char *type, tr_str name, const char *prefix, tr_str value)
{
	tr_buf text = {0};

	tr_buf_puts(&text, prefix);
	tr_buf_put(&text, value.p, value.n);
	bool ok = text.err == TR_OK && http_header_add(&r->secrets, name, tr_buf_str(&text));
	tr_buf_fini(&text);
	return ok ? tr_absent()
		  : tr_outcome_error("auth", false,
				     "http: auth of type %s has a name or value that cannot stand in a header", type);
}

static tr_value bearer(http_request *r, tr_value auth)
{
	tr_str token = field(auth, "token", "access_token");

	return token.n == 0 ? missing("bearer", "token")
			    : put_secret(r, "bearer", tr_s("Authorization"), "Bearer ", token);
}

static tr_value basic(http_request *r, tr_value auth)
{
	tr_str user = field(auth, "username", "user"), password = field(auth, "password", "pass");
	tr_buf pair = {0}, coded = {0};

	if (user.n == 0)
		return missing("basic", "username and password");
	tr_buf_put(&pair, user.p, user.n);
	tr_buf_putc(&pair, ':');
	tr_buf_put(&pair, password.p, password.n);
	tr_base64_write(&coded, tr_buf_str(&pair));
	tr_value fault = put_secret(r, "basic", tr_s("Authorization"), "Basic ", tr_buf_str(&coded));
	tr_buf_fini(&pair);
	tr_buf_fini(&coded);
	return fault;
}

static tr_value api_key(http_request *r, tr_value auth)
{
	tr_str name = field(auth, "header", "name"), value = field(auth, "value", "key");

	if (name.n == 0)
		name = tr_s("X-API-Key");
	return value.n == 0 ? missing("api_key", "key, and header when it is not X-API-Key")
			    : put_secret(r, "api_key", name, "", value);
}

static tr_value own_header(http_request *r, tr_value auth)
{
	tr_str name = field(auth, "name", "header"), value = field(auth, "value", "token");

	return name.n == 0 || value.n == 0 ? missing("header", "name and value")
					   : put_secret(r, "header", name, "", value);
}

tr_value http_auth_read(http_request *r, tr_value auth)
{
	const char *type = tr_as_cstr(tr_map_get_s(auth, "type"), "");

	if (!tr_is_valid(auth) || tr_is_nil(auth))
		return tr_absent();
	if (!tr_is(auth, TR_MAP))
		return tr_outcome_error(
		    "auth", false,
		    "http: the credential %s was not resolved; add it to the credential store, or write auth as "
		    "a mapping with a type",
		    tr_as_cstr(auth, "given"));
	if (strcmp(type, "bearer") == 0 || strcmp(type, "oauth2") == 0)
		return bearer(r, auth);
	if (strcmp(type, "basic") == 0)
		return basic(r, auth);
	if (strcmp(type, "api_key") == 0)
		return api_key(r, auth);
	if (strcmp(type, "header") == 0)
		return own_header(r, auth);
	return tr_outcome_error("auth", false,
				"http: auth type \"%s\" is not one of bearer, basic, api_key, header, oauth2", type);
}
