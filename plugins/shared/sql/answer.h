/* SPDX-License-Identifier: Apache-2.0 */
/** What statements gave, and the result of a task made of it: the same for every kind that runs SQL. */
#ifndef TROUPE_PLUGINS_SHARED_SQL_ANSWER_H
#define TROUPE_PLUGINS_SHARED_SQL_ANSWER_H

#include <troupe/value.h>

/* What one statement gave. */
typedef struct sql_answer {
	tr_value rows, columns, status; /* an array of maps, an array of names, a text such as "INSERT 0 3" or nil */
	int64_t affected;
	bool has_rows; /* it is one that gives rows, be they none */
} sql_answer;

void sql_answer_init(sql_answer *a);
void sql_answer_fini(sql_answer *a);

/* What the statements of a task gave so far. */
typedef struct sql_total {
	tr_value commands; /* map: command_0, … */
	tr_value last;     /* what the last statement with rows gave, else the last one */
	bool rows;
	int64_t affected;
	size_t count;
} sql_total;

void sql_total_init(sql_total *t);
void sql_total_fini(sql_total *t);
/** The next statement's answer (borrowed). */
void sql_total_add(sql_total *t, const sql_answer *a);
/** { rows, row_count, columns, affected_rows, status, statement_count, command_0, … }. Fresh reference. */
tr_value sql_total_result(const sql_total *t);

#endif
