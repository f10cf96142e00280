/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials by name. */
#include "plugins/shared/auth/auth.h"

#include <stdarg.h>
#include <string.h>
#include <troupe/log.h>

static void secret_end(void *data)
{
	tr_value *v = data;

	tr_drop(*v);
	tr_free(v);
}

static const tr_class secret_class = {"secret", secret_end};

tr_value secret_wrap(tr_value v)
{
	tr_value *box = tr_alloc(sizeof(*box));

	if (box == NULL) {
		tr_drop(v);
		return tr_invalid(TR_ENOMEM);
	}
	*box = v;
	return tr_object(&secret_class, box);
}

tr_value secret_open(tr_value v)
{
	const tr_value *box = tr_as_object(v, &secret_class);

	return box == NULL ? v : *box;
}

static void redact_fields(tr_value fields)
{
	for (size_t i = 0; i < tr_map_len(fields); i++) {
		const tr_entry *e = &tr_map_entries(fields)[i];
		if (tr_is(e->value, TR_STRING) && tr_redact_name(tr_as_str(e->key)))
			(void)tr_redact_add(tr_here(), tr_as_str(e->value), tr_absent());
	}
}

static tr_value by_name(tr_value name, const char *kind, int64_t deadline, tr_value *fault)
{
	tr_value answer = tr_plugin_call("credentials", TR_LIST(tr_atom("get"), tr_keep(name)), deadline);
	tr_value fields = secret_open(tr_array_at(answer, 1));

	if (TR_IS_A(tr_array_at(answer, 0), ok) && tr_is(fields, TR_MAP)) {
		fields = tr_keep(fields);
		tr_drop(answer);
		redact_fields(fields);
		return fields;
	}
	tr_value why = tr_array_at(answer, 1);
	*fault = tr_outcome_error("auth", false, "%s: the credential %s cannot be had: %s", kind, tr_as_cstr(name, "?"),
				  tr_is(why, TR_STRING) ? tr_as_cstr(why, "")
				  : tr_is_valid(answer) ? "the store gave no mapping"
							: tr_err_text(tr_value_err(answer)));
	tr_drop(answer);
	return tr_absent();
}

tr_value auth_resolve(tr_value auth, const char *kind, int64_t deadline, tr_value *fault)
{
	*fault = tr_absent();
	if (!tr_is_valid(auth) || tr_is_nil(auth))
		return tr_absent();
	if (tr_is(auth, TR_STRING))
		return by_name(auth, kind, deadline, fault);
	auth = secret_open(auth);
	if (tr_is(auth, TR_MAP)) {
		/* A mapping may say which credential it is based on. */
		tr_value name = tr_map_get_s(auth, "credential");
		if (!tr_is(name, TR_STRING))
			return tr_keep(auth);
		tr_value base = by_name(name, kind, deadline, fault);
		return tr_is_valid(base) ? tr_map_merge(base, tr_keep(auth)) : base;
	}
	*fault = tr_outcome_error("auth", false, "%s: auth must be the name of a credential or a mapping, not %s", kind,
				  tr_type_name(tr_type_of(auth)));
	return tr_absent();
}

static tr_value scalar_text(tr_value v)
{
	v = secret_open(v);
	switch (tr_type_of(v)) {
	case TR_STRING:
		return tr_as_str(v).n > 0 ? tr_keep(v) : tr_absent();
	case TR_INT:
		return tr_stringf("%lld", (long long)tr_as_int(v, 0));
	case TR_BOOL:
		return tr_string(tr_as_bool(v, false) ? "true" : "false");
	default:
		return tr_absent();
	}
}

tr_value auth_text(tr_value fields, ...)
{
	va_list names;
	tr_value text = tr_absent();
	const char *name;

	va_start(names, fields);
	while (!tr_is_valid(text) && (name = va_arg(names, const char *)) != NULL)
		text = scalar_text(tr_map_get_s(fields, name));
	va_end(names);
	return text;
}
