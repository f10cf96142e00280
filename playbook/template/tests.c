/* SPDX-License-Identifier: Apache-2.0 */
/* The tests behind `is`. */
#include <math.h>
#include <string.h>

#include "playbook/template/filters.h"
#include "playbook/template/objects.h"

#define T(name) static tr_value name(struct eval *ev, const tr_value *a)
/* A test that only looks at what the value is. */
#define IS(name, condition)                        \
	T(name)                                    \
	{                                          \
		tr_value v = ev_resolve(ev, a[0]); \
		return tr_bool(condition);         \
	}

static bool is_callable(tr_value v)
{
	const tr_class *cls = tr_object_class(v);

	/* Undefined has a call, which fails. */
	return is_builtin(v) || is_undefined(v) || cls == &macro_class || cls == &bound_class || cls == &joiner_class ||
	       cls == &loop_class;
}

static bool is_iterable(tr_value v)
{
	const tr_class *cls = tr_object_class(v);

	return is_text(v) || tr_is(v, TR_ARRAY) || tr_is(v, TR_MAP) || tr_is(v, TR_BINARY) || is_undefined(v) ||
	       cls == &range_class || cls == &loop_class;
}

static bool is_sequence(tr_value v)
{
	if (is_view(v))
		return false;
	return is_text(v) || tr_is(v, TR_ARRAY) || tr_is(v, TR_MAP) || tr_is(v, TR_BINARY) || is_undefined(v) ||
	       tr_object_class(v) == &range_class;
}

IS(t_defined, !is_undefined(v))
IS(t_undefined, is_undefined(v))
IS(t_none, is_none(v))
IS(t_boolean, tr_is(v, TR_BOOL))
IS(t_true, tr_is(v, TR_BOOL) && v.as.b)
IS(t_false, tr_is(v, TR_BOOL) && !v.as.b)
IS(t_integer, tr_is(v, TR_INT))
IS(t_float, tr_is(v, TR_FLOAT))
IS(t_number, is_number(v))
IS(t_string, is_text(v))
IS(t_mapping, tr_is(v, TR_MAP))
IS(t_callable, is_callable(v))
IS(t_escaped, is_markup(v))

T(t_iterable)
{
	tr_value v = ev_resolve(ev, a[0]);

	if (is_undefined(v) && !ev_undefined_use(ev, v))
		return tr_invalid(TR_EUNDEFINED);
	return tr_bool(is_iterable(v));
}

T(t_sequence)
{
	tr_value v = ev_resolve(ev, a[0]);

	return tr_bool(is_sequence(v) && !(is_undefined(v) && ev->undefined == TR_UNDEFINED_STRICT));
}

T(t_sameas)
{
	tr_value v = ev_resolve(ev, a[0]), w = ev_resolve(ev, a[1]);

	if (v.type != w.type || v.aux != w.aux)
		return tr_bool(false);
	if (v.type >= (uint32_t)TR_STRING)
		return tr_bool(v.as.box == w.as.box || (is_text(v) && tr_equal(v, w)));
	return tr_bool(is_undefined(v) || tr_equal(v, w));
}

/* value % n, as a number: the rest when it is divided. */
static tr_value modulo(struct eval *ev, tr_value v, tr_value n)
{
	v = ev_resolve(ev, v);
	if (is_undefined(v))
		return ev_undefined_fail(ev, v);
	return ev_binary(ev, I_MOD, v, n);
}

static tr_value modulo_is(struct eval *ev, tr_value v, tr_value n, int64_t want)
{
	tr_value rest = modulo(ev, v, n);
	bool same = false;

	if (!tr_is_valid(rest))
		return rest;
	bool ok = ev_equal(ev, rest, tr_int(want), &same);
	tr_drop(rest);
	return ok ? tr_bool(same) : tr_invalid(TR_ETYPE);
}

T(t_odd)
{
	return modulo_is(ev, a[0], tr_int(2), 1);
}
T(t_even)
{
	return modulo_is(ev, a[0], tr_int(2), 0);
}
T(t_divisibleby)
{
	return modulo_is(ev, a[0], a[1], 0);
}

