/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of services that are asked over HTTP, through the plugin `http`. */
#include "plugins/shared/auth/auth.h"
#include "plugins/shared/secrets/providers.h"
#include "plugins/shared/secrets/sign.h"

#include <stdlib.h>
#include <string.h>
#include <troupe/codec.h>

tr_value secret_fetch(secret_query *q, tr_value input)
{
	tr_value outcome = tr_plugin_run("http", input, tr_absent(), q->deadline);
	tr_value data = TR_GET(outcome, "result", "data");

	if (tr_str_is(tr_as_str(tr_map_get_s(outcome, "status")), "success") && tr_is(data, TR_MAP)) {
		data = tr_keep(data);
		tr_drop(outcome);
		return data;
	}
	tr_value kind = TR_GET(outcome, "error", "kind"), message = TR_GET(outcome, "error", "message");
	tr_value none =
	    secret_fault(q, tr_as_cstr(kind, "provider"), tr_as_bool(TR_GET(outcome, "error", "retryable"), false),
			 "%s: %s", q->name, tr_as_cstr(message, "the service gave no JSON object"));
	tr_drop(outcome);
	return none;
}

/* A setting of the task, of its credential, of the plugin, of the environment: the first that there is. Text that
 * the actor owns, or absent. */
static tr_value setting(secret_query *q, tr_value auth, const char *name, const char *variable)
{
	tr_value v = auth_text(q->input, name, NULL);

	if (!tr_is_valid(v))
		v = auth_text(auth, name, NULL);
	if (!tr_is_valid(v))
		v = auth_text(tr_map_get_s(q->config, tr_as_cstr(tr_map_get_s(q->input, "provider"), "")), name, NULL);
	const char *text = tr_is_valid(v) || variable == NULL ? NULL : getenv(variable);
	if (text != NULL && *text != '\0')
		v = tr_string_lossy(text, strlen(text));
	return tr_is_valid(v) ? tr_own_value(v) : v; /* the actor may be ended while it waits for the service */
}

static tr_value credential(secret_query *q)
{
	return auth_resolve(tr_map_get_s(q->input, "auth"), "secrets", q->deadline, &q->fault);
}

/* ---- Vault: GET address/v1/mount/data/path, token in X-Vault-Token ---- */

static tr_value vault_url(secret_query *q, tr_value address)
{
	const char *slash = strchr(q->name, '/');
	int mount = slash == NULL ? 6 : (int)(slash - q->name);

	return tr_stringf("%s/v1/%.*s/data/%s", tr_as_cstr(address, ""), mount, slash == NULL ? "secret" : q->name,
			  slash == NULL ? q->name : slash + 1);
}

tr_value secret_from_vault(secret_query *q)
{
	tr_value auth = credential(q);
	if (tr_is_valid(q->fault))
		return tr_absent();
	tr_value address = setting(q, auth, "address", "VAULT_ADDR"), token = setting(q, auth, "token", "VAULT_TOKEN");
	tr_value version = tr_map_get_s(q->input, "version"), found = tr_absent();

	tr_drop(auth);
	if (!tr_is_valid(address) || !tr_is_valid(token)) {
		secret_fault(q, "auth", false,
			     "vault needs an address and a token (auth, settings, VAULT_ADDR, VAULT_TOKEN)");
	} else {
		tr_value headers = TR_DICT("X-Vault-Token", tr_keep(token));
		tr_value input = TR_DICT("url", vault_url(q, address), "headers", headers);
		if (tr_is_valid(version) && !tr_is_nil(version))
			input = tr_map_put_s(input, "params", TR_DICT("version", tr_keep(version)));
		tr_value data = secret_fetch(q, input);
		tr_value fields = tr_keep(TR_GET(data, "data", "data"));
		tr_drop(data);
		if (tr_is(fields, TR_MAP))
			found = secret_field(q, fields);
		else if (!tr_is_valid(q->fault))
			secret_fault(q, "not_found", false, "vault has no current version of %s", q->name);
	}
	return found;
}

/* ---- Google: GET endpoint/v1/NAME/versions/V:access, bearer token ---- */

/* Base64 payload of a version; text as it is, JSON objects by `field`. */
static tr_value gcp_payload(secret_query *q, tr_value data)
{
	tr_buf bytes = {0};
	tr_err err = tr_base64_read(&bytes, tr_as_str(TR_GET(data, "payload", "data")));
	tr_value v = err == TR_OK ? tr_string_lossy(bytes.p, bytes.n) : tr_absent();

	if (tr_is_valid(tr_map_get_s(q->input, "field")) && tr_is_valid(v))
		tr_assign(&v, tr_json_read(tr_buf_str(&bytes), NULL, NULL));
	tr_buf_fini(&bytes);
	if (!tr_is_valid(v))
		return secret_fault(q, "provider", false, "the answer for %s has no payload that can be read", q->name);
	return secret_field(q, v);
}

