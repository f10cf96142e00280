/* SPDX-License-Identifier: Apache-2.0 */
/* Results of tasks. */
#include "plugins/shared/sql/answer.h"

#include <stdio.h>

void sql_answer_init(sql_answer *a)
{
	*a = (sql_answer){.rows = tr_array(), .columns = tr_array(), .status = tr_nil()};
}

void sql_answer_fini(sql_answer *a)
{
	tr_clear(&a->rows);
	tr_clear(&a->columns);
	tr_clear(&a->status);
}

void sql_total_init(sql_total *t)
{
	*t = (sql_total){.commands = tr_map(), .last = tr_absent()};
}

void sql_total_fini(sql_total *t)
{
	tr_clear(&t->commands);
	tr_clear(&t->last);
}

void sql_total_add(sql_total *t, const sql_answer *a)
{
	char key[32];
	tr_value one = TR_DICT("rows", tr_keep(a->rows), "row_count", tr_int((int64_t)tr_array_len(a->rows)), "columns",
			       tr_keep(a->columns), "affected_rows", tr_int(a->affected), "status", tr_keep(a->status));

	if (!a->has_rows)
		t->affected += a->affected;
	if (a->has_rows || !t->rows)
		tr_assign(&t->last, tr_keep(one));
	t->rows = t->rows || a->has_rows;
	(void)snprintf(key, sizeof key, "command_%zu", t->count++);
	t->commands = tr_map_put_s(t->commands, key, one);
}

tr_value sql_total_result(const sql_total *t)
{
	tr_value result = tr_map_merge(tr_keep(t->last), tr_keep(t->commands));

	result = tr_map_put_s(result, "affected_rows", tr_int(t->affected));
	return tr_map_put_s(result, "statement_count", tr_int((int64_t)t->count));
}
