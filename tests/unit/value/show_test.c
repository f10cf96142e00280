/* SPDX-License-Identifier: Apache-2.0 */
/* What values look like in a log. */
#include "check.h"

static const tr_class thing = {"thing", NULL};

static void every_kind(void **state)
{
	tr_value v = TR_LIST(TR_A(down), tr_ref_value((tr_ref){4}), tr_string("te\"x\nt"), TR_DICT("a", tr_int(1)),
			     tr_float(1), tr_bool(true), tr_nil(), tr_pid_value((tr_pid){7}), tr_binary("\x01\xff", 2),
			     tr_map(), tr_array(), tr_object(&thing, NULL), TR_DICT("two words", tr_int(-5)));

	(void)state;
	assert_shown(v, "{DOWN, #Ref<4>, \"te\\\"x\\nt\", {a: 1}, 1.0, true, nil, <0.7.0>, <<01ff>>, {:}, {}, "
			"#Object<thing>, {\"two words\": -5}}");
	tr_drop(v);
	assert_shown(tr_absent(), "#Invalid<absent>");
	assert_shown(tr_invalid(TR_EIO), "#Invalid<EIO>");
}

static void long_values_are_cut(void **state)
{
	tr_value v = tr_array();

	(void)state;
	for (int i = 0; i < 100; i++)
		v = tr_array_push(v, tr_string("\xE2\x82\xAC\xE2\x82\xAC"));
	for (size_t max = 0; max < 60; max++) {
		tr_buf out = {0};
		tr_buf_puts(&out, "before ");
		tr_show(&out, v, max);
		assert_memory_equal(out.p, "before ", 7);
		assert_true(tr_utf8_valid(tr_buf_str(&out), NULL));
		assert_string_equal(out.p + out.n - 3, "\xE2\x80\xA6");
		assert_true(out.n - 7 <= (max < 3 ? 3 : max));
		tr_buf_fini(&out);
	}
	tr_drop(v);
	tr_buf out = {0};
	tr_show(&out, tr_int(12345), 5);
	assert_string_equal(out.p, "12345");
	tr_buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_kind),
	    cmocka_unit_test(long_values_are_cut),
	};

	return RUN_LEAK_CHECKED(tests);
}
