/* SPDX-License-Identifier: Apache-2.0 */
/* SQLSTATE classes: PostgreSQL's manual, appendix A. */
#include "plugins/shared/postgres/fault.h"

#include <string.h>

typedef struct state_class {
	const char *prefix;
	const char *kind;
	bool retryable;
} state_class;

/* The first that fits. */
static const state_class classes[] = {
    {"40P01", "deadlock", true}, {"40001", "serialization", true}, {"40", "rollback", true},
    {"08", "connection", true},  {"57014", "timeout", false},      {"57P", "connection", true},
    {"53", "resources", true},   {"55P03", "locked", true},        {"28", "auth", false},
    {"42501", "denied", false},  {"42", "syntax", false},          {"23", "constraint", false},
    {"22", "data", false},       {"25006", "denied", false},       {"", "postgres", false},
};

static const state_class *class_of(const char *state)
{
	const state_class *c = classes;

	while (strncmp(state, c->prefix, strlen(c->prefix)) != 0)
		c++;
	return c;
}

/* One line without the severity in front. */
static tr_value one_line(const char *text)
{
	size_t n = text == NULL ? 0 : strcspn(text, "\n");

	return n == 0 ? tr_string("no reason was given") : tr_string_lossy(text, n);
}

static tr_value with_helper(tr_value outcome, tr_value code, tr_value message)
{
	outcome = tr_outcome_error_put(outcome, "code", tr_keep(code));
	return tr_outcome_put(outcome, "pg", TR_DICT("code", code, "message", message, "rows_affected", tr_int(0)));
}

/* What the last address that was tried has said: one that refuses to be connected to is passed over, one that refuses
 * the user is not. */
static const char *last_told(const char *text)
{
	static const char start[] = "\nconnection to server at ";
	const char *next;

	while (text != NULL && (next = strstr(text, start)) != NULL)
		text = next + 1;
	return text;
}

tr_value pg_fault_connect(PGconn *conn, tr_err err)
{
	tr_value why = one_line(last_told(PQerrorMessage(conn)));
	const char *text = tr_as_cstr(why, "");
	/* libpq keeps no SQLSTATE for a connection that failed: the server's words tell. */
	bool refused = strstr(text, "authentication failed") != NULL || strstr(text, "no password supplied") != NULL ||
		       strstr(text, "no pg_hba.conf entry") != NULL || strstr(text, "does not exist") != NULL;
	bool tls = strstr(text, "SSL") != NULL || strstr(text, "certificate") != NULL;
	tr_value outcome = err == TR_ETIMEOUT
			       ? tr_outcome_error("timeout", true, "postgres: no connection to %s:%s in time",
						  PQhost(conn), PQport(conn))
			       : tr_outcome_error(refused ? "auth"
						  : tls   ? "tls"
							  : "connection",
						  !refused && !tls, "postgres: %s", text);
	return with_helper(outcome, tr_string(refused ? "28000" : "08001"), why);
}

tr_value pg_fault_lost(PGconn *conn, tr_err err, size_t number)
{
	tr_value why = one_line(PQerrorMessage(conn));
	tr_value outcome =
	    err == TR_ETIMEOUT
		? tr_outcome_error("timeout", false, "postgres: statement %zu did not end in time", number)
		: tr_outcome_error("connection", true, "postgres: the connection was lost in statement %zu: %s", number,
				   tr_as_cstr(why, ""));

	return with_helper(outcome, tr_string(err == TR_ETIMEOUT ? "57014" : "08006"), why);
}

static tr_value add_field(tr_value details, const PGresult *r, const char *name, int field)
{
	const char *text = PQresultErrorField(r, field);

	return text == NULL ? details : tr_map_put_s(details, name, tr_string_lossy(text, strlen(text)));
}

/* The line of the statement that the server points at; 0 when it points nowhere. */
static size_t line_of(const PGresult *r, tr_str statement)
{
	const char *text = PQresultErrorField(r, PG_DIAG_STATEMENT_POSITION);
	size_t characters = 0, line = 1;

	for (const char *p = text; p != NULL && *p >= '0' && *p <= '9'; p++)
		characters = characters * 10 + (size_t)(*p - '0');
	if (characters == 0)
		return 0;
	for (size_t i = 0; i < statement.n && characters > 1; i++) {
		line += statement.p[i] == '\n';
		characters -= ((unsigned char)statement.p[i] & 0xc0) != 0x80;
	}
	return line;
}

tr_value pg_fault_result(const PGresult *r, size_t number, tr_str statement)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *primary = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	tr_value message = one_line(primary != NULL ? primary : PQresultErrorMessage(r));
	tr_value code = tr_string(state == NULL ? "XX000" : state);
	const state_class *c = class_of(tr_as_cstr(code, ""));
	size_t line = line_of(r, statement);
	tr_value details = TR_DICT("statement", tr_int((int64_t)number));

	if (line > 0)
		details = tr_map_put_s(details, "line", tr_int((int64_t)line));
	details = add_field(details, r, "detail", PG_DIAG_MESSAGE_DETAIL);
	details = add_field(details, r, "hint", PG_DIAG_MESSAGE_HINT);
	details = add_field(details, r, "constraint", PG_DIAG_CONSTRAINT_NAME);
	details = add_field(details, r, "table", PG_DIAG_TABLE_NAME);
	details = add_field(details, r, "column", PG_DIAG_COLUMN_NAME);
	tr_value where =
	    line > 0 ? tr_stringf("statement %zu, line %zu", number, line) : tr_stringf("statement %zu", number);
	tr_value outcome = tr_outcome_error(c->kind, c->retryable, "postgres: %s: %s (SQLSTATE %s)",
					    tr_as_cstr(where, ""), tr_as_cstr(message, ""), tr_as_cstr(code, ""));
	tr_drop(where);
	outcome = tr_outcome_error_put(outcome, "details", details);
	return with_helper(outcome, code, message);
}
