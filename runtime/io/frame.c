/* SPDX-License-Identifier: Apache-2.0 */
/* Frames. */
#include <string.h>

#include "runtime/io/frame.h"

/* An empty buffer larger than this is given back: most connections are idle most of the time. */
#define KEEP_CAPACITY 4096

void frames_init(struct frames *f, tr_framing framing, size_t max)
{
	*f = (struct frames){.framing = framing, .max = max > 0 ? max : FRAME_MAX_DEFAULT};
}

void frames_fini(struct frames *f)
{
	tr_buf_fini(&f->bytes);
}

size_t frames_left(const struct frames *f)
{
	return f->bytes.n - f->at;
}

/* Move what is left to the front when enough was taken before it. */
static void frames_compact(struct frames *f)
{
	size_t left = frames_left(f);

	if (f->at == 0 || f->at < left)
		return;
	memmove(f->bytes.p, f->bytes.p + f->at, left);
	f->bytes.n = left;
	f->at = 0;
	if (left == 0 && f->bytes.cap > KEEP_CAPACITY)
		tr_buf_fini(&f->bytes);
}

tr_err frames_feed(struct frames *f, const char *p, size_t n)
{
	frames_compact(f);
	tr_buf_put(&f->bytes, p, n);
	return f->bytes.err;
}

static size_t header_size(tr_framing framing)
{
	return framing == TR_FRAME_1 ? 1 : framing == TR_FRAME_2 ? 2 : 4;
}

static enum frame_found next_counted(struct frames *f, tr_str *frame)
{
	size_t size = header_size(f->framing), n = 0;

	if (frames_left(f) < size)
		return FRAME_NONE;
	for (size_t i = 0; i < size; i++)
		n = n << 8 | (unsigned char)f->bytes.p[f->at + i];
	if (n > f->max)
		return FRAME_TOO_LONG;
	if (frames_left(f) - size < n)
		return FRAME_NONE;
	*frame = (tr_str){f->bytes.p + f->at + size, n};
	f->at += size + n;
	return FRAME_READY;
}

static enum frame_found next_line(struct frames *f, bool ended, tr_str *frame)
{
	size_t left = frames_left(f);
	const char *start = f->bytes.p + f->at;
	const char *end = left > f->scanned ? memchr(start + f->scanned, '\n', left - f->scanned) : NULL;
	size_t n = end != NULL ? (size_t)(end - start) : left;

	if (n > f->max)
		return FRAME_TOO_LONG;
	if (end == NULL && !ended) {
		f->scanned = left;
		return FRAME_NONE;
	}
	*frame = (tr_str){start, n};
	f->at += n + (end != NULL);
	f->scanned = 0;
	return FRAME_READY;
}

enum frame_found frames_next(struct frames *f, bool ended, tr_str *frame)
{
	size_t left = frames_left(f);

	if (left == 0)
		return FRAME_NONE;
	if (f->framing == TR_FRAME_LINE)
		return next_line(f, ended, frame);
	if (f->framing != TR_FRAME_RAW)
		return next_counted(f, frame);
	size_t chunk = f->max < FRAME_RAW_CHUNK ? f->max : FRAME_RAW_CHUNK;
	*frame = (tr_str){f->bytes.p + f->at, left < chunk ? left : chunk};
	f->at += frame->n;
	return FRAME_READY;
}

bool frame_header(tr_framing framing, size_t n, char header[FRAME_HEADER_MAX], size_t *length)
{
	*length = 0;
	if (framing == TR_FRAME_RAW || framing == TR_FRAME_LINE)
		return true;
	*length = header_size(framing);
	if ((uint64_t)n >> (8 * *length) != 0)
		return false;
	for (size_t i = *length; i-- > 0;) {
		header[i] = (char)n;
		n >>= 8;
	}
	return true;
}
