/* SPDX-License-Identifier: Apache-2.0 */
/* The evaluations of `troupe eval`, apart from its options. */
#include <string.h>

#include <troupe/codec.h>

#include "playbook/template/error.h"
#include "playbook/template/eval_cli.h"
#include "runtime/value/escape.h"

#define LINE_MAX_BYTES ((size_t)16 << 20)

/* "line:column: message (hint)" */
static void put_error(tr_buf *out, const tr_template_error *e)
{
	tr_buf_putf(out, "%u:%u: %s", e->line, e->column, e->message);
	if (e->hint[0] != '\0')
		tr_buf_putf(out, "; %s", e->hint);
}

/* A lazy or foreign value has no JSON form; what the library gives otherwise has. */
static tr_value evaluate(tr_str text, tr_value context, bool native, tr_template_error *error)
{
	tr_template_options options = {0};
	tr_eval_options how = {.native = native};
	tr_scope scope = tr_scope_of_map(&context);
	tr_template *t = tr_template_compile(text, &options, error);
	tr_value v;

	if (t == NULL)
		return tr_invalid(error->err);
	v = tr_template_eval(t, &scope, &how, error);
	tr_template_free(&t);
	return v;
}

static tr_value read_context(tr_str json, tr_template_error *error)
{
	tr_decode_error bad = {0};
	tr_value v = json.n > 0 ? tr_json_read(json, NULL, &bad) : tr_map();

	if (!tr_is_valid(v))
		error_set(error, bad.err, json, bad.offset, "the context is not JSON: %s", bad.message);
	else if (!tr_is(v, TR_MAP))
		error_set(error, TR_ETYPE, json, 0, "the context must be a JSON object");
	return v;
}

int template_eval_once(tr_str text, tr_str context, FILE *out, FILE *err)
{
	tr_template_error error = {0};
	tr_value scope = read_context(context, &error), v = tr_absent();
	tr_buf line = {0};
	int code = 2;

	if (error.err == TR_OK)
		v = evaluate(text, scope, true, &error);
	if (error.err == TR_OK && (error.err = tr_json_write(&line, v, TR_JSON_COMPACT)) != TR_OK) {
		tr_buf_clear(&line);
		error = (tr_template_error){
		    .err = error.err, .line = 1, .column = 1, .message = "the value has no form in JSON"};
	}
	if (error.err != TR_OK) {
		tr_buf shown = {0};
		put_error(&line, &error);
		escape_put(&shown, tr_buf_str(&line)); /* one line, whatever names it tells */
		fprintf(err, "%.*s\n", TR_STR(shown));
		tr_buf_fini(&shown);
	} else {
		code = fprintf(out, "%.*s\n", TR_STR(line)) < 0 || fflush(out) != 0 ? 2 : 0;
	}
	tr_drop(v);
	tr_drop(scope);
	tr_buf_fini(&line);
	return code;
}

/* {"value": v} or {"error": …} */
static void put_answer(tr_buf *out, tr_value v, const tr_template_error *error)
{
	tr_buf text = {0};
	tr_value answer;

	if (error->err == TR_OK) {
		answer = TR_DICT("value", tr_keep(v));
	} else {
		put_error(&text, error);
		answer = TR_DICT("error", tr_string_buf(&text));
	}
	if (tr_json_write(out, answer, TR_JSON_COMPACT) != TR_OK) {
		tr_buf_clear(out);
		tr_buf_puts(out, "{\"error\":\"1:1: the value has no form in JSON\"}");
	}
	tr_drop(answer);
}

static void answer_line(tr_str line, tr_buf *out)
{
	tr_template_error error = {0};
	tr_value request = tr_json_read(line, NULL, NULL), v = tr_absent(), empty = tr_map();
	tr_value text = tr_map_get_s(request, "template"), context = tr_map_get_s(request, "context");
	tr_value as_text = tr_map_get_s(request, "text");

	if (!tr_is(text, TR_STRING) || (tr_is_valid(context) && !tr_is(context, TR_MAP)))
		error = (tr_template_error){.err = TR_EINVAL,
					    .line = 1,
					    .column = 1,
					    .message = "a line must be {\"template\": text, \"context\": object}"};
	else
		v = evaluate(tr_as_str(text), tr_is_valid(context) ? context : empty, !tr_as_bool(as_text, false),
			     &error);
	put_answer(out, v, &error);
	tr_drop(v);
	tr_drop(request);
	tr_drop(empty);
}

/* The next line, with its newline if it has one; false at the end. line->err: it is too long, or there is no memory. */
static bool next_line(FILE *in, tr_buf *line)
{
	tr_buf_clear(line);
	line->max = LINE_MAX_BYTES;
	for (int c; line->err == TR_OK && (c = getc_unlocked(in)) != EOF;) {
		tr_buf_putc(line, (char)c);
		if (c == '\n')
			break;
	}
	return line->n > 0 || line->err != TR_OK;
}

/* Behind a line that is too long nothing is read: it may have no end. */
int template_eval_batch(FILE *in, FILE *out)
{
	tr_buf line = {0};
	int code = 0;

	while (code == 0 && next_line(in, &line)) {
		tr_buf answer = {0};
		if (line.err != TR_OK) {
			tr_buf_puts(&answer, "{\"error\":\"1:1: a line may have 16 MiB; nothing behind it is read\"}");
			code = 2;
		} else {
			answer_line(tr_buf_str(&line), &answer);
		}
		tr_buf_putc(&answer, '\n');
		if (answer.err != TR_OK || fwrite(answer.p, 1, answer.n, out) != answer.n || fflush(out) != 0)
			code = 2;
		tr_buf_fini(&answer);
	}
	if (ferror(in))
		code = 2;
	tr_buf_fini(&line);
	return code;
}
