/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of this machine, and what the providers share. */
#include "plugins/shared/auth/auth.h"
#include "plugins/shared/secrets/providers.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/io.h>

#define FILE_MAX (1u << 20)

static const struct {
	const char *name;
	secret_provider *run;
} providers[] = {
    {"env", secret_from_env},
    {"file", secret_from_file},
    {"credential", secret_from_store},
    {"vault", secret_from_vault},
    {"gcp", secret_from_gcp},
    {"google", secret_from_gcp},
    {"gcp_secret_manager", secret_from_gcp},
    {"aws", secret_from_aws},
    {"aws_secrets_manager", secret_from_aws},
};

secret_provider *secret_provider_of(tr_str name)
{
	for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
		if (tr_str_is(name, providers[i].name))
			return providers[i].run;
	return NULL;
}

const char *secret_provider_names(void)
{
	return "env, file, credential, vault, gcp, aws";
}

tr_value secret_fault(secret_query *q, const char *kind, bool retryable, const char *fmt, ...)
{
	char text[600];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	q->fault = tr_outcome_error(kind, retryable, "secrets: %s", text);
	return tr_absent();
}

tr_value secret_field(secret_query *q, tr_value v)
{
	tr_value field = tr_map_get_s(q->input, "field");

	if (!tr_is(field, TR_STRING))
		return v;
	tr_value part = tr_map_get(v, field);
	if (!tr_is_valid(part)) {
		tr_drop(v);
		return secret_fault(q, "not_found", false, "%s has no field %s", q->name, tr_as_cstr(field, "?"));
	}
	part = tr_keep(part);
	tr_drop(v);
	return part;
}

/* Names that the operator lets through, "PREFIX_*" for all that begin so. */
static bool env_allowed(const secret_query *q)
{
	tr_value list = tr_map_get_s(q->config, "env");

	for (size_t i = 0; i < tr_array_len(list); i++) {
		tr_str name = tr_as_str(tr_array_at(list, i));
		bool prefix = name.n > 0 && name.p[name.n - 1] == '*';
		if (prefix ? strncmp(q->name, name.p, name.n - 1) == 0 : tr_str_is(name, q->name))
			return true;
	}
	return false;
}

tr_value secret_from_env(secret_query *q)
{
	if (!env_allowed(q))
		return secret_fault(
		    q, "denied", false,
		    "the grant secret:%s is missing; the operator gives it with --env %s or the setting "
		    "env of the plugin secrets",
		    q->name, q->name);
	const char *value = getenv(q->name);
	if (value == NULL)
		return secret_fault(q, "not_found", false, "the node's environment has no variable %s", q->name);
	return tr_string_lossy(value, strlen(value));
}

tr_value secret_from_file(secret_query *q)
{
	const char *folder = tr_as_cstr(tr_map_get_s(q->config, "folder"), "");

	if (folder[0] == '\0')
		return secret_fault(q, "denied", false,
				    "no folder of secrets is set; the operator sets `folder` of the plugin secrets");
	if (q->name[0] == '/' || strstr(q->name, "..") != NULL)
		return secret_fault(q, "denied", false, "the name %s leads out of the folder of secrets", q->name);
	tr_value path = tr_stringf("%s/%s", folder, q->name);
	tr_value bytes = tr_file_read(tr_as_cstr(path, ""), FILE_MAX);
	tr_drop(path);
	if (!tr_is_valid(bytes))
		return secret_fault(q, tr_value_err(bytes) == TR_ENOENT ? "not_found" : "io", false,
				    "the secret %s cannot be read: %s", q->name, tr_err_text(tr_value_err(bytes)));
	tr_str text = tr_as_str(bytes);
	while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
		text.n--;
	tr_value v = tr_string_lossy(text.p, text.n);
	tr_drop(bytes);
	return v;
}

tr_value secret_from_store(secret_query *q)
{
	tr_value name = tr_string(q->name), fields = auth_resolve(name, "secrets", q->deadline, &q->fault);

	tr_drop(name);
	return tr_is_valid(fields) ? secret_field(q, fields) : fields;
}
