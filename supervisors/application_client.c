/* SPDX-License-Identifier: Apache-2.0 */
/* The calls to the application controller. */
#include "supervisors/application.h"

#define DEPTH_MAX 64 /* of needs; deeper is a circle */

static tr_value ask(tr_value request)
{
	return tr_call_name(CONTROLLER_NAME, request, TR_FOREVER);
}

/* [code] or [code, why], or an invalid value (taken). */
static tr_err told(tr_value answer, tr_value *why)
{
	tr_err err = tr_value_err(answer);

	if (why != NULL)
		*why = tr_absent();
	if (err == TR_OK)
		err = (tr_err)tr_as_int(tr_array_at(answer, 0), TR_EINVAL);
	if (why != NULL && tr_array_len(answer) == 2)
		*why = tr_keep(tr_array_at(answer, 1));
	tr_drop(answer);
	return err;
}

tr_err tr_application_load(const tr_application *app)
{
	return told(ask(TR_LIST(tr_atom("load"), application_value(app))), NULL);
}

tr_err tr_application_unload(const char *name)
{
	return told(ask(TR_LIST(tr_atom("unload"), tr_string(name))), NULL);
}

tr_err tr_application_start(const char *name, tr_application_type type, tr_value *why)
{
	return told(ask(TR_LIST(TR_A(start), tr_string(name), tr_int((int64_t)type))), why);
}

tr_err tr_application_stop(const char *name)
{
	return told(ask(TR_LIST(TR_A(stop), tr_string(name))), NULL);
}

/* ---- with what it needs
 * -------------------------------------------------------------------------------------------------- */

static bool runs(const char *name)
{
	tr_value list = tr_application_which();
	bool found = false;

	for (size_t i = 0; i < tr_array_len(list); i++)
		found = found || tr_str_is(tr_as_str(tr_map_get_s(tr_array_at(list, i), "name")), name);
	tr_drop(list);
	return found;
}

static tr_err ensure(const char *name, tr_application_type type, tr_value *started, int depth, tr_value *why)
{
	if (depth > DEPTH_MAX) {
		*why = TR_LIST(tr_atom("needs_itself"), tr_string(name));
		return TR_EDEPTH;
	}
	if (runs(name))
		return TR_OK;
	for (;;) {
		tr_err err = tr_application_start(name, type, why);
		if (err == TR_OK)
			*started = tr_array_push(*started, tr_string(name));
		if (err != TR_EBUSY || !tr_is_valid(*why))
			return err;
		tr_value need = tr_keep(tr_array_at(*why, 1));
		tr_clear(why);
		err = ensure(tr_as_cstr(need, ""), type, started, depth + 1, why);
		tr_drop(need);
		if (err != TR_OK)
			return err;
	}
}

tr_err tr_application_ensure_all(const char *name, tr_application_type type, tr_value *why)
{
	tr_value started = tr_array();
	tr_value reason = tr_absent();
	tr_err err = ensure(name, type, &started, 0, &reason);

	for (size_t i = tr_array_len(started); err != TR_OK && i-- > 0;)
		(void)tr_application_stop(tr_as_cstr(tr_array_at(started, i), ""));
	tr_drop(started);
	if (why != NULL)
		*why = reason;
	else
		tr_drop(reason);
	return err;
}

/* ---- environment
 * ----------------------------------------------------------------------------------------------------------- */

tr_value tr_application_get_env(const char *name, const char *key)
{
	tr_value v;
	tr_err err = told(ask(TR_LIST(tr_atom("get_env"), tr_string(name), tr_string(key))), &v);

	return err == TR_OK || err == TR_ENOENT ? v : tr_invalid(err);
}

tr_err tr_application_set_env(const char *name, const char *key, tr_value value)
{
	return told(ask(TR_LIST(tr_atom("set_env"), tr_string(name), tr_string(key), value)), NULL);
}

tr_value tr_application_which(void)
{
	tr_value list;
	tr_err err = told(ask(TR_LIST(tr_atom("which"))), &list);

	return err == TR_OK ? list : tr_invalid(err);
}
