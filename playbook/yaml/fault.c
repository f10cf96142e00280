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
    {"found character that cannot start any token",
     "a text that begins with %, @ or ` must be in quotes; a block "
     "(| or >) cannot stand between { } or [ ]; indent with spaces, not tabs"},
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

static tr_str line_text(tr_str text, uint32_t line)
{
	const char *at = text.p, *end = text.p + text.n;

	for (; line > 1 && at < end; line--) {
		const char *feed = memchr(at, '\n', (size_t)(end - at));
		at = feed == NULL ? end : feed + 1;
	}
	const char *feed = memchr(at, '\n', (size_t)(end - at));
	return (tr_str){at, (size_t)((feed == NULL ? end : feed) - at)};
}

static size_t indent_of(tr_str line)
{
	size_t n = 0;

	while (n < line.n && line.p[n] == ' ')
		n++;
	return n;
}

/* The nearest line above `at` that begins a list item further left; *content is the column of what is in the item. */
static bool item_above(tr_str text, const char *at, size_t indent, uint32_t *line, size_t *content, tr_str *item)
{
	while (at > text.p) {
		const char *begin = at - 1, *end = begin;
		while (begin > text.p && begin[-1] != '\n')
			begin--;
		tr_str above = {begin, (size_t)(end - begin)};
		size_t in = indent_of(above);
		at = begin;
		--*line;
		if (in >= indent || in + 2 >= above.n || above.p[in] != '-' || above.p[in + 1] != ' ')
			continue;
		size_t inside = in + 1 + indent_of((tr_str){above.p + in + 1, above.n - in - 1});
		*content = inside + 1;
		*item = (tr_str){above.p + inside, above.n - inside};
		return true;
	}
	return false;
}

/* Whole characters, at most n bytes, of one line. */
static tr_str shortened(tr_str s, size_t n)
{
	while (s.n > 0 && s.p[s.n - 1] == '\r')
		s.n--;
	if (s.n > n)
		for (s.n = n; s.n > 0 && ((unsigned char)s.p[s.n] & 0xc0) == 0x80;)
			s.n--;
	return s;
}

/* A key that stands left of its list item's other keys is the commonest reason for a missing '-': which key, of which
 * item, and where does it belong? False when it is something else. */
static bool misplaced_key(tr_str text, uint32_t line, char *hint, size_t n)
{
	tr_str at = line_text(text, line), item;
	size_t indent = indent_of(at), content;
	const char *colon = memchr(at.p, ':', at.n);

	if (colon == NULL || colon == at.p + indent || at.p[indent] == '-' ||
	    !item_above(text, at.p, indent, &line, &content, &item) || indent + 1 >= content)
		return false;
	tr_str key = shortened((tr_str){at.p + indent, (size_t)(colon - at.p) - indent}, 40);
	item = shortened(item, 60);
	(void)snprintf(hint, n, "'%.*s' must stand in column %u to belong to '%.*s' of line %u", TR_STR(key),
		       (unsigned)content, TR_STR(item), (unsigned)line);
	return true;
}

/* "{{ x["a"] }}" on the line, up to the fault: the quote of the template ended the text. */
static bool quote_in_template(tr_str line, uint32_t column)
{
	for (size_t i = 0; i + 3 < line.n && i + 1 < column; i++) {
		char quote = line.p[i];
		if ((quote != '"' && quote != '\'') || line.p[i + 1] != '{' ||
		    (line.p[i + 2] != '{' && line.p[i + 2] != '%'))
			continue;
		for (size_t k = i + 3; k < line.n && line.p[k] != '}'; k++)
			if (line.p[k] == quote)
				return true;
	}
	return false;
}

/* Byte `column` of a line, counted in characters from 1; 0 behind its end. */
static char char_at(tr_str line, uint32_t column)
{
	size_t i = 0;
	while (i < line.n && column > 1) {
		do
			i++;
		while (i < line.n && ((unsigned char)line.p[i] & 0xc0) == 0x80);
		column--;
	}
	return i < line.n ? line.p[i] : '\0';
}

static const char *quoting_advice(const composer *c, const yaml_parser_t *parser, const char *problem, uint32_t line,
				  uint32_t column)
{
	tr_str text = line_text(c->text, line);
	if (strncmp(problem, "did not find expected", strlen("did not find expected")) != 0)
		return NULL;
	if (quote_in_template(text, column))
		return "a text in \"…\" ends at the next \": inside of it a template's own texts need ', as in "
		       "\"{{ x['a'] }}\"";
	if (strstr(problem, "',' or") != NULL && mark_line(parser->context_mark) == line &&
	    char_at(text, column) == ':')
		return "a text that contains ': ' must be in quotes; or a ',' is missing before this key";
	return NULL;
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
	char key_hint[240];
	const char *hint = quoting_advice(c, parser, problem, line, column);
	if (hint == NULL)
		hint = advice_for(problem);
	if (strcmp(problem, "did not find expected '-' indicator") == 0 &&
	    misplaced_key(c->text, line, key_hint, sizeof key_hint))
		hint = key_hint;
	if (parser->context != NULL && parser->context_mark.line + 1 != line)
		compose_fail(c, "yaml-syntax", line, column, hint, "%s (%s that began on line %u)", problem,
			     parser->context, (unsigned)mark_line(parser->context_mark));
	else if (parser->context != NULL)
		compose_fail(c, "yaml-syntax", line, column, hint, "%s (%s)", problem, parser->context);
	else
		compose_fail(c, "yaml-syntax", line, column, hint, "%s", problem);
}
