/* SPDX-License-Identifier: Apache-2.0 */
/* Strings, binaries, small kinds, objects. */
#include "check.h"

static void strings_are_checked(void **state)
{
	tr_value v = tr_string("h\xC3\xA9");

	(void)state;
	assert_int_equal(tr_type_of(v), TR_STRING);
	assert_int_equal(tr_as_str(v).n, 3);
	assert_string_equal(tr_as_cstr(v, "no"), "h\xC3\xA9");
	assert_int_equal(tr_refcount(v), 1);
	tr_value again = tr_keep(v);
	assert_int_equal(tr_refcount(v), 2);
	tr_drop(again);
	assert_int_equal(tr_refcount(v), 1);
	tr_drop(v);
	assert_err(tr_string("\xff"), TR_EENCODING);
	assert_err(tr_string(NULL), TR_EINVAL);
	assert_err(tr_string_n(NULL, 3), TR_EINVAL);
	assert_err(tr_binary(NULL, 3), TR_EINVAL);
	v = tr_string_n(NULL, 0);
	assert_string_equal(tr_as_cstr(v, "no"), "");
	tr_drop(v);
	v = tr_string_n("a\0b", 3);
	assert_int_equal(tr_as_str(v).n, 3);
	tr_drop(v);
}

static void formatted_strings(void **state)
{
	tr_value v = tr_stringf("%d-%s", 7, "x");

	(void)state;
	assert_string_equal(tr_as_cstr(v, ""), "7-x");
	tr_drop(v);
	v = tr_stringf("%01000d", 1);
	assert_int_equal(tr_as_str(v).n, 1000);
	tr_drop(v);
	assert_err(tr_stringf("%s", "\xff"), TR_EENCODING);
	assert_err(tr_stringf("%0500d%s", 1, "\xff"), TR_EENCODING);
}

static void strings_from_buffers(void **state)
{
	tr_buf b = {0};

	(void)state;
	tr_buf_puts(&b, "text");
	tr_value v = tr_string_buf(&b);
	assert_string_equal(tr_as_cstr(v, ""), "text");
	assert_null(b.p);
	tr_drop(v);
	tr_buf limited = {.max = 2};
	tr_buf_puts(&limited, "text");
	assert_err(tr_string_buf(&limited), TR_ELIMIT);
}

static void lossy_text_replaces_what_is_bad(void **state)
{
#define R "\xEF\xBF\xBD"
	static const char *const cases[][2] = {
	    {"good", "good"},
	    {"a\xff"
	     "b",
	     "a" R "b"},
	    {"\xC0\x80", R R},
	    {"\xE2\x82", R}, /* one for the part of a sequence */
	    {"\xE2\x82x\xF0\x9F\x98", R "x" R},
	    {"\xED\xA0\x80", R R R},
	    {"\xF0\x9F\x98\x80\xff", "\xF0\x9F\x98\x80" R},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tr_value v = tr_string_lossy(cases[i][0], strlen(cases[i][0]));
		assert_string_equal(tr_as_cstr(v, ""), cases[i][1]);
		tr_drop(v);
	}
}

static void binaries_hold_any_bytes(void **state)
{
	tr_value v = tr_binary("\xff\0\xfe", 3);
	tr_value s = tr_string("ab"), b = tr_binary("ab", 2);

	(void)state;
	assert_int_equal(tr_as_str(v).n, 3);
	assert_memory_equal(tr_as_str(v).p, "\xff\0\xfe", 4);
	assert_false(tr_equal(s, b));
	assert_true(tr_hash(s) != tr_hash(b));
	tr_drop(v);
	tr_drop(s);
	tr_drop(b);
}

