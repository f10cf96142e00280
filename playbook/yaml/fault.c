/* SPDX-License-Identifier: Apache-2.0 */
/* libyaml's complaints in words that help. */
#include "playbook/yaml/compose.h"
#include <string.h>

void compose_fail(composer *c, const char *code, uint32_t line, uint32_t column, const char *hint, const char *fmt, ...)
{
	char message[512];
	va_list args;
	va_start(args, fmt);
	vsnprintf(message, sizeof message, fmt, args);
	va_end(args);
	diagnostics_add(c->out, DIAGNOSTIC_ERROR, code, line, column, "", hint, "%s", message);
	c->failed = true;
}

void compose_no_memory(composer *c)
{
	if (!c->failed)
		compose_fail(c, "no-memory", 0, 0, NULL, "out of memory while reading the document");
	c->failed = true;
}

typedef struct advice {
	const char *problem, *hint;
} advice;

static const advice advices[] = {
    {"mapping values are not allowed", "a text that contains ': ' must be in quotes; or the line is indented too far"},
    {"found character that cannot start any token", "a text that begins with %, @ or ` must be in quotes; indent with "
						    "spaces, not tabs"},
    {"did not find expected key", "look at the indentation of this line and the one above, and for a missing quote"},
    {"did not find expected '-' indicator", "items of a list must be indented alike"},
    {"could not find expected ':'", "a key must end in ':' on its own line"},
    {"did not find expected ',' or ']'", "the list that was opened with '[' is not closed before this"},
    {"did not find expected ',' or '}'",
     "the mapping that was opened with '{' is not closed before this; a template must "
     "be in quotes: \"{{ … }}\""},
    {"found unknown escape character", "in double quotes '\\' begins an escape; use single quotes to keep it as it is"},
    {"found unexpected end of stream", "a quote is not closed"},
    {"found a tab character", "indent with spaces"},
    {"found undefined alias", "an alias (*name) needs an anchor (&name) before it"},
    {"found undefined tag handle", "only the standard tags (!!str, !!int, …) are known"},
};

static const char *advice_for(const char *problem)
{
	for (size_t i = 0; i < sizeof advices / sizeof *advices; i++) {
		if (strncmp(problem, advices[i].problem, strlen(advices[i].problem)) == 0)
			return advices[i].hint;
	}
	return NULL;
}

/* Line and column of a byte. */
static void position_of(tr_str text, size_t offset, uint32_t *line, uint32_t *column)
{
	*line = 1;
	*column = 1;
	for (size_t i = 0; i < offset && i < text.n; i++) {
		if (text.p[i] == '\n') {
			(*line)++;
			*column = 1;
		} else if (((unsigned char)text.p[i] & 0xc0) != 0x80) {
			(*column)++;
		}
	}
}

static void reader_fault(composer *c, const yaml_parser_t *parser)
{
	uint32_t line, column;
	position_of(c->text, parser->problem_offset, &line, &column);
	if (parser->problem_value > 0)
		compose_fail(c, "bad-character", line, column, "remove it, or write it as an escape in double quotes",
			     "the character U+%04X is not allowed here", (unsigned)parser->problem_value);
	else
		compose_fail(c, "bad-character", line, column, NULL, "%s",
			     parser->problem == NULL ? "unreadable text" : parser->problem);
}

void compose_parser_fault(composer *c, const yaml_parser_t *parser)
{
	if (parser->error == YAML_MEMORY_ERROR || parser->error == YAML_NO_ERROR) {
		compose_no_memory(c);
		return;
	}
	if (parser->error == YAML_READER_ERROR) {
		reader_fault(c, parser);
		return;
	}
	const char *problem = parser->problem == NULL ? "syntax error" : parser->problem;
	uint32_t line = mark_line(parser->problem_mark), column = mark_column(parser->problem_mark);
	const char *hint = advice_for(problem);
	if (parser->context != NULL && parser->context_mark.line + 1 != line)
		compose_fail(c, "yaml-syntax", line, column, hint, "%s (%s that began on line %u)", problem,
			     parser->context, (unsigned)mark_line(parser->context_mark));
	else if (parser->context != NULL)
		compose_fail(c, "yaml-syntax", line, column, hint, "%s (%s)", problem, parser->context);
	else
		compose_fail(c, "yaml-syntax", line, column, hint, "%s", problem);
}
