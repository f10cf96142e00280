/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON to values: yajl tells the tokens, the builder makes them values.
 *
 * yajl does not check its own allocations and takes a lone surrogate escape for a question mark. So its memory comes
 * from functions that leave through longjmp when there is none (all its blocks are on a list and freed then), and the
 * text is checked for UTF-8 and surrogates before yajl sees it.
 */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <yajl/yajl_parse.h>

#include "runtime/value/box.h"
#include "runtime/value/builder.h"
#include "runtime/value/number.h"
#include "runtime/value/position.h"

/* Before each block given to yajl. */
struct block {
	struct block *next;
	struct block **link; /* what points here */
};

_Static_assert(sizeof(struct block) % 16 == 0, "blocks stay aligned");

struct json_reader {
	struct builder builder;
	struct block *blocks;
	jmp_buf no_memory;
	const char *message; /* of a refusal that is not yajl's */
	size_t before;       /* how far the refused token began before its last byte */
};

/* ---- yajl's memory ---- */

static void block_enter(struct json_reader *r, struct block *b)
{
	b->next = r->blocks;
	b->link = &r->blocks;
	if (b->next != NULL)
		b->next->link = &b->next;
	r->blocks = b;
}

static void block_leave(struct block *b)
{
	*b->link = b->next;
	if (b->next != NULL)
		b->next->link = b->link;
}

static void *json_malloc(void *arg, size_t n)
{
	struct json_reader *r = arg;
	struct block *b = n < PTRDIFF_MAX ? tr_realloc(NULL, sizeof(*b) + n) : NULL;

	if (b == NULL)
		longjmp(r->no_memory, 1);
	block_enter(r, b);
	return b + 1;
}

static void json_free(void *arg, void *p)
{
	(void)arg;
	if (p == NULL)
		return;
	struct block *b = (struct block *)p - 1;
	block_leave(b);
	tr_free(b);
}

static void *json_realloc(void *arg, void *p, size_t n)
{
	struct json_reader *r = arg;

	if (p == NULL)
		return json_malloc(arg, n);
	struct block *old = (struct block *)p - 1;
	block_leave(old);
	struct block *b = n < PTRDIFF_MAX ? tr_realloc(old, sizeof(*b) + n) : NULL;
	block_enter(r, b != NULL ? b : old);
	if (b == NULL)
		longjmp(r->no_memory, 1);
	return b + 1;
}

static void free_blocks(struct json_reader *r)
{
	while (r->blocks != NULL)
		json_free(r, r->blocks + 1);
}

/* ---- tokens ---- */

static int on_null(void *ctx)
{
	return builder_put(&((struct json_reader *)ctx)->builder, tr_nil());
}

static int on_boolean(void *ctx, int b)
{
	return builder_put(&((struct json_reader *)ctx)->builder, tr_bool(b != 0));
}

static int on_number(void *ctx, const char *p, size_t n)
{
	struct json_reader *r = ctx;
	tr_str text = {p, n};
	int64_t i;
	double d;
	tr_err err = integer_read(text, &i);

	if (err == TR_ERANGE) {
		r->before = n - 1;
		r->message = "an integer beyond 64 bits: write it as a string, or with a fraction or exponent";
		return builder_put(&r->builder, tr_invalid(TR_ERANGE));
	}
	if (err == TR_OK)
		return builder_put(&r->builder, tr_int(i));
	if (!number_read(text, &d))
		return builder_put(&r->builder, tr_invalid(TR_ENOMEM));
	if (d > 1.7976931348623157e308 || d < -1.7976931348623157e308) {
		r->before = n - 1;
		r->message = "a number too large for a double";
		return builder_put(&r->builder, tr_invalid(TR_ERANGE));
	}
	return builder_put(&r->builder, tr_float(d));
}

/* The whole text was looked at, and what escapes stand for is UTF-8 then, too. */
static int on_string(void *ctx, const unsigned char *p, size_t n)
{
	return builder_put(&((struct json_reader *)ctx)->builder, text_known((const char *)p, n));
}

static int on_key(void *ctx, const unsigned char *p, size_t n)
{
	return builder_key(&((struct json_reader *)ctx)->builder, (const char *)p, n);
}