static void small_kinds_read_back_or_default(void **state)
{
	(void)state;
	assert_true(tr_as_bool(tr_bool(true), false));
	assert_true(tr_as_bool(tr_nil(), true));
	assert_int_equal(tr_as_int(tr_int(INT64_MIN), 0), INT64_MIN);
	assert_int_equal(tr_as_int(tr_float(1), 5), 5);
	assert_true(tr_as_float(tr_int(2), 0) == 2.0);
	assert_true(tr_as_float(tr_nil(), 1.5) == 1.5);
	assert_int_equal(tr_as_pid(tr_pid_value((tr_pid){77})).bits, 77);
	assert_int_equal(tr_as_pid(tr_ref_value((tr_ref){77})).bits, 0);
	assert_int_equal(tr_as_ref(tr_ref_value((tr_ref){78})).bits, 78);
	assert_int_equal(tr_as_str(tr_int(3)).n, 0);
	assert_string_equal(tr_as_cstr(tr_int(3), "other"), "other");
	assert_string_equal(tr_type_name(TR_MAP), "map");
	assert_string_equal(tr_type_name(TR_OBJECT), "object");
	assert_string_equal(tr_type_name(TR_INVALID), "invalid");
	assert_string_equal(tr_type_name((tr_type)99), "unknown");
}

static void slots(void **state)
{
	tr_value s = tr_string("x"), slot = tr_keep(s);

	(void)state;
	tr_assign(&slot, tr_keep(s));
	assert_int_equal(tr_refcount(s), 2);
	tr_clear(&slot);
	assert_false(tr_is_valid(slot));
	assert_int_equal(tr_refcount(s), 1);
	tr_drop(s);
}

static int destroyed;

static void destroy(void *data)
{
	assert_ptr_equal(data, &destroyed);
	destroyed++;
}

static const tr_class counted = {"counted", destroy};
static const tr_class other = {"other", NULL};

static void objects_are_destroyed_once(void **state)
{
	tr_value v = tr_object(&counted, &destroyed);

	(void)state;
	destroyed = 0;
	assert_ptr_equal(tr_as_object(v, &counted), &destroyed);
	assert_null(tr_as_object(v, &other));
	assert_null(tr_as_object(tr_nil(), &counted));
	assert_ptr_equal(tr_object_class(v), &counted);
	assert_null(tr_object_class(tr_nil()));
	tr_value list = TR_LIST(tr_keep(v), TR_DICT("o", tr_keep(v)));
	tr_drop(v);
	assert_int_equal(destroyed, 0);
	tr_drop(list);
	assert_int_equal(destroyed, 1);
	tr_test_fail_alloc(0);
	v = tr_object(&counted, &destroyed);
	tr_test_fail_alloc(-1);
	assert_err(v, TR_ENOMEM);
	assert_int_equal(destroyed, 2);
}

static int64_t sum;

static void count_what_is_in_it(void *data)
{
	const int64_t *numbers = data;

	sum += numbers[0] + numbers[1];
}

static const tr_class holder = {"holder", count_what_is_in_it};

static void objects_hold_their_own_data(void **state)
{
	int64_t *numbers;
	void *data;
	tr_value v = tr_object_with(&holder, 2 * sizeof(int64_t), &data);

	(void)state;
	numbers = data;
	assert_ptr_equal(tr_as_object(v, &holder), data);
	assert_int_equal((uintptr_t)data % _Alignof(max_align_t), 0);
	assert_int_equal(numbers[0] + numbers[1], 0);
	numbers[0] = 40;
	numbers[1] = 2;
	sum = 0;
	tr_value list = TR_LIST(tr_keep(v));
	tr_drop(v);
	assert_int_equal(sum, 0);
	tr_drop(list);
	assert_int_equal(sum, 42);
	tr_test_fail_alloc(0);
	v = tr_object_with(&holder, 8, &data);
	tr_test_fail_alloc(-1);
	assert_err(v, TR_ENOMEM);
	assert_null(data);
	assert_err(tr_object_with(NULL, 8, &data), TR_EINVAL);
	assert_int_equal(sum, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(strings_are_checked),
	    cmocka_unit_test(formatted_strings),
	    cmocka_unit_test(strings_from_buffers),
	    cmocka_unit_test(lossy_text_replaces_what_is_bad),
	    cmocka_unit_test(binaries_hold_any_bytes),
	    cmocka_unit_test(small_kinds_read_back_or_default),
	    cmocka_unit_test(slots),
	    cmocka_unit_test(objects_are_destroyed_once),
	    cmocka_unit_test(objects_hold_their_own_data),
	};

	return RUN_LEAK_CHECKED(tests);
}
