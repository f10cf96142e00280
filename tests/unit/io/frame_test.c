/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting bytes into frames, fed in pieces of every size. */
#include "io_check.h"

#include "runtime/io/frame.h"

/* Feed `bytes` in pieces of `step`; frames come out separated by "|", "!" is too long, "$" what is left. */
static void cut(tr_framing framing, size_t max, const char *bytes, size_t n, size_t step, tr_buf *out)
{
	struct frames f;

	frames_init(&f, framing, max);
	for (size_t at = 0; at < n; at += step) {
		tr_str frame;
		enum frame_found found;
		assert_int_equal(frames_feed(&f, bytes + at, n - at < step ? n - at : step), TR_OK);
		while ((found = frames_next(&f, at + step >= n, &frame)) == FRAME_READY) {
			tr_buf_put(out, frame.p, frame.n);
			tr_buf_putc(out, '|');
		}
		if (found == FRAME_TOO_LONG) {
			tr_buf_putc(out, '!');
			break;
		}
	}
	if (frames_left(&f) > 0)
		tr_buf_putf(out, "$%zu", frames_left(&f));
	frames_fini(&f);
}

static void every_framing_in_every_piece(void **state)
{
	static const struct {
		tr_framing framing;
		size_t max;
		const char *bytes;
		size_t n;
		const char *expected;
	} cases[] = {
	    {TR_FRAME_1, 0,
	     "\x03"
	     "abc\x00\x01z",
	     7, "abc||z|"},
	    {TR_FRAME_2, 0,
	     "\x00\x03"
	     "abc\x00\x00\x00\x01z",
	     10, "abc||z|"},
	    {TR_FRAME_4, 0,
	     "\x00\x00\x00\x02"
	     "ab\x00\x00\x00\x01z",
	     11, "ab|z|"},
	    {TR_FRAME_4, 0,
	     "\x00\x00\x00\x05"
	     "ab",
	     6, "$6"},
	    {TR_FRAME_1, 2,
	     "\x02"
	     "ab\x03"
	     "abc",
	     7, NULL},
	    {TR_FRAME_LINE, 0, "one\n\ntwo\r\nrest", 14, "one||two\r|rest|"},
	    {TR_FRAME_LINE, 0, "one\n", 4, "one|"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t step = 1; step <= cases[i].n; step++) {
			tr_buf out = {0};
			cut(cases[i].framing, cases[i].max, cases[i].bytes, cases[i].n, step, &out);
			if (cases[i].expected != NULL)
				assert_string_equal(tr_buf_str(&out).p, cases[i].expected);
			else
				assert_memory_equal(out.p, "ab|!", 4);
			tr_buf_fini(&out);
		}
	}
}

static void long_lines_are_refused_before_they_end(void **state)
{
	struct frames f;
	tr_str frame;

	(void)state;
	frames_init(&f, TR_FRAME_LINE, 4);
	frames_feed(&f, "abcd", 4);
	assert_int_equal(frames_next(&f, false, &frame), FRAME_NONE);
	frames_feed(&f, "e", 1);
	assert_int_equal(frames_next(&f, false, &frame), FRAME_TOO_LONG);
	frames_fini(&f);
	/* A length that nobody believes. */
	frames_init(&f, TR_FRAME_4, 0);
	frames_feed(&f, "\xff\xff\xff\xff", 4);
	assert_int_equal(frames_next(&f, false, &frame), FRAME_TOO_LONG);
	frames_fini(&f);
}

static void raw_comes_in_bounded_chunks(void **state)
{
	struct frames f;
	tr_str frame;

	(void)state;
	frames_init(&f, TR_FRAME_RAW, 3);
	frames_feed(&f, "abcdefgh", 8);
	assert_int_equal(frames_next(&f, false, &frame), FRAME_READY);
	assert_int_equal(frame.n, 3);
	assert_int_equal(frames_next(&f, false, &frame), FRAME_READY);
	assert_int_equal(frames_next(&f, false, &frame), FRAME_READY);
	assert_true(tr_str_is(frame, "gh"));
	assert_int_equal(frames_next(&f, false, &frame), FRAME_NONE);
	frames_fini(&f);
}

static void a_million_small_frames_are_linear(void **state)
{
	struct frames f;
	tr_str frame;
	size_t n = 0;
	tr_buf bytes = {0};

	(void)state;
	for (int i = 0; i < 1000000; i++)
		tr_buf_put(&bytes, "\x02hi", 3);
	frames_init(&f, TR_FRAME_1, 0);
	frames_feed(&f, bytes.p, bytes.n);
	for (; frames_next(&f, false, &frame) == FRAME_READY; n++)
		assert_int_equal(frame.n, 2);
	assert_int_equal(n, 1000000);
	frames_fini(&f);
	tr_buf_fini(&bytes);
}

static void headers_have_limits(void **state)
{
	char h[FRAME_HEADER_MAX];
	size_t n;

	(void)state;
	assert_true(frame_header(TR_FRAME_1, 255, h, &n));
	assert_int_equal(n, 1);
	assert_false(frame_header(TR_FRAME_1, 256, h, &n));
	assert_true(frame_header(TR_FRAME_2, 65535, h, &n));
	assert_false(frame_header(TR_FRAME_2, 65536, h, &n));
	assert_true(frame_header(TR_FRAME_4, 0x01020304, h, &n));
	assert_int_equal(n, 4);
	assert_memory_equal(h, "\x01\x02\x03\x04", 4);
	assert_true(frame_header(TR_FRAME_RAW, SIZE_MAX, h, &n));
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_framing_in_every_piece), cmocka_unit_test(long_lines_are_refused_before_they_end),
	    cmocka_unit_test(raw_comes_in_bounded_chunks),  cmocka_unit_test(a_million_small_frames_are_linear),
	    cmocka_unit_test(headers_have_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