static tr_value gcp_url(secret_query *q, tr_value endpoint, tr_value project)
{
	tr_value version = auth_text(q->input, "version", NULL);
	const char *base = tr_as_cstr(endpoint, "https://secretmanager.googleapis.com");
	const char *v = tr_as_cstr(version, "latest");
	tr_value url =
	    strncmp(q->name, "projects/", 9) == 0
		? tr_stringf("%s/v1/%s%s%s%s", base, q->name, strstr(q->name, "/versions/") ? "" : "/versions/",
			     strstr(q->name, "/versions/") ? "" : v, ":access")
		: tr_stringf("%s/v1/projects/%s/secrets/%s/versions/%s:access", base, tr_as_cstr(project, ""), q->name,
			     v);
	tr_drop(version);
	return url;
}

tr_value secret_from_gcp(secret_query *q)
{
	tr_value auth = credential(q);
	if (tr_is_valid(q->fault))
		return tr_absent();
	tr_value token = setting(q, auth, "token", "GOOGLE_OAUTH_ACCESS_TOKEN");
	tr_value project = setting(q, auth, "project", "GOOGLE_CLOUD_PROJECT"), found = tr_absent();
	tr_value endpoint = setting(q, auth, "endpoint", NULL);

	tr_drop(auth);
	if (!tr_is_valid(token)) {
		secret_fault(q, "auth", false, "gcp needs an access token (auth, settings, GOOGLE_OAUTH_ACCESS_TOKEN)");
	} else if (!tr_is_valid(project) && strncmp(q->name, "projects/", 9) != 0) {
		secret_fault(q, "input", false, "gcp needs a project, or the name as projects/P/secrets/S");
	} else {
		tr_value bearer = TR_DICT("type", tr_string("bearer"), "token", tr_keep(token));
		tr_value data = secret_fetch(q, TR_DICT("url", gcp_url(q, endpoint, project), "auth", bearer));
		if (tr_is_valid(data))
			found = gcp_payload(q, data);
		tr_drop(data);
	}
	return found;
}

/* ---- AWS: POST, JSON 1.1, signed ---- */

static tr_value aws_value(secret_query *q, tr_value data)
{
	tr_value text = tr_map_get_s(data, "SecretString"), v;

	if (!tr_is(text, TR_STRING))
		return secret_fault(q, "provider", false, "the answer for %s has no SecretString", q->name);
	if (!tr_is_valid(tr_map_get_s(q->input, "field")))
		return tr_keep(text);
	v = tr_json_read(tr_as_str(text), NULL, NULL);
	return tr_is(v, TR_MAP)
		   ? secret_field(q, v)
		   : secret_fault(q, "provider", false, "%s is no JSON object, so it has no fields", q->name);
}

static tr_value aws_fetch(secret_query *q, const aws_keys *keys, tr_value endpoint)
{
	tr_value version = tr_map_get_s(q->input, "version");
	tr_value body = TR_DICT("SecretId", tr_string(q->name));

	if (tr_is(version, TR_STRING))
		body = tr_map_put_s(body, "VersionStage", tr_keep(version));
	tr_value text = tr_json_string(body, TR_JSON_COMPACT);
	tr_drop(body);
	tr_value url = tr_is_valid(endpoint) ? tr_keep(endpoint)
					     : tr_stringf("https://secretsmanager.%s.amazonaws.com/", keys->region);
	tr_value headers = aws_sign(keys, tr_as_cstr(url, ""), "secretsmanager", "secretsmanager.GetSecretValue",
				    tr_as_str(text), tr_wall_us() / 1000000);
	return secret_fetch(q, TR_DICT("url", url, "method", tr_string("POST"), "headers", headers, "body", text));
}

tr_value secret_from_aws(secret_query *q)
{
	tr_value auth = credential(q), found = tr_absent();
	if (tr_is_valid(q->fault))
		return tr_absent();
	tr_value id = setting(q, auth, "access_key_id", "AWS_ACCESS_KEY_ID");
	tr_value key = setting(q, auth, "secret_access_key", "AWS_SECRET_ACCESS_KEY");
	tr_value token = setting(q, auth, "session_token", "AWS_SESSION_TOKEN");
	tr_value region = setting(q, auth, "region", "AWS_REGION"), endpoint = setting(q, auth, "endpoint", NULL);

	tr_drop(auth);
	if (!tr_is_valid(id) || !tr_is_valid(key) || !tr_is_valid(region)) {
		secret_fault(q, "auth", false,
			     "aws needs access_key_id, secret_access_key and region (auth, settings, AWS_… variables)");
	} else {
		aws_keys keys = {tr_as_cstr(id, ""), tr_as_cstr(key, ""), tr_as_cstr(token, ""),
				 tr_as_cstr(region, "")};
		tr_value data = aws_fetch(q, &keys, endpoint);
		if (tr_is_valid(data))
			found = aws_value(q, data);
		tr_drop(data);
	}
	return found;
}
