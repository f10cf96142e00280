/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, string views, UTF-8, buffers. */
#include "check.h"

static void errors_have_names_and_texts(void **state)
{
	(void)state;
	assert_string_equal(tr_err_name(TR_OK), "OK");
	assert_string_equal(tr_err_name(TR_ETIMEOUT), "ETIMEOUT");
	assert_string_equal(tr_err_text(TR_ETIMEOUT), "the deadline passed");
	assert_string_equal(tr_err_name((tr_err)9999), "EUNKNOWN");
	assert_non_null(tr_err_text((tr_err)9999));
}

static void views(void **state)
{
	(void)state;
	assert_int_equal(tr_s(NULL).n, 0);
	assert_true(tr_str_eq(tr_s(NULL), tr_s("")));
	assert_true(tr_str_is(tr_s("abc"), "abc"));
	assert_false(tr_str_is(tr_s("abc"), "abd"));
	assert_false(tr_str_is(tr_s("abc"), "ab"));
}

static void utf8_is_checked(void **state)
{
	static const struct {
		const char *text;
		long bad;
	} cases[] = {
	    {"", -1},
	    {"plain text longer than a word", -1},
	    {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", -1},
	    {"\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF", -1},
	    {"12345678\x80", 8},
	    {"1234567\xC3", 7},
	    {"\xC0\x80", 0}, /* overlong */
	    {"\xC1\xBF", 0},
	    {"a\xE0\x9F\xBF", 1},
	    {"a\xF0\x8F\xBF\xBF", 1},
	    {"ab\xED\xA0\x80", 2},   /* surrogate */
	    {"\xF4\x90\x80\x80", 0}, /* beyond U+10FFFF */
	    {"\xF5\x80\x80\x80", 0},
	    {"\xE2\x82", 0},
	    {"\xE2\x82g", 0},
	    {"\xFE", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t bad = 9999;
		assert_int_equal(tr_utf8_valid(tr_s(cases[i].text), &bad), cases[i].bad < 0);
		if (cases[i].bad >= 0)
			assert_int_equal(bad, cases[i].bad);
	}
}

static void buffers_grow(void **state)
{
	tr_buf b = {0};

	(void)state;
	assert_string_equal(tr_buf_str(&b).p, "");
	for (int i = 0; i < 1000; i++)
		tr_buf_putf(&b, "%d,", i);
	tr_buf_puts(&b, "end");
	tr_buf_putc(&b, '.');
	assert_int_equal(b.err, TR_OK);
	assert_int_equal(b.n, 10 * 2 + 90 * 3 + 900 * 4 + 4);
	assert_int_equal(strlen(b.p), b.n);
	assert_memory_equal(b.p + b.n - 8, "999,end.", 9);
	tr_buf_clear(&b);
	assert_int_equal(b.n, 0);
	assert_string_equal(b.p, "");
	tr_buf_putf(&b, "%0500d", 7);
	assert_int_equal(b.n, 500);
	assert_int_equal(strlen(b.p), 500);
	tr_buf_fini(&b);
	assert_null(b.p);
}

static void a_limit_sticks(void **state)
{
	tr_buf b = {.max = 10};

	(void)state;
	tr_buf_puts(&b, "0123456789");
	assert_int_equal(b.err, TR_OK);
	tr_buf_putc(&b, 'x');
	assert_int_equal(b.err, TR_ELIMIT);
	tr_buf_puts(&b, "");
	tr_buf_putf(&b, "y");
	assert_null(tr_buf_reserve(&b, 1));
	assert_string_equal(b.p, "0123456789");
	tr_buf_clear(&b);
	tr_buf_puts(&b, "again");
	assert_int_equal(b.err, TR_OK);
	tr_buf_fini(&b);
	assert_int_equal(b.max, 10);
}

static void reserve_lets_the_caller_write(void **state)
{
	tr_buf b = {0};
	char *p = tr_buf_reserve(&b, 3);

	(void)state;
	memcpy(p, "abc", 3);
	b.n += 3;
	assert_string_equal(b.p, "abc");
	assert_null(tr_buf_reserve(&b, SIZE_MAX));
	assert_int_equal(b.err, TR_ENOMEM);
	tr_buf_fini(&b);
}

static void a_buffer_without_memory_keeps_what_it_has(void **state)
{
	tr_buf b = {0};

	(void)state;
	tr_buf_puts(&b, "first");
	tr_test_fail_alloc(0);
	tr_buf_putf(&b, "%0200d", 1);
	assert_true(tr_test_alloc_failed());
	tr_test_fail_alloc(-1);
	assert_int_equal(b.err, TR_ENOMEM);
	assert_string_equal(b.p, "first");
	tr_buf_fini(&b);
}

static void allocation_is_zeroed_and_counted(void **state)
{
	int64_t before = tr_test_live_blocks();
	char *p = tr_alloc(100);

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
	assert_int_equal(tr_test_live_blocks(), before + 1);
	p = tr_realloc(p, 1000);
	assert_int_equal(tr_test_live_blocks(), before + 1);
	tr_free(p);
	tr_free(NULL);
	assert_int_equal(tr_test_live_blocks(), before);
	assert_null(tr_alloc(SIZE_MAX));
	tr_test_fail_alloc(1);
	p = tr_alloc(1);
	assert_non_null(p);
	assert_null(tr_alloc(1));
	void *q = tr_alloc(1);
	assert_non_null(q);
	tr_free(p);
	tr_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(errors_have_names_and_texts),
	    cmocka_unit_test(views),
	    cmocka_unit_test(utf8_is_checked),
	    cmocka_unit_test(buffers_grow),
	    cmocka_unit_test(a_limit_sticks),
	    cmocka_unit_test(reserve_lets_the_caller_write),
	    cmocka_unit_test(a_buffer_without_memory_keeps_what_it_has),
	    cmocka_unit_test(allocation_is_zeroed_and_counted),
	};

	return RUN_LEAK_CHECKED(tests);
}
