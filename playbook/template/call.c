/* SPDX-License-Identifier: Apache-2.0 */
/* Giving arguments their parameters, and calling what is not code of the template. */
#include <string.h>

#include "playbook/template/objects.h"

static const char *param_name(const char *params, size_t index, size_t *n)
{
	for (;;) {
		while (*params == ' ')
			params++;
		*n = strcspn(params, " ");
		if (index-- == 0)
			return params;
		params += *n;
	}
}

bool ev_bind(struct eval *ev, const char *what, const char *params, unsigned required, const struct args *args,
	     tr_value *out)
{
	size_t n = params_count(params), size;

	if (args->npos > n) {
		ev_fail(ev, TR_ETYPE, "%s takes at most %zu arguments, not %zu", what, n, args->npos);
		return false;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = i < args->npos ? args->pos[i] : tr_absent();
	for (size_t i = 0; i < args->nkw; i++) {
		tr_str name = tr_as_str(args->kwnames[i]);
		size_t at = params_index(params, name);
		if (at == n || is_given(out[at])) {
			ev_fail(ev, TR_ETYPE, at == n ? "%s has no parameter '%.*s'" : "%s gets two values for '%.*s'",
				what, TR_STR(name));
			return false;
		}
		out[at] = args->kwvals[i];
	}
	for (size_t i = 0; i < required; i++) {
		if (is_given(out[i]))
			continue;
		const char *name = param_name(params, i, &size);
		ev_fail(ev, TR_ETYPE, "%s needs the argument '%.*s'", what, (int)size, name);
		return false;
	}
	return true;
}

bool ev_no_args(struct eval *ev, const char *what, const struct args *args)
{
	if (args->npos == 0 && args->nkw == 0)
		return true;
	ev_fail(ev, TR_ETYPE, "%s takes no arguments", what);
	return false;
}

tr_value ev_native(struct eval *ev, const struct native *native, tr_value value, const struct args *args)
{
	tr_value argv[MAX_PARAMS + 1];

	if (native->var != NULL)
		return native->var(ev, value, args);
	argv[0] = value;
	if (!ev_bind(ev, native->name, native->params, native->required, args, argv + 1))
		return tr_invalid(TR_ETYPE);
	return native->fn(ev, argv);
}

bool has_method(tr_value v, tr_str name)
{
	/* The methods say themselves which names they know: asked with no evaluation, they do nothing else. */
	bool found = false;

	switch (tr_type_of(v)) {
	case TR_STRING:
	case TR_ATOM:
		str_method(NULL, v, name, NULL, &found);
		break;
	case TR_ARRAY:
		list_method(NULL, v, name, NULL, &found);
		break;
	case TR_MAP:
		dict_method(NULL, v, name, NULL, &found);
		break;
	case TR_INT:
	case TR_FLOAT:
	case TR_BOOL:
		number_method(NULL, v, name, NULL, &found);
		break;
	case TR_BINARY:
		bytes_method(NULL, v, name, NULL, &found);
		break;
	case TR_OBJECT:
		found = object_has_method(v, name);
		break;
	default:
		break;
	}
	return found;
}

static tr_value joiner_call(struct eval *ev, struct joiner_object *joiner, const struct args *args)
{
	if (!ev_no_args(ev, "a joiner", args))
		return tr_invalid(TR_ETYPE);
	if (joiner->used)
		return tr_keep(joiner->in.value);
	joiner->used = true;
	return ev_text(ev, (tr_str){"", 0});
}

tr_value ev_call(struct eval *ev, tr_value callee, const struct args *args)
{
	struct joiner_object *joiner;
	const struct bound_object *bound;

	callee = ev_resolve(ev, callee);
	joiner = tr_as_object(callee, &joiner_class);
	bound = tr_as_object(callee, &bound_class);
	if (!tr_is_valid(callee))
		return tr_invalid(TR_ETYPE);
	if (is_builtin(callee))
		return builtin_call(ev, callee, args);
	if (joiner != NULL)
		return joiner_call(ev, joiner, args);
	if (bound != NULL)
		return ev_method(ev, bound->in.value, bound->in.other, args);
	if (is_undefined(callee))
		return ev_undefined_fail(ev, callee);
	return ev_fail(ev, TR_ETYPE, "'%s' cannot be called", ev_type_name(callee));
}

tr_value ev_method(struct eval *ev, tr_value object, tr_value name, const struct args *args)
{
	tr_str text = tr_as_str(name);
	tr_value got = tr_absent();
	bool found = false;

	object = ev_loaded(ev, object);
	switch (tr_type_of(object)) {
	case TR_STRING:
	case TR_ATOM:
		got = str_method(ev, object, text, args, &found);
		break;
	case TR_ARRAY:
		got = list_method(ev, object, text, args, &found);
		break;
	case TR_MAP:
		got = dict_method(ev, object, text, args, &found);
		break;
	case TR_INT:
	case TR_FLOAT:
	case TR_BOOL:
		got = number_method(ev, object, text, args, &found);
		break;
	case TR_BINARY:
		got = bytes_method(ev, object, text, args, &found);
		break;
	case TR_OBJECT:
		got = object_method(ev, object, text, args, &found);
		break;
	default:
		break;
	}
	if (found || !tr_is_valid(object))
		return got;
	/* No method: perhaps an attribute that can be called. */
	tr_value attr = ev_attr(ev, object, name);
	if (!tr_is_valid(attr))
		return attr;
	if (is_undefined(attr) && !is_undefined(object))
		got = ev_fail(ev, TR_EUNDEFINED, "'%s' has no method '%.*s'", ev_type_name(object), TR_STR(text));
	else
		got = ev_call(ev, attr, args);
	tr_drop(attr);
	return got;
}
