/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Values to and from bytes: JSON (RFC 8259) and MessagePack.
 *
 * Readers treat their input as hostile: nesting, size and count are bounded, no length field is believed before the
 * bytes are there, and every refusal says where. Writers borrow the value and append to a tr_buf.
 *
 * Kinds without a JSON form: atoms, pids and refs are written as text, binaries as base64 text, NaN and infinities
 * as null, map keys as text; objects are refused (TR_ETYPE). MessagePack keeps every kind exactly but objects
 * (atom, pid, ref as extension types 1, 2, 3).
 * Thread-safety: pure functions.
 */
#ifndef TROUPE_CODEC_H
#define TROUPE_CODEC_H

#include <troupe/value.h>

TR_EXTERN_C_BEGIN

typedef struct tr_decode_limits {
	size_t max_depth; /* 0: 128 */
	size_t max_bytes; /* of input; 0: 256 MiB */
	size_t max_items; /* values in all; 0: 16 Mi */
	/* msgpack: the atom table keeps a name for ever, so whoever sends names must not be able to fill it. */
	size_t max_new_atoms;  /* names that are no atoms yet, per call; one more is TR_ELIMIT; 0: no limit */
	bool known_atoms_only; /* a name that is no atom yet becomes text */
} tr_decode_limits;

typedef struct tr_decode_error {
	tr_err err;
	size_t offset; /* of the byte where it went wrong */
	size_t line;   /* JSON: from 1; msgpack: 0 */
	size_t column; /* JSON: in bytes, from 1; msgpack: 0 */
	char message[160];
} tr_decode_error;

/** One JSON document; trailing bytes other than white space are an error. Integers beyond int64 become floats only
 *  when they have a fraction or exponent; else TR_ERANGE. Of duplicate keys the last wins. limits and error may be
 *  NULL. Invalid on failure. */
TR_API tr_value tr_json_read(tr_str text, const tr_decode_limits *limits, tr_decode_error *error);

typedef enum tr_json_flags {
	TR_JSON_COMPACT = 0,
	TR_JSON_PRETTY = 1, /* two spaces a level */
	TR_JSON_SORT_KEYS = 2,
	TR_JSON_ASCII = 4 /* \uXXXX for all beyond ASCII */
} tr_json_flags;

TR_API tr_err tr_json_write(tr_buf *out, tr_value v, unsigned flags);
/** The JSON text as a string value. Invalid on failure. */
TR_API tr_value tr_json_string(tr_value v, unsigned flags);

/** One value from the front of `bytes`; *used (may be NULL) gets its length. TR_ECLOSED: more bytes are needed. */
TR_API tr_value tr_msgpack_read(tr_str bytes, size_t *used, const tr_decode_limits *limits, tr_decode_error *error);
TR_API tr_err tr_msgpack_write(tr_buf *out, tr_value v);

TR_API void tr_base64_write(tr_buf *out, tr_str bytes);
TR_API tr_err tr_base64_read(tr_buf *out, tr_str text);

TR_EXTERN_C_END

#endif
