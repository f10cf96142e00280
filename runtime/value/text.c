/* SPDX-License-Identifier: Apache-2.0 */
/* Strings and binaries. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "runtime/value/box.h"
#include "runtime/value/utf8.h"

tr_value text_new(tr_type kind, size_t n)
{
	size_t size;

	if (__builtin_add_overflow(n, sizeof(struct box_text) + 1, &size))
		return tr_invalid(TR_ENOMEM);
	struct box_text *text = alloc_raw(size);
	if (text == NULL)
		return tr_invalid(TR_ENOMEM);
	box_init(&text->head, kind);
	atomic_init(&text->hash, 0);
	text->n = n;
	text->data[n] = '\0';
	return box_value(kind, &text->head);
}

static tr_value text_copy(tr_type kind, const void *p, size_t n)
{
	tr_value v = text_new(kind, n);

	if (tr_is_valid(v) && n > 0)
		memcpy(box_text(v)->data, p, n);
	return v;
}

uint64_t text_hash(const char *p, size_t n)
{
	uint64_t h = XXH3_64bits(p, n);

	return h != 0 ? h : 1;
}

uint64_t text_value_hash(tr_value v)
{
	struct box_text *text = box_text(v);
	uint64_t h = atomic_load_explicit(&text->hash, memory_order_relaxed);

	if (h == 0) {
		h = text_hash(text->data, text->n);
		if (tr_is(v, TR_BINARY))
			h = ~h != 0 ? ~h : 1;
		atomic_store_explicit(&text->hash, h, memory_order_relaxed);
	}
	return h;
}

tr_value tr_string(const char *z)
{
	return z != NULL ? tr_string_n(z, strlen(z)) : tr_invalid(TR_EINVAL);
}

tr_value text_known(const char *p, size_t n)
{
	return text_copy(TR_STRING, p, n);
}

tr_value tr_string_n(const char *p, size_t n)
{
	if (p == NULL && n > 0)
		return tr_invalid(TR_EINVAL);
	if (!tr_utf8_valid((tr_str){p, n}, NULL))
		return tr_invalid(TR_EENCODING);
	return text_copy(TR_STRING, p, n);
}

tr_value tr_stringf(const char *fmt, ...)
{
	char small[256];
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(small, sizeof(small), fmt, args);
	va_end(args);
	if (n < 0)
		return tr_invalid(TR_EINVAL);
	if ((size_t)n < sizeof(small))
		return tr_string_n(small, (size_t)n);
	tr_value v = text_new(TR_STRING, (size_t)n);
	if (!tr_is_valid(v))
		return v;
	va_start(args, fmt);
	vsnprintf(box_text(v)->data, (size_t)n + 1, fmt, args);
	va_end(args);
	if (tr_utf8_valid(tr_as_str(v), NULL))
		return v;
	tr_drop(v);
	return tr_invalid(TR_EENCODING);
}

tr_value tr_string_buf(tr_buf *b)
{
	tr_value v = b->err != TR_OK ? tr_invalid(b->err) : tr_string_n(b->p, b->n);

	tr_buf_fini(b);
	return v;
}

tr_value tr_string_lossy(const char *p, size_t n)
{
	tr_buf out = {0};
	tr_str rest = {p, n};
	size_t good;

	if (p == NULL && n > 0)
		return tr_invalid(TR_EINVAL);
	if (tr_utf8_valid(rest, &good))
		return text_copy(TR_STRING, p, n);
	while (!tr_utf8_valid(rest, &good)) {
		unsigned bad = utf8_bad_run(rest.p + good, rest.n - good);
		tr_buf_put(&out, rest.p, good);
		tr_buf_puts(&out, "\xEF\xBF\xBD");
		rest.p += good + bad;
		rest.n -= good + bad;
	}
	tr_buf_put(&out, rest.p, rest.n);
	return tr_string_buf(&out);
}

tr_value tr_binary(const void *p, size_t n)
{
	return p == NULL && n > 0 ? tr_invalid(TR_EINVAL) : text_copy(TR_BINARY, p, n);
}
