/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: see frame.h for the layout. */
#include "actors/event/frame.h"

#include <endian.h>
#include <string.h>

static inline void put_u16(unsigned char *to, uint16_t v)
{
	v = htole16(v);
	memcpy(to, &v, sizeof v);
}

static inline void put_u32(unsigned char *to, uint32_t v)
{
	v = htole32(v);
	memcpy(to, &v, sizeof v);
}

static inline void put_u64(unsigned char *to, uint64_t v)
{
	v = htole64(v);
	memcpy(to, &v, sizeof v);
}

static inline uint16_t get_u16(const unsigned char *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof v);
	return le16toh(v);
}

static inline uint32_t get_u32(const unsigned char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof v);
	return le32toh(v);
}

static inline uint64_t get_u64(const unsigned char *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof v);
	return le64toh(v);
}

/* Fill the head of a frame whose payload already stands behind it. */
static void head_fill(unsigned char *head, frame_kind kind, event_type type, int64_t execution_id, uint64_t seq,
		      size_t n)
{
	put_u32(head, (uint32_t)n);
	put_u16(head + 8, (uint16_t)kind);
	put_u16(head + 10, (uint16_t)type);
	put_u64(head + 12, (uint64_t)execution_id);
	put_u64(head + 20, seq);
	put_u32(head + 4, crc32c(0, head + 8, FRAME_HEAD - 8 + n));
}

void frame_put(tr_buf *out, frame_kind kind, event_type type, int64_t execution_id, uint64_t seq, tr_str payload)
{
	if (payload.n > FRAME_MAX && out->err == TR_OK)
		out->err = TR_ELIMIT;
	char *at = tr_buf_reserve(out, FRAME_HEAD + payload.n);
	if (at == NULL)
		return;
	if (payload.n > 0)
		memcpy(at + FRAME_HEAD, payload.p, payload.n);
	head_fill((unsigned char *)at, kind, type, execution_id, seq, payload.n);
	out->n += FRAME_HEAD + payload.n;
}

tr_err store_frame(tr_buf *out, const event *e)
{
	size_t start = out->n;
	if (tr_buf_reserve(out, FRAME_HEAD) == NULL)
		return out->err;
	out->n += FRAME_HEAD; /* filled when what comes behind it is known */
	tr_err err = event_encode(out, e);
	if (err == TR_OK)
		err = out->err;
	if (err == TR_OK && out->n - start - FRAME_HEAD > FRAME_MAX)
		err = TR_ELIMIT;
	if (err != TR_OK) {
		out->n = start;
		return err;
	}
	head_fill((unsigned char *)out->p + start, FRAME_EVENT, e->type, e->execution_id, e->seq,
		  out->n - start - FRAME_HEAD);
	return TR_OK;
}

void frame_put_folder(tr_buf *out, int64_t execution_id, const char *folder)
{
	frame_put(out, FRAME_FOLDER, EVENT_NONE, execution_id, 0, tr_s(folder));
}

static bool kind_known(unsigned kind)
{
	return kind == FRAME_EVENT || kind == FRAME_FOLDER || kind == FRAME_INDEX || kind == FRAME_SNAPSHOT;
}

frame_result frame_look(tr_str bytes, frame *f, size_t *used)
{
	const unsigned char *at = (const unsigned char *)bytes.p;
	if (bytes.n < FRAME_HEAD)
		return FRAME_TORN;
	size_t n = get_u32(at);
	unsigned kind = get_u16(at + 8);
	if (n > FRAME_MAX || !kind_known(kind))
		return FRAME_DAMAGED;
	if (bytes.n - FRAME_HEAD < n)
		return FRAME_TORN;
	f->kind = (frame_kind)kind;
	f->type = (event_type)get_u16(at + 10);
	f->execution_id = (int64_t)get_u64(at + 12);
	f->seq = get_u64(at + 20);
	f->payload.p = bytes.p + FRAME_HEAD;
	f->payload.n = n;
	*used = FRAME_HEAD + n;
	return FRAME_OK;
}

frame_result frame_get(tr_str bytes, frame *f, size_t *used)
{
	const unsigned char *at = (const unsigned char *)bytes.p;
	frame_result result = frame_look(bytes, f, used);
	if (result == FRAME_OK && crc32c(0, at + 8, *used - 8) != get_u32(at + 4))
		return FRAME_DAMAGED;
	return result;
}
