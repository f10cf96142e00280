/* SPDX-License-Identifier: Apache-2.0 */
/* Erlang terms as text, read as values. */
#include "tests/conformance/otp/term.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TERM_DEPTH 100

static tr_value term(const char **at, int depth);

static void blanks(const char **at)
{
	while (isspace((unsigned char)**at))
		(*at)++;
}

static tr_value sequence(const char **at, char end, int depth)
{
	tr_value all = tr_array();

	(*at)++;
	blanks(at);
	while (**at != end) {
		all = tr_array_push(all, term(at, depth));
		if (!tr_is_valid(all))
			return all;
		blanks(at);
		if (**at == ',')
			(*at)++;
		else if (**at != end) {
			tr_drop(all);
			return tr_invalid(TR_ESYNTAX);
		}
		blanks(at);
	}
	(*at)++;
	return all;
}

static tr_value quoted(const char **at)
{
	const char *from = *at + 1;
	const char *to = strchr(from, '\'');

	if (to == NULL)
		return tr_invalid(TR_ESYNTAX);
	*at = to + 1;
	return tr_atom_n(from, (size_t)(to - from));
}

static tr_value word(const char **at)
{
	const char *from = *at;

	while (isalnum((unsigned char)**at) || **at == '_')
		(*at)++;
	size_t n = (size_t)(*at - from);
	if (n == 0)
		return tr_invalid(TR_ESYNTAX);
	if (n == 4 && memcmp(from, "true", 4) == 0)
		return tr_bool(true);
	if (n == 5 && memcmp(from, "false", 5) == 0)
		return tr_bool(false);
	return tr_atom_n(from, n);
}

static tr_value number(const char **at)
{
	char *end = NULL;
	int64_t n = strtoll(*at, &end, 10);

	if (end == *at)
		return tr_invalid(TR_ESYNTAX);
	*at = end;
	return tr_int(n);
}

static tr_value term(const char **at, int depth)
{
	blanks(at);
	if (depth > TERM_DEPTH)
		return tr_invalid(TR_EDEPTH);
	if (**at == '{')
		return sequence(at, '}', depth + 1);
	if (**at == '[')
		return sequence(at, ']', depth + 1);
	if (**at == '\'')
		return quoted(at);
	if (**at == '-' || isdigit((unsigned char)**at))
		return number(at);
	return word(at);
}

tr_value term_read(const char **at)
{
	blanks(at);
	if (**at == '\0')
		return tr_absent();
	tr_value v = term(at, 0);
	blanks(at);
	if (!tr_is_valid(v) || **at != '.') {
		tr_drop(v);
		return tr_invalid(TR_ESYNTAX);
	}
	(*at)++;
	return v;
}
