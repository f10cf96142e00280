/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic as Python's, and what + * % mean on text and sequences. Integers that leave 64 bits are an error. */
#include <math.h>
#include <string.h>

#include "playbook/template/eval.h"
#include "playbook/template/format.h"
#include "playbook/template/objects.h"
#include "playbook/template/unicode.h"

static const char *op_sign(unsigned op)
{
	static const char *const signs[] = {"+", "-", "*", "/", "//", "%", "**"};

	return signs[op - I_ADD];
}

static tr_value overflow(struct eval *ev)
{
	return ev_fail(ev, TR_ERANGE, "the result is an integer beyond 64 bits");
}

static tr_value bad_operands(struct eval *ev, unsigned op, tr_value a, tr_value b)
{
	if (is_undefined(a) || is_undefined(b))
		return ev_undefined_fail(ev, is_undefined(a) ? a : b);
	return ev_fail(ev, TR_ETYPE, "'%s' does not work between '%s' and '%s'", op_sign(op), ev_type_name(a),
		       ev_type_name(b));
}

/* Python's floor division and modulo: the remainder has the divisor's sign. */
static tr_value int_divide(struct eval *ev, unsigned op, int64_t x, int64_t y)
{
	if (y == 0)
		return ev_fail(ev, TR_ERANGE, "division by zero");
	if (y == -1) {
		if (op == I_MOD)
			return tr_int(0);
		return x == INT64_MIN ? overflow(ev) : tr_int(-x);
	}
	int64_t q = x / y, r = x % y;
	if (r != 0 && (r < 0) != (y < 0)) {
		q--;
		r += y;
	}
	return tr_int(op == I_MOD ? r : q);
}

static tr_value float_divide(struct eval *ev, unsigned op, double x, double y)
{
	if (y == 0)
		return ev_fail(ev, TR_ERANGE, "division by zero");
	double r = fmod(x, y), q = (x - r) / y;
	if (r != 0 && (r < 0) != (y < 0)) {
		r += y;
		q -= 1;
	} else if (r == 0) {
		r = copysign(0, y);
	}
	if (op == I_MOD)
		return tr_float(r);
	if (q == 0)
		return tr_float(copysign(0, x / y));
	double whole = floor(q);
	return tr_float(q - whole > 0.5 ? whole + 1 : whole);
}

static tr_value float_power(struct eval *ev, double x, double y)
{
	if (x == 0 && y < 0)
		return ev_fail(ev, TR_ERANGE, "0 cannot be raised to a negative power");
	if (x < 0 && isfinite(x) && isfinite(y) && y != floor(y))
		return ev_fail(ev, TR_ETYPE, "the result is a complex number");
	double r = pow(x, y);
	if (isinf(r) && isfinite(x) && isfinite(y))
		return ev_fail(ev, TR_ERANGE, "the result is too large");
	return tr_float(r);
}

static tr_value int_power(struct eval *ev, int64_t x, int64_t y)
{
	int64_t result = 1;

	if (y < 0)
		return float_power(ev, (double)x, (double)y);
	while (y > 0) {
		if ((y & 1) && __builtin_mul_overflow(result, x, &result))
			return overflow(ev);
		y >>= 1;
		if (y > 0 && __builtin_mul_overflow(x, x, &x)) {
			/* The square is still to be used, unless everything left is zero. */
			return overflow(ev);
		}
	}
	return tr_int(result);
}

static tr_value int_binary(struct eval *ev, unsigned op, int64_t x, int64_t y)
{
	int64_t r;

	switch (op) {
	case I_ADD:
		return __builtin_add_overflow(x, y, &r) ? overflow(ev) : tr_int(r);
	case I_SUB:
		return __builtin_sub_overflow(x, y, &r) ? overflow(ev) : tr_int(r);
	case I_MUL:
		return __builtin_mul_overflow(x, y, &r) ? overflow(ev) : tr_int(r);
	case I_DIV:
		if (y == 0)
			return ev_fail(ev, TR_ERANGE, "division by zero");
		/* Exact where both fit a double; else through long double, which has 64 bits. */
		return tr_float((double)((long double)x / (long double)y));
	case I_POW:
		return int_power(ev, x, y);
	default:
		return int_divide(ev, op, x, y);
	}
}

static tr_value number_binary(struct eval *ev, unsigned op, tr_value a, tr_value b)
{
	if (is_integral(a) && is_integral(b))
		return int_binary(ev, op, int_of(a), int_of(b));
	double x = float_of(a), y = float_of(b);
	switch (op) {
	case I_ADD:
		return tr_float(x + y);
	case I_SUB:
		return tr_float(x - y);
	case I_MUL:
		return tr_float(x * y);
	case I_DIV:
		return y == 0 ? ev_fail(ev, TR_ERANGE, "division by zero") : tr_float(x / y);
	case I_POW:
		return float_power(ev, x, y);
	default:
		return float_divide(ev, op, x, y);
	}
}

static tr_value join_text(struct eval *ev, tr_value a, tr_value b)
{
	tr_str x = tr_as_str(a), y = tr_as_str(b);
	tr_buf out = {.max = ev->memory};

	tr_buf_put(&out, x.p, x.n);
	tr_buf_put(&out, y.p, y.n);
	return ev_take_text(ev, &out);
}

