/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MessagePack to values. A length is only believed as far as bytes are there: an array of n items needs at least n
 * more bytes, so a short message that claims billions is refused before anything is allocated.
 */
#include <string.h>

#include <troupe/codec.h>

#include "runtime/value/box.h"
#include "runtime/value/builder.h"
#include "runtime/value/msgpack.h"
#include "runtime/value/position.h"

struct msgpack_reader {
	struct builder builder;
	const unsigned char *p;
	size_t n;
	size_t at;
	const char *message;
	size_t new_atoms, max_new_atoms; /* 0: any number */
	bool known_atoms_only;
};

static bool refuse(struct msgpack_reader *r, tr_err err, const char *message)
{
	if (r->builder.err == TR_OK) {
		r->builder.err = err;
		r->message = message;
	}
	return false;
}

static bool has(struct msgpack_reader *r, uint64_t n)
{
	return n <= r->n - r->at || refuse(r, TR_ECLOSED, "the message ends too early");
}

/* An unsigned number of `size` bytes, most significant first. */
static bool read_number(struct msgpack_reader *r, unsigned size, uint64_t *n)
{
	if (!has(r, size))
		return false;
	*n = 0;
	for (unsigned i = 0; i < size; i++)
		*n = *n << 8 | r->p[r->at++];
	return true;
}

static bool put(struct msgpack_reader *r, tr_value v)
{
	return builder_put(&r->builder, v);
}

static bool read_unsigned(struct msgpack_reader *r, unsigned size)
{
	uint64_t n;

	if (!read_number(r, size, &n))
		return false;
	if (n > INT64_MAX)
		return refuse(r, TR_ERANGE, "an integer beyond int64");
	return put(r, tr_int((int64_t)n));
}

static bool read_signed(struct msgpack_reader *r, unsigned size)
{
	uint64_t n;

	if (!read_number(r, size, &n))
		return false;
	unsigned unused = 64 - 8 * size;
	return put(r, tr_int((int64_t)(n << unused) >> unused));
}

static bool read_float(struct msgpack_reader *r, unsigned size)
{
	uint64_t n;
	float single;
	double d;

	if (!read_number(r, size, &n))
		return false;
	if (size == 4) {
		uint32_t bits = (uint32_t)n;
		memcpy(&single, &bits, sizeof(single));
		d = (double)single;
	} else {
		memcpy(&d, &n, sizeof(d));
	}
	return put(r, tr_float(d));
}

static bool take_text(struct msgpack_reader *r, uint64_t n, bool is_key)
{
	if (!has(r, n))
		return false;
	const char *p = (const char *)r->p + r->at;
	bool ok = is_key ? builder_key(&r->builder, p, (size_t)n) : put(r, tr_string_n(p, (size_t)n));
	if (ok)
		r->at += (size_t)n;
	return ok;
}

static bool read_text(struct msgpack_reader *r, uint64_t n)
{
	const struct builder *b = &r->builder;
	const struct builder_frame *f = b->n > 0 ? &b->frames[b->n - 1] : NULL;

	return take_text(r, n, f != NULL && tr_is(f->container, TR_MAP) && !tr_is_valid(f->key));
}

static bool read_binary(struct msgpack_reader *r, uint64_t n)
{
	if (!has(r, n) || !put(r, tr_binary(r->p + r->at, (size_t)n)))
		return false;
	r->at += (size_t)n;
	return true;
}

static bool read_atom(struct msgpack_reader *r, size_t n)
{
	const char *p = (const char *)r->p + r->at;
	tr_value v = tr_atom_known(p, n);

	if (!tr_is_valid(v) && r->known_atoms_only)
		v = tr_string_n(p, n);
	else if (!tr_is_valid(v) && r->max_new_atoms > 0 && ++r->new_atoms > r->max_new_atoms)
		return refuse(r, TR_ELIMIT, "more new atoms than one message may bring");
	else if (!tr_is_valid(v))
		v = tr_atom_n(p, n);
	if (!put(r, v))
		return false;
	r->at += n;
	return true;
}

static bool read_ext(struct msgpack_reader *r, uint64_t n)
{
	uint64_t type, bits;

	if (!read_number(r, 1, &type) || !has(r, n))
		return false;
	if (type == MSGPACK_ATOM)
		return read_atom(r, (size_t)n);
	if (type != MSGPACK_PID && type != MSGPACK_REF)
		return refuse(r, TR_EUNSUPPORTED, "an extension type that is not Troupe's");
	if (n != 8)
		return refuse(r, TR_ECORRUPT, "a pid or ref that is not 8 bytes long");
	if (!read_number(r, 8, &bits))
		return false;
	return put(r, type == MSGPACK_PID ? tr_pid_value((tr_pid){bits}) : tr_ref_value((tr_ref){bits}));
}