static tr_value text_test(struct eval *ev, tr_value v, bool (*test)(tr_str s))
{
	tr_value s = ev_str(ev, v);
	bool yes = tr_is_valid(s) && test(tr_as_str(s));

	if (!tr_is_valid(s))
		return s;
	tr_drop(s);
	return tr_bool(yes);
}

T(t_lower)
{
	return text_test(ev, a[0], text_is_lower);
}
T(t_upper)
{
	return text_test(ev, a[0], text_is_upper);
}

static tr_value named(struct eval *ev, tr_value v, const struct native *(*find)(tr_str name))
{
	v = ev_resolve(ev, v);
	if (tr_is(v, TR_MAP) || is_list(v))
		return ev_fail(ev, TR_ETYPE, "'%s' cannot be a name", ev_type_name(v));
	return tr_bool(is_text(v) && find(tr_as_str(v)) != NULL);
}

T(t_filter)
{
	return named(ev, a[0], filter_find);
}
T(t_test)
{
	return named(ev, a[0], test_find);
}

T(t_in)
{
	bool out;

	return ev_contains(ev, a[0], a[1], &out) ? tr_bool(out) : tr_invalid(TR_ETYPE);
}

T(t_eq)
{
	bool out;

	return ev_equal(ev, a[0], a[1], &out) ? tr_bool(out) : tr_invalid(TR_ETYPE);
}

T(t_ne)
{
	bool out;

	return ev_equal(ev, a[0], a[1], &out) ? tr_bool(!out) : tr_invalid(TR_ETYPE);
}

#define ORDER(name, op)                                                                          \
	T(name)                                                                                  \
	{                                                                                        \
		bool out;                                                                        \
		return ev_order(ev, op, a[0], a[1], &out) ? tr_bool(out) : tr_invalid(TR_ETYPE); \
	}
ORDER(t_gt, I_GT)
ORDER(t_ge, I_GE)
ORDER(t_lt, I_LT)
ORDER(t_le, I_LE)

const struct native type_tests[] = {
    {"defined", "", 0, t_defined, NULL},   {"undefined", "", 0, t_undefined, NULL},
    {"none", "", 0, t_none, NULL},         {"boolean", "", 0, t_boolean, NULL},
    {"true", "", 0, t_true, NULL},         {"false", "", 0, t_false, NULL},
    {"integer", "", 0, t_integer, NULL},   {"float", "", 0, t_float, NULL},
    {"number", "", 0, t_number, NULL},     {"string", "", 0, t_string, NULL},
    {"mapping", "", 0, t_mapping, NULL},   {"sequence", "", 0, t_sequence, NULL},
    {"iterable", "", 0, t_iterable, NULL}, {"callable", "", 0, t_callable, NULL},
    {"escaped", "", 0, t_escaped, NULL},   {"lower", "", 0, t_lower, NULL},
    {"upper", "", 0, t_upper, NULL},       {"filter", "", 0, t_filter, NULL},
    {"test", "", 0, t_test, NULL},         {NULL, NULL, 0, NULL, NULL},
};

const struct native compare_tests[] = {
    {"odd", "", 0, t_odd, NULL},
    {"even", "", 0, t_even, NULL},
    {"divisibleby", "num", 1, t_divisibleby, NULL},
    {"sameas", "other", 1, t_sameas, NULL},
    {"in", "seq", 1, t_in, NULL},
    {"==", "other", 1, t_eq, NULL},
    {"eq", "other", 1, t_eq, NULL},
    {"equalto", "other", 1, t_eq, NULL},
    {"!=", "other", 1, t_ne, NULL},
    {"ne", "other", 1, t_ne, NULL},
    {">", "other", 1, t_gt, NULL},
    {"gt", "other", 1, t_gt, NULL},
    {"greaterthan", "other", 1, t_gt, NULL},
    {">=", "other", 1, t_ge, NULL},
    {"ge", "other", 1, t_ge, NULL},
    {"<", "other", 1, t_lt, NULL},
    {"lt", "other", 1, t_lt, NULL},
    {"lessthan", "other", 1, t_lt, NULL},
    {"<=", "other", 1, t_le, NULL},
    {"le", "other", 1, t_le, NULL},
    {NULL, NULL, 0, NULL, NULL},
};
