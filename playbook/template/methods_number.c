/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of int, float and bytes. */
#include <math.h>
#include <string.h>

#include "playbook/template/strings.h"

#define M(name) static tr_value name(struct eval *ev, tr_value self, const tr_value *argv)

M(m_is_integer)
{
	(void)ev;
	(void)argv;
	return tr_bool(self.as.d == floor(self.as.d) && isfinite(self.as.d));
}

M(m_bit_length)
{
	int64_t i = int_of(self);
	uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;

	(void)ev;
	(void)argv;
	return tr_int(u == 0 ? 0 : 64 - __builtin_clzll(u));
}

M(m_bit_count)
{
	int64_t i = int_of(self);

	(void)ev;
	(void)argv;
	return tr_int(__builtin_popcountll(i < 0 ? 0 - (uint64_t)i : (uint64_t)i));
}

M(m_conjugate)
{
	(void)ev;
	(void)argv;
	return tr_is(self, TR_BOOL) ? tr_int(int_of(self)) : self;
}

static const struct method int_methods[] = {
    {"bit_count", "", 0, m_bit_count, NULL},
    {"bit_length", "", 0, m_bit_length, NULL},
    {"conjugate", "", 0, m_conjugate, NULL},
};

M(m_as_integer_ratio)
{
	int exponent;
	double m = frexp(self.as.d, &exponent);

	(void)argv;
	if (!isfinite(self.as.d))
		return ev_fail(ev, TR_ERANGE, "there is no ratio for this number");
	for (int i = 0; i < 53 && m != floor(m); i++, exponent--)
		m *= 2;
	if (exponent > 62 || exponent < -62 || fabs(ldexp(m, exponent > 0 ? exponent : 0)) >= 9.2e18)
		return ev_fail(ev, TR_ERANGE, "the result is an integer beyond 64 bits");
	ev->special = true;
	return ev_pair(tr_int((int64_t)ldexp(m, exponent > 0 ? exponent : 0)),
		       tr_int(exponent < 0 ? (int64_t)1 << -exponent : 1));
}

static const struct method float_methods[] = {
    {"as_integer_ratio", "", 0, m_as_integer_ratio, NULL},
    {"conjugate", "", 0, m_conjugate, NULL},
    {"is_integer", "", 0, m_is_integer, NULL},
};

tr_value number_method(struct eval *ev, tr_value n, tr_str name, const struct args *args, bool *found)
{
	return method_call(ev, n, tr_is(n, TR_FLOAT) ? float_methods : int_methods, 3, name, args, found);
}

M(m_decode)
{
	tr_str s = tr_as_str(self), name = is_given(argv[0]) ? tr_as_str(argv[0]) : tr_s("utf-8");

	if (strncmp(name.p, "utf", 3) != 0 && strncmp(name.p, "UTF", 3) != 0 && strncmp(name.p, "ascii", 5) != 0)
		return ev_fail(ev, TR_EUNSUPPORTED, "only utf-8 and ascii are known encodings");
	if (!tr_utf8_valid(s, NULL) || (name.p[0] == 'a' && !uni_is_ascii(s)))
		return ev_fail(ev, TR_EENCODING, "the bytes are not text in this encoding");
	return ev_text(ev, s);
}

M(m_hex)
{
	tr_str s = tr_as_str(self);
	tr_buf out = {.max = ev->memory};

	(void)argv;
	for (size_t i = 0; i < s.n; i++)
		tr_buf_putf(&out, "%02x", (unsigned char)s.p[i]);
	return ev_take_text(ev, &out);
}

static const struct method bytes_methods[] = {
    {"decode", "encoding errors", 0, m_decode, NULL},
    {"hex", "", 0, m_hex, NULL},
};

tr_value bytes_method(struct eval *ev, tr_value b, tr_str name, const struct args *args, bool *found)
{
	return method_call(ev, b, bytes_methods, 2, name, args, found);
}
