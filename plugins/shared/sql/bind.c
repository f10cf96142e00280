/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of statements. */
#include "plugins/shared/sql/scan.h"
#include "plugins/shared/sql/sql.h"

#include <stdlib.h>

typedef struct binder {
	tr_value params;
	tr_value values; /* those used so far */
	tr_value names;  /* map of name -> number */
	tr_buf *out;
	size_t brackets;
	tr_value *why;
} binder;

/* :name becomes $n, the same for each use of a name. */
static bool named(binder *b, tr_str unit)
{
	tr_value value = tr_map_get_n(b->params, unit.p + 1, unit.n - 1);

	if (!tr_is_valid(value) && b->brackets > 0) { /* from[low:high], {key:column} */
		tr_buf_put(b->out, unit.p, unit.n);
		return true;
	}
	if (!tr_is_valid(value)) {
		*b->why = tr_stringf("the statement uses %.*s, and params has no %.*s", (int)unit.n, unit.p,
				     (int)unit.n - 1, unit.p + 1);
		return false;
	}
	int64_t number = tr_as_int(tr_map_get_n(b->names, unit.p + 1, unit.n - 1), 0);
	if (number == 0) {
		b->values = tr_array_push(b->values, tr_keep(value));
		number = (int64_t)tr_array_len(b->values);
		b->names = tr_map_put(b->names, tr_string_n(unit.p + 1, unit.n - 1), tr_int(number));
	}
	tr_buf_putf(b->out, "$%lld", (long long)number);
	return true;
}

/* $n takes the values up to the n-th. */
static bool numbered(binder *b, tr_str unit)
{
	size_t number = (size_t)strtoul(unit.p + 1, NULL, 10), given = tr_array_len(b->params);

	if (number == 0 || number > given) {
		*b->why = tr_stringf("the statement uses %.*s, and params has %zu value%s", (int)unit.n, unit.p, given,
				     given == 1 ? "" : "s");
		return false;
	}
	for (size_t i = tr_array_len(b->values); i < number; i++)
		b->values = tr_array_push(b->values, tr_keep(tr_array_at(b->params, i)));
	tr_buf_put(b->out, unit.p, unit.n);
	return true;
}

static bool unit_bound(binder *b, sql_unit unit, tr_str text)
{
	if (unit == SQL_NAMED && tr_is(b->params, TR_MAP))
		return named(b, text);
	if (unit == SQL_NUMBERED && tr_is(b->params, TR_ARRAY))
		return numbered(b, text);
	if (unit == SQL_OTHER && (text.p[0] == '[' || text.p[0] == '{'))
		b->brackets++;
	if (unit == SQL_OTHER && (text.p[0] == ']' || text.p[0] == '}') && b->brackets > 0)
		b->brackets--;
	tr_buf_put(b->out, text.p, text.n);
	return true;
}

tr_value sql_bind(tr_str statement, tr_value params, tr_buf *out, tr_value *why)
{
	binder b = {.params = params, .values = tr_array(), .names = tr_map(), .out = out, .why = why};
	size_t at = 0;
	bool ok = true;

	*why = tr_absent();
	while (ok && at < statement.n) {
		size_t from = at;
		sql_unit unit = sql_next(statement, &at);
		ok = unit_bound(&b, unit, (tr_str){statement.p + from, at - from});
	}
	tr_drop(b.names);
	if (ok)
		return b.values;
	tr_drop(b.values);
	return tr_absent();
}