/* n items follow, or n pairs. */
static bool open_container(struct msgpack_reader *r, tr_type kind, uint64_t n)
{
	uint64_t parts = kind == TR_MAP ? n * 2 : n;

	return has(r, parts) && builder_open(&r->builder, kind, (size_t)n, (size_t)parts);
}

typedef bool read_sized(struct msgpack_reader *r, uint64_t n);

static bool read_array(struct msgpack_reader *r, uint64_t n)
{
	return open_container(r, TR_ARRAY, n);
}
static bool read_map(struct msgpack_reader *r, uint64_t n)
{
	return open_container(r, TR_MAP, n);
}

static bool with_length(struct msgpack_reader *r, unsigned size, read_sized *read)
{
	uint64_t n;

	return read_number(r, size, &n) && read(r, n);
}

/* Format bytes 0xC0 to 0xDF. */
static bool read_format(struct msgpack_reader *r, unsigned char format)
{
	switch (format) {
	case 0xC0:
		return put(r, tr_nil());
	case 0xC2:
	case 0xC3:
		return put(r, tr_bool(format == 0xC3));
	case 0xC4:
	case 0xC5:
	case 0xC6:
		return with_length(r, 1u << (format - 0xC4), read_binary);
	case 0xC7:
	case 0xC8:
	case 0xC9:
		return with_length(r, 1u << (format - 0xC7), read_ext);
	case 0xCA:
	case 0xCB:
		return read_float(r, format == 0xCA ? 4 : 8);
	case 0xCC:
	case 0xCD:
	case 0xCE:
	case 0xCF:
		return read_unsigned(r, 1u << (format - 0xCC));
	case 0xD0:
	case 0xD1:
	case 0xD2:
	case 0xD3:
		return read_signed(r, 1u << (format - 0xD0));
	case 0xD4:
	case 0xD5:
	case 0xD6:
	case 0xD7:
	case 0xD8:
		return read_ext(r, UINT64_C(1) << (format - 0xD4));
	case 0xD9:
	case 0xDA:
	case 0xDB:
		return with_length(r, 1u << (format - 0xD9), read_text);
	case 0xDC:
	case 0xDD:
		return with_length(r, 2u << (format - 0xDC), read_array);
	case 0xDE:
	case 0xDF:
		return with_length(r, 2u << (format - 0xDE), read_map);
	default:
		return refuse(r, TR_ECORRUPT, "0xc1 begins no value");
	}
}

static bool read_part(struct msgpack_reader *r)
{
	if (!has(r, 1))
		return false;
	unsigned char format = r->p[r->at++];
	if (format < 0x80 || format >= 0xE0)
		return put(r, tr_int((int8_t)format));
	if (format < 0x90)
		return read_map(r, format & 0x0Fu);
	if (format < 0xA0)
		return read_array(r, format & 0x0Fu);
	if (format < 0xC0)
		return read_text(r, format & 0x1Fu);
	return read_format(r, format);
}

/* Close every container whose parts are all there. */
static bool close_full(struct builder *b)
{
	while (b->n > 0 && b->frames[b->n - 1].expected == 0) {
		if (!builder_close(b))
			return false;
	}
	return true;
}

static bool read_value(struct msgpack_reader *r)
{
	struct builder *b = &r->builder;

	do {
		if (b->n > 0)
			b->frames[b->n - 1].expected--;
		size_t start = r->at;
		if (!read_part(r)) {
			r->at = start;
			return false;
		}
		if (!close_full(b))
			return false;
	} while (b->n > 0);
	return true;
}

tr_value tr_msgpack_read(tr_str bytes, size_t *used, const tr_decode_limits *limits, tr_decode_error *error)
{
	size_t max = decode_max_bytes(limits);
	struct msgpack_reader *r = tr_alloc(sizeof(*r));

	if (r == NULL)
		return decode_failed(error, TR_ENOMEM, bytes, 0, false, NULL);
	builder_init(&r->builder, limits);
	r->p = (const unsigned char *)bytes.p;
	r->n = bytes.n < max ? bytes.n : max;
	r->max_new_atoms = limits != NULL ? limits->max_new_atoms : 0;
	r->known_atoms_only = limits != NULL && limits->known_atoms_only;
	tr_value v = tr_absent();
	if (read_value(r)) {
		v = r->builder.result;
		r->builder.result = tr_absent();
		if (used != NULL)
			*used = r->at;
	} else {
		tr_err err = r->builder.err;
		if (err == TR_ECLOSED && r->n < bytes.n)
			err = TR_ELIMIT;
		v = decode_failed(error, err, bytes, r->at, false, err == r->builder.err ? r->message : NULL);
	}
	tr_drop(r->builder.result);
	builder_fini(&r->builder);
	tr_free(r);
	return v;
}