static tr_value add_text(struct eval *ev, tr_value a, tr_value b)
{
	if (!is_markup(a) && !is_markup(b))
		return join_text(ev, a, b);
	tr_value x = ev_escape(ev, a), y = ev_escape(ev, b), sum = tr_invalid(TR_ENOMEM);
	if (tr_is_valid(x) && tr_is_valid(y))
		sum = py_markup(join_text(ev, x, y));
	tr_drop(x);
	tr_drop(y);
	return sum;
}

static tr_value add_arrays(struct eval *ev, tr_value a, tr_value b)
{
	size_t x = tr_array_len(a), y = tr_array_len(b);

	if (!ev_charge(ev, (x + y) * sizeof(tr_value)) || !ev_spend(ev, x + y))
		return tr_invalid(TR_ELIMIT);
	tr_value sum = tr_array_with(x + y + 1); /* always a list of its own */
	for (size_t i = 0; i < x; i++)
		sum = tr_array_push(sum, tr_keep(tr_array_at(a, i)));
	for (size_t i = 0; i < y; i++)
		sum = tr_array_push(sum, tr_keep(tr_array_at(b, i)));
	return tr_is_valid(sum) ? py_sequence(sum, (enum seq_kind)a.aux) : ev_invalid(ev, sum);
}

static bool repeat_fits(struct eval *ev, size_t n, int64_t times, size_t each)
{
	size_t total;

	if (times <= 0 || n == 0)
		return true;
	if (__builtin_mul_overflow(n, (size_t)times, &total) || __builtin_mul_overflow(total, each, &total)) {
		ev_fail(ev, TR_ELIMIT, "the result is larger than the limit of memory");
		return false;
	}
	return ev_charge(ev, total) && ev_spend(ev, total / 16);
}

static tr_value repeat(struct eval *ev, tr_value v, int64_t times)
{
	if (is_text(v)) {
		tr_str s = tr_as_str(v);
		tr_buf out = {0};
		if (!repeat_fits(ev, s.n, times, 1))
			return tr_invalid(TR_ELIMIT);
		for (int64_t i = 0; i < times && s.n > 0; i++)
			tr_buf_put(&out, s.p, s.n);
		tr_value text = ev_take_text(ev, &out);
		return is_markup(v) ? py_markup(text) : text;
	}
	size_t n = tr_array_len(v);
	if (!repeat_fits(ev, n, times, sizeof(tr_value)))
		return tr_invalid(TR_ELIMIT);
	tr_value array = tr_array_with(times > 0 ? n * (size_t)times + 1 : 1);
	for (int64_t i = 0; i < times && n > 0; i++)
		for (size_t j = 0; j < n; j++)
			array = tr_array_push(array, tr_keep(tr_array_at(v, j)));
	return tr_is_valid(array) ? py_sequence(array, (enum seq_kind)v.aux) : ev_invalid(ev, array);
}

static bool is_repeatable(tr_value v)
{
	return is_text(v) || is_list(v) || is_tuple(v);
}

tr_value ev_binary(struct eval *ev, unsigned op, tr_value a, tr_value b)
{
	if (is_number(a) && is_number(b))
		return number_binary(ev, op, a, b);
	a = ev_resolve(ev, a);
	b = ev_resolve(ev, b);
	if (!tr_is_valid(a) || !tr_is_valid(b))
		return tr_invalid(TR_ETYPE);
	if (is_number(a) && is_number(b))
		return number_binary(ev, op, a, b);
	if (op == I_ADD && is_text(a) && is_text(b))
		return add_text(ev, a, b);
	if (op == I_ADD && ((is_list(a) && is_list(b)) || (is_tuple(a) && is_tuple(b))))
		return add_arrays(ev, a, b);
	if (op == I_MUL && is_repeatable(a) && is_integral(b))
		return repeat(ev, a, int_of(b));
	if (op == I_MUL && is_repeatable(b) && is_integral(a))
		return repeat(ev, b, int_of(a));
	if (op == I_MOD && is_text(a))
		return format_percent(ev, a, b);
	return bad_operands(ev, op, a, b);
}

tr_value ev_unary(struct eval *ev, unsigned op, tr_value a)
{
	a = ev_resolve(ev, a);
	if (!tr_is_valid(a))
		return tr_invalid(TR_ETYPE);
	if (is_integral(a)) {
		int64_t i = int_of(a);
		if (op == I_POS)
			return tr_int(i);
		return i == INT64_MIN ? overflow(ev) : tr_int(-i);
	}
	if (tr_is(a, TR_FLOAT))
		return tr_float(op == I_POS ? a.as.d : -a.as.d);
	if (is_undefined(a))
		return ev_undefined_fail(ev, a);
	return ev_fail(ev, TR_ETYPE, "'%s' does not work on '%s'", op == I_POS ? "+" : "-", ev_type_name(a));
}

bool ev_index(struct eval *ev, tr_value v, const char *what, int64_t *out)
{
	v = ev_resolve(ev, v);
	if (is_integral(v)) {
		*out = int_of(v);
		return true;
	}
	if (is_undefined(v))
		ev_undefined_fail(ev, v);
	else if (tr_is_valid(v))
		ev_fail(ev, TR_ETYPE, "%s must be an integer, not '%s'", what, ev_type_name(v));
	return false;
}
