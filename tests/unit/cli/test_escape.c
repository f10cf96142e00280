/* SPDX-License-Identifier: Apache-2.0 */
/* Text that must not move a terminal's cursor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/escape.h"

#include <string.h>

static void expect(const char *text, size_t n, const char *shown)
{
	tr_buf out = {0};
	escape_put(&out, (tr_str){text, n});
	tr_buf_putc(&out, '\0');
	assert_string_equal(out.p, shown);
	tr_buf_fini(&out);
}

static void control_characters_become_visible(void **state)
{
	(void)state;
	expect("plain é ✓ 日本", strlen("plain é ✓ 日本"), "plain é ✓ 日本");
	expect("a\nb\tc\rd", 7, "a\\nb\\tc\\rd");
	expect("\x1b[31m\x07\x7f", 7, "\\x1b[31m\\x07\\x7f");
	expect("\0x", 2, "\\x00x");
	expect("\xc2\x9b", 2, "\\x9b");
	expect("\xe2\x80\xae", 3, "\\u{202e}");
	expect("\xe2\x80\xa8", 3, "\\u{2028}");
	expect("\xe2\x81\xa6x\xe2\x81\xa9", 7, "\\u{2066}x\\u{2069}");
	expect("\xef\xbf\xbf\xef\xbb\xbf", 6, "\\u{ffff}\\u{feff}");
	expect("\xff\xc3", 2, "\\xff\\xc3");
}

static void every_byte_alone_is_safe(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;
		tr_buf out = {0};
		escape_put(&out, (tr_str){&byte, 1});
		assert_true(out.n > 0);
		for (size_t i = 0; i < out.n; i++)
			assert_true(out.p[i] >= 0x20 && out.p[i] < 0x7f);
		tr_buf_fini(&out);
	}
}

static void a_cut_leaves_whole_characters(void **state)
{
	char small[6];
	(void)state;
	assert_string_equal(escape_into(small, sizeof small, tr_s("abcdé")), "abcd");
	assert_string_equal(escape_into(small, sizeof small, tr_s("abcdef")), "abcde");
	assert_string_equal(escape_into(small, sizeof small, tr_s("")), "");
	tr_buf out = {0};
	tr_value v = tr_string("ééé");
	escape_value(&out, v, 3);
	assert_true(tr_utf8_valid(tr_buf_str(&out), NULL));
	tr_drop(v);
	tr_buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(control_characters_become_visible),
	    cmocka_unit_test(every_byte_alone_is_safe),
	    cmocka_unit_test(a_cut_leaves_whole_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
