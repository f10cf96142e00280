/* SPDX-License-Identifier: Apache-2.0 */
/* Error names and string views. */
#include <string.h>

#include <troupe/base.h>

const char *tr_err_name(tr_err err)
{
	switch (err) {
#define X(name, code, text) \
	case TR_##name:     \
		return #name;
		TR_ERRORS(X)
#undef X
	}
	return "EUNKNOWN";
}

const char *tr_err_text(tr_err err)
{
	switch (err) {
#define X(name, code, text) \
	case TR_##name:     \
		return text;
		TR_ERRORS(X)
#undef X
	}
	return "unknown error";
}

tr_str tr_s(const char *z)
{
	return (tr_str){z, z != NULL ? strlen(z) : 0};
}

bool tr_str_eq(tr_str a, tr_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool tr_str_is(tr_str a, const char *z)
{
	return tr_str_eq(a, tr_s(z));
}
