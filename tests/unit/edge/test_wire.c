/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the endpoint: whole, in pieces, damaged, too large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/edge/edge.h"
#include "actors/edge/wire.h"

#include <string.h>

static tr_value sample(void)
{
	return TR_LIST(tr_int(1), tr_string("executions"),
		       TR_LIST(tr_string("start"), TR_DICT("hash", tr_string("abc"), "payload", tr_map())),
		       tr_int(1000));
}

static void frames_come_back_one_by_one(void **state)
{
	tr_buf out = {0};
	tr_value v = sample(), got;
	size_t used = 0;
	(void)state;
	assert_int_equal(wire_put(&out, v), TR_OK);
	size_t first = out.n;
	assert_int_equal(wire_put(&out, v), TR_OK);
	assert_int_equal(wire_get(tr_buf_str(&out), &got, &used), WIRE_OK);
	assert_int_equal(used, first);
	assert_true(tr_equal(got, v));
	tr_drop(got);
	for (size_t n = 0; n < first; n++)
		assert_int_equal(wire_get((tr_str){out.p, n}, &got, &used), WIRE_MORE);
	tr_drop(v);
	tr_buf_fini(&out);
}

static void what_is_no_frame_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
	    {"\0\0\0\0", 4}, {"\xff\xff\xff\xff", 4}, {"\1\0\0\1x", 5}, {"\0\0\0\1\xc1", 5}, {"\0\0\0\2\1\1", 6}};
	tr_value got;
	size_t used;
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(wire_get((tr_str){bad[i].bytes, bad[i].n}, &got, &used), WIRE_BAD);
}

static void every_flipped_byte_is_survived(void **state)
{
	tr_buf out = {0};
	tr_value v = sample(), got;
	size_t used;
	(void)state;
	assert_int_equal(wire_put(&out, v), TR_OK);
	for (size_t at = 0; at < out.n; at++) {
		for (int bit = 1; bit < 256; bit <<= 1) {
			out.p[at] = (char)(out.p[at] ^ bit);
			if (wire_get(tr_buf_str(&out), &got, &used) == WIRE_OK) {
				assert_true(used <= out.n);
				tr_drop(got);
			}
			out.p[at] = (char)(out.p[at] ^ bit);
		}
	}
	tr_drop(v);
	tr_buf_fini(&out);
}

static void deep_and_large_values_are_bounded(void **state)
{
	tr_buf out = {0};
	tr_value deep = tr_array(), got;
	size_t used;
	(void)state;
	for (int i = 0; i < 110; i++)
		deep = TR_LIST(deep);
	assert_int_equal(wire_put(&out, deep), TR_OK);
	assert_int_equal(wire_get(tr_buf_str(&out), &got, &used), WIRE_BAD);
	tr_drop(deep);
	tr_buf_clear(&out);
	char *large = tr_alloc(WIRE_MAX + 1);
	assert_non_null(large);
	tr_value v = tr_binary(large, WIRE_MAX + 1);
	assert_int_equal(wire_put(&out, v), TR_ELIMIT);
	assert_int_equal(out.n, 0);
	tr_drop(v);
	tr_free(large);
	tr_buf_fini(&out);
}

static void a_client_adds_no_atoms(void **state)
{
	static const char bytes[] = "\0\0\0\x0f\xc7\x0c\x01"
				    "from_outside";
	tr_value got;
	size_t used;
	(void)state;
	assert_int_equal(wire_get((tr_str){bytes, sizeof bytes - 1}, &got, &used), WIRE_OK);
	assert_true(tr_is(got, TR_STRING));
	assert_true(tr_str_is(tr_as_str(got), "from_outside"));
	assert_false(tr_is_valid(tr_atom_known("from_outside", 12)));
	tr_drop(got);
}

static bool allowed(const char *subject, const char *word)
{
	tr_value request = TR_LIST(tr_string(word));
	bool ok = edge_request_allowed(tr_s(subject), request);
	tr_drop(request);
	return ok;
}

static void a_client_cannot_end_all_executions(void **state)
{
	(void)state;
	assert_false(allowed("executions", "shutdown"));
	assert_false(allowed("executions", "child"));
	assert_true(allowed("executions", "start"));
	assert_true(allowed("executions", "unpause"));
	assert_true(allowed("store", "list"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frames_come_back_one_by_one),    cmocka_unit_test(what_is_no_frame_is_refused),
	    cmocka_unit_test(every_flipped_byte_is_survived), cmocka_unit_test(deep_and_large_values_are_bounded),
	    cmocka_unit_test(a_client_adds_no_atoms),         cmocka_unit_test(a_client_cannot_end_all_executions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
