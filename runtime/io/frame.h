/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting a stream of bytes into frames. */
#ifndef TROUPE_IO_FRAME_H
#define TROUPE_IO_FRAME_H

#include <troupe/io.h>

#define FRAME_MAX_DEFAULT ((size_t)64 << 20)
#define FRAME_RAW_CHUNK   65536

struct frames {
	tr_buf bytes;
	size_t at;      /* of the next frame */
	size_t scanned; /* how far a line's end was looked for, from `at` */
	tr_framing framing;
	size_t max;
};

enum frame_found {
	FRAME_NONE,
	FRAME_READY,
	FRAME_TOO_LONG
};

void frames_init(struct frames *f, tr_framing framing, size_t max);
void frames_fini(struct frames *f);
/* More bytes came. Frames given before are void. */
tr_err frames_feed(struct frames *f, const char *p, size_t n);
/* The next frame (borrowed until the next call). ended: no more bytes will come, an unfinished line is one too. */
enum frame_found frames_next(struct frames *f, bool ended, tr_str *frame);
/* Bytes that are no frame yet. */
size_t frames_left(const struct frames *f);

#define FRAME_HEADER_MAX 4
/* The header for a frame of n bytes. False when this framing cannot say such a length. */
bool frame_header(tr_framing framing, size_t n, char header[FRAME_HEADER_MAX], size_t *length);

#endif
