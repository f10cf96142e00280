/* SPDX-License-Identifier: Apache-2.0 */
/* Growable byte buffers with a sticky error. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <troupe/base.h>

#define FIRST_CAPACITY 64

void tr_buf_fini(tr_buf *b)
{
	tr_free(b->p);
	*b = (tr_buf){.max = b->max};
}

void tr_buf_clear(tr_buf *b)
{
	b->n = 0;
	b->err = TR_OK;
	if (b->p != NULL)
		b->p[0] = '\0';
}

static bool buf_grow(tr_buf *b, size_t need)
{
	size_t cap = b->cap < FIRST_CAPACITY ? FIRST_CAPACITY : b->cap + b->cap / 2;

	if (cap < need)
		cap = need;
	if (b->max > 0 && cap > b->max + 1)
		cap = b->max + 1;
	char *p = tr_realloc(b->p, cap);
	if (p == NULL) {
		b->err = TR_ENOMEM;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

char *tr_buf_reserve(tr_buf *b, size_t n)
{
	if (b->err != TR_OK)
		return NULL;
	if (n > PTRDIFF_MAX - 1 - b->n) {
		b->err = TR_ENOMEM;
		return NULL;
	}
	if (b->max > 0 && b->n + n > b->max) {
		b->err = TR_ELIMIT;
		return NULL;
	}
	if (b->n + n + 1 > b->cap && !buf_grow(b, b->n + n + 1))
		return NULL;
	/* The caller adds to n after it wrote; the byte behind must be NUL already then. */
	b->p[b->n + n] = '\0';
	return b->p + b->n;
}

void tr_buf_put(tr_buf *b, const void *p, size_t n)
{
	char *to = tr_buf_reserve(b, n);

	if (to == NULL || n == 0)
		return;
	memcpy(to, p, n);
	b->n += n;
}

void tr_buf_puts(tr_buf *b, const char *z)
{
	tr_buf_put(b, z, strlen(z));
}

void tr_buf_putc(tr_buf *b, char c)
{
	if (b->err == TR_OK && b->max == 0 && b->n + 1 < b->cap) {
		b->p[b->n++] = c;
		b->p[b->n] = '\0';
		return;
	}
	tr_buf_put(b, &c, 1);
}

void tr_buf_putf(tr_buf *b, const char *fmt, ...)
{
	char small[128];
	va_list args;

	if (b->err != TR_OK)
		return;
	va_start(args, fmt);
	int n = vsnprintf(small, sizeof(small), fmt, args);
	va_end(args);
	if (n < 0) {
		b->err = TR_EINVAL;
	} else if ((size_t)n < sizeof(small)) {
		tr_buf_put(b, small, (size_t)n);
	} else {
		char *to = tr_buf_reserve(b, (size_t)n);
		if (to == NULL)
			return;
		va_start(args, fmt);
		vsnprintf(to, (size_t)n + 1, fmt, args);
		va_end(args);
		b->n += (size_t)n;
	}
}

tr_str tr_buf_str(const tr_buf *b)
{
	return (tr_str){b->p != NULL ? b->p : "", b->n};
}
