/* SPDX-License-Identifier: Apache-2.0 */
/* Filters and tests: how they are listed, found and given their arguments. */
#ifndef TROUPE_TEMPLATE_NATIVE_H
#define TROUPE_TEMPLATE_NATIVE_H

#include <troupe/template.h>

struct eval;

#define MAX_PARAMS 8

/* Arguments as a caller wrote them. Everything is borrowed. */
struct args {
	const tr_value *pos;
	size_t npos;
	const tr_value *kwnames; /* strings */
	const tr_value *kwvals;
	size_t nkw;
};

/* argv[0] is the value, then one place a parameter, absent when not given. All borrowed; gives a fresh reference. */
typedef tr_value native_fn(struct eval *ev, const tr_value *argv);
/* For those that take any arguments. */
typedef tr_value native_var_fn(struct eval *ev, tr_value value, const struct args *args);

struct native {
	const char *name;
	const char *params; /* names behind the value, divided by blanks */
	unsigned required;  /* how many of them must be given */
	native_fn *fn;
	native_var_fn *var; /* when set, params and fn are not used */
};

/* Tables end with a NULL name. */
extern const struct native *const filter_tables[];
extern const struct native *const test_tables[];

/* map(attribute=…) and sum or join in one; not to be found by name. */
enum fused {
	FUSED_SUM,
	FUSED_JOIN
};
extern const struct native fused_filters[];

const struct native *filter_find(tr_str name);
const struct native *test_find(tr_str name);
size_t params_count(const char *params);
/* Which parameter has this name; params_count when none has. */
size_t params_index(const char *params, tr_str name);

#endif
