/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Ground floor of every Troupe header: visibility, error names, string views, growable buffers.
 *
 * Thread-safety: everything here is a pure function or works on memory that the caller owns.
 */
#ifndef TROUPE_BASE_H
#define TROUPE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define TR_EXTERN_C_BEGIN extern "C" {
#define TR_EXTERN_C_END   }
#else
#define TR_EXTERN_C_BEGIN
#define TR_EXTERN_C_END
#endif

#define TR_NORETURN           __attribute__((noreturn))
#define TR_API                __attribute__((visibility("default")))
#define TR_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define TR_MUST_USE           __attribute__((warn_unused_result))

#define TR_VERSION_MAJOR  0
#define TR_VERSION_MINOR  1
#define TR_VERSION_PATCH  0
#define TR_VERSION_STRING "0.1.0"

TR_EXTERN_C_BEGIN

/**
 * The one error vocabulary of the project: name, code, text. A function that can fail returns `enum tr_err`
 * (TR_OK is 0) or a `tr_value` that is invalid and carries one of these codes (see value.h).
 */
#define TR_ERRORS(X)                                   \
	X(OK, 0, "success")                            \
	X(ENOMEM, 1, "out of memory")                  \
	X(EINVAL, 2, "invalid argument")               \
	X(ENOPROC, 3, "no such actor")                 \
	X(ETIMEOUT, 4, "the deadline passed")          \
	X(ECANCELLED, 5, "cancelled")                  \
	X(EEXIST, 6, "already exists")                 \
	X(ENOENT, 7, "not found")                      \
	X(EFULL, 8, "a bound was reached")             \
	X(EBUSY, 9, "busy")                            \
	X(ECLOSED, 10, "closed")                       \
	X(EIO, 11, "input or output failed")           \
	X(ESYNTAX, 12, "syntax error")                 \
	X(ETYPE, 13, "wrong type")                     \
	X(ERANGE, 14, "out of range")                  \
	X(EDEPTH, 15, "nested too deep")               \
	X(ELIMIT, 16, "a limit was exceeded")          \
	X(EENCODING, 17, "not valid UTF-8")            \
	X(ECORRUPT, 18, "data is damaged")             \
	X(EDENIED, 19, "not granted")                  \
	X(EABI, 20, "built against another ABI")       \
	X(ENOTACTOR, 21, "called outside an actor")    \
	X(ESYSTEM, 22, "the operating system refused") \
	X(EUNSUPPORTED, 23, "not supported")           \
	X(EUNDEFINED, 24, "undefined name")            \
	X(EDOWN, 25, "the actor ended while it was called")

enum tr_err {
#define X(name, code, text) TR_##name = (code),
	TR_ERRORS(X)
#undef X
};
typedef enum tr_err tr_err;

/** "ETIMEOUT" for TR_ETIMEOUT; never NULL. */
TR_API const char *tr_err_name(tr_err err);
/** "the deadline passed" for TR_ETIMEOUT; never NULL. */
TR_API const char *tr_err_text(tr_err err);

/** A borrowed run of bytes, not NUL-terminated. Valid as long as whatever it was taken from. */
typedef struct tr_str {
	const char *p;
	size_t n;
} tr_str;

/** A view of a NUL-terminated string. NULL gives the empty view. */
TR_API tr_str tr_s(const char *z);
TR_API bool tr_str_eq(tr_str a, tr_str b);
TR_API bool tr_str_is(tr_str a, const char *z);
/** Is the run valid UTF-8 (no surrogates, no overlong forms)? `*bad_at`, if not NULL, gets the first bad offset. */
TR_API bool tr_utf8_valid(tr_str s, size_t *bad_at);

/** printf("%.*s", TR_STR(s)) */
#define TR_STR(s) (int)(s).n, (s).p

/**
 * A growable byte buffer. Zero-initialise, append, read `p` and `n`, then tr_buf_fini.
 * Appending never fails visibly in the middle: the first failure sticks in `err` and later appends do nothing,
 * so a sequence is checked once at its end. `max` > 0 bounds the size (TR_ELIMIT).
 * Content is always NUL-terminated behind `n` once anything was appended.
 */
typedef struct tr_buf {
	char *p;
	size_t n;
	size_t cap;
	size_t max;
	tr_err err;
} tr_buf;

TR_API void tr_buf_fini(tr_buf *b);
TR_API void tr_buf_clear(tr_buf *b);
TR_API void tr_buf_put(tr_buf *b, const void *p, size_t n);
TR_API void tr_buf_puts(tr_buf *b, const char *z);
TR_API void tr_buf_putc(tr_buf *b, char c);
TR_API void tr_buf_putf(tr_buf *b, const char *fmt, ...) TR_PRINTF(2, 3);
/** Make room for n more bytes and return where they go; the caller then adds to `n`. NULL after an error. */
TR_API char *tr_buf_reserve(tr_buf *b, size_t n);
TR_API tr_str tr_buf_str(const tr_buf *b);

/**
 * All memory of the library comes through these, so that a test can make the n-th allocation fail
 * (tr_test_fail_alloc in <troupe/testing.h>). tr_alloc returns zeroed memory; NULL when there is none.
 */
TR_API void *tr_alloc(size_t n);
TR_API void *tr_realloc(void *p, size_t n);
TR_API void tr_free(void *p);

TR_EXTERN_C_END

#endif