static int on_map(void *ctx)
{
	return builder_open(&((struct json_reader *)ctx)->builder, TR_MAP, ROOM_UNKNOWN, 0);
}

static int on_array(void *ctx)
{
	return builder_open(&((struct json_reader *)ctx)->builder, TR_ARRAY, ROOM_UNKNOWN, 0);
}

static int on_end(void *ctx)
{
	return builder_close(&((struct json_reader *)ctx)->builder);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_array,
    .yajl_end_array = on_end,
};

/* ---- surrogates ---- */

/* The code unit of a \uXXXX escape at p, -1 when there is none. */
static int escape_unit(const char *p, size_t n)
{
	int unit = 0;

	if (n < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		char c = p[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;
		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* Offset of the first \u escape of half a surrogate pair; text.n when there is none. */
static size_t lone_surrogate(tr_str text)
{
	size_t at = 0;
	const char *p;

	while (at < text.n && (p = memchr(text.p + at, '\\', text.n - at)) != NULL) {
		at = (size_t)(p - text.p);
		int unit = escape_unit(p, text.n - at);
		if (unit < 0xD800 || unit > 0xDFFF) {
			at += 2;
			continue;
		}
		int low = unit < 0xDC00 ? escape_unit(p + 6, text.n - at > 6 ? text.n - at - 6 : 0) : -1;
		if (low < 0xDC00 || low > 0xDFFF)
			return at;
		at += 12;
	}
	return text.n;
}

/* ---- the document ---- */

/* yajl's own words, without the trailing line break and the excerpt. */
static void syntax_message(yajl_handle yajl, char *out, size_t size)
{
	unsigned char *text = yajl_get_error(yajl, 0, NULL, 0);
	size_t n = strcspn((const char *)text, "\n");

	snprintf(out, size, "%.*s", (int)n, (const char *)text);
	yajl_free_error(yajl, text);
}

static tr_value json_run(struct json_reader *r, tr_str text, tr_decode_error *error)
{
	yajl_alloc_funcs memory = {json_malloc, json_realloc, json_free, r};
	char message[sizeof(error->message)] = "";

	if (setjmp(r->no_memory) != 0)
		return decode_failed(error, TR_ENOMEM, text, 0, true, NULL);
	yajl_handle yajl = yajl_alloc(&callbacks, &memory, r);
	yajl_config(yajl, yajl_dont_validate_strings, 1);
	yajl_status status = yajl_parse(yajl, (const unsigned char *)text.p, text.n);
	size_t at = yajl_get_bytes_consumed(yajl); /* behind the token that was wrong */
	if (status == yajl_status_ok) {
		status = yajl_complete_parse(yajl);
		/* A number ends only where the text ends. */
		at = r->builder.err != TR_OK ? text.n - 1 : text.n;
	} else if (at > 0) {
		at--;
	}
	if (r->builder.err != TR_OK)
		return decode_failed(error, r->builder.err, text, at - r->before, true, r->message);
	if (status != yajl_status_ok) {
		syntax_message(yajl, message, sizeof(message));
		return decode_failed(error, TR_ESYNTAX, text, at, true, message);
	}
	tr_value v = r->builder.result;
	r->builder.result = tr_absent();
	return v;
}

tr_value tr_json_read(tr_str text, const tr_decode_limits *limits, tr_decode_error *error)
{
	struct json_reader *r;
	size_t at;

	if (text.n > decode_max_bytes(limits))
		return decode_failed(error, TR_ELIMIT, text, 0, true, "the text is larger than the limit");
	if (!tr_utf8_valid(text, &at))
		return decode_failed(error, TR_EENCODING, text, at, true, NULL);
	if ((at = lone_surrogate(text)) < text.n)
		return decode_failed(error, TR_EENCODING, text, at, true, "half a surrogate pair");
	/* On the heap: actors have little stack, and longjmp must not see it in registers. */
	if ((r = tr_alloc(sizeof(*r))) == NULL)
		return decode_failed(error, TR_ENOMEM, text, 0, true, NULL);
	builder_init(&r->builder, limits);
	tr_value v = json_run(r, text, error);
	tr_drop(r->builder.result);
	builder_fini(&r->builder);
	free_blocks(r);
	tr_free(r);
	return v;
}
