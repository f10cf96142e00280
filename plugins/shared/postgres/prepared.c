/* SPDX-License-Identifier: Apache-2.0 */
/* A small table, searched from end to end. */
#include "plugins/shared/postgres/prepared.h"
#include "plugins/shared/sql/scan.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

#define OFTEN    5u   /* this time it is prepared */
#define LONGEST  8192 /* statement that is kept */
#define NAME_SUM 16

/* Those that leave a session as it was, so that it keeps what it has prepared. */
static bool worthwhile(tr_str sql)
{
	static const char *const words[] = {"insert", "update", "delete"};
	size_t at = 0, from;
	sql_unit unit;

	if (sql.n > LONGEST)
		return false;
	do {
		from = at;
		unit = sql_next(sql, &at);
	} while (unit == SQL_SPACE || unit == SQL_COMMENT);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (at - from == strlen(words[i]) && strncasecmp(sql.p + from, words[i], at - from) == 0)
			return true;
	return false;
}

static pg_statement *find(const pg_prepared *p, tr_str sql)
{
	for (size_t i = 0; i < PG_PREPARED_MAX; i++)
		if (tr_is_valid(p->at[i].sql) && tr_str_eq(tr_as_str(p->at[i].sql), sql))
			return &p->at[i];
	return NULL;
}

/* A free place, or that of the one not prepared that was not seen for longest. */
static pg_statement *place(const pg_prepared *p)
{
	pg_statement *oldest = NULL;

	for (size_t i = 0; i < PG_PREPARED_MAX; i++) {
		pg_statement *s = &p->at[i];
		if (!tr_is_valid(s->sql))
			return s;
		if (!s->ready && (oldest == NULL || s->last < oldest->last))
			oldest = s;
	}
	return oldest;
}

static void name_it(pg_statement *s, tr_str sql)
{
	unsigned char sum[NAME_SUM];

	crypto_generichash(sum, sizeof sum, (const unsigned char *)sql.p, sql.n, NULL, 0);
	memcpy(s->name, "troupe_", 7);
	sodium_bin2hex(s->name + 7, sizeof s->name - 7, sum, sizeof sum);
}

static bool make_table(pg_prepared *p)
{
	if (p->at == NULL && (p->at = tr_alloc(PG_PREPARED_MAX * sizeof *p->at)) != NULL)
		for (size_t i = 0; i < PG_PREPARED_MAX; i++)
			p->at[i] = (pg_statement){.sql = tr_absent()};
	return p->at != NULL;
}

pg_statement *pg_prepared_look(pg_prepared *p, tr_str sql)
{
	if (p->off || !worthwhile(sql) || !make_table(p))
		return NULL;
	pg_statement *s = find(p, sql);
	if (s == NULL && (s = place(p)) != NULL) {
		tr_drop(s->sql);
		*s = (pg_statement){.sql = tr_string_n(sql.p, sql.n)};
	}
	if (s == NULL || !tr_is_valid(s->sql))
		return NULL;
	s->last = ++p->looks;
	if (!s->ready && ++s->seen == OFTEN)
		name_it(s, sql);
	return s->ready || s->seen >= OFTEN ? s : NULL;
}

/* What a table looks like now, or which types parameters have, may have changed since; and the statement may be gone.
 */
bool pg_prepared_is_stale(const char *state)
{
	return state != NULL && (strncmp(state, "0A", 2) == 0 || strncmp(state, "22", 2) == 0 ||
				 strncmp(state, "26", 2) == 0 || strncmp(state, "42", 2) == 0);
}

void pg_prepared_forget(pg_statement *s)
{
	s->ready = false;
	s->seen = 0;
}

bool pg_prepared_full(const pg_prepared *p)
{
	return p->at != NULL && place(p) == NULL;
}

void pg_prepared_clear(pg_prepared *p)
{
	for (size_t i = 0; p->at != NULL && i < PG_PREPARED_MAX; i++) {
		tr_drop(p->at[i].sql);
		p->at[i] = (pg_statement){.sql = tr_absent()};
	}
}

void pg_prepared_fini(pg_prepared *p)
{
	pg_prepared_clear(p);
	tr_free(p->at);
	p->at = NULL;
}
