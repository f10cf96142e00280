/* SPDX-License-Identifier: Apache-2.0 */
/* DuckDB's C interface gives the class of an error only sometimes, and at the head of its text always. */
#include "plugins/shared/duckdb/fault.h"

#include <stdlib.h>
#include <string.h>

/* What DuckDB says of a file outside of the folders that were granted tells nothing of grants. */
#define FILES_HINT                                                                                                   \
	"; files that SQL uses need the grant of their folder: the operator gives it with --grant fs:FOLDER, or in " \
	"the configuration, plugins.each.duckdb.grants"

typedef struct class
{
	const char *code;
	const char *kind;
	bool retryable;
} class;

static const class classes[] = {
    {"Parser", "syntax", false},
    {"Syntax", "syntax", false},
    {"Binder", "syntax", false},
    {"Catalog", "syntax", false},
    {"Constraint", "constraint", false},
    {"Conversion", "data", false},
    {"Out of Range", "data", false},
    {"Divide by Zero", "data", false},
    {"Decimal", "data", false},
    {"Mismatch Type", "data", false},
    {"Invalid Input", "input", false},
    {"Invalid Configuration", "input", false},
    {"Parameter Not Resolved", "input", false},
    {"Parameter Not Allowed", "input", false},
    {"Permission", "denied", false},
    {"Out of Memory", "resources", true},
    {"INTERRUPT", "cancelled", false},
    {"IO", "io", false},
    {"HTTP", "missing", false},
    {"Missing Extension", "missing", false},
    {"Extension Autoloading", "missing", false},
};

static class class_of(const char *said, tr_str code)
{
	/* Two tasks wrote the same rows at once; another process has the file. */
	if (strstr(said, "Conflict on") != NULL || strstr(said, "write-write conflict") != NULL)
		return (class){"", "serialization", true};
	if (strstr(said, "Could not set lock on file") != NULL)
		return (class){"", "locked", true};
	if (code.n == 0 && strstr(said, "violates ") != NULL) /* an appender's */
		return (class){"", "constraint", false};
	if (code.n == 0 && strstr(said, "could not be found") != NULL)
		return (class){"", "syntax", false};
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (tr_str_is(code, classes[i].code))
			return classes[i];
	return (class){"", "duckdb", false};
}

static bool is_of_files(const char *said)
{
	return strncmp(said, "Cannot access file ", 19) == 0 && strstr(said, "://") == NULL;
}

/* What stands before " Error: ", which goes away; "" when nothing does. */
static tr_str take_code(const char **said)
{
	const char *mark = strstr(*said, " Error: ");
	tr_str code = {*said, mark == NULL ? 0 : (size_t)(mark - *said)};

	if (mark == NULL || memchr(*said, '\n', code.n) != NULL || code.n > 40)
		return (tr_str){"", 0};
	*said = mark + strlen(" Error: ");
	return code;
}

static size_t line_of(const char *said)
{
	const char *mark = strstr(said, "\nLINE ");

	return mark == NULL ? 0 : (size_t)strtoul(mark + strlen("\nLINE "), NULL, 10);
}

static tr_value with_helper(tr_value outcome, tr_value code, tr_value message)
{
	outcome = tr_outcome_error_put(outcome, "code", tr_keep(code));
	return tr_outcome_put(outcome, "duckdb", TR_DICT("code", code, "message", message, "rows_affected", tr_int(0)));
}

static tr_value place(size_t number, size_t line, const char *what)
{
	if (number == 0)
		return tr_string(what);
	return line > 0 ? tr_stringf("statement %zu, line %zu", number, line) : tr_stringf("statement %zu", number);
}

tr_value duck_fault(const char *said, size_t number, const char *what)
{
	if (said == NULL || said[0] == '\0')
		said = "no reason was given";
	size_t line = line_of(said);
	const char *text = said;
	tr_str code = take_code(&text);
	class c = class_of(said, code);
	tr_value message = tr_string_lossy(text, strcspn(text, "\n")), where = place(number, line, what);
	tr_value details = tr_map();

	if (number > 0)
		details = tr_map_put_s(details, "statement", tr_int((int64_t)number));
	if (line > 0)
		details = tr_map_put_s(details, "line", tr_int((int64_t)line));
	tr_value outcome = tr_outcome_error(c.kind, c.retryable, "duckdb: %s: %s%s%.*s%s%s", tr_as_cstr(where, ""),
					    tr_as_cstr(message, ""), code.n > 0 ? " (" : "", TR_STR(code),
					    code.n > 0 ? ")" : "", is_of_files(text) ? FILES_HINT : "");
	tr_drop(where);
	outcome = tr_outcome_error_put(outcome, "details", details);
	return with_helper(outcome, tr_string_n(code.p, code.n), message);
}

tr_value duck_fault_timeout(size_t number)
{
	tr_value outcome =
	    number == 0 ? tr_outcome_error("timeout", false, "duckdb: opening the database did not end in time")
			: tr_outcome_error("timeout", false,
					   "duckdb: statement %zu did not end in time and was interrupted", number);

	return with_helper(outcome, tr_string("INTERRUPT"), tr_string("it was interrupted"));
}
