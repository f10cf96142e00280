/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: checksum, round trip, and that no damaged byte goes unnoticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/event/frame.h"

#include <string.h>

static void crc_known_answers(void **state)
{
	(void)state;
	/* The check value of CRC-32/ISCSI. */
	assert_int_equal(crc32c(0, "123456789", 9), 0xE3069283);
	unsigned char zeros[32] = {0};
	assert_int_equal(crc32c(0, zeros, 32), 0x8A9136AA);
	assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xE3069283);
}

static tr_buf sample(void)
{
	tr_buf out = {0};
	event e;
	event_init(&e, EVENT_STEP_DONE);
	e.event_id = 77;
	e.seq = 3;
	e.time_us = 1700000000000000;
	e.execution_id = 123456789012;
	e.step_run_id = 2;
	e.payload = TR_DICT("result", tr_string("fine"));
	assert_int_equal(store_frame(&out, &e), TR_OK);
	event_fini(&e);
	return out;
}

static void an_event_survives(void **state)
{
	(void)state;
	tr_buf bytes = sample();
	frame f;
	size_t used = 0;
	assert_int_equal(frame_get(tr_buf_str(&bytes), &f, &used), FRAME_OK);
	assert_int_equal(used, bytes.n);
	assert_int_equal(f.kind, FRAME_EVENT);
	assert_int_equal(f.type, EVENT_STEP_DONE);
	assert_int_equal(f.execution_id, 123456789012);
	assert_int_equal(f.seq, 3);
	event e;
	assert_int_equal(event_decode(f.payload, &e), TR_OK);
	assert_int_equal(e.event_id, 77);
	assert_string_equal(tr_as_cstr(tr_map_get_s(e.payload, "result"), ""), "fine");
	event_fini(&e);
	tr_buf_fini(&bytes);
}

static void each_truncation_is_torn(void **state)
{
	(void)state;
	tr_buf bytes = sample();
	for (size_t n = 0; n < bytes.n; n++) {
		frame f;
		size_t used = 0;
		tr_str cut = {bytes.p, n};
		assert_int_equal(frame_get(cut, &f, &used), FRAME_TORN);
	}
	tr_buf_fini(&bytes);
}

static void each_flipped_bit_is_seen(void **state)
{
	(void)state;
	tr_buf bytes = sample();
	for (size_t bit = 0; bit < bytes.n * 8; bit++) {
		frame f;
		size_t used = 0;
		bytes.p[bit / 8] = (char)(bytes.p[bit / 8] ^ (1 << bit % 8));
		assert_int_not_equal(frame_get(tr_buf_str(&bytes), &f, &used), FRAME_OK);
		bytes.p[bit / 8] = (char)(bytes.p[bit / 8] ^ (1 << bit % 8));
	}
	tr_buf_fini(&bytes);
}

static void too_large_is_refused(void **state)
{
	(void)state;
	tr_buf out = {0};
	tr_str huge = {"", FRAME_MAX + 1u};
	frame_put(&out, FRAME_EVENT, EVENT_NONE, 1, 1, huge);
	assert_int_equal(out.err, TR_ELIMIT);
	tr_buf_fini(&out);
}

/* A length that no frame has is damage, not a frame whose rest is still to come. */
static void a_length_beyond_the_limit_is_damage(void **state)
{
	(void)state;
	for (int over = 0; over < 2; over++) {
		tr_buf bytes = sample();
		uint32_t n = FRAME_MAX + (uint32_t)over;
		frame f;
		size_t used = 0;
		for (int i = 0; i < 4; i++)
			bytes.p[i] = (char)(n >> 8 * i);
		assert_int_equal(frame_get(tr_buf_str(&bytes), &f, &used), over ? FRAME_DAMAGED : FRAME_TORN);
		tr_buf_fini(&bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(crc_known_answers),       cmocka_unit_test(an_event_survives),
	    cmocka_unit_test(each_truncation_is_torn), cmocka_unit_test(each_flipped_bit_is_seen),
	    cmocka_unit_test(too_large_is_refused),    cmocka_unit_test(a_length_beyond_the_limit_is_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
